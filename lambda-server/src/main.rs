//! The tools of `tool-core` as a Lambda function.

use lambda_server::InvokeMode;

// One environment runs one invocation at a time: a second thread would only cost start-up.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    mcp_http::init_logging();
    let mode = InvokeMode::from_env()?;
    lambda_server::run(tool_core::mcp::tools(), mode).await.map_err(anyhow::Error::from_boxed)
}
