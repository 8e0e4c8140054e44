//! What SQLite's errors mean for the caller.

use std::error::Error;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

use crate::error::{NotReady, StoreError, with_causes};

/// What follows from a failed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The disk cannot be trusted any more, or the file is damaged.
    Stop,
    /// Nothing was written; it may work later.
    TryLater,
}

/// I/O errors of the shared-memory file and of memory. They happen before anything is written and
/// concern nothing that must survive; a full disk can show itself this way when the shared-memory
/// file has to grow.
const HARMLESS_IO: [i32; 5] = [
    ffi::SQLITE_IOERR_SHMSIZE,
    ffi::SQLITE_IOERR_SHMMAP,
    ffi::SQLITE_IOERR_SHMOPEN,
    ffi::SQLITE_IOERR_SHMLOCK,
    ffi::SQLITE_IOERR_NOMEM,
];

/// Judges the error of a write.
pub(super) fn judge(error: &rusqlite::Error) -> Verdict {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return Verdict::TryLater };
    match failure.code {
        ErrorCode::SystemIoFailure if HARMLESS_IO.contains(&failure.extended_code) => {
            Verdict::TryLater
        }
        ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Verdict::Stop
        }
        _ => Verdict::TryLater,
    }
}

/// One error that several callers are told of.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database refused")]
pub(super) struct Shared(#[source] Arc<rusqlite::Error>);

impl From<rusqlite::Error> for Shared {
    fn from(error: rusqlite::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// Makes the error of a read or of opening the file.
pub(crate) fn failed(attempted: &'static str, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            corrupt("the database file", &error)
        }
        _ => StoreError::Unavailable { attempted, source: Box::new(error) },
    }
}

/// Makes the error for something that cannot be read. The causes are written out because the
/// variant carries none.
pub(super) fn corrupt(what: &str, error: &dyn Error) -> StoreError {
    StoreError::Corrupt { what: format!("{what}: {}", with_causes(error)) }
}

/// Returns what one of an error's causes says of why the store takes no commits, if it is about
/// that.
pub(crate) fn not_ready(cause: &(dyn std::error::Error + 'static)) -> Option<NotReady> {
    let error: &rusqlite::Error = cause.downcast_ref()?;
    Some(match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => NotReady::Full,
        Some(ErrorCode::ReadOnly) => NotReady::ReadOnly,
        _ => NotReady::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(extended: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(extended), None)
    }

    #[test]
    fn a_failed_sync_stops_and_a_full_disk_does_not() {
        for code in [
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_DIR_FSYNC,
            ffi::SQLITE_CORRUPT,
        ] {
            assert_eq!(judge(&failure(code)), Verdict::Stop, "{code}");
        }
        for code in
            [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_NOMEM]
        {
            assert_eq!(judge(&failure(code)), Verdict::TryLater, "{code}");
        }
    }
}
