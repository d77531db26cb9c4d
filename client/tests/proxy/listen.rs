//! The proxy as an HTTP endpoint of this machine.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Child;

use crate::common::{Server, basics, command, hello, initialize, plain};

/// A listening proxy.
struct Endpoint {
    url: String,
    process: Child,
    http: reqwest::Client,
}

impl Endpoint {
    async fn before(server: &Server, arguments: &[&str]) -> Self {
        let url = server.url();
        let arguments = [&[url.as_str(), "--listen", "127.0.0.1:0"], arguments].concat();
        let mut process = command(&arguments, &[]).spawn().expect("starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).await.expect("a line");
        // Fails where another test has chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url: line.trim().to_owned(), process, http }
    }

    async fn post(&self, session: Option<&str>, body: &Value) -> reqwest::Response {
        let mut request =
            self.http.post(&self.url).header("content-type", "application/json").body(body.to_string());
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        request.send().await.expect("an answer")
    }

    async fn greet(&self) -> String {
        let response = self.post(None, &request(0, "initialize", &initialize())).await;
        assert_eq!(response.status(), StatusCode::OK);
        let session = response.headers()["mcp-session-id"].to_str().expect("text").to_owned();
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(Some(&session), &told).await.status(), StatusCode::ACCEPTED);
        session
    }
}

