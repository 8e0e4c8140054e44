//! Hints: "look again", said from one part of a server to another, and between servers.
//!
//! A hint may be lost, repeated or late; it never carries data that something depends on. Every
//! worker that listens here also looks on a period of its own, so a dead bus costs latency and
//! nothing else. The crate knows nothing of interactions: users are plain numbers.

mod local;

pub use local::LocalBus;

use std::sync::Arc;

/// What to look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// What waits, or who could take it, changed.
    Routing,
    /// A timer was set that may be due before all others.
    Timers,
    /// Users, queues, skills, groups or workbins changed.
    Directory,
    /// The streams of these users grew.
    Streams(Arc<[u128]>),
    /// These users were promised answers, which are there now.
    Promised(Arc<[u128]>),
    /// Something was said in these chats.
    Chats(Arc<[u128]>),
}

/// What a listener gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Hint(Hint),
    /// Hints were lost because the listener was too slow: look at everything again.
    Missed,
    /// The bus is gone; rely on the period.
    Closed,
}

/// A way to say and to hear hints.
pub trait Bus: Send + Sync + 'static {
    /// Says a hint to every listener. Never blocks and never fails: a hint that cannot be carried
    /// is lost.
    fn wake(&self, hint: Hint);

    /// Starts to listen; hints said before are not received.
    fn listen(&self) -> Listener;
}

/// One listener's end.
#[derive(Debug)]
pub struct Listener {
    hints: tokio::sync::broadcast::Receiver<Hint>,
}

impl Listener {
    /// Waits for the next hint. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> Received {
        use tokio::sync::broadcast::error::RecvError;
        match self.hints.recv().await {
            Ok(hint) => Received::Hint(hint),
            Err(RecvError::Lagged(_)) => Received::Missed,
            Err(RecvError::Closed) => Received::Closed,
        }
    }
}
