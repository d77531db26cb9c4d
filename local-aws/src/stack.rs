//! Everything that is "deployed": both doors, listening, with their servers behind them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::account::{REGION, URL_ID, runtime_arn};
use crate::agentcore::DataPlane;
use crate::function::{Function, FunctionConfig, InvokeMode};
use crate::function_url::FunctionUrl;
use crate::gate::Gate;
use crate::identity::Identities;
use crate::process::Server;
use crate::sessions::{Sessions, containers};
use crate::sts;

/// What to deploy, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server in the AgentCore container. It is told where to listen by `MCP_LISTEN`.
    pub agentcore_server: Server,
    /// The server in the Lambda environments.
    pub lambda_server: Server,
    /// Who may hold credentials.
    pub identities: Identities,
    /// The port of the AgentCore data plane; 0 for any.
    pub agentcore_port: u16,
    /// The port of the function URL; 0 for any.
    pub lambda_port: u16,
    /// How the function URL passes answers on.
    pub invoke_mode: InvokeMode,
    /// How long one invocation may take.
    pub function_timeout: Duration,
    /// How many invocations may run at once.
    pub concurrency: usize,
    /// When an idle session or environment is ended.
    pub idle_timeout: Duration,
    /// Seconds by which AWS's clock is ahead of this machine's.
    pub clock_offset: i64,
}

impl Config {
    /// Free ports, buffered answers, and limits that suit a laptop.
    #[must_use]
    pub fn new(
        agentcore_server: impl Into<PathBuf>,
        lambda_server: impl Into<PathBuf>,
        identities: Identities,
    ) -> Self {
        Self {
            agentcore_server: Server::new(agentcore_server),
            lambda_server: Server::new(lambda_server),
            identities,
            agentcore_port: 0,
            lambda_port: 0,
            invoke_mode: InvokeMode::Buffered,
            function_timeout: Duration::from_secs(30),
            concurrency: 100,
            idle_timeout: Duration::from_mins(5),
            clock_offset: 0,
        }
    }
}

/// Both doors, open. Dropping it closes them and ends every server process.
#[derive(Debug)]
pub struct Stack {
    agentcore: SocketAddr,
    lambda: SocketAddr,
    sessions: Arc<Sessions>,
    function: Arc<Function>,
    _tasks: JoinSet<()>,
}

impl Stack {
    /// Opens both doors on loopback. No server is started before it is needed.
    ///
    /// # Errors
    /// Fails where a port cannot be had.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let containers = containers();
        let gate = Gate::new(config.identities, config.clock_offset);
        let sessions =
            Arc::new(Sessions::new(config.agentcore_server, config.idle_timeout, containers.clone()));
        let function = Arc::new(Function::new(FunctionConfig {
            server: config.lambda_server,
            mode: config.invoke_mode,
            timeout: config.function_timeout,
            concurrency: config.concurrency,
            idle_timeout: config.idle_timeout,
        }));
        let mut tasks = JoinSet::new();
        let data_plane = DataPlane::new(gate.clone(), Arc::clone(&sessions), containers).router();
        let endpoint = data_plane.merge(sts::router(gate.clone()));
        let agentcore = open(&mut tasks, config.agentcore_port, endpoint)
            .await
            .context("open the AgentCore data plane: --agentcore-port chooses another port, 0 any")?;
        let function_url = FunctionUrl::new(gate, Arc::clone(&function)).router();
        let lambda = open(&mut tasks, config.lambda_port, function_url)
            .await
            .context("open the function URL: --lambda-port chooses another port, 0 any")?;
        tasks.spawn(reap(Arc::clone(&sessions), Arc::clone(&function)));
        Ok(Self { agentcore, lambda, sessions, function, _tasks: tasks })
    }

    /// The endpoint that stands in for those of the AgentCore data plane and of STS.
    #[must_use]
    pub fn agentcore_endpoint(&self) -> String {
        format!("http://{}", self.agentcore)
    }

    /// The runtime's ARN.
    #[must_use]
    pub fn runtime_arn(&self) -> String {
        runtime_arn()
    }

    /// The function's URL. Its name tells service and region, as the real one's does.
    #[must_use]
    pub fn function_url(&self) -> String {
        format!("http://{URL_ID}.lambda-url.{REGION}.localhost:{}/", self.lambda.port())
    }

    /// How many sessions have a server process.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.count()
    }

    /// How many Lambda environments wait for work.
    #[must_use]
    pub fn idle_environment_count(&self) -> usize {
        self.function.idle_count()
    }
}

async fn open(tasks: &mut JoinSet<()>, port: u16, router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("listen on port {port} of loopback"))?;
    let address = listener.local_addr().context("find out the port")?;
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "a front door failed");
        }
    });
    Ok(address)
}

/// Ends what is idle for too long.
async fn reap(sessions: Arc<Sessions>, function: Arc<Function>) {
    let mut every = tokio::time::interval(Duration::from_millis(500));
    loop {
        every.tick().await;
        sessions.reap();
        function.reap();
    }
}
