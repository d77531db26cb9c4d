//! Whatever happens, every request is answered once, and the proxy lives on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::common::{Proxy, Seen, Server, basics, plain, said};

fn cut(seen: &Seen, media_type: &'static str) -> axum::response::Response {
    let begun = match media_type {
        "application/json" => format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"#, seen.body["id"]),
        _ => ": hello\n\n".to_owned(),
    };
    let pieces = stream::iter([Ok(begun), Err(std::io::Error::other("cut"))]);
    // Told apart, so that the first piece is on its way before the connection is cut.
    let pieces = pieces.then(async |piece| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        piece
    });
    crate::common::stream(media_type, pieces)
}

#[tokio::test]
async fn a_connection_cut_mid_answer_is_one_error_and_the_call_is_not_repeated() {
    for media_type in ["application/json", "text/event-stream"] {
        let server = plain(move |seen| async move { cut(&seen, media_type) });
        let mut proxy = Proxy::before(&server, &[]).await;
        proxy.request("list", "tools/list", json!({})).await;
        let error = proxy.call("once").await.expect_err("cut");
        assert!(error.contains("broke before the answer was complete"), "{error}");
        assert!(error.contains("the call may have run"), "{error}");
        assert_eq!(server.asked("tools/call").len(), 1, "{media_type}");
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn a_connection_cut_mid_answer_is_no_matter_where_a_call_may_run_twice() {
    for media_type in ["application/json", "text/event-stream"] {
        let cuts = Arc::new(AtomicUsize::new(0));
        let server = plain(move |seen| {
            let first = cuts.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { cut(&seen, media_type) } else { seen.says("done") } }
        });
        let mut proxy = Proxy::before(&server, &[]).await;
        proxy.request("list", "tools/list", json!({})).await;
        assert_eq!(proxy.call("again").await, Ok("done".to_owned()), "{media_type}");
        assert_eq!(server.asked("tools/call").len(), 2);
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn a_server_killed_and_started_again_costs_the_calls_of_then_and_none_after() {
    let never = |_: Seen| std::future::pending();
    let mut server = plain(never);
    let mut proxy = Proxy::before(&server, &[]).await;
    for id in 0..10 {
        proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
    }
    while server.asked("tools/call").len() < 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let address = server.address;
    server.kill();
    let mut ids = HashSet::new();
    for _ in 0..10 {
        let answer = proxy.next().await;
        assert!(said(&answer).expect_err("killed").contains("the call may have run"), "{answer}");
        assert!(ids.insert(answer["id"].as_i64()), "answered once: {answer}");
    }
    let error = proxy.call("once").await.expect_err("nobody there");
    assert!(error.contains("cannot connect"), "{error}");
    let _server =
        Server::start_at(address, |seen| async move { basics(&seen).unwrap_or_else(|| seen.says("back")) });
    assert_eq!(proxy.call("once").await, Ok("back".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn without_retries_a_cut_is_an_error_whatever_the_tool() {
    for media_type in ["application/json", "text/event-stream"] {
        let server = plain(move |seen| async move { cut(&seen, media_type) });
        let mut proxy = Proxy::before(&server, &["--retries", "0"]).await;
        proxy.request("list", "tools/list", json!({})).await;
        assert!(proxy.call("again").await.is_err());
        assert_eq!(server.asked("tools/call").len(), 1, "{media_type}");
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_on_a_cancellation_holds_up_what_follows_for_seconds_at_most() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "notifications/cancelled" => std::future::pending().await,
            _ => basics(&seen).unwrap_or_else(|| seen.says("done")),
        }
    });
    let mut proxy = Proxy::before(&server, &["--timeout", "20"]).await;
    let started = std::time::Instant::now();
    for id in 0..3 {
        let params = json!({ "requestId": id });
        proxy.say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })).await;
    }
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(18), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_burst_of_429_is_waited_out_for_every_tool() {
    let calls = Arc::new(AtomicUsize::new(0));
    let server = plain(move |seen| {
        let throttled = calls.fetch_add(1, Ordering::SeqCst) < 30;
        async move { if throttled { StatusCode::TOO_MANY_REQUESTS.into_response() } else { seen.says("done") } }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    for id in 0..20 {
        proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
    }
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let answer = proxy.next().await;
        assert_eq!(said(&answer), Ok("done".to_owned()));
        assert!(ids.insert(answer["id"].as_i64()), "answered once: {answer}");
    }
    assert_eq!(server.asked("tools/call").len(), 50);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_burst_of_503_is_an_error_of_each_call_that_may_have_run() {
    let server = plain(|_| async { StatusCode::SERVICE_UNAVAILABLE.into_response() });
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.request("list", "tools/list", json!({})).await;
    for id in 0..20 {
        proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
    }
    for _ in 0..20 {
        let answer = proxy.next().await;
        assert!(said(&answer).expect_err("503").contains("HTTP 503"), "{answer}");
        assert_eq!(answer["error"]["data"], json!({ "cause": "server", "mayHaveRun": true }));
    }
    assert_eq!(server.asked("tools/call").len(), 20, "each sent once");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn retries_are_as_many_as_were_asked_for() {
    let server = plain(|_| async { StatusCode::TOO_MANY_REQUESTS.into_response() });
    let mut proxy = Proxy::before(&server, &["--retries", "2"]).await;
    let answer = proxy.request("1", "tools/call", json!({ "name": "once" })).await;
    assert_eq!(answer["error"]["data"]["cause"], "throttled", "{answer}");
    assert_eq!(server.asked("tools/call").len(), 3);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn ten_megabytes_pass_both_ways() {
    let server = plain(|seen| async move {
        let text = seen.body["params"]["arguments"]["text"].as_str().expect("text").to_owned();
        seen.says(&text)
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    let text = "é\u{1F600}\\\"".repeat(1_000_000);
    let call = json!({ "name": "again", "arguments": { "text": text } });
    let answer = proxy.request("big", "tools/call", call).await;
    assert!(said(&answer) == Ok(text));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_thousand_requests_are_under_way_at_once_and_answered_once_each() {
    const MANY: usize = 1000;
    let barrier = Arc::new(tokio::sync::Barrier::new(MANY));
    let server = plain(move |seen| {
        let barrier = Arc::clone(&barrier);
        // None is answered before all have come.
        async move {
            barrier.wait().await;
            seen.says(&seen.body["id"].to_string())
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    for id in 0..MANY {
        proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
    }
    let mut ids = HashSet::new();
    for _ in 0..MANY {
        let answer = proxy.next().await;
        assert_eq!(said(&answer), Ok(answer["id"].to_string()));
        assert!(ids.insert(answer["id"].to_string()), "answered once: {answer}");
    }
    proxy.must_be_well().await;
}

#[tokio::test]
async fn what_is_open_when_standard_input_closes_is_answered_first() {
    let server = plain(|seen| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        seen.says("done")
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    for id in 0..50 {
        proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
    }
    // Not even the last line has an end.
    proxy.write(r#"{"jsonrpc":"2.0","id":50,"method":"tools/call","params":{"name":"once"}}"#).await;
    let (answers, status, _) = proxy.finish().await;
    let ids: HashSet<i64> = answers.iter().filter_map(|answer| answer["id"].as_i64()).collect();
    assert_eq!((answers.len(), ids.len()), (51, 51));
    assert!(answers.iter().all(|answer| said(answer) == Ok("done".to_owned())));
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_subscription_ends_with_its_client() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "subscriptions/listen" => std::future::pending().await,
            _ => basics(&seen).expect("no call"),
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.ask("events", "subscriptions/listen", json!({})).await;
    proxy.request("then", "ping", json!({})).await;
    let (rest, status, _) = proxy.finish().await;
    assert_eq!((rest, status.success()), (vec![], true));
}

#[tokio::test]
async fn a_client_that_says_nothing_is_no_fault() {
    let server = plain(|seen| async move { seen.says("done") });
    let proxy = Proxy::start(&[&server.url()], &[]);
    let (answers, status, errors) = proxy.finish().await;
    assert_eq!((answers, status.success(), errors.as_str()), (vec![], true, ""));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn garbage_is_answered_with_errors_and_what_follows_is_served() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &[]).await;
    let garbage = [
        "garbage\n",
        "{\"jsonrpc\": \n",
        "\u{0}\u{1}\n",
        "[]\n",
        "[[5,\"ping\"]]\n",
        "{\"jsonrpc\":\"2.0\",\"id\":7}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n",
    ];
    for text in garbage {
        proxy.write(text).await;
        let answer = proxy.next().await;
        let code = answer["error"]["code"].as_i64();
        assert!(matches!(code, Some(-32700 | -32600)), "{text:?}: {answer}");
        assert_eq!(answer.get("id"), text.contains(":7").then_some(&json!(7)), "{answer}");
    }
    proxy.write("\n  \n\r\n").await;
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn odd_parameters_are_for_the_server_to_judge() {
    let server = plain(|seen| async move { seen.error(-32602, "odd") });
    let mut proxy = Proxy::before(&server, &["--metadata", "k=v"]).await;
    for params in [json!([1]), json!("text"), json!(5), json!({ "name": 5, "_meta": 7 }), Value::Null] {
        let answer = proxy.request("odd", "tools/call", params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    }
    proxy.must_be_well().await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_one_error() {
    let answers: [fn(&Seen) -> axum::response::Response; 6] = [
        |_| StatusCode::ACCEPTED.into_response(),
        |_| ([("content-type", "text/html")], "<h1>hello</h1>").into_response(),
        |_| ([("content-type", "application/json")], "{").into_response(),
        |_| axum::Json(json!({ "jsonrpc": "2.0", "id": "another", "result": {} })).into_response(),
        |_| crate::common::events(&[]),
        |_| crate::common::events(&[json!({ "jsonrpc": "2.0", "id": "another", "result": {} })]),
    ];
    for answer in answers {
        let server = plain(move |seen| async move { answer(&seen) });
        let mut proxy = Proxy::before(&server, &[]).await;
        let error = proxy.call("once").await.expect_err("no answer");
        assert!(error.starts_with("mcp-sigv4: "), "{error}");
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_given_up_in_its_own_time() {
    let server = plain(|_| std::future::pending());
    let mut proxy = Proxy::before(&server, &["--tool-timeout", "0.3"]).await;
    let answer = proxy.request("slow", "tools/call", json!({ "name": "once" })).await;
    assert_eq!(answer["error"]["code"], -32001, "{answer}");
    assert_eq!(answer["error"]["data"], json!({ "cause": "timeout", "mayHaveRun": true }));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_given_up_before_the_request_is() {
    let server = plain(|_| async {
        let pieces = stream::iter([Ok(": begun\n\n".to_owned())]).chain(stream::pending());
        crate::common::stream("text/event-stream", pieces)
    });
    let mut proxy = Proxy::before(&server, &["--read-timeout", "0.3"]).await;
    let started = std::time::Instant::now();
    let error = proxy.call("once").await.expect_err("silent");
    assert!(error.contains("the call may have run"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    proxy.must_be_well().await;
}
