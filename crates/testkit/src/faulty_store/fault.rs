//! How a commit can fail.

use std::sync::PoisonError;

use handoff_store::{CommitError, StoreError};

use super::FaultyStore;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not take place.
    BeforeCommit,
    /// It takes place, but the answer is lost: the caller is told that the outcome is unknown.
    AfterCommit,
    /// It does not take place, and the caller is told that the outcome is unknown.
    Lost,
    /// It takes place, and the answer waits for [`FaultyStore::release`].
    Held,
}

impl FaultyStore {
    /// Lets the next commit fail.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// Lets so many commits through, then one fails.
    pub fn fail_after(&self, commits: usize, fault: Fault) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.extend(std::iter::repeat_n(None, commits));
        planned.push_back(Some(fault));
    }
}

pub(super) fn failure(fault: Fault) -> CommitError {
    let attempted = "committing";
    match fault {
        Fault::BeforeCommit => {
            StoreError::Unavailable { attempted, source: "planned by the test".into() }
        }
        Fault::AfterCommit | Fault::Lost | Fault::Held => StoreError::OutcomeUnknown { attempted },
    }
    .into()
}
