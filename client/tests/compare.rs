//! `mcp-sigv4 compare` against servers that are slow, stall, fail and die.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What becomes of a call, by how many there were before it.
#[derive(Clone, Copy)]
enum Act {
    Answer,
    Status(u16),
    /// The connection is cut within the answer.
    Cut,
    /// The server is gone, with all its connections.
    Die,
    /// No answer for a while.
    Hang,
    /// A JSON-RPC error.
    Rpc(i32),
}

/// How a server behaves.
#[derive(Clone, Copy)]
struct Behaviour {
    delay: Duration,
    /// A pause of so long, every so long: whoever comes meanwhile waits.
    pause: Option<(Duration, Duration)>,
    act: fn(usize) -> Act,
    /// Answers calls with this argument with 502, once the answers have been compared.
    refuses: Option<u64>,
    says: &'static str,
}

const FINE: Behaviour =
    Behaviour { delay: Duration::ZERO, pause: None, act: |_| Act::Answer, refuses: None, says: "done" };

struct Server {
    behaviour: Behaviour,
    calls: Arc<AtomicUsize>,
    began: Instant,
    die: Notify,
}

async fn handle(State(server): State<Arc<Server>>, body: Bytes) -> Response {
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let id = message["id"].clone();
    let result =
        |result: Value| axum::Json(json!({ "jsonrpc": "2.0", "id": id, "result": result })).into_response();
    match message["method"].as_str() {
        Some("initialize") => result(json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "scripted", "version": "1" },
        })),
        Some("tools/list") => {
            result(json!({ "tools": [{ "name": "tool", "inputSchema": { "type": "object" } }] }))
        }
        Some("tools/call") => {
            let before = server.calls.fetch_add(1, Ordering::SeqCst);
            let behaviour = server.behaviour;
            if let Some((length, every)) = behaviour.pause {
                let into = server.began.elapsed().as_secs_f64() % every.as_secs_f64();
                let into = Duration::from_secs_f64(into);
                tokio::time::sleep(length.saturating_sub(into)).await;
            }
            if !behaviour.delay.is_zero() {
                tokio::time::sleep(behaviour.delay).await;
            }
            let refused = behaviour.refuses.is_some()
                && message["params"]["arguments"]["call"].as_u64() == behaviour.refuses;
            if refused && before >= 3 {
                return StatusCode::BAD_GATEWAY.into_response();
            }
            match (behaviour.act)(before) {
                Act::Answer => result(json!({ "content": [{ "type": "text", "text": behaviour.says }] })),
                Act::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
                Act::Cut => {
                    let broken =
                        futures::stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("cut"))]);
                    ([("content-type", "application/json")], Body::from_stream(broken)).into_response()
                }
                Act::Hang => std::future::pending().await,
                Act::Rpc(code) => {
                    let error = json!({ "code": code, "message": "scripted" });
                    axum::Json(json!({ "jsonrpc": "2.0", "id": id, "error": error })).into_response()
                }
                Act::Die => {
                    server.die.notify_one();
                    std::future::pending().await
                }
            }
        }
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

fn start(behaviour: Behaviour) -> String {
    start_counting(behaviour).0
}

/// Starts a server in a thread of its own, so that it can die with all it has. Its URL, and
/// how often its tool was called.
fn start_counting(behaviour: Behaviour) -> (String, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
            tell.send(format!("http://{}/mcp", listener.local_addr().expect("an address"))).expect("told");
            let server = Arc::new(Server { behaviour, calls, began: Instant::now(), die: Notify::new() });
            let router = Router::new().fallback(handle).with_state(Arc::clone(&server));
            tokio::select! {
                ended = axum::serve(listener, router) => ended.expect("serves"),
                () = server.die.notified() => {}
            }
        });
    });
    (told.recv().expect("a URL"), counted)
}

/// Calls of the one tool, few and quick unless the test says otherwise.
fn compare(directory: &Path, servers: &[Behaviour], arguments: &[&str]) -> Output {
    let workload = directory.join("calls.jsonl");
    std::fs::write(&workload, "{\"tool\": \"tool\"}\n").expect("written");
    let urls = servers.iter().map(|behaviour| start(*behaviour));
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.env_clear().env("HOME", "/nonexistent").arg("compare").args(urls);
    for (option, value) in [("--cold", "0"), ("--concurrency", "1"), ("--rate", "0")] {
        if !arguments.contains(&option) {
            command.args([option, value]);
        }
    }
    command.arg("--workload").arg(workload);
    command.args(arguments).output().expect("runs")
}

fn parsed(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|reason| panic!("{reason}: {error}"))
}

/// What depends on how long calls take runs alone, all else together.
static MACHINE: RwLock<()> = RwLock::new(());

fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

fn together() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds(length: u64) -> Duration {
    Duration::from_millis(length)
}

