//! When users last did something, as this node knows it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::{Time, UserId};

/// When users last made an authenticated request, since this node started.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    last: Mutex<HashMap<UserId, Time>>,
}

impl Activity {
    pub(crate) fn last_request(&self, user: UserId) -> Option<Time> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied()
    }

    pub(crate) fn note_request(&self, user: UserId, at: Time) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(user, at);
    }
}
