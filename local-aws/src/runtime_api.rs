//! The Lambda Runtime API, as one execution environment sees it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::account::function_arn;

/// One event for the function.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
    pub(crate) timeout: Duration,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// What the function made of it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A payload in one piece.
    Buffered(Bytes),
    /// A payload piece by piece; it ends with the channel, or with an error.
    Streamed(mpsc::Receiver<Result<Bytes, String>>),
    /// The function, or its runtime, said that it failed.
    Failed(String),
}

/// The state of one environment: the invocations to come, and the one at work.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    invocations: Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
}

impl RuntimeApi {
    pub(crate) fn new(invocations: mpsc::Receiver<Invocation>) -> Self {
        Self { invocations: Mutex::new(invocations), current: Mutex::default() }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::new(self))
    }

    /// The channel to whoever waits for this invocation.
    async fn take(&self, id: &str) -> Option<oneshot::Sender<Reply>> {
        let mut current = self.current.lock().await;
        current.take_if(|(current, _)| current == id).map(|(_, reply)| reply)
    }
}

/// Waits for an event.
async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    let Some(invocation) = api.invocations.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    *api.current.lock().await = Some((invocation.request_id.clone(), invocation.reply));
    let deadline = SystemTime::now() + invocation.timeout;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.request_id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", function_arn()),
        ("lambda-runtime-trace-id", trace_id()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.event).into_response()
}

/// `Root=1-{8 hex}-{24 hex}`, as X-Ray makes them.
fn trace_id() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("Root=1-{seconds:08x}-{};Sampled=0", &random[..24])
}

async fn response(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, request: Request) -> Response {
    let Some(reply) = api.take(&id).await else { return unknown_invocation() };
    if is_streaming(request.headers()) {
        stream(reply, request.into_body()).await;
    } else {
        let payload = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        // Nobody waits any more after a timeout; the environment is on its way out then.
        let _ = reply.send(match payload {
            Ok(payload) => Reply::Buffered(payload),
            Err(error) => Reply::Failed(error.to_string()),
        });
    }
    StatusCode::ACCEPTED.into_response()
}

fn is_streaming(headers: &HeaderMap) -> bool {
    headers.get("lambda-runtime-function-response-mode").is_some_and(|mode| mode == "streaming")
}

/// Relays the pieces. Trailers that name an error end the stream with it.
async fn stream(reply: oneshot::Sender<Reply>, mut body: Body) {
    let (pieces, relayed) = mpsc::channel(16);
    if reply.send(Reply::Streamed(relayed)).is_err() {
        return;
    }
    while let Some(frame) = body.frame().await {
        let piece = match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => Ok(data),
            Ok(Err(frame)) => match frame
                .trailers_ref()
                .and_then(|trailers| trailers.get("lambda-runtime-function-error-type"))
            {
                Some(error) => Err(String::from_utf8_lossy(error.as_bytes()).into_owned()),
                None => continue,
            },
            Err(error) => Err(error.to_string()),
        };
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}

async fn error(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: String) -> Response {
    let Some(reply) = api.take(&id).await else { return unknown_invocation() };
    let _ = reply.send(Reply::Failed(body));
    StatusCode::ACCEPTED.into_response()
}

async fn init_error(body: String) -> StatusCode {
    // The process exits next, which is what the environment acts on.
    tracing::warn!(error = body, "the function failed to initialise");
    StatusCode::ACCEPTED
}

fn unknown_invocation() -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(serde_json::json!({ "errorType": "InvalidRequestID" })))
        .into_response()
}
