//! A failure as a person in an editor reads it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::message;
use crate::error::Error;

/// JSON-RPC's "internal error": whatever keeps the server from being asked is no fault of the
/// request, as "invalid params" would say.
const INTERNAL_ERROR: i32 = -32603;
/// What the official SDKs call a request that was not answered in time.
const REQUEST_TIMEOUT: i32 = -32001;
/// The request asks for what is not to be had.
const INVALID_PARAMS: i32 = -32602;

/// Why a request is answered by the proxy itself.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server could not be asked, or did not answer.
    Server(Error),
    /// The proxy was told not to pass it on.
    Refused(String),
    /// What keeps the proxy from telling whether it may pass it on.
    NotKnown(String, Error),
    /// An answer of the server's own, to be passed on.
    Answered(Bytes),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl Failure {
    /// The answer to the request of this id.
    pub(crate) fn answer(self, id: &Value) -> Bytes {
        match self {
            Self::Answered(answer) => answer,
            Self::Refused(why) => {
                message::error(Some(id), INVALID_PARAMS, &format!("mcp-sigv4: {why}"), None)
            }
            Self::NotKnown(what, error) => {
                let text = format!("mcp-sigv4: {what}: {}", text(&error));
                message::error(Some(id), code(&error), &text, data(&error))
            }
            Self::Server(error) => {
                let text = format!("mcp-sigv4: {}", text(&error));
                message::error(Some(id), code(&error), &text, data(&error))
            }
        }
    }
}

/// The message, with what the proxy adds to it.
pub(crate) fn text(error: &Error) -> String {
    match error {
        Error::NoCredentials(_) | Error::Credentials(_) | Error::ExpiredToken(_) => format!(
            "{error}\nThen try again: the proxy need not be restarted, unless it is to have other environment variables."
        ),
        Error::Unreachable { .. } => format!(
            "{error}\nCheck the address, the network and HTTPS_PROXY, and try again: the proxy need not be restarted."
        ),
        _ => error.to_string(),
    }
}

fn code(error: &Error) -> i32 {
    match error {
        Error::TimedOut { .. } | Error::ToolTimedOut { .. } => REQUEST_TIMEOUT,
        _ => INTERNAL_ERROR,
    }
}

/// What a program may want to know of it.
fn data(error: &Error) -> Option<Value> {
    let kind = match error {
        Error::NoCredentials(_) | Error::Credentials(_) | Error::ExpiredToken(_) => "credentials",
        Error::Forbidden(_) => "forbidden",
        Error::ClockSkew { .. } => "clock",
        Error::Unreachable { .. } => "unreachable",
        Error::Broken { .. } => "broken",
        Error::TimedOut { .. } | Error::ToolTimedOut { .. } => "timeout",
        Error::Status { status: 429, .. } => "throttled",
        Error::Status { .. } | Error::NotMcp { .. } | Error::SessionLost(_) => "server",
        _ => return None,
    };
    let may_have_run = matches!(
        error,
        Error::Broken { .. }
            | Error::TimedOut { .. }
            | Error::ToolTimedOut { .. }
            | Error::Status { status: 500..=599, .. }
    );
    Some(json!({ "cause": kind, "mayHaveRun": may_have_run }))
}
