//! One Lambda execution environment: a process and the Runtime API it talks to.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::account::{FUNCTION_NAME, REGION};
use crate::function::InvokeMode;
use crate::process::Server;
use crate::runtime_api::{Invocation, Reply, RuntimeApi};

/// The memory that the function is told it has.
const MEMORY_MB: &str = "128";

/// Why an invocation came to nothing; the environment is no good any more.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The process could not be started, or exited.
    Exited(String),
    /// The function took longer than it may.
    TimedOut,
}

/// An environment. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Environment {
    process: Child,
    invocations: mpsc::Sender<Invocation>,
    api: AbortHandle,
    pub(crate) idle_since: Instant,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.api.abort();
    }
}

impl Environment {
    pub(crate) async fn start(server: &Server, mode: InvokeMode) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (invocations, queue) = mpsc::channel(1);
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let router = RuntimeApi::new(queue).router();
        let api = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        let variables = [
            ("AWS_LAMBDA_RUNTIME_API", address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{FUNCTION_NAME}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("MCP_INVOKE_MODE", mode.name().to_owned()),
        ];
        // From here on the task must not outlive a process that did not start.
        match server.start(&variables) {
            Ok(process) => Ok(Self { process, invocations, api, idle_since: Instant::now() }),
            Err(error) => {
                api.abort();
                Err(error)
            }
        }
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Has the function handle an event.
    pub(crate) async fn invoke(&mut self, event: Bytes, timeout: Duration) -> Result<Reply, Failure> {
        let (reply, replied) = oneshot::channel();
        let invocation = Invocation { request_id: Uuid::new_v4().to_string(), event, timeout, reply };
        if self.invocations.send(invocation).await.is_err() {
            return Err(Failure::Exited("its Runtime API is gone".to_owned()));
        }
        tokio::select! {
            // What was answered before the process died is an answer.
            biased;
            Ok(reply) = replied => Ok(reply),
            exited = self.process.wait() => {
                Err(Failure::Exited(exited.map_or_else(|error| error.to_string(), |status| status.to_string())))
            }
            () = tokio::time::sleep(timeout) => Err(Failure::TimedOut),
        }
    }
}
