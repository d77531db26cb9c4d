//! The front door of the AgentCore data plane: `InvokeAgentRuntime` for MCP runtimes, and
//! `StopRuntimeSession`.

mod error;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::request::Parts;
use http_body_util::BodyExt;
use iam_rs::Context;
use serde_json::json;
use uuid::Uuid;

use self::error::DataPlaneError;
use crate::account::{ACCOUNT, RUNTIME_ID, runtime_arn};
use crate::gate::Gate;
use crate::sessions::{Containers, Lease, SessionError, Sessions};

/// The largest payload (AgentCore quotas: 100 MB).
const MAX_PAYLOAD_BYTES: usize = 100 * 1000 * 1000;

/// How long a request may take (AgentCore quotas: 15 minutes).
const REQUEST_TIMEOUT: Duration = Duration::from_mins(15);

const SESSION_HEADER: &str = "mcp-session-id";
const PLATFORM_SESSION_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-session-id";

const REQUEST_HEADER: HeaderName = HeaderName::from_static("x-amzn-bedrock-agentcore-runtime-request-id");

/// The name that containers see as Host: that of a cell, never the public one.
const INTERNAL_HOST: &str = "cell01.us-east-1.prod.arp.kepler-analytics.aws.dev";

/// The headers that reach the container.
const FORWARDED: [&str; 9] = [
    "content-type",
    "accept",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "x-amzn-trace-id",
    "traceparent",
    "tracestate",
    "baggage",
];

/// The door.
#[derive(Clone, Debug)]
pub(crate) struct DataPlane {
    gate: Gate,
    sessions: Arc<Sessions>,
    containers: Containers,
}

impl DataPlane {
    pub(crate) fn new(gate: Gate, sessions: Arc<Sessions>, containers: Containers) -> Self {
        Self { gate, sessions, containers }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/runtimes/{runtime}/invocations", post(invoke))
            .route("/runtimes/{runtime}/stopruntimesession", post(stop))
            .fallback(unknown_operation)
            .with_state(self)
    }
}

async fn unknown_operation(State(door): State<DataPlane>) -> Response {
    let body = json!({ "message": "Unable to determine service/operation name to be authorized" });
    door.gate.stamp((StatusCode::NOT_FOUND, axum::Json(body)).into_response())
}

async fn invoke(State(door): State<DataPlane>, Path(runtime): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, MAX_PAYLOAD_BYTES).await {
        Ok(body) => {
            let answer = door.answer(&parts, &runtime, body.clone()).await;
            answer.unwrap_or_else(|error| error.answer(&body))
        }
        Err(error) => DataPlaneError::Validation(format!("the payload cannot be taken: {error}")).answer(b""),
    };
    door.gate.stamp(response)
}

