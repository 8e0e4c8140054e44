//! What PostgreSQL's errors mean for the caller.

use std::error::Error;
use std::io::{self, ErrorKind};

use deadpool_postgres::PoolError;
use tokio_postgres::error::{Severity, SqlState};

use crate::error::{NotReady, StoreError};
use crate::postgres::generation::UNFINISHED;
use crate::postgres::until::Silent;

/// What follows from a batch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was in somebody's way, and nothing of it was written: the same may work at once.
    Again,
    /// Something in it cannot be stored, and nothing of it was written.
    Refused,
    /// Nothing of it was written; it may work later.
    Later,
    /// The connection is lost, and nobody was told what became of it.
    Lost,
}

/// Judges the error of a batch.
pub(super) fn judge(error: &tokio_postgres::Error) -> Verdict {
    let Some(told) = error.as_db_error() else { return Verdict::Lost };
    // A server that ends a connection may do so after it has committed.
    if matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
        return Verdict::Lost;
    }
    match *told.code() {
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => Verdict::Again,
        ref code if ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)) => {
            Verdict::Refused
        }
        _ => Verdict::Later,
    }
}

/// A privilege that the user lacks.
#[derive(Debug, thiserror::Error)]
#[error("a privilege is missing: {0}")]
pub(super) struct Lacking(pub(super) String);

/// Returns what one of an error's causes says of why the database takes no commits, if it is about
/// that.
pub(crate) fn not_ready(cause: &(dyn Error + 'static)) -> Option<NotReady> {
    if cause.is::<Silent>() || matches!(cause.downcast_ref(), Some(PoolError::Timeout(_))) {
        return Some(NotReady::Away);
    }
    if cause.is::<Lacking>() {
        return Some(NotReady::Forbidden);
    }
    let error: &tokio_postgres::Error = cause.downcast_ref()?;
    let Some(told) = error.as_db_error() else {
        return Some(if is_read_only(error) { NotReady::ReadOnly } else { NotReady::Away });
    };
    Some(match *told.code() {
        SqlState::DISK_FULL => NotReady::Full,
        SqlState::READ_ONLY_SQL_TRANSACTION => NotReady::ReadOnly,
        SqlState::INSUFFICIENT_PRIVILEGE => NotReady::Forbidden,
        SqlState::TOO_MANY_CONNECTIONS => NotReady::Crowded,
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => NotReady::Slow,
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            NotReady::Away
        }
        ref code if code.code() == UNFINISHED => NotReady::Unfinished,
        ref code if code.code().starts_with("28") => NotReady::Refused,
        _ => NotReady::Other,
    })
}

/// Tells whether a server was passed over because it is a standby.
pub(super) fn is_read_only(error: &tokio_postgres::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| {
        source.kind() == ErrorKind::PermissionDenied && source.to_string().contains("writes")
    })
}

/// Makes the error of something that had no effect.
pub(super) fn failed(
    attempted: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable { attempted, source: error.into() }
}
