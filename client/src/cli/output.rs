//! Results as text for people and as JSON for programs.

use mcp_sigv4::{CallToolResult, JsonObject, Tool};
use serde::Serialize;
use serde_json::Value;

/// Indented, one line break at the end.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// `name(argument: type, …) -> type`, and below it what the tool does.
pub(super) fn tools(tools: &[Tool]) -> String {
    let listed = tools.iter().map(|tool| {
        let description = tool.description.as_deref().unwrap_or_default().replace('\n', "\n    ");
        format!("{}({}){}\n    {description}\n", tool.name, arguments(&tool.input_schema), result_type(tool))
    });
    listed.collect()
}

fn arguments(schema: &JsonObject) -> String {
    let required: Vec<&Value> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let listed = properties.map(|(name, property)| {
        let optional = if required.iter().any(|required| *required == name) { "" } else { "?" };
        format!("{name}{optional}: {}", type_name(property))
    });
    listed.collect::<Vec<_>>().join(", ")
}

fn result_type(tool: &Tool) -> String {
    let properties = tool.output_schema.as_ref().and_then(|schema| schema.get("properties"));
    let result = properties.and_then(|properties| properties.get("result"));
    result.map_or_else(String::new, |result| format!(" -> {}", type_name(result)))
}

fn type_name(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or("any")
}

/// The text blocks of a result; of other blocks, their type.
pub(super) fn result(result: &CallToolResult) -> String {
    let blocks = result.content.iter().map(|block| match block.as_text() {
        Some(text) => format!("{}\n", text.text),
        None => "(a block that is not text: use --output json)\n".to_owned(),
    });
    blocks.collect()
}
