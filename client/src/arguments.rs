//! `key=value` words as the arguments of a tool, read by the tool's own schema.

use rmcp::model::{JsonObject, Tool};
use serde_json::Value;
use thiserror::Error;

/// A word that is no argument.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not an argument: write NAME=VALUE, or give all arguments as --json '{{…}}'")]
pub struct ArgumentError(String);

/// Reads `key=value` words.
///
/// A value is text where the schema says that its argument is a string. Anywhere else it
/// is JSON if it reads as JSON (`5`, `true`, `[1, 2]`), or else text for the server to
/// judge.
///
/// # Errors
/// A word without `=`.
pub fn from_pairs(tool: Option<&Tool>, words: &[String]) -> Result<JsonObject, ArgumentError> {
    words
        .iter()
        .map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| ArgumentError(word.clone()))?;
            let text = tool.is_some_and(|tool| is_string(tool, name));
            let value = if text { Value::String(value.to_owned()) } else { json_or_text(value) };
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn json_or_text(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))
}

fn is_string(tool: &Tool, argument: &str) -> bool {
    let property = tool.input_schema.get("properties").and_then(|properties| properties.get(argument));
    property.and_then(|property| property.get("type")).is_some_and(|kind| kind == "string")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn read_words(words: &[&str]) -> Value {
        let schema =
            json!({"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}});
        let Value::Object(schema) = schema else { unreachable!("an object") };
        let tool = Tool::new("t", "d", Arc::new(schema));
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        Value::Object(from_pairs(Some(&tool), &words).expect("pairs"))
    }

    #[test]
    fn a_string_argument_is_never_read_as_json() {
        assert_eq!(read_words(&["name=5"]), json!({"name": "5"}));
        assert_eq!(read_words(&["name=a=b"]), json!({"name": "a=b"}));
        assert_eq!(read_words(&["name="]), json!({"name": ""}));
    }

    #[test]
    fn other_arguments_are_json_where_they_can_be() {
        assert_eq!(
            read_words(&["n=5", "list=[1,2]", "word=abc"]),
            json!({"n": 5, "list": [1, 2], "word": "abc"})
        );
        let big = read_words(&["n=1180591620717411303424"]);
        assert_eq!(big.to_string(), r#"{"n":1180591620717411303424}"#);
    }

    #[test]
    fn a_word_without_a_name_is_refused() {
        assert_eq!(from_pairs(None, &["5".to_owned()]), Err(ArgumentError("5".to_owned())));
    }
}
