//! The numbers of users' requests, as this node counts them on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::UserId;

/// The number of each user's last request.
#[derive(Debug, Default)]
pub(super) struct References(Mutex<HashMap<UserId, i32>>);

impl References {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next number of a user; `None` while it is not known where they are.
    pub(super) fn next(&self, user: UserId) -> Option<i32> {
        let mut references = self.lock();
        let last = references.get_mut(&user)?;
        // 2^31−1 is the highest; then the count begins again at 1
        // (docs/compat/conventions.md#reference-ids).
        *last = last.checked_add(1).unwrap_or(1);
        Some(*last)
    }

    /// Says which number a user's last request had, unless that is known already.
    pub(super) fn begin_after(&self, user: UserId, highest: i32) {
        self.lock().entry(user).or_insert(highest);
    }
}
