//! Backups of an embedded store and of the files in its directory, also while a server has both
//! open.
//!
//! A directory of backups is `chunks/ab/<64 hex digits>`, pieces of what was backed up, each named
//! by the SHA-256 of its bytes and kept once however often it comes, and `backups/<time>.json`, one
//! for each backup, which lists the chunks of the database and of each file. So a backup costs the
//! room of what changed since the one before, and each of them is whole by itself.
//!
//! What must stay true: what a listed backup names is there, durably, before it is listed; and
//! every file that the database of a backup has a record of is in that backup. For the second,
//! files are copied once before the database is, so that what is removed meanwhile is there, and
//! once more after it, so that what came meanwhile is.

mod chunks;
mod database;
mod manifest;
mod restore;
mod tree;

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use handoff_domain::Time;

use self::chunks::{Chunks, Digest};
use self::manifest::{Manifest, Piece};
use crate::error::StoreError;
use crate::files::make_directory;

/// What is being copied for the first time, or again.
const INCOMING: &str = "incoming";
/// Locked while somebody is at work.
const LOCK: &str = "lock";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or directory cannot be read or written.
    #[error("{} cannot be {attempted}", path.display())]
    Io {
        /// What was attempted with it, as in "read".
        attempted: &'static str,
        /// What it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be copied.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// The copy of the database is not what a database is.
    #[error("the database is damaged: {0}; `handoff doctor --deep` tells what can be read")]
    DamagedDatabase(String),
    /// Another process is at work in the directory.
    #[error("another backup is being made or restored in {}; try again when it has ended", .0.display())]
    InUse(PathBuf),
    /// A backup is not what it was.
    #[error("{} is damaged or missing; no backup that needs it can be restored, an older one perhaps can", .0.display())]
    Damaged(PathBuf),
    /// Another backup was begun to be restored there.
    #[error("a backup of another time is being restored here, {}; restore that one, or move away what is there", .0.display())]
    BegunWithAnother(PathBuf),
    /// What is to be restored would lie among something else.
    #[error("{} is not empty; move away what is there, and restore again", .0.display())]
    NotEmpty(PathBuf),
}

impl BackupError {
    fn io(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { attempted, path: path.to_owned(), source }
    }
}

/// What is backed up.
#[derive(Clone, Copy, Debug)]
pub struct BackupSource<'a> {
    /// The file of the database.
    pub database: &'a Path,
    /// The directory of files, if they are in one.
    pub files: Option<&'a Path>,
    /// Files of the data directory that are as they were since they were made, as keys are; those
    /// that are there.
    pub keys: &'a [&'a str],
}

impl BackupSource<'_> {
    /// Returns the data directory.
    fn home(&self) -> &Path {
        self.database.parent().unwrap_or(Path::new("."))
    }
}

/// A backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The moment that it is of.
    pub taken: Time,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// How many files of the directory of files it has; many small ones are in one.
    pub files: u64,
    /// Bytes of those.
    pub files_bytes: u64,
}

/// What came of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The backup.
    pub backup: Backup,
    /// Bytes that were not in an earlier one.
    pub new_bytes: u64,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many backups.
    pub backups: u64,
    /// How many bytes no other backup has.
    pub bytes: u64,
}

/// How far a backup or a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupProgress {
    /// Pages of the database that were copied, of so many.
    Pages {
        /// Copied ones.
        done: u64,
        /// All.
        of: u64,
    },
    /// Bytes that were written or compared.
    Bytes(u64),
}

/// Whoever is told how far a backup is.
pub type Tell<'a> = &'a dyn Fn(BackupProgress);

/// Backups in a directory, which nobody else works in as long as it is open.
#[derive(Debug)]
pub struct Backups {
    root: PathBuf,
    chunks: Chunks,
    _lock: File,
}

impl Backups {
    /// Opens a directory of backups, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written, or another process is at work in it.
    pub fn create(root: &Path) -> Result<Self, BackupError> {
        make_directory(root).map_err(BackupError::io("made", root))?;
        let lock = root.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        options.open(&lock).map_err(BackupError::io("written", &lock))?;
        let backups = Self::open(root)?;
        backups.chunks.prepare()?;
        manifest::prepare(root)?;
        let incoming = backups.incoming();
        make_directory(&incoming).map_err(BackupError::io("made", &incoming))?;
        Ok(backups)
    }

