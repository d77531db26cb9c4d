//! One server, as one client of the proxy has it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use super::failure::Failure;
use super::handshake::{Handshake, or_empty};
use super::headers;
use super::message::{Message, Parameters};
use super::outbox::Outbox;
use super::questions::Questions;
use super::tools::{Known, Tool};
use super::{Server, Settings};
use crate::delivery::{Outgoing, Session, SignedHttp};
use crate::error::Error;
use crate::retry::Twice;

/// A server in one session.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(super) server: Arc<Server>,
    pub(super) settings: Arc<Settings>,
    http: OnceCell<SignedHttp>,
    pub(super) handshake: Mutex<Handshake>,
    /// Held by whoever greets the server.
    pub(super) greeting: tokio::sync::Mutex<()>,
    pub(super) known: Mutex<Known>,
    /// The ids of what the server asks, where there are several servers to be told apart.
    pub(super) questions: Option<Arc<Questions>>,
    /// Where the server's own stream goes.
    pub(super) outbox: Outbox,
    pub(super) watching: Mutex<Option<AbortHandle>>,
    pub(super) catching_up: Mutex<Option<AbortHandle>>,
    numbers: AtomicU64,
}

impl Upstream {
    pub(crate) fn new(
        server: Arc<Server>,
        settings: Arc<Settings>,
        questions: Option<Arc<Questions>>,
        outbox: Outbox,
    ) -> Self {
        Self {
            server,
            settings,
            http: OnceCell::new(),
            handshake: Mutex::default(),
            greeting: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            questions,
            outbox,
            watching: Mutex::default(),
            catching_up: Mutex::default(),
            numbers: AtomicU64::new(1),
        }
    }

    /// Passes a request on; what the server sends before its answer goes to `out`.
    ///
    /// # Errors
    /// Why the server has no answer to it.
    pub(crate) async fn request(self: &Arc<Self>, request: &Message, out: &Outbox) -> Result<Bytes, Failure> {
        let mut parameters = request.parameters();
        let renamed = match request.method() {
            "tools/call" => {
                self.may_call(&parameters, out).await?;
                self.know_headers(&parameters, out).await;
                self.under_own_name(request, &mut parameters)?
            }
            "prompts/get" => self.under_own_name(request, &mut parameters)?,
            _ => None,
        };
        let request = renamed.as_ref().unwrap_or(request);
        let answer = match request.method() {
            "initialize" => self.initialize(request, out).await?,
            _ => match self.ask(request, &parameters, out).await {
                Err(failure) if request.method().ends_with("/list") => {
                    self.catch_up();
                    return Err(failure);
                }
                asked => asked?,
            },
        };
        let answer = if self.greets_later() { or_empty(request, answer) } else { answer };
        Ok(self.as_shown(request.method(), &parameters, answer))
    }

    /// Passes on what wants no answer: a notification, or an answer to what the server asked.
    ///
    /// # Errors
    /// What kept it from arriving.
    pub(crate) async fn tell(self: &Arc<Self>, message: &Message) -> Result<(), Failure> {
        let (begun, done) = {
            let handshake = lock(&self.handshake);
            (handshake.is_begun(), handshake.is_done())
        };
        // A server that has not been greeted is told of it when it is, and of nothing else.
        if begun && !done || self.greets_later() && message.method() == "notifications/initialized" {
            return Ok(());
        }
        if message.method() == "tools/call" && !self.settings.filter.is_open() {
            tracing::warn!("a call without an id is not passed on, as no filter has seen it");
            return Ok(());
        }
        let http = self.http().await?;
        self.pass_on(http, message).await?;
        if message.method() == "notifications/initialized" {
            self.watch(http);
        }
        Ok(())
    }

    pub(super) async fn pass_on(&self, http: &SignedHttp, message: &Message) -> Result<(), Error> {
        let outgoing = Outgoing {
            body: message.bytes.clone(),
            headers: self.session_headers(),
            awaits_answer: false,
            twice: Twice::Harmless,
            deadline: http.deadline(),
            session: Session::Current,
        };
        http.deliver(&outgoing).await.map(drop)
    }

    /// The name that stands before those of its tools.
    pub(crate) fn name(&self) -> Option<&str> {
        self.server.name.as_deref()
    }

    /// Whether its client speaks to it in the way that begins with `initialize`.
    pub(crate) fn has_handshake(&self) -> bool {
        lock(&self.handshake).is_begun()
    }

    /// Ends the session, unless it is somebody else's that was joined.
    pub(crate) async fn close(&self) {
        for task in [&self.watching, &self.catching_up] {
            if let Some(task) = lock(task).take() {
                task.abort();
            }
        }
        let joined = self.server.options.session_id.is_some();
        if let Some(http) = self.http.get().filter(|http| !joined && http.session().is_some()) {
            // Optional, so not worth waiting for.
            let _ = tokio::time::timeout(Duration::from_secs(2), http.end_session()).await;
        }
    }

    pub(super) async fn http(&self) -> Result<&SignedHttp, Error> {
        self.http.get_or_try_init(|| self.server.http()).await
    }

    /// Headers of what belongs to a session.
    pub(super) fn session_headers(&self) -> HeaderMap {
        let mut headers = headers::basic();
        if let Some(version) = lock(&self.handshake).version() {
            headers.insert(headers::VERSION, version.clone());
        }
        headers
    }

    pub(super) fn request_headers(
        &self,
        request: &Message,
        parameters: &Parameters,
        tool: Option<&Tool>,
    ) -> HeaderMap {
        match parameters.version() {
            Some(version) => {
                let mut headers = headers::basic();
                let wanted = tool.map_or(&[][..], |tool| &tool.in_headers);
                headers::add_stateless(&mut headers, version, request, parameters, wanted);
                headers
            }
            None if request.method() == "initialize" => headers::basic(),
            None => self.session_headers(),
        }
    }

    /// The request with the metadata that the user gave; the client's own goes before.
    pub(super) fn with_metadata(&self, request: &Message) -> Message {
        if self.settings.metadata.is_empty() {
            return request.clone();
        }
        let edited = request.edited(|request| {
            let Some(request) = request.as_object_mut() else { return };
            let params = request.entry("params").or_insert(Value::Null);
            if params.is_null() {
                *params = json!({});
            }
            // Whatever else they are is for the server to judge.
            let Some(params) = params.as_object_mut() else { return };
            let meta = params.entry("_meta").or_insert_with(|| json!({}));
            let Some(meta) = meta.as_object_mut() else { return };
            for (name, value) in &self.settings.metadata {
                meta.entry(name).or_insert_with(|| value.clone());
            }
        });
        edited.unwrap_or_else(|| request.clone())
    }

    /// An id for a request of the proxy's own.
    pub(super) fn own_id(&self) -> String {
        format!("mcp-sigv4-{}", self.numbers.fetch_add(1, Ordering::Relaxed))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
