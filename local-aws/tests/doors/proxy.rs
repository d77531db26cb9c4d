//! The proxy in front of both doors, which check every signature and every policy.

use std::process::Stdio;
use std::time::Duration;

use local_aws::{Identity, Stack};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::common::{caller, config, program, runtime, start};

struct Proxy {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Proxy {
    /// Starts it in front of doors of a stack.
    fn start(stack: &Stack, arguments: &[&str], identity: &Identity) -> Self {
        let mut command = Command::new(program("mcp-sigv4"));
        command.arg("proxy").args(arguments).env_clear().env("HOME", "/nonexistent");
        command.env("AWS_ACCESS_KEY_ID", &identity.access_key).env("AWS_SECRET_ACCESS_KEY", &identity.secret);
        command.env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", stack.agentcore_endpoint());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("starts");
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { _process: process, input, output }
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": method, "method": method, "params": params });
        self.input.write_all(format!("{request}\n").as_bytes()).await.expect("written");
        let line = tokio::time::timeout(Duration::from_secs(30), self.output.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }

    async fn initialize(&mut self) -> Value {
        let us = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": us });
        self.request("initialize", params).await
    }

    /// Adds two numbers, one of which no double holds.
    async fn add(&mut self, meta: Value, tool: &str) -> Value {
        let arguments: Value = serde_json::from_str(r#"{"a":1180591620717411303424,"b":1}"#).expect("JSON");
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let answer = self.request("tools/call", params).await;
        assert_eq!(answer["result"]["content"][0]["text"], "1180591620717411303425", "{answer}");
        answer
    }
}

#[tokio::test]
async fn tools_are_used_through_the_proxy_in_both_protocol_eras() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in [("agentcore", stack.runtime_arn()), ("lambda", stack.function_url())] {
        let mut proxy = Proxy::start(&stack, &[&target], &caller);
        let hello = proxy.initialize().await;
        assert_eq!(hello["result"]["protocolVersion"], "2025-11-25", "{host}: {hello}");
        proxy.add(json!({}), "add_numbers").await;
        let stateless = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let found = proxy.request("server/discover", json!({ "_meta": stateless })).await;
        assert!(found["result"]["supportedVersions"].to_string().contains("2026-07-28"), "{host}: {found}");
        let answer = proxy.add(stateless, "add_numbers").await;
        assert_eq!(answer["result"]["resultType"], "complete", "{host}: {answer}");
    }
}

#[tokio::test]
async fn complaint_11_a_function_url_that_refuses_names_both_actions() {
    let (caller, stranger) = (caller(), Identity::user("stranger", Vec::new()));
    let stack = start(config(&[&caller, &stranger])).await;
    let mut proxy = Proxy::start(&stack, &[&stack.function_url()], &stranger);
    let refused = proxy.initialize().await;
    assert_eq!(refused["error"]["data"]["cause"], "forbidden", "{refused}");
    let why = refused["error"]["message"].as_str().expect("a message");
    assert!(why.contains("lambda:InvokeFunctionUrl and lambda:InvokeFunction"), "{why}");
    assert!(!why.contains(&stranger.secret), "{why}");
}

#[tokio::test]
async fn complaint_13_a_url_with_a_port_and_a_query_is_signed_as_it_is() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let url = runtime(&stack).to_string();
    assert!(url.contains("?qualifier=DEFAULT") && url.contains("127.0.0.1:"), "{url}");
    let signed = ["--service", "bedrock-agentcore", "--region", "us-east-1"];
    let mut proxy = Proxy::start(&stack, &[&[url.as_str()], &signed[..]].concat(), &caller);
    let hello = proxy.initialize().await;
    assert!(hello["result"].is_object(), "{hello}");
    proxy.add(json!({}), "add_numbers").await;
}

#[tokio::test]
async fn both_hosts_are_one_server_to_a_client() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let (arn, url) =
        (format!("agentcore={}", stack.runtime_arn()), format!("lambda={}", stack.function_url()));
    let mut proxy = Proxy::start(&stack, &[&arn, &url], &caller);
    let hello = proxy.initialize().await;
    assert!(hello["result"].is_object(), "{hello}");
    for name in ["agentcore__add_numbers", "lambda__add_numbers"] {
        proxy.add(json!({}), name).await;
    }
}
