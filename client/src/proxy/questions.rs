//! What servers ask their client, told apart where there are several servers: each numbers its
//! requests as it likes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::message::Message;
use super::upstream::lock;

/// The questions that are open.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    open: Mutex<HashMap<String, (String, Value)>>,
    numbers: AtomicU64,
}

impl Questions {
    /// The request under an id of its own, which leads back to the server of that name.
    pub(crate) fn ask(&self, server: &str, request: &Message) -> Message {
        let Some(id) = request.id().filter(|_| request.is_request()) else { return request.clone() };
        let unique = format!("{server}-{}", self.numbers.fetch_add(1, Ordering::Relaxed));
        lock(&self.open).insert(unique.clone(), (server.to_owned(), id.clone()));
        request.edited(|request| request["id"] = json!(unique))
    }

    /// The server whose question is answered, and the answer under the server's id.
    pub(crate) fn answer(&self, response: &Message) -> Option<(String, Message)> {
        let (server, id) = lock(&self.open).remove(response.id()?.as_str()?)?;
        Some((server, response.edited(|response| response["id"] = id)))
    }
}
