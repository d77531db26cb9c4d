//! One server, as one client of the proxy has it: its session, and what is asked in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::failure::Failure;
use super::handshake::Handshake;
use super::headers;
use super::message::{self, Kind, Message, Parameters};
use super::outbox::Outbox;
use super::questions::Questions;
use super::tools::{self, Known, Tool};
use super::{Server, Settings};
use crate::delivery::{Delivered, Outgoing, Session, SignedHttp};
use crate::error::{Error, platform_hint};
use crate::exchange::Answer;
use crate::retry::Twice;

/// How many pages a list may have.
const PAGES: usize = 1000;

/// How often a request is sent in sessions that are then gone.
const GREETINGS: usize = 3;

/// A server in one session.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(super) server: Arc<Server>,
    pub(super) settings: Arc<Settings>,
    http: OnceCell<SignedHttp>,
    /// Requests that hold a connection, each of which is a file to the operating system.
    connections: Arc<Semaphore>,
    pub(super) handshake: Mutex<Handshake>,
    /// Held by whoever says hello to the server.
    pub(super) greeting: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
    /// The ids of what the server asks, where there are several servers to be told apart.
    pub(super) questions: Option<Arc<Questions>>,
    /// Where the server's own stream goes.
    pub(super) outbox: Outbox,
    pub(super) watching: Mutex<Option<AbortHandle>>,
    numbers: AtomicU64,
}

impl Upstream {
    pub(crate) fn new(
        server: Arc<Server>,
        settings: Arc<Settings>,
        connections: Arc<Semaphore>,
        questions: Option<Arc<Questions>>,
        outbox: Outbox,
    ) -> Self {
        Self {
            server,
            settings,
            http: OnceCell::new(),
            connections,
            handshake: Mutex::default(),
            greeting: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            questions,
            outbox,
            watching: Mutex::default(),
            numbers: AtomicU64::new(1),
        }
    }

    /// Passes a request on; what the server sends before its answer goes to `out`.
    ///
    /// # Errors
    /// Why the server has no answer to it.
    pub(crate) async fn request(self: &Arc<Self>, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let mut parameters = request.parameters();
        let mut request = request.clone();
        if matches!(request.method(), "tools/call" | "prompts/get") {
            if request.method() == "tools/call" {
                self.may_call(&parameters, out).await?;
            }
            if let Some(own) = self.own_name(&parameters) {
                request = request.edited(|request| request["params"]["name"] = json!(own));
                parameters.name = Some(json!(own));
            }
        }
        let answer = match request.method() {
            "initialize" => self.initialize(&request, out).await?,
            _ => self.ask(&request, &parameters, out).await?,
        };
        let answer = if self.greets_later() { self.or_empty(&request, answer) } else { answer };
        Ok(match request.method() {
            "tools/list" => self.read_tools(answer),
            "prompts/list" => self.renamed(answer, "prompts"),
            _ => answer,
        })
    }

    /// Passes on what wants no answer: a notification, or an answer to what the server asked.
    ///
    /// # Errors
    /// What kept it from arriving.
    pub(crate) async fn tell(self: &Arc<Self>, message: &Message) -> Result<(), Failure> {
        if message.method() == "notifications/initialized" && self.greets_later() {
            return Ok(());
        }
        let http = self.http().await?;
        self.pass_on(http, message).await?;
        if message.method() == "notifications/initialized" {
            self.watch(http);
        }
        Ok(())
    }

    pub(super) async fn pass_on(&self, http: &SignedHttp, message: &Message) -> Result<(), Error> {
        let outgoing = Outgoing {
            body: message.bytes.clone(),
            headers: self.session_headers(),
            awaits_answer: false,
            twice: Twice::Harmless,
            deadline: http.deadline(),
            session: Session::Current,
        };
        http.deliver(&outgoing).await.map(drop)
    }

    /// The name that stands before those of its tools.
    pub(crate) fn name(&self) -> Option<&str> {
        self.server.name.as_deref()
    }

    /// Whether its client speaks to it in the way that begins with `initialize`.
    pub(crate) fn has_handshake(&self) -> bool {
        lock(&self.handshake).is_begun()
    }

    /// Whether its client has been told that there is a session.
    pub(crate) fn has_agreed(&self) -> bool {
        self.greets_later() || lock(&self.handshake).is_done()
    }

