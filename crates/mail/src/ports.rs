//! What the mail machines ask of the server: somebody who takes messages in, and a place for their
//! checkpoints.
//!
//! The machines carry bytes; what a message means, and whether it was seen before, is decided
//! behind [`Intake`]. Their whole promise rests on one sentence: **an answer of [`Intake::take_in`]
//! is durable**. Only after it does a machine flag, move or delete a message, or answer 250 (S17 in
//! ARCHITECTURE.md). Every machine may therefore be stopped at any point; what it then does again
//! is recognised by the intake.

use std::error::Error;

use async_trait::async_trait;
use handoff_domain::Time;
use handoff_domain::id::InteractionId;

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The mailbox, by its configured name.
    pub mailbox: String,
    /// The way it came.
    pub source: Source,
    /// The message, byte for byte; of a message by LMTP with the `Return-Path` that the last server
    /// puts before it (RFC 5321, section 4.4).
    pub raw: Vec<u8>,
    /// Whether that is all of it.
    pub extent: Extent,
}

/// The way that a message came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It lay in a folder of an IMAP server.
    Imap {
        folder: String,
        /// The folder's generation: UIDs mean something within one only.
        uid_validity: u32,
        /// The message's number in it.
        uid: u32,
    },
    /// A mail server brought it.
    Lmtp {
        /// The envelope's sender; `None` for the null sender of reports.
        sender: Option<String>,
        /// Those of the envelope's recipients that belong to this mailbox, as they were written.
        recipients: Vec<String>,
    },
}

/// How much of a message an [`Arrival`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Its headers only, because it is too large or the server cannot give it out; it stays in the
    /// folder, marked.
    Headers {
        /// How large the message is, in bytes, as the server says.
        size_bytes: u64,
    },
}

/// What became of a message. Each of the three is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is an interaction now.
    New(InteractionId),
    /// It is a second copy of one that was taken in before.
    Known(InteractionId),
    /// It never will be one. By LMTP its sender is told; in a folder it is put aside.
    Refused {
        /// Why, in a sentence without the message's content.
        reason: String,
    },
}

/// It was not done for certain, and later it may go better: a store that is away, a server that is
/// stopping. It may be there all the same, and is then found when the message comes again.
#[derive(Debug, thiserror::Error)]
#[error("not possible at the moment")]
pub struct NotNow(#[source] pub Box<dyn Error + Send + Sync>);

/// Takes messages in.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Makes an interaction of a message, or finds the one that it is already.
    ///
    /// The same message can come again and again, under another UID too: after a crash, a lost
    /// answer or a new UIDVALIDITY.
    ///
    /// # Errors
    ///
    /// When it could not be decided durably; the message is left as it is and comes again.
    async fn take_in(&self, arrival: Arrival) -> Result<Taken, NotNow>;
}

/// What lay in a folder before it was looked at for the first time, and is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The generation in which it was passed over by its UIDs.
    pub uid_validity: u32,
    /// When the newest of it came into the folder: by that it is known in later generations, in
    /// which it has other UIDs.
    pub until: Time,
}

/// How far a folder has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The generation that [`Self::uid`] belongs to.
    pub uid_validity: u32,
    /// The highest UID that was dealt with; 0 before the first.
    pub uid: u32,
    /// What is not wanted; `None` when everything is.
    pub skipped: Option<Skipped>,
}

/// Keeps how far each folder has been read. A lost checkpoint costs work, never a message.
#[async_trait]
pub trait Checkpoints: Send + Sync + 'static {
    /// Returns the checkpoint of a folder of a mailbox, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read now.
    async fn checkpoint(&self, mailbox: &str, folder: &str) -> Result<Option<Checkpoint>, NotNow>;

    /// Keeps the checkpoint of a folder of a mailbox.
    ///
    /// # Errors
    ///
    /// When it cannot be written now.
    async fn keep(&self, mailbox: &str, folder: &str, checkpoint: Checkpoint)
    -> Result<(), NotNow>;
}
