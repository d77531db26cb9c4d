//! What a host knows of a request that HTTP alone does not say.

/// Who asked and under which names the platform knows the request; for the log.
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
