//! The loops of Handoff.
//!
//! Every change, whoever wants it, goes the one write path in [`execute`]: load, decide, commit,
//! wake. The workers around it (router, timers, delivery, sweeper) wake on a hint *or* on a period,
//! take no input and are idempotent, so a lost hint or a crash costs time and nothing else.
//!
//! The crate owns no protocol and no SQL: it builds against the contracts of store and bus, and
//! whoever speaks to agents implements [`delivery::Publisher`].

pub mod agents;
pub mod board;
pub mod chats;
pub mod delivery;
pub mod directory;
pub mod engine;
pub mod execute;
pub mod mail;
pub mod ports;
pub mod query;
pub mod world;

mod retire;
mod router;
mod supervision;
mod sweeper;
mod timers;
mod worker;

pub use agents::{AgentError, ChannelChange};
pub use chats::{
    ChatRefused, Customers, Most, NewChat, NotYourChat, Note, NoteKind, NumberedNote, OpenedChat,
    PlaceInLine, RequestName,
};
pub use delivery::{Patience, Published, Publisher, Replay, Subscriptions};
pub use directory::Directory;
pub use engine::{Engine, Options, Parts};
pub use execute::{Attempt, Done, ExecuteError, Opening};
pub use mail::{
    AcknowledgementLimits, Mailboxes, NewLetter, Post, Posted, RawMessage, TakenIn, contact_id,
};
pub use ports::{Clock, IdSource, SystemClock, SystemIds};
pub use router::Why;
pub use worker::WorkerStatus;
