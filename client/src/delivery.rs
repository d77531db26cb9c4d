//! Delivering one message: signed, in its session, repeated where that is safe.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::time::Instant;

use crate::client::{Options, Retries};
use crate::denial::Denial;
use crate::error::{Error, Forbidden, Identity};
use crate::exchange::{self, Answer, Events, NoReply, Refusal, Reply, SESSION_HEADER};
use crate::http::Connections;
use crate::retry::{self, Trouble, Twice};
use crate::signer::Signer;
use crate::target::{Kind, Target};

/// Names the event that a stream is to go on after.
pub(crate) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// An HTTP client for one target, shared by all its requests.
#[derive(Clone, Debug)]
pub(crate) struct SignedHttp {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connections: Arc<Connections>,
    target: Target,
    signer: Option<Signer>,
    timeout: Duration,
    retries: Retries,
    /// Sent with every request, and signed with it.
    headers: HeaderMap,
    /// The session that requests are sent to, for affinity. Kept here because in the
    /// stateless protocol era rmcp keeps none.
    session: Mutex<Option<String>>,
    /// The tools that the server announced as safe to call twice.
    repeatable_tools: Mutex<HashSet<String>>,
}

/// A message ready to be sent, as often as need be.
pub(crate) struct Outgoing {
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
    /// Whether the message is a request.
    pub(crate) awaits_answer: bool,
    /// What it means for the message to arrive twice.
    pub(crate) twice: Twice,
    /// When it is given up.
    pub(crate) deadline: Instant,
    pub(crate) session: Session,
}

/// The session that a message is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// The one that there is, if there is one.
    Current,
    /// None, so that the server makes one, which is the current one from then on.
    New,
}

/// What a message came to.
pub(crate) struct Delivered {
    /// What came; a JSON-RPC error too is a message.
    pub(crate) answer: Answer,
    /// The HTTP status that it came under.
    pub(crate) status: u16,
    /// The session that it named.
    pub(crate) session: Option<String>,
}

/// One attempt: what came, as whom it was asked, and the session that it named.
struct Exchanged {
    reply: Result<Reply, NoReply>,
    identity: Identity,
    /// 0 where nothing came.
    status: u16,
    session: Option<String>,
}

