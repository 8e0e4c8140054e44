//! Where an interaction is, and what exists there: exactly one of the states at any time.

use alloc::string::String;
use alloc::vec::Vec;

use crate::center::SkillLevels;
use crate::id::{QueueId, UserId, WorkbinId};
use crate::interaction::{Offer, Participant};
use crate::time::Time;

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
    pub queue: QueueId,
    /// When it entered the queue; its place in line. A passed offer does not change it.
    pub since: Time,
    /// Set when it goes before everything that entered normally, as a chat whose agent is gone.
    pub front: bool,
    /// What it becomes when somebody accepts it.
    pub mode: Mode,
    /// How many steps of its queue were taken before their time.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_none_widened"))]
    pub widened: u32,
    /// Skills asked for beyond the queue's, for this wait only: from the submitter, or from a
    /// transfer to a skill.
    pub skills: SkillLevels,
    /// Who passed it by during this wait, latest last; at most [`Wait::PASSES_MAX`], the oldest is
    /// forgotten.
    pub passes: Vec<Pass>,
}

#[cfg(feature = "stored")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_none_widened(widened: &u32) -> bool {
    *widened == 0
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
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub nickname: Option<String>,
    /// An offer to somebody else, at most one (docs/compat/interactions.md#states: "the same single
    /// offer slot").
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub offer: Option<Offer>,
    /// Other agents in the conversation, longest present first.
    pub others: Vec<Participant>,
    /// What supervisors asked for and have not taken yet, at most one of each. These are not the
    /// owner's offers and hinder none of them, or a refusal would tell the owner that somebody is
    /// about to look on. Before there were any, such an offer was kept as `offer`; they are stored
    /// by the name that they had.
    #[cfg_attr(
        feature = "stored",
        serde(rename = "seats", default, skip_serializing_if = "Vec::is_empty")
    )]
    pub supervision_offers: Vec<Offer>,
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

/// When what lies in a workbin comes back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Reminder {
    pub at: Time,
    /// Whose it was, and is to be again.
    pub of: UserId,
}

impl Reminder {
    /// How far ahead it may be, in ms: a year, of whatever length.
    pub const AHEAD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1_000;
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
        workbin: WorkbinId,
        /// What it becomes when pulled.
        mode: Mode,
        /// When it comes back by itself.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        reminder: Option<Reminder>,
    },
    /// Given to the outside world, which has not yet confirmed.
    Sending {
        /// Who sent it; gets it back if it cannot be delivered. `None` when the server wrote it
        /// itself.
        by: Option<UserId>,
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
    Ended { outcome: Outcome, at: Time },
}

impl State {
    /// Returns the work in an agent's hands.
    #[must_use]
    pub const fn handling(&self) -> Option<&Handling> {
        match self {
            Self::Handling(handling) => Some(handling),
            Self::Queued(_)
            | Self::Invited(..)
            | Self::Parked { .. }
            | Self::Sending { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// Returns the work in an agent's hands, to be changed.
    pub const fn handling_mut(&mut self) -> Option<&mut Handling> {
        match self {
            Self::Handling(handling) => Some(handling),
            Self::Queued(_)
            | Self::Invited(..)
            | Self::Parked { .. }
            | Self::Sending { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// Returns the workbin that it lies in.
    #[must_use]
    pub const fn workbin(&self) -> Option<WorkbinId> {
        match self {
            Self::Parked { workbin, .. } => Some(*workbin),
            Self::Queued(_)
            | Self::Invited(..)
            | Self::Handling(_)
            | Self::Sending { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// Returns when it comes back by itself from the workbin that it lies in.
    #[must_use]
    pub const fn reminder(&self) -> Option<Reminder> {
        match self {
            Self::Parked { reminder, .. } => *reminder,
            Self::Queued(_)
            | Self::Invited(..)
            | Self::Handling(_)
            | Self::Sending { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// Returns the state of what somebody, or the server itself, has just given to the outgoing
    /// mail worker, which takes it at `due`.
    pub(super) const fn sending(by: Option<UserId>, now: Time, due: Time) -> Self {
        Self::Sending { by, since: now, attempt: 0, due, last: None }
    }

    /// Returns when a mail goes out that waits so that it can be taken back. The time may have
    /// passed: then it goes out as soon as somebody takes it.
    #[must_use]
    pub fn held_until(&self) -> Option<Time> {
        match self {
            Self::Sending { since, attempt: 0, due, .. } => Some(*due).filter(|due| due > since),
            Self::Sending { .. }
            | Self::Queued(_)
            | Self::Invited(..)
            | Self::Handling(_)
            | Self::Parked { .. }
            | Self::Ended { .. } => None,
        }
    }
}
