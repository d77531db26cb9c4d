//! Who listens for changes, as of 2026-07-28.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::service::{SubscriptionContext, SubscriptionSink};

#[derive(Default)]
pub(super) struct Subscriptions(Mutex<Vec<SubscriptionSink>>);

impl Subscriptions {
    /// Keeps a subscription until its client leaves.
    pub(super) async fn hold(&self, context: SubscriptionContext) {
        self.sinks().push(context.sink().clone());
        context.cancelled().await;
        let id = context.sink().id();
        self.sinks().retain(|sink| sink.id() != id);
    }

    /// Says to all who asked that the list of tools changed.
    pub(super) async fn tools_changed(&self) {
        let sinks = self.sinks().clone();
        for sink in sinks {
            // Whoever did not ask for it is told nothing.
            let _ = sink.notify_tool_list_changed().await;
        }
    }

    /// Says to all who asked that the list of prompts changed.
    pub(super) async fn prompts_changed(&self) {
        let sinks = self.sinks().clone();
        for sink in sinks {
            let _ = sink.notify_prompt_list_changed().await;
        }
    }

    fn sinks(&self) -> MutexGuard<'_, Vec<SubscriptionSink>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