async fn stop(State(door): State<DataPlane>, Path(runtime): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let denied =
        |text: String| (StatusCode::FORBIDDEN, axum::Json(json!({ "message": text }))).into_response();
    let allowed = match axum::body::to_bytes(body, MAX_PAYLOAD_BYTES).await {
        Ok(body) => door.admit(&parts, &body, "bedrock-agentcore:StopRuntimeSession"),
        Err(error) => Err(error.to_string()),
    };
    let known = is_deployed(&runtime, parts.uri.query());
    let session = session_of(&parts.headers).unwrap_or_default();
    let response = match allowed {
        Err(text) => denied(text),
        Ok(()) if known && door.sessions.stop(&session) => {
            axum::Json(json!({ "runtimeSessionId": session })).into_response()
        }
        Ok(()) => {
            let body = json!({ "message": format!("no session {session:?} of runtime {runtime}") });
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    };
    door.gate.stamp(response)
}

impl DataPlane {
    /// Signature and permission.
    fn admit(&self, parts: &Parts, body: &[u8], action: &str) -> Result<(), String> {
        let caller =
            self.gate.authenticate(parts, body, "bedrock-agentcore").map_err(|error| error.to_string())?;
        let resource = runtime_arn();
        if caller.may(action, &resource, Context::new()) {
            return Ok(());
        }
        Err(format!("User: {} is not authorized to perform: {action} on resource: {resource}", caller.arn))
    }

    async fn answer(&self, parts: &Parts, runtime: &str, body: Bytes) -> Result<Response, DataPlaneError> {
        self.admit(parts, &body, "bedrock-agentcore:InvokeAgentRuntime")
            .map_err(DataPlaneError::AccessDenied)?;
        if !is_deployed(runtime, parts.uri.query()) {
            return Err(DataPlaneError::NotFound(format!(
                "No endpoint or agent found with qualifier for {runtime}"
            )));
        }
        if !accepts_both(&parts.headers) {
            return Err(DataPlaneError::NotAcceptable);
        }
        let session = match session_of(&parts.headers) {
            Some(id) if !(33..=256).contains(&id.len()) => {
                return Err(DataPlaneError::Validation(
                    "a session id must have 33 to 256 characters".to_owned(),
                ));
            }
            Some(id) => id,
            None => Uuid::new_v4().to_string(),
        };
        let lease = self.sessions.lease(&session).await.map_err(|error| match error {
            SessionError::Throttled => DataPlaneError::Throttled,
            SessionError::Unhealthy(why) => {
                DataPlaneError::Container(format!("Runtime health check failed: {why}"))
            }
        })?;
        let answer = self.forward(&parts.headers, body, &session, lease).await;
        if let Err(DataPlaneError::Container(_)) = answer {
            // So that the next request finds a new container, not a dying one.
            self.sessions.bury(&session).await;
        }
        answer
    }

    /// Passes a request on to the session's container and its answer back, as it comes.
    async fn forward(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        session: &str,
        lease: Lease,
    ) -> Result<Response, DataPlaneError> {
        let failed = |why: &dyn std::fmt::Display| {
            DataPlaneError::Container(format!("the container did not answer: {why}"))
        };
        let session =
            HeaderValue::from_str(session).map_err(|error| DataPlaneError::Validation(error.to_string()))?;
        let mut request = Request::post(format!("http://127.0.0.1:{}/mcp", lease.port))
            .body(Body::from(body))
            .map_err(|error| failed(&error))?;
        for name in FORWARDED.map(HeaderName::from_static) {
            for value in headers.get_all(&name) {
                request.headers_mut().append(&name, value.clone());
            }
        }
        request.headers_mut().insert(HOST, HeaderValue::from_static(INTERNAL_HOST));
        if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
            request.headers_mut().insert(REQUEST_HEADER, id);
        }
        for name in [SESSION_HEADER, PLATFORM_SESSION_HEADER] {
            request.headers_mut().insert(HeaderName::from_static(name), session.clone());
        }
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, self.containers.request(request)).await;
        let (parts, body) =
            answer.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?.into_parts();

        // The session is in use until the last byte.
        let body = body.map_frame(move |frame| {
            let _in_use = &lease;
            frame
        });
        let mut response = Response::new(Body::new(body));
        *response.status_mut() = parts.status;
        response.headers_mut().insert(SESSION_HEADER, session);
        if let Some(content_type) = parts.headers.get(CONTENT_TYPE) {
            response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
        Ok(response)
    }
}

/// The path names the runtime by its ARN, or by its id beside `accountId` in the query.
fn is_deployed(runtime: &str, query: Option<&str>) -> bool {
    let query = query.unwrap_or_default();
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let named = runtime == runtime_arn() || (runtime == RUNTIME_ID && value("accountId") == Some(ACCOUNT));
    named && value("qualifier").unwrap_or("DEFAULT") == "DEFAULT"
}

fn accepts_both(headers: &HeaderMap) -> bool {
    let accept: String = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    accept.contains("application/json") && accept.contains("text/event-stream")
}

fn session_of(headers: &HeaderMap) -> Option<String> {
    let named = headers.get(SESSION_HEADER).or_else(|| headers.get(PLATFORM_SESSION_HEADER))?;
    named.to_str().ok().map(str::to_owned)
}
