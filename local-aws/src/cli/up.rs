//! `local-aws up`: both doors, open until Ctrl-C.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use local_aws::{Config, Identities, Identity, InvokeMode, REGION, Stack, caller_policies};

use super::servers;

#[derive(Args)]
pub(super) struct Up {
    /// Port of the AgentCore data plane, 0 for any
    #[arg(long, default_value_t = 9000, value_name = "PORT")]
    agentcore_port: u16,

    /// Port of the function URL, 0 for any
    #[arg(long, default_value_t = 9001, value_name = "PORT")]
    lambda_port: u16,

    /// Server to run in AgentCore sessions instead of this project's; it is told where to listen by MCP_LISTEN
    #[arg(long, value_name = "PROGRAM")]
    agentcore_server: Option<PathBuf>,

    /// Server to run in Lambda environments instead of this project's
    #[arg(long, value_name = "PROGRAM")]
    lambda_server: Option<PathBuf>,

    /// Environment variable for the servers, which see nothing of this shell's
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    environment: Vec<(String, String)>,

    /// How the function URL passes answers on
    #[arg(long, value_enum, default_value_t)]
    invoke_mode: Mode,

    /// Seconds that one Lambda invocation may take
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=900))]
    function_timeout: u64,

    /// Seconds after which an idle session or environment is ended
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    idle_timeout: u64,

    /// Seconds by which AWS's clock is to be ahead of this machine's
    #[arg(long, default_value_t = 0, value_name = "SECONDS", allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-86_400..=86_400))]
    clock_offset: i64,

    /// Pass on what the servers log, on standard error
    #[arg(long)]
    logs: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Mode {
    /// In one piece
    #[default]
    Buffered,
    /// Piece by piece
    ResponseStream,
}

impl Up {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let policies = caller_policies(&servers::policies())?;
        let caller = Identity::user("mcp-test-user", policies);
        let stack = Stack::start(self.config(&caller)?).await?;
        let mut out = std::io::stdout().lock();
        write!(out, "{}", directions(&stack, &caller))
            .and_then(|()| out.flush())
            .context("write to standard output")?;
        drop(out);
        ended().await.context("wait for Ctrl-C")
    }

    fn config(&self, caller: &Identity) -> anyhow::Result<Config> {
        let (agentcore_server, lambda_server) = match (&self.agentcore_server, &self.lambda_server) {
            (Some(agentcore), Some(lambda)) => (agentcore.clone(), lambda.clone()),
            (agentcore, lambda) => {
                let ours = servers::programs()?;
                (
                    agentcore.clone().unwrap_or(ours.agentcore_server),
                    lambda.clone().unwrap_or(ours.lambda_server),
                )
            }
        };
        let mut config =
            Config::new(agentcore_server, lambda_server, Identities::from_iter([caller.clone()]));
        for server in [&mut config.agentcore_server, &mut config.lambda_server] {
            server.show_log = self.logs;
            server.environment.extend(self.environment.iter().cloned());
        }
        config.agentcore_port = self.agentcore_port;
        config.lambda_port = self.lambda_port;
        config.invoke_mode = match self.invoke_mode {
            Mode::Buffered => InvokeMode::Buffered,
            Mode::ResponseStream => InvokeMode::ResponseStream,
        };
        config.function_timeout = Duration::from_secs(self.function_timeout);
        config.idle_timeout = Duration::from_secs(self.idle_timeout);
        config.clock_offset = self.clock_offset;
        Ok(config)
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What to paste into another terminal.
fn directions(stack: &Stack, caller: &Identity) -> String {
    format!(
        "\
# Both doors are open; Ctrl-C closes them. Paste this into another terminal.
# The credentials are those of {arn}, who has the policies in policies/.
export AWS_ACCESS_KEY_ID={access_key}
export AWS_SECRET_ACCESS_KEY={secret}
export AWS_REGION={REGION}
export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE={endpoint} AWS_ENDPOINT_URL_STS={endpoint}

# The AgentCore runtime:
{client} demo {runtime}
# The Lambda function URL:
{client} demo {function_url}
",
        client = servers::client(),
        arn = caller.arn,
        access_key = caller.access_key,
        secret = caller.secret,
        endpoint = stack.agentcore_endpoint(),
        runtime = stack.runtime_arn(),
        function_url = stack.function_url(),
    )
}

/// Resolves on Ctrl-C or a termination signal, so that the servers are ended too.
async fn ended() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
