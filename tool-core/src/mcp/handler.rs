//! [`Tools`]: a table of tools, served as an rmcp `ServerHandler`.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, DiscoverResult,
    ErrorData, Implementation, JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
    ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use super::argument::Argument;
use super::function::{BoxedFunction, ToolFunction, ToolResult};

/// How long a client may keep the tool list: a day. The list changes only with a new
/// binary (SEP-2549: milliseconds).
const LIST_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// A table of tools over plain functions, in the order in which they were registered.
#[derive(Debug)]
pub struct Tools {
    info: ServerConfig,
    table: Vec<Registered>,
}

struct Registered {
    tool: Tool,
    function: BoxedFunction,
}

impl core::fmt::Debug for Registered {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.tool.fmt(f)
    }
}

impl Tools {
    /// No tools yet, under the name and version that the server goes by, with
    /// instructions for the agent.
    #[must_use]
    pub fn new(name: &str, version: &str, instructions: &str) -> Self {
        // Only tools are served, and no list-changed notifications: a stateless host
        // has no stream to send them on.
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let info = ServerConfig::new(capabilities)
            .with_server_info(Implementation::new(name, version))
            .with_instructions(instructions);
        Self { info, table: Vec::new() }
    }

    /// Registers a function as a tool. The schemas are derived from its signature;
    /// `arguments` names its arguments in order.
    ///
    /// The tool is announced as read-only, idempotent and closed-world, since a plain
    /// function is: a client may then repeat a call whose answer was lost. A function that
    /// changes anything belongs in a `ServerHandler` of its own.
    #[must_use]
    pub fn tool<A, const N: usize, F: ToolFunction<A, N>>(
        mut self,
        name: &'static str,
        title: &str,
        description: &'static str,
        arguments: [impl Into<Argument>; N],
        function: F,
    ) -> Self {
        let arguments = arguments.map(Into::into);
        let annotations = ToolAnnotations::with_title(title)
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(false);
        let tool = Tool::new(name, description, F::input_schema(arguments))
            .with_title(title)
            .with_raw_output_schema(Arc::new(F::output_schema()))
            .with_annotations(annotations);
        let function = Box::new(move |given| function.call(name, arguments, given));
        self.table.push(Registered { tool, function });
        self
    }

    /// Every tool as an agent sees it, in the order of registration.
    #[must_use]
    pub fn list(&self) -> Vec<Tool> {
        self.table.iter().map(|registered| registered.tool.clone()).collect()
    }

    /// Calls a tool as an agent would, without a server.
    ///
    /// Bad arguments are a tool error (`is_error`), for the agent to read and mend.
    ///
    /// # Errors
    /// An unknown tool is a protocol error, -32602, that names the tools there are.
    pub fn call(&self, name: &str, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        let registered = self.find(name).ok_or_else(|| self.unknown(name))?;
        Ok(answer((registered.function)(arguments)))
    }

    fn find(&self, name: &str) -> Option<&Registered> {
        self.table.iter().find(|registered| registered.tool.name == name)
    }

    fn unknown(&self, name: &str) -> ErrorData {
        let names: Vec<&str> = self.table.iter().map(|registered| &*registered.tool.name).collect();
        let message = format!("unknown tool {name:?}; the tools are {}", names.join(", "));
        ErrorData::invalid_params(message, None)
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        self.info.clone()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.find(name).map(|registered| registered.tool.clone())
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.list())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(&request.name, request.arguments.unwrap_or_default()).map(Into::into)
    }
}

/// The answer the original server gives: the bare value as text, and beside it the same
/// value as structured content under `result`.
fn answer(outcome: ToolResult) -> CallToolResult {
    match outcome {
        Ok(value) => {
            let mut answer = CallToolResult::success(vec![ContentBlock::text(text_of(&value))]);
            answer.structured_content =
                Some(Value::Object(JsonObject::from_iter([("result".to_owned(), value)])));
            answer
        }
        Err(text) => CallToolResult::error(vec![ContentBlock::text(text)]),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
