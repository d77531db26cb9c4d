//! The tools of `tool-core` as an AgentCore Runtime container.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use agentcore_server::McpService;
use anyhow::Context;
use clap::Parser;
use clap::builder::FalseyValueParser;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal;

/// Serve the tools over MCP as Amazon Bedrock AgentCore Runtime expects it
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on
    #[arg(long, env = "MCP_LISTEN", default_value_t = agentcore_server::CONTRACT_ADDRESS, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// Seconds that requests in flight may take to end after a termination signal
    #[arg(long, env = "MCP_DRAIN_TIMEOUT", default_value_t = agentcore_server::DRAIN_TIMEOUT.as_secs(), value_name = "SECONDS")]
    drain_timeout: u64,

    /// Keep a session for each client, so that tools can ask clients of up to 2025-11-25 something
    #[arg(long, env = "MCP_SESSIONS", value_parser = FalseyValueParser::new())]
    sessions: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    mcp_http::init_logging();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("start the runtime")?;
    let served = runtime.block_on(serve(arguments));
    // Waiting for a tool that blocks its thread would undo the drain's bound.
    runtime.shutdown_background();
    served
}

async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let terminated = termination().context("watch for termination signals")?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("listen on {}: choose another address with --listen", arguments.listen))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let drain_timeout = Duration::from_secs(arguments.drain_timeout);
    let tools = tool_core::mcp::tools();
    let service = if arguments.sessions { McpService::with_sessions(tools) } else { McpService::new(tools) };
    agentcore_server::serve(listener, service, terminated, drain_timeout).await.context("serve")
}

/// Resolves when the platform (SIGTERM) or a person (Ctrl-C) asks the server to end. From
/// this call on, not only once it is awaited, the signal no longer kills.
fn termination() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    })
}
