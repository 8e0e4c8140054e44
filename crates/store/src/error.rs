//! Errors, by what the caller does next.

use std::error::Error;
use std::fmt::Write as _;

use crate::change_set::{Receipt, TimerKey};
use crate::record::Key;

/// A store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or has no room; the same call may work later. Nothing of the call took
    /// effect.
    #[error("the store is unavailable while {attempted}")]
    Unavailable {
        /// What was attempted.
        attempted: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A write failed earlier in a way after which the disk cannot be trusted (a failed fsync): the
    /// store takes no more writes, and the process must stop. Nothing of the call took effect.
    #[error("the store is stopped after a failed write")]
    Stopped,
    /// The call was handed in and its answer was lost: its own sync failed, or the store ended
    /// meanwhile. Whether it took effect is unknown until the store is opened again, so the caller
    /// must not be told that nothing was changed.
    #[error("the store ended while {attempted}, and whether that took effect is unknown")]
    OutcomeUnknown {
        /// What was attempted.
        attempted: &'static str,
    },
    /// What was asked for is no more: the log was swept beyond it. A reader with such a cursor
    /// begins anew, from the records and the kept history.
    #[error("the log after position {position} was swept up to {floor}")]
    Swept {
        /// The cursor.
        position: u64,
        /// Up to where the log was swept.
        floor: u64,
    },
    /// Something stored cannot be read: a newer version, or damage.
    #[error("stored data cannot be read: {what}")]
    Corrupt { what: String },
}

/// Why a store takes no commits, as far as it may be told to anybody: what the library says names
/// machines, users and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// The database cannot be reached, or does not answer.
    Away,
    /// It has too many connections already.
    Crowded,
    /// It refuses the user.
    Refused,
    /// It allows no writes, as a standby does.
    ReadOnly,
    /// There is no room on its disk.
    Full,
    /// It has not all of what it is to have: a dump is being put back.
    Unfinished,
    /// The user lacks a privilege.
    Forbidden,
    /// It did not do in time what it was asked.
    Slow,
    /// A write failed in a way after which nothing more is written.
    Stopped,
    /// Something else; the log says what.
    Other,
}

impl StoreError {
    /// Returns what is wrong, as far as anybody may know.
    #[must_use]
    pub fn not_ready(&self) -> NotReady {
        if matches!(self, Self::Stopped) {
            return NotReady::Stopped;
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            let told = crate::postgres::not_ready(error);
            if let Some(why) = told.or_else(|| crate::sqlite::not_ready(error)) {
                return why;
            }
            cause = error.source();
        }
        NotReady::Other
    }

    /// Tells whether it is one record that cannot be read, and not the store that fails: whoever
    /// works through many goes on with the others.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }
}

/// Returns what an error says, and after it what its causes say, on one line.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing into a string cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// A commit did not take place.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A guarded record is not at the version that the decision was made on: load again and decide
    /// again.
    #[error("{key:?} was changed meanwhile")]
    Conflict {
        /// The first such record in canonical order.
        key: Key,
    },
    /// A timer is not as it was read: it was set anew or carried out meanwhile.
    #[error("the timer {0:?} was changed meanwhile")]
    Timer(TimerKey),
    /// The request was already carried out.
    #[error("a receipt of scope {scope} exists already", scope = .0.scope)]
    Receipt(Box<Receipt>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommitError {
    /// Returns the record that was changed meanwhile, of a commit that had neither timers that it
    /// guards nor receipts.
    ///
    /// # Errors
    ///
    /// The store's own.
    ///
    /// # Panics
    ///
    /// When the commit had them.
    pub fn into_conflict(self) -> Result<Key, StoreError> {
        match self {
            Self::Conflict { key } => Ok(key),
            Self::Store(error) => Err(error),
            Self::Timer(_) | Self::Receipt(_) => {
                unreachable!("the commit guarded no timers and had no receipts: {self}")
            }
        }
    }
}
