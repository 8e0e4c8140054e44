//! What keeps files, whichever way they come.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{Stream, stream};
use handoff_domain::{FileId, Interaction, InteractionId};
use handoff_engine::Core;
use handoff_store::files::READ_BYTES_MAX;
use handoff_store::{
    ChangeSet, FileRecord, Files, FilesError, Key, NewFile, Put, Record, StoreError, Versioned,
};

use crate::arrival::{Arrival, Arrived};
use crate::clamd::Scan;
use crate::error::FileError;
use crate::kind::clean_name;
use crate::space::{Endless, Space};

/// What is configurable of files.
#[derive(Clone)]
pub struct Options {
    /// The room on the disk.
    pub space: Arc<dyn Space>,
    /// The socket of a clamd that every file is shown before it is kept; `None` is no scanner. With
    /// one, no file gets in while it is away.
    pub scanner: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { space: Arc::new(Endless), scanner: None }
    }
}

/// Keeps files and gives them out again; cheap to share.
pub struct FileKeeper {
    core: Arc<Core>,
    files: Arc<dyn Files>,
    options: Options,
}

impl FileKeeper {
    #[must_use]
    pub fn new(core: Arc<Core>, files: Arc<dyn Files>, options: Options) -> Arc<Self> {
        Arc::new(Self { core, files, options })
    }

    /// Returns the room on the disk.
    #[must_use]
    pub fn space(&self) -> &Arc<dyn Space> {
        &self.options.space
    }

    /// Begins a file of that name.
    ///
    /// # Errors
    ///
    /// When disk or scanner are not there.
    pub async fn begin(&self, name: &str, bytes_max: u64) -> Result<Arrival, FileError> {
        let scan = match &self.options.scanner {
            Some(socket) => Some(Scan::begin(socket).await.map_err(FileError::NotScanned)?),
            None => None,
        };
        let new = self.new_file(bytes_max);
        let incoming = self.files.begin(new).await?;
        Ok(Arrival::new(new.id, clean_name(name), incoming, scan))
    }

    /// Takes a message as it came. The scanner is not shown it.
    pub(crate) async fn receive_message(&self, raw: &[u8]) -> Result<Arrived, FileError> {
        let new = self.new_file(raw.len() as u64);
        let incoming = self.files.begin(new).await?;
        let mut arrival = Arrival::new(new.id, String::new(), incoming, None);
        arrival.take(raw).await?;
        arrival.end().await
    }

    fn new_file(&self, bytes_max: u64) -> NewFile {
        let at = self.core.now();
        NewFile { id: FileId::compose(at, self.core.ids().random()), at, bytes_max }
    }

    /// Keeps a file, and then commits what tells of it. When that is refused nothing of the file
    /// stays; when it is not clear what became of it, which `is_unclear` tells of the error, the
    /// file stays for a sweep to decide, because a record of it may be there.
    ///
    /// # Errors
    ///
    /// The commit's, or why the file could not be kept.
    pub async fn keep_and<T, E: From<FileError>>(
        &self,
        arrived: Arrived,
        commit: impl Future<Output = Result<T, E>>,
        is_unclear: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        self.keep_all_and(vec![arrived], commit, is_unclear).await
    }

