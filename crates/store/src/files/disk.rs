//! Files in a directory: small ones in `<directory>/segments` ([`segments`](super::segments)), a
//! larger one as `<directory>/ab/<32 hex digits>`, where `ab` are the first two of them, and
//! `<directory>/incoming` for what has not arrived yet. What a sweep took lies in
//! `<directory>/trash` for a while, as `<32 hex digits>.<when it was taken>`, where an operator
//! finds it. `<directory>/mark` says which directory this is, so that a store is not started over
//! another's, and `<directory>/swept-by` which store sweeps it.
//!
//! A large file is written under `incoming`, synced, renamed to its place, and the place is synced;
//! so a file that is in its place is whole, whatever is killed when. What is still under `incoming`
//! when the directory is opened was never acknowledged and is removed. A second process on the same
//! directory is refused, because it would remove what the first one is just receiving.
//!
//! Nodes that share a directory ([`Sharing::Nodes`]) make no segments, because each of those has
//! one writer: every file is one of its own. What is under `incoming` may be another node's, and is
//! removed when it is a day old.

use std::error::Error;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use handoff_domain::{FileId, Time};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::arriving::Arriving;
#[cfg(feature = "conformance")]
use super::faults::FilesFaults;
use super::segments::{Segments, Writer, is_damage};
use super::{
    Files, FilesError, FilesPage, Incoming, KeptFile, ListedUntil, NewFile, READ_BYTES_MAX,
    Trashed, notes,
};
use crate::query::Page;

const OPENING: &str = "opening the directory of files";
pub(super) const RECEIVING: &str = "receiving a file";
pub(super) const KEEPING: &str = "keeping a file";
const READING: &str = "reading a file";
const DELETING: &str = "deleting a file";
const LISTING: &str = "listing files";
const MARKING: &str = "marking the directory of files";
const TAKING: &str = "taking a file out of use";

/// Where files arrive.
const INCOMING: &str = "incoming";
/// Where small files are.
const SEGMENTS: &str = "segments";
/// Where what a sweep took lies.
const TRASH: &str = "trash";
/// Locked while the directory is open.
const LOCK: &str = "lock";
/// After so long a file that arrives in part was left over by a node that is no more.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The length of an id as text.
const NAME_LEN: usize = 32;

/// Another process has the directory open.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another process; only the nodes of one cluster may share a directory of files", path.display())]
struct InUse {
    path: PathBuf,
}

/// Who has a directory open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One process.
    Alone,
    /// Nodes that all share it, and no process that has it alone.
    Nodes,
}

/// How files are kept in a directory.
#[derive(Clone, Debug)]
pub struct FilesOptions {
    /// Who has the directory open.
    pub sharing: Sharing,
    /// The most bytes of a file that shares a segment with others. Default 256 KiB, which is read
    /// at once; the sync of a larger one is not what it costs.
    pub small_bytes_max: usize,
    /// From how many bytes on nothing is added to a segment. Default 64 MiB: after a crash the last
    /// one is read whole, which takes a tenth of a second.
    pub segment_bytes_max: u64,
    /// From how many files on nothing is added to a segment. Default 16 384: those of the open one
    /// are known in memory, about 1 MiB.
    pub segment_files_max: usize,
    /// Memory for small files that arrive, in bytes. Default 16 MiB; what finds no room there gets
    /// a file of its own.
    pub arriving_bytes_max: usize,
    /// The failures that a test has planned.
    #[cfg(feature = "conformance")]
    pub faults: FilesFaults,
}

impl Default for FilesOptions {
    fn default() -> Self {
        Self {
            sharing: Sharing::Alone,
            small_bytes_max: READ_BYTES_MAX,
            segment_bytes_max: 64 * 1024 * 1024,
            segment_files_max: 16 * 1024,
            arriving_bytes_max: 16 * 1024 * 1024,
            #[cfg(feature = "conformance")]
            faults: FilesFaults::default(),
        }
    }
}

impl FilesOptions {
    /// Returns the options of a directory that nodes share.
    #[must_use]
    pub fn of_nodes() -> Self {
        Self { sharing: Sharing::Nodes, small_bytes_max: 0, ..Self::default() }
    }
}

/// Files in a directory.
#[derive(Debug)]
pub struct DiskFiles {
    disk: Arc<Disk>,
}

/// What whoever brings a file needs.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) places: Arc<Places>,
    pub(super) writer: Writer,
    pub(super) options: FilesOptions,
    /// Room for small files that arrive, a permit for each KiB.
    arriving: Arc<Semaphore>,
}

