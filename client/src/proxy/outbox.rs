//! Where messages to the client go, in the order in which they are put there.

use bytes::Bytes;
use tokio::sync::mpsc;

/// How many messages wait for a client that reads slowly before servers have to.
const WAITING: usize = 64;

/// What stands for the end: no message is empty.
pub(crate) const END: Bytes = Bytes::new();

/// The way to one client.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(mpsc::Sender<Bytes>);

impl Outbox {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Bytes>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// For what nobody waits for.
    pub(crate) fn closed() -> Self {
        Self::new().0
    }

    /// Says that nothing more is to come, whoever else has a way to the client yet.
    pub(crate) async fn end(&self) {
        self.send(END).await;
    }

    /// Puts in one message, each on a line of its own. A client that went away misses it.
    pub(crate) async fn send(&self, message: Bytes) {
        let _ = self.0.send(message).await;
    }
}
