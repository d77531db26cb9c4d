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
    /// What a server says, with the ids of its requests made unique; they lead back to it.
    pub(crate) fn ask(&self, server: &str, message: &Message) -> Option<Message> {
        if message.method() == "notifications/cancelled" {
            return self.withdraw(server, message);
        }
        let Some(id) = message.id().filter(|_| message.is_request()) else { return Some(message.clone()) };
        let unique = format!("{server}-{}", self.numbers.fetch_add(1, Ordering::Relaxed));
        let asked = message.with_id(json!(unique))?;
        lock(&self.open).insert(unique, (server.to_owned(), id.clone()));
        Some(asked)
    }

    /// A question is cancelled under the id that the client knows.
    fn withdraw(&self, server: &str, cancelled: &Message) -> Option<Message> {
        let asked = (server.to_owned(), cancelled.parameters().request_id?);
        let mut open = lock(&self.open);
        let unique = open.iter().find(|(_, open)| **open == asked).map(|(unique, _)| unique.clone())?;
        open.remove(&unique);
        cancelled.with_name("/params/requestId", &unique)
    }

    /// The server whose question is answered, and the answer under the server's id.
    pub(crate) fn answer(&self, response: &Message) -> Option<(String, Message)> {
        let (server, id) = lock(&self.open).remove(response.id()?.as_str()?)?;
        Some((server, response.with_id(id)?))
    }
}
