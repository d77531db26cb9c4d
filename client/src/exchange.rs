//! One HTTP exchange: a signed POST out, and what came back read as far as MCP goes.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use rmcp::model::ServerJsonRpcMessage;
use rmcp::transport::streamable_http_client::StreamableHttpPostResponse;
use serde::Deserialize;
use sse_stream::SseStream;

use crate::retry::Trouble;

/// The header that carries the session in both directions.
pub(crate) const SESSION_HEADER: &str = "mcp-session-id";

/// The most bytes of an answer: what AgentCore carries, which is more than Lambda does
/// (AgentCore quotas: 100 MB).
pub(crate) const MAX_ANSWER_BYTES: usize = 100 * 1000 * 1000;

/// The most bytes of an event stream (Lambda quotas: 200 MB).
const MAX_STREAM_BYTES: usize = 200 * 1000 * 1000;

/// How much of an error's body is kept for the message.
const SAID_CHARACTERS: usize = 500;

/// What came back.
pub(crate) enum Reply {
    /// An answer, an event stream that will hold it, or a bare acceptance.
    Answer(StreamableHttpPostResponse),
    /// A JSON-RPC error, with the HTTP status it came under.
    RpcError(ServerJsonRpcMessage, i32, Option<String>),
    /// An HTTP error without one, or one whose status says it all: denied, throttled,
    /// unavailable.
    Refusal(Refusal),
    /// A success that is not MCP's: its status and what came.
    NotMcp(u16, String),
}

/// An HTTP error.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The message in the body, or the body.
    pub(crate) said: String,
    /// The server's clock.
    pub(crate) date: Option<SystemTime>,
    /// When to come back.
    pub(crate) retry_after: Option<Duration>,
}

/// Why there was no reply.
#[derive(Debug)]
pub(crate) struct NoReply {
    pub(crate) trouble: Trouble,
    pub(crate) reason: String,
}

impl From<reqwest::Error> for NoReply {
    fn from(error: reqwest::Error) -> Self {
        let trouble = if error.is_connect() { Trouble::NotConnected } else { Trouble::Broken };
        // The URL is said elsewhere; the innermost cause is the one that tells something.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self { trouble, reason: cause.to_string() }
    }
}

/// Reads a response. `awaits_answer` says that the message posted was a request.
///
/// # Errors
/// [`NoReply`] where the body breaks off.
pub(crate) async fn read(response: reqwest::Response, awaits_answer: bool) -> Result<Reply, NoReply> {
    let status = response.status();
    let media_type = media_type(response.headers());
    let session = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok()).map(str::to_owned);
    if !status.is_success() {
        return read_failure(response, session).await;
    }
    if !awaits_answer || matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        // To its end, so that the connection can be used again.
        body(response).await?;
        return Ok(Reply::Answer(StreamableHttpPostResponse::Accepted));
    }
    match media_type.as_str() {
        "text/event-stream" => {
            let events = SseStream::from_bytes_stream(capped(response.bytes_stream()));
            Ok(Reply::Answer(StreamableHttpPostResponse::Sse(Box::pin(events), session)))
        }
        "application/json" => Ok(read_json(status, &body(response).await?, session)),
        other => {
            let text = shorten(&String::from_utf8_lossy(&body(response).await?));
            Ok(Reply::NotMcp(status.as_u16(), format!("content type {other:?}: {text}")))
        }
    }
}

/// The whole body, if it is not too large to be kept.
async fn body(mut response: reqwest::Response) -> Result<BytesMut, NoReply> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            let reason = format!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
            return Err(NoReply { trouble: Trouble::TooLarge, reason });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// A stream that ends with an error once it is larger than any platform passes on.
fn capped(
    stream: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut total = 0;
    stream.map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        total += piece.len();
        let too_large = || io::Error::other(format!("the stream is larger than {MAX_STREAM_BYTES} bytes"));
        (total <= MAX_STREAM_BYTES).then_some(piece).ok_or_else(too_large)
    })
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn read_json(status: StatusCode, body: &[u8], session: Option<String>) -> Reply {
    match serde_json::from_slice(body) {
        Ok(ServerJsonRpcMessage::Error(error)) => {
            let code = error.error.code.0;
            Reply::RpcError(ServerJsonRpcMessage::Error(error), code, session)
        }
        Ok(message) => Reply::Answer(StreamableHttpPostResponse::Json(message, session)),
        Err(error) => Reply::NotMcp(
            status.as_u16(),
            format!("not a JSON-RPC message ({error}): {}", shorten(&String::from_utf8_lossy(body))),
        ),
    }
}

async fn read_failure(response: reqwest::Response, session: Option<String>) -> Result<Reply, NoReply> {
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let date = date(response.headers());
    let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let body = body(response).await?;
    // With these the status says what to do, whatever the body is.
    let by_status = matches!(status.as_u16(), 401 | 403 | 421 | 429 | 502..=504);
    if !by_status && let Reply::RpcError(message, code, _) = read_json(status, &body, None) {
        return Ok(Reply::RpcError(message, code, session));
    }
    Ok(Reply::Refusal(Refusal { status, said: said(&body), date, retry_after }))
}

/// The server's clock, as it stamped an answer.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// The message in an AWS error body (`message` or `Message`), in a JSON-RPC error, or the
/// body itself.
pub(crate) fn said(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    struct ErrorBody {
        #[serde(alias = "Message")]
        message: Option<String>,
        error: Option<RpcError>,
    }
    #[derive(Deserialize)]
    struct RpcError {
        message: String,
    }
    let read: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let message = read.message.or(read.error.map(|error| error.message));
    shorten(&message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()))
}

fn shorten(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(SAID_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "(no body)".to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_said_is_found_in_every_form_it_has() {
        assert_eq!(said(br#"{"message":"Signature expired"}"#), "Signature expired");
        assert_eq!(said(br#"{"Message":"Forbidden"}"#), "Forbidden");
        assert_eq!(said(br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"no"}}"#), "no");
        assert_eq!(said(b"Internal Server Error"), "Internal Server Error");
        assert_eq!(said(b""), "(no body)");
    }
}
