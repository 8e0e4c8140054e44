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
mod draft;
mod gone;
mod letter;
mod note;
mod notices;
mod offer;
mod participants;
mod place;
mod reject;
mod say;
mod send;
mod supervision;
mod thread;
mod transfer;
mod user_data;
mod weight;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::center::SkillLevels;
use crate::chat::{Chat, Visibility};
use crate::id::{CenterId, FileId, InteractionId, QueueId, UserId, WorkbinId};
use crate::mail::{Automatic, Report};
use crate::media::{Direction, Media};
use crate::time::Time;
use crate::user_data::UserData;

pub use attachments::Attachment;
pub use letter::{Arrival, Filing, NewAcknowledgement, Sender, Silence, open_letter, silence};
pub use note::Note;
pub use thread::{Threading, Unproven};

/// How an agent works on an interaction while they own it. It survives queues and workbins: a draft
/// comes back as a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Mode {
    /// An e-mail, a work item or an open-media interaction being worked on.
    Processing,
    /// A chat whose customer session is live.
    Chatting,
    /// A chat whose customer session is over.
    LeftChat,
    /// An outbound draft.
    Composing,
}

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

/// An agent who passed an offer by, and when. They are asked again only after the queue's
/// `reoffer_after_ms`, and only if nobody else can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Pass {
    /// The agent.
    pub user: UserId,
    /// When they rejected the offer, let it expire or lost it.
    pub at: Time,
}

/// One wait in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Wait {
    /// The queue.
    pub queue: QueueId,
    /// When it entered the queue; its place in line. A passed offer does not change it.
    pub since: Time,
    /// Set when it goes before everything that entered normally, as a chat whose agent is gone.
    pub front: bool,
    /// What it becomes when somebody accepts it.
    pub mode: Mode,
    /// Skills asked for beyond the queue's, for this wait only: from the submitter, or from a
    /// transfer to a skill.
    pub skills: SkillLevels,
    /// Who passed it by during this wait, latest last; at most [`Wait::PASSES_MAX`], the oldest is
    /// forgotten.
    pub passes: Vec<Pass>,
}

impl Wait {
    /// How many passed offers are remembered for one wait. More agents than this rarely serve one
    /// queue at once; forgetting one only means that they may be asked a little early.
    pub const PASSES_MAX: usize = 256;

    /// Remembers who passed it by. One agent is remembered once, with their latest pass; beyond the
    /// bound the oldest is forgotten.
    pub fn pass(&mut self, pass: Pass) {
        self.passes.retain(|earlier| earlier.user != pass.user);
        if self.passes.len() >= Self::PASSES_MAX {
            self.passes.remove(0);
        }
        self.passes.push(pass);
    }
}

/// Why somebody is offered an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum OfferKind {
    /// The router found them.
    Routed,
    /// The owner wants to hand it over.
    Transfer,
    /// The owner wants them in the conversation.
    Invite,
    /// The owner wants their advice; the customer does not see them.
    Consult,
    /// A supervisor wants to look on; only supervisors see them.
    Monitor,
    /// A supervisor wants to advise the agents; the customer does not see them.
    Coach,
    /// A supervisor wants to take part openly.
    BargeIn,
}

impl OfferKind {
    /// Tells whether it is a supervisor's own way into a chat. It takes no slot of theirs, and they
    /// do not become its owner when the owner leaves.
    #[must_use]
    pub const fn is_supervision(self) -> bool {
        match self {
            Self::Monitor | Self::Coach | Self::BargeIn => true,
            Self::Routed | Self::Transfer | Self::Invite | Self::Consult => false,
        }
    }

    /// Returns who sees a participant of this kind.
    #[must_use]
    pub const fn shown_to(self) -> Visibility {
        match self {
            Self::Routed | Self::Transfer | Self::Invite | Self::BargeIn => Visibility::All,
            Self::Consult | Self::Coach => Visibility::Agents,
            Self::Monitor => Visibility::Supervisors,
        }
    }

    /// Returns how much a participant of this kind sees.
    #[must_use]
    pub const fn sees(self) -> Visibility {
        if self.is_supervision() { Visibility::Supervisors } else { Visibility::Agents }
    }
}

/// An open offer. It ends in accept, reject, expiry or revocation, and in exactly one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Offer {
    /// Its number within the interaction, from 1; a timer names it, so that a late timer cannot end
    /// a later offer.
    pub number: u64,
    /// Who may accept it.
    pub to: UserId,
    /// Why.
    pub kind: OfferKind,
    /// When it was made.
    pub since: Time,
    /// When it ends by itself.
    pub expires: Time,
    /// What whoever made it says to its target.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub note: Option<String>,
}

