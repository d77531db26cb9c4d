//! The decorator between rmcp and HTTP: signs, keeps the session, retries what is safe.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorData, ServerJsonRpcMessage, Tool};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;
use tokio::time::Instant;

use crate::denial::Denial;
use crate::error::{Error, Identity};
use crate::exchange::{self, NoReply, Refusal, Reply, SESSION_HEADER};
use crate::retry::{self, Trouble};
use crate::signer::Signer;
use crate::target::{Kind, Target};

type HttpError = StreamableHttpError<Error>;

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
    /// The session that requests are sent to, for affinity. Kept here because in the
    /// stateless protocol era rmcp keeps none.
    session: Mutex<Option<String>>,
    /// The tools that the server announced as idempotent.
    repeatable_tools: Mutex<HashSet<String>>,
}

/// A message ready to be sent, as often as need be.
struct Outgoing {
    body: Vec<u8>,
    headers: HeaderMap,
    awaits_answer: bool,
    repeatable: bool,
}

impl SignedHttp {
    pub(crate) fn new(
        http: reqwest::Client,
        target: Target,
        signer: Option<Signer>,
        timeout: Duration,
        session: Option<String>,
    ) -> Self {
        let session = Mutex::new(session);
        let repeatable_tools = Mutex::default();
        Self { shared: Arc::new(Shared { http, target, signer, timeout, session, repeatable_tools }) }
    }

    /// Sends until there is an answer, a failure that is final, or no time left.
    async fn deliver(&self, outgoing: &Outgoing) -> Result<Reply, Error> {
        let deadline = Instant::now() + self.shared.timeout;
        let mut corrected = false;
        for attempt in 1.. {
            let sent = tokio::time::timeout_at(deadline, self.send(outgoing)).await;
            let (reply, identity) = sent.map_err(|_| self.timed_out())??;
            if let Ok(Reply::Refusal(refusal)) = &reply
                && !corrected
                && self.correct(refusal, &identity).await
            {
                corrected = true;
                continue;
            }
            let trouble = trouble(&reply);
            let delay = trouble
                .and_then(|trouble| retry::delay(trouble, attempt, outgoing.repeatable, fastrand::f64()));
            let Some(delay) = delay.filter(|delay| Instant::now() + *delay < deadline) else {
                return self.conclude(reply, &identity);
            };
            tracing::info!(attempt, ?delay, ?trouble, "trying again");
            tokio::time::sleep(delay).await;
        }
        Err(self.timed_out())
    }

