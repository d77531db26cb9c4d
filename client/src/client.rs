//! The client: connect to a target, list its tools, call them.

use std::time::Duration;

use ::http::HeaderMap;
use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, JsonObject, PingRequest, ProtocolVersion, Tool,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError,
};
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError};
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport};

use crate::delivery::SignedHttp;
use crate::error::Error;
use crate::questions::{Forms, Questions};
use crate::signer::Signer;
use crate::signing::Signing;
use crate::target::Target;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where credentials come from.
    pub signing: Signing,
    /// How the protocol version is agreed on.
    pub protocol: Protocol,
    /// The session to join; by default the platform makes one.
    pub session_id: Option<String>,
    /// How long a request may take, retries included.
    pub timeout: Duration,
    /// How long a TCP and TLS connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a connection may be silent while an answer is awaited; by default as long as
    /// the request may take.
    pub read_timeout: Option<Duration>,
    /// Whether a request that met with trouble is sent again.
    pub retries: Retries,
    /// Headers to send, and sign, with every request. Values marked as sensitive are shown
    /// nowhere.
    pub headers: HeaderMap,
    /// What becomes of forms that a server wants filled in.
    pub forms: Forms,
    /// Allow plain http to other machines.
    pub allow_http: bool,
}

impl Default for Options {
    /// Credentials of the default chain, `initialize`, 120 s, retries where they are safe.
    fn default() -> Self {
        Self {
            signing: Signing::DefaultChain { profile: None },
            protocol: Protocol::Initialize,
            session_id: None,
            timeout: Duration::from_mins(2),
            connect_timeout: Duration::from_secs(10),
            read_timeout: None,
            retries: Retries::WhereSafe,
            headers: HeaderMap::new(),
            forms: Forms::Unsupported,
            allow_http: false,
        }
    }
}

/// Whether a request that met with trouble is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retries {
    /// Where it cannot have run, or may run twice: throttled ones until the timeout, others
    /// four times.
    #[default]
    WhereSafe,
    /// The same, and not more often than this.
    AtMost(u32),
}

impl Retries {
    /// So that every trouble is seen, as a measurement must.
    pub const NEVER: Self = Self::AtMost(0);

    /// Whether the attempt of this number, from 1, may be followed by another.
    pub(crate) fn allows(self, attempt: u32) -> bool {
        match self {
            Self::WhereSafe => true,
            Self::AtMost(most) => attempt <= most,
        }
    }
}

/// How the protocol version is agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// By `initialize`, which every server of today knows.
    #[default]
    Initialize,
    /// Stateless (2026-07-28) where the server knows it, else by `initialize`.
    Auto,
    /// Stateless, 2026-07-28.
    V2026_07_28,
}

impl Protocol {
    fn lifecycle(self) -> ClientLifecycleMode {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        match self {
            Self::Initialize => ClientLifecycleMode::Initialize,
            Self::Auto => ClientLifecycleMode::Auto { preferred_versions, legacy_version: None },
            Self::V2026_07_28 => ClientLifecycleMode::Discover { preferred_versions },
        }
    }
}

/// A connection to an MCP server.
#[derive(Debug)]
pub struct Client {
    target: Target,
    http: SignedHttp,
    service: RunningService<RoleClient, Questions>,
    timeout: Duration,
}

impl Client {
    /// Connects: loads credentials where they are needed and does the handshake.
    ///
    /// # Errors
    /// Any [`Error`]; nothing is left running.
    pub async fn connect(target: Target, options: Options) -> Result<Self, Error> {
        let session_id = options.session_id.clone();
        let connector = Connector::new(target, options).await?;
        connector.prepare(session_id)?.connect().await
    }

    /// Where this client is connected to.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The protocol version that was agreed on.
    #[must_use]
    pub fn protocol_version(&self) -> String {
        self.service.peer_info().map_or_else(String::new, |server| server.protocol_version.to_string())
    }

    /// The server's own name and version, where it tells them.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        let server = self.service.peer_info()?.server_info.clone()?;
        Some(format!("{} {}", server.name, server.version).trim().to_owned())
    }

    /// Whether the protocol version is of the stateless era, which has neither handshake nor
    /// ping.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        self.protocol_version() >= ProtocolVersion::V_2026_07_28.to_string()
    }

    /// Asks for a sign of life, which takes one round trip and no tool. The protocol has it
    /// up to 2025-11-25.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn ping(&self) -> Result<(), Error> {
        let ping = self.service.send_request(ClientRequest::PingRequest(PingRequest::default()));
        let answered = within(self.timeout, &self.target, ping).await?;
        answered.map(drop).map_err(|error| explain(&error, &self.target))
    }

    /// Every tool of the server, page by page.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn list_tools(&self) -> Result<Vec<Tool>, Error> {
        let listed = within(self.timeout, &self.target, self.service.list_all_tools()).await?;
        let tools = listed.map_err(|error| explain(&error, &self.target))?;
        self.http.learn(tools.iter().filter(|tool| is_repeatable(tool)).map(|tool| tool.name.to_string()));
        Ok(tools)
    }

    /// Calls a tool. What the tool itself calls an error is an answer, with `is_error` set.
    ///
    /// # Errors
    /// Any [`Error`]; an unknown tool is [`Error::Rpc`].
    pub async fn call_tool(&self, tool: &str, arguments: JsonObject) -> Result<CallToolResult, Error> {
        let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let called = within(self.timeout, &self.target, self.service.call_tool(call)).await?;
        called.map_err(|error| explain(&error, &self.target))
    }

    /// Closes the connection.
    pub async fn close(self) {
        // Nothing to be done where the task that is to end has panicked.
        let _ = self.service.cancel().await;
    }
}

