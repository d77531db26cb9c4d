//! What tools ask their client within a call, as of up to 2025-11-25.

use rmcp::model::{CallToolResult, CustomRequest, ErrorData, ServerRequest};
use rmcp::service::ServiceError;
use serde_json::{Value, json};

use super::Context;
use super::tools::{fails, says};

pub(super) async fn sample(context: &Context, prompt: &str) -> Result<CallToolResult, ErrorData> {
    let messages = json!([{ "role": "user", "content": { "type": "text", "text": prompt } }]);
    let answer =
        ask(context, "sampling/createMessage", json!({ "messages": messages, "maxTokens": 100 })).await;
    match answer {
        Ok(answer) => says(&format!("LLM response: {answer}")),
        Err(error) => fails(&format!("no model: {error}")),
    }
}

pub(super) async fn elicit(
    context: &Context,
    message: &str,
    properties: Value,
) -> Result<CallToolResult, ErrorData> {
    let schema = json!({ "type": "object", "properties": properties, "required": [] });
    let form = json!({ "message": message, "requestedSchema": schema });
    match ask(context, "elicitation/create", form).await {
        Ok(answer) => says(&format!("User response: {answer}")),
        Err(error) => fails(&format!("no user: {error}")),
    }
}

/// A request to the client. rmcp's own types for it lose numbers where those are of any size.
async fn ask(context: &Context, method: &str, params: Value) -> Result<Value, ServiceError> {
    let request = ServerRequest::CustomRequest(CustomRequest::new(method, Some(params)));
    let answer = context.peer.send_request(request).await?;
    serde_json::to_value(answer).map_err(|_| ServiceError::UnexpectedResponse)
}

pub(super) fn form() -> Value {
    json!({ "username": { "type": "string", "description": "Your name" },
            "email": { "type": "string", "description": "Your address" } })
}

pub(super) fn form_with_defaults() -> Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    })
}

pub(super) fn form_of_choices() -> Value {
    let options = ["option1", "option2", "option3"];
    let titled = json!([
        { "const": "value1", "title": "First" },
        { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" },
    ]);
    let names = ["Option One", "Option Two", "Option Three"];
    json!({
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": names },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled } },
    })
}
