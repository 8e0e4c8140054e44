//! The numbers of users' requests. A node reserves them in blocks, each for one user, and counts on
//! within its own: nodes never give the same one, and most requests write nothing for theirs.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::UserId;
use handoff_store::{ChangeSet, Key, Put, Record, RequestNumbers, Store, StoreError, Versioned};

/// Numbers of one block: a write for every hundredth request.
const BLOCK: i32 = 100;

/// What is left of this node's block, of each user.
#[derive(Debug, Default)]
pub(super) struct References(Mutex<HashMap<UserId, RangeInclusive<i32>>>);

impl References {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, RangeInclusive<i32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a number for a user's next request, and reserves more when none is left.
    pub(super) async fn next(&self, user: UserId, store: &dyn Store) -> Result<i32, StoreError> {
        loop {
            if let Some(next) = self.lock().get_mut(&user).and_then(Iterator::next) {
                return Ok(next);
            }
            let block = reserve(store, user).await?;
            // Of two requests that reserve at once the first's block goes on being used.
            let mut references = self.lock();
            let known = references.entry(user).or_insert_with(|| block.clone());
            if known.is_empty() {
                *known = block;
            }
        }
    }
}

/// Reserves the block after all that were reserved for a user. Durable on return.
async fn reserve(store: &dyn Store, user: UserId) -> Result<RangeInclusive<i32>, StoreError> {
    loop {
        let found = store.load_one(&Key::RequestNumbers(user)).await?;
        let (last, expected) = match found {
            Some(Versioned { value: Record::RequestNumbers(numbers), version }) => {
                (numbers.last, version)
            }
            _ => (0, 0),
        };
        let block = after(last);
        let numbers = RequestNumbers { user, last: *block.end() };
        let puts = vec![Put { record: Record::RequestNumbers(numbers), expected }];
        match store.commit(ChangeSet { puts, ..ChangeSet::default() }).await {
            Ok(_) => return Ok(block),
            // Another node was faster, and has those.
            Err(error) => drop(error.into_conflict()?),
        }
    }
}

/// Returns the block after a number. 2^31−1 is the highest; then the count begins again at 1
/// (docs/compat/conventions.md#reference-ids).
const fn after(last: i32) -> RangeInclusive<i32> {
    match last.checked_add(BLOCK) {
        Some(end) => last + 1..=end,
        None => 1..=BLOCK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other_and_begin_again_before_the_highest_number() {
        assert_eq!((after(0), after(100)), (1..=100, 101..=200));
        assert_eq!(after(i32::MAX - BLOCK), i32::MAX - BLOCK + 1..=i32::MAX);
        assert_eq!((after(i32::MAX - BLOCK + 1), after(i32::MAX)), (1..=BLOCK, 1..=BLOCK));
    }
}
