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
    /// function is: a client may then repeat a call whose answer was lost.
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
        let tools = self.table.iter().map(|registered| registered.tool.clone()).collect();
        Ok(ListToolsResult::with_all_items(tools)
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::tools;

    fn call(tool: &str, arguments: &Value) -> Value {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let result = tools().call(tool, arguments).expect("a known tool");
        serde_json::to_value(result).expect("JSON")
    }

    fn text(tool: &str, arguments: &Value) -> String {
        let result = call(tool, arguments);
        result["content"][0]["text"].as_str().expect("text").to_owned()
    }

    fn is_error(tool: &str, arguments: &Value) -> bool {
        call(tool, arguments)["isError"] == true
    }

    #[test]
    fn a_result_is_text_and_beside_it_structured_content() {
        let result = call("add_numbers", &json!({ "a": 5, "b": 3 }));
        assert_eq!(result["content"], json!([{ "type": "text", "text": "8" }]));
        assert_eq!(result["structuredContent"], json!({ "result": 8 }));
        assert_eq!(result["isError"], false);
    }

    #[test]
    fn integers_of_any_size_are_exact() {
        let big: Value = serde_json::from_str("1180591620717411303424").expect("2^70");
        let result = call("multiply_numbers", &json!({ "a": big, "b": big }));
        let square = "1393796574908163946345982392040522594123776";
        assert_eq!(result["content"][0]["text"], square);
        assert_eq!(result["structuredContent"]["result"].to_string(), square);
    }

    #[test]
    fn what_the_original_coerces_is_coerced() {
        for five in [json!(5), json!(5.0), json!("5"), json!(" 5 "), json!("+5"), json!("05"), json!("5.0")] {
            assert_eq!(text("add_numbers", &json!({ "a": five, "b": 3 })), "8", "{five}");
        }
    }

    #[test]
    fn what_is_no_integer_is_a_tool_error() {
        let refused = [
            json!(2.5),
            json!("5.5"),
            json!("1e3"),
            json!("0x10"),
            json!(""),
            json!("abc"),
            json!("1_000"),
            json!(null),
            json!([5]),
            json!({ "value": 5 }),
            json!(true),
            json!(false),
            json!("9".repeat(4301)),
        ];
        for value in refused {
            assert!(is_error("add_numbers", &json!({ "a": value, "b": 3 })), "{value}");
        }
    }

    #[test]
    fn every_problem_is_named_in_one_text() {
        let said = text("add_numbers", &json!({ "a": true, "c": 1 }));
        assert_eq!(
            said,
            "2 invalid arguments for add_numbers:\na: expected an integer, got a boolean\nb: required, but missing"
        );
    }

    #[test]
    fn arguments_that_nobody_asked_for_are_ignored() {
        assert_eq!(text("add_numbers", &json!({ "a": 5, "b": 3, "c": "x" })), "8");
    }

    #[test]
    fn a_name_is_passed_through_untouched_and_never_coerced() {
        for name in ["", "Zoë", "שלום", "e\u{301}", "\0", "a\nb", "👩\u{200d}🚀"] {
            assert_eq!(
                text("greet_user", &json!({ "name": name })),
                format!("Hello, {name}! Nice to meet you.")
            );
        }
        for other in [json!(5), json!(null), json!(true), json!(["Alice"])] {
            assert!(is_error("greet_user", &json!({ "name": other })), "{other}");
        }
    }

    #[test]
    fn an_unknown_tool_is_a_protocol_error_that_names_the_tools() {
        let error = tools().call("subtract", JsonObject::new()).expect_err("unknown");
        assert_eq!(error.code.0, -32602);
        assert_eq!(
            error.message,
            "unknown tool \"subtract\"; the tools are add_numbers, multiply_numbers, greet_user"
        );
    }

    /// A tool of a kind that this project has none of.
    fn divide(dividend: f64, divisor: f64, digits: Option<u32>) -> Result<String, &'static str> {
        if divisor == 0.0 {
            return Err("the divisor is zero");
        }
        let digits = digits.unwrap_or(2) as usize;
        Ok(format!("{:.digits$}", dividend / divisor))
    }

    #[test]
    fn a_fourth_tool_is_a_function_and_a_line() {
        let arguments =
            [("dividend", "What to divide"), ("divisor", "Not zero"), ("digits", "After the point")];
        let tools =
            Tools::new("test", "1", "").tool("divide", "Divide", "Divide two numbers", arguments, divide);
        let call = |arguments: Value| {
            let result =
                tools.call("divide", arguments.as_object().cloned().unwrap_or_default()).expect("known");
            (result.is_error, serde_json::to_value(&result.content[0]).expect("JSON")["text"].clone())
        };
        assert_eq!(call(json!({ "dividend": 1, "divisor": 3 })), (Some(false), json!("0.33")));
        assert_eq!(call(json!({ "dividend": 1, "divisor": 3, "digits": 4 })), (Some(false), json!("0.3333")));
        assert_eq!(call(json!({ "dividend": 1, "divisor": 0 })), (Some(true), json!("the divisor is zero")));
        let schema = Value::Object((*tools.get_tool("divide").expect("listed").input_schema).clone());
        assert_eq!(schema["required"], json!(["dividend", "divisor"]));
        assert_eq!(schema["properties"]["divisor"]["description"], "Not zero");
    }
}
