//! What an interaction is, as a reader sees it: derived from state, mode and reader.

use crate::id::UserId;
use crate::interaction::{Interaction, Mode, Outcome, State};

/// What an interaction is, as a reader sees it; the wire's `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Status {
    /// Waits in a queue.
    Queued,
    /// Offered to somebody.
    Invited,
    /// Owned, being worked on.
    Processing,
    /// Owned, a live chat.
    Chatting,
    /// Owned, a chat whose session is over.
    LeftChat,
    /// Owned, an outbound draft.
    Composing,
    /// Lies in a workbin.
    InWorkbin,
    /// On its way out.
    Sending,
    /// Done.
    Completed,
    /// Given up.
    Canceled,
    /// Sent out.
    Sent,
    /// Taken away; only ever told to the agent who lost it.
    Revoked,
}

impl From<Mode> for Status {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Processing => Self::Processing,
            Mode::Chatting => Self::Chatting,
            Mode::LeftChat => Self::LeftChat,
            Mode::Composing => Self::Composing,
        }
    }
}

impl Interaction {
    /// Returns the state as everybody sees it whom no offer concerns.
    #[must_use]
    pub const fn status(&self) -> Status {
        match &self.state {
            State::Queued(_) => Status::Queued,
            State::Invited(..) => Status::Invited,
            State::Handling(handling) => match handling.mode {
                Mode::Processing => Status::Processing,
                Mode::Chatting => Status::Chatting,
                Mode::LeftChat => Status::LeftChat,
                Mode::Composing => Status::Composing,
            },
            State::Parked { .. } => Status::InWorkbin,
            State::Sending { .. } => Status::Sending,
            State::Ended { outcome, .. } => match outcome {
                Outcome::Completed => Status::Completed,
                Outcome::Canceled => Status::Canceled,
                Outcome::Sent => Status::Sent,
            },
        }
    }

    /// Returns the state as `reader` sees it: the target of an offer sees `Invited`, everybody else
    /// the owner's state (docs/compat/interactions.md#seen).
    #[must_use]
    pub fn status_for(&self, reader: UserId) -> Status {
        if self.offer_to(reader).is_some() { Status::Invited } else { self.status() }
    }
}
