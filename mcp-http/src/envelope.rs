//! A JSON-RPC message, checked before it is dispatched.
//!
//! rmcp answers a message that it cannot read with 415 and a line of text that does not
//! say what was wrong. JSON-RPC 2.0 (section 5.1) and MCP ask for an error object: it is
//! made here, from a pass over the message that copies nothing.

use std::borrow::Cow;

use http::StatusCode;
use rmcp::model::{ErrorCode, RequestId};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::params::read_params;
use crate::refusal::Refusal;

/// What is known of a message that may be dispatched.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    /// The JSON-RPC id; a notification has none.
    pub(crate) id: Option<RequestId>,
    /// The MCP method; an answer from the client has none.
    pub(crate) method: Option<String>,
    /// The tool that is called.
    pub(crate) tool: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Members<'a> {
    #[serde(borrow)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// What serde_json names the single member by which it passes numbers and raw JSON to
/// itself. In a message it would be taken for one of those.
const PRIVATE_KEY: &str = "$serde_json::private::";

/// Whether a member of some object in a valid JSON text has such a name, however written.
fn has_private_key(text: &str) -> bool {
    if !text.contains("$serde_json") && !text.contains("\\u") {
        return false;
    }
    let mut rest = text;
    while let Some((_, from)) = rest.split_once('"') {
        let end = string_end(from);
        let (string, after) = from.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        if rest.trim_start().starts_with(':') {
            let name: Result<String, _> = serde_json::from_str(&format!("\"{string}\""));
            if name.is_ok_and(|name| name.starts_with(PRIVATE_KEY)) {
                return true;
            }
        }
    }
    false
}

/// Where a JSON string ends whose opening quote has been read.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.unwrap_or(text.len())
}

/// Keeps an explicit `null` apart from an absent member.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Envelope {
    /// Reads a message.
    ///
    /// # Errors
    /// A refusal that names the first thing that is wrong, under the message's id where it
    /// has a usable one.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|error| {
            Refusal::parse_error(format!(
                "the body is not UTF-8: invalid byte at offset {}",
                error.valid_up_to()
            ))
        })?;
        match text.trim_start().as_bytes().first() {
            None => return Err(Refusal::parse_error("the body is empty: send one JSON-RPC message")),
            Some(b'[') => {
                return Err(Refusal::invalid_request(
                    "batches are not supported: send one JSON-RPC message per request",
                ));
            }
            Some(_) => {}
        }
        let members: Members = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        if has_private_key(text) {
            return Err(Refusal::invalid_request(format!("a member may not be called {PRIVATE_KEY}…")));
        }
        let id = members.id.map(read_id).transpose()?;
        members.into_envelope(id.clone()).map_err(|refusal| refusal.with_id(id))
    }

    /// Why rmcp could not read a message that passed [`Envelope::read`].
    pub(crate) fn explain(self, body: &[u8]) -> Refusal {
        let refusal = match (serde_json::from_slice::<serde_json::Value>(body), &self.id, &self.method) {
            (Err(error), ..) => unreadable(&error),
            (Ok(_), Some(_), Some(method)) => Refusal::invalid_params(format!(
                "the params of {method} do not fit: see their members' types"
            )),
            _ => Refusal::invalid_request("not a message that MCP defines: see its members' types"),
        };
        refusal.with_id(self.id)
    }
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    match error.classify() {
        Category::Data => Refusal::invalid_request(format!("not a JSON-RPC message: {error}")),
        _ => Refusal::parse_error(format!("the body is not JSON that can be read: {error}")),
    }
}

fn read_id(id: &RawValue) -> Result<RequestId, Refusal> {
    let wrong =
        || Refusal::invalid_request(format!("the id must be a string or an integer, got {}", shown(id)));
    serde_json::from_str(id.get()).map_err(|_| wrong())
}

/// A value for an error text, cut short.
pub(crate) fn shown(value: &RawValue) -> Cow<'_, str> {
    let text = value.get();
    match text.char_indices().nth(40) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

impl Members<'_> {
    fn into_envelope(self, id: Option<RequestId>) -> Result<Envelope, Refusal> {
        if self.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
            return Err(Refusal::invalid_request("the member jsonrpc must be \"2.0\""));
        }
        let Some(method) = self.method else {
            let answer = self.result.is_some() || self.error.is_some();
            let missing = || Refusal::invalid_request("the member method is missing");
            return answer.then_some(Envelope { id, ..Envelope::default() }).ok_or_else(missing);
        };
        let method: String = serde_json::from_str(method.get()).map_err(|_| {
            Refusal::invalid_request(format!("the method must be a string, got {}", shown(method)))
        })?;
        // Some clients write null for none.
        let params = self.params.filter(|params| params.get() != "null");
        if let Some(params) = params.filter(|params| !params.get().starts_with('{')) {
            let message = format!("params must be an object, got {}", shown(params));
            return Err(Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::INVALID_PARAMS, message));
        }
        let params = params.map_or("{}", RawValue::get);
        let tool = if id.is_some() { read_params(&method, params)? } else { None };
        Ok(Envelope { id, method: Some(method), tool })
    }
}
