//! The service with sessions: a tool that asks its client gets the answer.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use mcp_http::{Body, McpService, Origin};
use rmcp::model::{CustomRequest, ServerCapabilities, ServerConfig, ServerRequest};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};
use tower::ServiceExt;

struct Fixture;

#[tool_router]
impl Fixture {
    #[tool(description = "Ask the client's user something")]
    async fn ask(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let question = CustomRequest::new("elicitation/create", None);
        let answered = context.peer.send_request(ServerRequest::CustomRequest(question)).await;
        answered
            .map(|answer| serde_json::to_string(&answer).expect("JSON"))
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }
}

#[tool_handler]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

/// Posts a message in the session that the platform or the client names.
async fn post(
    service: &McpService<Fixture>,
    platform: Option<&str>,
    client: Option<&str>,
    body: String,
) -> Response<Body> {
    let mut request = Request::post("/").header("content-type", "application/json");
    if let Some(id) = client {
        request = request.header("mcp-session-id", id);
    }
    let origin = Origin { session_id: platform.map(str::to_owned), ..Origin::default() };
    let request = request.extension(origin).body(Full::new(Bytes::from(body)));
    let answered =
        tokio::time::timeout(Duration::from_secs(5), service.clone().oneshot(request.expect("a request")));
    let Ok(response) = answered.await.expect("every request is answered");
    response
}

async fn rest(response: Response<Body>) -> String {
    let Ok(body) = tokio::time::timeout(Duration::from_secs(5), response.into_body().collect())
        .await
        .expect("every answer ends");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// The next event that says something.
async fn event(response: &mut Response<Body>) -> String {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(5), response.body_mut().frame());
        let Ok(frame) = frame.await.expect("an event in time").expect("an event");
        let text = String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text");
        if text.contains("jsonrpc") {
            return text;
        }
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const ASK: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ask"}}"#;

async fn ask_and_decline(service: &McpService<Fixture>, platform: Option<&str>, client: Option<&str>) {
    let noted = post(service, platform, client, INITIALIZED.to_owned()).await;
    assert_eq!(noted.status(), 202);
    let mut asked = post(service, platform, client, ASK.to_owned()).await;
    let question = event(&mut asked).await;
    let question = question.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
    let question: serde_json::Value = serde_json::from_str(question).expect("JSON");
    assert_eq!(question["method"], "elicitation/create");
    let decline =
        serde_json::json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    assert_eq!(post(service, platform, client, decline.to_string()).await.status(), 202);
    let answer = rest(asked).await;
    assert!(answer.contains("decline") && answer.contains(r#""id":2"#), "{answer}");
}

#[tokio::test]
async fn a_tool_gets_its_clients_answer_whoever_names_the_session() {
    let service = McpService::with_sessions(Fixture);
    let greeted = post(&service, None, None, INITIALIZE.to_owned()).await;
    let own = greeted.headers()["mcp-session-id"].to_str().expect("text").to_owned();
    assert!(rest(greeted).await.contains(r#""protocolVersion":"2025-11-25""#));
    ask_and_decline(&service, None, Some(&own)).await;

    // A platform says its own name from the first request on, and the client never sees rmcp's.
    let platform = Some("a-name-that-the-platform-has-made-up");
    rest(post(&service, platform, platform, INITIALIZE.to_owned()).await).await;
    ask_and_decline(&service, platform, platform).await;
    // The first session is still there.
    ask_and_decline(&service, None, Some(&own)).await;
}

#[tokio::test]
async fn a_second_handshake_under_a_name_ends_the_session_before() {
    let service = McpService::with_sessions(Fixture);
    let platform = Some("a-name-that-the-platform-has-made-up");
    rest(post(&service, platform, None, INITIALIZE.to_owned()).await).await;
    let mut waiting = post(&service, platform, None, ASK.to_owned()).await;
    event(&mut waiting).await;
    rest(post(&service, platform, None, INITIALIZE.to_owned()).await).await;
    rest(waiting).await;
    ask_and_decline(&service, platform, None).await;
}

#[tokio::test]
async fn a_client_whose_session_is_gone_is_told_to_begin_anew() {
    let service = McpService::with_sessions(Fixture);
    let request = Request::post("/")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2025-11-25")
        .header("mcp-session-id", "a-session-that-ended-with-its-process")
        .body(Full::new(Bytes::from(ASK)))
        .expect("a request");
    let Ok(lost) = service.oneshot(request).await;
    assert_eq!(lost.status(), 404);
    assert_eq!(
        rest(lost).await,
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32600,"message":"the session is not here, or no longer: initialize again"}}"#
    );
}

#[tokio::test]
async fn what_is_in_no_session_is_served_without_one() {
    let service = McpService::with_sessions(Fixture);
    let greeted = post(&service, None, None, INITIALIZE.to_owned()).await;
    let own = greeted.headers()["mcp-session-id"].to_str().expect("text").to_owned();
    rest(greeted).await;
    let probe = r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#;
    assert_eq!(
        rest(post(&service, None, Some(&own), probe.to_owned()).await).await,
        r#"{"jsonrpc":"2.0","id":0,"result":{}}"#
    );
    for client in [None, Some("a-session-that-ended-with-its-process")] {
        assert_eq!(
            rest(post(&service, None, client, probe.to_owned()).await).await,
            r#"{"jsonrpc":"2.0","id":0,"result":{}}"#
        );
        let asked = rest(post(&service, None, client, ASK.to_owned()).await).await;
        assert!(asked.contains("keeps no session"), "{asked}");
    }
}
