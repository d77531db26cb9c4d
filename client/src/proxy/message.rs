//! One JSON-RPC message as it came: read as far as a proxy must, and passed on untouched.

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What JSON-RPC calls text that is no JSON.
const PARSE_ERROR: i32 = -32700;
/// What JSON-RPC calls JSON that is no message.
const INVALID_REQUEST: i32 = -32600;

/// The `_meta` key by which a request of the stateless era names its protocol version
/// (MCP 2026-07-28).
pub(crate) const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// A message, and what kind it is.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// On one line.
    pub(crate) bytes: Bytes,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Request { id: Value, method: String },
    Notification { method: String },
    Response { id: Value },
}

/// Why something is no message, and the id under which to say so.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed {
    pub(crate) id: Option<Value>,
    code: i32,
    why: String,
}

/// What a proxy reads of a request's parameters; anything odd about them is for the server to
/// judge, unless a filter needs to know.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    pub(crate) cursor: Option<Value>,
    pub(crate) name: Option<Value>,
    pub(crate) uri: Option<Value>,
    #[serde(rename = "taskId")]
    pub(crate) task_id: Option<Value>,
    #[serde(rename = "requestId")]
    pub(crate) request_id: Option<Value>,
    pub(crate) arguments: Option<Box<RawValue>>,
    pub(crate) r#ref: Option<Value>,
    #[serde(rename = "_meta")]
    meta: Option<Value>,
}

impl Parameters {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_ref()?.as_str()
    }

    pub(crate) fn meta(&self) -> Option<&Value> {
        self.meta.as_ref()
    }

    /// The protocol version of a request of the stateless era.
    pub(crate) fn version(&self) -> Option<&str> {
        self.meta.as_ref()?.get(VERSION_KEY)?.as_str()
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
    method: Option<String>,
    #[serde(default, deserialize_with = "there")]
    result: bool,
    #[serde(default, deserialize_with = "there")]
    error: bool,
}

