//! The real binary under a Runtime API that hands it events, good and bad.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

const BINARY: &str = env!("CARGO_BIN_EXE_lambda-server");

/// Hands out events in order and collects what comes back.
#[derive(Clone)]
struct RuntimeApi {
    events: Arc<Mutex<VecDeque<Value>>>,
    answers: mpsc::UnboundedSender<(&'static str, String)>,
}

async fn next(State(api): State<RuntimeApi>) -> Response {
    let event = api.events.lock().expect("not poisoned").pop_front();
    let Some(event) = event else { return std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:tools"),
    ];
    (headers, event.to_string()).into_response()
}

async fn finished(
    State(api): State<RuntimeApi>,
    Path((_, outcome)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let outcome = if outcome == "response" { "response" } else { "error" };
    let _ = api.answers.send((outcome, body));
    StatusCode::ACCEPTED
}

/// What the binary makes of events, one after another, in one process.
async fn answers(events: Vec<Value>, mode: Option<&str>) -> Vec<(&'static str, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let (answers, mut answered) = mpsc::unbounded_channel();
    let count = events.len();
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(finished))
        .with_state(RuntimeApi { events: Arc::new(Mutex::new(events.into())), answers });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut command = Command::new(BINARY);
    command
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "tools")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .stdout(Stdio::null())
        .kill_on_drop(true);
    if let Some(mode) = mode {
        command.env("MCP_INVOKE_MODE", mode);
    }
    let mut process = command.spawn().expect("starts");
    let mut collected = Vec::new();
    for _ in 0..count {
        let answer = tokio::time::timeout(Duration::from_secs(10), answered.recv()).await;
        collected.push(answer.expect("every event is answered").expect("a sender"));
    }
    assert!(process.try_wait().expect("a child").is_none(), "the process goes on");
    collected
}

fn event(method: &str, path: &str, body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "host": "abc123.lambda-url.us-east-1.on.aws" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abc123",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t" },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1_795_305_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add_numbers","arguments":{"a":5,"b":3}}}"#;

fn response(answer: &(&str, String)) -> Value {
    assert_eq!(answer.0, "response", "{}", answer.1);
    serde_json::from_str(&answer.1).expect("JSON")
}

#[tokio::test]
async fn mcp_is_answered_at_every_path() {
    let events = ["/", "/mcp", "/mcp/", "/prod/mcp"].map(|path| event("POST", path, CALL));
    for answer in answers(events.to_vec(), None).await {
        let response = response(&answer);
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["isBase64Encoded"], false);
        let body: Value = serde_json::from_str(response["body"].as_str().expect("text")).expect("JSON");
        assert_eq!(body["result"]["structuredContent"], json!({ "result": 8 }));
    }
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let mut encoded = event("POST", "/mcp", "eyJqc29ucnBjIjoiMi4wIiwiaWQiOjEsIm1ldGhvZCI6InBpbmcifQ==");
    encoded["isBase64Encoded"] = json!(true);
    let answers = answers(vec![encoded], None).await;
    assert_eq!(response(&answers[0])["body"], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test]
async fn bad_events_never_kill_the_process() {
    let mut not_base64 = event("POST", "/mcp", "%%%");
    not_base64["isBase64Encoded"] = json!(true);
    let mut bad_host = event("POST", "/mcp", CALL);
    bad_host["headers"]["host"] = json!("not a host");
    bad_host["requestContext"]["domainName"] = json!("not a host");
    let mut no_context = event("POST", "/mcp", CALL);
    no_context.as_object_mut().expect("an object").remove("requestContext");
    let bad = vec![
        json!({}),
        json!(null),
        json!("text"),
        json!({ "Records": [] }),
        not_base64,
        bad_host,
        no_context,
        event("GET", "/mcp", ""),
        event("POST", "/mcp", "not JSON"),
    ];
    let count = bad.len();
    let good = event("POST", "/mcp", CALL);
    let answers = answers(bad.into_iter().chain([good]).collect(), None).await;
    assert_eq!(response(&answers[count - 2])["statusCode"], 405);
    assert_eq!(response(&answers[count - 1])["statusCode"], 400);
    assert_eq!(response(&answers[count])["statusCode"], 200);
}

#[tokio::test]
async fn a_streaming_function_writes_a_prelude_and_then_the_body() {
    let answers = answers(vec![event("POST", "/mcp", CALL)], Some("RESPONSE_STREAM")).await;
    let (prelude, body) = answers[0].1.split_once("\0\0\0\0\0\0\0\0").expect("a prelude");
    let prelude: Value = serde_json::from_str(prelude).expect("JSON");
    assert_eq!(prelude["statusCode"], 200);
    assert!(body.contains(r#""structuredContent":{"result":8}"#), "{body}");
}

#[tokio::test]
async fn outside_lambda_it_says_how_to_run_it() {
    let output = Command::new(BINARY).env_remove("AWS_LAMBDA_RUNTIME_API").output().await.expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cargo lambda watch"), "{said}");
}

#[tokio::test]
async fn an_unknown_invoke_mode_is_refused() {
    let output = Command::new(BINARY)
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("MCP_INVOKE_MODE", "sometimes")
        .output()
        .await
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("MCP_INVOKE_MODE must be BUFFERED or RESPONSE_STREAM"), "{said}");
}
