//! The tools through both doors, as a user has them.

use std::time::Duration;

use crate::common::{
    arguments, call, caller, config, connect, fixture, function_url, options, runtime, start, structured,
    targets, text,
};
use local_aws::{Config, InvokeMode};
use mcp_sigv4::{Client, Demo, Error, Options, Protocol};

/// The guide's expected output but for its first line and Python's way to print an object.
const GUIDE: &str = include_str!("../../src/cli/guide.txt");

#[tokio::test]
async fn both_hosts_print_the_guides_output_in_both_protocol_eras() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        for protocol in [Protocol::Initialize, Protocol::Auto, Protocol::V2026_07_28] {
            let options = Options { protocol, ..options(&caller) };
            let mut out = Vec::new();
            Demo::run(target.clone(), options, &mut out)
                .await
                .unwrap_or_else(|error| panic!("{host}: {error}"));
            let out = String::from_utf8(out).expect("text");
            let (first, rest) = out.split_once('\n').expect("lines");
            assert_eq!(first, format!("Connecting to: {target}"));
            // In this order; tools that were added since may be listed too.
            let mut lines = rest.lines();
            for expected in GUIDE.lines() {
                assert!(lines.any(|line| line == expected), "{host} {protocol:?}: {expected:?} in\n{rest}");
            }
        }
    }
}

#[tokio::test]
async fn big_integers_come_back_exact_from_both_hosts() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let client = connect(target, &caller).await.expect("connects");
        let big = arguments(r#"{"a": 1180591620717411303424, "b": 1180591620717411303424}"#);
        let result = client.call_tool("multiply_numbers", big).await.expect("an answer");
        let square = "1393796574908163946345982392040522594123776";
        assert_eq!(text(&result), square, "{host}");
        assert_eq!(structured(&result)["result"].to_string(), square, "{host}");
    }
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_passes_where_the_platform_lets_it() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    // It is in the answer twice, as text and as structured content.
    let name = "x".repeat(5_000_000);
    let greet = || arguments(&format!(r#"{{"name": "{name}"}}"#));
    let agentcore = connect(runtime(&stack), &caller).await.expect("connects");
    let greeted = agentcore.call_tool("greet_user", greet()).await.expect("an answer");
    assert!(text(&greeted).len() > name.len());
    let lambda = connect(function_url(&stack), &caller).await.expect("connects");
    let refused =
        lambda.call_tool("greet_user", greet()).await.expect_err("too large for Lambda").to_string();
    assert!(refused.contains("502"), "{refused}");
}

#[tokio::test]
async fn sixty_four_concurrent_calls_lose_nothing() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let client = connect(target, &caller).await.expect("connects");
        let calls = (0..64).map(|number| {
            let client = &client;
            async move { call(client, "add_numbers", &format!(r#"{{"a": {number}, "b": 1000}}"#)).await }
        });
        let answers = futures::future::join_all(calls).await;
        let expected: Vec<String> = (1000..1064).map(|sum| sum.to_string()).collect();
        assert_eq!(answers, expected, "{host}");
    }
}

#[tokio::test]
async fn a_function_url_that_streams_and_its_function_agree() {
    let caller = caller();
    let stack = start(Config { invoke_mode: InvokeMode::ResponseStream, ..fixture(&[&caller]) }).await;
    let client = connect(function_url(&stack), &caller).await.expect("connects");
    let first = call(&client, "pid", "{}").await;
    for _ in 0..10 {
        assert_eq!(call(&client, "pid", "{}").await, first, "one environment serves them all");
    }
}

#[tokio::test]
async fn a_function_that_streams_too_long_is_ended() {
    let caller = caller();
    let config = fixture(&[&caller]);
    let config = Config {
        invoke_mode: InvokeMode::ResponseStream,
        function_timeout: Duration::from_secs(1),
        ..config
    };
    let stack = start(config).await;
    let client = connect(function_url(&stack), &caller).await.expect("connects");
    let error = client.call_tool("stall", arguments("{}")).await.expect_err("it never ends");
    assert!(matches!(error, Error::Broken { .. }), "{error:?}");
    assert!(call(&client, "pid", "{}").await.parse::<u32>().is_ok());
}

#[tokio::test]
async fn a_million_characters_pass_both_ways() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let name = "é".repeat(500_000);
    for (host, target) in targets(&stack) {
        let client = connect(target, &caller).await.expect("connects");
        let greeting = call(&client, "greet_user", &serde_json::json!({ "name": name }).to_string()).await;
        assert!(greeting == format!("Hello, {name}! Nice to meet you."), "{host}");
    }
}

#[tokio::test]
async fn the_runtime_answers_under_its_account_too() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let endpoint = stack.agentcore_endpoint();
    let url =
        format!("{endpoint}/runtimes/{}/invocations?accountId={}", local_aws::RUNTIME_ID, local_aws::ACCOUNT);
    let target = url
        .parse::<mcp_sigv4::Target>()
        .expect("a target")
        .with_service("bedrock-agentcore")
        .with_region("us-east-1");
    let client = Client::connect(target, options(&caller)).await.expect("connects");
    assert_eq!(call(&client, "add_numbers", r#"{"a": 5, "b": 3}"#).await, "8");
    let other = runtime(&stack).with_qualifier("production").expect("a runtime");
    let error = connect(other, &caller).await.expect_err("there is no such endpoint");
    assert!(error.to_string().contains("(-32004)"), "{error}");
}
