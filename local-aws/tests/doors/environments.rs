//! The processes behind the doors: affinity, reaping, and what happens when they misbehave.

use std::time::{Duration, Instant};

use crate::common::{
    arguments, call, caller, config, connect, fixture, function_url, options, runtime, start, targets,
};
use local_aws::Server;
use mcp_sigv4::{Client, Error, Options, Protocol};

#[tokio::test]
async fn a_client_stays_in_its_session_in_both_protocol_eras() {
    let caller = caller();
    for protocol in [Protocol::Initialize, Protocol::V2026_07_28] {
        let stack = start(fixture(&[&caller])).await;
        let client = Client::connect(runtime(&stack), Options { protocol, ..options(&caller) })
            .await
            .expect("connects");
        let first = call(&client, "pid", "{}").await;
        for _ in 0..5 {
            assert_eq!(call(&client, "pid", "{}").await, first, "{protocol:?}");
        }
        assert_eq!(stack.session_count(), 1, "{protocol:?}");
        let other = connect(runtime(&stack), &caller).await.expect("connects");
        assert_ne!(call(&other, "pid", "{}").await, first, "another client has a session of its own");
    }
}

#[tokio::test]
async fn a_session_can_be_joined_by_its_id() {
    let caller = caller();
    let stack = start(fixture(&[&caller])).await;
    let session_id = Some("a-session-id-of-33-characters-000".to_owned());
    let join =
        || Client::connect(runtime(&stack), Options { session_id: session_id.clone(), ..options(&caller) });
    let (one, other) = (join().await.expect("connects"), join().await.expect("connects"));
    assert_eq!(call(&one, "pid", "{}").await, call(&other, "pid", "{}").await);
    let too_short = Options { session_id: Some("short".to_owned()), ..options(&caller) };
    let error = Client::connect(runtime(&stack), too_short).await.expect_err("too short");
    assert!(error.to_string().contains("(-32006)"), "{error}");
}

#[tokio::test]
async fn one_lambda_environment_serves_calls_one_after_another() {
    let caller = caller();
    let stack = start(fixture(&[&caller])).await;
    let client = connect(function_url(&stack), &caller).await.expect("connects");
    let first = call(&client, "pid", "{}").await;
    assert_eq!(call(&client, "pid", "{}").await, first);
    let together = ["{}"; 4].map(|none| call(&client, "pid", none));
    let together: std::collections::HashSet<String> =
        futures::future::join_all(together).await.into_iter().collect();
    assert!(together.len() > 1, "concurrent calls have environments of their own");
}

#[tokio::test]
async fn what_is_idle_is_reaped() {
    let caller = caller();
    let mut config = config(&[&caller]);
    config.idle_timeout = Duration::from_millis(100);
    let stack = start(config).await;
    for (_, target) in targets(&stack) {
        connect(target, &caller).await.expect("connects").close().await;
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while stack.session_count() + stack.idle_environment_count() > 0 {
        assert!(Instant::now() < deadline, "still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_tool_that_panics_is_answered_within_a_second() {
    let caller = caller();
    let stack = start(fixture(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let client = connect(target, &caller).await.expect("connects");
        let before = call(&client, "pid", "{}").await;
        let started = Instant::now();
        let result = client
            .call_tool("panic", arguments("{}"))
            .await
            .unwrap_or_else(|error| panic!("{host}: {error}"));
        assert!(started.elapsed() < Duration::from_secs(1), "{host}");
        assert_eq!(result.is_error, Some(true), "{host}");
        assert_eq!(
            crate::common::text(&result),
            "the tool panic failed on this call; the server's log says why",
            "{host}"
        );
        assert_eq!(call(&client, "pid", "{}").await, before, "{host}: the process goes on");
    }
}

#[tokio::test]
async fn a_tool_that_ends_the_process_is_answered_and_the_next_call_works() {
    let caller = caller();
    let stack = start(fixture(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let client = connect(target, &caller).await.expect("connects");
        let error = client.call_tool("crash", arguments("{}")).await.expect_err("it crashed").to_string();
        let expected = if host == "lambda" { "HTTP 502" } else { "(-32010)" };
        assert!(error.contains(expected), "{host}: {error}");
        assert!(call(&client, "pid", "{}").await.parse::<u32>().is_ok(), "{host}");
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_ended_as_aws_does() {
    let caller = caller();
    let mut config = fixture(&[&caller]);
    config.function_timeout = Duration::from_secs(1);
    let stack = start(config).await;
    let client = connect(function_url(&stack), &caller).await.expect("connects");
    let error =
        client.call_tool("sleep", arguments(r#"{"milliseconds": 60000}"#)).await.expect_err("too long");
    assert!(matches!(error, Error::Status { status: 502, .. }), "{error:?}");
    assert_eq!(call(&client, "sleep", r#"{"milliseconds": 1}"#).await, "slept 1 ms");
}

#[tokio::test]
async fn a_function_has_no_more_environments_than_its_concurrency() {
    let caller = caller();
    let mut config = fixture(&[&caller]);
    config.concurrency = 2;
    let stack = start(config).await;
    let client = connect(function_url(&stack), &caller).await.expect("connects");
    let calls = [r#"{"milliseconds": 200}"#; 6].map(|pause| call(&client, "sleep", pause));
    // The rest is throttled with 429, which the client waits out.
    assert_eq!(futures::future::join_all(calls).await, ["slept 200 ms"; 6]);
    assert_eq!(stack.idle_environment_count(), 2);
}

#[tokio::test]
async fn a_container_that_does_not_start_is_reported_with_its_log() {
    let caller = caller();
    let mut config = fixture(&[&caller]);
    config.agentcore_server.arguments = vec!["broken".to_owned()];
    let stack = start(config).await;
    let error = connect(runtime(&stack), &caller).await.expect_err("no container").to_string();
    assert!(error.contains("(-32010)"), "{error}");
    assert!(error.contains("/aws/bedrock-agentcore/runtimes/rust_mcp-localaws01-DEFAULT"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_no_hanging_caller() {
    let caller = caller();
    let mut config = config(&[&caller]);
    config.agentcore_server = Server::new("/no/such/program");
    config.lambda_server = Server::new("/no/such/program");
    let stack = start(config).await;
    let error = connect(runtime(&stack), &caller).await.expect_err("no container").to_string();
    assert!(error.contains("/no/such/program"), "{error}");
    let options = Options { timeout: Duration::from_millis(300), ..options(&caller) };
    let error = Client::connect(function_url(&stack), options).await.expect_err("no function");
    assert!(matches!(error, Error::Status { status: 502, .. }), "{error:?}");
}

#[tokio::test]
async fn sessions_beyond_the_quota_wait_their_turn() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    // More than the 25 new sessions a second: the rest is throttled and comes back.
    let clients = (0..30).map(|_| connect(runtime(&stack), &caller));
    let connected = futures::future::join_all(clients).await;
    assert_eq!(connected.iter().filter(|client| client.is_ok()).count(), 30);
    assert_eq!(stack.session_count(), 30);
}
