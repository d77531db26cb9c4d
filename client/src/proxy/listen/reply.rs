//! What a client is answered by HTTP: one JSON message where that is all, else a stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc;

use super::sessions::OwnMessages;
use crate::proxy::conversation::Conversation;
use crate::proxy::message::{Kind, Message};

/// How long a client waits before it is shown a sign of life.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answers to what was posted at once.
pub(super) struct Reply {
    messages: mpsc::Receiver<Bytes>,
    /// How many answers there will be.
    awaited: usize,
    /// The work that makes them.
    work: Work,
}

/// Work that ends with the client that asked for it, where its protocol era says so: there, to
/// close the connection is to cancel (MCP 2026-07-28, "Cancellation").
struct Work {
    conversation: Arc<Conversation>,
    numbers: Vec<u64>,
    ends_with_client: bool,
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.ends_with_client {
            for number in &self.numbers {
                self.conversation.abandon(*number);
            }
        }
    }
}

impl Reply {
    pub(super) fn new(
        conversation: Arc<Conversation>,
        messages: mpsc::Receiver<Bytes>,
        awaited: usize,
        ends_with_client: bool,
    ) -> Self {
        let work = Work { conversation, numbers: Vec::new(), ends_with_client };
        Self { messages, awaited, work }
    }

    /// Counts work in.
    pub(super) fn of(&mut self, number: u64) {
        self.work.numbers.push(number);
    }

    pub(super) async fn into_response(mut self) -> Response {
        if self.awaited == 0 {
            // It goes on when this client has its answer.
            self.work.numbers.clear();
            return StatusCode::ACCEPTED.into_response();
        }
        let first = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        match first {
            Ok(Some(message)) if self.awaited == 1 && is_answer(&message) => {
                let code = error_code(&message);
                let mut response = json(self.status(code), message);
                if code.is_some() {
                    response.extensions_mut().insert(IsError);
                }
                response
            }
            Ok(None) => StatusCode::ACCEPTED.into_response(),
            Ok(Some(message)) => self.stream(Some(message)),
            Err(_) => self.stream(None),
        }
    }

    /// The status of an answer: the stateless era has one for each of its errors.
    fn status(&self, error: Option<i64>) -> StatusCode {
        match error.filter(|_| self.work.ends_with_client) {
            Some(-32601) => StatusCode::NOT_FOUND,
            Some(-32022..=-32020) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        }
    }

    fn stream(self, first: Option<Bytes>) -> Response {
        let Self { messages, work, .. } = self;
        let rest = futures::stream::unfold((messages, work), async |(mut messages, work)| {
            messages.recv().await.map(|message| (message, (messages, work)))
        });
        events(futures::stream::iter(first).chain(rest))
    }
}

fn error_code(answer: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(answer).ok()?.pointer("/error/code")?.as_i64()
}

/// Marks a response that is one error.
#[derive(Clone, Copy)]
struct IsError;

/// Whether a response is one error.
pub(super) fn is_error(response: &Response) -> bool {
    response.extensions().get::<IsError>().is_some()
}

fn is_answer(message: &Bytes) -> bool {
    Message::read(message.clone()).is_ok_and(|message| matches!(message.kind, Kind::Response { .. }))
}

/// One message.
pub(super) fn json(status: StatusCode, message: Bytes) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], message).into_response()
}

/// A session's own stream, until this endpoint ends.
pub(super) fn stream(own: OwnMessages, end: impl Future<Output = ()> + Send + 'static) -> Response {
    let messages = futures::stream::unfold(own, async |mut own| {
        let message = own.messages.as_mut()?.recv().await?;
        Some((message, own))
    });
    events(messages.take_until(Box::pin(end)))
}

fn events(messages: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let events = messages.map(|message| {
        Ok::<_, Infallible>(Event::default().event("message").data(String::from_utf8_lossy(&message)))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
