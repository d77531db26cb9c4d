//! A server that misbehaves on request, hosted by the same lines as the real tools. For the
//! tests alone.
//!
//! `fixture agentcore` listens as an AgentCore container, `fixture lambda` serves the Lambda
//! Runtime API, `fixture host-checking` is an AgentCore container with rmcp's defaults, which
//! answer to the names of this machine alone; `fixture broken` exits at once.

use std::sync::Arc;
use std::time::Duration;

use agentcore_server::McpService;
use lambda_server::InvokeMode;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ProgressNotificationParam, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

struct Fixture;

#[derive(Deserialize, JsonSchema)]
struct Pause {
    milliseconds: u64,
}

#[tool_router]
impl Fixture {
    #[tool(description = "Panic", annotations(read_only_hint = true))]
    async fn panic(&self) -> String {
        panic!("as asked")
    }

    #[tool(description = "End the process")]
    async fn crash(&self) -> String {
        std::process::exit(3)
    }

    #[tool(description = "Take some time")]
    async fn sleep(&self, Parameters(pause): Parameters<Pause>) -> String {
        tokio::time::sleep(Duration::from_millis(pause.milliseconds)).await;
        format!("slept {} ms", pause.milliseconds)
    }

    #[tool(description = "Send progress and then never answer")]
    async fn stall(&self, context: RequestContext<RoleServer>) -> String {
        if let Some(token) = context.meta.get_progress_token() {
            let _ = context.peer.notify_progress(ProgressNotificationParam::new(token, 1.0)).await;
        }
        std::future::pending().await
    }

    #[tool(description = "Tell the process id")]
    async fn pid(&self) -> String {
        std::process::id().to_string()
    }

    #[tool(description = "Send progress before the answer")]
    async fn progress(&self, context: RequestContext<RoleServer>) -> Result<String, String> {
        let token = context.meta.get_progress_token().ok_or("no progress token")?;
        for step in 1..=3 {
            let progress = ProgressNotificationParam::new(token.clone(), f64::from(step));
            context.peer.notify_progress(progress).await.map_err(|error| error.to_string())?;
        }
        Ok("done".to_owned())
    }
}

#[tool_handler]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities = rmcp::model::ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
    }
}

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    mcp_http::init_logging();
    match std::env::args().nth(1).as_deref() {
        Some("agentcore") => {
            let listener = tokio::net::TcpListener::bind(std::env::var("MCP_LISTEN")?).await?;
            let never = std::future::pending();
            Ok(agentcore_server::serve(
                listener,
                McpService::new(Fixture),
                never,
                agentcore_server::DRAIN_TIMEOUT,
            )
            .await?)
        }
        Some("host-checking") => {
            let listener = tokio::net::TcpListener::bind(std::env::var("MCP_LISTEN")?).await?;
            let mut config = StreamableHttpServerConfig::default();
            config.legacy_session_mode = false;
            let sessions = Arc::new(NeverSessionManager::default());
            let service = StreamableHttpService::new(|| Ok(Fixture), sessions, config);
            Ok(axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await?)
        }
        Some("lambda") => lambda_server::run(Fixture, InvokeMode::from_env()?).await,
        _ => Err("give agentcore, host-checking or lambda".into()),
    }
}
