//! The proxy as a process, and servers by script.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Runtime;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) http_method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// The access key id and the rest of the scope that it was signed for.
    pub(crate) fn credential(&self) -> &str {
        let signed = self.header("authorization").and_then(|value| value.split_once("Credential="));
        signed.and_then(|(_, rest)| rest.split(',').next()).unwrap_or("none")
    }

    pub(crate) fn result(&self, result: &Value) -> Response {
        Json(json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result })).into_response()
    }

    pub(crate) fn error(&self, code: i32, message: &str) -> Response {
        let error = json!({ "code": code, "message": message });
        Json(json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": error })).into_response()
    }

    /// What a tool says.
    pub(crate) fn says(&self, text: &str) -> Response {
        self.result(&json!({ "content": [{ "type": "text", "text": text }] }))
    }

    pub(crate) fn answer_to(&self, result: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result })
    }
}

/// An event stream of these messages.
pub(crate) fn events(messages: &[Value]) -> Response {
    let events: String = messages.iter().map(|message| format!("data: {message}\n\n")).collect();
    ([("content-type", "text/event-stream")], events).into_response()
}

/// A response whose body comes piece by piece, as an event stream; an error cuts the connection.
pub(crate) fn stream(
    media_type: &'static str,
    pieces: impl Stream<Item = Result<String, std::io::Error>> + Send + 'static,
) -> Response {
    ([("content-type", media_type)], Body::from_stream(pieces)).into_response()
}

type Handler = Arc<dyn Fn(Seen) -> BoxFuture<'static, Response> + Send + Sync>;

/// A server that can be killed.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) fn start<F>(handler: impl Fn(Seen) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), handler)
    }

    /// Takes an address that a killed one had.
    pub(crate) fn start_at<F>(
        address: SocketAddr,
        handler: impl Fn(Seen) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let handler: Handler = Arc::new(move |seen| handler(seen).boxed());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (all, (sender, bound)) = (Arc::clone(&seen), std::sync::mpsc::channel());
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.expect("binds");
            sender.send(listener.local_addr().expect("an address")).expect("somebody waits");
            let router = Router::new().fallback(move |request: Request| handle(all, handler, request));
            axum::serve(listener, router).await
        });
        let address = bound.recv().expect("bound");
        Self { address, seen, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The requests of that method.
    pub(crate) fn asked(&self, method: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method() == method).collect()
    }

    /// Ends it at once, with all its connections.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn handle(all: Arc<Mutex<Vec<Seen>>>, handler: Handler, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let body = serde_json::from_str(&text).unwrap_or_default();
    let seen = Seen { http_method: parts.method, headers: parts.headers, text, body };
    all.lock().expect("not poisoned").push(seen.clone());
    handler(seen).await
}

/// Tools of each kind.
pub(crate) fn tools() -> Value {
    let tool = |name: &str, hints: Value| json!({ "name": name, "inputSchema": { "type": "object" }, "annotations": hints });
    json!({ "tools": [
        tool("read", json!({ "readOnlyHint": true })),
        tool("again", json!({ "idempotentHint": true })),
        tool("once", json!({})),
    ]})
}

pub(crate) fn hello() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "scripted", "version": "1" },
    })
}

