//! The proxy as an HTTP endpoint of this machine alone (MCP, "Streamable HTTP").

mod guard;
mod reply;
mod sessions;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use super::Proxy;
use super::conversation::Conversation;
use super::message::{Malformed, Message};
use super::outbox::Outbox;
use crate::exchange::{MAX_ANSWER_BYTES, SESSION_HEADER};
use reply::Reply;
use sessions::{Own, Sessions};

/// Where MCP is served.
pub(crate) const PATH: &str = "/mcp";

#[derive(Debug)]
struct Endpoint {
    proxy: Proxy,
    sessions: Sessions,
    /// For requests that belong to no session, as those of the stateless era.
    sessionless: Arc<Conversation>,
    /// Whether this is to end.
    ending: watch::Receiver<bool>,
}

/// How long answers that are open may take when this is to end.
const GRACE: Duration = Duration::from_secs(5);

impl Proxy {
    /// Serves clients of this machine by HTTP, until `shutdown`. Only what is addressed to this
    /// machine by name and does not come from a web page elsewhere is let in.
    ///
    /// # Errors
    /// Fails where the listener is open to other machines, or breaks.
    pub async fn listen(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            let why = format!(
                "{address} is open to other machines, and whoever connects is you to AWS: listen on 127.0.0.1"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let (end, ending) = watch::channel(false);
        let endpoint = Arc::new(Endpoint {
            proxy: self.clone(),
            sessions: Sessions::default(),
            sessionless: Arc::new(self.conversation(&Outbox::closed())),
            ending: ending.clone(),
        });
        let methods = post(take).get(open_stream).delete(end_session);
        let app = Router::new()
            .route(PATH, methods)
            .layer(axum::middleware::from_fn(guard::check))
            .layer(DefaultBodyLimit::max(MAX_ANSWER_BYTES))
            .with_state(Arc::clone(&endpoint));
        // Answers are small and wait for nothing: they are not to wait for an acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let shutdown = async move {
            shutdown.await;
            end.send_replace(true);
        };
        let served = tokio::select! {
            served = axum::serve(listener, app).with_graceful_shutdown(shutdown) => served,
            () = async { ended(ending).await; tokio::time::sleep(GRACE).await } => Ok(()),
        };
        endpoint.sessions.close_all().await;
        served
    }

    fn conversation(&self, outbox: &Outbox) -> Conversation {
        Conversation::new(&self.servers, &self.settings, outbox)
    }
}

async fn ended(mut ending: watch::Receiver<bool>) {
    // Whoever would tell is gone: that too is the end.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Takes in what a client posts.
async fn take(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> Response {
    let said = Message::read_all(body);
    if let [Err(malformed)] = &said[..] {
        return reply::json(StatusCode::BAD_REQUEST, malformed.answer());
    }
    let is = |said: &Result<Message, Malformed>, method| {
        said.as_ref().is_ok_and(|message| message.method() == method)
    };
    match &said[..] {
        [Ok(message)] if message.is_request() && message.method() == "initialize" => {
            return endpoint.begin(message.clone()).await;
        }
        said if said.iter().any(|said| is(said, "initialize")) => {
            return (StatusCode::BAD_REQUEST, "initialize comes alone").into_response();
        }
        _ => {}
    }
    let Some(session) = session_id(&headers) else {
        // Each request here is somebody else's; to cancel is to close the connection.
        let said = said.into_iter().filter(|said| !is(said, "notifications/cancelled")).collect();
        return answer(&endpoint.sessionless, said).await;
    };
    match endpoint.sessions.get(session) {
        Some(conversation) => answer(&conversation, said).await,
        None => unknown_session(),
    }
}

async fn answer(conversation: &Arc<Conversation>, said: Vec<Result<Message, Malformed>>) -> Response {
    let stateless = |said: &Result<Message, Malformed>| {
        said.as_ref().is_ok_and(|message| message.parameters().version().is_some())
    };
    let awaited =
        said.iter().filter(|said| !said.as_ref().is_ok_and(|message| !message.is_request())).count();
    let ends_with_client = said.iter().all(stateless);
    let (out, messages) = Outbox::new();
    let mut reply = Reply::new(Arc::clone(conversation), messages, awaited, ends_with_client);
    for said in said {
        reply.of(conversation.take(said, &out));
    }
    drop(out);
    reply.into_response().await
}

/// The stream of what servers say of their own accord.
async fn open_stream(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    let Some(session) = session_id(&headers) else { return StatusCode::METHOD_NOT_ALLOWED.into_response() };
    match endpoint.sessions.own_messages(session) {
        None => unknown_session(),
        Some(Own::Taken) => (StatusCode::CONFLICT, "this session's stream is open already").into_response(),
        Some(Own::Messages(messages)) => reply::stream(messages, ended(endpoint.ending.clone())),
    }
}

async fn end_session(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    let ended = session_id(&headers).and_then(|session| endpoint.sessions.remove(session));
    let Some(conversation) = ended else { return unknown_session() };
    conversation.close().await;
    StatusCode::NO_CONTENT.into_response()
}

impl Endpoint {
    /// Begins a session; it is no more if it is answered with an error at once.
    async fn begin(&self, initialize: Message) -> Response {
        let (outbox, own_messages) = Outbox::new();
        let conversation = Arc::new(self.proxy.conversation(&outbox));
        let session = Uuid::new_v4().to_string();
        if let Some(oldest) = self.sessions.add(session.clone(), Arc::clone(&conversation), own_messages) {
            oldest.close().await;
        }
        let mut response = answer(&conversation, vec![Ok(initialize)]).await;
        if reply::is_error(&response) {
            self.sessions.remove(&session);
        } else if let Ok(session) = HeaderValue::from_str(&session) {
            response.headers_mut().insert(SESSION_HEADER, session);
        }
        response
    }
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_HEADER)?.to_str().ok()
}

fn unknown_session() -> Response {
    let why = "mcp-sigv4: this session is not known, or no more: initialize again";
    reply::json(StatusCode::NOT_FOUND, super::message::error(None, -32600, why, None))
}
