//! Removes files that no record speaks for any more.

use handoff_domain::{FileId, Time};

use super::{Files, FilesError};
use crate::error::StoreError;
use crate::record::{Key, Record, Versioned};
use crate::store::Store;

/// A sweep could not go on. What it removed until then is gone, and the next one does the rest.
#[derive(Debug, thiserror::Error)]
pub enum SweepFilesError {
    /// The files could not be listed, or one not removed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Their records could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilesSwept {
    /// How many it removed that had no record.
    pub orphans: u64,
    /// How many it removed whose record says that they were deleted.
    pub deleted: u64,
    /// After which file to go on; `None` when it came to the end.
    pub next: Option<FileId>,
}

/// Looks at up to `limit` files after `after` and removes those that have been without a record, or deleted, since before `before`.
///
/// A file arrives before its record is written, so `before` must be longer ago than any file takes to arrive; a day is ample.
///
/// # Errors
///
/// Those of the files and of the store.
pub async fn sweep_files(
    store: &dyn Store,
    files: &dyn Files,
    before: Time,
    after: Option<FileId>,
    limit: usize,
) -> Result<FilesSwept, SweepFilesError> {
    let page = files.list(after, limit).await?;
    let keys: Vec<Key> = page.items.iter().map(|kept| Key::File(kept.id)).collect();
    let records = store.load(&keys).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| last.id);
    let mut swept = FilesSwept { next, ..FilesSwept::default() };
    for (kept, record) in page.items.iter().zip(records) {
        let count = match record {
            None if kept.at < before => &mut swept.orphans,
            Some(Versioned { value: Record::File(file), .. })
                if file.deleted.is_some_and(|deleted| deleted < before) =>
            {
                &mut swept.deleted
            }
            None | Some(_) => continue,
        };
        files.delete(kept.id).await?;
        *count += 1;
    }
    Ok(swept)
}
