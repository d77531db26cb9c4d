//! Sessions, for hosts where all requests of a client reach one process.
//!
//! Up to 2025-11-25 a handler that asks its client something (sampling, elicitation, roots)
//! needs one: the client's answer is a request of its own, which has to find the handler
//! that waits. Whatever is in no session is served without one, health probes for example,
//! and so is the newer protocol era, which knows none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::SessionId;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, SessionConfig};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tower::Service;

use crate::envelope::Envelope;
use crate::guard::Guarded;
use crate::origin::Origin;
use crate::service::Body;

const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");

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

/// A request that is the sessions' to answer.
pub(crate) struct Claimed<'s, H> {
    sessions: &'s Sessions<H>,
    /// The name of the session.
    named: Option<String>,
}

impl<H: ServerHandler> Sessions<H> {
    pub(crate) fn new(handler: Guarded<H>, config: StreamableHttpServerConfig) -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config = SessionConfig::default();
        manager.session_config.keep_alive = Some(IDLE_TIMEOUT);
        let manager = Arc::new(manager);
        let factory = move || Ok(handler.clone());
        let config = config.with_legacy_session_mode(true);
        let service = StreamableHttpService::new(factory, Arc::clone(&manager), config);
        Self { service, manager, known: Mutex::default() }
    }

    /// Takes a request that begins a session or belongs to one, and gives it rmcp's name for
    /// the session.
    pub(crate) async fn claim(&self, parts: &mut Parts, envelope: &Envelope) -> Option<Claimed<'_, H>> {
        let named = name(parts);
        if envelope.method.as_deref() == Some("initialize") {
            parts.headers.remove(SESSION_HEADER);
            return Some(Claimed { sessions: self, named });
        }
        let id = self.known().get(named.as_ref()?).cloned()?;
        if !self.lives(&id).await {
            return None;
        }
        parts.headers.insert(SESSION_HEADER, id);
        Some(Claimed { sessions: self, named })
    }

    /// Notes under which names a session that began will be asked for.
    async fn begun(&self, id: &HeaderValue, named: Option<String>) {
        let living = self.manager.sessions.read().await;
        let own = id.to_str().ok().map(str::to_owned);
        let mut known = self.known();
        known.retain(|_, id| id.to_str().is_ok_and(|id| living.contains_key(&SessionId::from(id))));
        known.extend([named, own].into_iter().flatten().map(|name| (name, id.clone())));
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
