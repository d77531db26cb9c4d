//! The tools of `tool-core` as a Lambda function.

use lambda_server::InvokeMode;

// One environment runs one invocation at a time: a second thread would only cost start-up.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    mcp_http::init_logging();
    lambda_server::run(tool_core::mcp::tools(), InvokeMode::from_env()?).await
}
