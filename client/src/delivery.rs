//! Delivering one message: signed, in its session, repeated where that is safe.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use rmcp::model::{ServerJsonRpcMessage, Tool};
use rmcp::transport::streamable_http_client::StreamableHttpPostResponse;
use tokio::time::Instant;

use crate::client::Retries;
use crate::denial::Denial;
use crate::error::{Error, Forbidden, Identity};
use crate::exchange::{self, NoReply, Refusal, Reply, SESSION_HEADER};
use crate::retry::{self, Trouble, Twice};
use crate::signer::Signer;
use crate::target::{Kind, Target};

/// An HTTP client for one target, shared by all its requests.
#[derive(Clone, Debug)]
pub(crate) struct SignedHttp {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    target: Target,
    signer: Option<Signer>,
    timeout: Duration,
    retries: Retries,
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
}

/// What a message came to.
pub(crate) enum Delivered {
    /// An answer, an event stream that will hold it, or a bare acceptance.
    Answer(StreamableHttpPostResponse),
    /// A JSON-RPC error, and the session it came from.
    RpcError(ServerJsonRpcMessage, Option<String>),
}

impl SignedHttp {
    pub(crate) fn new(
        http: reqwest::Client,
        target: Target,
        signer: Option<Signer>,
        session: Option<String>,
        timeout: Duration,
        retries: Retries,
    ) -> Self {
        let session = Mutex::new(session);
        let repeatable_tools = Mutex::default();
        Self {
            shared: Arc::new(Shared { http, target, signer, timeout, retries, session, repeatable_tools }),
        }
    }

    /// Remembers which tools the server announced as safe to call twice.
    pub(crate) fn learn(&self, tools: &[Tool]) {
        let repeatable = tools.iter().filter(|tool| {
            let hints = tool.annotations.as_ref();
            hints.is_some_and(|hints| {
                hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
            })
        });
        lock(&self.shared.repeatable_tools).extend(repeatable.map(|tool| tool.name.to_string()));
    }

    /// Whether a call of this tool may arrive twice.
    pub(crate) fn is_repeatable(&self, tool: &str) -> bool {
        lock(&self.shared.repeatable_tools).contains(tool)
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
            let _ = self.send(Method::DELETE, &HeaderMap::new(), nothing).await;
        }
    }

    /// Sends a message until there is an answer, a failure that is final, or no time left.
    pub(crate) async fn deliver(&self, outgoing: &Outgoing) -> Result<Delivered, Error> {
        let deadline = Instant::now() + self.shared.timeout;
        let mut corrected = false;
        for attempt in 1.. {
            let exchanged = tokio::time::timeout_at(deadline, self.exchange(outgoing)).await;
            let (reply, identity) = exchanged.map_err(|_| self.timed_out())??;
            if let Ok(Reply::Refusal(refusal)) = &reply
                && !corrected
                && self.correct(refusal, &identity).await
            {
                corrected = true;
                continue;
            }
            let trouble = self.trouble(&reply).filter(|_| self.shared.retries == Retries::WhereSafe);
            let delay =
                trouble.and_then(|trouble| retry::delay(trouble, attempt, outgoing.twice, fastrand::f64()));
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(delay) = delay.filter(|delay| *delay < left) else {
                return self.conclude(reply, &identity);
            };
            tracing::info!(attempt, ?delay, ?trouble, "trying again");
            tokio::time::sleep(delay).await;
        }
        Err(self.timed_out())
    }

    /// One attempt.
    async fn exchange(&self, outgoing: &Outgoing) -> Result<(Result<Reply, NoReply>, Identity), Error> {
        let (sent, identity) = self.send(Method::POST, &outgoing.headers, outgoing.body.clone()).await?;
        let reply = match sent {
            Ok(response) => {
                tracing::debug!(status = response.status().as_u16(), "answered");
                self.keep_session(&response);
                exchange::read(response, outgoing.awaits_answer).await
            }
            Err(error) => Err(error.into()),
        };
        Ok((reply, identity))
    }

    /// Sends a request, signed afresh.
    async fn send(
        &self,
        method: Method,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(reqwest::Result<reqwest::Response>, Identity), Error> {
        let url = self.shared.target.url().clone();
        let mut headers = headers.clone();
        let session = lock(&self.shared.session).clone();
        if let Some(session) = session {
            let session =
                HeaderValue::try_from(session).map_err(|error| Error::Signing(error.to_string()))?;
            headers.insert(SESSION_HEADER, session);
        }
        let identity = match &self.shared.signer {
            Some(signer) => signer.sign(&method, &url, &mut headers, &body).await?,
            None => Identity::Unsigned,
        };
        let sent = self.shared.http.request(method, url).headers(headers).body(body).send().await;
        Ok((sent, identity))
    }

    fn keep_session(&self, response: &reqwest::Response) {
        let session = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok());
        if let Some(session) = session.filter(|_| response.status().is_success()) {
            *lock(&self.shared.session) = Some(session.to_owned());
        }
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

    fn conclude(&self, reply: Result<Reply, NoReply>, identity: &Identity) -> Result<Delivered, Error> {
        let host = self.host();
        match reply {
            Ok(Reply::Refusal(refusal)) => Err(self.refused(refusal, identity)),
            Ok(Reply::NotMcp(status, said)) => Err(self.not_mcp(status, said)),
            Ok(Reply::Answer(answer)) => Ok(Delivered::Answer(answer)),
            Ok(Reply::RpcError(error, _, session)) => Ok(Delivered::RpcError(error, session)),
            Err(NoReply { trouble: Trouble::NotConnected, reason }) => {
                Err(Error::Unreachable { host, reason })
            }
            Err(NoReply { trouble: Trouble::TooLarge, reason }) => Err(Error::Protocol(reason)),
            Err(NoReply { reason, .. }) => Err(Error::Broken { host, reason }),
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

    fn not_mcp(&self, status: u16, said: String) -> Error {
        Error::NotMcp { url: self.shared.target.to_string(), status, said }
    }

    fn trouble(&self, reply: &Result<Reply, NoReply>) -> Option<Trouble> {
        let data_plane = matches!(self.shared.target.kind(), Kind::Runtime(_) | Kind::Gateway);
        match reply {
            Ok(Reply::RpcError(_, code, _)) if data_plane => Some(Trouble::DataPlane(*code)),
            Ok(Reply::RpcError(..)) => Some(Trouble::Rpc),
            Ok(Reply::Refusal(refusal)) => {
                Some(Trouble::Status(refusal.status.as_u16(), refusal.retry_after))
            }
            Ok(Reply::Answer(_) | Reply::NotMcp(..)) => None,
            Err(no_reply) => Some(no_reply.trouble),
        }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut { host: self.host(), after: self.shared.timeout }
    }

    fn host(&self) -> String {
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
