//! When something is due next, as far as this node knows.

use std::sync::atomic::{AtomicI64, Ordering};

use handoff_domain::Time;

/// The moment at which a worker has to look again, for others to read.
#[derive(Debug)]
pub(crate) struct NextDue(AtomicI64);

impl Default for NextDue {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl NextDue {
    /// Returns it; the end of time where nothing is known to be due.
    pub(crate) fn get(&self) -> Time {
        Time(self.0.load(Ordering::Acquire))
    }

    pub(crate) fn set(&self, next: Option<Time>) {
        self.0.store(next.map_or(i64::MAX, |time| time.0), Ordering::Release);
    }
}
