//! The headers in which a request of the stateless era repeats what stands in its body
//! (MCP 2026-07-28, "Streamable HTTP": `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`).

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::message::{Message, Parameters};

pub(crate) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// An argument that a tool wants in a header too: where it is among the arguments, and the
/// header's name (`x-mcp-header` in the tool's input schema).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InHeader {
    path: Vec<String>,
    header: HeaderName,
}

/// What every message is sent with.
pub(crate) fn basic() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers
}

/// Adds what a request of the stateless era is sent with.
pub(crate) fn add_stateless(
    headers: &mut HeaderMap,
    version: &str,
    message: &Message,
    parameters: &Parameters,
    wanted: &[InHeader],
) {
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(&encode(value)) {
            headers.insert(name, value);
        }
    };
    let method = message.method();
    add(VERSION, version);
    add(METHOD, method);
    let name = match method {
        "tools/call" | "prompts/get" => &parameters.name,
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &parameters.uri,
        "tasks/get" | "tasks/update" | "tasks/cancel" => &parameters.task_id,
        _ => &None,
    };
    if let Some(name) = name.as_ref().and_then(Value::as_str) {
        add(NAME, name);
    }
    let arguments = parameters.arguments.as_ref().filter(|_| !wanted.is_empty());
    let arguments: Value = arguments.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    for InHeader { path, header } in wanted {
        let found = path.iter().try_fold(&arguments, |value, key| value.get(key));
        if let Some(text) = found.and_then(plain) {
            add(header.clone(), &text);
        }
    }
}

/// The arguments that an input schema wants in headers.
pub(crate) fn wanted(schema: &Value) -> Vec<InHeader> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<InHeader>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, property) in properties {
        path.push(name.clone());
        let header = property.get("x-mcp-header").and_then(Value::as_str);
        if let Some(Ok(header)) = header.map(|header| format!("mcp-param-{header}").to_lowercase().try_into())
        {
            found.push(InHeader { path: path.clone(), header });
        }
        collect(property, path, found);
        path.pop();
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A value as it may stand in a header: wrapped in base64 where it has blanks at its ends,
/// anything but visible ASCII, or the looks of a wrapped one.
fn encode(value: &str) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    let blank = value.starts_with(' ') || value.ends_with(' ');
    let wrapped = value.starts_with("=?base64?") && value.ends_with("?=");
    if plain && !blank && !wrapped {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("=?base64?{}?=", BASE64_STANDARD.encode(value)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_in_the_body_stands_in_the_headers() {
        let schema = json!({ "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "deep": { "properties": { "n": { "type": "integer", "x-mcp-header": "N" } } },
            "absent": { "x-mcp-header": "Absent" },
            "bad": { "x-mcp-header": "not a token" },
        }});
        let call = json!({ "id": 1, "method": "tools/call", "params": {
            "name": "größe", "arguments": { "region": " eu ", "deep": { "n": 7 }, "bad": 1 },
        }});
        let message = Message::read(Bytes::from(call.to_string())).expect("a message");
        let mut headers = HeaderMap::new();
        add_stateless(&mut headers, "2026-07-28", &message, &message.parameters(), &wanted(&schema));
        let mut lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
            .collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"), @"
        mcp-method: tools/call
        mcp-name: =?base64?Z3LDtsOfZQ==?=
        mcp-param-n: 7
        mcp-param-region: =?base64?IGV1IA==?=
        mcp-protocol-version: 2026-07-28
        ");
    }
}
