//! What failed behind a refusal: carried along to where the refusal is answered, and logged there,
//! once. Nothing of it reaches a client.

use std::error::Error;
use std::sync::Arc;

use handoff_content::FileError;
use handoff_domain::{InteractionId, UserId};
use handoff_engine::ExecuteError;
use handoff_store::StoreError;

/// What failed.
#[derive(Clone, Debug)]
pub(crate) struct Cause(Arc<Failure>);

#[derive(Debug)]
enum Failure {
    Store(StoreError),
    /// The store, at a request of a customer's.
    CustomersStore(StoreError),
    File(FileError),
    InteractionContended(InteractionId),
    DeskContended(UserId),
    WorkNotMoved(Box<ExecuteError>),
}

/// Two are the same when they are one event.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cause {}

impl Cause {
    fn new(failure: Failure) -> Self {
        Self(Arc::new(failure))
    }

    pub(crate) fn store(error: StoreError) -> Self {
        Self::new(Failure::Store(error))
    }

    pub(crate) fn customers_store(error: StoreError) -> Self {
        Self::new(Failure::CustomersStore(error))
    }

    pub(crate) fn file(error: FileError) -> Self {
        Self::new(Failure::File(error))
    }

    pub(crate) fn interaction_contended(id: InteractionId) -> Self {
        Self::new(Failure::InteractionContended(id))
    }

    pub(crate) fn desk_contended(user: UserId) -> Self {
        Self::new(Failure::DeskContended(user))
    }

    pub(crate) fn work_not_moved(error: Box<ExecuteError>) -> Self {
        Self::new(Failure::WorkNotMoved(error))
    }

    /// Writes it into the log.
    pub(crate) fn log(&self) {
        match &*self.0 {
            Failure::Store(error) => log_store(error),
            Failure::CustomersStore(error) => {
                let error: &dyn Error = error;
                tracing::error!(error, "a customer's request failed in the store");
            }
            Failure::File(error) => log_file(error),
            Failure::InteractionContended(id) => {
                tracing::warn!(
                    interaction.id = %id,
                    "a request lost too many races for one interaction"
                );
            }
            Failure::DeskContended(user) => {
                tracing::warn!(agent.id = %user, "a request lost too many races for one desk");
            }
            Failure::WorkNotMoved(error) => {
                let error: &dyn Error = &**error;
                tracing::warn!(error, "an agent's work could not be moved now");
            }
        }
    }
}

fn log_store(failed: &StoreError) {
    let error: &dyn Error = failed;
    match failed {
        StoreError::Unavailable { .. } | StoreError::Stopped => {
            tracing::warn!(error, "a request failed for the store");
        }
        StoreError::OutcomeUnknown { .. } => {
            tracing::warn!(error, "what became of a request is unknown");
        }
        StoreError::Corrupt { .. } | StoreError::Swept { .. } => {
            tracing::error!(error, "a request met unreadable data");
        }
    }
}

/// What is wrong with a file itself is its sender's affair.
fn log_file(failed: &FileError) {
    match failed {
        FileError::NotScanned(source) => tracing::error!(error = %source, "{failed}"),
        FileError::NotKept(source) | FileError::NotRead(source) => {
            tracing::error!(error = source as &dyn Error, "{failed}");
        }
        FileError::NotWhole { .. } => tracing::error!("{failed}"),
        FileError::TooLarge { .. }
        | FileError::Type { .. }
        | FileError::Empty
        | FileError::NameTooLong { .. }
        | FileError::Infected => {}
    }
}
