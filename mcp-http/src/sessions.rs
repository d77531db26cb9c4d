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
use crate::origin::{SESSION_HEADER, session_of};
use crate::service::Body;

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
    known: Mutex<HashMap<String, SessionId>>,
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
        // Only after a handshake does a client of the older era name a version.
        let greeted = match version {
            Some(version) if version >= STATELESS_SINCE => return Claim::NotOurs,
            version => version.is_some(),
        };
        let named = session_of(parts);
        match envelope.method.as_deref() {
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
        if let Some(id) = id
            && self.manager.has_session(&id).await.unwrap_or(false)
            && let Ok(id) = HeaderValue::from_str(&id)
        {
            parts.headers.insert(SESSION_HEADER, id);
            return Claim::Ours(Claimed { sessions: self, named });
        }
        if greeted { Claim::Lost } else { Claim::NotOurs }
    }

    /// Notes under which names a session that began will be asked for. One that had a name
    /// before ends: nobody could reach it any more.
    async fn begun(&self, id: &str, named: Option<String>) {
        let before: Vec<SessionId> = {
            let mut known = self.known();
            let begun = [named, Some(id.to_owned())].into_iter().flatten();
            begun.filter_map(|name| known.insert(name, SessionId::from(id))).collect()
        };
        for id in &before {
            // It may have ended by itself.
            let _ = self.manager.close_session(id).await;
        }
        let living = self.manager.sessions.read().await;
        self.known().retain(|_, id| living.contains_key(id));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, SessionId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H: ServerHandler> Claimed<'_, H> {
    pub(crate) async fn answer(self, request: Request<Full<Bytes>>) -> Response<Body> {
        let Ok(response) = self.sessions.service.clone().call(request).await;
        if let Some(id) = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok()) {
            self.sessions.begun(id, self.named).await;
        }
        response
    }
}
