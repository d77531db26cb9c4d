//! Tools that ask back, in several rounds of request and answer (SEP-2322).

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CreateMessageRequest, CreateMessageRequestParams, ErrorData,
    GetPromptRequestParams, InputRequest, InputRequests, InputRequiredResult, InputResponses,
    ListRootsRequest, RequestStateCodec, SamplingMessage,
};
use serde_json::{Value, json};

use super::{Context, tools, typed};

const PREFIX: &str = "test_input_required_result_";

/// The same in every process, so that any of them can go on with what another began.
const STATE_KEY: &[u8] = b"for tests alone, so it may well be known";

/// An input that a tool asks for, by its key.
type Question = (String, InputRequest);

/// What came back of what was asked.
pub(super) trait Answers {
    fn responses(&self) -> Option<&InputResponses>;
}

impl Answers for CallToolRequestParams {
    fn responses(&self) -> Option<&InputResponses> {
        self.input_responses.as_ref()
    }
}

impl Answers for GetPromptRequestParams {
    fn responses(&self) -> Option<&InputResponses> {
        self.input_responses.as_ref()
    }
}

pub(super) fn has(tool: &str) -> bool {
    tool.starts_with(PREFIX) || tool == "test_streaming_elicitation"
}

pub(super) fn call(
    request: &CallToolRequestParams,
    context: &Context,
) -> Result<CallToolResponse, ErrorData> {
    let round = round(request)?;
    let mut keeps_state = true;
    let questions = match request.name.strip_prefix(PREFIX).unwrap_or("elicitation") {
        "request_state" | "tampered_state" => vec![question("confirm", "ok")?],
        "multiple_inputs" => vec![question("user_name", "name")?, sample("greeting"), roots("client_roots")],
        "multi_round" if round == 0 => vec![question("step1", "name")?],
        "multi_round" => vec![question("step2", "color")?],
        stateless => {
            keeps_state = false;
            match stateless {
                "elicitation" => vec![question("user_name", "name")?],
                "sampling" => vec![sample("sample_request")],
                "list_roots" => vec![roots("roots_request")],
                "capabilities" => within_capabilities(context)?,
                _ => return Err(ErrorData::invalid_params("there is no such tool", None)),
            }
        }
    };
    let responses = request.responses();
    let answered = |key: &str| responses.is_some_and(|all| all.get(key).is_some_and(Value::is_object));
    if questions.iter().all(|(key, _)| answered(key)) {
        let name = answered_text(request, "user_name", "name").unwrap_or("you");
        return Ok(tools::says(&format!("Hello, {name}: all inputs are here, state-ok"))?.into());
    }
    let state = if keeps_state { Some(sealed(round + 1)?) } else { None };
    Ok(asks(questions, state).into())
}

/// The text that came back for a field of a question.
pub(super) fn answered_text<'a>(request: &'a impl Answers, key: &str, field: &str) -> Option<&'a str> {
    request.responses()?.get(key)?.get("content")?.get(field)?.as_str()
}

/// A form with one field.
pub(super) fn question(key: &str, field: &str) -> Result<Question, ErrorData> {
    let kind = if field == "ok" { "boolean" } else { "string" };
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    let form = json!({ "message": format!("What is the {field}?"), "requestedSchema": schema });
    let request = typed(json!({ "method": "elicitation/create", "params": form }))?;
    Ok((key.to_owned(), InputRequest::Elicitation(request)))
}

pub(super) fn asks(questions: Vec<Question>, state: Option<String>) -> InputRequiredResult {
    InputRequiredResult::new(Some(InputRequests::from_iter(questions)), state)
}

fn sample(key: &str) -> Question {
    let messages = vec![SamplingMessage::user_text("What is the capital of France?")];
    let request = CreateMessageRequest::new(CreateMessageRequestParams::new(messages, 100));
    (key.to_owned(), InputRequest::CreateMessage(request))
}

fn roots(key: &str) -> Question {
    (key.to_owned(), InputRequest::ListRoots(ListRootsRequest::default()))
}

/// Asks for nothing that the client did not say it could give.
fn within_capabilities(context: &Context) -> Result<Vec<Question>, ErrorData> {
    let capabilities = context.client_capabilities().unwrap_or_default();
    let mut questions = Vec::new();
    if capabilities.elicitation.is_some() {
        questions.push(question("user_name", "name")?);
    }
    if capabilities.sampling.is_some() {
        questions.push(sample("greeting"));
    }
    if capabilities.roots.is_some() {
        questions.push(roots("client_roots"));
    }
    Ok(questions)
}

/// How many rounds there were, by the state that came back.
fn round(request: &CallToolRequestParams) -> Result<u64, ErrorData> {
    let Some(state) = request.request_state.as_deref() else { return Ok(0) };
    let opened: Result<u64, _> = codec()?.open_json(state);
    opened.map_err(|error| ErrorData::invalid_params(error.to_string(), None))
}

fn sealed(round: u64) -> Result<String, ErrorData> {
    codec()?.seal_json(&round).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

fn codec() -> Result<RequestStateCodec, ErrorData> {
    RequestStateCodec::try_new(STATE_KEY).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}
