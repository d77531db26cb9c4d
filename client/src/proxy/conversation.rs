//! The conversation with one client: every request gets one answer, as soon as there is one, and
//! what follows a notification is sent after it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::AbortHandle;

use super::failure::Failure;
use super::message::{Kind, Malformed, Message};
use super::outbox::Outbox;
use super::questions::Questions;
use super::upstream::{Upstream, lock};
use super::{Server, Settings};
use crate::error::Error;

/// A client, and the servers in their sessions with it.
pub(crate) struct Conversation {
    pub(super) upstreams: Vec<Arc<Upstream>>,
    pub(super) questions: Option<Arc<Questions>>,
    /// Where the server of a resource is, as far as lists have told.
    pub(super) resources: Mutex<HashMap<String, usize>>,
    /// What goes on, by its own number.
    going_on: Mutex<HashMap<u64, GoingOn>>,
    ended: Notify,
    /// Ready when the last notification has arrived.
    gate: Mutex<Gate>,
    numbers: AtomicU64,
}

type Gate = Shared<BoxFuture<'static, ()>>;

struct GoingOn {
    /// The request's id.
    id: Option<Value>,
    task: AbortHandle,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}

impl Conversation {
    pub(crate) fn new(
        servers: &[Arc<Server>],
        settings: &Arc<Settings>,
        connections: &Arc<Semaphore>,
        outbox: &Outbox,
    ) -> Self {
        let questions = servers.iter().any(|server| server.name.is_some()).then(Arc::<Questions>::default);
        let upstream = |server: &Arc<Server>| {
            let (server, settings, connections) =
                (Arc::clone(server), Arc::clone(settings), Arc::clone(connections));
            Arc::new(Upstream::new(server, settings, connections, questions.clone(), outbox.clone()))
        };
        Self {
            upstreams: servers.iter().map(upstream).collect(),
            questions,
            resources: Mutex::default(),
            going_on: Mutex::default(),
            ended: Notify::new(),
            gate: Mutex::new(futures::future::ready(()).boxed().shared()),
            numbers: AtomicU64::default(),
        }
    }

    /// Takes in what the client says. Answers, and what servers say before them, go to `out`. The
    /// number is that of the work that this makes.
    pub(crate) async fn take(
        self: &Arc<Self>,
        said: Result<Message, Malformed>,
        out: &Outbox,
    ) -> Option<u64> {
        let message = match said {
            Ok(message) => message,
            Err(malformed) => {
                out.send(malformed.answer()).await;
                return None;
            }
        };
        Some(self.work_on(message, out))
    }

    fn work_on(self: &Arc<Self>, message: Message, out: &Outbox) -> u64 {
        match &message.kind {
            Kind::Request { id, .. } => {
                let (gate, id) = (lock(&self.gate).clone(), id.clone());
                let (conversation, out) = (Arc::clone(self), out.clone());
                self.start(Some(id.clone()), async move {
                    gate.await;
                    let answer = conversation.answer(&message, &id, &out).await;
                    out.send(answer).await;
                })
            }
            Kind::Notification { .. } | Kind::Response { .. } => {
                let (arrived, arrival) = oneshot::channel::<()>();
                let next = arrival.map(|_| ()).boxed().shared();
                let gate = std::mem::replace(&mut *lock(&self.gate), next);
                let conversation = Arc::clone(self);
                self.start(None, async move {
                    gate.await;
                    conversation.tell(&message).await;
                    drop(arrived);
                })
            }
        }
    }

    /// Ready when everything that was taken in has been dealt with.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if lock(&self.going_on).is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// Whether a server has agreed to a session.
    pub(crate) fn has_agreed(&self) -> bool {
        self.upstreams.iter().any(|upstream| upstream.has_agreed())
    }

    /// Ends the sessions.
    pub(crate) async fn close(&self) {
        futures::future::join_all(self.upstreams.iter().map(|upstream| upstream.close())).await;
    }

    fn start(self: &Arc<Self>, id: Option<Value>, work: impl Future<Output = ()> + Send + 'static) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let conversation = Arc::clone(self);
        // Held until the work is entered, however fast it is done.
        let mut going_on = lock(&self.going_on);
        let task = tokio::spawn(async move {
            work.await;
            conversation.end(number);
        });
        going_on.insert(number, GoingOn { id, task: task.abort_handle() });
        number
    }

    /// Ends what is under that number, if it goes on yet.
    pub(crate) fn abandon(&self, number: u64) {
        if let Some(work) = lock(&self.going_on).remove(&number) {
            work.task.abort();
        }
        self.ended.notify_waiters();
    }

    fn end(&self, number: u64) {
        lock(&self.going_on).remove(&number);
        self.ended.notify_waiters();
    }

    /// The one answer to a request, whatever happens.
    async fn answer(&self, request: &Message, id: &Value, out: &Outbox) -> Bytes {
        let answered = AssertUnwindSafe(self.route(request, out)).catch_unwind().await;
        let broken =
            |_| Err(Failure::Server(Error::Protocol("the proxy met with a fault of its own".to_owned())));
        answered.unwrap_or_else(broken).unwrap_or_else(|failure| {
            tracing::info!(%id, method = request.method(), ?failure, "no answer from the server");
            failure.answer(id)
        })
    }

    /// Passes on a notification or an answer.
    async fn tell(&self, message: &Message) {
        if let Some(questions) = self.questions.as_ref().filter(|_| message.id().is_some()) {
            match questions.answer(message) {
                Some((server, message)) => {
                    let asking = self.upstreams.iter().filter(|upstream| upstream.name() == Some(&server));
                    tell_all(asking, &message).await;
                }
                None => tracing::warn!("an answer to what no server has asked"),
            }
            return;
        }
        if message.method() == "notifications/cancelled" {
            self.cancel(message).await;
        } else {
            tell_all(self.upstreams.iter(), message).await;
        }
    }

    /// Ends the request that a client cancels; it gets no answer then (MCP, "Cancellation").
    /// Servers of the handshake's era are told, others see that the connection is closed.
    async fn cancel(&self, message: &Message) {
        let parameters = message.parameters();
        let greeted = self.upstreams.iter().filter(|upstream| upstream.has_handshake());
        tell_all(greeted, message).await;
        let cancelled = |work: &GoingOn| work.id.is_some() && work.id == parameters.request_id;
        let numbers: Vec<u64> = {
            let going_on = lock(&self.going_on);
            going_on.iter().filter(|(_, work)| cancelled(work)).map(|(number, _)| *number).collect()
        };
        for number in numbers {
            self.abandon(number);
        }
    }
}

async fn tell_all(upstreams: impl Iterator<Item = &Arc<Upstream>>, message: &Message) {
    let told = upstreams.map(async |upstream| {
        if let Err(failure) = upstream.tell(message).await {
            tracing::warn!(?failure, method = message.method(), "not passed on");
        }
    });
    futures::future::join_all(told).await;
}
