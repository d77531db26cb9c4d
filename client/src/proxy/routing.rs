//! Several servers as one: whom a request is for, and what their answers come to together.

mod joining;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use serde_json::{Value, json};

use super::asking::result_in;
use super::conversation::Conversation;
use super::failure::{self, Failure};
use super::message::{self, Message, Parameters};
use super::outbox::Outbox;
use super::upstream::{Upstream, lock};
use crate::error::Error;

use joining::{join_results, merge};

/// How long a client waits for the slowest of its servers, where all are asked.
const MEETING: Duration = Duration::from_secs(15);

/// Lists, and under which key of the result their items are.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

impl Conversation {
    /// Has a request answered by whom it is for.
    pub(super) async fn route(&self, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let [only] = &self.upstreams[..] else { return self.route_among(request, out).await };
        only.request(request, out).await
    }

    async fn route_among(&self, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let (parameters, method) = (request.parameters(), request.method());
        if let Some((_, key)) = LISTS.iter().find(|(list, _)| *list == method) {
            return self.list_all(request, &parameters, key, out).await;
        }
        match method {
            "initialize" | "server/discover" => self.meet_all(request, out).await,
            // This proxy is alive; whether each of its servers is shows in what is asked of it.
            "ping" => Ok(message::result(request.id().unwrap_or(&Value::Null), &json!({}))),
            "logging/setLevel" => best(self.ask_all(request, out).await),
            "tools/call" | "prompts/get" => {
                self.named(parameters.name().unwrap_or_default())?.request(request, out).await
            }
            "completion/complete" => self.complete(request, &parameters, out).await,
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                let uri = parameters.uri.as_ref().and_then(Value::as_str).unwrap_or_default();
                self.ask_for_resource(uri, request, out).await
            }
            _ => Err(nobody(method)),
        }
    }

    /// The server whose name is before the tool's or prompt's.
    fn named(&self, shown: &str) -> Result<&Arc<Upstream>, Failure> {
        let found = self.upstreams.iter().find(|upstream| upstream.server.own_name(shown).is_some());
        found.ok_or_else(|| {
            let names: Vec<String> = self.upstreams.iter().map(|each| each.server.shown_name("…")).collect();
            Failure::Refused(format!("there is no {shown:?}: names begin with {}", names.join(", ")))
        })
    }

    async fn ask_all(&self, request: &Message, out: &Outbox) -> Vec<Result<Bytes, Failure>> {
        let asked = self.upstreams.iter().map(|upstream| in_time(upstream, upstream.request(request, out)));
        join_all(asked).await
    }

    /// Greets all; those that cannot be reached now are greeted when they are asked for something.
    async fn meet_all(&self, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let answers = self.ask_all(request, out).await;
        if request.method() == "server/discover" {
            // One that is of the older era alone: all are then greeted by `initialize`.
            let is_older = |answer: &&Bytes| matches!(result_in(answer), Err(Error::Rpc { .. }));
            let older = answers.iter().filter_map(|answer| answer.as_ref().ok()).find(is_older);
            if let Some(older) = older {
                return Ok(older.clone());
            }
        }
        let results = self.results(answers)?;
        let mut all = json!({});
        let mut instructions = Vec::new();
        for (upstream, mut result) in results {
            let name = upstream.name().unwrap_or_default();
            if let Some(text) = result.get("instructions").and_then(Value::as_str) {
                instructions.push(format!("{name}: {text}"));
            }
            let capabilities = result.get_mut("capabilities").map(Value::take).unwrap_or_default();
            merge(&mut all["capabilities"], capabilities);
            join_results(&mut all, result);
        }
        all["serverInfo"] = json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
        if !instructions.is_empty() {
            all["instructions"] = json!(instructions.join("\n"));
        }
        Ok(message::result(request.id().unwrap_or(&Value::Null), &all))
    }

    /// The lists of all servers as one page.
    async fn list_all(
        &self,
        request: &Message,
        parameters: &Parameters,
        key: &str,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let lists = self.upstreams.iter().map(async |upstream| {
            // Boxed: a future of many kilobytes.
            let listed = Box::pin(upstream.list(parameters, request.method(), key, out));
            in_time(upstream, listed).await
        });
        let lists = join_all(lists).await.into_iter().zip(&self.upstreams).map(|(list, upstream)| {
            // A server that has no lists of the kind is not in the way of those that do.
            match list {
                Err(Failure::Server(Error::Rpc { code: -32601, .. })) => (upstream, Ok(json!({ key: [] }))),
                list => (upstream, list),
            }
        });
        let mut all = json!({ key: [] });
        for (upstream, mut list) in reached(lists.collect(), out).await? {
            let items =
                list.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            self.note_resources(upstream, &items);
            if let Some(all) = all[key].as_array_mut() {
                all.extend(items);
            }
            if let Some(list) = list.as_object_mut() {
                list.remove(key);
                list.remove("nextCursor");
            }
            join_results(&mut all, list);
        }
        Ok(message::result(request.id().unwrap_or(&Value::Null), &all))
    }

    /// The results among answers; the last failure or error where there are none.
    fn results(&self, answers: Vec<Result<Bytes, Failure>>) -> Result<Vec<(&Arc<Upstream>, Value)>, Failure> {
        let mut results = Vec::new();
        let mut last = nobody("initialize");
        for (upstream, answer) in self.upstreams.iter().zip(answers) {
            match answer.map(|answer| (result_in(&answer), answer)) {
                Ok((Ok(result), _)) => results.push((upstream, result)),
                Ok((Err(_), answer)) => last = Failure::Answered(answer),
                Err(failure) => {
                    tracing::warn!(server = upstream.name(), ?failure, "not to be had yet");
                    last = failure;
                }
            }
        }
        if results.is_empty() { Err(last) } else { Ok(results) }
    }

    fn note_resources(&self, upstream: &Arc<Upstream>, items: &[Value]) {
        let Some(server) = self.upstreams.iter().position(|each| Arc::ptr_eq(each, upstream)) else { return };
        let uris = items.iter().filter_map(|item| item.get("uri")?.as_str());
        lock(&self.resources).extend(uris.map(|uri| (uri.to_owned(), server)));
    }

    /// Asks the server that lists a resource; where none does, one after the other until one has
    /// it, since a template may make it.
    async fn ask_for_resource(&self, uri: &str, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let known = lock(&self.resources).get(uri).copied();
        let asked = self.upstreams.iter().enumerate();
        let asked = asked.filter(|(server, _)| known.is_none_or(|known| known == *server));
        let mut last = Err(nobody(request.method()));
        for (_, upstream) in asked {
            last = upstream.request(request, out).await;
            if last.as_ref().is_ok_and(|answer| result_in(answer).is_ok()) {
                break;
            }
        }
        last
    }

    async fn complete(
        &self,
        request: &Message,
        parameters: &Parameters,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let of = |key| parameters.r#ref.as_ref().and_then(|of| of.get(key)?.as_str());
        if let Some(uri) = of("uri") {
            return self.ask_for_resource(uri, request, out).await;
        }
        let shown = of("name").unwrap_or_default();
        let upstream = self.named(shown)?;
        let own = upstream.server.own_name(shown).unwrap_or(shown);
        let request = request.with_name("/params/ref/name", own);
        upstream.request(&request.ok_or_else(|| nobody("completion/complete"))?, out).await
    }
}

