//! Hints and notes: what is said from one part of a server to another, and between servers.
//!
//! A hint says "look again". It may be lost, repeated or late; it never carries data that something
//! depends on. Every worker that listens here also looks on a period of its own, so a dead bus
//! costs latency and nothing else. A note carries content that nobody stores, as that somebody is
//! typing; it may be lost too, and then nobody ever knows. The crate knows nothing of interactions:
//! users are plain numbers.
//!
//! [`LocalBus`] is the bus of a single node. [`ClusterBus`] is that of several: within the node it
//! is a [`LocalBus`], and to the others it speaks over a *line*, which whoever builds it opens: one
//! of NATS' ([`nats`]) or one that the store's database has.

mod cluster;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod line;
mod local;
pub mod nats;
mod outgoing;
mod wire;

pub use cluster::ClusterBus;
pub use line::Line;
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
    /// A login session was ended.
    Logins,
    /// A node gave its duties back.
    Nodes,
    /// The streams of these users grew.
    Streams {
        /// Which node says it: it has what they grew by, and need not read it.
        from: u128,
        users: Arc<[u128]>,
    },
    /// These users were promised answers, which are there now.
    Promised(Arc<[u128]>),
    /// Something was said in these chats.
    Chats(Arc<[u128]>),
}

/// What a listener gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Hint(Hint),
    /// Hints were lost, or were too many to be named: look at everything again.
    Missed,
    /// The bus is gone; rely on the period.
    Closed,
}

/// Bytes that a note may carry; a longer one is lost. What somebody has typed so far, by the
/// longest text of a chat, with room for how it is written down.
pub const NOTE_BYTES_MAX: usize = 32 << 10;

/// Content that is passed on once and stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which node says it; whoever hears its own has passed it on already.
    pub from: u128,
    pub content: Arc<[u8]>,
}

/// A way to say and to hear hints and notes.
pub trait Bus: Send + Sync + 'static {
    /// Says a hint to every listener. Never blocks and never fails: a hint that cannot be carried
    /// is lost.
    fn wake(&self, hint: Hint);

    /// Says a hint to every listener but the only one there is, for whoever has it from this node
    /// already: where others listen it may come back to them.
    fn wake_others(&self, hint: &Hint);

    /// Says a hint to every listener of this process, for whoever found out what every node finds
    /// out by itself.
    fn wake_here(&self, hint: Hint);

    /// Says a note to every node. Never blocks and never fails, as with hints.
    fn send_note(&self, note: Note);

    /// Starts to listen; hints said before are not received.
    fn listen(&self) -> Listener;

    /// Starts to listen to notes; those said before are not received.
    fn listen_to_notes(&self) -> NoteListener;
}

/// The end of one who listens to notes.
#[derive(Debug)]
pub struct NoteListener {
    notes: tokio::sync::broadcast::Receiver<Note>,
}

impl NoteListener {
    /// Waits for the next note, whatever was lost before it; `None` when the bus is gone. Dropping
    /// the future loses nothing.
    pub async fn receive(&mut self) -> Option<Note> {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            match self.notes.recv().await {
                Ok(note) => return Some(note),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// One listener's end.
#[derive(Debug)]
pub struct Listener {
    /// What is said: a hint, or that some were missed.
    said: tokio::sync::broadcast::Receiver<Received>,
}

impl Listener {
    /// Waits for the next hint. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> Received {
        use tokio::sync::broadcast::error::RecvError;
        match self.said.recv().await {
            Ok(received) => received,
            Err(RecvError::Lagged(_)) => Received::Missed,
            Err(RecvError::Closed) => Received::Closed,
        }
    }
}
