//! Who listens for changes, as of 2026-07-28.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::service::{SubscriptionContext, SubscriptionSink};

#[derive(Default)]
pub(super) struct Subscriptions {
    open: Mutex<Vec<(u64, SubscriptionSink)>>,
    /// How many there were; clients number theirs alike.
    begun: AtomicU64,
}

impl Subscriptions {
    /// Keeps a subscription until its client leaves.
    pub(super) async fn hold(&self, context: SubscriptionContext) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        self.open().push((number, context.sink().clone()));
        context.cancelled().await;
        self.open().retain(|(other, _)| *other != number);
    }

    /// Says to all who asked that the list of tools changed.
    pub(super) async fn tools_changed(&self) {
        let open = self.open().clone();
        for (_, sink) in open {
            // Whoever did not ask for it is told nothing.
            let _ = sink.notify_tool_list_changed().await;
        }
    }

    /// Says to all who asked that the list of prompts changed.
    pub(super) async fn prompts_changed(&self) {
        let open = self.open().clone();
        for (_, sink) in open {
            let _ = sink.notify_prompt_list_changed().await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<(u64, SubscriptionSink)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
