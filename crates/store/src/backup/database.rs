//! The database of a backup: its pages as they are at one moment.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use handoff_domain::Time;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::chunks::Writing;
use super::{BackupError, BackupProgress, Piece, Tell};
use crate::sqlite::{SqliteOptions, failed, open_reader};

const ATTEMPTED: &str = "copying the database";
/// How many pages are copied before it is told how far it is.
const STEP_PAGES: i32 = 4096;

/// Copies the database, and divides the copy into chunks. The transaction in which it is read holds
/// nobody up; what is written meanwhile makes the write-ahead log longer.
pub(super) fn back_up(
    path: &Path,
    now: &dyn Fn() -> Time,
    writing: &mut Writing<'_>,
    tell: Tell<'_>,
) -> Result<(Time, Piece), BackupError> {
    let copy = writing.incoming().join("database");
    remove(&copy)?;
    let source = open_reader(&SqliteOptions::new(path))?;
    let taken = copy_pages(&source, &copy, now, tell)?;
    drop(source);
    let file = File::open(&copy).map_err(BackupError::io("read", &copy))?;
    let piece = writing.add(file, u64::MAX, &copy)?;
    remove(&copy)?;
    Ok((taken, piece))
}

/// Copies all pages of one moment, and looks whether they are a database.
fn copy_pages(
    source: &Connection,
    copy: &Path,
    now: &dyn Fn() -> Time,
    tell: Tell<'_>,
) -> Result<Time, BackupError> {
    let work = || -> Result<(Time, String), rusqlite::Error> {
        let mut copy = Connection::open(copy)?;
        // It is nothing until it is in chunks.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let transaction = source.unchecked_transaction()?;
        // The first read decides which moment it is.
        transaction.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        let taken = now();
        {
            let backup = Backup::new(&transaction, &mut copy)?;
            let mut step = StepResult::More;
            while step != StepResult::Done {
                step = backup.step(STEP_PAGES)?;
                let progress = backup.progress();
                let (of, left) = (progress.pagecount, progress.remaining);
                tell(BackupProgress::Pages { done: pages(of - left), of: pages(of) });
            }
        }
        drop(transaction);
        // As a database that nobody has open: one file.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        let found = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((taken, found))
    };
    let (taken, found) = work().map_err(|error| failed(ATTEMPTED, error))?;
    if found != "ok" {
        return Err(BackupError::DamagedDatabase(found));
    }
    Ok(taken)
}

fn pages(count: i32) -> u64 {
    count.max(0).unsigned_abs().into()
}

/// Removes a copy, and what SQLite had beside it, also from a backup that was broken off.
fn remove(copy: &Path) -> Result<(), BackupError> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = copy.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(BackupError::io("removed", Path::new(&name))(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