/// One of several servers is not waited for as long as a request may take.
async fn in_time<T>(
    upstream: &Upstream,
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = |_| Error::TimedOut { host: upstream.server.host(), after: MEETING };
    tokio::time::timeout(MEETING, asked).await.map_err(late)?
}

/// What could be had; of a server that could not be asked, the client is told.
async fn reached<'a>(
    answers: Vec<(&'a Arc<Upstream>, Result<Value, Failure>)>,
    out: &Outbox,
) -> Result<Vec<(&'a Arc<Upstream>, Value)>, Failure> {
    let mut reached = Vec::new();
    let mut last = None;
    for (upstream, answer) in answers {
        match answer {
            Ok(result) => reached.push((upstream, result)),
            Err(failure) => {
                upstream.catch_up();
                tell_client(upstream, &failure, out).await;
                last = Some(failure);
            }
        }
    }
    match last {
        Some(failure) if reached.is_empty() => Err(failure),
        _ => Ok(reached),
    }
}

async fn tell_client(upstream: &Upstream, failure: &Failure, out: &Outbox) {
    let Failure::Server(error) = failure else { return };
    let data = format!("{} is left out: {}", upstream.name().unwrap_or_default(), failure::text(error));
    tracing::warn!("{data}");
    let params = json!({ "level": "error", "logger": env!("CARGO_PKG_NAME"), "data": data });
    let told = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params });
    out.send(message::to_bytes(&told)).await;
}

/// What all came to: a result, if one of them has one.
fn best(answers: Vec<Result<Bytes, Failure>>) -> Result<Bytes, Failure> {
    let mut any = Err(nobody("this"));
    for answer in answers {
        let good = answer.as_ref().is_ok_and(|answer| result_in(answer).is_ok());
        any = answer;
        if good {
            break;
        }
    }
    any
}

fn nobody(method: &str) -> Failure {
    Failure::Refused(format!("{method} does not tell which of the servers it is for"))
}
