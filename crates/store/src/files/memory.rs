//! Files in memory, for tests and for trying things out: nothing survives the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use handoff_domain::{FileId, Time};

use super::{
    Files, FilesError, FilesPage, Incoming, KeptFile, ListedUntil, NewFile, READ_BYTES_MAX, Trashed,
};
use crate::query::Page;

type Kept = BTreeMap<FileId, (Time, Vec<u8>)>;
type Trash = BTreeMap<Trashed, (Time, Vec<u8>)>;

/// Files in a map.
#[derive(Debug, Default)]
pub struct MemoryFiles {
    kept: Arc<Mutex<Kept>>,
    trash: Mutex<Trash>,
    mark: Mutex<Option<String>>,
    swept_by: Mutex<Option<String>>,
}

impl MemoryFiles {
    /// Makes room for files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Arriving {
    kept: Arc<Mutex<Kept>>,
    new: NewFile,
    bytes: Vec<u8>,
}

#[async_trait]
impl Incoming for Arriving {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        if (self.bytes.len() + bytes.len()) as u64 > self.new.bytes_max {
            return Err(FilesError::TooLarge { bytes_max: self.new.bytes_max });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn keep(self: Box<Self>) -> Result<(), FilesError> {
        let Self { kept, new: NewFile { id, at, .. }, bytes } = *self;
        let mut kept = lock(&kept);
        if kept.contains_key(&id) {
            return Err(FilesError::Exists { id });
        }
        kept.insert(id, (at, bytes));
        Ok(())
    }
}

#[async_trait]
impl Files for MemoryFiles {
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError> {
        if lock(&self.kept).contains_key(&new.id) {
            return Err(FilesError::Exists { id: new.id });
        }
        Ok(Box::new(Arriving { kept: Arc::clone(&self.kept), new, bytes: Vec::new() }))
    }

    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let kept = lock(&self.kept);
        let rest = kept.get(&id).map(|(_, bytes)| bytes.get(from..).unwrap_or_default());
        Ok(rest.map(|rest| rest[..rest.len().min(bytes_max).min(READ_BYTES_MAX)].to_vec()))
    }

    async fn delete(&self, id: FileId) -> Result<(), FilesError> {
        lock(&self.kept).remove(&id);
        Ok(())
    }

    async fn put_in_trash(&self, file: Trashed) -> Result<bool, FilesError> {
        let Some(kept) = lock(&self.kept).remove(&file.id) else { return Ok(false) };
        lock(&self.trash).insert(file, kept);
        Ok(true)
    }

    async fn trash(
        &self,
        after: Option<Trashed>,
        limit: usize,
    ) -> Result<Page<Trashed>, FilesError> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let trash = lock(&self.trash);
        let mut all = trash.range((after, Bound::Unbounded)).map(|(file, _)| *file);
        let items = all.by_ref().take(limit).collect();
        Ok(Page { items, more: all.next().is_some() })
    }

    async fn put_back(&self, file: Trashed) -> Result<(), FilesError> {
        if let Some(kept) = lock(&self.trash).remove(&file) {
            lock(&self.kept).entry(file.id).or_insert(kept);
        }
        Ok(())
    }

    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError> {
        lock(&self.trash).remove(&file);
        Ok(())
    }

    async fn list(
        &self,
        after: Option<ListedUntil>,
        limit: usize,
    ) -> Result<FilesPage, FilesError> {
        let after = after.and_then(|after| after.id).map_or(Bound::Unbounded, Bound::Excluded);
        let kept = lock(&self.kept);
        let mut all = kept
            .range((after, Bound::Unbounded))
            .map(|(id, (at, _))| KeptFile { id: *id, at: *at });
        let items: Vec<_> = all.by_ref().take(limit).collect();
        let until = ListedUntil::of(items.last().map(|last| last.id));
        Ok(FilesPage { items, next: all.next().map(|_| until) })
    }

    async fn reclaim(&self) -> Result<(), FilesError> {
        Ok(())
    }

    async fn mark(&self) -> Result<Option<String>, FilesError> {
        Ok(lock(&self.mark).clone())
    }

    async fn set_mark(&self, mark: String) -> Result<(), FilesError> {
        lock(&self.mark).get_or_insert(mark);
        Ok(())
    }

    async fn swept_by(&self) -> Result<Option<String>, FilesError> {
        Ok(lock(&self.swept_by).clone())
    }

    async fn set_swept_by(&self, word: String) -> Result<(), FilesError> {
        *lock(&self.swept_by) = Some(word);
        Ok(())
    }

    async fn ready(&self) -> Result<(), FilesError> {
        Ok(())
    }
}
