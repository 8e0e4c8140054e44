//! What a command comes to, as values: the caller commits all of it together or nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::chat::Entry;
use crate::desk::Desk;
use crate::event::Event;
use crate::id::UserId;
use crate::interaction::Interaction;
use crate::time::Time;

/// What a timer is for. An interaction has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum TimerKind {
    /// The open offer ends.
    Offer {
        /// The offer's number.
        number: u64,
    },
    /// The customer of a chat has made no request for too long.
    CustomerSilence,
    /// Nobody has said anything for too long in a chat that an agent is in.
    ChatIdle,
    /// The customer of a chat has waited as long as the service allows.
    LongestWait,
    /// What lies in a workbin comes back.
    Reminder,
}

/// How a decision changes the timers of its interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// Set it to that time, replacing one of the same kind.
    Set(TimerKind, Time),
    /// Remove it if there is one.
    Clear(TimerKind),
}

/// What a command comes to. The caller commits all of it together or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The interaction afterwards.
    pub after: Interaction,
    /// Other interactions that changed or came into being with it: the draft that was made, the
    /// original of a draft that closed.
    pub related: Vec<Interaction>,
    /// The desks that changed, as they are afterwards.
    pub desks: Vec<Desk>,
    /// What happened, in order. The first is about `after`; none when nothing happened that anybody
    /// is told of.
    pub events: Vec<Event>,
    /// Timers of `after`.
    pub timers: Vec<TimerChange>,
    /// Who owns something from now on that they did not own before, and when they have made no
    /// request for too long if they make none. It says nothing of what they owned before: where a
    /// later time is known for them, that stays.
    pub owners: BTreeMap<UserId, Time>,
}

impl Decision {
    /// Returns a decision of which nothing follows.
    pub(super) const fn without_consequences(after: Interaction) -> Self {
        Self {
            after,
            related: Vec::new(),
            desks: Vec::new(),
            events: Vec::new(),
            timers: Vec::new(),
            owners: BTreeMap::new(),
        }
    }

    /// Returns what was said in the conversation of `after`, in order.
    pub fn said(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.events.iter().flat_map(Event::entries)
    }
}