impl Disk {
    /// Takes room for a file that may have so many bytes; `None` when it is to have a file of its
    /// own.
    pub(super) fn room(&self, bytes_max: u64) -> Option<OwnedSemaphorePermit> {
        let small = self.options.small_bytes_max;
        let bytes = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(small);
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        (small > 0).then(|| self.arriving.clone().try_acquire_many_owned(kib).ok())?
    }
}

/// Which file is where.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    pub(super) segments: Segments,
    /// Locked as long as it is open, unless somebody else has it.
    _lock: Option<File>,
}

impl DiskFiles {
    /// Opens a directory, makes it if there is none, and removes what arrived only in part. Blocks
    /// while it does.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`], as when another process has it open.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, FilesError> {
        Self::open_with(directory, FilesOptions::default())
    }

    /// The same with other bounds.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn open_with(
        directory: impl Into<PathBuf>,
        options: FilesOptions,
    ) -> Result<Self, FilesError> {
        let root = directory.into();
        let failed = |error: io::Error| FilesError::unavailable(OPENING, error);
        make_directory(&root).map_err(failed)?;
        let lock = lock(&root, options.sharing)?;
        prepare(&root, options.sharing, &lock).map_err(failed)?;
        let index = (options.sharing == Sharing::Alone).then(|| arriving_index(&root));
        Self::over(root, Some(lock), index.as_deref(), options)
    }

    /// Opens a directory that a server has open, to read what it has until now. What comes later is
    /// found by whoever opens it again.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`], as when there is none.
    pub fn open_beside(directory: impl Into<PathBuf>) -> Result<Self, FilesError> {
        let root = directory.into();
        fs::metadata(shelf(&root, 0)).map_err(|error| FilesError::unavailable(OPENING, error))?;
        Self::over(root, None, None, FilesOptions::default())
    }

    fn over(
        root: PathBuf,
        lock: Option<File>,
        index: Option<&Path>,
        options: FilesOptions,
    ) -> Result<Self, FilesError> {
        let failed = |error: io::Error| FilesError::unavailable(OPENING, error);
        let segments = Segments::open(root.join(SEGMENTS), index);
        let places = Places { root, segments: segments.map_err(failed)?, _lock: lock };
        let places = Arc::new(places);
        let writer = Writer::start(places.clone(), options.clone()).map_err(failed)?;
        let arriving = Arc::new(Semaphore::new(options.arriving_bytes_max / 1024));
        Ok(Self { disk: Arc::new(Disk { places, writer, options, arriving }) })
    }

    async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Places) -> io::Result<T> + Send + 'static,
    ) -> Result<T, FilesError> {
        let places = Arc::clone(&self.disk.places);
        blocking(attempted, move || work(&places)).await
    }
}

impl Drop for DiskFiles {
    /// Ends the thread that has the places, and with them the lock.
    fn drop(&mut self) {
        self.disk.writer.close();
    }
}

/// Does what may wait for the disk on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    attempted: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FilesError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| FilesError::unavailable(attempted, error))?;
    done.map_err(|error| FilesError::unavailable(attempted, error))
}

/// Tells whether a directory of files has kept ones in a directory of that name.
pub(crate) fn is_shelf(name: &Path) -> bool {
    let is_two_digits = |name: &str| {
        name.len() == 2 && name.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    name == Path::new(SEGMENTS) || name.to_str().is_some_and(is_two_digits)
}

pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn lock(root: &Path, sharing: Sharing) -> Result<File, FilesError> {
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(root.join(LOCK));
    let file = opened.map_err(|error| FilesError::unavailable(OPENING, error))?;
    let locked = match sharing {
        Sharing::Alone => file.try_lock(),
        Sharing::Nodes => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(FilesError::unavailable(OPENING, InUse { path: root.to_owned() }))
        }
        Err(TryLockError::Error(error)) => Err(FilesError::unavailable(OPENING, error)),
    }
}

/// Makes every directory before the first file needs it (one that is made with a file could be lost
/// with it in a power cut), and removes what has not arrived.
fn prepare(root: &Path, sharing: Sharing, lock: &File) -> io::Result<()> {
    let incoming = root.join(INCOMING);
    make_directory(&incoming)?;
    make_directory(&root.join(TRASH))?;
    make_directory(&root.join(SEGMENTS))?;
    for first in 0..=u8::MAX {
        make_directory(&shelf(root, first))?;
    }
    // The time by the clock of the file system, which several nodes' machines may see.
    lock.write_all_at(b"1", 0)?;
    let now = lock.metadata()?.modified()?;
    for left_over in fs::read_dir(&incoming)? {
        let path = left_over?.path();
        if sharing == Sharing::Alone || is_old(&path, now)? {
            remove_if_there(&path)?;
        }
    }
    sync_directory(root)
}