    /// Ends the session.
    pub(crate) async fn close(&self) {
        if let Some(watching) = lock(&self.watching).take() {
            watching.abort();
        }
        if let Some(http) = self.http.get().filter(|http| http.session().is_some()) {
            // Optional, so not worth waiting for.
            let _ = tokio::time::timeout(Duration::from_secs(2), http.end_session()).await;
        }
    }

    /// Asks the server, in a session where the client has one; in a new one if it is gone.
    pub(super) async fn ask(
        self: &Arc<Self>,
        request: &Message,
        parameters: &Parameters,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let started = Instant::now();
        let limit = self.limit(request.method());
        let deadline = started + limit;
        let asked = async {
            let _connection = self.connections.acquire().await;
            let http = self.http().await?;
            let in_session = parameters.version().is_none() && request.method() != "initialize";
            let mut greeted = if in_session { self.greeted().await? } else { 0 };
            for _ in 0..GREETINGS {
                match self.exchange(http, request, parameters, deadline, Session::Current, out).await {
                    Err(Lost::Session) if greeted > 0 => {
                        tracing::info!(target = %self.server.target, "the session is gone");
                        greeted = self.greet(greeted).await?;
                    }
                    Err(Lost::Session) => break,
                    Err(Lost::Not(failure)) => return Err(failure),
                    Ok(answer) => return Ok(answer),
                }
            }
            Err(Error::SessionLost(http.host()).into())
        };
        let timed_out = || Error::TimedOut { host: self.server.host(), after: limit };
        tokio::time::timeout_at(deadline, asked).await.unwrap_or_else(|_| Err(timed_out().into()))
    }

    /// Sends a request once and follows it to its answer.
    pub(super) async fn exchange(
        &self,
        http: &SignedHttp,
        request: &Message,
        parameters: &Parameters,
        deadline: Instant,
        session: Session,
        out: &Outbox,
    ) -> Result<Bytes, Lost> {
        // Only what belongs to a session that was agreed on can have lost it.
        let in_session = session == Session::Current
            && parameters.version().is_none()
            && request.method() != "initialize"
            && lock(&self.handshake).is_done();
        let tool = parameters.name().filter(|_| request.method() == "tools/call");
        let tool = tool.and_then(|name| lock(&self.known).get(name).cloned());
        let id = request.id().unwrap_or(&Value::Null);
        let outgoing = Outgoing {
            body: self.with_metadata(request).bytes,
            headers: self.request_headers(request, parameters, tool.as_ref()),
            awaits_answer: true,
            twice: twice(request.method(), tool.as_ref()),
            deadline,
            session,
        };
        let delivered = match http.deliver(&outgoing).await {
            Err(Error::NotMcp { status: 404, .. }) if in_session => return Err(Lost::Session),
            Err(Error::Status { status: 400, said, .. }) if in_session && is_about_session(&said) => {
                return Err(Lost::Session);
            }
            delivered => delivered?,
        };
        let Delivered { answer, status, .. } = delivered;
        match answer {
            Answer::Message(body) => {
                if in_session && is_lost_session(status, &body) {
                    return Err(Lost::Session);
                }
                Ok(self.addressed(http, body, id)?)
            }
            Answer::Events(events) => Ok(self.follow(http, events, id, out).await?),
            Answer::Accepted => {
                Err(http.not_mcp(status, "accepted, and nothing in answer".to_owned()).into())
            }
        }
    }

    /// An answer under the id of the request: a server that refuses a request before reading it
    /// does not know the id. What the platform itself refuses comes with what to do about it.
    fn addressed(&self, http: &SignedHttp, body: Bytes, id: &Value) -> Result<Bytes, Error> {
        let Ok(mut answer) = serde_json::from_slice::<Answered>(&body) else {
            return Err(http.not_mcp(200, "not an answer".to_owned()));
        };
        let hint = answer.error.take().and_then(|error| platform_hint(error.code, &self.server.target));
        match Message::read(body.clone()) {
            Ok(Message { bytes, kind: Kind::Response { id: answered } })
                if answered == *id && hint.is_none() =>
            {
                Ok(bytes)
            }
            _ => readdressed(&body, id, hint)
                .ok_or_else(|| http.not_mcp(200, "an answer to another request".to_owned())),
        }
    }

    pub(super) async fn http(&self) -> Result<&SignedHttp, Error> {
        self.http.get_or_try_init(|| self.server.http()).await
    }

