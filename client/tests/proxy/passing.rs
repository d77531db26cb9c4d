//! What passes through, and in which order.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::common::{Proxy, Seen, Server, basics, hello, plain, said};

#[tokio::test]
async fn what_nobody_knows_yet_passes_untouched_both_ways() {
    const ASKED: &str = r#"{"zeta": 1.0, "jsonrpc": "2.0", "id": 12345678901234567890123, "method": "future/method", "params": {"b":1,"a":[1e400, "\u00e9"]}, "later": {}}"#;
    const ANSWERED: &str = r#"{"later":0.10,"id":12345678901234567890123,"jsonrpc":"2.0","result":{"n":1180591620717411303424,"resultType":"new"}}"#;
    let server = Server::start(|seen| async move {
        match basics(&seen) {
            Some(_) if seen.method() == "future/method" => {
                ([("content-type", "application/json")], ANSWERED).into_response()
            }
            answer => answer.expect("basics"),
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.write(&format!("{ASKED}\n")).await;
    assert_eq!(proxy.line().await, ANSWERED);
    assert_eq!(server.asked("future/method")[0].text, ASKED);
    proxy.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/future\",\"x\":1.50}\n").await;
    proxy.request("then", "ping", json!({})).await;
    let told = server.asked("notifications/future");
    assert_eq!(told[0].text, r#"{"jsonrpc":"2.0","method":"notifications/future","x":1.50}"#);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn pretty_answers_come_on_one_line() {
    let server = plain(|seen| async move {
        let text = serde_json::to_string_pretty(&seen.answer_to(&json!({ "content": [{ "text": "a\nb" }] })));
        ([("content-type", "application/json")], text.expect("JSON")).into_response()
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Ok("a\nb".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn progress_comes_before_the_answer_and_in_its_order() {
    let server = plain(|seen| async move {
        let progress = |done: u32| json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": "t", "progress": done } });
        let mut messages: Vec<Value> = (0..100).map(progress).collect();
        messages.push(seen.answer_to(&json!({ "content": [] })));
        crate::common::events(&messages)
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.ask(1, "tools/call", json!({ "name": "once", "_meta": { "progressToken": "t" } })).await;
    for done in 0..100 {
        assert_eq!(proxy.next().await["params"]["progress"], done);
    }
    assert_eq!(proxy.next().await["id"], 1);
    proxy.must_be_well().await;
}

/// Asks its client in the middle of a call, and answers with what it was told.
fn asking(method: &'static str) -> Server {
    let (told, answer) = (Arc::new(Notify::new()), Arc::new(std::sync::Mutex::new(Value::Null)));
    Server::start(move |seen| {
        let (told, answer) = (Arc::clone(&told), Arc::clone(&answer));
        async move {
            if seen.body["id"] == "question-1" {
                *answer.lock().expect("not poisoned") = seen.body["result"].clone();
                told.notify_one();
                return StatusCode::ACCEPTED.into_response();
            }
            if let Some(response) = basics(&seen) {
                return response;
            }
            let question =
                json!({ "jsonrpc": "2.0", "id": "question-1", "method": method, "params": { "x": 1 } });
            let last = async move {
                told.notified().await;
                let told = answer.lock().expect("not poisoned").to_string();
                let result = json!({ "content": [{ "type": "text", "text": told }] });
                Ok(format!("data: {}\n\n", seen.answer_to(&result)))
            };
            let first = stream::iter([Ok(format!("data: {question}\n\n"))]);
            crate::common::stream("text/event-stream", first.chain(stream::once(last)))
        }
    })
}

#[tokio::test]
async fn a_server_that_asks_its_client_in_the_middle_of_a_call_is_answered() {
    for method in ["sampling/createMessage", "elicitation/create", "roots/list", "future/question"] {
        let server = asking(method);
        let mut proxy = Proxy::before(&server, &[]).await;
        proxy.ask("call", "tools/call", json!({ "name": "once" })).await;
        let question = proxy.next().await;
        assert_eq!((&question["method"], &question["id"]), (&json!(method), &json!("question-1")));
        proxy.say(&json!({ "jsonrpc": "2.0", "id": "question-1", "result": { "told": 5 } })).await;
        assert_eq!(said(&proxy.next().await), Ok(r#"{"told":5}"#.to_owned()));
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn what_follows_a_notification_is_sent_after_it() {
    let server = Server::start(|seen| async move {
        if seen.method() == "notifications/slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        basics(&seen).unwrap_or_else(|| seen.says("done"))
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    for round in 0..3 {
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/slow", "params": { "round": round } });
        proxy.say(&told).await;
        proxy.ask(round, "tools/call", json!({ "name": "once" })).await;
    }
    for _ in 0..3 {
        proxy.next().await;
    }
    let seen = server.seen();
    for round in 0..3 {
        let told = seen.iter().position(|seen| seen.body["params"]["round"] == round).expect("told");
        let called = seen.iter().position(|seen| seen.body["id"] == round).expect("called");
        assert!(told < called, "round {round}: {seen:?}");
    }
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_cancelled_request_is_cancelled_at_the_server_and_gets_no_answer() {
    let server = plain(|_| std::future::pending());
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.ask("slow", "tools/call", json!({ "name": "once" })).await;
    while server.asked("tools/call").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "slow" } });
    proxy.say(&cancel).await;
    proxy.request("then", "ping", json!({})).await;
    assert_eq!(server.asked("notifications/cancelled")[0].body, cancel);
    proxy.must_be_well().await;
}

/// Tells when a client has closed the connection of a call.
struct Hangup(Arc<Notify>);

impl Drop for Hangup {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn stateless(id: &str, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[tokio::test]
async fn in_the_stateless_era_to_cancel_is_to_close_the_connection() {
    let gone = Arc::new(Notify::new());
    let signal = Arc::clone(&gone);
    let server = plain(move |_| {
        let hangup = Hangup(Arc::clone(&signal));
        async move {
            let _hangup = hangup;
            std::future::pending::<Response>().await
        }
    });
    let mut proxy = Proxy::start(&[&server.url()], &[]);
    proxy.say(&stateless("slow", "tools/call", json!({ "name": "once" }))).await;
    while server.asked("tools/call").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    proxy.say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "slow" } })).await;
    tokio::time::timeout(Duration::from_secs(10), gone.notified()).await.expect("closed");
    assert!(server.asked("notifications/cancelled").is_empty(), "no notification is posted in this era");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_request_of_the_stateless_era_has_its_headers_and_its_errors_pass() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "tools/list" => seen.result(&json!({ "tools": [{ "name": "t", "inputSchema": {
                "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
            }}]})),
            "tools/call" => seen.says("done"),
            "ping" => seen.result(&json!({})),
            _ => (StatusCode::BAD_REQUEST, seen.error(-32022, "unsupported version")).into_response(),
        }
    });
    let mut proxy = Proxy::start(&[&server.url()], &[]);
    proxy.say(&stateless("d", "server/discover", json!({}))).await;
    assert_eq!(proxy.next().await["error"]["code"], -32022);
    proxy.say(&stateless("l", "tools/list", json!({}))).await;
    proxy.next().await;
    proxy.say(&stateless("c", "tools/call", json!({ "name": "t", "arguments": { "region": "eu" } }))).await;
    assert_eq!(said(&proxy.next().await), Ok("done".to_owned()));
    let call = &server.asked("tools/call")[0];
    let header = |name| call.header(name);
    assert_eq!(header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!((header("mcp-method"), header("mcp-name")), (Some("tools/call"), Some("t")));
    assert_eq!(header("mcp-param-region"), Some("eu"));
    assert!(server.asked("initialize").is_empty());
    proxy.must_be_well().await;
}

#[tokio::test]
async fn the_version_that_was_agreed_on_goes_with_every_request() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    let versions: Vec<Option<String>> =
        server.seen().iter().map(|seen| seen.header("mcp-protocol-version").map(str::to_owned)).collect();
    let agreed = Some("2025-06-18".to_owned());
    assert_eq!(versions, [None, agreed.clone(), agreed]);
    proxy.must_be_well().await;
}

/// A server with a session and a stream of its own.
fn with_session(stream_of: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Server {
    Server::start(move |seen| {
        let response = match (&seen.http_method, seen.method()) {
            (&Method::GET, _) => stream_of(&seen),
            (_, "initialize") => ([("mcp-session-id", "s1")], seen.result(&hello())).into_response(),
            (&Method::DELETE, _) => StatusCode::NO_CONTENT.into_response(),
            _ => basics(&seen).unwrap_or_else(|| {
                // Closed before the answer, to be taken up again (MCP, "Resumability").
                let events = "id: 7\nretry: 100\ndata:\n\n";
                ([("content-type", "text/event-stream")], events).into_response()
            }),
        };
        async move { response }
    })
}

#[tokio::test]
async fn what_a_server_says_of_its_own_accord_is_passed_on() {
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    let event = format!("data: {changed}\n\n");
    let server = with_session(move |_| {
        let pieces = stream::iter([Ok(event.clone())]).chain(stream::pending());
        crate::common::stream("text/event-stream", pieces)
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.next().await, changed);
    proxy.request("then", "ping", json!({})).await;
    let seen = server.seen();
    let get = seen.iter().find(|seen| seen.http_method == Method::GET).expect("a stream");
    assert_eq!(get.header("mcp-session-id"), Some("s1"));
    let (_, status, _) = proxy.finish().await;
    assert!(status.success());
    assert!(server.seen().iter().any(|seen| seen.http_method == Method::DELETE), "the session is ended");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_taken_up_where_the_server_can() {
    let server = with_session(|seen| match seen.header("last-event-id") {
        Some("7") => {
            let result = json!({ "content": [{ "type": "text", "text": "resumed" }] });
            let answer = json!({ "jsonrpc": "2.0", "id": "call", "result": result });
            ([("content-type", "text/event-stream")], format!("id: 8\ndata: {answer}\n\n")).into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Ok("resumed".to_owned()));
    assert_eq!(server.asked("tools/call").len(), 1);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_batch_is_answered_message_by_message() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &[]).await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "ping" },
        { "jsonrpc": "2.0", "method": "notifications/x" },
        { "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "once" } },
    ]);
    proxy.say(&batch).await;
    let mut ids = [proxy.next().await["id"].as_i64(), proxy.next().await["id"].as_i64()];
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)]);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn standard_output_carries_messages_and_nothing_else_and_logs_go_where_they_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("proxy.log");
    let server = plain(|seen| async move { seen.says("done") });
    let arguments = ["--log-file", log.to_str().expect("text"), "--log-level", "debug"];
    let mut proxy = Proxy::before(&server, &arguments).await;
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    let (rest, status, errors) = proxy.finish().await;
    assert_eq!((rest, status.success(), errors.as_str()), (vec![], true, ""));
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("connecting") && log.contains("answered"), "{log}");
}
