//! What people complain about in other proxies: each a test, under the complaint's number where
//! it concerns a proxy. (11 and 13 are shown at doors that check, in `local-aws/tests/doors`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::common::{Proxy, Seen, Server, basics, hello, initialize, plain};
use crate::credentials::{Files, SIGNED, profile, server_for};

#[tokio::test]
async fn complaint_1_a_login_in_another_window_needs_no_restart() {
    let server = server_for("AKIANEW");
    let files = Files::new("", &profile("default", "AKIAOLD"));
    let mut proxy = files.proxy(&[&[server.url().as_str()], &SIGNED[..]].concat());
    let refused = proxy.request("1", "initialize", initialize()).await;
    let why = refused["error"]["message"].as_str().expect("a message");
    assert!(why.contains("the credentials have expired (access key AKIAOLD)"), "{why}");
    assert!(why.contains("the proxy need not be restarted"), "{why}");
    files.write_credentials(&profile("default", "AKIANEW"));
    proxy.greet().await;
    assert!(proxy.call("once").await.is_ok());
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_2_missing_credentials_are_no_invalid_parameters() {
    let server = server_for("AKIA");
    let mut proxy = Proxy::start(&[&[server.url().as_str()], &SIGNED[..]].concat(), &[]);
    let refused = proxy.request("1", "initialize", initialize()).await;
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    assert_eq!(refused["error"]["data"]["cause"], "credentials");
    let why = refused["error"]["message"].as_str().expect("a message");
    assert!(why.contains("run `aws configure` or `aws sso login`"), "{why}");
    assert!(why.lines().count() <= 8, "{why}");
    let (_, _, errors) = proxy.finish().await;
    assert_eq!(errors, "", "no traceback");
}

#[tokio::test]
async fn complaint_3_the_handshake_waits_for_nobody_if_it_is_told_to() {
    // Nobody listens there, and there are no credentials.
    let arguments = [&["http://127.0.0.1:1/mcp", "--lazy"], &SIGNED[..]].concat();
    let mut proxy = Proxy::start(&arguments, &[]);
    let hello = proxy.greet().await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18", "{hello}");
    let list = proxy.request("list", "tools/list", json!({})).await;
    assert_eq!(list["error"]["data"]["cause"], "credentials", "{list}");
    proxy.finish().await;
}

#[tokio::test]
async fn complaint_3_a_server_is_greeted_when_it_is_first_needed() {
    let server = plain(|seen| async move { seen.says("done") });
    let mut proxy = Proxy::before(&server, &["--lazy"]).await;
    assert!(proxy.is_silent_for(Duration::from_millis(200)).await);
    assert!(server.seen().is_empty(), "nothing was needed");
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    let methods: Vec<String> = server.seen().iter().map(|seen| seen.method().to_owned()).collect();
    assert_eq!(methods, ["initialize", "notifications/initialized", "tools/call"]);
    assert_eq!(server.asked("initialize")[0].body["params"], initialize(), "in the client's own words");
    let prompts = proxy.request("prompts", "prompts/list", json!({})).await;
    assert_eq!(
        prompts["result"],
        json!({ "prompts": [] }),
        "offered before it was known that there are none"
    );
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_3_a_list_that_could_not_be_had_is_offered_again_when_it_can_be() {
    let mut down = plain(|seen| async move { seen.says("never") });
    let (url, address) = (down.url(), down.address);
    down.kill();
    let mut proxy = Proxy::start(&[&url, "--lazy"], &[]);
    proxy.greet().await;
    let list = proxy.request("list", "tools/list", json!({})).await;
    assert_eq!(list["error"]["data"]["cause"], "unreachable", "{list}");
    let _up =
        Server::start_at(address, |seen| async move { basics(&seen).unwrap_or_else(|| seen.says("done")) });
    let changed = proxy.next().await;
    assert_eq!(changed["method"], "notifications/tools/list_changed", "{changed}");
    let list = proxy.request("list", "tools/list", json!({})).await;
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(3), "{list}");
    proxy.must_be_well().await;
}

fn throttled_list(seen: &Seen) -> axum::response::Response {
    match seen.method() {
        "tools/list" => StatusCode::TOO_MANY_REQUESTS.into_response(),
        _ => basics(seen).unwrap_or_else(|| seen.says("done")),
    }
}

#[tokio::test]
async fn complaint_4_a_throttled_list_is_tried_again_and_never_empty() {
    let times = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen| {
        let throttled = seen.method() == "tools/list" && times.fetch_add(1, Ordering::SeqCst) < 3;
        async move { if throttled { throttled_list(&seen) } else { basics(&seen).expect("no call") } }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    let list = proxy.request("list", "tools/list", json!({})).await;
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(3), "{list}");

    let server = Server::start(|seen| async move { throttled_list(&seen) });
    let mut proxy = Proxy::before(&server, &["--timeout", "1"]).await;
    let list = proxy.request("list", "tools/list", json!({})).await;
    assert_eq!(list["error"]["data"]["cause"], "throttled", "{list}");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_4_a_throttled_look_up_is_no_verdict_on_a_tool() {
    let server = Server::start(|seen| async move { throttled_list(&seen) });
    let mut proxy = Proxy::before(&server, &["--read-only", "--timeout", "1"]).await;
    let error = proxy.call("read").await.expect_err("not known");
    assert!(
        error.contains("whether the tool \"read\" is read-only could not be looked up: HTTP 429"),
        "{error}"
    );
    assert!(server.asked("tools/call").is_empty());
    proxy.must_be_well().await;
}

/// A server that forgets its sessions whenever it is told so, and says it in its own way.
fn forgetful(refusal: fn(&Seen) -> axum::response::Response) -> (Server, Arc<AtomicUsize>) {
    let age = Arc::new(AtomicUsize::new(1));
    let current = Arc::clone(&age);
    let server = Server::start(move |seen| {
        let session = format!("session-{}", current.load(Ordering::SeqCst));
        let response = if seen.method() == "initialize" {
            let known = seen.header("mcp-session-id").is_none();
            assert!(known, "a new session is begun without an old one");
            ([("mcp-session-id", session)], seen.result(&hello())).into_response()
        } else if seen.header("mcp-session-id") == Some(&session) {
            basics(&seen).unwrap_or_else(|| seen.says(&session))
        } else {
            refusal(&seen)
        };
        async move { response }
    });
    (server, age)
}

#[tokio::test]
async fn complaint_5_a_session_that_is_gone_is_begun_anew_and_the_call_goes_on() {
    let refusals: [fn(&Seen) -> axum::response::Response; 4] = [
        |_| StatusCode::NOT_FOUND.into_response(),
        |seen| (StatusCode::NOT_FOUND, seen.error(-32600, "Session not found")).into_response(),
        |seen| {
            (StatusCode::BAD_REQUEST, seen.error(-32000, "Bad Request: No valid session ID provided"))
                .into_response()
        },
        |_| (StatusCode::BAD_REQUEST, "Session not found or expired").into_response(),
    ];
    for refusal in refusals {
        let (server, age) = forgetful(refusal);
        let mut proxy = Proxy::before(&server, &[]).await;
        assert_eq!(proxy.call("once").await, Ok("session-1".to_owned()));
        age.store(2, Ordering::SeqCst);
        // Many at once: one of them greets for all.
        for id in 0..20 {
            proxy.ask(id, "tools/call", json!({ "name": "once" })).await;
        }
        for _ in 0..20 {
            assert_eq!(crate::common::said(&proxy.next().await), Ok("session-2".to_owned()));
        }
        assert_eq!(server.asked("initialize").len(), 2);
        assert_eq!(server.asked("initialize")[1].body["params"], initialize());
        assert_eq!(server.asked("notifications/initialized").len(), 2);
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn complaint_5_a_greeting_that_fails_is_made_up_for_later() {
    let step = Arc::new(AtomicUsize::new(0));
    let server = {
        let step = Arc::clone(&step);
        Server::start(move |seen| {
            // 0: all is well, 1: the session is gone and nobody can be greeted, 2: well again.
            let step = step.load(Ordering::SeqCst);
            let known = seen.header("mcp-session-id") == Some(if step == 2 { "new" } else { "old" });
            let response = match (seen.method(), step) {
                ("initialize", 1) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                ("initialize", 0) => ([("mcp-session-id", "old")], seen.result(&hello())).into_response(),
                ("initialize", _) => ([("mcp-session-id", "new")], seen.result(&hello())).into_response(),
                (_, 1) => StatusCode::NOT_FOUND.into_response(),
                _ if known => basics(&seen).unwrap_or_else(|| seen.says("done")),
                _ => StatusCode::NOT_FOUND.into_response(),
            };
            async move { response }
        })
    };
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    step.store(1, Ordering::SeqCst);
    assert!(proxy.call("once").await.expect_err("nobody there").contains("HTTP 500"));
    step.store(2, Ordering::SeqCst);
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_5_a_session_that_was_half_begun_is_not_begun_in_again() {
    let times = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen| {
        let time = times.fetch_add(usize::from(seen.method() == "initialize"), Ordering::SeqCst);
        async move {
            if seen.method() != "initialize" {
                return basics(&seen).unwrap_or_else(|| seen.says("done"));
            }
            assert_eq!(seen.header("mcp-session-id"), None, "a session is begun in none");
            let response = match time {
                0 => crate::common::events(&[]),
                _ => seen.result(&hello()),
            };
            ([("mcp-session-id", "s")], response).into_response()
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    assert_eq!(server.asked("initialize").len(), 2);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_5_a_late_answer_of_the_old_session_does_not_bring_it_back() {
    let age = Arc::new(AtomicUsize::new(1));
    let current = Arc::clone(&age);
    let server = Server::start(move |seen| {
        let session = format!("session-{}", current.load(Ordering::SeqCst));
        async move {
            let known = seen.method() == "initialize" || seen.header("mcp-session-id") == Some(&session);
            if !known {
                return StatusCode::NOT_FOUND.into_response();
            }
            if seen.body["id"] == "slow" {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            let response = match seen.method() {
                "initialize" => seen.result(&hello()),
                _ => basics(&seen).unwrap_or_else(|| seen.says(&session)),
            };
            ([("mcp-session-id", session)], response).into_response()
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    proxy.ask("slow", "tools/call", json!({ "name": "once" })).await;
    while server.asked("tools/call").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    age.store(2, Ordering::SeqCst);
    assert_eq!(proxy.call("once").await, Ok("session-2".to_owned()));
    assert_eq!(crate::common::said(&proxy.next().await), Ok("session-1".to_owned()));
    assert_eq!(proxy.call("once").await, Ok("session-2".to_owned()));
    assert_eq!(server.asked("initialize").len(), 2, "the new session is kept");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_5_an_error_of_the_servers_own_is_no_lost_session() {
    let server = plain(|seen| async move {
        match seen.body["params"]["name"].as_str() {
            Some("once") => (StatusCode::NOT_FOUND, seen.error(-32601, "no such method")).into_response(),
            _ => (StatusCode::BAD_REQUEST, seen.error(-32602, "missing argument session_id")).into_response(),
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    assert_eq!(proxy.call("once").await, Err("no such method".to_owned()));
    assert_eq!(proxy.call("again").await, Err("missing argument session_id".to_owned()));
    assert_eq!((server.asked("tools/call").len(), server.asked("initialize").len()), (2, 1));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_5_a_server_that_never_knows_its_sessions_is_one_error() {
    let server = Server::start(|seen| async move {
        match seen.method() {
            "initialize" => ([("mcp-session-id", "s")], seen.result(&hello())).into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    let answer = proxy.request("1", "tools/call", json!({ "name": "once" })).await;
    let why = answer["error"]["message"].as_str().expect("a message");
    assert!(why.contains("forgets the sessions that it begins"), "{why}");
    assert_eq!(server.asked("tools/call").len(), 3, "it is not tried for ever");
    proxy.finish().await;
}

#[tokio::test]
async fn complaint_6_the_region_is_the_profiles_unless_it_is_given() {
    let server =
        Server::start(|seen| async move { basics(&seen).unwrap_or_else(|| seen.says(seen.credential())) });
    let config = "[profile work]\nregion = ap-southeast-2\n";
    let files = Files::new(config, &profile("work", "AKIA"));
    let url = server.url();
    let run = async |more: &[&str]| {
        let arguments = [&[url.as_str(), "--service", "execute-api", "--profile", "work"], more].concat();
        let mut proxy = files.proxy(&arguments);
        proxy.greet().await;
        let scope = proxy.call("once").await.expect("signed");
        proxy.must_be_well().await;
        scope
    };
    assert!(run(&[]).await.ends_with("/ap-southeast-2/execute-api/aws4_request"));
    assert!(run(&["--region", "eu-west-1"]).await.ends_with("/eu-west-1/execute-api/aws4_request"));
}

#[tokio::test]
async fn complaint_7_own_headers_are_signed_and_shown_nowhere() {
    let server = Server::start(|seen| async move {
        let names = seen.header("authorization").and_then(|value| value.split_once("SignedHeaders="));
        let names = names.and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default().to_owned();
        basics(&seen)
            .unwrap_or_else(|| seen.says(&format!("{names} {}", seen.header("x-api-key").expect("there"))))
    });
    let url = server.url();
    let arguments = [&[url.as_str(), "--header", "X-Api-Key: key-${KEY}", "-vv"], &SIGNED[..]].concat();
    let keys = [("KEY", "s3cret"), ("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];
    let mut proxy = Proxy::start(&arguments, &keys);
    proxy.greet().await;
    let said = proxy.call("once").await.expect("called");
    assert!(said.contains(";x-api-key") && said.ends_with(" key-s3cret"), "{said}");
    let (_, _, log) = proxy.finish().await;
    assert!(log.contains("answered"), "{log}");
    assert!(!log.contains("s3cret") && !log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn complaint_7_each_server_has_a_profile_of_its_own_and_a_call_says_which() {
    let server =
        Server::start(|seen| async move { basics(&seen).unwrap_or_else(|| seen.says(seen.credential())) });
    let files = Files::new("", &(profile("work", "AKIAWORK") + &profile("home", "AKIAHOME")));
    let url = server.url();
    let (work, home) = (format!("work@work={url}"), format!("home@home={url}"));
    let mut proxy = files.proxy(&[&[work.as_str(), &home], &SIGNED[..]].concat());
    proxy.greet().await;
    assert!(proxy.call("work__once").await.expect("signed").starts_with("AKIAWORK/"));
    assert!(proxy.call("home__once").await.expect("signed").starts_with("AKIAHOME/"));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_8_a_program_that_hands_out_credentials_takes_no_messages() {
    let server = server_for("AKIAPROCESS");
    // It reads all of its standard input first, as one that asks for a password would.
    let credentials = r#"{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"secret\"}"#;
    let config = format!("[default]\ncredential_process = cat >&2; echo \"{credentials}\"\n");
    let files = Files::new(&config, "");
    let mut proxy = files.proxy(&[&[server.url().as_str()], &SIGNED[..]].concat());
    proxy.ask("1", "initialize", initialize()).await;
    proxy.ask("2", "tools/list", json!({})).await;
    let mut ids = [proxy.next().await, proxy.next().await].map(|answer| {
        assert!(answer["result"].is_object(), "{answer}");
        answer["id"].as_str().expect("an id").to_owned()
    });
    ids.sort();
    assert_eq!(ids, ["1", "2"]);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_10_it_answers_long_before_an_editor_loses_patience() {
    let server = plain(|seen| async move { seen.says("done") });
    let started = Instant::now();
    let proxy = Proxy::before(&server, &[]).await;
    // `interop/proxy_bench.sh` measures it; this holds on the slowest of machines.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    proxy.must_be_well().await;
}

const RUNTIME: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-abcdefghij";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret")];

async fn runtime(server: &Server) -> Proxy {
    let endpoint = format!("http://{}", server.address);
    let mut proxy = Proxy::start(&[RUNTIME, "--endpoint-url", &endpoint], &KEYS);
    proxy.greet().await;
    proxy
}

#[tokio::test]
async fn complaint_12_all_requests_of_a_client_are_of_one_session_of_the_platform() {
    let server = Server::start(|seen| async move {
        let accepted = seen.header("accept").expect("there").to_owned();
        assert_eq!(accepted, "application/json, text/event-stream", "else 406");
        let mut response = basics(&seen).unwrap_or_else(|| seen.says("done"));
        // The platform makes a session where none is named, a microVM each.
        let session = seen.header("mcp-session-id").map_or_else(|| "made".to_owned(), str::to_owned);
        response.headers_mut().insert("mcp-session-id", session.parse().expect("a value"));
        response
    });
    let mut proxy = runtime(&server).await;
    for _ in 0..3 {
        assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    }
    proxy.must_be_well().await;
    let seen = server.seen();
    let sessions =
        |header: &HeaderMap| header.get("mcp-session-id").map(|id| id.to_str().expect("text").to_owned());
    assert_eq!(sessions(&seen[0].headers), None);
    assert!(seen[1..].iter().all(|seen| sessions(&seen.headers).as_deref() == Some("made")), "{seen:?}");
}

#[tokio::test]
async fn complaint_12_what_the_platform_refuses_comes_with_what_to_do() {
    for (code, advice) in [
        (-32010, "its log is in the log group /aws/bedrock-agentcore/runtimes/a-abcdefghij-DEFAULT"),
        (-32004, "check the ARN, its account and region, and the qualifier"),
    ] {
        let server = plain(move |seen| async move { seen.error(code, "platform") });
        let mut proxy = runtime(&server).await;
        let answer = proxy.request("1", "tools/call", json!({ "name": "once" })).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
        let why = answer["error"]["message"].as_str().expect("a message");
        assert!(why.starts_with("platform; ") && why.contains(advice), "{why}");
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn complaint_12_a_host_check_is_called_by_its_name() {
    for status in [StatusCode::FORBIDDEN, StatusCode::MISDIRECTED_REQUEST] {
        let server = plain(move |_| async move { (status, "Invalid Host header").into_response() });
        let mut proxy = runtime(&server).await;
        let error = proxy.call("once").await.expect_err("refused");
        assert!(error.contains("turn its check of the Host header off"), "{error}");
        proxy.must_be_well().await;
    }
}

#[tokio::test]
async fn complaint_12_what_is_no_mcp_server_is_said_to_be_none() {
    let server = plain(|_| async { ([("content-type", "text/html")], "<h1>Agent</h1>").into_response() });
    let mut proxy = runtime(&server).await;
    let error = proxy.call("once").await.expect_err("not MCP");
    assert!(error.contains("does not answer like an MCP server"), "{error}");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn complaint_14_an_empty_acceptance_holds_nothing_up() {
    let server = Server::start(|seen| async move {
        if seen.method().starts_with("notifications/") {
            // Said to be a stream, and empty.
            return (StatusCode::ACCEPTED, [("content-type", "text/event-stream")], "").into_response();
        }
        basics(&seen).unwrap_or_else(|| seen.says("done"))
    });
    let mut proxy = Proxy::before(&server, &[]).await;
    let started = Instant::now();
    for _ in 0..5 {
        proxy.say(&json!({ "jsonrpc": "2.0", "method": "notifications/x" })).await;
        assert_eq!(proxy.call("once").await, Ok("done".to_owned()));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let (rest, _, _) = proxy.finish().await;
    assert_eq!(rest, Vec::<Value>::new());
}
