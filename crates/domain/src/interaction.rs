//! The interaction: one piece of work that belongs to exactly one place at any time.
//!
//! [`State`] holds exactly what exists in that state; the wire names (`Processing`, `Chatting`, …)
//! are derived from state, mode and reader by [`Interaction::status_for`], in one place.

pub mod context;
pub mod decide;
pub mod decision;
pub mod open;
pub mod talk;

mod accept;
mod attachments;
mod attempt;
mod change;
mod chat;
mod complete;
mod conversation;
mod desks;
mod draft;
mod email;
mod erase;
mod gone;
mod letter;
mod medium;
mod note;
mod notices;
mod offer;
mod on_behalf;
mod participants;
mod place;
mod reject;
mod remind;
mod say;
mod send;
mod state;
mod status;
#[cfg(feature = "stored")]
mod stored;
mod supervision;
mod thread;
mod transfer;
mod user_data;
mod version;
mod weight;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::id::{CenterId, InteractionId, QueueId, UserId};
use crate::media::Direction;
use crate::time::Time;
use crate::user_data::UserData;

pub use attachments::Attachment;
pub use email::Email;
pub use letter::{Arrival, Filing, NewAcknowledgement, Sender, Silence, open_letter, silence};
pub use medium::Medium;
pub use note::Note;
pub use offer::{Offer, OfferKind};
pub use participants::{Participant, ParticipantRole};
pub use state::{Handling, Mode, Outcome, Pass, Reminder, State, Wait};
pub use status::Status;
pub use thread::{Threading, Unproven};
pub use version::{DraftVersion, Writing};

#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    pub id: InteractionId,
    /// Its contact center.
    pub center: CenterId,
    /// Its medium, with what only that medium has.
    pub medium: Medium,
    /// Who started it.
    pub direction: Direction,
    /// The wire's `interactionSubType`, such as `InboundNew` or `OutboundReply`.
    pub sub_type: String,
    /// The submitter's own id for it.
    pub external_id: Option<String>,
    /// The interaction that it answers or follows.
    pub parent: Option<InteractionId>,
    /// The first interaction of the thread that it is in; `None` when it is that itself.
    pub thread: Option<InteractionId>,
    /// The contact, once known.
    pub contact: Option<String>,
    pub subject: Option<String>,
    /// The newest note; what was stored before there were several is the only one.
    pub comment: Option<String>,
    /// What people remarked, the oldest first. What they are, and how many, is asked of
    /// [`Interaction::all_notes`].
    pub notes: Vec<Note>,
    /// Higher is routed first.
    pub priority: i64,
    /// When it entered the server.
    pub received: Time,
    pub user_data: UserData,
    /// What agents say came of it, which they may change until it is over. It goes along wherever
    /// the interaction goes; a draft of it has none.
    pub disposition: Option<String>,
    /// Where it is.
    pub state: State,
    /// Grows with every change of owner or place; a stale one fences a command off
    /// (docs/compat/conventions.md#fencing).
    pub epoch: u64,
    /// The queue it last waited in; the wire's `currentQueue`.
    pub queue: Option<QueueId>,
    /// When it entered that queue, so that work of an agent who is gone keeps its age.
    pub queued_at: Option<Time>,
    /// How many offers were made so far; the next one's number less one.
    pub offers: u64,
    /// Drafts of this interaction that are still open. While there are any it cannot be completed.
    pub drafts: BTreeSet<InteractionId>,
    /// Who owned it or was offered it. They keep sight of it until 24 h after its end.
    pub concerned: BTreeSet<UserId>,
    /// The account that submitted it from outside, which keeps sight of it for good: it may ask
    /// again by its own id for it. `None` for what came by another way, and for everything stored
    /// before this was.
    pub submitter: Option<UserId>,
}

impl Interaction {
    /// How many bytes a subject has at most, in UTF-8: several lines of the longest that a mail can
    /// have. Lists and notifications repeat it, and they must not become large by it.
    pub const SUBJECT_BYTES_MAX: usize = 4 * 1_024;

    /// Returns the work in an agent's hands.
    #[must_use]
    pub const fn handling(&self) -> Option<&Handling> {
        self.state.handling()
    }

    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        self.handling().map(|handling| handling.by)
    }

    /// Returns the wait of an interaction that is in a queue.
    #[must_use]
    pub const fn wait(&self) -> Option<&Wait> {
        match &self.state {
            State::Queued(wait) | State::Invited(wait, _) => Some(wait),
            State::Handling(_)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Returns how it is worked on: now while it is owned, and next while it waits in a queue or
    /// lies in a workbin.
    #[must_use]
    pub const fn mode(&self) -> Option<Mode> {
        match &self.state {
            State::Queued(wait) | State::Invited(wait, _) => Some(wait.mode),
            State::Handling(handling) => Some(handling.mode),
            State::Parked { mode, .. } => Some(*mode),
            State::Sending { .. } | State::Ended { .. } => None,
        }
    }

    /// Returns the agents of whom it takes a slot: owner, target of the offer, other participants.
    /// A draft takes none (docs/compat/agents.md#capacity), and neither does a supervisor who came
    /// of their own accord.
    pub fn slot_holders(&self) -> impl Iterator<Item = UserId> {
        let takes_slots = self.mode().is_some_and(|mode| mode != Mode::Composing);
        let offered =
            self.offer().filter(|offer| !offer.kind.is_supervision()).map(|offer| offer.to);
        let others = self
            .others()
            .iter()
            .filter(|other| !other.role.is_supervision())
            .map(|other| other.user);
        self.owner().into_iter().chain(offered).chain(others).filter(move |_| takes_slots)
    }

    /// Returns the first interaction of its thread, which may be itself.
    #[must_use]
    pub fn thread_root(&self) -> InteractionId {
        self.thread.unwrap_or(self.id)
    }

    /// Tells whether it is over.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    /// Returns the agents whom it concerns right now: owner, target of the offer, other
    /// participants, sender.
    #[must_use]
    pub fn people(&self) -> BTreeSet<UserId> {
        self.each_of_people().collect()
    }

    /// Tells whether it concerns a user right now.
    #[must_use]
    pub fn concerns(&self, user: UserId) -> bool {
        self.each_of_people().any(|one| one == user)
    }

    /// Returns the same as [`Interaction::people`], in any order and some of them twice.
    fn each_of_people(&self) -> impl Iterator<Item = UserId> {
        let sender = match &self.state {
            State::Sending { by, .. } => *by,
            State::Queued(_)
            | State::Invited(..)
            | State::Handling(_)
            | State::Parked { .. }
            | State::Ended { .. } => None,
        };
        let offered = self.acceptable().map(|offer| offer.to);
        let others = self.others().iter().map(|other| other.user);
        self.owner().into_iter().chain(offered).chain(others).chain(sender)
    }
}
