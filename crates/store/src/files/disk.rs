//! Files in a directory: `<directory>/ab/<32 hex digits>`, where `ab` are the first two of them,
//! and `<directory>/incoming` for what has not arrived yet. What a sweep took lies in
//! `<directory>/trash` for a while, as `<32 hex digits>.<when it was taken>`, where an operator
//! finds it. `<directory>/mark` says which directory this is, so that a store is not started over
//! another's.
//!
//! A file is written under `incoming`, synced, renamed to its place, and the place is synced; so a
//! file that is in its place is whole, whatever is killed when. What is still under `incoming` when
//! the directory is opened was never acknowledged and is removed. A second process on the same
//! directory is refused, because it would remove what the first one is just receiving.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use handoff_domain::{FileId, Time};

use super::{Files, FilesError, Incoming, KeptFile, NewFile, READ_BYTES_MAX, Trashed};
use crate::query::Page;

const OPENING: &str = "opening the directory of files";
const RECEIVING: &str = "receiving a file";
const KEEPING: &str = "keeping a file";
const READING: &str = "reading a file";
const DELETING: &str = "deleting a file";
const LISTING: &str = "listing files";
const MARKING: &str = "marking the directory of files";
const TAKING: &str = "taking a file out of use";

/// Where files arrive.
const INCOMING: &str = "incoming";
/// Where what a sweep took lies.
const TRASH: &str = "trash";
/// Says which directory this is.
const MARK: &str = "mark";
/// Locked while the directory is open.
const LOCK: &str = "lock";
/// The length of an id as text.
const NAME_LEN: usize = 32;

/// Another process has the directory open.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another process; only one server may use a directory of files", path.display())]
struct InUse {
    path: PathBuf,
}

/// Files in a directory.
#[derive(Debug)]
pub struct DiskFiles {
    places: Arc<Places>,
}

/// Which file is where.
#[derive(Debug)]
struct Places {
    root: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl DiskFiles {
    /// Opens a directory, makes it if there is none, and removes what arrived only in part. Blocks
    /// while it does.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`], as when another process has it open.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, FilesError> {
        let root = directory.into();
        let failed = |error: io::Error| FilesError::unavailable(OPENING, error);
        make_directory(&root).map_err(failed)?;
        let lock = lock(&root)?;
        let places = Places { root, _lock: lock };
        places.prepare().map_err(failed)?;
        Ok(Self { places: Arc::new(places) })
    }