/// What all connections to one target have in common: the signer, with its cache of
/// credentials and its clock.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    target: Target,
    options: Options,
    signer: Option<Signer>,
}

/// A connection that is yet to be made. All that takes time on this machine is done: the
/// system's roots are read, the credentials' providers are found.
#[derive(Debug)]
pub(crate) struct Prepared {
    target: Target,
    http: SignedHttp,
    protocol: Protocol,
    forms: Forms,
    timeout: Duration,
}

impl Connector {
    pub(crate) async fn new(target: Target, options: Options) -> Result<Self, Error> {
        if target.url().scheme() == "http" && !target.is_loopback() && !options.allow_http {
            return Err(Error::PlainHttp(target.to_string()));
        }
        // Boxed: the providers of the default chain make a future of many kilobytes.
        let signer = Box::pin(options.signing.signer(&target));
        let signer = within(options.timeout, &target, signer).await??;
        let (service, region) = (target.service(), target.region());
        tracing::info!(%target, service, region, signed = signer.is_some(), "connecting");
        Ok(Self { target, options, signer })
    }

    /// Where the connections go.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The same, with another rule for trying again.
    pub(crate) fn with_retries(self, retries: Retries) -> Self {
        Self { options: Options { retries, ..self.options }, ..self }
    }

    /// Gets one connection ready; it shares no TCP connection with any other.
    pub(crate) fn prepare(&self, session_id: Option<String>) -> Result<Prepared, Error> {
        let Options { timeout, protocol, forms, .. } = self.options;
        let http = self.http(session_id)?;
        Ok(Prepared { target: self.target.clone(), http, protocol, forms, timeout })
    }

    /// The signed requests of one connection.
    pub(crate) fn http(&self, session_id: Option<String>) -> Result<SignedHttp, Error> {
        SignedHttp::new(self.target.clone(), self.signer.clone(), session_id, &self.options)
    }
}

impl Prepared {
    /// Connects, and does the handshake.
    pub(crate) async fn connect(self) -> Result<Client, Error> {
        let Self { target, http, protocol, forms, timeout } = self;
        let mut config = StreamableHttpClientTransportConfig::with_uri(target.url().as_str());
        // As many as a caller has in flight; the platforms throttle by themselves.
        config.max_concurrent_requests = usize::from(u16::MAX);
        let transport = StreamableHttpClientTransport::with_client(http.clone(), config);
        let connected = Questions(forms).serve_with_lifecycle(transport, protocol.lifecycle());
        let service =
            within(timeout, &target, connected).await?.map_err(|error| explain_start(&error, &target))?;
        Ok(Client { target, http, service, timeout })
    }
}

fn is_repeatable(tool: &Tool) -> bool {
    tool.annotations
        .as_ref()
        .is_some_and(|hints| hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true))
}

async fn within<T>(timeout: Duration, target: &Target, request: impl Future<Output = T>) -> Result<T, Error> {
    // A little longer than a request may take: its own message is the better one.
    let patience = timeout + Duration::from_secs(1);
    tokio::time::timeout(patience, request)
        .await
        .map_err(|_| Error::TimedOut { host: target.url().authority().to_owned(), after: timeout })
}

fn explain_start(error: &ClientInitializeError, target: &Target) -> Error {
    match error {
        ClientInitializeError::TransportError { error, .. } => explain_transport(error),
        ClientInitializeError::JsonRpcError(error) => {
            Error::rpc(error.code.0, error.message.to_string(), target)
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => explain_start(fallback, target),
        other => Error::Protocol(other.to_string()),
    }
}

fn explain(error: &ServiceError, target: &Target) -> Error {
    match error {
        ServiceError::TransportClosed => Error::Broken {
            host: target.url().authority().to_owned(),
            reason: "the stream of the answer ended early".to_owned(),
        },
        ServiceError::McpError(error) => Error::rpc(error.code.0, error.message.to_string(), target),
        ServiceError::TransportSend(error) => explain_transport(error),
        other => Error::Protocol(other.to_string()),
    }
}

/// Finds our own error in what rmcp wrapped around it.
fn explain_transport(error: &DynamicTransportError) -> Error {
    match error.error.downcast_ref::<StreamableHttpError<Error>>() {
        Some(StreamableHttpError::Client(error)) => error.clone(),
        Some(other) => Error::Protocol(other.to_string()),
        None => Error::Protocol(error.to_string()),
    }
}