#[test]
fn a_pause_shows_under_an_open_load_and_hardly_under_a_closed_one() {
    let _machine = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let stalling = Behaviour { pause: Some((milliseconds(600), milliseconds(3000))), ..FINE };
    let arguments = ["--rate", "100", "--seconds", "6", "--output", "json"];
    let report = parsed(&compare(directory.path(), &[stalling, FINE], &arguments));
    let latency = |load: usize, lane: usize, quantile: &str| {
        let latency = &report["findings"]["loads"][load]["lanes"][lane]["latency"];
        latency[quantile].as_f64().unwrap_or_else(|| panic!("{report}"))
    };
    // A fifth of the time is pause, so of a hundred calls twenty wait, the longest nearly all of it.
    assert!(latency(1, 0, "p90") > 200.0, "open: {}", latency(1, 0, "p90"));
    assert!(latency(1, 0, "p99") > 500.0, "open: {}", latency(1, 0, "p99"));
    assert!(latency(1, 1, "p90") < 150.0, "open, without a pause: {}", latency(1, 1, "p90"));
    // A caller who waits meets a pause once.
    assert!(latency(0, 0, "p90") < 150.0, "closed: {}", latency(0, 0, "p90"));
}

#[test]
fn the_same_server_twice_has_a_ratio_of_one_and_one_slowed_by_a_fifth_has_not() {
    let _machine = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let slow = |delay| Behaviour { delay: milliseconds(delay), ..FINE };
    // Long enough that what a busy machine adds to a call is little beside a fifth of it.
    let servers = [slow(50), slow(50), slow(60)];
    let arguments = ["--seconds", "6", "--confidence", "0.999", "--output", "json"];
    let report = parsed(&compare(directory.path(), &servers, &arguments));
    let ratio = |lane: usize, end: &str| {
        let ratio = &report["findings"]["loads"][0]["lanes"][lane]["p50_ratio"];
        ratio[end].as_f64().unwrap_or_else(|| panic!("no ratio: {report}"))
    };
    assert!(
        (ratio(1, "low")..=ratio(1, "high")).contains(&1.0),
        "{} to {}",
        ratio(1, "low"),
        ratio(1, "high")
    );
    assert!(ratio(2, "low") > 1.0, "{} to {}", ratio(2, "low"), ratio(2, "high"));
    assert!((1.05..1.35).contains(&ratio(2, "estimate")), "{}", ratio(2, "estimate"));
}

#[test]
fn failures_are_counted_by_kind_and_never_dropped() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let failing = Behaviour {
        // The first call is the one that tells whether the answers are the same.
        act: |before| match before {
            0 => Act::Answer,
            before if before % 10 == 3 => Act::Status(429),
            before if before % 10 == 6 => Act::Status(502),
            before if before % 10 == 9 => Act::Cut,
            _ => Act::Answer,
        },
        ..FINE
    };
    let report_file = directory.path().join("report.html");
    let arguments = [
        "--calls",
        "40",
        "--warm-up",
        "0",
        "--output",
        "json",
        "--report",
        report_file.to_str().expect("text"),
    ];
    let output = compare(directory.path(), &[FINE, failing], &arguments);
    assert_eq!(output.status.code(), Some(1));
    let report = parsed(&output);
    let lane = &report["findings"]["loads"][0]["lanes"][1];
    assert_eq!(lane["failed"], json!({ "throttled": 4, "HTTP 502": 4, "connection broken": 4 }));
    assert_eq!(lane["calls"], 40);
    // 12 of 40 failed, so the 90th percentile is a failure.
    assert_eq!(lane["latency"]["p90"], Value::Null);
    assert!(lane["latency"]["p50"].is_number());
    let page = std::fs::read_to_string(report_file).expect("a page");
    assert!(page.contains("connection broken, 4 times"), "{page}");
}

#[test]
fn a_host_that_dies_midway_is_given_up_and_reported() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let dying = Behaviour {
        act: |before| if before < 50 { Act::Answer } else { Act::Die },
        delay: milliseconds(2),
        ..FINE
    };
    let report_file = directory.path().join("report.html");
    let arguments =
        ["--seconds", "4", "--concurrency", "1,4", "--report", report_file.to_str().expect("text")];
    let began = Instant::now();
    let output = compare(directory.path(), &[dying, FINE], &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(" was measured no further: nothing but failures for a while, the last: cannot connect to 127.0.0.1:"), "{text}");
    assert!(text.contains(": not connected, "), "{text}");
    assert!(text.contains("Warm, 4 callers"), "the other one is measured on: {text}");
    assert!(report_file.exists());
}

