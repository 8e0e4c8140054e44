//! The room on the disks that the server writes to: looked at all the time, and now and then tried
//! by writing.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::Space;

/// How often the room is looked at. What strangers can write meanwhile is far less than the
/// reserve, also that of a small disk.
const PERIOD: Duration = Duration::from_millis(100);
/// The reserve is at most this part of the file system: a small one would otherwise never take
/// anything.
const PART: u64 = 10;
/// What a trial writes, in bytes: more than what is left between two blocks, and no burden.
const TRIAL_BYTES: usize = 64 * 1024;

/// The directories that are written to.
pub struct DiskSpace {
    directories: Vec<PathBuf>,
    /// The store's log. What is in it the database takes as well, once it is copied there, and that
    /// may be sooner than the next look.
    log: PathBuf,
    reserve_bytes: u64,
    is_short: AtomicBool,
    /// What the last look found.
    rooms: Mutex<Vec<Room>>,
}

/// The room in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub directory: PathBuf,
    pub free_bytes: u64,
    /// What is kept free for those who work here.
    pub reserve_bytes: u64,
}

impl DiskSpace {
    /// Looks after these directories, which exist, and the store's log.
    #[must_use]
    pub fn new(directories: Vec<PathBuf>, log: PathBuf, reserve_bytes: u64) -> Arc<Self> {
        let (is_short, rooms) = (AtomicBool::new(false), Mutex::default());
        let space = Self { directories, log, reserve_bytes, is_short, rooms };
        space.look();
        Arc::new(space)
    }

    /// Looks again and again until it is stopped.
    pub async fn keep_watched(self: Arc<Self>, stopping: CancellationToken) {
        let mut period = tokio::time::interval(PERIOD);
        loop {
            tokio::select! {
                _ = period.tick() => {}
                () = stopping.cancelled() => return,
            }
            let space = self.clone();
            // A disk that hangs holds this task up, and nobody else.
            if let Err(error) = tokio::task::spawn_blocking(move || space.look()).await {
                tracing::error!(%error, "the room on the disk could not be looked at");
            }
        }
    }

    /// Returns the room there is, as it was found a moment ago.
    #[must_use]
    pub fn rooms(&self) -> Vec<Room> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self) {
        let promised = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        let rooms: Vec<Room> = self
            .directories
            .iter()
            .filter_map(|directory| room(directory, self.reserve_bytes))
            .collect();
        let is_short = rooms.iter().any(|room| room.is_short(promised));
        *self.rooms.lock().unwrap_or_else(PoisonError::into_inner) = rooms;
        if self.is_short.swap(is_short, Ordering::Relaxed) != is_short {
            if is_short {
                tracing::error!(
                    reserve_bytes = self.reserve_bytes,
                    "the disk has less room than store.reserve_bytes: what strangers bring is refused until there is more; free some"
                );
            } else {
                tracing::info!("the disk has room again; what strangers bring is taken in");
            }
        }
    }
}

impl Room {
    /// Tells whether less is free than the reserve, beside what is promised already.
    const fn is_short(&self, promised: u64) -> bool {
        self.reserve_bytes > 0 && self.free_bytes < self.reserve_bytes.saturating_add(promised)
    }
}

/// Returns the room in a directory; `None` of a file system that does not say, which counts as room
/// enough: writing tells.
fn room(directory: &Path, reserve_bytes: u64) -> Option<Room> {
    let found = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Room {
        directory: directory.to_owned(),
        free_bytes: bytes(found.f_bavail),
        reserve_bytes: reserve_bytes.min(bytes(found.f_blocks) / PART),
    })
}

/// Returns how many bytes are free in a directory; `None` of a file system that does not say.
#[must_use]
pub fn free_bytes(directory: &Path) -> Option<u64> {
    room(directory, 0).map(|room| room.free_bytes)
}

fn try_to_write(directory: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".room-").tempfile_in(directory)?;
    file.write_all(&[0x5a; TRIAL_BYTES])?;
    file.as_file().sync_all()
}

#[async_trait]
impl Space for DiskSpace {
    fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    async fn probe(&self) -> io::Result<()> {
        let directories = self.directories.clone();
        let tried = tokio::task::spawn_blocking(move || {
            directories.iter().try_for_each(|one| try_to_write(one))
        });
        tried.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept_and_never_more_than_a_part_of_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let found = rustix::fs::statvfs(path).unwrap();
        let is_nearly_full = found.f_bavail < found.f_blocks / PART;
        let is_short =
            |reserve_bytes, promised| room(path, reserve_bytes).unwrap().is_short(promised);
        assert_eq!(is_short(u64::MAX, 0), is_nearly_full, "a tenth is enough for everybody");
        assert!(!is_short(0, u64::MAX), "without a reserve nothing is kept");
        assert!(is_short(1, u64::MAX), "what the log holds will be taken");
        let nowhere = room(&path.join("nowhere"), u64::MAX);
        assert_eq!(nowhere, None, "what cannot be asked is no reason to refuse");
    }

    #[tokio::test]
    async fn a_trial_writes_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let space = DiskSpace::new(vec![directory.path().to_owned()], PathBuf::new(), 0);
        space.probe().await.unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        directory.close().unwrap();
        assert!(space.probe().await.is_err(), "where nothing can be written the trial says so");
    }
}
