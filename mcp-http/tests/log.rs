//! The request log: one line per request, with what may be logged and nothing else.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use mcp_http::{McpService, Origin};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;

struct Fixture;

#[tool_router]
impl Fixture {
    #[tool(description = "Answer")]
    async fn answer(
        &self,
        Parameters(arguments): Parameters<rmcp::model::JsonObject>,
    ) -> Result<String, String> {
        if arguments.contains_key("fail") {
            Err("no".to_owned())
        } else {
            Ok("result-of-the-tool".to_owned())
        }
    }
}

#[tool_handler]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

/// A log kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged of a POST, without time and duration.
async fn logged(body: &str) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .json()
        .flatten_event(true)
        .without_time()
        .finish();
    let request = Request::post("/")
        .header("content-type", "application/json")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, Signature=0123456789abcdef")
        .header("x-amz-security-token", "session-token")
        .header("mcp-session-id", "session-1")
        .extension(Origin {
            request_id: Some("request-1".to_owned()),
            caller: Some("arn:aws:iam::123456789012:user/caller".to_owned()),
            trace_id: Some("trace-1".to_owned()),
            ..Origin::default()
        })
        .body(Full::new(Bytes::from(body.to_owned())))
        .expect("a request");
    let answered = async {
        let Ok(response) = McpService::new(Fixture).oneshot(request).await;
        let Ok(_) = response.into_body().collect().await;
    };
    answered.with_subscriber(subscriber).await;
    let lines = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    let ours = lines.lines().filter(|line| line.contains(r#""target":"mcp""#));
    ours.map(without_duration).collect::<Vec<_>>().join("\n")
}

fn without_duration(line: &str) -> String {
    let (before, after) = line.split_once(r#""duration_ms":"#).expect("a duration");
    let (duration, after) = after.split_once(',').expect("more fields");
    assert!(duration.parse::<f64>().is_ok_and(|duration| duration > 0.0), "{duration}");
    format!("{before}{after}")
}

fn call(arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"answer","arguments":{arguments}}}}}"#
    )
}

#[tokio::test]
async fn a_call_is_one_line_with_its_ids_and_its_caller() {
    insta::assert_snapshot!(logged(&call(r#"{"password":"hunter2"}"#)).await, @r#"{"level":"INFO","message":"request","request_id":"request-1","session_id":"session-1","trace_id":"trace-1","caller":"arn:aws:iam::123456789012:user/caller","method":"tools/call","tool":"answer","status":200,"outcome":"ok","target":"mcp"}"#);
}

#[tokio::test]
async fn the_outcome_tells_a_tools_no_from_a_protocol_error() {
    let refused = logged(&call(r#"{"fail":true}"#)).await;
    assert!(refused.contains(r#""outcome":"tool_error""#), "{refused}");
    let unknown = logged(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}}"#).await;
    assert!(unknown.contains(r#""outcome":"error","code":-32602"#), "{unknown}");
    let malformed = logged("{").await;
    assert!(malformed.contains(r#""status":400,"outcome":"error","code":-32700"#), "{malformed}");
    let notification = logged(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert!(
        notification.contains(r#""method":"notifications/initialized","status":202,"outcome":"ok""#),
        "{notification}"
    );
}