    /// One attempt, signed afresh.
    async fn send(&self, outgoing: &Outgoing) -> Result<(Result<Reply, NoReply>, Identity), Error> {
        let url = self.shared.target.url().clone();
        let mut headers = outgoing.headers.clone();
        if let Some(session) = lock(&self.shared.session).as_ref() {
            let session =
                HeaderValue::from_str(session).map_err(|error| Error::Signing(error.to_string()))?;
            headers.insert(SESSION_HEADER, session);
        }
        let identity = match &self.shared.signer {
            Some(signer) => signer.sign(&Method::POST, &url, &mut headers, &outgoing.body).await?,
            None => Identity::Unsigned,
        };
        let request = self.shared.http.post(url).headers(headers).body(outgoing.body.clone());
        let reply = match request.send().await {
            Ok(response) => {
                tracing::debug!(status = response.status().as_u16(), "answered");
                self.keep_session(&response);
                exchange::read(response, outgoing.awaits_answer).await
            }
            Err(error) => Err(error.into()),
        };
        Ok((reply, identity))
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
                let seconds_ahead = signer.correct_clock(date);
                tracing::info!(seconds_ahead, "correcting for the clock");
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

    fn conclude(&self, reply: Result<Reply, NoReply>, identity: &Identity) -> Result<Reply, Error> {
        let host = self.host();
        match reply {
            Ok(Reply::Refusal(refusal)) => Err(self.refused(refusal, identity)),
            Ok(Reply::NotMcp(said)) => Err(Error::NotMcp { url: self.shared.target.to_string(), said }),
            Ok(reply) => Ok(reply),
            Err(NoReply { trouble: Trouble::NotConnected, reason }) => {
                Err(Error::Unreachable { host, reason })
            }
            Err(NoReply { reason, .. }) => Err(Error::Broken { host, reason }),
        }
    }

    fn refused(&self, refusal: Refusal, identity: &Identity) -> Error {
        let (host, status, said) = (self.host(), refusal.status.as_u16(), refusal.said.clone());
        match (Denial::of(&refusal), identity) {
            (Some(Denial::Skewed), _) => {
                let now = std::time::SystemTime::now();
                let seconds = refusal.date.map_or(0, |date| seconds_ahead(now, date));
                Error::ClockSkew { seconds }
            }
            (Some(Denial::Expired), Identity::Signed { access_key, .. }) => {
                Error::ExpiredToken(access_key.clone())
            }
            (Some(denial), _) => {
                let hint = denial.hint(&self.shared.target, identity);
                Error::Forbidden { status, host, said, identity: identity.clone(), hint }
            }
            (None, _) if matches!(status, 404 | 405 | 406 | 415) => {
                Error::NotMcp { url: self.shared.target.to_string(), said: format!("HTTP {status}: {said}") }
            }
            (None, _) => Error::Status { status, host, said },
        }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut { host: self.host(), after: self.shared.timeout }
    }

    fn host(&self) -> String {
        self.shared.target.url().authority().to_owned()
    }

    fn outgoing(
        &self,
        message: &ClientJsonRpcMessage,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Outgoing, HttpError> {
        let mut headers = HeaderMap::from_iter(custom);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        Ok(Outgoing {
            body: serde_json::to_vec(message)?,
            headers,
            awaits_answer: matches!(message, ClientJsonRpcMessage::Request(_)),
            repeatable: self.is_repeatable(message),
        })
    }

    /// Whether a message may arrive twice: all of MCP's own methods may, and tools that
    /// are announced as idempotent.
    fn is_repeatable(&self, message: &ClientJsonRpcMessage) -> bool {
        match message {
            ClientJsonRpcMessage::Request(request) => match &request.request {
                ClientRequest::CallToolRequest(call) => {
                    lock(&self.shared.repeatable_tools).contains(call.params.name.as_ref())
                }
                ClientRequest::CustomRequest(_) => false,
                _ => true,
            },
            _ => true,
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
}

fn trouble(reply: &Result<Reply, NoReply>) -> Option<Trouble> {
    match reply {
        Ok(Reply::RpcError(_, code, _)) => Some(Trouble::Rpc(*code)),
        Ok(Reply::Refusal(refusal)) => Some(Trouble::Status(refusal.status.as_u16(), refusal.retry_after)),
        Ok(Reply::Answer(_) | Reply::NotMcp(_)) => None,
        Err(no_reply) => Some(no_reply.trouble),
    }
}

fn seconds_ahead(local: std::time::SystemTime, server: std::time::SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match local.duration_since(server) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StreamableHttpClient for SignedHttp {
    type Error = Error;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let outgoing = self.outgoing(&message, custom_headers)?;
        let reply = match self.deliver(&outgoing).await {
            // rmcp starts a new session on this, and repeats what had not run.
            Err(Error::NotMcp { said, .. }) if session.is_some() && said.starts_with("HTTP 404") => {
                *lock(&self.shared.session) = None;
                return Err(StreamableHttpError::SessionExpired);
            }
            reply => reply,
        };
        match reply {
            Ok(Reply::Answer(answer)) => Ok(answer),
            Ok(Reply::RpcError(error, _, session)) => Ok(addressed(error, &message, session)),
            Ok(Reply::Refusal(_) | Reply::NotMcp(_)) => Err(StreamableHttpError::UnexpectedEndOfStream),
            // A server of the older protocol era may refuse `server/discover` with
            // anything; rmcp falls back to `initialize` when told so.
            Err(Error::NotMcp { said, .. } | Error::Status { status: 400..=499, said, .. })
                if is_discover(&message) =>
            {
                let error = ServerJsonRpcMessage::error(ErrorData::invalid_request(said, None), None);
                Ok(addressed(error, &message, None))
            }
            Err(error) => Err(StreamableHttpError::Client(error)),
        }
    }

    /// Platforms end sessions by themselves; a server of its own is told.
    async fn delete_session(
        &self,
        _: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), HttpError> {
        if self.shared.target.kind() != &Kind::Other {
            return Ok(());
        }
        let url = self.shared.target.url().clone();
        let mut headers = HeaderMap::from_iter(custom_headers);
        let session = HeaderValue::from_str(&session)
            .map_err(|error| HttpError::Client(Error::Signing(error.to_string())))?;
        headers.insert(SESSION_HEADER, session);
        if let Some(signer) = &self.shared.signer {
            signer.sign(&Method::DELETE, &url, &mut headers, b"").await.map_err(HttpError::Client)?;
        }
        // Optional for a server, so whatever it says is fine.
        let _ = self.shared.http.delete(url).headers(headers).send().await;
        Ok(())
    }

    /// Neither host has a stream of its own, so none is asked for.
    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, HttpError> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

fn is_discover(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, ClientJsonRpcMessage::Request(request) if matches!(request.request, ClientRequest::DiscoverRequest(_)))
}

/// An error under the id of the request it answers: a server that refuses a request before
/// reading it does not know the id.
fn addressed(
    error: ServerJsonRpcMessage,
    message: &ClientJsonRpcMessage,
    session: Option<String>,
) -> StreamableHttpPostResponse {
    let addressed = match (error, message) {
        (ServerJsonRpcMessage::Error(error), ClientJsonRpcMessage::Request(request)) => {
            ServerJsonRpcMessage::error(error.error, Some(request.id.clone()))
        }
        (error, _) => error,
    };
    StreamableHttpPostResponse::Json(addressed, session)
}
