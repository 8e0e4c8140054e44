//! Files on their way to a place that takes each of them whole: in memory while they are small,
//! then in a file without a name on this node's disk.
//!
//! So nothing of a file that is refused, or that its sender gives up, ever gets to that place, and
//! a crash leaves nothing: what has no name is gone with the process. Nothing is synced, because
//! nothing is acknowledged before the place itself has the file.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::disk::{KEEPING, RECEIVING, blocking};
use super::{FilesError, NewFile, READ_BYTES_MAX};

/// The most bytes of a file that arrives in memory: one read of it.
pub(crate) const SMALL_BYTES_MAX: usize = READ_BYTES_MAX;
/// Memory for the files that arrive at one time, in KiB: 16 MiB. What finds no room there goes to
/// the disk at once.
const MEMORY_KIB: usize = 16 * 1024;

/// Where files arrive.
#[derive(Clone, Debug)]
pub(crate) struct Spools {
    directory: Arc<Path>,
    memory: Arc<Semaphore>,
}

/// A file that arrives.
#[derive(Debug)]
pub(crate) struct Spool {
    pub(crate) new: NewFile,
    pub(crate) bytes: u64,
    directory: Arc<Path>,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Memory { content: Vec<u8>, _room: OwnedSemaphorePermit },
    Disk(Arc<File>),
}

impl Spools {
    /// Lets files arrive in a directory, which exists.
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.into(), memory: Arc::new(Semaphore::new(MEMORY_KIB)) }
    }

    /// Begins a file.
    pub(crate) async fn begin(&self, new: NewFile) -> Result<Spool, FilesError> {
        let bytes = usize::try_from(new.bytes_max).unwrap_or(usize::MAX).min(SMALL_BYTES_MAX);
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let held = match self.memory.clone().try_acquire_many_owned(kib) {
            Ok(room) => Held::Memory { content: Vec::new(), _room: room },
            Err(_) => Held::Disk(nameless(&self.directory).await?),
        };
        Ok(Spool { new, bytes: 0, directory: self.directory.clone(), held })
    }
}

impl Spool {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        let so_far = self.bytes.saturating_add(bytes.len() as u64);
        if so_far > self.new.bytes_max {
            return Err(FilesError::TooLarge { bytes_max: self.new.bytes_max });
        }
        self.bytes = so_far;
        if let Held::Memory { content, .. } = &mut self.held {
            if so_far <= SMALL_BYTES_MAX as u64 {
                content.extend_from_slice(bytes);
                return Ok(());
            }
            let (file, content) = (nameless(&self.directory).await?, std::mem::take(content));
            append(&file, content).await?;
            self.held = Held::Disk(file);
        }
        match &self.held {
            Held::Memory { .. } => Ok(()),
            Held::Disk(file) => append(file, bytes.to_vec()).await,
        }
    }

    /// Returns the bytes from an offset on, so many unless the end comes first.
    pub(crate) async fn piece(&self, from: u64, bytes_max: usize) -> Result<Vec<u8>, FilesError> {
        let left = usize::try_from(self.bytes.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = left.min(bytes_max);
        match &self.held {
            Held::Memory { content, .. } => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(content.len());
                Ok(content[from..from + wanted].to_vec())
            }
            Held::Disk(file) => {
                let file = Arc::clone(file);
                blocking(KEEPING, move || {
                    let mut bytes = vec![0; wanted];
                    file.read_exact_at(&mut bytes, from).map(|()| bytes)
                })
                .await
            }
        }
    }
}

async fn nameless(directory: &Arc<Path>) -> Result<Arc<File>, FilesError> {
    let directory = Arc::clone(directory);
    blocking(RECEIVING, move || tempfile::tempfile_in(directory).map(Arc::new)).await
}

async fn append(file: &Arc<File>, bytes: Vec<u8>) -> Result<(), FilesError> {
    let file = Arc::clone(file);
    blocking(RECEIVING, move || (&*file).write_all(&bytes)).await
}
