//! A request refused before it reached the handler, as an HTTP response with a JSON-RPC
//! error that says what was wrong.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId};

use crate::service::Body;

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    id: Option<RequestId>,
    error: ErrorData,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, id: None, error: ErrorData::new(code, message.into(), None) }
    }

    /// 400: the message is not a valid JSON-RPC request.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::INVALID_REQUEST, message)
    }

    /// 400: the body is not JSON.
    pub(crate) fn parse_error(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::PARSE_ERROR, message)
    }

    /// 200: the parameters do not fit the method. The request could be read, so this is its
    /// answer; clients take another status for the end of the connection.
    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, ErrorCode::INVALID_PARAMS, message)
    }

    /// 404, on which clients do the handshake again (MCP 2025-11-25, "Session Management").
    pub(crate) fn lost_session() -> Self {
        let message = "the session is not here, or no longer: initialize again";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::INVALID_REQUEST, message)
    }

    pub(crate) fn with_id(mut self, id: Option<RequestId>) -> Self {
        self.id = id;
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&JsonRpcError::new(self.id, self.error)).unwrap_or_default();
        let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}