impl Offer {
    /// Most characters of a note: a few sentences.
    pub const NOTE_CHARS_MAX: usize = 1_000;
}

/// An agent in a conversation beside its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Participant {
    /// The agent.
    pub user: UserId,
    /// How they take part: `Invite`, `Consult`, or as a supervisor.
    pub kind: OfferKind,
    /// When they came in; the longest present becomes owner when the owner leaves.
    pub since: Time,
    /// The name shown to the others, when they gave one.
    pub nickname: Option<String>,
}

/// Work in an agent's hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Handling {
    /// The owner.
    pub by: UserId,
    /// When they became it.
    pub since: Time,
    /// How they work on it.
    pub mode: Mode,
    /// The name shown to the customer, when they gave one.
    pub nickname: Option<String>,
    /// An offer to somebody else, at most one (docs/compat/interactions.md#states: "the same single
    /// offer slot").
    pub offer: Option<Offer>,
    /// Other agents in the conversation, longest present first.
    pub others: Vec<Participant>,
    /// Seats that supervisors asked for and have not taken yet, at most one of each. They are not
    /// the owner's offers and hinder none of them, or a refusal would tell them that somebody is
    /// about to look on. Before there were any, such a seat was kept as `offer`.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub seats: Vec<Offer>,
}

/// How an interaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// Done.
    Completed,
    /// Given up.
    Canceled,
    /// Sent out.
    Sent,
}

/// Where an interaction is. Exactly one of these at any time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// In a queue, offered to nobody.
    Queued(Wait),
    /// In a queue and offered to one agent.
    Invited(Wait, Offer),
    /// In an agent's hands.
    Handling(Handling),
    /// In a workbin.
    Parked {
        /// The workbin.
        workbin: WorkbinId,
        /// What it becomes when pulled.
        mode: Mode,
    },
    /// Given to the outside world, which has not yet confirmed.
    Sending {
        /// Who sent it; gets it back if it cannot be delivered. `None` when the server wrote it
        /// itself.
        by: Option<UserId>,
        /// Since when.
        since: Time,
        /// How often it was put off so far.
        #[cfg_attr(feature = "stored", serde(default))]
        attempt: u32,
        /// When it may be tried next. What was stored before there were attempts is due since ever.
        #[cfg_attr(feature = "stored", serde(default))]
        due: Time,
        /// What the other server said when it was last put off.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        last: Option<String>,
    },
    /// Over.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: Time,
    },
}

/// The e-mail that an e-mail interaction is, or a draft of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Email {
    /// Sender's address.
    pub from: String,
    /// Where answers go when it is not the sender.
    pub reply_to: Option<String>,
    /// Where answers go as well, of an inbound one.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub reply_to_others: Vec<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of a copy.
    pub cc: Vec<String>,
    /// Recipients of a hidden copy.
    pub bcc: Vec<String>,
    /// HTML body.
    pub body: String,
    /// Text body.
    pub body_as_plain_text: String,
    /// Its `Message-ID` without the angle brackets: of an inbound one as it came, of an outbound
    /// one from its first Send on.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub message_id: Option<String>,
    /// `Message-ID`s that it answers, the nearest first (`In-Reply-To`, `References`).
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub answers: Vec<String>,
    /// Everything that is no text of it.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub attachments: Vec<Attachment>,
    /// The whole message as it came.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub raw: Option<FileId>,
    /// Of a draft: the latest message of its thread that its writer knew of.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub base: Option<InteractionId>,
    /// The address of the mailbox by which it came in; of a draft that of its original.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub mailbox: Option<String>,
    /// When it was written, as its sender says.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub date: Option<Time>,
    /// Why no program may answer it; `None` when one may.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub automatic: Option<Automatic>,
    /// What it reports, when it is a report.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub report: Option<Report>,
    /// How often Send was given. Each has a `Message-ID` of its own; attempts to deliver one do
    /// not.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_zero"))]
    pub sends: u32,
}

impl Email {
    /// Takes over what its writer writes: addresses and text. Everything else is the server's and
    /// stays.
    pub fn rewrite(&mut self, written: &Self) {
        let Self { from, reply_to, to, cc, bcc, body, body_as_plain_text, .. } = written.clone();
        *self =
            Self { from, reply_to, to, cc, bcc, body, body_as_plain_text, ..core::mem::take(self) };
    }

    /// Tells whether it goes to anybody.
    #[must_use]
    pub fn has_recipients(&self) -> bool {
        [&self.to, &self.cc, &self.bcc].into_iter().any(|addresses| !addresses.is_empty())
    }
}

