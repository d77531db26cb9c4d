//! The command line.

mod demo;
mod servers;
mod up;

use std::io::IsTerminal;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

pub(crate) use demo::DemoFailed;

/// AWS's front doors on loopback: AgentCore and a Lambda function URL, with SigV4 and IAM
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open both doors, print how to reach them, and keep running
    Up(up::Up),
    /// Call the tools through both doors, show what is refused, compare latencies
    Demo,
}

impl Cli {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Up(up) => up.run().await,
            Command::Demo => demo::run().await,
        }
    }
}

/// Logs to standard error; what goes wrong unless `RUST_LOG` asks for more.
pub(crate) fn init_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}
