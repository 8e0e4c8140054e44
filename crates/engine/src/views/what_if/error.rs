//! Why there is no answer.

use handoff_domain::Time;
use handoff_store::StoreError;

/// A question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// What happened then is not kept any more.
    #[error("the log is kept since {since:?}")]
    NotKept { since: Time },
    /// It would cost more than a question may.
    #[error("too much happened to be looked at again")]
    TooMuch,
    /// This node is at another question.
    #[error("another question is being answered")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}
