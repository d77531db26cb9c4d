//! `mcp-sigv4`: MCP behind AWS IAM from the command line.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let Err(error) = cli.init_logging() {
        return cli::exit_code(Err(error));
    }
    // Boxed: a future of many kilobytes.
    cli::exit_code(Box::pin(cli.run()).await)
}