    /// How long a request may take.
    fn limit(&self, method: &str) -> Duration {
        match method {
            "tools/call" => self.settings.tool_timeout,
            // The stream of a whole session (MCP 2026-07-28).
            "subscriptions/listen" => Duration::from_hours(24 * 365),
            _ => self.server.options.timeout,
        }
    }

    /// Headers of what belongs to a session.
    pub(super) fn session_headers(&self) -> HeaderMap {
        let mut headers = headers::basic();
        if let Some(version) = lock(&self.handshake).version() {
            headers.insert(headers::VERSION, version.clone());
        }
        headers
    }

    fn request_headers(&self, request: &Message, parameters: &Parameters, tool: Option<&Tool>) -> HeaderMap {
        match parameters.version() {
            Some(version) => {
                let mut headers = headers::basic();
                let wanted = tool.map_or(&[][..], |tool| &tool.in_headers);
                headers::add_stateless(&mut headers, version, request, parameters, wanted);
                headers
            }
            None if request.method() == "initialize" => headers::basic(),
            None => self.session_headers(),
        }
    }

    /// The request with the metadata that the user gave; the client's own goes before.
    fn with_metadata(&self, request: &Message) -> Message {
        if self.settings.metadata.is_empty() {
            return request.clone();
        }
        request.edited(|request| {
            let Some(request) = request.as_object_mut() else { return };
            let params = request.entry("params").or_insert(Value::Null);
            if params.is_null() {
                *params = json!({});
            }
            // Whatever else they are is for the server to judge.
            let Some(params) = params.as_object_mut() else { return };
            let Some(meta) = params.entry("_meta").or_insert_with(|| json!({})).as_object_mut() else {
                return;
            };
            for (name, value) in &self.settings.metadata {
                meta.entry(name).or_insert_with(|| value.clone());
            }
        })
    }

    /// Whether a call may be passed on.
    async fn may_call(self: &Arc<Self>, parameters: &Parameters, out: &Outbox) -> Result<(), Failure> {
        let filter = &self.settings.filter;
        if filter.is_open() {
            return Ok(());
        }
        let Some(shown) = parameters.name() else {
            return Err(Failure::Refused(
                "the call names no tool, so no filter can let it through".to_owned(),
            ));
        };
        if let Some(why) = filter.refuses_name(shown) {
            return Err(Failure::Refused(why));
        }
        let Some(why) = filter.refuses_writing(shown) else { return Ok(()) };
        let own = self.own_name(parameters).unwrap_or_else(|| shown.to_owned());
        if lock(&self.known).get(&own).is_none() {
            let what = format!("whether the tool {shown:?} is read-only could not be looked up");
            self.list(parameters, "tools/list", "tools", out).await.map_err(|failure| match failure {
                Failure::Server(error) => Failure::NotKnown(what, error),
                other => other,
            })?;
        }
        let read_only = lock(&self.known).get(&own).is_some_and(|tool| tool.read_only);
        if read_only { Ok(()) } else { Err(Failure::Refused(why)) }
    }