/// Tells `null` from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl Message {
    /// Reads what came at once: a message, or a batch of them (MCP 2025-03-26), each of which
    /// is answered for itself.
    pub(crate) fn read_all(bytes: Bytes) -> Vec<Result<Self, Malformed>> {
        if !bytes.trim_ascii_start().starts_with(b"[") {
            return vec![Self::read(bytes)];
        }
        match serde_json::from_slice::<Vec<Box<RawValue>>>(&bytes) {
            Ok(batch) if !batch.is_empty() => {
                batch.iter().map(|raw| Self::read(Bytes::copy_from_slice(raw.get().as_bytes()))).collect()
            }
            Ok(_) => vec![Err(Malformed::new(None, INVALID_REQUEST, "an empty batch"))],
            Err(error) => vec![Err(Malformed::new(None, PARSE_ERROR, &error.to_string()))],
        }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn read(bytes: Bytes) -> Result<Self, Malformed> {
        // Serde would read a list as an object's fields in their order.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(Malformed::new(None, INVALID_REQUEST, "a list"));
        }
        let envelope: Envelope = match serde_json::from_slice(&bytes) {
            Ok(envelope) => envelope,
            Err(error) if error.is_data() => {
                let id =
                    serde_json::from_slice::<Value>(&bytes).ok().and_then(|value| value.get("id").cloned());
                return Err(Malformed::new(id.filter(is_id), INVALID_REQUEST, &error.to_string()));
            }
            Err(error) => return Err(Malformed::new(None, PARSE_ERROR, &error.to_string())),
        };
        let invalid = |id, why| Err(Malformed::new(id, INVALID_REQUEST, why));
        let kind = match (envelope.id, envelope.method) {
            // Whoever answers so did not read the request.
            (None | Some(Value::Null), None) if envelope.error => Kind::Response { id: Value::Null },
            (Some(id), _) if !is_id(&id) => return invalid(None, "an id is a string or a number"),
            (Some(id), Some(method)) => Kind::Request { id, method },
            (None, Some(method)) => Kind::Notification { method },
            (Some(id), None) if envelope.result || envelope.error => Kind::Response { id },
            (id, None) => return invalid(id, "neither a method nor a result nor an error"),
        };
        Ok(Self { bytes: on_one_line(bytes), kind })
    }

    /// A request of the proxy's own.
    pub(crate) fn request(id: &str, method: &str, params: &Value) -> Self {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let kind = Kind::Request { id: json!(id), method: method.to_owned() };
        Self { bytes: to_bytes(&request), kind }
    }

    /// The parameters, as far as a proxy reads them; nothing of those that are no object.
    pub(crate) fn parameters(&self) -> Parameters {
        #[derive(Deserialize)]
        struct Whole<'a> {
            #[serde(borrow)]
            params: &'a RawValue,
        }
        let whole = serde_json::from_slice::<Whole<'_>>(&self.bytes).ok();
        let params = whole.map(|whole| whole.params.get()).filter(|params| params.starts_with('{'));
        params.and_then(|params| serde_json::from_str(params).ok()).unwrap_or_default()
    }

    /// The message with something about it changed; `None` if it cannot be read to its depth.
    pub(crate) fn edited(&self, edit: impl FnOnce(&mut Value)) -> Option<Self> {
        let mut value = serde_json::from_slice(&self.bytes).ok()?;
        edit(&mut value);
        Self::read(to_bytes(&value)).ok()
    }

    /// The message with another name in that place, where there is one.
    pub(crate) fn with_name(&self, place: &str, name: &str) -> Option<Self> {
        let mut found = false;
        let edited = self.edited(|message| {
            if let Some(place) = message.pointer_mut(place) {
                *place = json!(name);
                found = true;
            }
        });
        edited.filter(|_| found)
    }

    /// The message under another id.
    pub(crate) fn with_id(&self, id: Value) -> Option<Self> {
        self.edited(|message| {
            if let Some(message) = message.as_object_mut() {
                message.insert("id".to_owned(), id);
            }
        })
    }

    /// The id of a request or of the request that is answered.
    pub(crate) fn id(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Request { id, .. } | Kind::Response { id } => Some(id),
            Kind::Notification { .. } => None,
        }
    }

    /// The method of a request or notification.
    pub(crate) fn method(&self) -> &str {
        match &self.kind {
            Kind::Request { method, .. } | Kind::Notification { method } => method,
            Kind::Response { .. } => "",
        }
    }

    pub(crate) fn is_request(&self) -> bool {
        matches!(self.kind, Kind::Request { .. })
    }
}

impl Malformed {
    fn new(id: Option<Value>, code: i32, why: &str) -> Self {
        Self { id, code, why: why.to_owned() }
    }

    /// Too long to be kept.
    pub(crate) fn too_long(limit: usize) -> Self {
        Self::new(None, INVALID_REQUEST, &format!("longer than {limit} bytes"))
    }

    /// What to answer.
    pub(crate) fn answer(&self) -> Bytes {
        error(self.id.as_ref(), self.code, &format!("not a message of MCP: {}", self.why), None)
    }
}

/// An error as an answer; one to an unknown request carries no id (MCP's schema).
pub(crate) fn error(id: Option<&Value>, code: i32, message: &str, data: Option<Value>) -> Bytes {
    let mut answer = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message } });
    if let Some(id) = id {
        answer["id"] = id.clone();
    }
    if let Some(data) = data {
        answer["error"]["data"] = data;
    }
    to_bytes(&answer)
}

/// A result as an answer.
pub(crate) fn result(id: &Value, result: &Value) -> Bytes {
    to_bytes(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

pub(crate) fn to_bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_number()
}

/// Line breaks in JSON stand between its parts only: inside a text they are escaped.
fn on_one_line(bytes: Bytes) -> Bytes {
    if !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return bytes;
    }
    bytes.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

#[cfg(test)]
mod tests;
