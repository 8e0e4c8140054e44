//! What PostgreSQL's errors mean for the caller.

use tokio_postgres::error::{Severity, SqlState};

use crate::error::StoreError;

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

/// Makes the error of something that had no effect.
pub(super) fn failed(
    attempted: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable { attempted, source: error.into() }
}