impl SignedHttp {
    /// # Errors
    /// Fails where no HTTP client can be made, for want of certificates.
    pub(crate) fn new(
        target: Target,
        signer: Option<Signer>,
        session: Option<String>,
        options: &Options,
    ) -> Result<Self, Error> {
        let shared = Shared {
            connections: Arc::new(Connections::new(target.url(), options)?),
            target,
            signer,
            timeout: options.timeout,
            retries: options.retries,
            headers: options.headers.clone(),
            session: Mutex::new(session),
            repeatable_tools: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The same connections, for another session.
    pub(crate) fn in_session(&self, session: Option<String>) -> Self {
        let shared = Shared {
            connections: Arc::clone(&self.shared.connections),
            target: self.shared.target.clone(),
            signer: self.shared.signer.clone(),
            timeout: self.shared.timeout,
            retries: self.shared.retries,
            headers: self.shared.headers.clone(),
            session: Mutex::new(session),
            repeatable_tools: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Remembers tools that the server announced as safe to call twice.
    pub(crate) fn learn(&self, repeatable: impl Iterator<Item = String>) {
        lock(&self.shared.repeatable_tools).extend(repeatable);
    }

    /// Whether a call of this tool may arrive twice.
    pub(crate) fn is_repeatable(&self, tool: &str) -> bool {
        lock(&self.shared.repeatable_tools).contains(tool)
    }

    /// The session that requests are sent to.
    pub(crate) fn session(&self) -> Option<String> {
        lock(&self.shared.session).clone()
    }

    /// When a message that is sent now is given up.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.shared.timeout
    }

    /// Leaves the session; the next request is the first of another.
    pub(crate) fn forget_session(&self) {
        *lock(&self.shared.session) = None;
    }

    /// Tells a server of its own that the session is over. Platforms end theirs by
    /// themselves.
    pub(crate) async fn end_session(&self) {
        if self.shared.target.kind() == &Kind::Other {
            let nothing = Bytes::new();
            // Optional for a server, so whatever it says is fine.
            let _ = self.send(Method::DELETE, &HeaderMap::new(), self.session(), nothing).await;
        }
    }

    /// Opens the server's own stream of events, or takes up one that broke off after an
    /// event. `None` where the server has none. The platforms have none, and to ask for it
    /// would be an invocation, or keep a session from being idle.
    ///
    /// # Errors
    /// What kept the server from being asked, or from answering now.
    pub(crate) async fn listen(&self, headers: &HeaderMap) -> Result<Option<Events>, Error> {
        if !headers.contains_key(LAST_EVENT) && self.shared.target.is_platform() {
            return Ok(None);
        }
        let (sent, _) = self.send(Method::GET, headers, self.session(), Bytes::new()).await?;
        let response = sent.map_err(|error| self.no_reply(error.into()))?;
        let status = response.status().as_u16();
        if matches!(status, 401 | 403 | 429 | 500..) {
            return Err(Error::Status { status, host: self.host(), said: "no stream yet".to_owned() });
        }
        Ok(exchange::is_event_stream(&response).then(|| exchange::events(response)))
    }

    /// Sends a message until there is an answer, a failure that is final, or no time left.
    pub(crate) async fn deliver(&self, outgoing: &Outgoing) -> Result<Delivered, Error> {
        let (started, deadline) = (Instant::now(), outgoing.deadline);
        let timed_out = || self.timed_out(deadline - started);
        let mut corrected = false;
        for attempt in 1.. {
            let exchanged = tokio::time::timeout_at(deadline, self.exchange(outgoing)).await;
            let Exchanged { reply, identity, status, session } = exchanged.map_err(|_| timed_out())??;
            if let Ok(Reply::Refusal(refusal)) = &reply
                && !corrected
                && self.correct(refusal, &identity).await
            {
                corrected = true;
                continue;
            }
            let trouble = self.trouble(&reply).filter(|_| self.shared.retries.allows(attempt));
            let delay =
                trouble.and_then(|trouble| retry::delay(trouble, attempt, outgoing.twice, fastrand::f64()));
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(delay) = delay.filter(|delay| *delay < left) else {
                return self.conclude(reply, &identity).map(|answer| Delivered { answer, status, session });
            };
            tracing::info!(attempt, ?delay, ?trouble, "trying again");
            tokio::time::sleep(delay).await;
        }
        Err(timed_out())
    }

    /// One attempt.
    async fn exchange(&self, outgoing: &Outgoing) -> Result<Exchanged, Error> {
        let session = self.session().filter(|_| outgoing.session == Session::Current);
        let body = outgoing.body.clone();
        let (sent, identity) = self.send(Method::POST, &outgoing.headers, session.clone(), body).await?;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                return Ok(Exchanged { reply: Err(error.into()), identity, status: 0, session: None });
            }
        };
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        let session = self.keep_session(&response, outgoing.session, session.as_ref());
        let reply = exchange::read(response, outgoing.awaits_answer).await;
        Ok(Exchanged { reply, identity, status, session })
    }

    /// Sends a request, signed afresh.
    async fn send(
        &self,
        method: Method,
        headers: &HeaderMap,
        session: Option<String>,
        body: Bytes,
    ) -> Result<(reqwest::Result<reqwest::Response>, Identity), Error> {
        let url = self.shared.target.url().clone();
        let mut headers = headers.clone();
        headers.extend(self.shared.headers.clone());
        if let Some(session) = session {
            let session =
                HeaderValue::try_from(session).map_err(|error| Error::Signing(error.to_string()))?;
            headers.insert(SESSION_HEADER, session);
        }
        let identity = match &self.shared.signer {
            Some(signer) => signer.sign(&method, &url, &mut headers, &body).await?,
            None => Identity::Unsigned,
        };
        let http = self.shared.connections.client()?;
        let sent = http.request(method, url).headers(headers).body(body).send().await;
        Ok((sent, identity))
    }

    /// Keeps the session that a response names, unless another has been begun since the request
    /// was sent in the one before.
    fn keep_session(
        &self,
        response: &reqwest::Response,
        asked_for: Session,
        before: Option<&String>,
    ) -> Option<String> {
        if !response.status().is_success() {
            return None;
        }
        let session = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok());
        let session = session.map(str::to_owned);
        let mut current = lock(&self.shared.session);
        if asked_for == Session::New || (session.is_some() && current.as_ref() == before) {
            current.clone_from(&session);
        }
        session
    }

