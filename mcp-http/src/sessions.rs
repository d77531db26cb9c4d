//! Sessions, for hosts where all requests of a client reach one process.
//!
//! Up to 2025-11-25 a handler that asks its client something (sampling, elicitation, roots)
//! needs one: the client's answer is a request of its own, which has to find the handler
//! that waits. What names no session is served without one, and so are health probes and the
//! newer protocol era, which knows none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::{SessionId, SessionManager};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tower::Service;

use crate::envelope::Envelope;
use crate::guard::Guarded;
use crate::origin::Origin;
use crate::service::Body;

const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION_HEADER: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// The first version of the protocol that knows neither handshake nor session.
const STATELESS_SINCE: &str = "2026-07-28";

/// How long a session may be idle: as long as AgentCore lets a microVM live.
const IDLE_TIMEOUT: Duration = Duration::from_hours(8);

/// The sessions of a service, with a handler each.
pub(crate) struct Sessions<H> {
    service: StreamableHttpService<Guarded<H>, LocalSessionManager>,
    manager: Arc<LocalSessionManager>,
    /// rmcp's own id of a session, by each of the names that requests know it by: the
    /// platform's, where that names one, and its own.
    known: Mutex<HashMap<String, HeaderValue>>,
}

/// What a request is to the sessions.
pub(crate) enum Claim<'s, H> {
    /// It begins one, or belongs to one.
    Ours(Claimed<'s, H>),
    /// It belongs to one that is not here, or no longer.
    Lost,
    /// It is to be answered without one.
    NotOurs,
}

/// A request that is the sessions' to answer.
pub(crate) struct Claimed<'s, H> {
    sessions: &'s Sessions<H>,
    /// The name of the session.
    named: Option<String>,
}

impl<H: ServerHandler> Sessions<H> {
    pub(crate) fn new(handler: Guarded<H>, config: StreamableHttpServerConfig) -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config.keep_alive = Some(IDLE_TIMEOUT);
        // A stream that broke off could be gone on with by GET alone, which is not served.
        manager.session_config.sse_retry = None;
        let manager = Arc::new(manager);
        let factory = move || Ok(handler.clone());
        let config = config.with_legacy_session_mode(true).with_sse_retry(None);
        let service = StreamableHttpService::new(factory, Arc::clone(&manager), config);
        Self { service, manager, known: Mutex::default() }
    }

    /// Finds the session of a request, and gives it rmcp's name for it.
    pub(crate) async fn claim(&self, parts: &mut Parts, envelope: &Envelope) -> Claim<'_, H> {
        let version = parts.headers.get(VERSION_HEADER).and_then(|version| version.to_str().ok());
        let since_a_handshake = version.is_some_and(|version| version < STATELESS_SINCE);
        let named = name(parts);
        match envelope.method.as_deref() {
            _ if version.is_some_and(|version| version >= STATELESS_SINCE) => return Claim::NotOurs,
            // The platform's probe, which may come under the name of a session.
            Some("ping") => return Claim::NotOurs,
            Some("initialize") => {
                parts.headers.remove(SESSION_HEADER);
                return Claim::Ours(Claimed { sessions: self, named });
            }
            _ => {}
        }
        let Some(name) = &named else { return Claim::NotOurs };
        let id = self.known().get(name).cloned();
        match id {
            Some(id) if self.lives(&id).await => {
                parts.headers.insert(SESSION_HEADER, id);
                Claim::Ours(Claimed { sessions: self, named })
            }
            _ if since_a_handshake => Claim::Lost,
            _ => Claim::NotOurs,
        }
    }

    /// Notes under which names a session that began will be asked for. One that had a name
    /// before ends: nobody could reach it any more.
    async fn begun(&self, id: &HeaderValue, named: Option<String>) {
        let own = id.to_str().ok().map(str::to_owned);
        let before: Vec<HeaderValue> = {
            let mut known = self.known();
            let begun = [named, own].into_iter().flatten();
            begun.filter_map(|name| known.insert(name, id.clone())).collect()
        };
        for id in before.iter().filter_map(|id| id.to_str().ok()) {
            // It may have ended by itself.
            let _ = self.manager.close_session(&SessionId::from(id)).await;
        }
        let living = self.manager.sessions.read().await;
        self.known().retain(|_, id| id.to_str().is_ok_and(|id| living.contains_key(&SessionId::from(id))));
    }

    async fn lives(&self, id: &HeaderValue) -> bool {
        let id = id.to_str().map(SessionId::from);
        let living = self.manager.sessions.read().await;
        id.is_ok_and(|id| living.contains_key(&id))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, HeaderValue>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H: ServerHandler> Claimed<'_, H> {
    pub(crate) async fn answer(self, request: Request<Full<Bytes>>) -> Response<Body> {
        let Ok(response) = self.sessions.service.clone().call(request).await;
        if let Some(id) = response.headers().get(SESSION_HEADER) {
            self.sessions.begun(id, self.named).await;
        }
        response
    }
}

/// The name of a request's session: the platform's, which stays the same from the first
/// request on, or else the client's.
fn name(parts: &Parts) -> Option<String> {
    let platform = parts.extensions.get::<Origin>().and_then(|origin| origin.session_id.clone());
    platform.or_else(|| parts.headers.get(SESSION_HEADER)?.to_str().ok().map(str::to_owned))
}
