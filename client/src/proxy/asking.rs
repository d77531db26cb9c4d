//! One request to one server: in its session, until there is an answer or none to be had.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::failure::Failure;
use super::message::{self, Kind, Message, Parameters};
use super::outbox::Outbox;
use super::tools::Tool;
use super::upstream::{Upstream, lock};
use crate::delivery::{Delivered, Outgoing, Session, SignedHttp};
use crate::error::{Error, platform_hint};
use crate::exchange::{self, Answer};
use crate::retry::Twice;

/// How often a request is sent in sessions that are then gone.
const SESSIONS: usize = 3;

/// How often a request whose stream broke off is sent again, if that is harmless.
const STREAMS: u32 = 2;

/// Codes under which a server answers the request itself: it has not lost the session.
const ANSWERS: [i32; 3] = [-32700, -32601, -32602];

/// The stream of a whole session (MCP 2026-07-28): it is given no time to end in.
pub(super) const ENDLESS: &str = "subscriptions/listen";

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

impl Upstream {
    /// Asks the server, in a session where the client has one; in a new one if it is gone.
    pub(super) async fn ask(
        self: &Arc<Self>,
        request: &Message,
        parameters: &Parameters,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let limit = self.limit(request.method());
        let deadline = Instant::now() + limit;
        let asked =
            tokio::time::timeout_at(deadline, self.ask_until(deadline, request, parameters, out)).await;
        asked.unwrap_or_else(|_| Err(self.timed_out(request).into()))
    }

    fn timed_out(&self, request: &Message) -> Error {
        let (host, after) = (self.server.host(), self.limit(request.method()));
        match request.method() {
            "tools/call" => Error::ToolTimedOut { host, after },
            _ => Error::TimedOut { host, after },
        }
    }

    async fn ask_until(
        self: &Arc<Self>,
        deadline: Instant,
        request: &Message,
        parameters: &Parameters,
        out: &Outbox,
    ) -> Result<Bytes, Failure> {
        let http = self.http().await?;
        let mut greeted = if parameters.version().is_none() { self.greeted().await? } else { 0 };
        let _connection = match request.method() {
            ENDLESS => None,
            _ => self.server.connections.acquire().await.ok(),
        };
        for session in 1..=SESSIONS {
            match self.exchange(http, request, parameters, deadline, Session::Current, out).await {
                Err(Lost::Session) if greeted > 0 && session < SESSIONS => {
                    tracing::info!(target = %self.server.target, "the session is gone");
                    greeted = self.greet(greeted).await?;
                }
                Err(Lost::Session) => break,
                Err(Lost::Not(failure)) => return Err(failure),
                Ok(answer) => return Ok(answer),
            }
        }
        Err(Error::SessionLost(http.host()).into())
    }

    /// How long a request may take.
    fn limit(&self, method: &str) -> Duration {
        match method {
            "tools/call" => self.settings.tool_timeout,
            ENDLESS => Duration::from_hours(24 * 365),
            _ => self.server.options.timeout,
        }
    }

    /// Sends a request once, or as often as is safe, and follows it to its answer.
    pub(super) async fn exchange(
        &self,
        http: &SignedHttp,
        request: &Message,
        parameters: &Parameters,
        deadline: Instant,
        session: Session,
        out: &Outbox,
    ) -> Result<Bytes, Lost> {
        let tool = parameters.name().filter(|_| request.method() == "tools/call");
        let tool = tool.and_then(|name| lock(&self.known).get(name).cloned());
        let outgoing = Outgoing {
            body: self.with_metadata(request).bytes,
            headers: self.request_headers(request, parameters, tool.as_ref()),
            awaits_answer: true,
            twice: twice(request.method(), tool.as_ref()),
            deadline,
            session,
        };
        // Only what belongs to a session that was agreed on can have lost it.
        let in_session = session == Session::Current
            && parameters.version().is_none()
            && http.session().is_some()
            && lock(&self.handshake).is_done();
        let id = request.id().unwrap_or(&Value::Null);
        let mut streams = 0;
        loop {
            let delivered = http.deliver(&outgoing).await;
            if in_session && is_session_lost(&delivered) {
                return Err(Lost::Session);
            }
            let Delivered { answer, status, .. } = delivered.map_err(|error| match error {
                Error::TimedOut { .. } => self.timed_out(request),
                error => error,
            })?;
            let unusable = |why: &str| http.not_mcp(status, why.to_owned()).into();
            match answer {
                Answer::Accepted => return Err(unusable("accepted, and nothing in answer")),
                Answer::Message(body) => {
                    let answer = self.addressed(&body, id);
                    return answer.ok_or_else(|| unusable("an answer to another request"));
                }
                Answer::Events(events) => {
                    streams += 1;
                    // As with an answer in one piece that breaks off.
                    let again = outgoing.twice == Twice::Harmless
                        && streams <= STREAMS
                        && self.server.options.retries.allows(streams);
                    match self.follow(http, events, id, out).await {
                        Err(Error::Broken { .. }) if again => {}
                        followed => return Ok(followed?),
                    }
                }
            }
        }
    }

