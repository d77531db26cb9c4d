//! The tools of `tool-core` as a Lambda function.

use std::io::Write;
use std::process::ExitCode;

use lambda_server::InvokeMode;

// One environment runs one invocation at a time: a second thread would only cost start-up.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    mcp_http::init_logging();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn serve() -> Result<(), lambda_http::Error> {
    lambda_server::run(tool_core::mcp::tools(), InvokeMode::from_env()?).await
}
