//! Several servers as one.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::common::{Proxy, Server, basics, initialize, plain, said};

fn named(name: &str, server: &Server) -> String {
    format!("{name}={}", server.url())
}

async fn before(servers: &[(&str, &Server)]) -> Proxy {
    let targets: Vec<String> = servers.iter().map(|(name, server)| named(name, server)).collect();
    let mut proxy = Proxy::start(&targets.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    proxy.greet().await;
    proxy
}

#[tokio::test]
async fn tools_have_the_names_of_their_servers_before_theirs() {
    let one = plain(|seen| async move { seen.says(&format!("one: {}", seen.body["params"]["name"])) });
    let two = plain(|seen| async move { seen.says(&format!("two: {}", seen.body["params"]["name"])) });
    let mut proxy = before(&[("one", &one), ("t-2", &two)]).await;
    let list = proxy.request("list", "tools/list", json!({})).await;
    let names: Vec<&str> = list["result"]["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| tool["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["one__read", "one__again", "one__once", "t-2__read", "t-2__again", "t-2__once"]);
    assert_eq!(proxy.call("one__once").await, Ok(r#"one: "once""#.to_owned()));
    assert_eq!(proxy.call("t-2__once").await, Ok(r#"two: "once""#.to_owned()));
    let error = proxy.call("once").await.expect_err("whose?");
    assert!(error.contains(r#"there is no "once": names begin with one__…, t-2__…"#), "{error}");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_server_that_is_down_is_left_out_said_to_be_and_taken_in_when_it_is_back() {
    let up = plain(|seen| async move { seen.says("up") });
    let mut down = plain(|seen| async move { seen.says("never") });
    let address = down.address;
    down.kill();
    let mut proxy = before(&[("up", &up), ("down", &down)]).await;
    proxy.ask("list", "tools/list", json!({})).await;
    let told = proxy.next().await;
    assert_eq!(told["method"], "notifications/message", "{told}");
    assert!(
        told["params"]["data"]
            .as_str()
            .is_some_and(|text| text.starts_with("down is left out: cannot connect")),
        "{told}"
    );
    let list = proxy.next().await;
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(3), "{list}");
    assert!(proxy.call("down__once").await.expect_err("down").contains("cannot connect"));
    assert_eq!(proxy.call("up__once").await, Ok("up".to_owned()));

    let back =
        Server::start_at(address, |seen| async move { basics(&seen).unwrap_or_else(|| seen.says("back")) });
    let changed = proxy.next().await;
    assert_eq!(changed["method"], "notifications/tools/list_changed", "{changed}");
    assert_eq!(proxy.call("down__once").await, Ok("back".to_owned()));
    assert_eq!(back.asked("initialize")[0].body["params"], initialize());
    proxy.must_be_well().await;
}

#[tokio::test]
async fn a_server_that_is_down_holds_up_no_other() {
    let up = plain(|seen| async move { seen.says("up") });
    let hung = Server::start(|_| std::future::pending());
    let started = std::time::Instant::now();
    let targets = [named("up", &up), named("hung", &hung)];
    let mut proxy = Proxy::start(&[&targets[0], &targets[1], "--timeout", "2"], &[]);
    proxy.greet().await;
    for _ in 0..5 {
        proxy.say(&json!({ "jsonrpc": "2.0", "method": "notifications/x" })).await;
        assert_eq!(proxy.call("up__once").await, Ok("up".to_owned()));
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(9), "{:?}", started.elapsed());
    assert!(hung.asked("notifications/x").is_empty(), "it has not been greeted");
    let (rest, status, _) = proxy.finish().await;
    assert_eq!((rest, status.success()), (vec![], true));
}

#[tokio::test]
async fn all_servers_down_is_an_error_and_not_an_empty_list() {
    let mut down = plain(|seen| async move { seen.says("never") });
    let (one, two) = (named("one", &down), named("two", &down));
    down.kill();
    let mut proxy = Proxy::start(&[&one, &two], &[]);
    let answer = proxy.request("1", "initialize", initialize()).await;
    assert_eq!(answer["error"]["data"]["cause"], "unreachable", "{answer}");
    proxy.finish().await;
}

#[tokio::test]
async fn resources_prompts_and_completions_find_their_server() {
    let server = |name: &'static str| {
        Server::start(move |seen| async move {
            match seen.method() {
                "resources/list" => {
                    seen.result(&json!({ "resources": [{ "uri": format!("file:///{name}"), "name": name }] }))
                }
                "prompts/list" => seen.result(&json!({ "prompts": [{ "name": "ask" }] })),
                "resources/read"
                    if seen.body["params"]["uri"].as_str().is_some_and(|uri| !uri.ends_with(name)) =>
                {
                    seen.error(-32002, "no such resource")
                }
                "resources/read" | "prompts/get" => {
                    seen.result(&json!({ "of": name, "params": seen.body["params"] }))
                }
                "completion/complete" => {
                    seen.result(&json!({ "of": name, "ref": seen.body["params"]["ref"] }))
                }
                _ => basics(&seen).expect("no call"),
            }
        })
    };
    let (one, two) = (server("one"), server("two"));
    let mut proxy = before(&[("one", &one), ("two", &two)]).await;
    // Not listed yet: whoever has it.
    let read = proxy.request("r", "resources/read", json!({ "uri": "file:///two" })).await;
    assert_eq!(read["result"]["of"], "two", "{read}");
    let list = proxy.request("l", "resources/list", json!({})).await;
    assert_eq!(list["result"]["resources"].as_array().map(Vec::len), Some(2), "{list}");
    let before = one.asked("resources/read").len();
    proxy.request("r", "resources/read", json!({ "uri": "file:///two" })).await;
    assert_eq!(one.asked("resources/read").len(), before, "listed: asked where it is");
    let prompts = proxy.request("p", "prompts/list", json!({})).await;
    assert_eq!(prompts["result"]["prompts"], json!([{ "name": "one__ask" }, { "name": "two__ask" }]));
    let prompt = proxy.request("g", "prompts/get", json!({ "name": "two__ask" })).await;
    assert_eq!(prompt["result"], json!({ "of": "two", "params": { "name": "ask" } }));
    let of = json!({ "type": "ref/prompt", "name": "two__ask" });
    let completion = proxy.request("c", "completion/complete", json!({ "ref": of, "argument": {} })).await;
    assert_eq!(completion["result"]["ref"]["name"], "ask", "{completion}");
    proxy.must_be_well().await;
}

#[tokio::test]
async fn servers_that_ask_under_the_same_id_are_each_answered() {
    let asking = |name: &'static str| {
        let told = std::sync::Arc::new(tokio::sync::Notify::new());
        Server::start(move |seen| {
            let told = std::sync::Arc::clone(&told);
            async move {
                if seen.body["id"] == 0 && seen.body["result"]["for"] == name {
                    told.notify_one();
                    return StatusCode::ACCEPTED.into_response();
                }
                if let Some(response) = basics(&seen) {
                    return response;
                }
                let question = json!({ "jsonrpc": "2.0", "id": 0, "method": "sampling/createMessage", "params": { "for": name } });
                let last = async move {
                    told.notified().await;
                    let result = json!({ "content": [{ "type": "text", "text": name }] });
                    Ok(format!("data: {}\n\n", seen.answer_to(&result)))
                };
                let first = futures::stream::iter([Ok(format!("data: {question}\n\n"))]);
                crate::common::stream(
                    "text/event-stream",
                    futures::StreamExt::chain(first, futures::stream::once(last)),
                )
            }
        })
    };
    let (one, two) = (asking("one"), asking("two"));
    let mut proxy = before(&[("one", &one), ("two", &two)]).await;
    proxy.ask("1", "tools/call", json!({ "name": "one__once" })).await;
    proxy.ask("2", "tools/call", json!({ "name": "two__once" })).await;
    let questions = [proxy.next().await, proxy.next().await];
    assert_ne!(questions[0]["id"], questions[1]["id"]);
    for question in &questions {
        proxy.say(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": question["params"] })).await;
    }
    let mut answers = [proxy.next().await, proxy.next().await].map(|answer| said(&answer).expect("a text"));
    answers.sort();
    assert_eq!(answers, ["one", "two"]);
    proxy.must_be_well().await;
}

#[tokio::test]
async fn the_oldest_version_is_agreed_on_and_all_capabilities_are_offered() {
    let server = |version: &'static str, capabilities: Value| {
        Server::start(move |seen| {
            let hello = json!({ "protocolVersion": version, "capabilities": capabilities, "serverInfo": { "name": "s", "version": "1" }, "instructions": version });
            async move {
                match seen.method() {
                    "initialize" => seen.result(&hello),
                    _ => basics(&seen)
                        .unwrap_or_else(|| seen.says(seen.header("mcp-protocol-version").unwrap_or("none"))),
                }
            }
        })
    };
    let one = server("2025-11-25", json!({ "tools": { "listChanged": true } }));
    let two = server("2025-03-26", json!({ "tools": {}, "prompts": {} }));
    let targets = [named("one", &one), named("two", &two)];
    let mut proxy = Proxy::start(&[&targets[0], &targets[1]], &[]);
    let hello = proxy.greet().await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-03-26", "{hello}");
    assert_eq!(hello["result"]["capabilities"], json!({ "tools": { "listChanged": true }, "prompts": {} }));
    assert_eq!(hello["result"]["instructions"], "one: 2025-11-25\ntwo: 2025-03-26");
    assert_eq!(
        proxy.call("one__once").await,
        Ok("2025-11-25".to_owned()),
        "each in the version it agreed to"
    );
    proxy.must_be_well().await;
}

#[tokio::test]
async fn names_that_cannot_be_told_apart_are_refused_before_anything_starts() {
    for (targets, why) in [
        (["http://127.0.0.1:1/", "http://127.0.0.1:2/"], "several servers need a name each"),
        (["a=http://127.0.0.1:1/", "a=http://127.0.0.1:2/"], "no two the same"),
        (["a__b=http://127.0.0.1:1/", "c=http://127.0.0.1:2/"], "is no name for a server"),
        (["a b=http://127.0.0.1:1/", "c=http://127.0.0.1:2/"], "is no name for a server"),
    ] {
        let (_, status, errors) = Proxy::start(&targets, &[]).finish().await;
        assert_eq!(status.code(), Some(2));
        assert!(errors.contains(why), "{targets:?}: {errors}");
    }
}
