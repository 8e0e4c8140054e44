//! How the records that commands guard again and again were written last, in memory.
//!
//! Nobody else writes them, so what was read or written once need not be read again. When a batch
//! fails, what it wrote is undone, and everything here is forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use crate::record::{Key, Kind, Version};

/// Most records that are remembered; beyond it all are forgotten and read anew. One takes some 300
/// bytes, most of it the names of its lists. A large center has a thousand agents at work, each
/// with a desk and a few interactions.
const RECORDS_MAX: usize = 8_192;

/// How a record was before a change set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// Zero when it did not exist.
    pub(super) version: Version,
    pub(super) lists: Arc<str>,
}

#[derive(Debug, Default)]
pub(super) struct Guarded(HashMap<Key, Before>);

impl Guarded {
    /// Forgets everything, because it may have been undone.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Before> {
        self.0.get(key)
    }

    /// Remembers how a record is now.
    pub(super) fn note(&mut self, key: &Key, now: &Before) {
        if !is_remembered(key.kind()) {
            return;
        }
        if let Some(known) = self.0.get_mut(key) {
            known.clone_from(now);
            return;
        }
        if self.0.len() >= RECORDS_MAX {
            self.0.clear();
        }
        self.0.insert(key.clone(), now.clone());
    }
}

/// Tells whether records of a kind are remembered: nearly every command guards some of these, and
/// no sweep removes them behind the back of whoever remembers.
const fn is_remembered(kind: Kind) -> bool {
    matches!(kind, Kind::Interaction | Kind::Desk)
}

#[cfg(test)]
mod tests {
    use handoff_domain::{InteractionId, UserId};

    use super::*;

    fn written(version: Version) -> Before {
        Before { version, lists: "a1 q2".into() }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_is_what_was_written_last() {
        let mut guarded = Guarded::default();
        for n in 0..3 * RECORDS_MAX as u128 {
            let key = Key::Interaction(InteractionId(n));
            guarded.note(&key, &written(1));
            guarded.note(&key, &written(2));
            assert_eq!(guarded.get(&key), Some(&written(2)));
            assert!(guarded.0.len() <= RECORDS_MAX);
        }
        guarded.forget();
        assert!(guarded.0.is_empty());
    }

    #[test]
    fn what_a_sweep_removes_is_not_remembered() {
        let mut guarded = Guarded::default();
        guarded.note(&Key::User(UserId(1)), &written(1));
        assert_eq!(guarded.get(&Key::User(UserId(1))), None);
    }
}
