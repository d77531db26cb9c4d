//! The service over HTTP: what a caller gets, to the letter.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use mcp_http::{Body, MAX_BODY_BYTES, McpService};
use rmcp::model::{
    CustomRequest, ProgressNotificationParam, ServerCapabilities, ServerConfig, ServerRequest,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};
use tower::ServiceExt;

struct Fixture;

#[tool_router]
impl Fixture {
    #[tool(description = "Answer")]
    async fn answer(&self) -> String {
        "42".to_owned()
    }

    #[tool(description = "Panic")]
    async fn panic(&self) -> String {
        panic!("as asked")
    }

    #[tool(description = "Send progress before the answer")]
    async fn progress(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            let progress = ProgressNotificationParam::new(token, 1.0);
            context
                .peer
                .notify_progress(progress)
                .await
                .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        }
        Ok("done".to_owned())
    }

    #[tool(description = "Ask the client something")]
    async fn ask(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let question = CustomRequest::new("elicitation/create", None);
        let answered = context.peer.send_request(ServerRequest::CustomRequest(question)).await;
        answered
            .map(|_| "answered".to_owned())
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }
}

#[tool_handler]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_prompts().build())
    }

    async fn list_prompts(
        &self,
        _: Option<rmcp::model::PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<rmcp::model::ListPromptsResult, ErrorData> {
        panic!("as asked")
    }
}

async fn send(request: http::request::Builder, body: impl Into<Bytes>) -> Response<Body> {
    let request = request.body(Full::new(body.into())).expect("a request");
    let answered = tokio::time::timeout(Duration::from_secs(5), McpService::new(Fixture).oneshot(request));
    let Ok(response) = answered.await.expect("every request is answered");
    response
}

fn request() -> http::request::Builder {
    Request::post("/")
        .header("host", "cell01.us-east-1.prod.arp.kepler-analytics.aws.dev")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
}

async fn text(response: Response<Body>) -> String {
    let collected = tokio::time::timeout(Duration::from_secs(5), response.into_body().collect());
    let Ok(body) = collected.await.expect("every answer ends");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// Status and body of the answer to a POST.
async fn post(body: impl Into<Bytes>) -> String {
    let response = send(request(), body).await;
    format!("{} {}", response.status().as_u16(), text(response).await)
}

/// The same for a call of a tool.
async fn call(tool: &str) -> String {
    post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","_meta":{{"progressToken":7}}}}}}"#)).await
}

#[tokio::test]
async fn a_call_is_answered_in_json() {
    insta::assert_snapshot!(call("answer").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"42"}],"isError":false}}"#);
}