#[test]
fn a_host_that_hangs_does_not_slow_the_other_down() {
    let _machine = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let hanging = Behaviour { act: |before| if before < 920 { Act::Answer } else { Act::Hang }, ..FINE };
    // So many become due while nothing is answered that no more may be on their way.
    let arguments = ["--rate", "300", "--calls", "900", "--timeout", "4", "--output", "json"];
    let report = parsed(&compare(directory.path(), &[hanging, FINE], &arguments));
    let lanes = &report["findings"]["loads"][1]["lanes"];
    // It was 400 ms and more where both hosts shared one limit.
    assert!(lanes[1]["latency"]["p50"].as_f64().expect("a median") < 200.0, "{}", lanes[1]);
    assert_eq!(lanes[1]["calls"], 900);
    assert_eq!((&lanes[1]["held"], &lanes[1]["failed"]), (&json!(0), &json!({})));
    assert!(report["record"]["lanes"][0]["gave_up"].is_string(), "{}", report["record"]["lanes"][0]);
}

#[test]
fn all_of_the_workload_is_called_however_short_the_rounds() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let calls = directory.path().join("three.jsonl");
    let lines = (1..=3).map(|call| format!("{{\"tool\": \"tool\", \"arguments\": {{\"call\": {call}}}}}\n"));
    std::fs::write(&calls, lines.collect::<String>()).expect("written");
    let refusing = Behaviour { refuses: Some(2), ..FINE };
    let arguments = ["--calls", "30", "--warm-up", "0", "--output", "json"];
    let urls = [start(FINE), start(refusing)];
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.arg("compare").args(urls).args([
        "--cold",
        "0",
        "--concurrency",
        "1",
        "--rate",
        "0",
        "--workload",
    ]);
    let report = parsed(&command.arg(calls).args(arguments).output().expect("runs"));
    assert_eq!(report["findings"]["loads"][0]["lanes"][1]["failed"], json!({ "HTTP 502": 10 }), "{report}");
}

#[test]
fn a_start_that_is_refused_is_a_failure() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let refusing =
        Behaviour { act: |before| if before == 0 { Act::Answer } else { Act::Rpc(-32010) }, ..FINE };
    let arguments = ["--cold", "3", "--calls", "4", "--warm-up", "0", "--output", "json"];
    let output = compare(directory.path(), &[FINE, refusing], &arguments);
    assert_eq!(output.status.code(), Some(1));
    let report = parsed(&output);
    let starts = &report["findings"]["starts"][1];
    assert_eq!(starts["failed"], json!({ "JSON-RPC error -32010": 6 }));
    assert_eq!((&starts["cold"]["calls"], &starts["cold"]["p50"]), (&json!(3), &Value::Null));
}

#[test]
fn a_server_that_cannot_keep_the_rate_does_not_seem_to() {
    let _machine = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let slow = Behaviour { delay: milliseconds(100), pause: None, ..FINE };
    let arguments = ["--rate", "200", "--seconds", "1", "--rounds", "10", "--output", "json"];
    let report = parsed(&compare(directory.path(), &[slow, FINE], &arguments));
    let throughput =
        |lane: usize| report["findings"]["loads"][1]["lanes"][lane]["throughput"].as_f64().expect("one");
    // The last of the calls is answered 100 ms after it was due, or later.
    assert!(throughput(0) < 190.0, "{}", throughput(0));
    assert!(throughput(1) > throughput(0), "{} {}", throughput(0), throughput(1));
}

