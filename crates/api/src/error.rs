//! Refusals: the one table from everything that can go wrong to a code, an HTTP status and a
//! sentence.
//!
//! A sentence tells the reader what to do next, and a code 2 says which state the thing is in
//! (docs/compat/conventions.md#codes). Nothing of the program's inside reaches a client: the cause
//! of a failure is logged where the refusal is answered, once.

mod refused;
mod sentences;

use axum::http::StatusCode;
use handoff_domain::Rejection;
use handoff_engine::{AgentError, ExecuteError};
use handoff_store::StoreError;
use serde::Serialize;

use crate::cause::Cause;
use crate::wire::availability::Availability;
use crate::wire::date;

pub(crate) use refused::unfit;
pub(crate) use sentences::quoted;
pub use sentences::{code_of, sentence_of};

/// How long a client is asked to wait when the store is away or too much is going on, in s. Long
/// enough to be of help, short enough that an agent hardly notices.
const RETRY_AFTER_S: u32 = 1;

/// The sentence for whoever has not the role that an operation needs.
pub(crate) const NO_PERMISSION: &str =
    "Your roles do not allow this operation; ask your administrator for the role that it needs.";

/// The codes of the API's documents (docs/compat/conventions.md#codes); those that are never given
/// are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A required parameter is missing.
    MissingParameter,
    /// Not valid for the current state.
    WrongState,
    Forbidden,
    /// Internal error, here or behind here.
    Internal,
    /// The user's roles do not allow it.
    NoPermission,
    /// Not found, or not for the caller.
    NotFound,
    /// The user must choose another password first.
    PasswordChange,
    /// Input validation failed.
    Invalid,
    /// The property is read-only.
    ReadOnly,
    AlreadyExists,
    /// Something still refers to it, or is with it.
    InUse,
    NotAuthenticated,
}

impl Code {
    /// Returns the number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::MissingParameter => 1,
            Self::WrongState => 2,
            Self::Forbidden => 3,
            Self::Internal => 4,
            Self::NoPermission => 5,
            Self::NotFound => 6,
            Self::PasswordChange => 8,
            Self::Invalid => 10,
            Self::ReadOnly => 11,
            Self::AlreadyExists => 18,
            Self::InUse => 19,
            Self::NotAuthenticated => 20,
        }
    }

    /// Returns the HTTP status that follows from the code (docs/compat/conventions.md#codes).
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MissingParameter | Self::Invalid | Self::ReadOnly => StatusCode::BAD_REQUEST,
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::NoPermission | Self::PasswordChange => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongState | Self::AlreadyExists | Self::InUse => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    pub code: Code,
    /// The HTTP status.
    pub status: StatusCode,
    /// What the reader should do.
    pub sentence: String,
    /// After how many seconds to try again, when that helps.
    pub retry_after_s: Option<u32>,
    /// The message that came meanwhile, when that is why.
    pub newer_message: Option<Box<NewerMessage>>,
    /// How the service stands that took no chat.
    pub(crate) availability: Option<Box<Availability>>,
    /// What of a second factor is missing or wrong, when that is why.
    pub(crate) second_factor: Option<&'static str>,
    /// What failed, for the log.
    pub(crate) cause: Option<Cause>,
}

/// An e-mail that came while an answer was being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewerMessage {
    pub id: String,
    pub subject: Option<String>,
    /// When it came.
    pub received_date: String,
}

