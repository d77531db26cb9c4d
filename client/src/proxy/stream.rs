//! Streams of events: of one request up to its answer, and the server's own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::HeaderValue;
use serde_json::Value;

use super::message::{Kind, Message};
use super::outbox::Outbox;
use super::upstream::{Upstream, lock};
use crate::delivery::{LAST_EVENT, SignedHttp};
use crate::error::Error;
use crate::exchange::Events;

/// How often a stream that broke off is taken up again without anything new from it.
const ATTEMPTS: u32 = 5;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Where a stream stands.
#[derive(Default)]
struct Position {
    /// The last event that can be gone on from.
    event: Option<HeaderValue>,
    /// How long the server asks to be left alone.
    wait: Option<Duration>,
    /// Attempts since anything came.
    attempts: u32,
}

impl Position {
    fn next_wait(&mut self) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.attempts.min(6)).min(LONGEST_WAIT);
        self.attempts += 1;
        self.wait.unwrap_or(doubled).max(SHORTEST_WAIT)
    }
}

/// How a stream ended.
enum End {
    /// With the answer that was awaited.
    Answer(Bytes),
    /// Without.
    Broken(String),
}

impl Upstream {
    /// Passes on what a request's stream holds, up to its answer. A stream that breaks off is
    /// taken up again where the server marks its events (MCP, "Resumability and Redelivery").
    pub(super) async fn follow(
        &self,
        http: &SignedHttp,
        mut events: Events,
        id: &Value,
        out: &Outbox,
    ) -> Result<Bytes, Error> {
        let mut position = Position::default();
        loop {
            let reason = match self.drain(events, Some(id), &mut position, out).await {
                End::Answer(answer) => return Ok(answer),
                End::Broken(reason) => reason,
            };
            events = loop {
                let broken = || Error::Broken { host: http.host(), reason: reason.clone() };
                if position.event.is_none() || position.attempts >= ATTEMPTS {
                    return Err(broken());
                }
                tokio::time::sleep(position.next_wait()).await;
                match self.listen(http, &position).await {
                    // A server may well close a stream as often as it likes, and be asked again.
                    Ok(Some(events)) => {
                        position.attempts = 0;
                        break events;
                    }
                    Ok(None) => return Err(broken()),
                    Err(error) => tracing::info!(%error, "the stream could not be taken up again yet"),
                }
            };
        }
    }

    /// Listens to what the server says of its own accord, for as long as the session lasts, if it
    /// has a session and a stream for that.
    pub(super) fn watch(self: &Arc<Self>, http: &SignedHttp) {
        let Some(session) = http.session() else { return };
        let (upstream, http) = (Arc::downgrade(self), http.clone());
        let task = tokio::spawn(async move {
            let mut position = Position::default();
            while http.session().as_ref() == Some(&session) {
                let Some(upstream) = upstream.upgrade() else { return };
                let out = upstream.outbox.clone();
                match upstream.listen(&http, &position).await {
                    Ok(Some(events)) => {
                        if let End::Broken(reason) = upstream.drain(events, None, &mut position, &out).await {
                            tracing::debug!(reason, "the server's own stream ended");
                        }
                    }
                    Ok(None) => return,
                    Err(error) => tracing::debug!(%error, "the server's own stream is not to be had yet"),
                }
                drop((upstream, out));
                tokio::time::sleep(position.next_wait()).await;
            }
        });
        if let Some(before) = lock(&self.watching).replace(task.abort_handle()) {
            before.abort();
        }
    }

    async fn listen(&self, http: &SignedHttp, position: &Position) -> Result<Option<Events>, Error> {
        let mut headers = self.session_headers();
        headers.remove(http::header::CONTENT_TYPE);
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(event) = &position.event {
            headers.insert(LAST_EVENT, event.clone());
        }
        http.listen(&headers).await
    }

    /// Passes on what a stream holds until the answer to a request, or its end.
    async fn drain(
        &self,
        mut events: Events,
        awaited: Option<&Value>,
        position: &mut Position,
        out: &Outbox,
    ) -> End {
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => return End::Broken(error.to_string()),
            };
            position.wait = event.retry.map(Duration::from_millis).or(position.wait);
            if let Some(event) = event.id.and_then(|id| HeaderValue::from_str(&id).ok()) {
                position.event = Some(event);
            }
            // Empty ones only mark where the stream begins.
            let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
            position.attempts = 0;
            let data = Bytes::from(data);
            match Message::read(data.clone()) {
                Ok(Message { kind: Kind::Response { id }, .. }) => {
                    let to_this = awaited.filter(|awaited| **awaited == id || id.is_null());
                    if let Some(answer) = to_this.and_then(|awaited| self.addressed(&data, awaited)) {
                        return End::Answer(answer);
                    }
                    tracing::warn!(%id, "the server answers what was not asked here");
                }
                Ok(message) => match self.noted(&message) {
                    Some(message) => out.send(message.bytes).await,
                    None => {
                        tracing::warn!(method = message.method(), "the server said what cannot be passed on");
                    }
                },
                Err(malformed) => tracing::warn!(?malformed, "the server sent what is no message"),
            }
        }
        End::Broken("the stream ended early".to_owned())
    }

    /// What the server says, with what it means for the proxy noted.
    fn noted(&self, message: &Message) -> Option<Message> {
        if message.method() == "notifications/tools/list_changed" {
            lock(&self.known).forget();
        }
        self.outward(message)
    }

    /// What the server says, as its client is to see it.
    fn outward(&self, message: &Message) -> Option<Message> {
        match (&self.questions, &self.server.name) {
            (Some(questions), Some(server)) => questions.ask(server, message),
            _ => Some(message.clone()),
        }
    }
}