    /// The same with several files, of which all stay or none.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn keep_all_and<T, E: From<FileError>>(
        &self,
        arrived: Vec<Arrived>,
        commit: impl Future<Output = Result<T, E>>,
        is_unclear: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        let ids: Vec<FileId> = arrived.iter().map(|file| file.id).collect();
        // Together: small ones share a sync. Each is told of before any is discarded.
        let kept = join_all(arrived.into_iter().map(Arrived::keep)).await;
        if let Err(error) = kept.into_iter().collect::<Result<(), _>>() {
            self.discard_all(&ids).await;
            return Err(error.into());
        }
        let done = commit.await;
        if let Err(error) = &done
            && !is_unclear(error)
        {
            self.discard_all(&ids).await;
        }
        done
    }

    async fn discard_all(&self, ids: &[FileId]) {
        for id in ids {
            self.discard(*id).await;
        }
    }

    /// Removes a file that nothing tells of. What cannot be removed now a sweep finds.
    pub async fn discard(&self, id: FileId) {
        if let Err(error) = self.files.delete(id).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(file.id = %id, error, "a refused file could not be removed");
        }
    }

    /// Returns the record of a file. A deleted one reads like one that does not exist.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn record(&self, id: FileId) -> Result<Option<Versioned<FileRecord>>, StoreError> {
        let found = self.core.store().load_one(&Key::File(id)).await?;
        Ok(found.and_then(|found| match found.value {
            Record::File(value) if value.deleted.is_none() => {
                Some(Versioned { value, version: found.version })
            }
            _ => None,
        }))
    }

    /// Notes that a file is attached to another interaction than its own, so that it is kept with
    /// that; `None` when it was changed or removed meanwhile.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn lend(
        &self,
        found: &Versioned<FileRecord>,
        to: InteractionId,
    ) -> Result<Option<()>, StoreError> {
        let Versioned { value, version } = found;
        if value.also.len() >= FileRecord::ALSO_MAX || value.also.contains(&to) {
            return Ok(Some(()));
        }
        let mut record = value.clone();
        record.also.insert(to);
        let puts = vec![Put { record: Record::File(record), expected: *version }];
        match self.core.store().commit(ChangeSet { puts, ..ChangeSet::default() }).await {
            Ok(_) => Ok(Some(())),
            Err(error) => error.into_conflict().map(|_| None),
        }
    }

    /// Returns the record of a file of this interaction, named by the text of its id. One of
    /// another interaction reads like one that does not exist.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn record_in(
        &self,
        interaction: &Interaction,
        id: &str,
    ) -> Result<Option<Versioned<FileRecord>>, StoreError> {
        let Ok(id) = id.parse::<FileId>() else { return Ok(None) };
        let found = self.record(id).await?;
        Ok(found.filter(|found| found.value.interaction == interaction.id))
    }

    /// Opens a file. What comes of it, piece by piece, is as long as its record says, or ends with
    /// an error.
    ///
    /// # Errors
    ///
    /// [`FileError::NotRead`] when its first piece cannot be read now, and [`FileError::NotWhole`]
    /// when it is not there or damaged.
    pub async fn open(
        &self,
        record: &FileRecord,
    ) -> Result<impl Stream<Item = Result<Bytes, FileError>> + Send + use<>, FileError> {
        let (files, id, bytes) = (self.files.clone(), record.id, record.bytes);
        let first = piece_at(&*files, id, bytes, 0).await?;
        Ok(stream::try_unfold((0, first), move |(offset, first)| {
            let files = files.clone();
            async move {
                let piece = match first {
                    Some(piece) => Some(piece),
                    None => piece_at(&*files, id, bytes, offset).await?,
                };
                Ok(piece.map(|piece| {
                    let next = offset + piece.len() as u64;
                    (piece, (next, None))
                }))
            }
        }))
    }

    /// Returns all that is in a file; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be read now.
    pub async fn read(&self, id: FileId) -> Result<Option<Vec<u8>>, FilesError> {
        let mut content = Vec::new();
        loop {
            let offset = content.len() as u64;
            match self.files.read(id, offset, READ_BYTES_MAX).await? {
                Some(bytes) if bytes.is_empty() => return Ok(Some(content)),
                Some(bytes) => content.extend(bytes),
                None => return Ok(None),
            }
        }
    }
}

/// Returns a piece of a file that has so many bytes; `None` once all of them were read.
async fn piece_at(
    files: &dyn Files,
    id: FileId,
    bytes: u64,
    offset: u64,
) -> Result<Option<Bytes>, FileError> {
    if offset >= bytes {
        return Ok(None);
    }
    match files.read(id, offset, READ_BYTES_MAX).await {
        Ok(Some(piece)) if !piece.is_empty() => Ok(Some(piece.into())),
        Ok(_) | Err(FilesError::Damaged { .. }) => {
            Err(FileError::NotWhole { bytes: offset, expected: bytes })
        }
        Err(error) => Err(FileError::NotRead(error)),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, TryStreamExt as _};
    use handoff_store::MemoryFiles;

    use super::*;
    use crate::directory::tests::core_over;
    use crate::sweep::tests::record;

    /// Keeps so many bytes of a file, and opens it as one of three pieces and a bit.
    async fn opened(kept: usize) -> Vec<Result<usize, FileError>> {
        let store: Arc<dyn handoff_store::Store> = Arc::new(handoff_store::MemoryStore::new());
        let files = Arc::new(MemoryFiles::new());
        let keeper = FileKeeper::new(core_over(store).await, files, Options::default());
        let Record::File(record) = record(1) else { unreachable!("a file") };
        let record = FileRecord { bytes: 3 * READ_BYTES_MAX as u64 + 1, ..record };
        let new = NewFile { id: record.id, at: record.at, bytes_max: record.bytes };
        let mut incoming = keeper.files.begin(new).await.unwrap();
        incoming.write(&vec![7; kept]).await.unwrap();
        incoming.keep().await.unwrap();
        match keeper.open(&record).await {
            Ok(pieces) => pieces.map_ok(|piece| piece.len()).collect().await,
            Err(error) => vec![Err(error)],
        }
    }

    fn bytes(pieces: &[Result<usize, FileError>]) -> usize {
        pieces.iter().flatten().sum()
    }

    #[tokio::test]
    async fn a_file_comes_whole_or_with_an_error() {
        let whole = opened(3 * READ_BYTES_MAX + 1).await;
        assert!(whole.iter().all(Result::is_ok), "{whole:?}");
        assert_eq!(bytes(&whole), 3 * READ_BYTES_MAX + 1);
        for kept in [0, 1, READ_BYTES_MAX, 3 * READ_BYTES_MAX] {
            let cut = opened(kept).await;
            assert_eq!(bytes(&cut), kept);
            assert!(matches!(cut.last(), Some(Err(FileError::NotWhole { .. }))), "{cut:?}");
        }
    }
}