    /// An answer to the request of that id. An error may lack the id: a server that refuses a
    /// request before reading it does not know it. What the platform itself refuses comes with
    /// what to do about it.
    pub(super) fn addressed(&self, body: &Bytes, id: &Value) -> Option<Bytes> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            id: Value,
            error: Option<Code>,
        }
        #[derive(Deserialize)]
        struct Code {
            code: i32,
        }
        let head: Head = serde_json::from_slice(body).ok()?;
        let hint = head.error.as_ref().and_then(|error| platform_hint(error.code, &self.server.target));
        if head.id == *id && hint.is_none() {
            let answer = Message::read(body.clone()).ok()?;
            return matches!(answer.kind, Kind::Response { .. }).then_some(answer.bytes);
        }
        head.error?;
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        if let (Some(hint), Some(error)) = (hint, answer.get_mut("error").and_then(Value::as_object_mut)) {
            let said = error.get("message").and_then(Value::as_str).unwrap_or_default();
            error.insert("message".to_owned(), json!(format!("{said}; {hint}")));
        }
        answer.as_object_mut()?.insert("id".to_owned(), id.clone());
        Some(message::to_bytes(&answer))
    }
}

/// The result in an answer.
pub(super) fn result_in(answer: &[u8]) -> Result<Value, Error> {
    let unreadable = |why: &str| Error::Protocol(format!("the answer cannot be read: {why}"));
    let mut answer: Value = serde_json::from_slice(answer).map_err(|error| unreadable(&error.to_string()))?;
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let code = error.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        // What is known of the code has been said in the message.
        let (code, hint) = (code.unwrap_or_default(), String::new());
        return Err(Error::Rpc { code, message, hint });
    }
    let result = answer.get_mut("result").map(Value::take).filter(Value::is_object);
    result.ok_or_else(|| unreadable("no object for a result"))
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
        | "prompts/get"
        | "prompts/list"
        | "resources/list"
        | "resources/read"
        | "resources/subscribe"
        | "resources/templates/list"
        | "resources/unsubscribe"
        | "tasks/get"
        | "tasks/list"
        | "tools/list" => Twice::Harmless,
        _ => Twice::Harmful,
    }
}

/// Whether a refusal means that the session is gone: MCP says so with 404, and servers are known
/// that say it with 400.
fn is_session_lost(delivered: &Result<Delivered, Error>) -> bool {
    let is_answer = |body: &Bytes| {
        let error: Result<Value, _> = serde_json::from_slice(body);
        let code = error.ok().and_then(|error| error.pointer("/error/code")?.as_i64());
        code.is_some_and(|code| ANSWERS.iter().any(|answer| i64::from(*answer) == code))
    };
    match delivered {
        Ok(Delivered { status: 404, answer: Answer::Message(body), .. }) => !is_answer(body),
        Ok(Delivered { status: 400, answer: Answer::Message(body), .. }) => {
            !is_answer(body) && is_about_session(&exchange::said(body))
        }
        Err(Error::NotMcp { status: 404, .. }) => true,
        Err(Error::Status { status: 400, said, .. }) => is_about_session(said),
        _ => false,
    }
}

fn is_about_session(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let gone = ["not found", "no valid", "invalid", "expired", "unknown", "not initialized", "missing"];
    said.contains("session") && gone.iter().any(|word| said.contains(word))
}
