//! A store and the place of its files: that each is the other's, and when the store was in service.
//!
//! A sweep must never take what another database has records of. So a store is started over its own
//! place alone ([`take_on`]).

use handoff_domain::Time;
use handoff_engine::Core;
use handoff_store::{
    ChangeSet, CommitError, Files, FilesDirectory, FilesError, Key, Kind, Only, Put, Record, Store,
    StoreError, Version, Versioned,
};

/// A place of files, as it is configured.
#[derive(Clone, Copy)]
pub struct FilesPlace<'a> {
    pub files: &'a dyn Files,
    /// How messages name it.
    pub name: &'a str,
    pub reached: Reached,
}

/// Who finds the same files by the same configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Every node of the store.
    ByAll,
    /// Perhaps only this node: on another there may be another disk of that name, or none.
    ByThisNode,
}

/// Whether a store may be started over a place of files that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopt {
    /// Not.
    No,
    /// Its operator says so.
    Yes,
}

/// What is wrong between a store and a place of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotItsOwn {
    /// The store is new, and there are files.
    #[error("the store has no record of this place, and there are files in it")]
    Unrecorded,
    /// The store knows another place.
    #[error("the store belongs to another place, and this one has files of others")]
    Anothers,
    /// The store has records of files, and the place has neither its mark nor a file.
    #[error("the store has records of files, and this is not where they are")]
    NotThere,
    /// The store's nodes share another place.
    #[error("the store's nodes have their files in another place, and all of them must share one")]
    NotShared,
}

/// Why a place is not taken on.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It is not the store's own.
    #[error(transparent)]
    NotItsOwn(#[from] NotItsOwn),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How often a place is taken on while other nodes do the same.
const TRIES_MAX: usize = 5;

/// A store's record of its place of files.
type Known = Option<Versioned<FilesDirectory>>;

pub(crate) async fn recorded(store: &dyn Store) -> Result<Known, StoreError> {
    let found = store.load_one(&Key::FilesDirectory(Only)).await?;
    Ok(found.and_then(|found| match found.value {
        Record::FilesDirectory(value) => Some(Versioned { value, version: found.version }),
        _ => None,
    }))
}

/// Looks whether a place is a store's own.
///
/// # Errors
///
/// [`DirectoryError::NotItsOwn`] when it is not; when either cannot be read.
pub async fn expect_own(store: &dyn Store, place: FilesPlace<'_>) -> Result<(), DirectoryError> {
    let FilesPlace { files, reached, .. } = place;
    let (known, mark) = (recorded(store).await?, files.mark().await?);
    let has_files = !files.list(None, 1).await?.items.is_empty();
    let is_known =
        |known: &FilesDirectory| known.mark.is_empty() || mark.as_ref() == Some(&known.mark);
    match known {
        None if has_files => Err(NotItsOwn::Unrecorded.into()),
        None => Ok(()),
        Some(known) if is_known(&known.value) => Ok(()),
        Some(_) if has_files => Err(NotItsOwn::Anothers.into()),
        // An empty one may be a disk of this node's alone, or one that is not mounted.
        Some(_) if reached == Reached::ByThisNode => Err(NotItsOwn::NotShared.into()),
        // A place that was removed with nothing in it is no loss.
        Some(_) if store.list(Kind::File, None, 1).await?.items.is_empty() => Ok(()),
        Some(_) => Err(NotItsOwn::NotThere.into()),
    }
}

/// Makes a store and a place of files each other's, and notes that the store is in service from now
/// on.
///
/// # Errors
///
/// [`DirectoryError::NotItsOwn`] when the place is not the store's own, and nobody says that it
/// is to be; when either cannot be written.
pub async fn take_on(
    core: &Core,
    place: FilesPlace<'_>,
    adopt: Adopt,
) -> Result<(), DirectoryError> {
    for _ in 1..TRIES_MAX {
        match take_on_once(core, place, adopt).await {
            // Another node starts at the same time.
            Err(DirectoryError::Commit(CommitError::Conflict { .. })) => {}
            done => return done,
        }
    }
    take_on_once(core, place, adopt).await
}

async fn take_on_once(
    core: &Core,
    place: FilesPlace<'_>,
    adopt: Adopt,
) -> Result<(), DirectoryError> {
    let (store, files) = (&**core.store(), place.files);
    match (expect_own(store, place).await, adopt) {
        (Err(DirectoryError::NotItsOwn(wrong)), Adopt::Yes) => {
            tracing::warn!(
                place = place.name,
                reason = %wrong,
                "the store takes on a place of files that was not its own"
            );
        }
        (looked, _) => looked?,
    }
    let known = recorded(store).await?;
    let version = known.as_ref().map_or(0, |known| known.version);
    let mut record = known.map(|known| known.value).unwrap_or_default();
    let mut mark = files.mark().await?;
    if mark.is_none() {
        // The mark comes first: a place with one and no files is anybody's.
        files.set_mark(format!("{:032x}", core.ids().random())).await?;
        mark = files.mark().await?;
    }
    record.mark = mark.unwrap_or_default();
    record.begin(core.now(), store.latest().await?, store.log_end().await?.generation);
    Ok(write(store, record, version).await?)
}

async fn write(
    store: &dyn Store,
    record: FilesDirectory,
    expected: Version,
) -> Result<(), CommitError> {
    let puts = vec![Put { record: Record::FilesDirectory(record), expected }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
    Ok(())
}

/// Notes that the store is still in service, unless another node does at the same time; `None` when
/// the record of its place of files is gone.
pub(crate) async fn attend(
    store: &dyn Store,
    now: Time,
) -> Result<Option<FilesDirectory>, DirectoryError> {
    let Some(Versioned { mut value, version }) = recorded(store).await? else { return Ok(None) };
    value.go_on(now, store.log_end().await?.generation);
    match write(store, value.clone(), version).await {
        Ok(()) | Err(CommitError::Conflict { .. }) => Ok(Some(value)),
        Err(error) => Err(error.into()),
    }
}

/// Writes into a place of files that the store sweeps it, and tells whether it may take anything
/// there ([`FilesDirectory::hear`]). The store knows what is written before the place does.
pub(crate) async fn say(
    store: &dyn Store,
    files: &dyn Files,
    now: Time,
    word: String,
) -> Result<bool, DirectoryError> {
    let found = files.swept_by().await?;
    let Some(Versioned { mut value, version }) = recorded(store).await? else { return Ok(false) };
    let is_alone = value.hear(found, now, word.clone());
    write(store, value, version).await?;
    if let Err(error) = files.set_swept_by(word).await {
        // The disk may be full, and what is swept makes room.
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "it could not be noted that this store sweeps its files");
    }
    Ok(is_alone)
}

#[cfg(test)]
pub(crate) mod tests;
