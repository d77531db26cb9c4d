//! The front door of a Lambda function URL with `AuthType: AWS_IAM`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream;
use iam_rs::Context;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::account::function_arn;
use crate::event::{FunctionResponse, event};
use crate::function::{AtWork, Function, InvokeError, InvokeMode};
use crate::gate::Gate;
use crate::identity::Identity;
use crate::runtime_api::Reply;
use crate::signature::SignatureError;

/// The largest request (Lambda quotas: 6 MB).
const MAX_REQUEST_BYTES: usize = 6 * 1024 * 1024;

/// The largest payload that a function may return in one piece (the Runtime API's own error
/// names the number).
const MAX_PAYLOAD_BYTES: usize = 6_291_556;

/// What ends the prelude of a streamed response.
const PRELUDE_END: [u8; 8] = [0; 8];

/// The door.
#[derive(Clone, Debug)]
pub(crate) struct FunctionUrl {
    gate: Gate,
    function: Arc<Function>,
}

/// A refusal in the form that Lambda gives it.
struct Refusal(StatusCode, &'static str, serde_json::Value);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static(self.1);
        ([(HeaderName::from_static("x-amzn-errortype"), kind)], (self.0, axum::Json(self.2))).into_response()
    }
}

impl Refusal {
    fn forbidden() -> Self {
        let text = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
        Self(StatusCode::FORBIDDEN, "AccessDeniedException", json!({ "Message": text }))
    }

    fn unauthenticated(error: &SignatureError) -> Self {
        let kind = match error {
            SignatureError::Missing => return Self::forbidden(),
            SignatureError::Incomplete(_) => "IncompleteSignatureException",
            SignatureError::UnknownToken => "UnrecognizedClientException",
            SignatureError::ExpiredToken => "ExpiredTokenException",
            _ => "InvalidSignatureException",
        };
        Self(StatusCode::FORBIDDEN, kind, json!({ "message": error.to_string() }))
    }

    fn too_large() -> Self {
        Self(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            json!({ "Message": "Request Entity Too Large" }),
        )
    }

    fn throttled() -> Self {
        let body = json!({ "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded." });
        Self(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", body)
    }
}

/// What a caller gets when the function fails; the reason is for the log alone.
fn failed(reason: &str) -> Response {
    tracing::warn!(reason, "the function failed");
    (StatusCode::BAD_GATEWAY, "Internal Server Error").into_response()
}

impl FunctionUrl {
    pub(crate) fn new(gate: Gate, function: Arc<Function>) -> Self {
        Self { gate, function }
    }

    pub(crate) fn router(self) -> Router {
        Router::new().fallback(handle).with_state(self)
    }

    async fn answer(&self, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await.map_err(|_| Refusal::too_large())?;
        let caller = self
            .gate
            .authenticate(&parts, &body, "lambda")
            .map_err(|error| Refusal::unauthenticated(&error))?;
        if !may_call(caller) {
            return Err(Refusal::forbidden());
        }
        let event = event(&parts, &body, caller, self.gate.now());
        match self.function.invoke(Bytes::from(event.to_string())).await {
            Ok((reply, at_work)) => {
                Ok(self.respond(reply, at_work).await.unwrap_or_else(|reason| failed(&reason)))
            }
            Err(InvokeError::Throttled) => Err(Refusal::throttled()),
            Err(InvokeError::Failed(reason)) => Ok(failed(&reason)),
        }
    }

    async fn respond(&self, reply: Reply, at_work: AtWork) -> Result<Response, String> {
        match (reply, self.function.mode()) {
            (Reply::Buffered(payload), mode) => {
                at_work.release();
                match mode {
                    InvokeMode::Buffered if payload.len() > MAX_PAYLOAD_BYTES => Err(format!(
                        "Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
                    )),
                    InvokeMode::Buffered => FunctionResponse::from_payload(payload),
                    // A URL that streams passes on whatever the function writes.
                    InvokeMode::ResponseStream => Ok(Response::new(Body::from(payload))),
                }
            }
            (Reply::Failed(error), _) => {
                at_work.release();
                Err(error)
            }
            (Reply::Streamed(pieces), InvokeMode::ResponseStream) => streamed(pieces, at_work).await,
            (Reply::Streamed(_), InvokeMode::Buffered) => {
                Err("the function streams, but its URL is BUFFERED: set both to the same mode".to_owned())
            }
        }
    }
}

async fn handle(State(door): State<FunctionUrl>, request: Request) -> Response {
    let response = door.answer(request).await.unwrap_or_else(IntoResponse::into_response);
    door.gate.stamp(response)
}

/// A caller needs both actions, each under its condition (Lambda developer guide, "Control
/// access to Lambda function URLs").
fn may_call(caller: &Identity) -> bool {
    let function = function_arn();
    let by_iam = Context::new().with_string("lambda:FunctionUrlAuthType", "AWS_IAM");
    let by_url = Context::new().with_boolean("lambda:InvokedViaFunctionUrl", true);
    caller.may("lambda:InvokeFunctionUrl", &function, by_iam)
        && caller.may("lambda:InvokeFunction", &function, by_url)
}

/// The next piece, if it comes in time.
async fn next(
    pieces: &mut mpsc::Receiver<Result<Bytes, String>>,
    deadline: Instant,
) -> Option<Result<Bytes, String>> {
    let late = |_| Some(Err("the function took longer than it may".to_owned()));
    tokio::time::timeout_at(deadline, pieces.recv()).await.unwrap_or_else(late)
}

/// Reads the prelude of a streamed response and passes on what follows it.
async fn streamed(
    mut pieces: mpsc::Receiver<Result<Bytes, String>>,
    at_work: AtWork,
) -> Result<Response, String> {
    let mut begun = Vec::new();
    let end = loop {
        if let Some(end) = begun.windows(PRELUDE_END.len()).position(|bytes| bytes == PRELUDE_END) {
            break end;
        }
        let piece = next(&mut pieces, at_work.deadline).await;
        let piece = piece.ok_or("the streamed response ended within its prelude")??;
        begun.extend_from_slice(&piece);
    };
    let prelude: FunctionResponse = serde_json::from_slice(&begun[..end])
        .map_err(|error| format!("the prelude is not usable: {error}"))?;
    let first = Bytes::from(begun.split_off(end + PRELUDE_END.len()));
    let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
    // The environment is at work until the last piece. Where the caller goes away or the
    // stream breaks, it is dropped, and with it the process.
    let deadline = at_work.deadline;
    let rest = stream::unfold((pieces, Some(at_work)), move |(mut pieces, mut at_work)| async move {
        let piece = next(&mut pieces, deadline).await;
        if piece.is_none()
            && let Some(at_work) = at_work.take()
        {
            at_work.release();
        }
        piece.map(|piece| (piece.map_err(std::io::Error::other), (pieces, at_work)))
    });
    prelude.with_body(Body::from_stream(first.chain(rest)))
}
