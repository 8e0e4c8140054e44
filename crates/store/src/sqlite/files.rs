//! The files of a database: who may read them, who has them open, and how they are opened.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::SqliteOptions;
use crate::sqlite::failure::failed;

const ATTEMPTED: &str = "opening the database";
/// What the name of the mark ends with that says of a database where it was moved.
const MOVED: &str = "-moved";
/// What the name of the mark ends with that says of a database that it is being restored.
const RESTORING: &str = "-restoring";
/// Nobody but this program writes, so nothing is busy for long; this is for somebody looking at the
/// file with a tool.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A log that grew beyond this during a burst is cut back to it when it is next begun anew. Bytes.
const LOG_SIZE_KEPT: i64 = 64 * 1024 * 1024;
/// Pages that the writer keeps in memory, in KiB. Few on purpose: after each balanced tree a commit
/// walks the whole hash of the cache (`pcache1TruncateUnsafe`), so a large one costs every command
/// time, and it is memory that whoever sends large letters could fill. What is not in it is most
/// likely in the kernel's cache.
const WRITER_CACHE_KIB: i64 = 2 * 1024;
/// The same for each reader.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// Another process has the database open.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another process; only one server may use a database file", path.display())]
struct InUse {
    path: PathBuf,
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { attempted: ATTEMPTED, source: source.into() }
}

/// Makes the directory and the file if there are none, readable by their owner alone, and takes the
/// lock. The lock lasts as long as the returned file.
pub(super) fn prepare(path: &Path) -> Result<File, StoreError> {
    let directory = directory(path);
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unavailable)?;
    let lock = lock(path)?;
    create(path, directory).map_err(unavailable)?;
    Ok(lock)
}

/// Locks a file of its own: SQLite's locks on the database are dropped as soon as the process
/// closes any other handle of it.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = private().truncate(false).open(beside(path, "-lock")).map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(unavailable(InUse { path: path.to_owned() })),
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

/// Returns the path of a file that belongs to a database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the directory of a database.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A database that is served elsewhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "all that it has was copied to {to}, which is to be served in its place; to serve this one \
     again, without what came there since, remove {}",
    .mark.display()
)]
struct Moved {
    to: String,
    mark: PathBuf,
}

/// Notes durably that a database was moved: it is opened to be served by nobody from then on.
pub(super) fn mark_moved(path: &Path, to: &str) -> io::Result<()> {
    let (mark, begun) = (beside(path, MOVED), beside(path, "-moved.new"));
    let mut file = private().truncate(true).open(&begun)?;
    file.write_all(to.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(begun, mark)?;
    File::open(directory(path))?.sync_all()
}

/// Takes the mark away of a database that another becomes in its place.
pub(super) fn unmark_moved(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(beside(path, MOVED)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(directory(path))?.sync_all(),
    }
}

/// Refuses a database that was moved.
pub(super) fn refuse_moved(path: &Path) -> Result<(), StoreError> {
    let mark = beside(path, MOVED);
    match std::fs::read_to_string(&mark) {
        Ok(to) => Err(unavailable(Moved { to, mark })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

/// A backup was not restored to its end.
#[derive(Debug, thiserror::Error)]
#[error(
    "a backup is being restored here, or that was broken off: run the same `handoff restore` again, \
     or move {} away",
    .home.display()
)]
struct Restoring {
    home: PathBuf,
}

/// Returns the mark of a database that is being restored: as long as there is such a file, what is
/// beside it is not whole.
pub(crate) fn restoring(path: &Path) -> PathBuf {
    beside(path, RESTORING)
}

/// Refuses a database that is being restored.
pub(super) fn refuse_restoring(path: &Path) -> Result<(), StoreError> {
    match restoring(path).try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(unavailable(Restoring { home: directory(path).to_owned() })),
        Err(error) => Err(unavailable(error)),
    }
}

/// Makes an empty database file with the wanted mode, which SQLite then also gives to the files
/// beside it.
fn create(path: &Path, directory: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    private().truncate(false).open(path)?.sync_all()?;
    // Without this a power cut may take the name away from a file that is itself safe.
    File::open(directory)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

/// Opens the connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // NORMAL would leave the last commits unsynced: a power cut then takes acknowledged ones.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        // What is deleted is overwritten with zeros, so that what was erased is in no free page.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "journal_size_limit", LOG_SIZE_KEPT)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // The writer itself empties the log when it is closed in good order; after a failure
        // nothing may be written at all.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        plan_once(&connection)?;
        Ok(connection)
    };
    open().map_err(|error| failed(ATTEMPTED, error))
}

/// Opens a connection that reads.
pub(crate) fn open_reader(options: &SqliteOptions) -> Result<Connection, StoreError> {
    // Not SQLITE_OPEN_READ_ONLY: such a connection could not take part in the write-ahead log if
    // the shared-memory file had to be made.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(&options.path, flags)?;
        #[cfg(feature = "conformance")]
        let connection = options.counts.count_read(connection)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        plan_once(&connection)?;
        Ok(connection)
    };
    open().map_err(|error| failed(ATTEMPTED, error))
}

/// Keeps a statement's plan whatever is bound to it. The bundled SQLite looks at bound values for
/// statistics that this program never gathers, and prepares a statement anew whenever one that may
/// matter (as in `$n IS NULL OR …`) is bound again.
fn plan_once(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}
