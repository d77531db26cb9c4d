//! What an agent sees of the tools: the whole list, to the letter.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

#[tokio::test]
async fn the_tool_list_is_that_of_the_original_and_more() {
    let request = Request::post("/mcp").header("content-type", "application/json");
    let request =
        request.body(Body::from(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)).expect("a request");
    let response = agentcore_server::app(tool_core::mcp::tools()).oneshot(request).await.expect("infallible");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    insta::assert_json_snapshot!(answer["result"]);
}
