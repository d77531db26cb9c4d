//! The prompts that the suite gets.

use rmcp::model::{ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult};
use serde_json::{Value, json};

use super::tools::PNG;
use super::{complete, rounds};

pub(super) fn all() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": "Any text", "required": true });
    json!([
        { "name": "test_simple_prompt", "description": "Without arguments" },
        { "name": "test_prompt_with_arguments", "description": "With arguments",
          "arguments": [argument("arg1"), argument("arg2")] },
        { "name": "test_prompt_with_embedded_resource", "description": "With a resource",
          "arguments": [argument("resourceUri")] },
        { "name": "test_prompt_with_image", "description": "With an image" },
        { "name": "test_input_required_result_prompt", "description": "Asks back for the rest" },
    ])
}

pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let given = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name)?.as_str());
        value.ok_or_else(|| ErrorData::invalid_params(format!("the argument {name} is missing"), None))
    };
    let text = |text: String| json!({ "type": "text", "text": text });
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.".to_owned())],
        "test_prompt_with_arguments" => {
            let (first, second) = (given("arg1")?, given("arg2")?);
            vec![text(format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({ "uri": given("resourceUri")?, "mimeType": "text/plain",
                                   "text": "Embedded resource content for testing." });
            vec![json!({ "type": "resource", "resource": resource }), text("Read it.".to_owned())]
        }
        "test_prompt_with_image" => {
            let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
            vec![image, text("Look at it.".to_owned())]
        }
        "test_input_required_result_prompt" => {
            match rounds::answered_text(request, "user_context", "context") {
                None => {
                    return Ok(rounds::asks(vec![rounds::question("user_context", "context")?], None).into());
                }
                Some(context) => vec![text(format!("Prompt with context: {context}"))],
            }
        }
        name => return Err(ErrorData::invalid_params(format!("there is no prompt {name}"), None)),
    };
    let messages = contents.into_iter().map(|content| json!({ "role": "user", "content": content }));
    let prompt: GetPromptResult = complete(json!({ "messages": messages.collect::<Value>() }))?;
    Ok(prompt.into())
}
