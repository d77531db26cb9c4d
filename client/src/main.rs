//! `mcp-sigv4`: MCP behind AWS IAM from the command line.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli::init_logging(cli.verbose);
    cli::exit_code(cli.run().await)
}