/// Tells whether a file that arrives was not written to for a day, which none takes.
fn is_old(path: &Path, now: SystemTime) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(now.duration_since(metadata.modified()?).is_ok_and(|age| age > DAY)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn shelf(root: &Path, first: u8) -> PathBuf {
    root.join(format!("{first:02x}"))
}

/// Where the index of a segment is until it is whole.
fn arriving_index(root: &Path) -> PathBuf {
    root.join(INCOMING).join("index")
}

impl Places {
    /// The path has hex digits of the id in it and nothing else that comes from outside.
    fn place(&self, id: FileId) -> PathBuf {
        shelf(&self.root, first_byte(id)).join(id.to_string())
    }

    pub(super) fn arriving(&self, id: FileId) -> PathBuf {
        self.root.join(INCOMING).join(id.to_string())
    }

    pub(super) fn arriving_index(&self) -> PathBuf {
        arriving_index(&self.root)
    }

    /// Tells whether there is a file.
    pub(super) fn has(&self, id: FileId) -> io::Result<bool> {
        Ok(self.segments.has(id)? || self.place(id).try_exists()?)
    }

    /// Moves a file that was written at `from` to its place. Durable on return.
    pub(super) fn move_in(&self, file: &File, new: NewFile, from: &Path) -> io::Result<()> {
        file.set_modified(system_time(new.at))?;
        file.sync_all()?;
        fs::rename(from, self.place(new.id))?;
        sync_directory(&shelf(&self.root, first_byte(new.id)))
    }

    fn delete(&self, id: FileId) -> io::Result<()> {
        remove_if_there(&self.place(id))?;
        self.segments.remove(id)
    }

    /// Moves a file to the trash; one of a segment gets a file of its own there. Tells whether it
    /// moved any.
    fn put_in_trash(&self, file: Trashed) -> io::Result<bool> {
        let is_moved = move_if_there(&self.place(file.id), &self.in_trash(file))?;
        let (at, content) = match self.segments.whole(file.id) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(is_moved),
            // Somebody may want to look at it, and it must not keep the others out of the trash.
            Err(error) if is_damage(&error) => {
                tracing::warn!(file.id = %file.id, "a damaged file stays where it is");
                return Ok(is_moved);
            }
            Err(error) => return Err(error),
        };
        let path = self.arriving(file.id);
        let written = write_copy(&path, &content, at);
        if let Err(error) = written.and_then(|()| fs::rename(&path, self.in_trash(file))) {
            // A full disk would otherwise have a part of it as well.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        sync_directory(&self.root.join(TRASH))?;
        self.segments.remove(file.id)?;
        Ok(true)
    }

    fn in_trash(&self, file: Trashed) -> PathBuf {
        self.root.join(TRASH).join(format!("{}.{}", file.id, file.since.0))
    }

    fn trash(&self, after: Option<Trashed>, limit: usize) -> io::Result<Page<Trashed>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(self.root.join(TRASH))? {
            all.extend(trashed_of(&entry?.file_name()));
        }
        all.retain(|file| after.is_none_or(|after| *file > after));
        all.sort_unstable();
        let more = all.len() > limit;
        all.truncate(limit);
        Ok(Page { items: all, more })
    }

    fn read(&self, id: FileId, offset: u64, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.place(id)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return self.segments.read(id, offset, bytes_max);
            }
            Err(error) => return Err(error),
        };
        let left = file.metadata()?.len().saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes_max).min(READ_BYTES_MAX);
        let mut bytes = vec![0; wanted];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Some(bytes))
    }

    /// Lists the files of their own, and then those of each segment.
    fn list(&self, after: Option<ListedUntil>, limit: usize) -> io::Result<FilesPage> {
        let after = after.unwrap_or_default();
        let mut items = Vec::new();
        if after.segment == 0 {
            items = self.own(after.id, limit)?;
        }
        let mut until = ListedUntil::of(items.last().map(|last| last.id));
        let mut next = after;
        while items.len() < limit {
            let left = limit - items.len();
            let found = self.segments.list(next.segment, next.id, left)?;
            let Some((segment, files)) = found else { return Ok(FilesPage { items, next: None }) };
            until = ListedUntil { segment, id: files.last().map(|last| last.id) };
            next = until;
            items.extend(files);
        }
        Ok(FilesPage { items, next: Some(until) })
    }

    /// Lists the files of their own, in order of their ids.
    fn own(&self, after: Option<FileId>, limit: usize) -> io::Result<Vec<KeptFile>> {
        let mut items = Vec::new();
        for first in after.map_or(0, first_byte)..=u8::MAX {
            let mut ids = Vec::new();
            for entry in fs::read_dir(shelf(&self.root, first))? {
                ids.extend(id_of(&entry?.file_name()));
            }
            ids.retain(|id| after.is_none_or(|after| *id > after));
            ids.sort_unstable();
            for id in ids {
                if items.len() == limit {
                    return Ok(items);
                }
                items.extend(self.kept(id)?);
            }
        }
        Ok(items)
    }

    /// Returns a file that may have been deleted since its name was read.
    fn kept(&self, id: FileId) -> io::Result<Option<KeptFile>> {
        match fs::symlink_metadata(self.place(id)) {
            Ok(metadata) => Ok(Some(KeptFile { id, at: time_of(metadata.modified()?) })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn first_byte(id: FileId) -> u8 {
    id.0.to_be_bytes()[0]
}

/// Reads a file's name; what this program did not name so is none of its files.
fn id_of(name: &std::ffi::OsStr) -> Option<FileId> {
    let name = name.to_str().filter(|name| name.len() == NAME_LEN)?;
    let id: FileId = name.parse().ok()?;
    (id.to_string() == name).then_some(id)
}

fn trashed_of(name: &std::ffi::OsStr) -> Option<Trashed> {
    let (id, since) = name.to_str()?.split_once('.')?;
    Some(Trashed { id: id_of(id.as_ref())?, since: Time(since.parse().ok()?) })
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves a file if it is there, and tells whether it was.
fn move_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        moved => moved.map(|()| true),
    }
}

fn write_copy(path: &Path, content: &[u8], at: Time) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut copy = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    copy.write_all(content)?;
    copy.set_modified(system_time(at))?;
    copy.sync_all()
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn time_of(modified: SystemTime) -> Time {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn system_time(at: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

#[async_trait]
impl Files for DiskFiles {
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError> {
        Ok(Box::new(Arriving::begin(Arc::clone(&self.disk), new).await?))
    }

    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        let read = self.run(READING, move |places| match places.read(id, offset, bytes_max) {
            Err(error) if is_damage(&error) => {
                tracing::error!(file.id = %id, error = &error as &dyn Error, "a file is damaged");
                Ok(None)
            }
            read => read.map(Some),
        });
        read.await?.ok_or(FilesError::Damaged { id })
    }

    async fn delete(&self, id: FileId) -> Result<(), FilesError> {
        self.run(DELETING, move |places| places.delete(id)).await
    }

    async fn put_in_trash(&self, file: Trashed) -> Result<bool, FilesError> {
        self.run(TAKING, move |places| places.put_in_trash(file)).await
    }

    async fn trash(
        &self,
        after: Option<Trashed>,
        limit: usize,
    ) -> Result<Page<Trashed>, FilesError> {
        self.run(LISTING, move |places| places.trash(after, limit)).await
    }

    async fn put_back(&self, file: Trashed) -> Result<(), FilesError> {
        self.run(TAKING, move |places| {
            move_if_there(&places.in_trash(file), &places.place(file.id)).map(drop)
        })
        .await
    }

    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError> {
        self.run(DELETING, move |places| remove_if_there(&places.in_trash(file))).await
    }

    async fn list(
        &self,
        after: Option<ListedUntil>,
        limit: usize,
    ) -> Result<FilesPage, FilesError> {
        self.run(LISTING, move |places| places.list(after, limit)).await
    }

    async fn reclaim(&self) -> Result<(), FilesError> {
        self.run(DELETING, |places| places.segments.reclaim()).await
    }

    async fn mark(&self) -> Result<Option<String>, FilesError> {
        self.run(MARKING, |places| notes::read(&places.root, notes::MARK)).await
    }

    async fn set_mark(&self, mark: String) -> Result<(), FilesError> {
        self.run(MARKING, move |places| notes::add(&places.root, INCOMING, notes::MARK, &mark))
            .await
    }

    async fn swept_by(&self) -> Result<Option<String>, FilesError> {
        self.run(MARKING, |places| notes::read(&places.root, notes::SWEPT_BY)).await
    }

    async fn set_swept_by(&self, word: String) -> Result<(), FilesError> {
        self.run(MARKING, move |places| {
            notes::replace(&places.root, INCOMING, notes::SWEPT_BY, &word)
        })
        .await
    }

    /// Whether the disk takes anything is for whoever looks after its room.
    async fn ready(&self) -> Result<(), FilesError> {
        Ok(())
    }
}
