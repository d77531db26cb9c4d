//! The sessions of local clients, each with a conversation of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use tokio::sync::mpsc;

use crate::proxy::conversation::Conversation;
use crate::proxy::upstream::lock;

/// How many sessions are kept; clients rarely end theirs.
const KEPT: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// The one that was used longest ago first.
    all: Mutex<VecDeque<Session>>,
}

#[derive(Debug)]
struct Session {
    id: String,
    conversation: Arc<Conversation>,
    own: Slot,
}

/// Where messages wait while nobody listens to them.
type Slot = Arc<Mutex<Option<mpsc::Receiver<Bytes>>>>;

/// What servers say of their own accord.
pub(super) enum Own {
    Messages(OwnMessages),
    /// Somebody listens already.
    Taken,
}

/// A stream's hold on them; whoever listens next goes on from there.
#[derive(Debug)]
pub(super) struct OwnMessages {
    pub(super) messages: Option<mpsc::Receiver<Bytes>>,
    slot: Slot,
}

impl Drop for OwnMessages {
    fn drop(&mut self) {
        *lock(&self.slot) = self.messages.take();
    }
}

impl Sessions {
    /// Adds a session; the one that it displaces is to be closed.
    pub(super) fn add(
        &self,
        id: String,
        conversation: Arc<Conversation>,
        own: mpsc::Receiver<Bytes>,
    ) -> Option<Arc<Conversation>> {
        let mut all = lock(&self.all);
        all.push_back(Session { id, conversation, own: Arc::new(Mutex::new(Some(own))) });
        if all.len() <= KEPT {
            return None;
        }
        all.pop_front().map(|session| session.conversation)
    }

    /// The session of that id, which is used now.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Conversation>> {
        let mut all = lock(&self.all);
        let place = all.iter().position(|session| session.id == id)?;
        let session = all.remove(place)?;
        let conversation = Arc::clone(&session.conversation);
        all.push_back(session);
        Some(conversation)
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Conversation>> {
        let mut all = lock(&self.all);
        let place = all.iter().position(|session| session.id == id)?;
        all.remove(place).map(|session| session.conversation)
    }

    /// What servers say in a session, for one listener at a time.
    pub(super) fn own_messages(&self, id: &str) -> Option<Own> {
        let all = lock(&self.all);
        let slot = &all.iter().find(|session| session.id == id)?.own;
        let messages = lock(slot).take();
        Some(match messages {
            None => Own::Taken,
            messages => Own::Messages(OwnMessages { messages, slot: Arc::clone(slot) }),
        })
    }

    pub(super) async fn close_all(&self) {
        let all = std::mem::take(&mut *lock(&self.all));
        futures::future::join_all(all.iter().map(|session| session.conversation.close())).await;
    }
}
