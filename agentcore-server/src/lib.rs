//! Hosts an rmcp handler as an Amazon Bedrock AgentCore Runtime container.
//!
//! The contract (AgentCore developer guide, "MCP protocol contract"): listen on
//! `0.0.0.0:8000`, answer streamable HTTP at `/mcp`, with or without sessions, under whatever
//! Host and `Mcp-Session-Id` the platform sends. Its health probe posts to `/mcp/`, with the
//! slash, and snapshots wait for a healthy `GET /ping`.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router, ServiceExt};
pub use mcp_http::McpService;
use mcp_http::Origin;
use rmcp::ServerHandler;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Where AgentCore Runtime expects an MCP container to listen.
pub const CONTRACT_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8000);

/// How long requests in flight may take to end after a termination signal: within the
/// ten seconds that container runtimes wait before they kill.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// The platform's names for session, request and trace (as in AWS's own AgentCore SDK).
const SESSION_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-session-id";
const REQUEST_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-request-id";
const TRACE_HEADER: &str = "x-amzn-trace-id";

/// Every route of the contract over a service.
///
/// [`McpService::with_sessions`] fits here: the platform gives each session a microVM of its
/// own (AgentCore developer guide, "MCP protocol contract", on stateful servers).
pub fn app<H: ServerHandler>(service: McpService<H>) -> Router {
    Router::new()
        // Nesting serves `/mcp` and `/mcp/` alike.
        .nest_service("/mcp", service)
        .route("/ping", get(ping))
        .fallback(not_found)
        .layer(axum::middleware::map_request(name_origin))
}

/// Serves a service until `shutdown` resolves, then lets what is in flight end.
///
/// Returns once all is answered, or after `drain_timeout`.
///
/// # Errors
/// Fails only where the listener does.
pub async fn serve<H: ServerHandler>(
    listener: TcpListener,
    service: McpService<H>,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain_timeout: Duration,
) -> io::Result<()> {
    // Nagle's algorithm holds back the last piece of a streamed answer for 40 ms.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::warn!(%error, "set TCP_NODELAY");
        }
    });
    let (stopping, stopped) = oneshot::channel();
    let shutdown = async move {
        shutdown.await;
        tracing::info!("draining");
        let _ = stopping.send(());
    };
    let drained = axum::serve(listener, ServiceExt::<Request>::into_make_service(app(service)))
        .with_graceful_shutdown(shutdown);
    let overdue = async {
        let _ = stopped.await;
        tokio::time::sleep(drain_timeout).await;
    };
    tokio::select! {
        served = drained => served,
        () = overdue => {
            tracing::warn!(?drain_timeout, "requests still in flight were given up");
            Ok(())
        }
    }
}

/// The health answer of the contract: `{"status": "Healthy"}`.
async fn ping() -> impl IntoResponse {
    Json(serde_json::json!({ "status": "Healthy" }))
}

async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "not found: POST MCP messages to /mcp; GET /ping tells the health\n")
}

async fn name_origin(mut request: Request) -> Request {
    let origin = origin(request.headers());
    request.extensions_mut().insert(origin);
    request
}

fn origin(headers: &HeaderMap) -> Origin {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    Origin {
        request_id: text(REQUEST_HEADER),
        session_id: text(SESSION_HEADER),
        trace_id: text(TRACE_HEADER),
        caller: None,
    }
}
