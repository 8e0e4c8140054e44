//! The log's generation, and how a restored or copied database is noticed.
//!
//! Two things are remembered. In the database: which file it lies in, by inode and time of birth,
//! which no copy has. In the lock file beside it: the end of the log, written after each batch, so
//! that an older state put back into the same file shows itself. Either way the log gets another
//! generation when the store is opened. Neither ever tells so of a file that was only stopped, or
//! lost power: what is in the lock file is never ahead of what is durable. A state that is put back
//! after its lock file was lost too is not noticed; whoever does that says so (`handoff restored`).

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tracing::warn;

use crate::error::StoreError;
use crate::hash::fnv1a;
use crate::log::{GENERATION_JUMP, LogEnd};
use crate::sql::log as text;
use crate::sqlite::failure::failed;
use crate::sqlite::heads;
use crate::sqlite::reads::log::end;

const ATTEMPTED: &str = "looking whether the database was restored";
/// Longest number of a position, in decimal digits.
const DIGITS: usize = 20;

const FILE_READ: &str = "SELECT file FROM database_file WHERE id = 1";
const FILE_WRITE: &str = "UPDATE database_file SET file = $1 WHERE id = 1";

/// Begins a new generation of the log if this is not the file that it was, or is an older state of
/// it.
pub(super) fn recognise(
    connection: &Connection,
    path: &Path,
    lock: &File,
) -> Result<(), StoreError> {
    let file = file_of(path)?;
    let work = || {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let known: String = transaction.query_row(FILE_READ, [], |row| row.get(0))?;
        let before = end(&transaction)?;
        if known != file {
            transaction.execute(FILE_WRITE, [&file])?;
        }
        let is_other = !known.is_empty() && known != file;
        if is_other || noted(lock) > before.position {
            let LogEnd { generation, .. } = renew(&transaction)?;
            warn!(
                generation,
                "the database was restored or copied since it was last open: sessions that ask \
                 for what they missed are told to look at everything again"
            );
        }
        transaction.commit()?;
        Ok(before.position)
    };
    let position = work().map_err(|error| failed(ATTEMPTED, error))?;
    note(lock, position);
    Ok(())
}

/// Returns what tells a file from its copies. Not every file system knows the time of birth.
fn file_of(path: &Path) -> Result<String, StoreError> {
    let unavailable =
        |error| StoreError::Unavailable { attempted: ATTEMPTED, source: Box::new(error) };
    let metadata = path.metadata().map_err(unavailable)?;
    let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{} {}", metadata.ino(), born.map_or(0, |born| born.as_nanos())))
}

/// Begins a new generation of the log in the transaction that is open: no number that anybody was
/// told of is kept, and the next ones are beyond all of them.
pub(super) fn renew(connection: &Connection) -> Result<LogEnd, rusqlite::Error> {
    let before = end(connection)?;
    let file: String = connection.query_row(FILE_READ, [], |row| row.get(0))?;
    // Two copies that are renewed apart must not get the same one.
    let generation = other_than(before, &file);
    connection.execute(text::GENERATION_WRITE, [generation])?;
    heads::settle_all(connection)?;
    connection.execute(text::HEADS_JUMP, [GENERATION_JUMP])?;
    connection.execute(text::STREAMS_FORGET, [])?;
    Ok(LogEnd { generation, ..before })
}

/// Returns a number that follows from what is known.
fn other_than(before: LogEnd, file: &str) -> u64 {
    // Without the highest bit, because a column's numbers are signed.
    fnv1a(&format!("{} {} {file}", before.generation, before.position)) >> 1
}

/// Notes how far the log is. A note that is lost leaves an older one.
pub(super) fn note(lock: &File, position: u64) {
    let text = format!("{position:0DIGITS$}\n");
    if let Err(error) = lock.write_at(text.as_bytes(), 0) {
        warn!(
            error = &error as &dyn std::error::Error,
            "the end of the log could not be noted; an older copy of the database may not be \
             noticed"
        );
    }
}

/// Returns the end of the log as it was noted last; zero when nothing can be read.
fn noted(lock: &File) -> u64 {
    let mut digits = [0; DIGITS];
    let read = lock.read_exact_at(&mut digits, 0);
    let text = read.ok().and_then(|()| str::from_utf8(&digits).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