    /// Returns the directory's mark; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    pub async fn mark(&self) -> Result<Option<String>, FilesError> {
        self.run(MARKING, |places| match fs::read_to_string(places.root.join(MARK)) {
            Ok(mark) => Ok(Some(mark.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Returns the directory a mark, in place of the one that it may have. Durable on return.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    pub async fn set_mark(&self, mark: String) -> Result<(), FilesError> {
        self.run(MARKING, move |places| {
            let arriving = places.root.join(INCOMING).join(MARK);
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&arriving)?;
            writeln!(file, "{mark}")?;
            file.sync_all()?;
            fs::rename(&arriving, places.root.join(MARK))?;
            sync_directory(&places.root)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Places) -> io::Result<T> + Send + 'static,
    ) -> Result<T, FilesError> {
        let places = Arc::clone(&self.places);
        blocking(attempted, move || work(&places)).await
    }
}

/// Does what may wait for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    attempted: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FilesError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| FilesError::unavailable(attempted, error))?;
    done.map_err(|error| FilesError::unavailable(attempted, error))
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn lock(root: &Path) -> Result<File, FilesError> {
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(root.join(LOCK));
    let file = opened.map_err(|error| FilesError::unavailable(OPENING, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(FilesError::unavailable(OPENING, InUse { path: root.to_owned() }))
        }
        Err(TryLockError::Error(error)) => Err(FilesError::unavailable(OPENING, error)),
    }
}

impl Places {
    /// Makes every directory before the first file needs it: one that is made with a file could be
    /// lost with it in a power cut.
    fn prepare(&self) -> io::Result<()> {
        let incoming = self.root.join(INCOMING);
        make_directory(&incoming)?;
        make_directory(&self.root.join(TRASH))?;
        for first in 0..=u8::MAX {
            make_directory(&self.shelf(first))?;
        }
        for left_over in fs::read_dir(&incoming)? {
            fs::remove_file(left_over?.path())?;
        }
        sync_directory(&self.root)
    }

    fn shelf(&self, first: u8) -> PathBuf {
        self.root.join(format!("{first:02x}"))
    }

    /// The path has hex digits of the id in it and nothing else that comes from outside.
    fn place(&self, id: FileId) -> PathBuf {
        self.shelf(first_byte(id)).join(id.to_string())
    }

    fn arriving(&self, id: FileId) -> PathBuf {
        self.root.join(INCOMING).join(id.to_string())
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
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let left = file.metadata()?.len().saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes_max).min(READ_BYTES_MAX);
        let mut bytes = vec![0; wanted];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Some(bytes))
    }

    fn list(&self, after: Option<FileId>, limit: usize) -> io::Result<Page<KeptFile>> {
        let mut items = Vec::new();
        for first in after.map_or(0, first_byte)..=u8::MAX {
            let mut ids = Vec::new();
            for entry in fs::read_dir(self.shelf(first))? {
                ids.extend(id_of(&entry?.file_name()));
            }
            ids.retain(|id| after.is_none_or(|after| *id > after));
            ids.sort_unstable();
            for id in ids {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                items.extend(self.kept(id)?);
            }
        }
        Ok(Page { items, more: false })
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

/// Moves a file if it is there.
fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn time_of(modified: SystemTime) -> Time {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn system_time(at: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

/// Removes a file that did not arrive when it is dropped.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing to remove. Whatever else fails is removed at the next
        // start.
        let _ = fs::remove_file(&self.0);
    }
}

struct Arriving {
    places: Arc<Places>,
    new: NewFile,
    file: Arc<File>,
    bytes: u64,
    unfinished: Unfinished,
}

#[async_trait]
impl Incoming for Arriving {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.new.bytes_max {
            return Err(FilesError::TooLarge { bytes_max: self.new.bytes_max });
        }
        let (file, bytes) = (Arc::clone(&self.file), bytes.to_vec());
        blocking(RECEIVING, move || (&*file).write_all(&bytes)).await
    }

    async fn keep(self: Box<Self>) -> Result<(), FilesError> {
        let id = self.new.id;
        let kept = blocking(KEEPING, move || self.keep_blocking()).await?;
        if kept { Ok(()) } else { Err(FilesError::Exists { id }) }
    }
}

impl Arriving {
    /// Tells whether the file was kept; it is not when there is one of its id.
    fn keep_blocking(&self) -> io::Result<bool> {
        let place = self.places.place(self.new.id);
        if place.try_exists()? {
            return Ok(false);
        }
        self.file.set_modified(system_time(self.new.at))?;
        self.file.sync_all()?;
        fs::rename(&self.unfinished.0, &place)?;
        sync_directory(&self.places.shelf(first_byte(self.new.id)))?;
        Ok(true)
    }
}

#[async_trait]
impl Files for DiskFiles {
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError> {
        let begun = self.run(RECEIVING, move |places| {
            if places.place(new.id).try_exists()? {
                return Ok(None);
            }
            let path = places.arriving(new.id);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => Ok(Some((file, Unfinished(path)))),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error),
            }
        });
        let Some((file, unfinished)) = begun.await? else {
            return Err(FilesError::Exists { id: new.id });
        };
        let places = Arc::clone(&self.places);
        Ok(Box::new(Arriving { places, new, file: Arc::new(file), bytes: 0, unfinished }))
    }

    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        self.run(READING, move |places| places.read(id, offset, bytes_max)).await
    }

    async fn delete(&self, id: FileId) -> Result<(), FilesError> {
        self.run(DELETING, move |places| match fs::remove_file(places.place(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    async fn put_in_trash(&self, file: Trashed) -> Result<(), FilesError> {
        self.run(TAKING, move |places| {
            move_if_there(&places.place(file.id), &places.in_trash(file))
        })
        .await
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
            move_if_there(&places.in_trash(file), &places.place(file.id))
        })
        .await
    }

    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError> {
        self.run(DELETING, move |places| match fs::remove_file(places.in_trash(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    async fn list(
        &self,
        after: Option<FileId>,
        limit: usize,
    ) -> Result<Page<KeptFile>, FilesError> {
        self.run(LISTING, move |places| places.list(after, limit)).await
    }
}
