//! Guards that are chosen too carefully.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use handoff_store::{ChangeSet, Check, CommitError, Committed, Key, Record, StoreError};

use super::FaultyStore;

impl FaultyStore {
    /// Lets every change of an interaction rely on its owner's desk, as it was when a commit was
    /// answered last: what guards would be that are chosen too carefully.
    #[must_use]
    pub fn relying_on_desks(mut self) -> Self {
        self.desks = Some(Mutex::default());
        self
    }

    pub(super) async fn rely_on_desks(&self, change: &mut ChangeSet) -> Result<(), StoreError> {
        let Some(known) = &self.desks else { return Ok(()) };
        let written = change.puts.iter().filter_map(|put| match &put.record {
            Record::Interaction(interaction) => interaction.owner(),
            _ => None,
        });
        for user in written.collect::<BTreeSet<_>>() {
            let key = Key::Desk(user);
            let is_guarded = change.puts.iter().any(|put| put.record.key() == key)
                || change.checks.iter().any(|check| check.key == key);
            if is_guarded {
                continue;
            }
            let remembered =
                known.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied();
            let version = match remembered {
                Some(version) => version,
                None => self.inner.versions(std::slice::from_ref(&key)).await?[0],
            };
            change.checks.push(Check { key, version });
        }
        Ok(())
    }

    /// Remembers what became of desks.
    pub(super) fn note_desks(&self, committed: &Result<Committed, CommitError>) {
        let Some(known) = &self.desks else { return };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(CommitError::Conflict { key: Key::Desk(user) }) = committed {
            known.remove(user);
        }
        for put in committed.iter().flat_map(|committed| &committed.puts) {
            if let Record::Desk(desk) = &put.record {
                known.insert(desk.user, put.expected + 1);
            }
        }
    }
}
