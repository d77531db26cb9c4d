//! [`Integer`] as JSON: what is accepted, what is written, and its schema.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::{Number, Value};

use crate::Integer;

/// How much of a refused value an error repeats.
const QUOTED_CHARACTERS: usize = 40;

impl<'de> Deserialize<'de> for Integer {
    /// A JSON number with no fraction or a string of digits. Unlike in the original,
    /// `true` and `false` are not integers.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = match &value {
            Value::Number(number) => Self::from_json_number(&number.to_string()),
            Value::String(text) => text.parse(),
            other => return Err(D::Error::custom(format!("expected an integer, got {}", kind(other)))),
        };
        read.map_err(|error| {
            D::Error::custom(format!("expected an integer, got {}: {error}", quoted(&value)))
        })
    }
}

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_string().parse::<Number>().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl JsonSchema for Integer {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Integer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer" })
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn quoted(value: &Value) -> String {
    let written = value.to_string();
    match written.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("{}…", &written[..end]),
        None => written,
    }
}
