//! The log as its readers see it.
//!
//! Every event has a position: a number, one more than that of the event before it, in the order in
//! which commits become visible. So a reader's cursor is one number, and whoever has read up to it
//! has missed nothing. What is old is swept from the lower end; a reader whose cursor is below the
//! floor is told so ([`StoreError::Swept`](crate::StoreError::Swept)) and begins anew, from the
//! records and the kept history.

use handoff_domain::event::{Cause, Subject};
use handoff_domain::{CenterId, Event, Fact, InteractionId, Owner, Time, UserId};

/// By how much every number of a stream grows when the log gets a new generation: more than anybody
/// was ever told of, so that each older replay is answered by a resync.
pub const GENERATION_JUMP: u64 = 1_000_000;

/// Where the log ends, and where what is kept of it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// Which life of the log it is. It is another one after the store was restored or copied: the
    /// same positions then stand for other events, and a cursor kept elsewhere means nothing.
    pub generation: u64,
    /// The position of the last event; zero before the first.
    pub position: u64,
    /// Entries up to this position were swept.
    pub floor: u64,
}

/// What a log entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    Interaction(InteractionId),
    /// The desk of a user.
    Desk(UserId),
    /// The directory of a contact center.
    Center(CenterId),
}

impl SubjectKey {
    /// Returns what names a subject. A transcript is part of its chat.
    #[must_use]
    pub const fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Interaction(interaction) | Subject::Transcript { interaction, .. } => {
                Self::Interaction(interaction.id)
            }
            Subject::Desk(desk) => Self::Desk(desk.user),
            Subject::Center(center) => Self::Center(*center),
        }
    }
}

/// Tells whether an event is kept for good: what an agent is shown again is there already, and of
/// a desk only what somebody may ask for later.
pub(crate) fn is_history(event: &Event) -> bool {
    match event.subject {
        Subject::Interaction(_) => true,
        Subject::Transcript { .. } => false,
        Subject::Desk(_) | Subject::Center(_) => !event.facts.is_empty(),
    }
}

/// Returns an interaction's epoch after an event; zero for what has none.
pub(crate) const fn epoch_of(event: &Event) -> u64 {
    match &event.subject {
        Subject::Interaction(interaction) => interaction.epoch,
        Subject::Transcript { .. } | Subject::Desk(_) | Subject::Center(_) => 0,
    }
}

/// One entry of the log: what happened. What it was about, as it was then, has who is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Its place.
    pub position: u64,
    pub at: Time,
    /// What it is about.
    pub subject: SubjectKey,
    /// Whose streams it is in, once for each row.
    pub told: Vec<Owner>,
    /// Who caused it.
    pub cause: Cause,
    /// What happened.
    pub facts: Vec<Fact>,
    /// The interaction's epoch after it; zero for what has none.
    pub epoch: u64,
}

impl LogEntry {
    /// Returns the entry of an event at a position.
    #[must_use]
    pub fn of(position: u64, event: &Event) -> Self {
        let Told { subject, owners: told, .. } = Told::of(position, event);
        Self {
            position,
            at: event.at,
            subject,
            told,
            cause: event.cause,
            facts: event.facts.clone(),
            epoch: epoch_of(event),
        }
    }

    /// Returns about how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        let said: usize = self
            .facts
            .iter()
            .map(|fact| match fact {
                Fact::Said(entry) => entry.content.text_bytes(),
                _ => 0,
            })
            .sum();
        size_of::<Self>() + self.told.len() * size_of::<Owner>() + said
    }
}

/// What of an entry the look for lost hints needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The entry's place.
    pub position: u64,
    /// What it is about.
    pub subject: SubjectKey,
    /// Whose streams it is in, once for each row.
    pub owners: Vec<Owner>,
}

impl Told {
    pub(crate) fn of(position: u64, event: &Event) -> Self {
        let owners = event.notices.iter().map(|notice| notice.to).collect();
        Self { position, subject: SubjectKey::of(&event.subject), owners }
    }

    /// Returns about how many bytes it takes.
    pub(crate) const fn weight(&self) -> usize {
        size_of::<Self>() + self.owners.len() * size_of::<Owner>()
    }
}
