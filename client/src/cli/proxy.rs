//! `mcp-sigv4 proxy`: the tools for MCP clients that cannot sign.

pub(super) mod named;
mod streams;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use mcp_sigv4::proxy::{self, Filter, Settings, Start, WildMatch};
use serde_json::Value;
use tokio::net::TcpListener;

use super::connection::{Connection, seconds};
use super::logging::Logging;
use super::{Answer, print};

pub(super) use named::NamedTarget;

#[derive(Args)]
pub(super) struct Proxy {
    /// Where the tools are hosted; of several, NAME stands before those of each (NAME__TOOL), and
    /// PROFILE is its AWS profile
    #[arg(value_name = "[NAME[@PROFILE]=]TARGET")]
    pub(super) targets: Vec<NamedTarget>,

    /// Serve MCP by HTTP at http://ADDRESS:PORT/mcp, for this machine alone, instead of over stdio;
    /// port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<SocketAddr>,

    /// Answer `initialize` at once, and touch neither servers nor credentials before they are needed
    #[arg(long)]
    lazy: bool,

    /// Let through only tools that are announced as read-only
    #[arg(long)]
    read_only: bool,

    /// Let through only tools whose name is like this, or one of these: * stands for any characters,
    /// ? for one
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    allow: Vec<String>,

    /// Keep back tools whose name is like this, allowed or not
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    deny: Vec<String>,

    /// Add this to the _meta of every request
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, Value)>,

    /// Seconds that a call of a tool may take, retries included; --timeout is for all else
    #[arg(long, default_value_t = 900.0, value_name = "SECONDS", value_parser = seconds)]
    tool_timeout: f64,

    #[command(flatten)]
    pub(super) logging: Logging,
}

fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), Value::from(value)))
}

impl Proxy {
    pub(super) async fn run(self, connection: Connection) -> anyhow::Result<Answer> {
        connection.leaves_protocol_open()?;
        anyhow::ensure!(
            !self.lazy || !connection.names_targets(),
            "--lazy asks nobody at the start, and --stack and --agent do: give the target itself, which `mcp-sigv4 config` looks up"
        );
        // First, before anything is looked up that may start a program.
        let own = match self.listen {
            None => Some(streams::own().context("take over standard input and output")?),
            Some(_) => None,
        };
        let servers = named::servers(&self.targets, &connection).await?;
        let proxy = self.before(servers)?;
        match self.listen {
            None => {
                let (input, output) = own.context("standard input and output")?;
                proxy.stdio(input, output).await.context("write to standard output")?;
            }
            Some(address) => {
                anyhow::ensure!(
                    address.ip().is_loopback(),
                    "{address} is open to other machines, and whoever connects is you to AWS: listen on 127.0.0.1"
                );
                let listener =
                    TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
                print(&format!("http://{}/mcp\n", listener.local_addr()?))?;
                proxy
                    .listen(listener, streams::interrupted())
                    .await
                    .with_context(|| format!("serve {address}"))?;
            }
        }
        Ok(Answer::Yes)
    }

    /// A proxy before these servers, that has not spoken to them yet.
    pub(super) fn before(&self, servers: Vec<proxy::Server>) -> anyhow::Result<proxy::Proxy> {
        Ok(proxy::Proxy::new(servers, self.settings())?)
    }

    fn settings(&self) -> Settings {
        let patterns = |texts: &[String]| texts.iter().map(|text| WildMatch::new(text)).collect();
        Settings {
            tool_timeout: Duration::from_secs_f64(self.tool_timeout),
            metadata: self.metadata.iter().cloned().collect(),
            filter: Filter {
                read_only: self.read_only,
                allow: patterns(&self.allow),
                deny: patterns(&self.deny),
            },
            start: if self.lazy { Start::Lazy } else { Start::Eager },
            connections: streams::connections(),
        }
    }
}