    /// The whole of a list, page by page: the first result with all items in it. The request
    /// for which it is wanted says in which protocol era to ask.
    pub(crate) async fn list(
        self: &Arc<Self>,
        parameters: &Parameters,
        method: &str,
        key: &str,
        out: &Outbox,
    ) -> Result<Value, Failure> {
        let mut whole: Option<Value> = None;
        let mut cursor = None;
        for _ in 0..PAGES {
            let mut request =
                json!({ "jsonrpc": "2.0", "id": self.own_id(), "method": method, "params": {} });
            if let Some(meta) = parameters.meta() {
                request["params"]["_meta"] = meta.clone();
            }
            if let Some(cursor) = cursor {
                request["params"]["cursor"] = cursor;
            }
            let Ok(request) = Message::read(message::to_bytes(&request)) else { break };
            let read = request.parameters();
            let answer = self.ask(&request, &read, out).await?;
            let answer = match method {
                "tools/list" => self.read_tools(answer),
                _ => self.renamed(answer, key),
            };
            let mut page = self.result(&answer)?;
            cursor = page.get("nextCursor").filter(|cursor| !cursor.is_null()).cloned();
            whole = Some(match whole.take() {
                None => page,
                Some(mut whole) => {
                    let more = page.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take);
                    if let Some(items) = whole.get_mut(key).and_then(Value::as_array_mut) {
                        items.extend(more.unwrap_or_default());
                    }
                    whole
                }
            });
            if cursor.is_none() {
                break;
            }
        }
        Ok(whole.unwrap_or_else(|| json!({ key: [] })))
    }

    /// The result in an answer.
    pub(super) fn result(&self, answer: &[u8]) -> Result<Value, Error> {
        let mut answer: Value = serde_json::from_slice(answer)
            .map_err(|error| Error::Protocol(format!("the answer cannot be read: {error}")))?;
        match answer.get("error") {
            None => Ok(answer["result"].take()),
            Some(error) => {
                let code =
                    error["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or_default();
                let message = error["message"].as_str().unwrap_or_default().to_owned();
                Err(Error::rpc(code, message, &self.server.target))
            }
        }
    }

    /// Learns of the tools that are listed, and takes out those that are kept back.
    fn read_tools(&self, answer: Bytes) -> Bytes {
        let Ok(mut list) = serde_json::from_slice::<Value>(&answer) else { return answer };
        if list.get("result").is_none() {
            return answer;
        }
        lock(&self.known).learn(&list["result"]);
        let filter = &self.settings.filter;
        if filter.is_open() && self.server.name.is_none() {
            return answer;
        }
        if let Some(listed) = list["result"]["tools"].as_array_mut() {
            let known = lock(&self.known);
            listed.retain_mut(|tool| {
                let Some(own) = tools::name(tool).map(str::to_owned) else { return true };
                let shown = self.server.shown_name(&own);
                let read_only = known.get(&own).is_some_and(|tool| tool.read_only);
                tool["name"] = json!(shown);
                filter.refuses_name(&shown).is_none()
                    && (read_only || filter.refuses_writing(&shown).is_none())
            });
        }
        message::to_bytes(&list)
    }

    /// The names in a list as the client is to see them.
    fn renamed(&self, answer: Bytes, key: &str) -> Bytes {
        if self.server.name.is_none() || key != "prompts" {
            return answer;
        }
        let Ok(mut list) = serde_json::from_slice::<Value>(&answer) else { return answer };
        if let Some(listed) = list["result"][key].as_array_mut() {
            for item in listed {
                if let Some(own) = tools::name(item).map(str::to_owned) {
                    item["name"] = json!(self.server.shown_name(&own));
                }
            }
        }
        message::to_bytes(&list)
    }

    /// The server's own name of what the client calls by the one it sees.
    fn own_name(&self, parameters: &Parameters) -> Option<String> {
        self.server.own_name(parameters.name()?).map(str::to_owned)
    }

    /// An id for a request of the proxy's own.
    pub(super) fn own_id(&self) -> String {
        format!("mcp-sigv4-{}", self.numbers.fetch_add(1, Ordering::Relaxed))
    }
}

/// Why there is no answer.
pub(super) enum Lost {
    /// The server does not know the session: nothing was done.
    Session,
    Not(Failure),
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Not(error.into())
    }
}

/// All of MCP's own methods may arrive twice, and the tools that are announced so. What is not
/// MCP's may do anything.
fn twice(method: &str, tool: Option<&Tool>) -> Twice {
    match method {
        "tools/call" if tool.is_some_and(|tool| tool.repeatable) => Twice::Harmless,
        "initialize"
        | "ping"
        | "server/discover"
        | "completion/complete"
        | "logging/setLevel"
        | "prompts/get" => Twice::Harmless,
        _ if method.ends_with("/list") || method.starts_with("resources/") => Twice::Harmless,
        _ => Twice::Harmful,
    }
}

#[derive(Deserialize)]
struct Answered {
    error: Option<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: i32,
}

/// An error, under another id and with a hint; `None` for anything but an error.
fn readdressed(body: &[u8], id: &Value, hint: Option<String>) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get_mut("error")?;
    if let Some(hint) = hint {
        error["message"] = json!(format!("{}; {hint}", error["message"].as_str().unwrap_or_default()));
    }
    answer["id"] = id.clone();
    Some(message::to_bytes(&answer))
}

/// Whether a refusal means that the session is gone: MCP says so with 404, and servers are
/// known that say it with 400.
fn is_lost_session(status: u16, body: &[u8]) -> bool {
    match status {
        404 => true,
        400 => is_about_session(&crate::exchange::said(body)),
        _ => false,
    }
}

fn is_about_session(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let gone = ["not found", "no valid", "invalid", "expired", "unknown", "not initialized", "missing"];
    said.contains("session") && gone.iter().any(|word| said.contains(word))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
