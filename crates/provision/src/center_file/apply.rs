//! Carrying a difference out.

use std::mem::take;
use std::sync::Arc;

use handoff_domain::{Queue, UserId};
use handoff_store::{
    ChangeSet, DirectoryGuard, InteractionQuery, InteractionScope, Key, Put, Record, Removal,
    Store, StoreError,
};

use super::difference::{Change, Difference};
use super::error::CenterFileError;
use super::listener::{Listener, Told};
use crate::changing::{Before, By, change_set_of};

/// Most records in one commit. A center of that size is applied all or nothing; a larger one in
/// parts, each of which leaves a consistent state, and applying the file again does the rest.
const COMMIT_LEN_MAX: usize = 1_000;
/// From how many bytes on a commit is full, as records are printed for people to debug: about as
/// many as they are stored in.
const COMMIT_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Most tries of one commit, each with the desks that go as they were then.
const TRIES_MAX: usize = 64;

/// Commits changes of one contact center in parts.
pub(super) struct Batches<'a> {
    store: &'a dyn Store,
    /// The directory as the last part left it.
    directory: DirectoryGuard,
    by: By,
    before: Arc<Before>,
    puts: Vec<Put>,
    removals: Vec<Removal>,
    bytes: usize,
    committed: usize,
    /// How many changes it is all together.
    of: usize,
    listener: &'a dyn Listener,
}

impl<'a> Batches<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        difference: &Difference,
        by: By,
        listener: &'a dyn Listener,
    ) -> Self {
        let (directory, of) = (difference.directory, difference.len());
        let (puts, removals, before) = (Vec::new(), Vec::new(), difference.before.clone());
        Self { store, directory, by, before, puts, removals, bytes: 0, committed: 0, of, listener }
    }

    /// Writes the records that are to be written. On return they are durable.
    pub(super) async fn write(&mut self, changes: Vec<Change>) -> Result<(), CenterFileError> {
        for change in changes {
            let Change::Write { put, .. } = change else { continue };
            self.put(put).await?;
        }
        self.commit().await
    }

    /// Adds a record to what is written next.
    pub(super) async fn put(&mut self, put: Put) -> Result<(), CenterFileError> {
        self.bytes += format!("{:?}", put.record).len();
        self.puts.push(put);
        self.commit_if_full().await
    }

    /// Removes records, and with users what is theirs alone. On return it is durable.
    pub(super) async fn remove(&mut self, changes: Vec<Change>) -> Result<(), CenterFileError> {
        for change in changes {
            let Change::Remove { removal, record, .. } = change else { continue };
            if let Record::User(user) = record {
                self.removals.extend(own_of(user.id, self.store).await?);
            }
            self.removals.push(removal);
            self.commit_if_full().await?;
        }
        self.commit().await
    }

    /// Refuses when somebody else changed the contact center since it was compared: to be asked
    /// before anything is done that no commit of these guards.
    pub(super) async fn refuse_if_overtaken(&self) -> Result<(), CenterFileError> {
        let center = self.directory.center;
        let versions = self.store.directory_versions().await?;
        if versions.get(&center).copied().unwrap_or(0) == self.directory.version {
            return Ok(());
        }
        Err(CenterFileError::Conflict(conflicting(&Key::Center(center))))
    }

    async fn commit_if_full(&mut self) -> Result<(), CenterFileError> {
        let is_full = self.puts.len() + self.removals.len() >= COMMIT_LEN_MAX
            || self.bytes >= COMMIT_BYTES_MAX;
        if is_full { self.commit().await } else { Ok(()) }
    }

    /// Commits what was added.
    pub(super) async fn commit(&mut self) -> Result<(), CenterFileError> {
        self.bytes = 0;
        let (puts, removals) = (take(&mut self.puts), take(&mut self.removals));
        if puts.is_empty() && removals.is_empty() {
            return Ok(());
        }
        self.committed += puts.len() + removals.len();
        self.commit_with_own(puts, removals).await?;
        self.directory.version += 1;
        if self.committed < self.of {
            let told = Told::Progress { done: self.committed, of: self.of };
            self.listener.hear(told).await;
        }
        Ok(())
    }

    fn change_set(&self, puts: Vec<Put>, removals: Vec<Removal>) -> ChangeSet {
        change_set_of(self.directory, &self.by, &self.before, puts, removals)
    }

    /// Commits with the desks as they are now: the sessions of who was disabled end at their own
    /// time, and each end writes a desk that goes.
    async fn commit_with_own(
        &self,
        puts: Vec<Put>,
        mut removals: Vec<Removal>,
    ) -> Result<(), CenterFileError> {
        let mut tries = 1;
        loop {
            let change = self.change_set(puts.clone(), removals.clone());
            let Err(error) = self.store.commit(change).await else { return Ok(()) };
            match error.into_conflict()? {
                Key::Desk(_) if tries < TRIES_MAX => {
                    reread_desks(&mut removals, self.store).await?;
                    tries += 1;
                }
                key => return Err(CenterFileError::Conflict(conflicting(&key))),
            }
        }
    }
}

/// Takes the versions of desks that are to be removed as they are now.
async fn reread_desks(removals: &mut [Removal], store: &dyn Store) -> Result<(), StoreError> {
    let desks = removals.iter_mut().filter(|removal| matches!(removal.key, Key::Desk(_)));
    let desks: Vec<&mut Removal> = desks.collect();
    let keys: Vec<Key> = desks.iter().map(|removal| removal.key.clone()).collect();
    let versions = store.versions(&keys).await?;
    desks.into_iter().zip(versions).for_each(|(removal, version)| removal.version = version);
    Ok(())
}

fn conflicting(key: &Key) -> String {
    match key {
        Key::Center(_) => "the contact center".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Returns the removals of what is a removed user's alone: their desk, whose session nobody would
/// ever end, what they set at it, what they sign in with, and their texts. They were disabled
/// before, so nothing of it comes anew.
async fn own_of(
    user: UserId,
    store: &dyn Store,
) -> Result<impl Iterator<Item = Removal>, StoreError> {
    let keys = [
        Key::Desk(user),
        Key::DeskSettings(user),
        Key::UserTokens(user),
        Key::SecondFactor(user),
        Key::OwnResponses(user),
    ];
    let versions = store.versions(&keys).await?;
    let found = keys.into_iter().zip(versions).filter(|(_, version)| *version > 0);
    Ok(found.map(|(key, version)| Removal { key, version }))
}

/// Tells whether anything that is not over is of a queue: what waits, and also what an agent
/// handles, which goes back to its queue when they are gone.
pub(super) async fn queue_holds_work(queue: &Queue, store: &dyn Store) -> Result<bool, StoreError> {
    let active = InteractionQuery::of(InteractionScope::Active(queue.center), 1);
    let query = InteractionQuery { queue: Some(queue.id), ..active };
    Ok(!store.interactions(&query).await?.items.is_empty())
}
