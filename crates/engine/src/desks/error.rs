//! Why a change of an agent's desk did not take place.

use handoff_domain::{Rejection, UserId};
use handoff_store::StoreError;

use crate::commands::ExecuteError;

/// Attempts at one desk's change. Only the router and the agent's own commands change a desk, so a
/// handful is already unusual.
pub(super) const ATTEMPTS_MAX: usize = 64;

/// Why a change of an agent's desk did not take place.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Rejected(Box<Rejection>),
    /// Too many others change the same desk at once.
    #[error("gave up on the desk of user {0} after {ATTEMPTS_MAX} contended attempts")]
    Contended(UserId),
    /// One of the agent's interactions could not be taken from them.
    #[error("an interaction of an agent who is gone could not be moved")]
    Interaction(#[source] Box<ExecuteError>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Rejection> for AgentError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

impl AgentError {
    /// For workers: passes on the store's errors and lets the others be; what they concern is tried
    /// again in the next round.
    pub(crate) fn into_store_error(self) -> Result<(), StoreError> {
        match self {
            Self::Store(error) if !error.is_unreadable() => Err(error),
            Self::Store(_) | Self::Rejected(_) | Self::Contended(_) | Self::Interaction(_) => {
                tracing::warn!(error = %self, "an agent's desk could not be changed now");
                Ok(())
            }
        }
    }
}