#[cfg(feature = "stored")]
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the derive of the stored form passes references"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// One interaction.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// Its contact center.
    pub center: CenterId,
    /// Its medium.
    pub media: Media,
    /// Who started it.
    pub direction: Direction,
    /// The wire's `interactionSubType`, such as `InboundNew` or `OutboundReply`.
    pub sub_type: String,
    /// The submitter's own id for it.
    pub external_id: Option<String>,
    /// The interaction that it answers or follows.
    pub parent: Option<InteractionId>,
    /// The first interaction of the thread that it is in; `None` when it is that itself.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub thread: Option<InteractionId>,
    /// The contact, once known.
    pub contact: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// The newest note; what was stored before there were several is the only one.
    pub comment: Option<String>,
    /// What people remarked, the oldest first. What they are, and how many, is asked of
    /// [`Interaction::all_notes`].
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub notes: Vec<Note>,
    /// Higher is routed first.
    pub priority: i64,
    /// When it entered the server.
    pub received: Time,
    /// User data.
    pub user_data: UserData,
    /// The e-mail, for e-mail interactions.
    pub email: Option<Email>,
    /// The conversation, for chats with a customer. A chat that a server submitted has none, and
    /// neither has anything stored before there were conversations.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub chat: Option<Chat>,
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
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub submitter: Option<UserId>,
}

impl Interaction {
    /// How many bytes a subject has at most, in UTF-8: several lines of the longest that a mail can
    /// have. Lists and notifications repeat it, and they must not become large by it.
    pub const SUBJECT_BYTES_MAX: usize = 4 * 1_024;

    /// Returns the owner.
    #[must_use]
    pub const fn owner(&self) -> Option<UserId> {
        match &self.state {
            State::Handling(handling) => Some(handling.by),
            State::Queued(_)
            | State::Invited(..)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Returns the open offer: the router's, or the owner's. The seats that supervisors asked for
    /// are no such offers.
    #[must_use]
    pub const fn offer(&self) -> Option<&Offer> {
        match &self.state {
            State::Invited(_, offer) => Some(offer),
            State::Handling(handling) => handling.offer.as_ref(),
            State::Queued(_)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Returns the seats that supervisors asked for and have not taken yet.
    #[must_use]
    pub fn seats(&self) -> &[Offer] {
        match &self.state {
            State::Handling(handling) => &handling.seats,
            State::Queued(_)
            | State::Invited(..)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => &[],
        }
    }

    /// Returns everything that somebody may accept now: the open offer and the supervisors' seats.
    pub fn acceptable(&self) -> impl Iterator<Item = &Offer> {
        self.offer().into_iter().chain(self.seats())
    }

    /// Returns what a user may accept.
    #[must_use]
    pub fn offer_to(&self, user: UserId) -> Option<&Offer> {
        self.acceptable().find(|offer| offer.to == user)
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

    /// Returns the other agents in the conversation, longest present first.
    #[must_use]
    pub fn others(&self) -> &[Participant] {
        match &self.state {
            State::Handling(handling) => &handling.others,
            State::Queued(_)
            | State::Invited(..)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => &[],
        }
    }

    /// Returns the agents of whom it takes a slot: owner, target of the offer, other participants.
    /// A draft takes none (docs/compat/agents.md#capacity), and neither does a supervisor who came
    /// of their own accord.
    #[must_use]
    pub fn slot_holders(&self) -> BTreeSet<UserId> {
        if self.mode().is_none_or(|mode| mode == Mode::Composing) {
            return BTreeSet::new();
        }
        let offered =
            self.offer().filter(|offer| !offer.kind.is_supervision()).map(|offer| offer.to);
        let others = self
            .others()
            .iter()
            .filter(|other| !other.kind.is_supervision())
            .map(|other| other.user);
        self.owner().into_iter().chain(offered).chain(others).collect()
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

    /// Returns the agents whom it concerns right now: owner, target of the offer, other
    /// participants, sender.
    #[must_use]
    pub fn people(&self) -> BTreeSet<UserId> {
        let mut people = BTreeSet::new();
        people.extend(self.owner());
        people.extend(self.acceptable().map(|offer| offer.to));
        match &self.state {
            State::Handling(handling) => {
                people.extend(handling.others.iter().map(|other| other.user))
            }
            State::Sending { by, .. } => people.extend(*by),
            State::Queued(_) | State::Invited(..) | State::Parked { .. } | State::Ended { .. } => {}
        }
        people
    }
}
