//! The container contract of AgentCore Runtime, over a real socket and the real binary.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agentcore_server::McpService;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{JsonObject, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

async fn answer(request: Request<Body>) -> (StatusCode, String) {
    let response = agentcore_server::app(McpService::new(tool_core::mcp::tools()))
        .oneshot(request)
        .await
        .expect("infallible");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

fn post(path: &str) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request
        .header("host", "cell01.us-east-1.prod.arp.kepler-analytics.aws.dev")
        .body(PING.into())
        .expect("a request")
}

#[tokio::test]
async fn the_probe_is_answered_with_and_without_a_slash() {
    for path in ["/mcp", "/mcp/"] {
        assert_eq!(
            answer(post(path)).await,
            (StatusCode::OK, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned())
        );
    }
}

#[tokio::test]
async fn ping_tells_the_health() {
    let request = Request::get("/ping").body(Body::empty()).expect("a request");
    assert_eq!(answer(request).await, (StatusCode::OK, r#"{"status":"Healthy"}"#.to_owned()));
}

#[tokio::test]
async fn another_path_is_404_and_says_which_ones_there_are() {
    let (status, body) = answer(post("/")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("POST MCP messages to /mcp"), "{body}");
}

/// The real binary on a port of its own. Killed when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

impl Server {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_agentcore-server"))
            .args(["--listen", "127.0.0.1:0"])
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("a line").expect("text");
        // The log goes on; somebody has to read it.
        std::thread::spawn(move || lines.for_each(drop));
        let (_, address) = line.split_once(r#""address":""#).expect("the first line tells the address");
        let address = address.split('"').next().and_then(|address| address.parse().ok()).expect("an address");
        Self { process, address }
    }

    fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
    }

    fn exit_code(&mut self, within: Duration) -> Option<i32> {
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

/// Sends a request in two halves, so that it is in flight in between.
struct InFlight {
    connection: TcpStream,
    rest: String,
}

impl InFlight {
    /// Finishes and reads no further than the answer's head.
    async fn head(mut self) -> String {
        self.connection.write_all(self.rest.as_bytes()).await.expect("writes");
        let mut answer = vec![0; 1024];
        let length = self.connection.read(&mut answer).await.expect("reads");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    async fn begin(address: SocketAddr, body: &str) -> Self {
        let mut connection = TcpStream::connect(address).await.expect("connects");
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: x\r\nauthorization: hunter-signature\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let (first, rest) = body.split_at(body.len() / 2);
        connection.write_all((head + first).as_bytes()).await.expect("writes");
        Self { connection, rest: rest.to_owned() }
    }

    async fn finish(mut self) -> String {
        self.connection.write_all(self.rest.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        self.connection.read_to_string(&mut answer).await.expect("reads to the end");
        answer
    }
}

#[tokio::test]
async fn sessions_are_kept_where_they_are_asked_for() {
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    for (value, kept) in [("1", true), ("true", true), ("0", false), ("", false)] {
        let server = Server::start_with(&[("MCP_SESSIONS", value)]);
        let greeted = InFlight::begin(server.address, initialize).await.head().await;
        assert!(greeted.starts_with("HTTP/1.1 200"), "{greeted}");
        assert_eq!(greeted.contains("mcp-session-id: "), kept, "{value:?}: {greeted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn termination_under_load_loses_no_accepted_request() {
    let mut server = Server::start();
    let mut requests = Vec::new();
    for number in 0..32 {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"add_numbers","arguments":{{"a":{number},"b":1000}}}}}}"#
        );
        requests.push(InFlight::begin(server.address, &call).await);
    }
    // All are accepted: a request on a later connection is answered.
    let later = InFlight::begin(server.address, PING).await.head().await;
    assert!(later.starts_with("HTTP/1.1 200"), "{later}");
    server.terminate();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing new is accepted");
    for (number, request) in requests.into_iter().enumerate() {
        let answer = request.finish().await;
        assert!(answer.contains(&format!(r#""text":"{}""#, 1000 + number)), "{answer}");
    }
    assert_eq!(server.exit_code(Duration::from_secs(5)), Some(0));
}

#[test]
fn termination_without_load_is_at_once_and_exits_0() {
    let mut server = Server::start();
    server.terminate();
    assert_eq!(server.exit_code(Duration::from_secs(2)), Some(0));
}

#[test]
fn an_address_that_is_taken_is_said_to_be() {
    let server = Server::start();
    let taken = Command::new(env!("CARGO_BIN_EXE_agentcore-server"))
        .args(["--listen", &server.address.to_string()])
        .output();
    let taken = taken.expect("runs");
    assert_eq!(taken.status.code(), Some(2));
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(
        said.contains(&format!("listen on {}: choose another address with --listen", server.address)),
        "{said}"
    );
}

#[tokio::test]
async fn the_log_holds_neither_arguments_nor_credentials() {
    for level in ["", "info", "trace"] {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let mut process = Command::new(env!("CARGO_BIN_EXE_agentcore-server"))
            .args(["--listen", "127.0.0.1:0"])
            .env("RUST_LOG", level)
            .stdout(log.reopen().expect("a file"))
            .spawn()
            .expect("starts");
        let read = || std::fs::read_to_string(log.path()).expect("text");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !read().contains("listening") && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let text = read();
        let (_, address) = text.split_once(r#""address":""#).expect("the first line tells the address");
        let address = address.split('"').next().and_then(|address| address.parse().ok()).expect("an address");
        for (tool, arguments) in [
            ("greet_user", r#"{"name":"hunter2"}"#),
            ("add_numbers", r#"{"a":"hunter2"}"#),
            ("add_numbers", r#"["hunter2"]"#),
        ] {
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
            );
            InFlight::begin(address, &call).await.head().await;
        }
        assert!(read().contains(r#""outcome":"tool_error""#), "{}", read());
        process.kill().and_then(|()| process.wait()).expect("a child");
        for secret in ["hunter2", "hunter-signature"] {
            assert!(!read().contains(secret), "RUST_LOG={level}: {}", read());
        }
    }
}

struct Slow;

#[tool_router]
impl Slow {
    #[tool(description = "Never answer")]
    async fn never(&self, _: Parameters<JsonObject>) -> String {
        std::future::pending().await
    }
}

#[tool_handler]
impl ServerHandler for Slow {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[tokio::test]
async fn draining_has_an_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let served = tokio::spawn(agentcore_server::serve(
        listener,
        McpService::new(Slow),
        shutdown,
        Duration::from_millis(100),
    ));
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"never","arguments":{}}}"#;
    let mut request = InFlight::begin(address, call).await;
    request.connection.write_all(request.rest.as_bytes()).await.expect("writes");
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(stop);
    let ended = tokio::time::timeout(Duration::from_secs(5), served).await.expect("ends in time");
    assert!(ended.expect("no panic").is_ok());
}
