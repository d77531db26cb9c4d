//! No more new sessions a second than AgentCore takes.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// New sessions that are begun at once; AgentCore takes 25 a second from an account
/// (AgentCore quotas).
pub(super) const SESSIONS_AT_ONCE: usize = 20;

/// What a session takes of the time. Some more than a second for those at once: they do not
/// arrive when they are sent.
const EACH: Duration = Duration::from_millis(1200 / SESSIONS_AT_ONCE as u64);

/// Spaces out new sessions, whoever begins them.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// When the next may begin; any time at first.
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    /// Waits until so many may begin at once.
    pub(super) async fn wait(&self, sessions: u32) {
        let mut next = self.next.lock().await;
        let begin = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        tokio::time::sleep_until(begin).await;
        *next = Some(begin + EACH * sessions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bursts_are_apart_by_their_size_and_the_first_is_at_once() {
        let pacer = Pacer::default();
        let began = Instant::now();
        pacer.wait(5).await;
        assert!(began.elapsed() < Duration::from_millis(40));
        pacer.wait(5).await;
        pacer.wait(1).await;
        assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    }
}