fn request(id: u32, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

async fn body(response: reqwest::Response) -> Value {
    let bytes = response.bytes().await.expect("a body");
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {bytes:?}"))
}

#[tokio::test]
async fn each_client_has_a_session_of_its_own() {
    let server = plain(|seen| async move { seen.says("done") });
    let endpoint = Endpoint::before(&server, &[]).await;
    let (one, two) = (endpoint.greet().await, endpoint.greet().await);
    assert_ne!(one, two);
    for session in [&one, &two] {
        let response =
            endpoint.post(Some(session), &request(1, "tools/call", &json!({ "name": "once" }))).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(body(response).await["result"]["content"][0]["text"], "done");
    }
    let ended =
        endpoint.http.delete(&endpoint.url).header("mcp-session-id", &one).send().await.expect("an answer");
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let gone = endpoint.post(Some(&one), &request(2, "ping", &json!({}))).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND, "so that the client initializes again");
    assert_eq!(endpoint.post(Some(&two), &request(2, "ping", &json!({}))).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_comes_before_an_answer_makes_it_a_stream() {
    let server = plain(|seen| async move {
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} });
        crate::common::events(&[progress, seen.answer_to(&json!({ "content": [] }))])
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    let session = endpoint.greet().await;
    let response = endpoint.post(Some(&session), &request(1, "tools/call", &json!({ "name": "once" }))).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.expect("ends with the answer");
    let (progress, answer) = (text.find("notifications/progress"), text.find("\"id\":1"));
    assert!(progress.is_some() && progress < answer, "{text}");
}

#[tokio::test]
async fn only_programs_of_this_machine_are_let_in() {
    let server = plain(|seen| async move { seen.says("done") });
    let endpoint = Endpoint::before(&server, &[]).await;
    for (name, value) in
        [("host", "evil.example.com"), ("origin", "https://evil.example.com"), ("origin", "null")]
    {
        let refused =
            endpoint.http.post(&endpoint.url).header(name, value).body("{}").send().await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    let mut process =
        command(&["http://127.0.0.1:1/", "--listen", "0.0.0.0:0"], &[]).spawn().expect("starts");
    let mut errors = String::new();
    process.stderr.take().expect("piped").read_to_string(&mut errors).await.expect("text");
    assert_eq!(process.wait().await.expect("ends").code(), Some(2));
    assert!(
        errors.contains("is open to other machines") && errors.contains("listen on 127.0.0.1"),
        "{errors}"
    );
}

#[tokio::test]
async fn what_is_no_message_is_a_bad_request() {
    let server = plain(|seen| async move { seen.says("done") });
    let endpoint = Endpoint::before(&server, &[]).await;
    let refused = endpoint.http.post(&endpoint.url).body("garbage").send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(refused).await["error"]["code"], -32700);
    let other = endpoint.url.replace("/mcp", "/other");
    assert_eq!(endpoint.http.post(other).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
}

fn stateless(method: &str) -> Value {
    request(
        1,
        method,
        &json!({ "name": "once", "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }),
    )
}

#[tokio::test]
async fn the_stateless_era_needs_no_session_and_has_statuses_for_its_errors() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "server/discover" => seen.error(-32022, "unsupported version"),
            _ => basics(&seen).unwrap_or_else(|| seen.says("done")),
        }
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    assert_eq!(endpoint.post(None, &stateless("server/discover")).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(endpoint.post(None, &stateless("future/method")).await.status(), StatusCode::NOT_FOUND);
    let called = body(endpoint.post(None, &stateless("tools/call")).await).await;
    assert_eq!(called["result"]["content"][0]["text"], "done");
    assert!(server.asked("initialize").is_empty());
}

/// Tells when a call is given up.
struct Hangup(tokio::sync::watch::Sender<bool>);

impl Drop for Hangup {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

#[tokio::test]
async fn a_client_of_the_stateless_era_that_goes_away_cancels() {
    let (gone, mut signal) = tokio::sync::watch::channel(false);
    let server = plain(move |_| {
        let hangup = Hangup(gone.clone());
        async move {
            let _hangup = hangup;
            std::future::pending::<axum::response::Response>().await
        }
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    let call = stateless("tools/call");
    let waited = tokio::time::timeout(Duration::from_millis(500), endpoint.post(None, &call)).await;
    assert!(waited.is_err(), "nothing is answered");
    tokio::time::timeout(Duration::from_secs(10), signal.wait_for(|gone| *gone))
        .await
        .expect("hung up")
        .expect("told");
}

#[tokio::test]
async fn what_a_server_says_of_its_own_accord_comes_on_the_clients_stream() {
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    let event = format!("data: {changed}\n\n");
    let server = Server::start(move |seen| {
        let event = event.clone();
        async move {
            match (seen.http_method.as_str(), seen.method()) {
                ("GET", _) => {
                    let pieces = stream::iter([Ok(event)]).chain(stream::pending());
                    crate::common::stream("text/event-stream", pieces)
                }
                (_, "initialize") => ([("mcp-session-id", "s")], seen.result(&hello())).into_response(),
                _ => basics(&seen).expect("no call"),
            }
        }
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    let session = endpoint.greet().await;
    let open = || endpoint.http.get(&endpoint.url).header("mcp-session-id", &session).send();
    let mut stream = open().await.expect("a stream");
    let piece = stream.chunk().await.expect("readable").expect("an event");
    assert!(String::from_utf8_lossy(&piece).contains("list_changed"), "{piece:?}");
    assert_eq!(open().await.expect("an answer").status(), StatusCode::CONFLICT, "one at a time");
}

#[tokio::test]
async fn a_server_that_speaks_before_it_greets_has_a_session_all_the_same() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "initialize" => {
                let log = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
                crate::common::events(&[log, seen.answer_to(&hello())])
            }
            _ => basics(&seen)
                .unwrap_or_else(|| seen.says(seen.header("mcp-protocol-version").unwrap_or("none"))),
        }
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    let session = endpoint.greet().await;
    let called = endpoint.post(Some(&session), &request(1, "tools/call", &json!({ "name": "once" }))).await;
    assert_eq!(body(called).await["result"]["content"][0]["text"], "2025-06-18");
}

#[tokio::test]
async fn a_client_without_a_session_cancels_nobody_elses_request() {
    let server = plain(|seen| async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        seen.says("done")
    });
    let endpoint = Endpoint::before(&server, &[]).await;
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    let call = stateless("tools/call");
    let called = endpoint.post(None, &call);
    let cancelled = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        endpoint.post(None, &cancel).await
    };
    let (called, cancelled) = tokio::join!(called, cancelled);
    assert_eq!(cancelled.status(), StatusCode::ACCEPTED);
    assert_eq!(body(called).await["result"]["content"][0]["text"], "done");
}

#[tokio::test]
async fn a_batch_of_garbage_is_answered_item_by_item() {
    let server = plain(|seen| async move { seen.says("done") });
    let endpoint = Endpoint::before(&server, &[]).await;
    let answered = endpoint.post(None, &json!(vec![5; 500])).await;
    let text = answered.text().await.expect("ends");
    assert_eq!(text.matches("-32600").count(), 500, "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_when_it_is_asked_to_whatever_is_open() {
    let server = plain(|_| std::future::pending());
    let mut endpoint = Endpoint::before(&server, &[]).await;
    let session = endpoint.greet().await;
    let own = endpoint.http.get(&endpoint.url).header("mcp-session-id", &session).send().await;
    let _own = own.expect("a stream");
    let call = request(1, "tools/call", &json!({ "name": "once" }));
    let waited = tokio::time::timeout(Duration::from_millis(300), endpoint.post(Some(&session), &call)).await;
    assert!(waited.is_err(), "it is under way");
    let id = endpoint.process.id().expect("runs").to_string();
    let told = std::process::Command::new("kill").args(["-TERM", &id]).status().expect("runs");
    assert!(told.success());
    let status =
        tokio::time::timeout(Duration::from_secs(10), endpoint.process.wait()).await.expect("in time");
    assert!(status.expect("ends").success());
}