    /// Mends what can be mended after a refusal; whether it is worth another try.
    async fn correct(&self, refusal: &Refusal, identity: &Identity) -> bool {
        let (Some(signer), Identity::Signed { access_key, .. }) = (&self.shared.signer, identity) else {
            return false;
        };
        match Denial::of(refusal) {
            Some(Denial::Skewed) => {
                let Some(date) = refusal.date else { return false };
                signer.correct_clock(date);
                tracing::info!(seconds_ahead = seconds_ahead(date), "correcting for the clock");
                true
            }
            Some(Denial::Expired) => {
                tracing::info!("fetching new credentials");
                signer.forget(access_key).await;
                true
            }
            _ => false,
        }
    }

    fn conclude(&self, reply: Result<Reply, NoReply>, identity: &Identity) -> Result<Answer, Error> {
        match reply {
            Ok(Reply::Refusal(refusal)) => Err(self.refused(refusal, identity)),
            Ok(Reply::NotMcp(status, said)) => Err(self.not_mcp(status, said)),
            Ok(Reply::Answer(answer)) => Ok(answer),
            Ok(Reply::RpcError(error, _)) => Ok(Answer::Message(error)),
            Err(no_reply) => Err(self.no_reply(no_reply)),
        }
    }

    fn no_reply(&self, NoReply { trouble, reason }: NoReply) -> Error {
        let host = self.host();
        match trouble {
            Trouble::NotConnected => Error::Unreachable { host, reason },
            Trouble::TooLarge => Error::Protocol(reason),
            _ => Error::Broken { host, reason },
        }
    }

    fn refused(&self, refusal: Refusal, identity: &Identity) -> Error {
        let (host, status) = (self.host(), refusal.status.as_u16());
        match (Denial::of(&refusal), identity) {
            (Some(Denial::Skewed), _) => Error::ClockSkew { seconds: refusal.date.map_or(0, seconds_ahead) },
            (Some(Denial::Expired), Identity::Signed { access_key, .. }) => {
                Error::ExpiredToken(access_key.clone())
            }
            (Some(denial), _) => {
                let hint = denial.hint(&self.shared.target, identity);
                let identity = identity.clone();
                Error::Forbidden(Box::new(Forbidden {
                    status,
                    host,
                    said: refusal.said,
                    identity,
                    hint,
                    denial,
                }))
            }
            (None, _) if matches!(status, 404 | 405 | 406 | 415) => self.not_mcp(status, refusal.said),
            (None, _) => Error::Status { status, host, said: refusal.said },
        }
    }

    pub(crate) fn not_mcp(&self, status: u16, said: String) -> Error {
        Error::NotMcp { url: self.shared.target.to_string(), status, said }
    }

    fn trouble(&self, reply: &Result<Reply, NoReply>) -> Option<Trouble> {
        let data_plane = matches!(self.shared.target.kind(), Kind::Runtime(_) | Kind::Gateway);
        match reply {
            Ok(Reply::RpcError(_, code)) if data_plane => Some(Trouble::DataPlane(*code)),
            Ok(Reply::RpcError(..)) => Some(Trouble::Rpc),
            Ok(Reply::Refusal(refusal)) => {
                Some(Trouble::Status(refusal.status.as_u16(), refusal.retry_after))
            }
            Ok(Reply::Answer(_) | Reply::NotMcp(..)) => None,
            Err(no_reply) => Some(no_reply.trouble),
        }
    }

    fn timed_out(&self, after: Duration) -> Error {
        // What was left of it when the message was ready, to the person who set it.
        let after = Duration::from_secs_f64((after.as_secs_f64() * 100.0).round() / 100.0);
        Error::TimedOut { host: self.host(), after }
    }

    pub(crate) fn host(&self) -> String {
        self.shared.target.url().authority().to_owned()
    }
}

/// Seconds by which this machine's clock is ahead of the server's.
fn seconds_ahead(server: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(server) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
