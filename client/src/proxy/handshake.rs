//! Saying hello: the client's `initialize`, kept, so that the proxy can say it again to a server
//! that has forgotten, or for the first time once it is needed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use super::Start;
use super::asking::{Lost, result_in};
use super::failure::Failure;
use super::message::{self, Message};
use super::outbox::Outbox;
use super::upstream::{Upstream, lock};
use crate::delivery::Session;
use crate::error::Error;

/// Protocol versions that are agreed on by `initialize`.
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// JSON-RPC's "method not found".
const METHOD_NOT_FOUND: i32 = -32601;

/// Where a session stands.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    /// The client's `initialize`.
    request: Option<Message>,
    /// The version that the server agreed to.
    version: Option<HeaderValue>,
    /// How often the server has been greeted with success.
    times: u64,
}

impl Handshake {
    pub(super) fn version(&self) -> Option<&HeaderValue> {
        self.version.as_ref()
    }

    /// Whether the client is of the era that says `initialize`.
    pub(super) fn is_begun(&self) -> bool {
        self.request.is_some()
    }

    pub(super) fn is_done(&self) -> bool {
        self.times > 0
    }
}

impl Upstream {
    /// Greets the server in the client's name, or leaves that for later.
    pub(super) async fn initialize(
        self: &Arc<Self>,
        request: &Message,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let begun = Handshake { request: Some(request.clone()), ..Handshake::default() };
        if self.greets_later() {
            *lock(&self.handshake) = begun;
            let id = request.id().unwrap_or(&Value::Null);
            return Ok(message::result(id, &welcome(request)));
        }
        // Whoever is faster than the answer waits for it.
        let _only = self.greeting.lock().await;
        let first = !std::mem::replace(&mut *lock(&self.handshake), begun).is_done();
        let answer = self.say_hello(request, self.session_to_begin(first), out).await?;
        if let Ok(result) = result_in(&answer) {
            self.agree(&result);
            lock(&self.handshake).times += 1;
        }
        Ok(answer)
    }

    /// The session to greet in: a new one, but for the one that is to be joined.
    fn session_to_begin(&self, first: bool) -> Session {
        let joins = first && self.server.options.session_id.is_some();
        if joins { Session::Current } else { Session::New }
    }

    async fn say_hello(&self, request: &Message, session: Session, out: &Outbox) -> Result<Bytes, Failure> {
        let http = self.http().await?;
        let (deadline, parameters) = (http.deadline(), request.parameters());
        let said = self.exchange(http, request, &parameters, deadline, session, out);
        let after = self.server.options.timeout;
        let timed_out = |_| Error::TimedOut { host: http.host(), after };
        tokio::time::timeout_at(deadline, said).await.map_err(timed_out)?.map_err(|lost| match lost {
            Lost::Not(failure) => failure,
            Lost::Session => Error::SessionLost(http.host()).into(),
        })
    }

    /// Whether the server is greeted only when it is first asked for something.
    pub(super) fn greets_later(&self) -> bool {
        self.settings.start == Start::Lazy
    }

    /// How often the server has been greeted, which is done now if it has not been.
    pub(super) async fn greeted(self: &Arc<Self>) -> Result<u64, Failure> {
        // Whoever greets is waited for: a session is used when it has begun.
        drop(self.greeting.lock().await);
        let (begun, times) = {
            let handshake = lock(&self.handshake);
            (handshake.is_begun(), handshake.times)
        };
        if begun && times == 0 { self.greet(0).await } else { Ok(times) }
    }

    /// Greets the server anew, unless somebody has since it was found to be `seen` times. It goes
    /// on if whoever wants it goes away, so that no session is left half begun.
    pub(super) async fn greet(self: &Arc<Self>, seen: u64) -> Result<u64, Failure> {
        let upstream = Arc::clone(self);
        let greeted = tokio::spawn(async move { upstream.greet_now(seen).await }).await;
        greeted.map_err(|_| Error::Protocol("the greeting of the server met with a fault".to_owned()))?
    }

    async fn greet_now(self: &Arc<Self>, seen: u64) -> Result<u64, Failure> {
        let _only = self.greeting.lock().await;
        let (times, request) = {
            let handshake = lock(&self.handshake);
            (handshake.times, handshake.request.clone())
        };
        let Some(request) = request.filter(|_| times == seen) else { return Ok(times) };
        let session = self.session_to_begin(seen == 0);
        let Some(request) = request.with_id(json!(self.own_id())) else { return Ok(times) };
        // Nobody waits for what a server may say on the way.
        let answer = self.say_hello(&request, session, &Outbox::closed()).await?;
        self.agree(&result_in(&answer)?);
        let http = self.http().await?;
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        if let Ok(initialized) = Message::read(message::to_bytes(&initialized)) {
            // Whether the session holds will show.
            if let Err(error) = self.pass_on(http, &initialized).await {
                tracing::warn!(%error, "the server was not told that the session has begun");
            }
        }
        lock(&self.known).forget();
        self.watch(http);
        let mut handshake = lock(&self.handshake);
        handshake.times += 1;
        Ok(handshake.times)
    }

    /// Tries to greet a server whose lists could not be had, and has its client ask for them again:
    /// without tools it will ask for nothing else.
    pub(super) fn catch_up(self: &Arc<Self>) {
        {
            let handshake = lock(&self.handshake);
            if !handshake.is_begun() || handshake.is_done() {
                return;
            }
        }
        let mut catching_up = lock(&self.catching_up);
        if catching_up.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let upstream = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            let mut wait = FIRST_WAIT;
            loop {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                let Some(upstream) = upstream.upgrade() else { return };
                if upstream.greeted().await.is_ok() {
                    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
                    return upstream.outbox.send(message::to_bytes(&changed)).await;
                }
            }
        });
        *catching_up = Some(task.abort_handle());
    }

    /// Remembers what the server agreed to.
    fn agree(&self, result: &Value) {
        let version = result.get("protocolVersion").and_then(Value::as_str);
        lock(&self.handshake).version = version.and_then(|version| HeaderValue::from_str(version).ok());
    }
}

/// An empty list where the server has none of the kind, which its client could not know.
pub(super) fn or_empty(request: &Message, answer: Bytes) -> Bytes {
    let key = match request.method() {
        "tools/list" => "tools",
        "prompts/list" => "prompts",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        _ => return answer,
    };
    match (result_in(&answer), request.id()) {
        (Err(Error::Rpc { code: METHOD_NOT_FOUND, .. }), Some(id)) => {
            message::result(id, &json!({ key: [] }))
        }
        _ => answer,
    }
}

/// What a client is told that shall not wait for the server: everything is offered, and a list
/// of what the server does not have will be empty.
fn welcome(request: &Message) -> Value {
    let asked: Option<Value> = serde_json::from_slice(&request.bytes).ok();
    let asked = asked.as_ref().and_then(|asked| asked.pointer("/params/protocolVersion")?.as_str());
    let version = asked.filter(|asked| VERSIONS.contains(asked)).unwrap_or(VERSIONS[VERSIONS.len() - 1]);
    json!({
        "protocolVersion": version,
        "capabilities": {
            "tools": { "listChanged": true }, "prompts": {}, "resources": {}, "completions": {}, "logging": {},
        },
        "serverInfo": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
    })
}
