//! The parameters of a request, checked before it is dispatched.

use std::borrow::Cow;

use rmcp::model::{
    CompleteRequestParams, GetPromptRequestParams, InitializeRequestParams, PaginatedRequestParams,
    ReadResourceRequestParams,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::envelope::shown;
use crate::refusal::Refusal;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// Checks the parameters of the methods that MCP defines with required ones; the name of
/// the tool, if one is called.
pub(crate) fn read_params(method: &str, params: &str) -> Result<Option<String>, Refusal> {
    match method {
        "tools/call" => return read_call(params).map(Some),
        // From 2026-07-28 on there is no such method, as rmcp will say.
        "initialize" if names_version(params) => Ok(()),
        "initialize" => fits::<InitializeRequestParams>(method, params),
        "prompts/get" => fits::<GetPromptRequestParams>(method, params),
        "resources/read" => fits::<ReadResourceRequestParams>(method, params),
        "completion/complete" => fits::<CompleteRequestParams>(method, params),
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            fits::<PaginatedRequestParams>(method, params)
        }
        _ => Ok(()),
    }?;
    Ok(None)
}

fn fits<T: DeserializeOwned>(method: &str, params: &str) -> Result<(), Refusal> {
    serde_json::from_str::<T>(params).map(drop).map_err(|error| misfit(method, &error))
}

/// Whether a request names its own version of the protocol, as all do from 2026-07-28 on.
fn names_version(params: &str) -> bool {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow, rename = "_meta")]
        _meta: Meta<'a>,
    }
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
        _version: &'a RawValue,
    }
    serde_json::from_str::<Params>(params).is_ok()
}

fn misfit(method: &str, error: &serde_json::Error) -> Refusal {
    // The position is one within the parameters, of no use to the caller.
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    Refusal::invalid_params(format!("the params of {method} do not fit: {reason}"))
}

fn read_call(params: &str) -> Result<String, Refusal> {
    let call: CallParams = serde_json::from_str(params).map_err(|error| misfit("tools/call", &error))?;
    match call.arguments {
        Some(arguments) if !arguments.get().starts_with('{') => Err(Refusal::invalid_params(format!(
            "the arguments of a tool must be an object, got {}",
            shown(arguments)
        ))),
        _ => Ok(call.name.into_owned()),
    }
}
