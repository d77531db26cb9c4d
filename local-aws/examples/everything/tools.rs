//! The tools that the suite calls, but for those that ask back as of 2026-07-28.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ErrorData, LoggingMessageNotificationParam,
    ProgressNotificationParam,
};
use rmcp::service::ServiceError;
use serde_json::{Value, json};

use super::{Context, complete, questions, typed};

/// One red pixel.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/// A WAV file without a sound.
const WAV: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

/// So long between two notifications.
const STEP: Duration = Duration::from_millis(20);

/// Those without arguments, by what they are called for.
const SIMPLE: [(&str, &str); 23] = [
    ("test_simple_text", "Answer with a text"),
    ("test_image_content", "Answer with an image"),
    ("test_audio_content", "Answer with a sound"),
    ("test_embedded_resource", "Answer with a resource"),
    ("test_multiple_content_types", "Answer with several contents"),
    ("test_tool_with_logging", "Log before the answer"),
    ("test_tool_with_progress", "Send progress before the answer"),
    ("test_error_handling", "Fail"),
    ("test_reconnection", "Answer late"),
    ("test_elicitation_sep1034_defaults", "Ask the user, with defaults"),
    ("test_elicitation_sep1330_enums", "Ask the user to choose"),
    ("test_missing_capability", "Insist on a client that samples"),
    ("test_logging_tool", "Log at the level asked for"),
    ("test_streaming_elicitation", "Ask back"),
    ("test_trigger_tool_change", "Say that the tools changed"),
    ("test_trigger_prompt_change", "Say that the prompts changed"),
    ("test_input_required_result_elicitation", "Ask back, a form"),
    ("test_input_required_result_sampling", "Ask back, a model"),
    ("test_input_required_result_list_roots", "Ask back, for roots"),
    ("test_input_required_result_request_state", "Ask back, with a state"),
    ("test_input_required_result_multiple_inputs", "Ask back, three at once"),
    ("test_input_required_result_multi_round", "Ask back twice"),
    ("test_input_required_result_tampered_state", "Ask back, with a state that is checked"),
];

pub(super) fn all() -> Value {
    let tool = |name: &str, description: &str, schema: Value| json!({ "name": name, "description": description, "inputSchema": schema });
    let text = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] });
    let mut header = text("value");
    header["properties"]["value"]["x-mcp-header"] = json!("Value");
    let empty = json!({ "type": "object", "properties": {} });
    let simple = SIMPLE.iter().map(|(name, description)| tool(name, description, empty.clone()));
    let others = [
        tool("test_input_required_result_capabilities", "Ask back, what the client can give", empty.clone()),
        tool("test_sampling", "Ask the client's model", text("prompt")),
        tool("test_elicitation", "Ask the user", text("message")),
        tool("test_custom_header", "Take an argument as a header too", header),
        tool("json_schema_2020_12_tool", "Have a schema of 2020-12", schema_2020_12()),
    ];
    simple.chain(others).collect()
}

/// All that a schema may hold and that must not be lost on the way (SEP-1613, SEP-2106).
fn schema_2020_12() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef", "type": "object", "properties": { "street": text, "city": text },
        } },
        "properties": {
            "name": text, "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] }, "phone": text, "email": text,
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

pub(super) fn says(text: &str) -> Result<CallToolResult, ErrorData> {
    complete(json!({ "content": [{ "type": "text", "text": text }] }))
}

pub(super) fn fails(text: &str) -> Result<CallToolResult, ErrorData> {
    complete(json!({ "content": [{ "type": "text", "text": text }], "isError": true }))
}

pub(super) async fn call(
    request: &CallToolRequestParams,
    context: &Context,
) -> Result<CallToolResult, ErrorData> {
    let given = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name)?.as_str());
        value.ok_or_else(|| ErrorData::invalid_params(format!("{name} must be a text"), None))
    };
    match request.name.as_ref() {
        "test_simple_text" => says("This is a simple text response for testing."),
        "test_error_handling" => fails("This tool intentionally returns an error for testing"),
        "test_custom_header" => says(given("value")?),
        "json_schema_2020_12_tool" => says("called"),
        "test_tool_with_logging" => log_thrice(context).await,
        "test_tool_with_progress" => progress_thrice(context).await,
        "test_logging_tool" => log_as_asked(context).await,
        "test_reconnection" => {
            tokio::time::sleep(STEP).await;
            says("The answer, late.")
        }
        "test_missing_capability" => with_sampling(context),
        "test_sampling" => questions::sample(context, given("prompt")?).await,
        "test_elicitation" => questions::elicit(context, given("message")?, questions::form()).await,
        "test_elicitation_sep1034_defaults" => {
            questions::elicit(context, "Review this", questions::form_with_defaults()).await
        }
        "test_elicitation_sep1330_enums" => {
            questions::elicit(context, "Choose", questions::form_of_choices()).await
        }
        name => complete(json!({ "content": contents(name)? })),
    }
}

/// The answers that are not text.
fn contents(tool: &str) -> Result<Value, ErrorData> {
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    let resource = |uri: &str| {
        let text =
            json!({ "uri": uri, "mimeType": "text/plain", "text": "This is an embedded resource content." });
        json!({ "type": "resource", "resource": text })
    };
    match tool {
        "test_image_content" => Ok(json!([image])),
        "test_audio_content" => Ok(json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }])),
        "test_embedded_resource" => Ok(json!([resource("test://embedded-resource")])),
        "test_multiple_content_types" => {
            let text = json!({ "type": "text", "text": "Multiple content types test:" });
            Ok(json!([text, image, resource("test://mixed-content-resource")]))
        }
        _ => Err(ErrorData::invalid_params(format!("there is no tool {tool}"), None)),
    }
}

async fn log_thrice(context: &Context) -> Result<CallToolResult, ErrorData> {
    for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let message = typed::<LoggingMessageNotificationParam>(json!({ "level": "info", "data": text }))?;
        context.peer.notify_logging_message(message).await.map_err(|error| gone(&error))?;
        tokio::time::sleep(STEP).await;
    }
    says("logged")
}

/// At the level that the request asks for, and not at all where it asks for none.
async fn log_as_asked(context: &Context) -> Result<CallToolResult, ErrorData> {
    if let Some(level) = context.meta.log_level() {
        let message = LoggingMessageNotificationParam::new(level, json!("as asked"));
        context.peer.notify_logging_message(message).await.map_err(|error| gone(&error))?;
    }
    says("evaluated")
}

async fn progress_thrice(context: &Context) -> Result<CallToolResult, ErrorData> {
    let Some(token) = context.meta.get_progress_token() else { return says("no progress token") };
    for progress in [0.0, 50.0, 100.0] {
        let progress = ProgressNotificationParam::new(token.clone(), progress).with_total(100.0);
        context.peer.notify_progress(progress).await.map_err(|error| gone(&error))?;
        tokio::time::sleep(STEP).await;
    }
    says("progressed")
}

fn gone(error: &ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

fn with_sampling(context: &Context) -> Result<CallToolResult, ErrorData> {
    if context.client_capabilities().unwrap_or_default().sampling.is_some() {
        return says("the client samples");
    }
    let sampling = ClientCapabilities::builder().enable_sampling().build();
    Err(ErrorData::missing_required_client_capability(sampling))
}
