//! One HTTP exchange: a signed POST out, and what came back read as far as MCP goes.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use sse_stream::{Error as SseError, Sse, SseStream};

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

/// The events of a stream, as they come.
pub(crate) type Events = BoxStream<'static, Result<Sse, SseError>>;

/// What a server answers a message with.
pub(crate) enum Answer {
    /// One JSON-RPC message, as it came.
    Message(Bytes),
    /// An event stream that will hold the messages.
    Events(Events),
    /// A bare acceptance.
    Accepted,
}

/// What came back.
pub(crate) enum Reply {
    Answer(Answer),
    /// A JSON-RPC error, as it came, and its code.
    RpcError(Bytes, i32),
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
    if !status.is_success() {
        return read_failure(response).await;
    }
    if !awaits_answer || matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        // To its end, so that the connection can be used again.
        body(response).await?;
        return Ok(Reply::Answer(Answer::Accepted));
    }
    match media_type.as_str() {
        "text/event-stream" => Ok(Reply::Answer(Answer::Events(events(response)))),
        "application/json" => Ok(read_json(status, body(response).await?)),
        other => {
            let text = shorten(&String::from_utf8_lossy(&body(response).await?));
            Ok(Reply::NotMcp(status.as_u16(), format!("content type {other:?}: {text}")))
        }
    }
}

/// The body as a stream of events.
pub(crate) fn events(response: reqwest::Response) -> Events {
    SseStream::from_bytes_stream(capped(response.bytes_stream())).boxed()
}

/// Whether a response is a stream of events.
pub(crate) fn is_event_stream(response: &reqwest::Response) -> bool {
    response.status().is_success() && media_type(response.headers()) == "text/event-stream"
}

/// The whole body, if it is not too large to be kept.
async fn body(mut response: reqwest::Response) -> Result<Bytes, NoReply> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            let reason = format!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
            return Err(NoReply { trouble: Trouble::TooLarge, reason });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
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

fn read_json(status: StatusCode, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        #[expect(dead_code, reason = "that it is there is what tells a JSON-RPC message")]
        jsonrpc: &'a RawValue,
        error: Option<Code>,
    }
    #[derive(Deserialize)]
    struct Code {
        code: i32,
    }
    match serde_json::from_slice(&body) {
        Ok(Head { error: Some(Code { code }), .. }) => Reply::RpcError(body, code),
        Ok(Head { error: None, .. }) => Reply::Answer(Answer::Message(body)),
        Err(error) => Reply::NotMcp(
            status.as_u16(),
            format!("not a JSON-RPC message ({error}): {}", shorten(&String::from_utf8_lossy(&body))),
        ),
    }
}

async fn read_failure(response: reqwest::Response) -> Result<Reply, NoReply> {
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let date = date(response.headers());
    let retry_after = text(RETRY_AFTER).and_then(|when| retry_after(when, date));
    let body = body(response).await?;
    // With these the status says what to do, whatever the body is.
    let by_status = matches!(status.as_u16(), 401 | 403 | 421 | 429 | 502..=504);
    if !by_status && let Reply::RpcError(body, code) = read_json(status, body.clone()) {
        return Ok(Reply::RpcError(body, code));
    }
    Ok(Reply::Refusal(Refusal { status, said: said(&body), date, retry_after }))
}

/// Seconds, or a date by the server's clock (RFC 9110, "Retry-After").
fn retry_after(when: &str, now: Option<SystemTime>) -> Option<Duration> {
    if let Ok(seconds) = when.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(when).ok()?.duration_since(now?).ok()
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
