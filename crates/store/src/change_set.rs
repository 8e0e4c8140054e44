//! A commit as data.

use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{CenterId, Event, InteractionId, Time, UserId};

use crate::promised::PromisedAnswer;
use crate::record::{Key, Part, Record, Version};

/// The version that a record must have for a commit to go ahead; zero means that it must not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The record.
    pub key: Key,
    /// The version that the decision was made on.
    pub version: Version,
}

/// A record that the decision relied on without changing it.
pub type Check = Guard;

/// A record to remove.
pub type Removal = Guard;

/// A record to write; its version becomes `expected + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    /// The record afterwards.
    pub record: Record,
    /// The version that the decision was made on; zero to create it.
    pub expected: Version,
}

/// The directory of a contact center as a decision saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryGuard {
    pub center: CenterId,
    /// How often the directory had been changed.
    pub version: Version,
    pub extent: Extent,
}

/// What of a directory a decision relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The records of it that are checked. While the directory is as it was seen, so are they, and
    /// none is looked at; otherwise each is compared.
    Checked,
    /// All of it, what is not there included: the name of a new record was free, nothing refers to
    /// one that is removed. Any change is a conflict.
    Whole,
}

/// Names one timer: there is at most one for each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKey {
    /// A timer that a rule asked for.
    Interaction(InteractionId, TimerKind),
    /// When a user has made no request for so long that they lose what they own.
    Handling(UserId),
    /// The grace of an agent who stopped being reachable, or the clearing of their desk after it.
    Grace(UserId),
}

impl TimerKey {
    /// Returns the record that every commit guards which changes the timer by its name alone.
    #[must_use]
    pub const fn subject(&self) -> Key {
        match self {
            Self::Interaction(id, _) => Key::Interaction(*id),
            Self::Handling(user) | Self::Grace(user) => Key::Desk(*user),
        }
    }
}

/// A durable timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Its name.
    pub key: TimerKey,
    pub due: Time,
}

/// Proof that a request was carried out, written by the commit that did so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the key is unique in: a user, method and path, or a contact center's external ids.
    pub scope: String,
    /// The key within the scope.
    pub key: String,
    /// SHA-256 of the request's body in hex, so that a reused key with another body is noticed.
    pub fingerprint: String,
    /// The answer to give again, byte for byte.
    pub answer: String,
    /// When it may be forgotten; `None` is never.
    pub expires: Option<Time>,
}

/// One all-or-nothing commit. A key occurs at most once among the records to write and to remove.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSet {
    /// Records to write.
    pub puts: Vec<Put>,
    /// Records to remove. With an interaction goes its history, as far as the log was swept.
    pub removals: Vec<Removal>,
    /// Records that must still be as they were read.
    pub checks: Vec<Check>,
    /// The directory that the records of a directory among the checks are of; `None` compares each
    /// of them. Whoever removes a record of a directory names it here.
    pub directory: Option<DirectoryGuard>,
    /// Timers that must still be as they were read: whoever carries one out shows with it that it
    /// was not put off meanwhile.
    pub timers_checked: Vec<Timer>,
    /// Timers to set; one with the same key is replaced.
    pub timers_set: Vec<Timer>,
    /// Timers to remove by name, before any is set; a missing one is no error. The commit must
    /// guard what they belong to ([`TimerKey::subject`]), or one would be lost that was set
    /// meanwhile.
    pub timers_cleared: Vec<TimerKey>,
    /// Timers to remove as they were read, before any is set; one that is gone, or was set to
    /// another time meanwhile, stays as it is.
    pub timers_done: Vec<Timer>,
    /// Timers to put off: one that is due earlier is due then, one that is not there is set, and
    /// one that is due later stays. Several may do so at once, in any order, without a guard.
    pub timers_put_off: Vec<Timer>,
    /// Events to append, in order; their notices become stream rows.
    pub events: Vec<Event>,
    /// Answers to keep for the sessions of those who asked, in order.
    pub promised: Vec<PromisedAnswer>,
    /// Receipts to write; the commit is refused if one of the same scope and key exists, expired or
    /// not, until a sweep removes it.
    pub receipts: Vec<Receipt>,
    /// Receipts to remove, by scope and key; a missing one is no error.
    pub receipts_forgotten: Vec<(String, String)>,
}

impl ChangeSet {
    /// Returns the records of directories that are written or removed, each with the contact center
    /// whose directory it is: of these, the version grows by one with the commit.
    pub(crate) fn directory_changes(&self) -> impl Iterator<Item = (CenterId, Key)> {
        let is_of_directory = |guard: &&Guard| guard.key.kind().part() == Part::Directory;
        let removed = self.removals.iter().filter(is_of_directory).map(|removal| {
            let guard = self.directory.expect("whoever removes a record names its directory");
            (guard.center, removal.key.clone())
        });
        let put = |put: &Put| Some((put.record.directory()?, put.record.key()));
        self.puts.iter().filter_map(put).chain(removed)
    }

    /// Tells whether every timer that is cleared by name belongs to a record that the commit
    /// guards. Stores are handed no other.
    pub(crate) fn guards_what_it_clears(&self) -> bool {
        let is_guarded = |subject: Key| {
            self.puts.iter().any(|put| put.record.key() == subject)
                || self.removals.iter().chain(&self.checks).any(|guard| guard.key == subject)
        };
        self.timers_cleared.iter().all(|timer| is_guarded(timer.subject()))
    }
}
