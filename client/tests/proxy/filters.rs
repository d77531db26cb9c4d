//! Which tools are let through, and what is added to requests.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use crate::common::{Proxy, Server, basics, plain};

async fn listed(proxy: &mut Proxy) -> Vec<String> {
    let list = proxy.request("list", "tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn read_only_hides_and_refuses_what_is_not_announced_as_such() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &["--read-only"]).await;
    // Before any list: it is looked up.
    assert_eq!(proxy.call("read").await, Ok("done".to_owned()));
    for tool in ["again", "once", "unknown"] {
        let error = proxy.call(tool).await.expect_err("refused");
        assert!(error.contains("is not announced as read-only, and --read-only is set"), "{error}");
    }
    assert_eq!(listed(&mut proxy).await, ["read"]);
    assert_eq!(server.asked("tools/call").len(), 1);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn names_are_let_through_and_kept_back_by_pattern() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &["--allow", "re*,o?ce", "--deny", "once"]).await;
    assert_eq!(listed(&mut proxy).await, ["read"]);
    assert_eq!(proxy.call("read").await, Ok("done".to_owned()));
    assert!(proxy.call("once").await.expect_err("denied").contains("--deny"));
    assert!(proxy.call("again").await.expect_err("not allowed").contains("--allow"));
    assert_eq!(server.asked("tools/call").len(), 1);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_name_that_is_no_text_is_let_through_by_no_filter() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &["--read-only"]).await;
    for params in [json!({ "name": ["once"] }), json!({}), json!("once"), json!(null)] {
        let answer = proxy.request("odd", "tools/call", params).await;
        assert!(
            answer["error"]["message"].as_str().is_some_and(|why| why.contains("names no tool")),
            "{answer}"
        );
    }
    // The last of two names is the one that servers go by.
    proxy.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"name\":\"once\"}}\n").await;
    assert!(proxy.next().await["error"].is_object());
    proxy.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"method\":\"tools/call\",\"params\":{\"name\":\"once\"}}\n").await;
    assert!(proxy.next().await["error"].is_object());
    // What serde does not read, servers may.
    let deep = "[".repeat(200) + &"]".repeat(200);
    for params in [
        format!(r#"{{"name":"once","_meta":{deep}}}"#),
        r#"{"name":"once","_meta":{"a":"\ud800"}}"#.to_owned(),
        r#"["once"]"#.to_owned(),
    ] {
        proxy
            .write(&format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{params}}}\n"
            ))
            .await;
        assert!(proxy.next().await["error"].is_object());
    }
    // A call that wants no answer is a call all the same.
    proxy.write("{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"once\"}}\n").await;
    proxy.request("then", "ping", json!({})).await;
    assert_eq!(server.asked("tools/call").len(), 0);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn patterns_meet_a_tool_by_either_of_its_names() {
    let server = plain(|seen| async move { seen.says("done") });
    let target = format!("prod={}", server.url());
    let mut proxy = Proxy::start(&[&target, "--deny", "once,prod__ag*"], &[]);
    proxy.greet().await;
    assert_eq!(listed(&mut proxy).await, ["prod__read"]);
    for tool in ["prod__once", "prod__again"] {
        assert!(proxy.call(tool).await.expect_err("denied").contains("--deny"));
    }
    // Without the server's name it is nobody's tool.
    assert!(proxy.call("read").await.expect_err("whose?").contains("names begin with prod__"));
    assert_eq!(proxy.call("prod__read").await, Ok("done".to_owned()));
    assert_eq!(server.asked("tools/call").len(), 1);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn pages_of_a_list_are_all_looked_up() {
    let server = Server::start(|seen| async move {
        match (seen.method(), seen.body["params"]["cursor"].as_str()) {
            ("tools/list", None) => seen.result(&json!({ "tools": [], "nextCursor": "2" })),
            ("tools/list", Some(_)) => seen.result(&crate::common::tools()),
            _ => basics(&seen).unwrap_or_else(|| seen.says("done")),
        }
    });
    let mut proxy = Proxy::before(&server, &["--read-only"]).await;
    assert_eq!(proxy.call("read").await, Ok("done".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn metadata_is_added_where_the_client_has_not_said_it() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &["--metadata", "region=eu", "--metadata", "team=a=b"]).await;
    let params = json!({ "name": "once", "_meta": { "region": "us", "progressToken": 1 } });
    proxy.request("1", "tools/call", params).await;
    proxy.ask("2", "ping", json!(null)).await;
    proxy.next().await;
    let meta = |method| server.asked(method)[0].body["params"]["_meta"].clone();
    assert_eq!(meta("initialize"), json!({ "region": "eu", "team": "a=b" }));
    assert_eq!(meta("tools/call"), json!({ "region": "us", "team": "a=b", "progressToken": 1 }));
    assert_eq!(meta("ping"), json!({ "region": "eu", "team": "a=b" }));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn without_a_filter_nothing_is_looked_up() {
    let server = plain(|_| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert!(proxy.call("once").await.is_err());
    assert!(server.asked("tools/list").is_empty());
    proxy.must_be_well().await;
}
