//! The service: one HTTP request in, one MCP answer out.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use rmcp::ServerHandler;
use rmcp::model::ErrorCode;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tower::Service;

use crate::envelope::Envelope;
use crate::guard::Guarded;
use crate::one_way::OneWay;
use crate::record::Record;
use crate::refusal::Refusal;

/// The body of every answer.
pub type Body = BoxBody<Bytes, Infallible>;

/// The largest request body, the 6 MB that Lambda passes on: a host that carries less
/// never gets that far, and tools that want more than that want a reference instead.
pub const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// How much of a larger body is read, and thrown away: what AgentCore passes on at most.
const MAX_DRAINED_BYTES: usize = 100 * 1000 * 1000;

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";

/// Any rmcp handler as a stateless streamable-HTTP service.
///
/// It answers `POST` on whatever path it is mounted at, for clients of both protocol
/// eras, under any Host and any session id: IAM stands in front and the platform makes
/// the ids. Replies are JSON; a handler that sends a notification before its answer gets
/// an event stream.
pub struct McpService<H> {
    inner: StreamableHttpService<Guarded<H>, NeverSessionManager>,
}

impl<H> Clone for McpService<H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
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
        let handler = Guarded::new(handler);
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(MAX_BODY_BYTES);
        let factory = move || Ok(handler.clone());
        Self { inner: StreamableHttpService::new(factory, Arc::new(NeverSessionManager::default()), config) }
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
        let request = Request::from_parts(parts, Full::new(body.clone()));
        let Ok(response) = self.inner.call(request).await;
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

/// Method and headers.
fn check_head(parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        let message =
            format!("this MCP endpoint is stateless: POST one JSON-RPC message, not {}", parts.method);
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::INVALID_REQUEST, message));
    }
    if !names_media_type(&parts.headers, CONTENT_TYPE, &[JSON]) {
        let message = "the Content-Type must be application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::INVALID_REQUEST, message));
    }
    let any_reply = [JSON, "*/*", "application/*"];
    if parts.headers.contains_key(ACCEPT) && !names_media_type(&parts.headers, ACCEPT, &any_reply) {
        let message = format!("the Accept header must admit {JSON} (and should admit {EVENT_STREAM})");
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::INVALID_REQUEST, message));
    }
    Ok(())
}

/// Puts in place what rmcp insists on and a platform or its health probe may leave out:
/// both media types, and a Host that can be parsed.
fn satisfy_rmcp(headers: &mut HeaderMap) {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if headers.get(HOST).is_none_or(|host| Authority::try_from(host.as_bytes()).is_err()) {
        headers.insert(HOST, HeaderValue::from_static("localhost"));
    }
}

fn names_media_type(headers: &HeaderMap, header: HeaderName, wanted: &[&str]) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let mut essences = values.flat_map(|value| value.split(',')).filter_map(|entry| entry.split(';').next());
    essences.any(|essence| wanted.iter().any(|wanted| essence.trim().eq_ignore_ascii_case(wanted)))
}

/// The body. One that is too large is read to its end all the same, if that is near: whoever
/// is still sending may not see an answer before.
async fn collect<B>(body: B) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let (mut body, mut collected, mut size) = (std::pin::pin!(body), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Refusal::invalid_request(format!("the body broke off: {}", error.into())))?;
        let Ok(data) = frame.into_data() else { continue };
        size += data.remaining();
        if size <= MAX_BODY_BYTES {
            collected.put(data);
        } else if size > MAX_DRAINED_BYTES {
            break;
        }
    }
    if size > MAX_BODY_BYTES {
        let message = format!("the body is larger than {MAX_BODY_BYTES} bytes");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::INVALID_REQUEST, message));
    }
    Ok(collected.freeze())
}

/// Turns rmcp's plain-text errors into JSON-RPC ones, and questions that none can answer.
async fn explain(
    response: Response<Body>,
    envelope: Envelope,
    body: &[u8],
) -> Result<Response<Body>, Refusal> {
    let status = response.status();
    if names_media_type(response.headers(), CONTENT_TYPE, &[EVENT_STREAM]) {
        return Ok(response.map(|body| OneWay::new(body, envelope.id).boxed()));
    }
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
