//! The conversation with one client: every request gets one answer, as soon as there is one, and
//! what follows a notification is sent after it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

use super::asking::ENDLESS;
use super::failure::Failure;
use super::message::{Kind, Malformed, Message};
use super::outbox::Outbox;
use super::questions::Questions;
use super::upstream::{Upstream, lock};
use super::{Server, Settings};
use crate::error::Error;

const CANCELLED: &str = "notifications/cancelled";

/// How long what follows a notification waits for it to arrive.
const ORDER: Duration = Duration::from_secs(5);

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
    request: Option<Request>,
    task: AbortHandle,
}

struct Request {
    id: Value,
    /// Whether it ends only with the session.
    endless: bool,
}

/// Counts work out, however it ends.
struct End {
    conversation: Arc<Conversation>,
    number: u64,
}

impl Drop for End {
    fn drop(&mut self) {
        self.conversation.abandon(self.number);
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}

impl Conversation {
    pub(crate) fn new(servers: &[Arc<Server>], settings: &Arc<Settings>, outbox: &Outbox) -> Self {
        let questions = servers.iter().any(|server| server.name.is_some()).then(Arc::<Questions>::default);
        let upstream = |server: &Arc<Server>| {
            let (server, settings) = (Arc::clone(server), Arc::clone(settings));
            Arc::new(Upstream::new(server, settings, questions.clone(), outbox.clone()))
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
    pub(crate) fn take(self: &Arc<Self>, said: Result<Message, Malformed>, out: &Outbox) -> u64 {
        let message = match said {
            Ok(message) => message,
            Err(malformed) => {
                let out = out.clone();
                return self.start(None, async move { out.send(malformed.answer()).await });
            }
        };
        match &message.kind {
            Kind::Request { id, .. } => {
                let (gate, id) = (lock(&self.gate).clone(), id.clone());
                let (conversation, out) = (Arc::clone(self), out.clone());
                let request = Request { id: id.clone(), endless: message.method() == ENDLESS };
                self.start(Some(request), async move {
                    gate.await;
                    let answer = conversation.answer(&message, &id, &out).await;
                    out.send(answer).await;
                })
            }
            Kind::Notification { .. } | Kind::Response { .. } => {
                self.cancel(&message);
                let (arrived, arrival) = oneshot::channel::<()>();
                let next = arrival.map(|_| ()).boxed().shared();
                let gate = std::mem::replace(&mut *lock(&self.gate), next);
                let conversation = Arc::clone(self);
                self.start(None, async move {
                    gate.await;
                    let mut told = pin!(conversation.tell(&message));
                    // What follows waits for a server that hangs no longer than this.
                    let late = tokio::time::timeout(ORDER, &mut told).await.is_err();
                    drop(arrived);
                    if late {
                        told.await;
                    }
                })
            }
        }
    }

    /// Ends the requests that would never end by themselves.
    pub(crate) fn abandon_endless(&self) {
        self.abandon_all(|request| request.endless);
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

    /// Ends the sessions.
    pub(crate) async fn close(&self) {
        futures::future::join_all(self.upstreams.iter().map(|upstream| upstream.close())).await;
    }

    fn start(
        self: &Arc<Self>,
        request: Option<Request>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let end = End { conversation: Arc::clone(self), number };
        // Held until the work is entered, however fast it is done.
        let mut going_on = lock(&self.going_on);
        let task = tokio::spawn(async move {
            let _end = end;
            work.await;
        });
        going_on.insert(number, GoingOn { request, task: task.abort_handle() });
        number
    }

    /// Ends what is under that number, if it goes on yet.
    pub(crate) fn abandon(&self, number: u64) {
        let abandoned = lock(&self.going_on).remove(&number);
        if let Some(work) = abandoned {
            work.task.abort();
        }
        self.ended.notify_waiters();
    }

    fn abandon_all(&self, which: impl Fn(&Request) -> bool) {
        let numbers: Vec<u64> = {
            let going_on = lock(&self.going_on);
            let which = |work: &GoingOn| work.request.as_ref().is_some_and(&which);
            going_on.iter().filter(|(_, work)| which(work)).map(|(number, _)| *number).collect()
        };
        for number in numbers {
            self.abandon(number);
        }
    }

    /// The one answer to a request, whatever happens.
    async fn answer(&self, request: &Message, id: &Value, out: &Outbox) -> Bytes {
        let began = Instant::now();
        let answered = AssertUnwindSafe(self.route(request, out)).catch_unwind().await;
        let broken =
            |_| Err(Failure::Server(Error::Protocol("the proxy met with a fault of its own".to_owned())));
        let answered = answered.unwrap_or_else(broken);
        let (method, took) = (request.method(), began.elapsed());
        match answered {
            Ok(answer) => {
                tracing::info!(%id, method, ?took, "answered");
                answer
            }
            Err(failure) => {
                tracing::info!(%id, method, ?took, ?failure, "answered with an error");
                failure.answer(id)
            }
        }
    }

    /// Passes on a notification or an answer.
    async fn tell(&self, message: &Message) {
        if let Some(questions) = self.questions.as_ref().filter(|_| message.id().is_some()) {
            let Some((server, message)) = questions.answer(message) else {
                return tracing::warn!("an answer to what no server has asked");
            };
            let asking = self.upstreams.iter().filter(|upstream| upstream.name() == Some(&server));
            return tell_all(asking, &message).await;
        }
        // Servers of the handshake's era are told, others see that the connection is closed.
        let cancels = message.method() == CANCELLED;
        let told = self.upstreams.iter().filter(|upstream| !cancels || upstream.has_handshake());
        tell_all(told, message).await;
    }

    /// Ends the request that a client cancels; it gets no answer then (MCP, "Cancellation").
    fn cancel(&self, message: &Message) {
        if message.method() == CANCELLED {
            let cancelled = message.parameters().request_id;
            self.abandon_all(|request| Some(&request.id) == cancelled.as_ref());
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
