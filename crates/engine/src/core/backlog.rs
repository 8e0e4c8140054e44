//! What waits to be sent, as the outbox found it last: for operators, and for nothing else.

use std::sync::{Mutex, PoisonError};

use handoff_domain::Time;

/// Mails that wait to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many; at least so many, while as many are being given away as may be at one time.
    pub mails: usize,
    /// Since when the oldest of them waits.
    pub since: Option<Time>,
}

impl Backlog {
    /// Adds a mail that waits since then.
    pub(crate) fn add(&mut self, since: Time) {
        self.mails += 1;
        self.since = Some(self.since.map_or(since, |oldest| oldest.min(since)));
    }
}

/// What the last look found.
#[derive(Debug, Default)]
pub(crate) struct FoundBacklog(Mutex<Backlog>);

impl FoundBacklog {
    pub(crate) fn note(&self, found: Backlog) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    pub(crate) fn last(&self) -> Backlog {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