#[test]
fn what_cannot_be_written_or_read_is_said_before_anything_is_measured() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let (url, called) = start_counting(FINE);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
        let output =
            command.env_clear().args(["compare", &url, &url]).args(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let broken = directory.path().join("broken.json");
    std::fs::write(&broken, r#"{"record": {"format": 1}}"#).expect("written");
    let broken = broken.to_str().expect("text");
    let negative = directory.path().join("negative.json");
    let shipped = include_str!("../src/compare/prices.json");
    std::fs::write(&negative, shipped.replace("0.20", "-0.20")).expect("written");
    let negative = negative.to_str().expect("text");
    for (arguments, expected) in [
        (["--report", "/nonexistent/report.html"], "write /nonexistent/report.html"),
        (["--workload", "/nonexistent"], "read /nonexistent"),
        (["--prices", broken], "is no price table"),
        (["--prices", negative], "a price must be a number, and not negative"),
        (["--baseline", broken], "is not what `compare --output json` printed: missing field"),
    ] {
        let (code, error) = run(&arguments);
        assert!(code == Some(2) && error.contains(expected), "{arguments:?}: {error}");
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[test]
fn a_record_that_was_tampered_with_is_refused() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let whole = parsed(&compare(directory.path(), &[FINE, FINE], &["--calls", "4", "--output", "json"]));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut report = whole.clone();
        change(&mut report["record"]);
        let file = directory.path().join("changed.json");
        std::fs::write(&file, report.to_string()).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
        let output = command.args(["compare", "--from"]).arg(file).output().expect("runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, error) = changed(&|record| record["format"] = json!(99));
    assert!(code == Some(2) && error.contains("it has form 99"), "{error}");
    let (code, error) =
        changed(&|record| drop(record["loads"][0]["lanes"].as_array_mut().expect("lanes").pop()));
    assert!(code == Some(2) && error.contains("a load is of other hosts"), "{error}");
    assert_eq!(changed(&|_| ()).0, Some(0));
}

#[test]
fn different_answers_are_shown_and_end_with_1() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let output = compare(directory.path(), &[FINE, Behaviour { says: "undone", ..FINE }], &["--calls", "4"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with("Same answers: NO.\n"), "{text}");
    assert!(text.contains(" differs in the answer of tool to {}:\n--- 127.0.0.1:"), "{text}");
    assert!(text.contains("-      \"text\": \"done\",\n+      \"text\": \"undone\","), "{text}");
}

#[test]
fn an_earlier_run_is_a_baseline_and_can_be_reported_on_again() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let run = |delay, more: &[&str]| {
        let slow = Behaviour { delay: milliseconds(delay), ..FINE };
        let names = ["--calls", "40", "--output", "json"];
        compare(directory.path(), &[slow, slow], &[&names[..], more].concat())
    };
    let before = run(5, &[]);
    let file = directory.path().join("before.json");
    // The ports differ from run to run, and with them the names; a deployment keeps its own.
    let rename = |output: &Output| {
        let mut report = parsed(output);
        for (index, lane) in report["record"]["lanes"].as_array_mut().expect("lanes").iter_mut().enumerate() {
            lane["name"] = json!(format!("host {index}"));
        }
        report.to_string()
    };
    std::fs::write(&file, rename(&before)).expect("written");
    let after = directory.path().join("after.json");
    std::fs::write(&after, rename(&run(100, &[]))).expect("written");

    let again = |from: &Path, baseline: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
        command.args(["compare", "--from"]).arg(from).arg("--baseline").arg(baseline).output().expect("runs")
    };
    let slower = again(&after, &file);
    assert_eq!(slower.status.code(), Some(1));
    let text = String::from_utf8(slower.stdout).expect("text");
    assert!(text.contains("Slower than the earlier run\n  host 0, one caller: p50 is "), "{text}");
    assert!(text.contains("host 1, one caller: throughput fell by a factor of "), "{text}");
    let faster = again(&file, &after);
    assert_eq!(faster.status.code(), Some(0), "{}", String::from_utf8_lossy(&faster.stdout));
}

#[test]
fn a_baseline_that_has_nothing_in_common_ends_with_2_and_loses_nothing() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let names = ["--calls", "20", "--output", "json"];
    let earlier = compare(directory.path(), &[FINE, FINE], &names);
    let file = directory.path().join("earlier.json");
    std::fs::write(&file, earlier.stdout).expect("written");
    // Other ports, so other hosts.
    let baseline = ["--calls", "20", "--baseline", file.to_str().expect("text")];
    let output = compare(directory.path(), &[FINE, FINE], &baseline);
    assert_eq!(output.status.code(), Some(2));
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("Warm, one caller") && error.contains("no host or no load in common"),
        "{text}{error}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_early_with_what_was_measured() {
    let _machine = together();
    let directory = tempfile::tempdir().expect("a directory");
    let workload = directory.path().join("calls.jsonl");
    std::fs::write(&workload, "{\"tool\": \"tool\"}\n").expect("written");
    let report = directory.path().join("report.html");
    let (url, called) = start_counting(FINE);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.arg("compare").args([url, start(FINE)]).args(["--cold", "2", "--seconds", "100", "--workload"]);
    command.arg(workload).arg("--report").arg(&report).stdout(std::process::Stdio::piped());
    let running = command.spawn().expect("runs");
    // Well into the first load, whose rounds take five seconds.
    while called.load(Ordering::SeqCst) < 100 {
        std::thread::sleep(milliseconds(20));
    }
    let killed = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = running.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("Warm, one caller"), "{text}");
    assert!(text.contains("ended early: what follows is what was measured until then"), "{text}");
    assert!(report.exists());
}

#[test]
fn a_host_that_is_not_there_ends_with_2_before_anything_is_measured() {
    let _machine = together();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
        let output = command.env_clear().arg("compare").args(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, error) = run(&["http://127.0.0.1:1/mcp", "http://127.0.0.1:1/mcp"]);
    assert!(code == Some(2) && error.contains("cannot connect to 127.0.0.1:1"), "{error}");
    let (code, error) = run(&["http://127.0.0.1:1/mcp"]);
    assert!(code == Some(2) && error.contains("name two targets or more"), "{error}");
    let (code, error) = run(&["--from", "/nonexistent.json"]);
    assert!(code == Some(2) && error.contains("read /nonexistent.json"), "{error}");
}
