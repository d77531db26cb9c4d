//! The Lambda function: as many environments as there are concurrent requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::environment::{Environment, Failure};
use crate::process::Server;
use crate::runtime_api::Reply;

/// How the function URL passes answers on; the function is told to agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvokeMode {
    /// Once complete.
    #[default]
    Buffered,
    /// As they come.
    ResponseStream,
}

impl InvokeMode {
    /// The name that CloudFormation has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buffered => "BUFFERED",
            Self::ResponseStream => "RESPONSE_STREAM",
        }
    }
}

/// What a function is configured with.
#[derive(Clone, Debug)]
pub(crate) struct FunctionConfig {
    pub(crate) server: Server,
    pub(crate) mode: InvokeMode,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: usize,
    pub(crate) idle_timeout: Duration,
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum InvokeError {
    /// All of the reserved concurrency is in use.
    Throttled,
    /// The function crashed, timed out or could not be started.
    Failed(String),
}

/// The function.
#[derive(Debug)]
pub(crate) struct Function {
    config: FunctionConfig,
    idle: Mutex<Vec<Environment>>,
    permits: Arc<Semaphore>,
}

/// An environment at work. Released, it goes back to the others; dropped, it ends.
#[derive(Debug)]
pub(crate) struct AtWork {
    function: Arc<Function>,
    environment: Environment,
    /// When the function has taken too long.
    pub(crate) deadline: tokio::time::Instant,
    _permit: OwnedSemaphorePermit,
}

impl AtWork {
    pub(crate) fn release(self) {
        let mut environment = self.environment;
        environment.idle_since = Instant::now();
        self.function.idle().push(environment);
    }
}

impl Function {
    pub(crate) fn new(config: FunctionConfig) -> Self {
        let permits = Arc::new(Semaphore::new(config.concurrency));
        Self { config, idle: Mutex::default(), permits }
    }

    pub(crate) fn mode(&self) -> InvokeMode {
        self.config.mode
    }

    /// How many environments wait for work.
    pub(crate) fn idle_count(&self) -> usize {
        self.idle().len()
    }

    /// Invokes the function in an idle environment, or in a new one.
    pub(crate) async fn invoke(self: &Arc<Self>, event: Bytes) -> Result<(Reply, AtWork), InvokeError> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| InvokeError::Throttled)?;
        let environment = match self.take_idle() {
            Some(environment) => environment,
            None => Environment::start(&self.config.server, self.config.mode).await.map_err(|error| {
                InvokeError::Failed(format!("start {}: {error}", self.config.server.program.display()))
            })?,
        };
        let deadline = tokio::time::Instant::now() + self.config.timeout;
        let mut at_work = AtWork { function: Arc::clone(self), environment, deadline, _permit: permit };
        match at_work.environment.invoke(event, self.config.timeout).await {
            Ok(reply) => Ok((reply, at_work)),
            Err(Failure::TimedOut) => Err(InvokeError::Failed(format!(
                "Task timed out after {:.2} seconds",
                self.config.timeout.as_secs_f64()
            ))),
            Err(Failure::Exited(how)) => Err(InvokeError::Failed(format!("Runtime exited: {how}"))),
        }
    }

    /// Ends environments that have been idle for too long.
    pub(crate) fn reap(&self) {
        self.idle().retain(|environment| environment.idle_since.elapsed() < self.config.idle_timeout);
    }

    /// The one used last, so that the others can be reaped.
    fn take_idle(&self) -> Option<Environment> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop())
            .find_map(|mut environment| environment.is_alive().then_some(environment))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
