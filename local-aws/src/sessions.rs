//! AgentCore sessions: a server process each, started on first use, reaped when idle.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use http::header::CONTENT_TYPE;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::OnceCell;

use crate::process::Server;

/// New sessions per second (AgentCore quotas).
const NEW_SESSIONS_PER_SECOND: usize = 25;

/// How long a container may take until its health probe is answered.
const INIT_TIMEOUT: Duration = Duration::from_mins(2);

/// The health probe: a JSON-RPC ping with a trailing slash on the path.
const PROBE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#;

/// The client that reaches the containers: directly, without TLS, as inside a microVM.
pub(crate) type Containers = Client<HttpConnector, Body>;

pub(crate) fn containers() -> Containers {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Why a session has no container to talk to.
#[derive(Clone, Debug)]
pub(crate) enum SessionError {
    /// Too many new sessions in this second.
    Throttled,
    /// The container did not start or did not answer its probe.
    Unhealthy(String),
}

/// Why a container did not start.
#[derive(Debug, Error)]
enum StartError {
    #[error("no port: {0}")]
    Port(io::Error),
    #[error("start {}: {}", .0.display(), .1)]
    Program(PathBuf, io::Error),
    #[error("the container exited before it was healthy{}", .0.map(|status| format!(" ({status})")).unwrap_or_default())]
    Exited(Option<ExitStatus>),
    #[error("the health probe was not answered within {} s", INIT_TIMEOUT.as_secs())]
    Silent,
}

/// Every session there is.
#[derive(Debug)]
pub(crate) struct Sessions {
    server: Server,
    idle_timeout: Duration,
    containers: Containers,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<String, Arc<Session>>,
    /// When the youngest sessions were made, for the rate limit.
    made: VecDeque<Instant>,
}

#[derive(Debug)]
struct Session {
    container: OnceCell<Container>,
    requests: AtomicUsize,
    last_used: Mutex<Instant>,
}

/// A running server process.
#[derive(Debug)]
struct Container {
    port: u16,
    process: Mutex<Child>,
}

/// A request's hold on a session: it is not idle while this lives.
#[derive(Debug)]
pub(crate) struct Lease {
    session: Arc<Session>,
    pub(crate) port: u16,
}

impl Lease {
    fn on(session: Arc<Session>) -> Self {
        session.requests.fetch_add(1, Ordering::SeqCst);
        Self { session, port: 0 }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *lock(&self.session.last_used) = Instant::now();
        self.session.requests.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Sessions {
    pub(crate) fn new(server: Server, idle_timeout: Duration, containers: Containers) -> Self {
        Self { server, idle_timeout, containers, table: Mutex::default() }
    }

    /// The container of a session, started if there is none.
    pub(crate) async fn lease(&self, id: &str) -> Result<Lease, SessionError> {
        // Held while the container is waited for, so that nobody reaps it meanwhile.
        let mut lease = Lease::on(self.find_or_make(id)?);
        match lease.session.container.get_or_try_init(|| self.start()).await {
            Ok(container) => {
                lease.port = container.port;
                Ok(lease)
            }
            Err(error) => {
                self.stop(id);
                Err(error)
            }
        }
    }

    /// Ends a session; whether there was one.
    pub(crate) fn stop(&self, id: &str) -> bool {
        lock(&self.table).sessions.remove(id).is_some()
    }

    /// Ends a session whose process has exited, or does within a moment.
    pub(crate) async fn bury(&self, id: &str) {
        let find = || lock(&self.table).sessions.get(id).cloned();
        for _ in 0..50 {
            match find() {
                Some(session) if session.is_alive() => tokio::time::sleep(Duration::from_millis(2)).await,
                _ => break,
            }
        }
        if find().is_some_and(|session| !session.is_alive()) {
            self.stop(id);
        }
    }

    /// How many sessions have a process.
    pub(crate) fn count(&self) -> usize {
        lock(&self.table).sessions.len()
    }

    /// Ends what has been idle for too long.
    pub(crate) fn reap(&self) {
        let idle = |session: &Session| {
            session.requests.load(Ordering::SeqCst) == 0
                && lock(&session.last_used).elapsed() >= self.idle_timeout
        };
        lock(&self.table).sessions.retain(|_, session| !idle(session));
    }

    fn find_or_make(&self, id: &str) -> Result<Arc<Session>, SessionError> {
        let mut table = lock(&self.table);
        if let Some(session) = table.sessions.get(id) {
            if session.is_alive() {
                return Ok(Arc::clone(session));
            }
            table.sessions.remove(id);
        }
        let now = Instant::now();
        table.made.retain(|made| now - *made < Duration::from_secs(1));
        if table.made.len() >= NEW_SESSIONS_PER_SECOND {
            return Err(SessionError::Throttled);
        }
        table.made.push_back(now);
        let session = Arc::new(Session::new());
        table.sessions.insert(id.to_owned(), Arc::clone(&session));
        Ok(session)
    }

    /// Starts a container. One that exits before it is healthy may have lost its port to
    /// another program, so it gets a second one.
    async fn start(&self) -> Result<Container, SessionError> {
        match self.start_once().await {
            Err(StartError::Exited(_)) => self.start_once().await,
            started => started,
        }
        .map_err(|error| SessionError::Unhealthy(error.to_string()))
    }

    async fn start_once(&self) -> Result<Container, StartError> {
        let port = free_port().await.map_err(StartError::Port)?;
        let address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
        let started = self.server.start(&[("MCP_LISTEN", address.clone())]);
        let mut process = started.map_err(|error| StartError::Program(self.server.program.clone(), error))?;
        let url = format!("http://{address}/mcp/");
        tokio::select! {
            () = self.answers(&url) => {}
            () = tokio::time::sleep(INIT_TIMEOUT) => return Err(StartError::Silent),
            exited = process.wait() => return Err(StartError::Exited(exited.ok())),
        }
        // It may have been somebody else who answered on the port.
        match process.try_wait() {
            Ok(None) => Ok(Container { port, process: Mutex::new(process) }),
            exited => Err(StartError::Exited(exited.ok().flatten())),
        }
    }

    /// Resolves when the probe is answered. Servers that insist on an Accept header, as the
    /// original does, are known to live on the platform: 406 will do.
    async fn answers(&self, url: &str) {
        loop {
            let probe = Request::post(url).header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Ok(probe) = probe.body(Body::from(PROBE))
                && self.containers.request(probe).await.is_ok_and(|response| is_alive(response.status()))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Session {
    fn new() -> Self {
        Self {
            container: OnceCell::new(),
            requests: AtomicUsize::new(0),
            last_used: Mutex::new(Instant::now()),
        }
    }

    /// Whether the process runs, or is yet to be started.
    fn is_alive(&self) -> bool {
        self.container.get().is_none_or(|container| matches!(lock(&container.process).try_wait(), Ok(None)))
    }
}

fn is_alive(probe: StatusCode) -> bool {
    probe.is_success() || probe == StatusCode::NOT_ACCEPTABLE
}

/// A port that was free a moment ago. Should another program take it first, the container
/// exits, which is seen.
async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
