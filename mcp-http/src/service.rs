//! The service: one HTTP request in, one MCP answer out.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use rmcp::ServerHandler;
use rmcp::model::ErrorCode;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tower::Service;

use crate::envelope::Envelope;
use crate::guard::Guarded;
use crate::intake::{JSON, MAX_BODY_BYTES, check_head, collect, names_media_type, satisfy_rmcp};
use crate::one_way;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::sessions::{Claim, Sessions};

/// The body of every answer.
pub type Body = BoxBody<Bytes, Infallible>;

/// Any rmcp handler as a streamable-HTTP service, stateless unless it was made
/// [`with_sessions`](Self::with_sessions).
///
/// It answers `POST` on whatever path it is mounted at, for clients of both protocol
/// eras, under any Host and any session id: IAM stands in front and the platform makes
/// the ids. Replies are JSON; a handler that sends a notification before its answer gets
/// an event stream.
pub struct McpService<H> {
    inner: StreamableHttpService<Guarded<H>, NeverSessionManager>,
    sessions: Option<Arc<Sessions<H>>>,
}

impl<H> Clone for McpService<H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), sessions: self.sessions.clone() }
    }
}

impl<H> fmt::Debug for McpService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpService").finish_non_exhaustive()
    }
}

impl<H: ServerHandler> McpService<H> {
    /// Hosts a handler. It is shared by all requests.
    pub fn new(handler: H) -> Self {
        Self::over(Guarded::new(handler))
    }

    /// The same, with a session for each client that does the handshake, so that tools can
    /// ask their clients up to 2025-11-25 too.
    ///
    /// For a host where all requests of a client reach one process. Where the platform names
    /// the sessions, each has one client: a second handshake under a name ends the session
    /// before. Answers in a session are event streams. A handler asks, and says how far it
    /// is, within the call that it answers; for what it says at other times, and for what it
    /// logs, there is no stream. Its questions should have a timeout: a client may be gone.
    pub fn with_sessions(handler: H) -> Self {
        let handler = Guarded::new(handler);
        let sessions = Some(Arc::new(Sessions::new(handler.clone(), config())));
        Self { sessions, ..Self::over(handler) }
    }

    fn over(handler: Guarded<H>) -> Self {
        let config = config().with_legacy_session_mode(false).with_json_response(true);
        let factory = move || Ok(handler.clone());
        let inner = StreamableHttpService::new(factory, Arc::new(NeverSessionManager::default()), config);
        Self { inner, sessions: None }
    }

    async fn answer<B>(mut self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
    {
        let (parts, body) = request.into_parts();
        let mut record = Record::start(&parts);
        let response = match self.dispatch(parts, body, &mut record).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        };
        record.follow(response)
    }

    async fn dispatch<B>(
        &mut self,
        mut parts: Parts,
        body: B,
        record: &mut Record,
    ) -> Result<Response<Body>, Refusal>
    where
        B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
    {
        check_head(&parts)?;
        let body = collect(body).await?;
        let envelope = Envelope::read(&body)?;
        record.identify(&envelope);
        satisfy_rmcp(&mut parts.headers);
        let claim = match &self.sessions {
            Some(sessions) => sessions.claim(&mut parts, &envelope).await,
            None => Claim::NotOurs,
        };
        let request = Request::from_parts(parts, Full::new(body.clone()));
        let response = match claim {
            Claim::Ours(claimed) => claimed.answer(request).await,
            Claim::Lost => return Err(Refusal::lost_session().with_id(envelope.id)),
            Claim::NotOurs => {
                let Ok(response) = self.inner.call(request).await;
                one_way::answer(response, envelope.id.as_ref())
            }
        };
        explain(response, envelope, &body).await
    }
}

impl<H, B> Service<Request<B>> for McpService<H>
where
    H: ServerHandler,
    B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

/// What holds with and without sessions.
fn config() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default().disable_allowed_hosts().with_max_request_body_bytes(MAX_BODY_BYTES)
}

/// Turns rmcp's plain-text errors into JSON-RPC ones.
async fn explain(
    response: Response<Body>,
    envelope: Envelope,
    body: &[u8],
) -> Result<Response<Body>, Refusal> {
    let status = response.status();
    if status.is_success() || names_media_type(response.headers(), CONTENT_TYPE, &[JSON]) {
        return Ok(response);
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // The media type was checked before: rmcp could not read the message.
        return Err(envelope.explain(body));
    }
    let Ok(text) = response.into_body().collect().await;
    let text = String::from_utf8_lossy(&text.to_bytes()).into_owned();
    let code = if status.is_server_error() { ErrorCode::INTERNAL_ERROR } else { ErrorCode::INVALID_REQUEST };
    Err(Refusal::new(status, code, text).with_id(envelope.id))
}
