//! Tools that ask their client something within a call.

use crate::common::{arguments, caller, config, options, program, runtime, start, targets, text};
use local_aws::{Config, Identity, Server};
use mcp_sigv4::{Client, Forms, Options, Protocol};

/// A form with a default in each of its fields.
const FORM: &str = "test_elicitation_sep1034_defaults";

/// The handler that the official suite tests, on both hosts.
fn everything(caller: &Identity, environment: &[(&str, &str)]) -> Config {
    let mut server = Server::new(program("examples/everything"));
    server.environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config { agentcore_server: server.clone(), lambda_server: server, ..config(&[caller]) }
}

fn with_defaults(caller: &Identity) -> Options {
    Options { forms: Forms::Defaults, ..options(caller) }
}

#[tokio::test]
async fn a_host_with_sessions_takes_the_clients_answer() {
    let caller = caller();
    let stack = start(everything(&caller, &[("MCP_SESSIONS", "true")])).await;
    let client = Client::connect(runtime(&stack), with_defaults(&caller)).await.expect("connects");
    let answer = client.call_tool(FORM, arguments("{}")).await.expect("an answer");
    assert_eq!(
        text(&answer),
        r#"User response: {"action":"accept","content":{"age":30,"name":"John Doe","score":95.5,"status":"active","verified":true}}"#
    );
    // One who is not asked on behalf of anybody declines.
    let client = Client::connect(runtime(&stack), options(&caller)).await.expect("connects");
    let answer = client.call_tool(FORM, arguments("{}")).await.expect("an answer");
    assert_eq!(text(&answer), r#"User response: {"action":"decline"}"#);
}

#[tokio::test]
async fn a_host_without_sessions_says_so_at_once() {
    let caller = caller();
    let stack = start(everything(&caller, &[])).await;
    for (host, target) in targets(&stack) {
        let client = Client::connect(target, with_defaults(&caller)).await.expect("connects");
        let refused = client.call_tool(FORM, arguments("{}")).await.expect_err(host).to_string();
        assert!(refused.contains("this host keeps no session"), "{host}: {refused}");
    }
}

#[tokio::test]
async fn without_a_handshake_tools_ask_by_their_answer() {
    let caller = caller();
    let stack = start(everything(&caller, &[])).await;
    for (host, target) in targets(&stack) {
        let options = Options { protocol: Protocol::V2026_07_28, ..with_defaults(&caller) };
        let client = Client::connect(target, options).await.expect("connects");
        let tool = "test_input_required_result_multi_round";
        let answer =
            client.call_tool(tool, arguments("{}")).await.unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!(text(&answer), "Hello, you: all inputs are here, state-ok", "{host}");
    }
}
