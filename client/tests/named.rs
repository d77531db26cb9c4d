//! Targets by name, looked up in an account that answers by script.

use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;

const RUNTIME: &str = "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/rust_mcp-abcdefghij";

/// The credential scopes that requests were signed for.
type Scopes = Arc<Mutex<Vec<String>>>;

fn note(scopes: &Scopes, headers: &HeaderMap) {
    let authorization = headers["authorization"].to_str().expect("text");
    let scope = authorization.split(['/', ',']).skip(2).take(2).collect::<Vec<_>>().join("/");
    scopes.lock().expect("not poisoned").push(scope);
}

async fn stacks(State(scopes): State<Scopes>, headers: HeaderMap, form: Bytes) -> Response {
    note(&scopes, &headers);
    let form = String::from_utf8(form.to_vec()).expect("text");
    assert!(form.starts_with("Action=DescribeStacks&Version=2010-05-15&StackName="), "{form}");
    if form.ends_with("=rust-mcp") {
        let stack = format!(
            "<R><Stacks><member><Outputs><member><OutputKey>RuntimeArn</OutputKey>\
             <OutputValue>{RUNTIME}</OutputValue></member></Outputs></member></Stacks></R>"
        );
        return stack.into_response();
    }
    let error =
        "<ErrorResponse><Error><Message>Stack with id other does not exist</Message></Error></ErrorResponse>";
    (StatusCode::BAD_REQUEST, error).into_response()
}

/// Two pages, the wanted one on the second.
async fn runtimes(State(scopes): State<Scopes>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    note(&scopes, &headers);
    let page = |name: &str, arn: &str| json!([{ "agentRuntimeName": name, "agentRuntimeArn": arn }]);
    let body = match query.as_deref() {
        Some("maxResults=100") => {
            json!({ "agentRuntimes": page("another", "arn:of:another"), "nextToken": "a+b/=" })
        }
        Some("maxResults=100&nextToken=a%2Bb%2F%3D") => json!({ "agentRuntimes": page("rust_mcp", RUNTIME) }),
        other => panic!("no such page: {other:?}"),
    };
    axum::Json(body).into_response()
}

/// Runs `mcp-sigv4 tools` with a target by name, and says what it said and whom it asked.
async fn tools(options: &[&str]) -> (String, Vec<String>) {
    let scopes = Scopes::default();
    let account = Router::new()
        .route("/", post(stacks))
        .route("/runtimes/", post(runtimes))
        .with_state(Arc::clone(&scopes));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async { axum::serve(listener, account).await });
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.arg("tools").args(options).env_clear().current_dir("/");
    command.envs([("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    command.env("AWS_REGION", "eu-west-1").env("AWS_ENDPOINT_URL", endpoint);
    // Where nobody listens: what is of interest is which target it came to.
    command.env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "http://127.0.0.1:1");
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.expect("not cancelled").expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let scopes = scopes.lock().expect("not poisoned").clone();
    (String::from_utf8(output.stderr).expect("text"), scopes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_found_by_its_name() {
    let (said, asked) = tools(&["--stack", "rust-mcp"]).await;
    assert!(said.starts_with("error: cannot connect to 127.0.0.1:1: "), "{said}");
    assert_eq!(asked, ["eu-west-1/cloudformation"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_there_is_said_by_aws() {
    let (said, _) = tools(&["--stack", "other"]).await;
    assert_eq!(
        said,
        "error: cloudformation:DescribeStacks was refused with 400: Stack with id other does not exist\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_found_on_any_page_of_the_account() {
    let (said, asked) = tools(&["--agent", "rust_mcp"]).await;
    assert!(said.starts_with("error: cannot connect to 127.0.0.1:1: "), "{said}");
    assert_eq!(asked, ["eu-west-1/bedrock-agentcore"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_not_there_is_told_from_those_that_are() {
    let (said, _) = tools(&["--agent", "rusty"]).await;
    assert_eq!(
        said,
        "error: no AgentCore runtime in eu-west-1 is called rusty; there are: another, rust_mcp\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_targets_are_one_too_many() {
    let (said, _) = tools(&[RUNTIME, "--stack", "rust-mcp"]).await;
    assert_eq!(said, "error: one target at a time: name it by ARN, URL, --stack or --agent\n");
}
