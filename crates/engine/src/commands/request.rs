//! What is asked of the write path, and what it answers.

use std::sync::Arc;

use handoff_domain::interaction::open::NewInteraction;
use handoff_domain::{Actor, CenterId, Command, Event, Interaction, InteractionId, Rejection};
use handoff_store::{Key, Put, Receipt, StoreError, Timer};

/// Attempts at one command before it is given up as too contended. Each lost attempt means that
/// another command got through.
pub(super) const ATTEMPTS_MAX: u32 = 64;

/// A command to carry out.
#[derive(Clone, Debug)]
pub struct CommandRequest {
    pub id: InteractionId,
    /// What should happen.
    pub command: Command,
    /// The number of the caller's request; the notice to them repeats it.
    pub reference: Option<i32>,
    /// Proof of the request, written with it.
    pub receipt: Option<Receipt>,
    /// The timer that asks for it, as it was read: nothing is done when it was put off meanwhile.
    pub timer: Option<Timer>,
    /// Records that are written with it, as the file of an uploaded file's entry.
    pub also: Vec<Put>,
    /// What they add to the log.
    pub also_events: Vec<Event>,
}

impl CommandRequest {
    /// Returns a request without a number or a proof.
    #[must_use]
    pub fn new(id: InteractionId, command: impl Into<Command>) -> Self {
        let command = command.into();
        let (also, also_events) = (Vec::new(), Vec::new());
        Self { id, command, reference: None, receipt: None, timer: None, also, also_events }
    }
}

/// A new interaction to take in.
#[derive(Clone, Debug)]
pub struct Opening {
    pub new: NewInteraction,
    /// Its contact center.
    pub center: CenterId,
    /// Who submits it.
    pub actor: Actor,
    /// The number of the caller's request.
    pub reference: Option<i32>,
    /// Proofs of the request: by its `Idempotency-Key`, by the submitter's external id.
    pub receipts: Vec<Receipt>,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Done {
    /// It was carried out; this is the interaction afterwards, and the draft that it made.
    Now {
        interaction: Arc<Interaction>,
        /// Other interactions that changed or came into being with it.
        related: Vec<Arc<Interaction>>,
    },
    /// It had been carried out before; this is the receipt with the first answer.
    Before(Box<Receipt>),
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// There is no such interaction, or the caller may not see it.
    #[error("no interaction {0} is visible to the caller")]
    NotFound(InteractionId),
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Rejected(Box<Rejection>),
    /// The idempotency key was used for a request with another body.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// Too many others change the same interaction at once.
    #[error("gave up on interaction {0} after {ATTEMPTS_MAX} contended attempts")]
    Contended(InteractionId),
    /// A record that was to be written with it was changed meanwhile, and was read again.
    #[error("{0:?} was changed meanwhile, which was to be written as well")]
    Overtaken(Key),
    /// The timer that asks for it is not as it was read.
    #[error("the timer was put off meanwhile")]
    NotDue,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Rejection> for ExecuteError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

/// How one attempt failed.
pub(crate) enum Failure {
    /// The rules, or visibility, say no.
    Refused(ExecuteError),
    /// This record was changed meanwhile.
    Conflict(Key),
    /// Trying again would not help.
    Fatal(ExecuteError),
}

impl Failure {
    pub(super) const fn not_found(id: InteractionId) -> Self {
        Self::Refused(ExecuteError::NotFound(id))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error.into())
    }
}

/// Returns the first answer to a repeated request, if it is the same request.
pub(super) fn same_request(wanted: &Receipt, found: Receipt) -> Result<Done, ExecuteError> {
    if found.fingerprint == wanted.fingerprint {
        Ok(Done::Before(Box::new(found)))
    } else {
        Err(ExecuteError::KeyReused)
    }
}
