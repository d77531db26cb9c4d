//! What is checked of a request before its message is read: method, headers, size.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use rmcp::model::ErrorCode;

use crate::refusal::Refusal;

/// The largest request body, the 6 MB that Lambda passes on: a host that carries less
/// never gets that far, and tools that want more than that want a reference instead.
pub const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// How much of a larger body is read, and thrown away: what AgentCore passes on at most.
const MAX_DRAINED_BYTES: usize = 100 * 1000 * 1000;

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// Method and headers.
pub(crate) fn check_head(parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        let message = format!("POST one JSON-RPC message to this MCP endpoint, not {}", parts.method);
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
pub(crate) fn satisfy_rmcp(headers: &mut HeaderMap) {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if headers.get(HOST).is_none_or(|host| Authority::try_from(host.as_bytes()).is_err()) {
        headers.insert(HOST, HeaderValue::from_static("localhost"));
    }
}

pub(crate) fn names_media_type(headers: &HeaderMap, header: HeaderName, wanted: &[&str]) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let mut essences = values.flat_map(|value| value.split(',')).filter_map(|entry| entry.split(';').next());
    essences.any(|essence| wanted.iter().any(|wanted| essence.trim().eq_ignore_ascii_case(wanted)))
}

/// The body. One that is too large is read to its end all the same, if that is near: whoever
/// is still sending may not see an answer before.
pub(crate) async fn collect<B>(body: B) -> Result<Bytes, Refusal>
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
