//! One log line per request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use rmcp::model::ErrorCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::envelope::Envelope;
use crate::one_way::messages;
use crate::origin::{Origin, session_of};
use crate::service::Body;

/// What is logged of a request: never arguments, results, credentials or signatures.
///
/// The line is written when the answer has been sent, or when the caller went away.
#[derive(Debug)]
pub(crate) struct Record {
    started: Instant,
    origin: Origin,
    method: Option<String>,
    tool: Option<String>,
    status: Option<u16>,
    outcome: Outcome,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The caller went away before an answer.
    Cancelled,
    /// Answered, or a notification accepted.
    Ok,
    /// The tool said no: `isError: true`.
    ToolError,
    /// A JSON-RPC error.
    Error(ErrorCode),
}

impl Record {
    pub(crate) fn start(parts: &Parts) -> Self {
        let mut origin = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
        let header = |name: &str| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
        origin.session_id = session_of(parts);
        origin.trace_id = origin.trace_id.or_else(|| header("traceparent"));
        Self {
            started: Instant::now(),
            origin,
            method: None,
            tool: None,
            status: None,
            outcome: Outcome::Cancelled,
        }
    }

    pub(crate) fn identify(&mut self, envelope: &Envelope) {
        self.method = envelope.method.as_deref().map(shorten);
        self.tool = envelope.tool.as_deref().map(shorten);
    }

    /// Rides along with the answer until it has been sent.
    pub(crate) fn follow(mut self, response: Response<Body>) -> Response<Body> {
        self.status = Some(response.status().as_u16());
        let content_type = response.headers().get(CONTENT_TYPE);
        let stream = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if response.body().is_end_stream() {
            self.outcome = Outcome::Ok;
            return response;
        }
        response.map(|body| FollowedBody { body, stream, record: self }.boxed())
    }

    /// Notes what a piece of the answer says of the outcome.
    fn observe(&mut self, data: &[u8], stream: bool) {
        let outcome = if stream { messages(data).find_map(read_outcome) } else { read_outcome(data) };
        self.outcome = outcome.unwrap_or(self.outcome);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (outcome, code) = match self.outcome {
            Outcome::Cancelled => ("cancelled", None),
            Outcome::Ok => ("ok", None),
            Outcome::ToolError => ("tool_error", None),
            Outcome::Error(code) => ("error", Some(code.0)),
        };
        tracing::info!(
            target: "mcp",
            request_id = self.origin.request_id,
            session_id = self.origin.session_id,
            trace_id = self.origin.trace_id,
            caller = self.origin.caller,
            method = self.method,
            tool = self.tool,
            status = self.status,
            outcome,
            code,
            duration_ms = milliseconds(self.started),
            "request"
        );
    }
}

/// Names come from the caller, who may send anything.
fn shorten(name: &str) -> String {
    name.chars().take(100).collect()
}

/// To the microsecond.
fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

/// The outcome that a message tells, or `None` if it is not an answer.
fn read_outcome(message: &[u8]) -> Option<Outcome> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        result: Option<&'a RawValue>,
        error: Option<Failure>,
    }
    #[derive(Deserialize)]
    struct Failure {
        code: i32,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ToolAnswer {
        #[serde(default)]
        is_error: bool,
    }
    let answer: Answer = serde_json::from_slice(message).ok()?;
    if let Some(failure) = answer.error {
        return Some(Outcome::Error(ErrorCode(failure.code)));
    }
    let refused = serde_json::from_str(answer.result?.get()).is_ok_and(|answer: ToolAnswer| answer.is_error);
    Some(if refused { Outcome::ToolError } else { Outcome::Ok })
}

/// A body that tells its record what passes.
struct FollowedBody {
    body: Body,
    stream: bool,
    record: Record,
}

impl http_body::Body for FollowedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let stream = self.stream;
            self.record.observe(data, stream);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
