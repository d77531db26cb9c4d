//! A server with all that the official conformance suite asks a server for, hosted by the same
//! lines as the real tools. For the interoperability checks alone.
//!
//! It serves what its environment asks for: the Lambda Runtime API where there is one, an
//! AgentCore container at `MCP_LISTEN` otherwise, with sessions where `MCP_SESSIONS` is true.

#![expect(deprecated, reason = "the suite asks for the older protocol era too")]

mod prompts;
mod questions;
mod resources;
mod rounds;
mod subscriptions;
mod tools;

use agentcore_server::McpService;
use lambda_server::InvokeMode;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, ErrorData,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, SetLevelRequestParams,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::subscriptions::Subscriptions;

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

#[derive(Default)]
struct Everything {
    subscriptions: Subscriptions,
}

/// What is written in JSON as rmcp's type for it.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// An answer that is no question, which answers say since 2026-07-28.
fn complete<T: DeserializeOwned>(mut answer: Value) -> Result<T, ErrorData> {
    answer["resultType"] = json!("complete");
    typed(answer)
}

/// A list, which never changes and is everybody's (SEP-2549).
fn list<T: DeserializeOwned>(of: &str, items: &Value) -> Result<T, ErrorData> {
    complete(json!({ of: items, "ttlMs": 60_000, "cacheScope": "public" }))
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed();
        ServerConfig::new(capabilities.build()).with_server_info(Implementation::new("everything", "1"))
    }

    async fn list_tools(&self, _: Page, _: Context) -> Result<ListToolsResult, ErrorData> {
        list("tools", &tools::all())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let all = tools::all();
        let tool = all.as_array()?.iter().find(|tool| tool["name"] == name)?;
        typed(tool.clone()).ok()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        match request.name.as_ref() {
            "test_trigger_tool_change" => self.subscriptions.tools_changed().await,
            "test_trigger_prompt_change" => self.subscriptions.prompts_changed().await,
            name if rounds::has(name) => return rounds::call(&request, &context),
            _ => return Ok(tools::call(&request, &context).await?.into()),
        }
        Ok(tools::says("changed")?.into())
    }

    async fn list_prompts(&self, _: Page, _: Context) -> Result<ListPromptsResult, ErrorData> {
        list("prompts", &prompts::all())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request)
    }

    async fn complete(&self, _: CompleteRequestParams, _: Context) -> Result<CompleteResult, ErrorData> {
        complete(json!({ "completion": { "values": ["paris", "park"], "total": 2, "hasMore": false } }))
    }

    async fn list_resources(&self, _: Page, _: Context) -> Result<ListResourcesResult, ErrorData> {
        list("resources", &resources::all())
    }

    async fn list_resource_templates(
        &self,
        _: Page,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        list("resourceTemplates", &resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(resources::read(&request.uri)?.into())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.subscriptions.hold(context).await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    mcp_http::init_logging();
    let everything = Everything::default();
    let Ok(address) = std::env::var("MCP_LISTEN") else {
        return lambda_server::run(everything, InvokeMode::from_env()?).await;
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    let never = std::future::pending();
    let sessions = std::env::var("MCP_SESSIONS").is_ok_and(|sessions| sessions == "true");
    let service = if sessions { McpService::with_sessions(everything) } else { McpService::new(everything) };
    Ok(agentcore_server::serve(listener, service, never, agentcore_server::DRAIN_TIMEOUT).await?)
}