/// A server of the handshake's era without sessions; `call` is what comes of a tool's call.
pub(crate) fn plain<F>(call: impl Fn(Seen) -> F + Send + Sync + 'static) -> Server
where
    F: Future<Output = Response> + Send + 'static,
{
    Server::start(move |seen| {
        let answer = basics(&seen);
        let called = answer.is_none().then(|| call(seen));
        async move {
            match (answer, called) {
                (Some(answer), _) => answer,
                (None, Some(called)) => called.await,
                (None, None) => unreachable!("one of them"),
            }
        }
    })
}

/// What every server does; `None` for a tool's call.
pub(crate) fn basics(seen: &Seen) -> Option<Response> {
    if seen.http_method != Method::POST {
        return Some(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    Some(match seen.method() {
        "initialize" => seen.result(&hello()),
        "ping" => seen.result(&json!({})),
        "tools/list" => seen.result(&tools()),
        "tools/call" => return None,
        _ if seen.body["id"].is_null() || seen.method().is_empty() => StatusCode::ACCEPTED.into_response(),
        _ => seen.error(-32601, "no such method"),
    })
}

/// The proxy, and its client's end of the streams.
pub(crate) struct Proxy {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    errors: tokio::task::JoinHandle<String>,
}

impl Proxy {
    /// Starts it with nothing of AWS's in its environment.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(arguments, environment);
        let mut process = command.spawn().expect("starts");
        let output = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut errors = process.stderr.take().expect("piped");
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            let _ = tokio::io::AsyncReadExt::read_to_string(&mut errors, &mut text).await;
            text
        });
        Self { input: process.stdin.take(), process, output, errors }
    }

    /// In front of a server of this machine, for which requests are not signed; greeted.
    pub(crate) async fn before(server: &Server, arguments: &[&str]) -> Self {
        let url = server.url();
        let mut proxy = Self::start(&[&[url.as_str()], arguments].concat(), &[]);
        proxy.greet().await;
        proxy
    }

    pub(crate) async fn greet(&mut self) -> Value {
        let greeting = self.request("hello", "initialize", initialize()).await;
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        greeting
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.write(&format!("{message}\n")).await;
    }

    pub(crate) async fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open");
        input.write_all(text.as_bytes()).await.expect("the proxy reads");
    }

    /// Asks, without waiting for the answer.
    pub(crate) async fn ask(&mut self, id: impl Into<Value>, method: &str, params: Value) {
        let id = id.into();
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
    }

    /// Asks, and reads what comes next, which is the answer.
    pub(crate) async fn request(&mut self, id: &str, method: &str, params: Value) -> Value {
        self.ask(id, method, params).await;
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool: its text, or the error.
    pub(crate) async fn call(&mut self, tool: &str) -> Result<String, String> {
        said(&self.request("call", "tools/call", json!({ "name": tool, "arguments": {} })).await)
    }

    pub(crate) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await.expect("a line in time");
        line.expect("readable").expect("the proxy goes on")
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.output.next_line()).await.is_err()
    }

    /// Closes standard input, and reads all that comes until the end.
    pub(crate) async fn finish(mut self) -> (Vec<Value>, ExitStatus, String) {
        drop(self.input.take());
        let mut rest = Vec::new();
        let reading = async {
            while let Some(line) = self.output.next_line().await.expect("readable") {
                rest.push(serde_json::from_str(&line).expect("JSON"));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("it ends");
        let status =
            tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("it ends").expect("waits");
        (rest, status, self.errors.await.expect("read"))
    }

    /// It lives, and owes nothing.
    pub(crate) async fn must_be_well(mut self) {
        let answer = self.request("alive", "ping", json!({})).await;
        assert!(answer["result"].is_object(), "{answer}");
        let (rest, status, _) = self.finish().await;
        assert_eq!(rest, Vec::<Value>::new(), "one answer each");
        assert!(status.success(), "{status}");
    }
}

pub(crate) fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.arg("proxy").args(arguments).env_clear();
    command.envs([
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HOME", "/nonexistent"),
        ("PATH", "/usr/bin:/bin"),
    ]);
    command.envs(environment.iter().copied()).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn initialize() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": { "sampling": {}, "elicitation": {} },
        "clientInfo": { "name": "test", "version": "1" },
    })
}

/// What a tool said, or the message of the error.
pub(crate) fn said(answer: &Value) -> Result<String, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match text(&answer["result"]["content"][0]["text"]) {
        Some(said) => Ok(said),
        None => Err(text(&answer["error"]["message"]).unwrap_or_else(|| answer.to_string())),
    }
}