    /// Opens a directory of backups, which may be where nothing can be written.
    ///
    /// # Errors
    ///
    /// As [`Backups::create`], and when there is none.
    pub fn open(root: &Path) -> Result<Self, BackupError> {
        let path = root.join(LOCK);
        // A lock over a network wants a file that can be written.
        let lock = OpenOptions::new().read(true).write(true).open(&path);
        let lock = lock.or_else(|error| match error.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => File::open(&path),
            _ => Err(error),
        });
        let lock = lock.map_err(BackupError::io("opened", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::InUse(root.to_owned())),
            Err(TryLockError::Error(error)) => return Err(BackupError::io("locked", &path)(error)),
        }
        Ok(Self { root: root.to_owned(), chunks: Chunks::of(root), _lock: lock })
    }

    fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING)
    }

    /// Returns the backups, the oldest first, and why others cannot be told of.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<(Vec<Backup>, Vec<BackupError>), BackupError> {
        let (mut backups, mut damaged) = (Vec::new(), Vec::new());
        for taken in manifest::times(&self.root)? {
            match manifest::read(&self.root, taken) {
                Ok(manifest) => backups.push(manifest.backup()),
                Err(error) => damaged.push(error),
            }
        }
        Ok((backups, damaged))
    }

    /// Makes a backup of how it is at one moment, which `now` tells. What was broken off before is
    /// begun anew, without copying again what is there.
    ///
    /// # Errors
    ///
    /// When something cannot be read or written; the earlier backups are what they were.
    pub fn take(
        &self,
        source: BackupSource<'_>,
        now: &dyn Fn() -> Time,
        tell: Tell<'_>,
    ) -> Result<Taken, BackupError> {
        // By one that is damaged nothing is known to be there already.
        let newest = manifest::times(&self.root)?.pop();
        let newest = newest.and_then(|taken| manifest::read(&self.root, taken).ok());
        let before = newest.map(|manifest| manifest.files).unwrap_or_default();
        let mut writing = self.chunks.write(self.incoming(), tell);
        let early = tree::back_up(source.files, &before, &mut writing)?;
        let (taken, database) = database::back_up(source.database, now, &mut writing, tell)?;
        let files = tree::back_up(source.files, &early, &mut writing)?;
        let keys = source.keys.iter().map(PathBuf::from).collect();
        let keys = tree::copy(source.home(), keys, &[], &mut writing)?;
        let new_bytes = writing.finish()?;
        // What was removed since the first pass stays: the database may know it.
        let files = tree::united(early, files);
        let manifest = Manifest::new(taken, database, files, keys);
        manifest::write(&self.root, &self.incoming(), &manifest)?;
        Ok(Taken { backup: manifest.backup(), new_bytes })
    }

    /// Removes the backups of before a moment, never the newest, and what only they need.
    ///
    /// # Errors
    ///
    /// When something cannot be read or removed; whatever is listed then is whole.
    pub fn forget(&self, before: Time) -> Result<Forgotten, BackupError> {
        let mut times = manifest::times(&self.root)?;
        let newest = times.pop();
        let (old, kept): (Vec<_>, Vec<_>) = times.into_iter().partition(|taken| *taken < before);
        let mut needed = HashSet::new();
        for taken in kept.into_iter().chain(newest) {
            needed.extend(manifest::read(&self.root, taken)?.digests());
        }
        let backups = old.len() as u64;
        // What is listed has its chunks: so the list goes first.
        manifest::remove(&self.root, &old)?;
        let bytes = self.chunks.keep_only(&needed)?;
        Ok(Forgotten { backups, bytes })
    }

    /// Reads all that a backup consists of, and tells how many bytes that is.
    ///
    /// # Errors
    ///
    /// [`BackupError::Damaged`] when some of it is not what it was.
    pub fn check(&self, taken: Time, tell: Tell<'_>) -> Result<u64, BackupError> {
        let manifest = manifest::read(&self.root, taken)?;
        let mut bytes = 0;
        for digest in manifest.digests() {
            bytes += self.chunks.read(&digest)?.len() as u64;
            tell(BackupProgress::Bytes(bytes));
        }
        Ok(bytes)
    }

    /// Writes a backup to where neither a database nor files are. One that was broken off is gone
    /// on with by the same call; until it has come to its end no store is opened there.
    ///
    /// # Errors
    ///
    /// When the backup is damaged, the place is not empty, or it cannot be written.
    pub fn restore(
        &self,
        taken: Time,
        to: BackupSource<'_>,
        tell: Tell<'_>,
    ) -> Result<Backup, BackupError> {
        let manifest = manifest::read(&self.root, taken)?;
        restore::restore(&self.chunks, &manifest, to, tell)?;
        Ok(manifest.backup())
    }
}

/// Syncs the names in a directory.
fn sync_directory(path: &Path) -> Result<(), BackupError> {
    crate::files::sync_directory(path).map_err(BackupError::io("synced", path))
}