#[tokio::test]
async fn malformed_messages_are_answered_with_what_is_wrong() {
    let mut answers = String::new();
    for body in [
        "",
        "   ",
        "{",
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#,
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        "5",
        r#""ping""#,
        "{}",
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":[1]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":5}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":5}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{"a":{"$serde_json::private::RawValue":"5"}}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{"a":{"\u0024serde_json::private::Number" : "5"}}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}"#,
    ] {
        answers += &format!("{body}\n    {}\n", post(body).await);
    }
    answers += &format!(
        "invalid UTF-8\n    {}\n",
        post(&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"[..]).await
    );
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"answer","arguments":{{"a":{}{}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    answers += &format!("nested 100,000 deep\n    {}\n", post(deep).await);
    insta::assert_snapshot!(answers);
}

#[tokio::test]
async fn params_may_be_null() {
    assert_eq!(
        post(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#).await,
        r#"200 {"jsonrpc":"2.0","id":1,"result":{}}"#
    );
    let listed = post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}"#).await;
    assert!(listed.starts_with("200") && listed.contains(r#""name":"answer""#), "{listed}");
    let noted = post(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#).await;
    assert_eq!(noted, "202 ");
}

#[tokio::test]
async fn a_text_may_hold_what_a_name_may_not() {
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{"a":"\"$serde_json::private::Number\":"}}}"#;
    assert!(post(text).await.starts_with("200 "), "{}", post(text).await);
}

#[tokio::test]
async fn other_methods_are_405_and_name_the_one_there_is() {
    for method in [Method::GET, Method::DELETE, Method::PUT, Method::OPTIONS] {
        let response = send(request().method(method.clone()), "").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "POST");
        let body = text(response).await;
        assert!(
            body.contains(&format!("POST one JSON-RPC message to this MCP endpoint, not {method}")),
            "{body}"
        );
    }
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn another_media_type_is_415() {
    for content_type in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded"] {
        let request = Request::post("/").header("content-type", content_type);
        let response = send(request, PING).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert!(text(response).await.contains("must be application/json"));
    }
    let request = Request::post("/").header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(send(request, PING).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_accept_header_may_be_left_out_but_not_exclude_json() {
    let with = |accept: &'static str| {
        Request::post("/").header("content-type", "application/json").header("accept", accept)
    };
    for accept in ["*/*", "application/*", "application/json", "text/event-stream, application/json;q=0.5"] {
        assert_eq!(send(with(accept), PING).await.status(), StatusCode::OK, "{accept}");
    }
    let without = Request::post("/").header("content-type", "application/json");
    assert_eq!(send(without, PING).await.status(), StatusCode::OK);
    for accept in ["text/html", "text/event-stream"] {
        assert_eq!(send(with(accept), PING).await.status(), StatusCode::NOT_ACCEPTABLE, "{accept}");
    }
}

#[tokio::test]
async fn any_host_and_any_session_will_do() {
    for host in
        ["localhost", "cell01.us-east-1.prod.arp.kepler-analytics.aws.dev", "[::1]:8000", "not a host", ""]
    {
        let request = Request::post("/").header("content-type", "application/json").header("host", host);
        let response = send(request.header("mcp-session-id", "never-issued-here"), PING).await;
        assert_eq!(response.status(), StatusCode::OK, "{host:?}");
        assert!(response.headers().get("mcp-session-id").is_none());
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_the_limit_is_not() {
    let padded = |length: usize| format!("{PING}{}", " ".repeat(length - PING.len()));
    assert_eq!(send(request(), padded(MAX_BODY_BYTES)).await.status(), StatusCode::OK);
    let response = send(request(), padded(MAX_BODY_BYTES + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text(response).await.contains("larger than 6291456 bytes"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_read_to_its_end() {
    let (read, piece) = (Arc::new(AtomicUsize::new(0)), Bytes::from(vec![b' '; MAX_BODY_BYTES / 2]));
    let counted = Arc::clone(&read);
    let pieces = futures::stream::repeat(piece).take(5).map(move |piece| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Infallible>(Frame::data(piece))
    });
    let request = request().body(StreamBody::new(pieces)).expect("a request");
    let Ok(response) = McpService::new(Fixture).oneshot(request).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(read.load(Ordering::SeqCst), 5, "whoever still sends may not see an answer before");
}

#[tokio::test]
async fn a_panicking_tool_is_a_tool_error_and_any_other_panic_an_internal_error() {
    insta::assert_snapshot!(call("panic").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"the tool panic failed on this call; the server's log says why"}],"isError":true}}"#);
    let prompts = post(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#).await;
    insta::assert_snapshot!(prompts, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the server failed on this request; its log says why"}}"#);
}

#[tokio::test]
async fn progress_makes_the_answer_a_stream() {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"progress","_meta":{"progressToken":7}}}"#;
    let response = send(request(), body).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = text(response).await;
    let messages: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix("data: {")).collect();
    assert_eq!(messages.len(), 2, "{events}");
    assert!(messages[0].contains("notifications/progress"), "{events}");
    assert!(messages[1].contains(r#""text":"done""#), "{events}");
}

#[tokio::test]
async fn a_tool_that_asks_its_client_is_answered_for() {
    insta::assert_snapshot!(call("ask").await, @r#"200 data: {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"this host keeps no session, so its tools cannot ask the client (elicitation/create) in this version of the protocol: from 2026-07-28 on they can, by an InputRequiredResult"}}"#);
}

#[tokio::test]
async fn a_notification_is_accepted_without_a_body() {
    assert_eq!(post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await, "202 ");
}

#[tokio::test]
async fn both_protocol_eras_are_served() {
    let old = post(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#).await;
    assert!(old.contains(r#""protocolVersion":"2025-06-18""#), "{old}");
    let modern =
        request().header("mcp-protocol-version", "2026-07-28").header("mcp-method", "server/discover");
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{"_meta":{meta}}}}}"#);
    let discovered = text(send(modern, body).await).await;
    assert!(discovered.contains("2026-07-28") && discovered.contains("2024-11-05"), "{discovered}");
    // There is no handshake any more for whoever speaks the newer one.
    let modern = request().header("mcp-protocol-version", "2026-07-28").header("mcp-method", "initialize");
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"_meta":{meta}}}}}"#);
    let greeted = send(modern, body).await;
    assert_eq!(greeted.status(), StatusCode::NOT_FOUND);
    let greeted = text(greeted).await;
    assert!(greeted.contains("-32601"), "{greeted}");
}
