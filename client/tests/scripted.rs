//! The client against a server that answers by script: what is sent again, what is not, and
//! what a person is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use mcp_sigv4::{Client, Error, JsonObject, Options, Signing, Target};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the server does with a call of a tool.
#[derive(Clone, Copy)]
enum Act {
    Answer,
    Status(u16),
    RetryAfter,
    Rpc(i32),
    /// The same under an HTTP status.
    RpcUnder(u16, i32),
    /// Longer than anybody waits.
    Silence,
    Html,
    /// The stream of the answer ends early, and can be taken up again.
    BreakOff,
}

use Act::{Answer, BreakOff, Html, RetryAfter, Rpc, RpcUnder, Silence, Status};

#[derive(Clone)]
struct Script {
    acts: Arc<Mutex<VecDeque<Act>>>,
    /// The session ids that came with the calls.
    calls: Arc<Mutex<Vec<Option<String>>>>,
    /// The id of the call whose answer broke off.
    broken_off: Arc<Mutex<Value>>,
    annotations: Value,
}

/// A stream with one event.
fn stream(event: String) -> Response {
    ([("content-type", "text/event-stream")], event).into_response()
}

async fn handle(State(script): State<Script>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    if method != Method::POST {
        if headers.get("last-event-id").is_none_or(|id| id != "7") {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let id = script.broken_off.lock().expect("not poisoned").clone();
        let result = json!({ "content": [{ "type": "text", "text": "resumed" }] });
        return stream(format!("data: {}\n\n", json!({ "jsonrpc": "2.0", "id": id, "result": result })));
    }
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let id = message["id"].clone();
    let result =
        |result: Value| axum::Json(json!({ "jsonrpc": "2.0", "id": id, "result": result })).into_response();
    let error =
        |code: i32| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": "scripted" } });
    match message["method"].as_str() {
        Some("initialize") => {
            let info = json!({ "name": "scripted", "version": "1" });
            let mut response = result(json!({
                "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": info,
            }));
            response.headers_mut().insert("mcp-session-id", "session-1".parse().expect("a header"));
            response
        }
        Some("tools/list") => result(json!({ "tools": [
            { "name": "tool", "inputSchema": { "type": "object" }, "annotations": script.annotations },
        ]})),
        Some("tools/call") => {
            let session = headers.get("mcp-session-id").map(|id| id.to_str().expect("text").to_owned());
            script.calls.lock().expect("not poisoned").push(session);
            let act = script.acts.lock().expect("not poisoned").pop_front();
            match act.expect("no call beyond the script") {
                Answer => result(json!({ "content": [{ "type": "text", "text": "done" }] })),
                Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
                RetryAfter => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
                Rpc(code) => axum::Json(error(code)).into_response(),
                RpcUnder(status, code) => {
                    (StatusCode::from_u16(status).expect("a status"), axum::Json(error(code))).into_response()
                }
                Silence => std::future::pending().await,
                BreakOff => {
                    *script.broken_off.lock().expect("not poisoned") = id;
                    stream("id: 7\nretry: 10\ndata: \n\n".to_owned())
                }
                Html => ([("content-type", "text/html")], "<h1>hello</h1>").into_response(),
            }
        }
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

/// What came of one call, and how often it was sent.
struct Outcome {
    result: Result<String, Error>,
    sent: usize,
    took: Duration,
}

const IDEMPOTENT: &str = r#"{"idempotentHint": true}"#;
const RUNS_ONCE: &str = "{}";

/// What is called: a runtime of AgentCore, or a server that is nobody's.
#[derive(Clone, Copy)]
enum Host {
    AgentCore,
    Anybody,
}

async fn run(acts: &[Act], annotations: &str) -> Outcome {
    run_on(Host::Anybody, acts, annotations).await
}

async fn run_on(host: Host, acts: &[Act], annotations: &str) -> Outcome {
    let script = Script {
        acts: Arc::new(Mutex::new(acts.iter().copied().collect())),
        calls: Arc::default(),
        broken_off: Arc::default(),
        annotations: serde_json::from_str(annotations).expect("JSON"),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let target = match host {
        Host::Anybody => format!("http://{address}/mcp").parse(),
        Host::AgentCore => "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-abcdefghij"
            .parse::<Target>()
            .and_then(|target| target.with_endpoint(&format!("http://{address}").parse().expect("a URL"))),
    };
    let router = Router::new().fallback(handle).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let options =
        Options { timeout: Duration::from_secs(3), signing: Signing::Unsigned, ..Options::default() };
    let client = Client::connect(target.expect("a target"), options).await.expect("connects");
    client.list_tools().await.expect("tools");
    let started = std::time::Instant::now();
    let result = client.call_tool("tool", JsonObject::new()).await;
    let took = started.elapsed();
    client.close().await;
    let calls = script.calls.lock().expect("not poisoned");
    assert!(calls.iter().all(|session| session.as_deref() == Some("session-1")), "{calls:?}");
    let result = result.map(|result| result.content[0].as_text().expect("text").text.clone());
    Outcome { result, sent: calls.len(), took }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_taken_up_where_the_server_can() {
    for host in [Host::Anybody, Host::AgentCore] {
        let outcome = run_on(host, &[BreakOff], RUNS_ONCE).await;
        assert_eq!(outcome.result.expect("an answer"), "resumed");
        assert_eq!(outcome.sent, 1);
    }
}

#[tokio::test]
async fn throttling_and_conflict_are_waited_out_whatever_the_tool() {
    for act in [Status(429), Rpc(-32003), Rpc(-32005)] {
        let outcome = run_on(Host::AgentCore, &[act, act, Answer], RUNS_ONCE).await;
        assert_eq!(outcome.result.expect("an answer"), "done");
        assert_eq!(outcome.sent, 3);
    }
}

#[tokio::test]
async fn throttling_is_told_by_the_status_whatever_the_body() {
    let outcome = run(&[RpcUnder(429, -32000), Answer], RUNS_ONCE).await;
    assert_eq!(outcome.result.expect("an answer"), "done");
    assert_eq!(outcome.sent, 2);
}

#[tokio::test]
async fn a_server_that_says_when_to_come_back_is_obeyed() {
    let outcome = run(&[RetryAfter, Answer], RUNS_ONCE).await;
    assert_eq!(outcome.result.expect("an answer"), "done");
    assert!(outcome.took >= Duration::from_secs(1), "{:?}", outcome.took);
}

#[tokio::test]
async fn a_call_that_may_have_run_is_sent_once() {
    for status in [500, 502, 503, 504] {
        let outcome = run(&[Status(status)], RUNS_ONCE).await;
        assert!(matches!(outcome.result, Err(Error::Status { status: said, .. }) if said == status));
        assert_eq!(outcome.sent, 1, "{status}");
    }
}

#[tokio::test]
async fn a_call_of_an_idempotent_tool_is_sent_again() {
    for status in [502, 503, 504] {
        let outcome = run(&[Status(status), Answer], IDEMPOTENT).await;
        assert_eq!(outcome.result.expect("an answer"), "done");
        assert_eq!(outcome.sent, 2, "{status}");
    }
    assert_eq!(run(&[Status(500)], IDEMPOTENT).await.sent, 1);
}

#[tokio::test]
async fn an_answer_is_final_even_if_it_is_an_error() {
    // The last two mean throttling and conflict only in the mouth of AgentCore.
    for code in [-32602, -32003, -32005] {
        let outcome = run(&[Rpc(code)], IDEMPOTENT).await;
        assert!(matches!(outcome.result, Err(Error::Rpc { code: said, .. }) if said == code));
        assert_eq!(outcome.sent, 1);
    }
}

#[tokio::test]
async fn retries_end_with_the_timeout() {
    let outcome = run(&[Status(429); 100], RUNS_ONCE).await;
    assert!(matches!(outcome.result, Err(Error::Status { status: 429, .. })), "{:?}", outcome.result);
    assert!(outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
}

#[tokio::test]
async fn a_silent_server_is_given_up_with_the_timeout() {
    let outcome = run(&[Silence], IDEMPOTENT).await;
    assert!(matches!(outcome.result, Err(Error::TimedOut { .. })), "{:?}", outcome.result);
    assert!(outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
}

#[tokio::test]
async fn a_page_for_people_is_not_mcp() {
    let outcome = run(&[Html], RUNS_ONCE).await;
    let error = outcome.result.expect_err("not MCP").to_string();
    assert!(error.contains("does not answer like an MCP server"), "{error}");
    assert!(error.contains("<h1>hello</h1>"), "{error}");
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let target: Target = "http://mcp.example.com/".parse().expect("a target");
    let error = Client::connect(target, Options::default()).await.expect_err("plain http");
    assert!(matches!(error, Error::PlainHttp(_)));
}