impl Refusal {
    /// Makes a refusal with the status that follows from its code.
    #[must_use]
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            sentence: sentence.into(),
            retry_after_s: None,
            newer_message: None,
            availability: None,
            second_factor: None,
            cause: None,
        }
    }

    /// Refuses for a parameter that is not there.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::new(Code::MissingParameter, format!("The parameter {name} is missing; give it."))
    }

    /// Refuses for something in the request that is not as it should be.
    #[must_use]
    pub fn invalid(sentence: impl Into<String>) -> Self {
        Self::new(Code::Invalid, sentence)
    }

    /// Refuses for something that does not exist, or not for the caller: both read the same
    /// (docs/compat/conventions.md#refusals).
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no {what} of that id that you may see; check the id."),
        )
    }

    /// Refuses for want of credentials.
    #[must_use]
    pub fn not_authenticated() -> Self {
        Self::new(
            Code::NotAuthenticated,
            "Access denied: send credentials of an enabled user, or the cookie of a session that has not ended.",
        )
    }

    /// Refuses whoever must choose a password of their own first.
    #[must_use]
    pub fn password_change() -> Self {
        Self::new(
            Code::PasswordChange,
            "Choose a password of your own first: POST /me with operationName ChangePassword, password and newPassword.",
        )
    }

    /// Refuses because the store is away or too much is going on.
    ///
    /// It does not say that nothing was changed: a request of several steps may have got through
    /// some of them.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::not_now("The server cannot do this at the moment; try again shortly.")
    }

    /// Says that a request was being stored when its answer was lost, so that nobody knows yet
    /// whether it was done.
    #[must_use]
    pub fn outcome_unknown() -> Self {
        Self::not_now(
            "Whether this was done is unknown: the server failed while it was being stored. Repeat the request with the same Idempotency-Key, \
             which does it at most once; without one, look first at what is there.",
        )
    }

    /// Refuses because what is asked for is there, and cannot be read any more.
    pub(crate) fn damaged(sentence: String) -> Self {
        Self::new(Code::Internal, sentence).with_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn not_now(sentence: &str) -> Self {
        Self::new(Code::Internal, sentence)
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .retry_after(RETRY_AFTER_S)
    }

    /// Refuses for too many requests.
    #[must_use]
    pub fn too_many(code: Code, retry_after_s: u32) -> Self {
        let sentence = format!("Too many requests; try again in {retry_after_s} s.");
        Self::new(code, sentence)
            .with_status(StatusCode::TOO_MANY_REQUESTS)
            .retry_after(retry_after_s)
    }

    /// Refuses for a fault of the program. Where it failed nobody knows, so it does not say that
    /// nothing was changed.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            "The server failed at this request; look at what is there before you repeat it, and tell its operator.",
        )
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with advice when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The same with what failed, which is logged where it is answered.
    #[must_use]
    pub(crate) fn because(self, cause: Cause) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The same with one more sentence.
    #[must_use]
    pub fn adding(mut self, sentence: &str) -> Self {
        self.sentence.push(' ');
        self.sentence.push_str(sentence);
        self
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let refusal = Self::new(code_of(&rejection), sentence_of(&rejection));
        let Rejection::NewerMessage { id, subject, received } = rejection else { return refusal };
        let newer =
            NewerMessage { id: id.to_string(), subject, received_date: date::print(received) };
        Self { newer_message: Some(Box::new(newer)), ..refusal }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let refusal = match &error {
            StoreError::Unavailable { .. } | StoreError::Stopped => Self::unavailable(),
            StoreError::OutcomeUnknown { .. } => Self::outcome_unknown(),
            StoreError::Corrupt { .. } | StoreError::Swept { .. } => Self::internal(),
        };
        refusal.because(Cause::store(error))
    }
}

impl From<ExecuteError> for Refusal {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::NotFound(_) => Self::not_found("interaction"),
            ExecuteError::Rejected(rejection) => (*rejection).into(),
            ExecuteError::KeyReused => Self::key_reused(),
            ExecuteError::Contended(id) => {
                Self::unavailable().because(Cause::interaction_contended(id))
            }
            // Only timers name one, and nobody is answered for them; whoever deleted a file that
            // somebody else deleted as well asks again.
            ExecuteError::NotDue | ExecuteError::Overtaken(_) => Self::unavailable(),
            ExecuteError::Store(error) => error.into(),
        }
    }
}

impl Refusal {
    /// Refuses for an idempotency key that was used for something else.
    #[must_use]
    pub fn key_reused() -> Self {
        let sentence = "This Idempotency-Key was used for a request with another body; use a new key for a new request.";
        Self::new(Code::WrongState, sentence)
    }
}

impl From<AgentError> for Refusal {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Rejected(rejection) => (*rejection).into(),
            AgentError::Contended(user) => Self::unavailable().because(Cause::desk_contended(user)),
            AgentError::Interaction(error) => {
                Self::unavailable().because(Cause::work_not_moved(error))
            }
            AgentError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_the_code() {
        let table = [
            (Code::MissingParameter, 1, 400),
            (Code::WrongState, 2, 409),
            (Code::Forbidden, 3, 403),
            (Code::Internal, 4, 500),
            (Code::NoPermission, 5, 403),
            (Code::NotFound, 6, 404),
            (Code::PasswordChange, 8, 403),
            (Code::Invalid, 10, 400),
            (Code::ReadOnly, 11, 400),
            (Code::AlreadyExists, 18, 409),
            (Code::InUse, 19, 409),
            (Code::NotAuthenticated, 20, 401),
        ];
        for (code, number, status) in table {
            assert_eq!((code.number(), code.status().as_u16()), (number, status), "{code:?}");
        }
    }

    #[test]
    fn a_store_that_is_away_asks_to_come_again_and_unreadable_data_does_not() {
        let away = Refusal::from(StoreError::Stopped);
        assert_eq!((away.status.as_u16(), away.retry_after_s), (503, Some(1)));
        let damaged = Refusal::from(StoreError::Corrupt { what: "secret detail".to_owned() });
        assert_eq!((damaged.status.as_u16(), damaged.retry_after_s), (500, None));
        assert!(!damaged.sentence.contains("secret"), "what is wrong inside is for the log");
    }

    #[test]
    fn no_answer_of_a_failing_store_says_that_nothing_was_changed() {
        let unknown = Refusal::from(StoreError::OutcomeUnknown { attempted: "committing" });
        assert_eq!((unknown.status.as_u16(), unknown.retry_after_s), (503, Some(1)));
        for word in ["unknown", "Idempotency-Key"] {
            assert!(unknown.sentence.contains(word), "{}", unknown.sentence);
        }
        for refusal in [unknown, Refusal::unavailable(), Refusal::internal()] {
            assert!(!refusal.sentence.contains("nothing"), "{}", refusal.sentence);
        }
    }
}
