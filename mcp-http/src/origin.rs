//! What a host knows of a request that HTTP alone does not say.

use http::HeaderName;
use http::request::Parts;

pub(crate) const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");

/// Who asked and under which names the platform knows the request; for the log, and for
/// sessions.
///
/// A host inserts it into the request's extensions. Whatever is absent is not logged.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The platform's id of the request.
    pub request_id: Option<String>,
    /// The platform's id of the session.
    pub session_id: Option<String>,
    /// The trace that the request belongs to.
    pub trace_id: Option<String>,
    /// The IAM principal that the platform authenticated, an ARN.
    pub caller: Option<String>,
}

/// The name of a request's session: the platform's, which stays the same from the first
/// request on, or else the client's.
pub(crate) fn session_of(parts: &Parts) -> Option<String> {
    let platform = parts.extensions.get::<Origin>().and_then(|origin| origin.session_id.clone());
    platform.or_else(|| parts.headers.get(SESSION_HEADER)?.to_str().ok().map(str::to_owned))
}
