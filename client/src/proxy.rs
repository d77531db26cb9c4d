//! MCP clients that cannot sign, in front of servers that want it: over stdio, or as an HTTP
//! endpoint of this machine alone.
//!
//! ```text
//! client ── Conversation ──┬── Upstream ── SignedHttp ── server
//!            one answer     └── Upstream ── SignedHttp ── server
//!            per request       its session, handshake, filter
//! ```
//!
//! Messages are passed on as they came; only what is asked for is changed about them (metadata,
//! filtered lists, names of tools where there are several servers).

mod asking;
mod conversation;
mod failure;
mod filter;
mod handshake;
mod headers;
mod listen;
mod lists;
mod message;
mod outbox;
mod questions;
mod routing;
mod stdio;
mod stream;
mod tools;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::{OnceCell, Semaphore};

use crate::client::{Connector, Options};
use crate::delivery::SignedHttp;
use crate::error::Error as ClientError;
use crate::target::Target;

pub use filter::Filter;
pub use wildmatch::WildMatch;

/// What stands between a server's name and a tool's.
const SEPARATOR: &str = "__";

/// How a proxy behaves, whatever it is in front of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a call of a tool may take, retries included.
    pub tool_timeout: Duration,
    /// Added to the `_meta` of every request that has nothing of that name there.
    pub metadata: Map<String, Value>,
    /// Which tools are let through.
    pub filter: Filter,
    /// When servers are first spoken to.
    pub start: Start,
    /// How many requests may be under way at once, each on a connection of its own; they are
    /// shared out to the servers.
    pub connections: usize,
}

impl Default for Settings {
    /// 15 minutes for a tool, as long as both hosts give it; everything passes; servers are
    /// greeted when the client greets; 256 connections.
    fn default() -> Self {
        Self {
            tool_timeout: Duration::from_mins(15),
            metadata: Map::new(),
            filter: Filter::default(),
            start: Start::default(),
            connections: 256,
        }
    }
}

/// When servers are first spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// When the client greets: it is told what the server can do.
    #[default]
    Eager,
    /// When they are first asked for something: the client's `initialize` is answered at once, and
    /// no credentials are touched for it.
    Lazy,
}

/// A server that stands behind a proxy.
#[derive(Debug)]
pub struct Server {
    name: Option<String>,
    target: Target,
    options: Options,
    /// Made when it is first needed, and shared by all sessions.
    http: OnceCell<SignedHttp>,
    /// Requests that may be under way, each of which holds a file of the operating system.
    connections: Semaphore,
}

/// A name that cannot stand before those of tools.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Characters that not every client takes in the name of a tool.
    #[error("{0:?} is no name for a server: use letters, digits, - and single _")]
    Unusable(String),
    /// Two servers of one name, or one of several without.
    #[error("several servers need a name each, and no two the same, as in `one=TARGET two=TARGET`: {0}")]
    NotUnique(String),
}

impl Server {
    /// A server whose tools keep their names.
    #[must_use]
    pub fn new(target: Target, options: Options) -> Self {
        Self { name: None, target, options, http: OnceCell::new(), connections: Semaphore::new(0) }
    }

    /// A server whose tools are shown as `NAME__TOOL`.
    ///
    /// # Errors
    /// [`NameError::Unusable`].
    pub fn named(name: &str, target: Target, options: Options) -> Result<Self, NameError> {
        let usable = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if name.is_empty() || !name.chars().all(usable) || name.contains(SEPARATOR) || name.ends_with('_') {
            return Err(NameError::Unusable(name.to_owned()));
        }
        Ok(Self { name: Some(name.to_owned()), ..Self::new(target, options) })
    }

    async fn http(&self) -> Result<SignedHttp, ClientError> {
        let connect = async || {
            let connector = Connector::new(self.target.clone(), self.options.clone()).await?;
            connector.http(None)
        };
        let http = self.http.get_or_try_init(connect).await?;
        Ok(http.in_session(self.options.session_id.clone()))
    }

    fn host(&self) -> String {
        self.target.url().authority().to_owned()
    }

    /// What a client calls a tool or prompt of this server.
    fn shown_name(&self, own: &str) -> String {
        self.name.as_ref().map_or_else(|| own.to_owned(), |name| format!("{name}{SEPARATOR}{own}"))
    }

    /// What this server calls it; `None` where the name is not changed, or not one of its.
    fn own_name<'s>(&self, shown: &'s str) -> Option<&'s str> {
        shown.strip_prefix(self.name.as_ref()?)?.strip_prefix(SEPARATOR)
    }
}

/// A proxy in front of one or more servers.
#[derive(Clone, Debug)]
pub struct Proxy {
    servers: Vec<Arc<Server>>,
    settings: Arc<Settings>,
}

impl Proxy {
    /// A proxy that has spoken to nobody yet.
    ///
    /// # Errors
    /// [`NameError::NotUnique`].
    pub fn new(servers: Vec<Server>, settings: Settings) -> Result<Self, NameError> {
        let mut names: Vec<Option<&str>> = servers.iter().map(|server| server.name.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < servers.len() || (servers.len() > 1 && names.contains(&None)) {
            let targets: Vec<String> = servers.iter().map(|server| server.target.to_string()).collect();
            return Err(NameError::NotUnique(targets.join(", ")));
        }
        let share = (settings.connections / servers.len().max(1)).max(1);
        for server in &servers {
            // A server that hangs is not to hold up the others.
            server.connections.add_permits(share);
        }
        let servers = servers.into_iter().map(Arc::new).collect();
        Ok(Self { servers, settings: Arc::new(settings) })
    }
}
