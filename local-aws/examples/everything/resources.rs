//! The resources that the suite reads.

use rmcp::model::{ErrorData, ReadResourceResult};
use serde_json::{Value, json};

use super::complete;
use super::tools::PNG;

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";

pub(super) fn all() -> Value {
    json!([
        { "uri": TEXT, "name": "static-text", "description": "A text", "mimeType": "text/plain" },
        { "uri": BINARY, "name": "static-binary", "description": "An image", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "watched", "description": "A text to subscribe to",
          "mimeType": "text/plain" },
    ])
}

pub(super) fn templates() -> Value {
    json!([{ "uriTemplate": "test://template/{id}/data", "name": "template",
             "description": "Data of an id", "mimeType": "application/json" }])
}

pub(super) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let content = match uri {
        TEXT | "test://watched-resource" => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of a text." })
        }
        BINARY => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        _ => {
            let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
            let id = id.ok_or_else(|| unknown(uri))?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
        }
    };
    complete(json!({ "contents": [content], "ttlMs": 60_000, "cacheScope": "public" }))
}

fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("there is no resource {uri}"), Some(json!({ "uri": uri })))
}
