//! The errors of the data plane, as an MCP client sees them.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// The data plane's errors (AgentCore developer guide, "MCP error codes").
#[derive(Debug)]
pub(super) enum DataPlaneError {
    AccessDenied(String),
    NotAcceptable,
    Throttled,
    NotFound(String),
    Validation(String),
    Container(String),
}

impl DataPlaneError {
    /// HTTP status, JSON-RPC code and text. Most come under a 200.
    fn parts(self) -> (StatusCode, i32, String) {
        match self {
            Self::AccessDenied(text) => (StatusCode::FORBIDDEN, -32002, text),
            Self::NotAcceptable => (
                StatusCode::NOT_ACCEPTABLE,
                -32011,
                "Not Acceptable: the client must accept both application/json and text/event-stream"
                    .to_owned(),
            ),
            Self::Throttled => (StatusCode::OK, -32003, "Rate exceeded: too many new sessions".to_owned()),
            Self::NotFound(text) => (StatusCode::OK, -32004, text),
            Self::Validation(text) => (StatusCode::OK, -32006, text),
            Self::Container(text) => (StatusCode::OK, -32010, text),
        }
    }

    /// The error as the answer to a request.
    pub(super) fn answer(self, request: &[u8]) -> Response {
        #[derive(Default, Deserialize)]
        struct Request {
            id: Option<Value>,
        }
        let (status, code, text) = self.parts();
        let mut body = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": text } });
        if let Some(id) = serde_json::from_slice::<Request>(request).unwrap_or_default().id {
            body["id"] = id;
        }
        (status, axum::Json(body)).into_response()
    }
}
