//! Takes files out of use that no record speaks for any more, and removes them a while later.
//!
//! A file without a record may be one that a crash left behind, or one whose record is in another
//! database: a new database was started over an old directory, or an older copy of the database was
//! put back. The first kind is taken, the second never, and what tells them apart is whether this
//! database was in service when the file arrived ([`FilesDirectory::was_attended`]). What is taken
//! lies in a trash first, from which it comes back by itself when a record speaks for it again.

use handoff_domain::{FileId, Time};

use super::{Files, FilesError, ListedUntil, Trashed};
use crate::error::StoreError;
use crate::record::{FileRecord, FilesDirectory, Key, Record};
use crate::store::Store;

/// A sweep could not go on. What it did until then is done, and the next one does the rest.
#[derive(Debug, thiserror::Error)]
pub enum SweepFilesError {
    /// The files could not be listed, or one not moved.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Their records could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which files a sweep takes.
#[derive(Clone, Copy, Debug)]
pub struct FilesTerms<'a> {
    /// When the store was in service.
    pub directory: &'a FilesDirectory,
    /// Since when a file must have been without a record, or deleted. A file arrives before its
    /// record is written, so this must be longer ago than any file takes to arrive; a day is ample.
    pub before: Time,
    pub now: Time,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilesSwept {
    /// How many it took that had no record.
    pub orphans: u64,
    /// How many it took whose record says that they were deleted.
    pub deleted: u64,
    /// How many it removed at once, because whoever had them was erased.
    pub erased: u64,
    /// How many it left alone that have no record and arrived while this store was not in service.
    pub strangers: u64,
    /// After what to go on; `None` when it came to the end.
    pub next: Option<ListedUntil>,
}

/// What a sweep of the trash did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrashSwept {
    /// How many it removed for good.
    pub removed: u64,
    /// How many it put back, because a record speaks for them again.
    pub put_back: u64,
    /// After which file to go on; `None` when it came to the end.
    pub next: Option<Trashed>,
}

/// What a store says of a file.
enum Said {
    Nothing,
    Kept,
    Deleted(Time),
    /// Deleted for good, with whoever had it.
    Erased,
}

async fn said_of(
    store: &dyn Store,
    ids: impl Iterator<Item = FileId>,
) -> Result<Vec<Said>, StoreError> {
    let mut said = Vec::new();
    for id in ids {
        // One by one, because one that cannot be read must not keep the others: there is a record,
        // so the file stays.
        said.push(match store.load_one(&Key::File(id)).await {
            Ok(None) => Said::Nothing,
            Ok(Some(found)) => match found.value {
                Record::File(FileRecord { erased: true, .. }) => Said::Erased,
                Record::File(FileRecord { deleted: Some(at), .. }) => Said::Deleted(at),
                _ => Said::Kept,
            },
            Err(error) if error.is_unreadable() => Said::Kept,
            Err(error) => return Err(error),
        });
    }
    Ok(said)
}

/// Looks at up to `limit` files after `after` and puts those into the trash that have been without
/// a record, or deleted, for long enough.
///
/// # Errors
///
/// Those of the files and of the store.
pub async fn sweep_files(
    store: &dyn Store,
    files: &dyn Files,
    terms: FilesTerms<'_>,
    after: Option<ListedUntil>,
    limit: usize,
) -> Result<FilesSwept, SweepFilesError> {
    let page = files.list(after, limit).await?;
    let said = said_of(store, page.items.iter().map(|kept| kept.id)).await?;
    let mut swept = FilesSwept { next: page.next, ..FilesSwept::default() };
    for (kept, said) in page.items.iter().zip(said) {
        let count = match said {
            Said::Nothing if !terms.directory.was_attended(kept.at) => {
                swept.strangers += 1;
                continue;
            }
            Said::Nothing if kept.at < terms.before => &mut swept.orphans,
            Said::Deleted(at) if at < terms.before => &mut swept.deleted,
            Said::Erased => {
                files.delete(kept.id).await?;
                swept.erased += 1;
                continue;
            }
            Said::Nothing | Said::Kept | Said::Deleted(_) => continue,
        };
        let is_taken = files.put_in_trash(Trashed { id: kept.id, since: terms.now }).await?;
        *count += u64::from(is_taken);
    }
    Ok(swept)
}

/// Looks at up to `limit` files of the trash after `after`: puts back what a record speaks for, and
/// removes what was taken before `remove_before`. With `None` nothing is removed.
///
/// # Errors
///
/// Those of the files and of the store.
pub async fn sweep_trash(
    store: &dyn Store,
    files: &dyn Files,
    remove_before: Option<Time>,
    after: Option<Trashed>,
    limit: usize,
) -> Result<TrashSwept, SweepFilesError> {
    let page = files.trash(after, limit).await?;
    let said = said_of(store, page.items.iter().map(|file| file.id)).await?;
    let next = page.items.last().filter(|_| page.more).copied();
    let mut swept = TrashSwept { next, ..TrashSwept::default() };
    for (file, said) in page.items.iter().zip(said) {
        match said {
            Said::Kept => {
                files.put_back(*file).await?;
                swept.put_back += 1;
            }
            Said::Nothing | Said::Deleted(_)
                if remove_before.is_some_and(|before| file.since < before) =>
            {
                files.remove_for_good(*file).await?;
                swept.removed += 1;
            }
            Said::Erased => {
                files.remove_for_good(*file).await?;
                swept.removed += 1;
            }
            Said::Nothing | Said::Deleted(_) => {}
        }
    }
    Ok(swept)
}
