//! Places where a test makes writes fail, as a disk would.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::ffi;

/// Changes the rows of a closed store behind its back, as a bad disk or a newer program would.
///
/// # Panics
///
/// When nothing was changed, because then nothing is tested.
pub fn damage(path: &Path, sql: &str) {
    let changed =
        rusqlite::Connection::open(path).and_then(|connection| connection.execute(sql, []));
    assert!(matches!(changed, Ok(1..)), "nothing was damaged by {sql}: {changed:?}");
}

/// Makes a database file of the statements that `sqlite3 FILE .dump` wrote.
///
/// # Panics
///
/// When there is such a file, or the statements do not make one.
pub fn restore(path: &Path, dump: &str) {
    assert!(!path.exists(), "{} exists", path.display());
    let made =
        rusqlite::Connection::open(path).and_then(|connection| connection.execute_batch(dump));
    assert!(made.is_ok(), "{made:?}");
}

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The sync of a commit fails.
    SyncFailed,
    /// There is no room left.
    DiskFull,
}

impl Fault {
    fn error(self) -> rusqlite::Error {
        let code = match self {
            Self::SyncFailed => ffi::SQLITE_IOERR_FSYNC,
            Self::DiskFull => ffi::SQLITE_FULL,
        };
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }
}

/// Where a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After the writes of a batch, before its commit.
    Commit,
    /// While the log is copied into the database.
    Checkpoint,
}

/// What was planned and what became of it.
#[derive(Debug, Default)]
struct Plan {
    planned: VecDeque<(Place, Fault)>,
    fired: usize,
}

/// A plan of failures, shared between a test and the store that it tests.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    /// Makes the next write at a place fail, once the failures planned before have happened.
    pub fn plan(&self, place: Place, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).planned.push_back((place, fault));
    }

    /// Returns how many failures have happened. A test that sees none has tested nothing.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fired
    }

    /// Fails if that is planned for this place and nothing is planned before it.
    pub(super) fn strike(&self, place: Place) -> Result<(), rusqlite::Error> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match plan.planned.pop_front_if(|(planned, _)| *planned == place) {
            Some((_, fault)) => {
                plan.fired += 1;
                Err(fault.error())
            }
            None => Ok(()),
        }
    }
}
