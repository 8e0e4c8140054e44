//! What can go wrong on the customers' side: one table of codes. The public pages' own error codes
//! are not known (docs/compat/customers.md#answers), so these are ours, and documented in
//! docs/api/customers.md.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use handoff_content::FileError;
use handoff_domain::Rejection;
use handoff_domain::rejection::FileLimit;
use handoff_engine::{ChatRefused, ExecuteError, NotYourChat};
use handoff_store::StoreError;
use serde_json::{Value, json};

use crate::body_memory::TooMuchAtOnce;
use crate::cause::Cause;
use crate::uploads::{self, UploadError};
use crate::wire::availability::Availability;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    Missing,
    Invalid,
    TooLarge,
    UnknownOperation,
    Packed,
    UnknownService,
    Closed,
    Full,
    NotYourChat,
    Ended,
    TranscriptFull,
    TooMany,
    ForeignPage,
    TooManyChats,
    Quota,
    FileTooLarge,
    FileType,
    TooManyFiles,
    FilesTooLarge,
    NeedsAgent,
    Infected,
    NoFile,
    NoDownloadsLeft,
    FileEmpty,
    FileName,
    Unavailable,
    OutcomeUnknown,
    NoSpace,
}

/// Whether trying again helps (docs/compat/customers.md#answers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// The same request may do later: `statusCode` 1.
    Later,
    /// It will not: `statusCode` 2.
    Never,
}

impl RefusalKind {
    /// The table: our code, whether to try again, and the HTTP status. What a client of the family
    /// must be able to read is 200, because all of them take another status for a transport that
    /// failed.
    const fn row(self) -> (u16, Again, StatusCode) {
        match self {
            Self::Missing => (1001, Again::Never, StatusCode::BAD_REQUEST),
            Self::Invalid => (1002, Again::Never, StatusCode::BAD_REQUEST),
            Self::TooLarge => (1003, Again::Never, StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnknownOperation => (1004, Again::Never, StatusCode::NOT_FOUND),
            Self::Packed => (1005, Again::Never, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::UnknownService => (2001, Again::Never, StatusCode::NOT_FOUND),
            Self::Closed => (2002, Again::Never, StatusCode::OK),
            Self::Full => (2003, Again::Later, StatusCode::OK),
            Self::NotYourChat => (3001, Again::Never, StatusCode::OK),
            Self::Ended => (3002, Again::Never, StatusCode::OK),
            Self::TranscriptFull => (3003, Again::Never, StatusCode::OK),
            Self::TooMany => (4001, Again::Later, StatusCode::TOO_MANY_REQUESTS),
            Self::ForeignPage => (4002, Again::Never, StatusCode::FORBIDDEN),
            Self::TooManyChats => (4003, Again::Later, StatusCode::TOO_MANY_REQUESTS),
            Self::Quota => (4004, Again::Later, StatusCode::TOO_MANY_REQUESTS),
            Self::FileTooLarge => (5001, Again::Never, StatusCode::OK),
            Self::FileType => (5002, Again::Never, StatusCode::OK),
            Self::TooManyFiles => (5003, Again::Never, StatusCode::OK),
            Self::FilesTooLarge => (5004, Again::Never, StatusCode::OK),
            Self::NeedsAgent => (5005, Again::Later, StatusCode::OK),
            Self::Infected => (5006, Again::Never, StatusCode::OK),
            Self::NoFile => (5007, Again::Never, StatusCode::OK),
            Self::NoDownloadsLeft => (5008, Again::Never, StatusCode::OK),
            Self::FileEmpty => (5009, Again::Never, StatusCode::OK),
            Self::FileName => (5010, Again::Never, StatusCode::OK),
            Self::Unavailable => (6001, Again::Later, StatusCode::SERVICE_UNAVAILABLE),
            Self::OutcomeUnknown => (6002, Again::Later, StatusCode::SERVICE_UNAVAILABLE),
            Self::NoSpace => (6003, Again::Later, StatusCode::INSUFFICIENT_STORAGE),
        }
    }
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CustomerRefusal {
    pub(crate) kind: RefusalKind,
    advice: String,
    /// The client's own id of what was refused.
    message_id: Option<String>,
    /// How the service stands that took no chat.
    availability: Option<Box<Availability>>,
    /// After how many seconds to try again, where that helps.
    after_s: u32,
    /// What failed, for the log.
    cause: Option<Cause>,
}

impl CustomerRefusal {
    pub(crate) fn new(kind: RefusalKind, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        Self { kind, advice, message_id: None, availability: None, after_s: 1, cause: None }
    }

    /// Says after how many seconds to try again.
    pub(crate) fn after_s(self, after_s: u32) -> Self {
        Self { after_s, ..self }
    }

    /// Says after how many milliseconds to try again.
    pub(crate) fn after_ms(self, after_ms: u64) -> Self {
        self.after_s(u32::try_from(after_ms.div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// The same with what failed, which is logged where it is answered.
    fn because(self, cause: Cause) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// Takes out what failed: another answer says it.
    pub(crate) const fn take_cause(&mut self) -> Option<Cause> {
        self.cause.take()
    }

    /// Logs what failed, if anything did. Whoever answers with it calls this.
    pub(crate) fn log(&self) {
        if let Some(cause) = &self.cause {
            cause.log();
        }
    }

    /// Takes out how the service stands that took no chat.
    pub(crate) const fn take_availability(&mut self) -> Option<Box<Availability>> {
        self.availability.take()
    }

    pub(crate) const fn retry_after_s(&self) -> u32 {
        self.after_s
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(RefusalKind::Missing, format!("The field {field} is missing; give it."))
    }

    pub(crate) fn invalid(advice: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, advice)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(
            RefusalKind::Unavailable,
            "The server cannot do this at the moment; try again shortly.",
        )
    }

    /// Says that a request was being stored when its answer was lost.
    pub(crate) fn outcome_unknown() -> Self {
        Self::new(
            RefusalKind::OutcomeUnknown,
            "Whether this was done is unknown: the server failed while it was being stored. Repeat it with the same messageId (or \
             Idempotency-Key), which does it at most once; without one, look first at what is there.",
        )
    }

    /// Tells whether what was refused may be there all the same.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.kind, RefusalKind::Unavailable | RefusalKind::OutcomeUnknown)
    }

    pub(crate) fn advice(&self) -> &str {
        &self.advice
    }

    /// Says what it was that was refused, when the client gave it an id: on CometD an answer names
    /// no request.
    pub(crate) fn about(self, message_id: Option<&str>) -> Self {
        Self { message_id: message_id.map(str::to_owned), ..self }
    }

    /// Says how the service stands, beside why it took no chat.
    pub(crate) fn while_it(self, availability: Availability) -> Self {
        Self { availability: Some(Box::new(availability)), ..self }
    }

    /// Returns the body, of which a client may trust `statusCode` and `chatEnded` alone
    /// (docs/compat/customers.md#answers).
    pub(crate) fn body(&self) -> Value {
        let (code, again, _) = self.kind.row();
        let mut body = json!({
            "statusCode": if again == Again::Later { 1 } else { 2 },
            "chatEnded": matches!(self.kind, RefusalKind::Ended | RefusalKind::NotYourChat),
            "messages": [],
            "errors": [{"code": code, "advice": self.advice}],
        });
        if let Some(message_id) = &self.message_id {
            body["messageId"] = json!(message_id);
        }
        if let Some(availability) = &self.availability {
            body["availability"] = json!(availability);
        }
        body
    }
}

impl IntoResponse for CustomerRefusal {
    fn into_response(self) -> Response {
        self.log();
        let (_, again, status) = self.kind.row();
        let mut response = (status, Json(self.body())).into_response();
        if again == Again::Later && status != StatusCode::OK {
            response.headers_mut().insert(RETRY_AFTER, self.after_s.into());
        }
        response
    }
}

impl From<StoreError> for CustomerRefusal {
    fn from(error: StoreError) -> Self {
        let refusal = match &error {
            StoreError::OutcomeUnknown { .. } => Self::outcome_unknown(),
            StoreError::Unavailable { .. }
            | StoreError::Stopped
            | StoreError::Corrupt { .. }
            | StoreError::Swept { .. } => Self::unavailable(),
        };
        refusal.because(Cause::customers_store(error))
    }
}

impl From<FileError> for CustomerRefusal {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::TooLarge { .. } => RefusalKind::FileTooLarge,
            FileError::Type { .. } => RefusalKind::FileType,
            FileError::Empty => RefusalKind::FileEmpty,
            FileError::NameTooLong { .. } => RefusalKind::FileName,
            FileError::Infected => RefusalKind::Infected,
            FileError::NotScanned(_)
            | FileError::NotKept(_)
            | FileError::NotRead(_)
            | FileError::NotWhole { .. } => RefusalKind::Unavailable,
        };
        Self::new(kind, uploads::sentence_of(&error)).because(Cause::file(error))
    }
}

impl From<UploadError> for CustomerRefusal {
    fn from(error: UploadError) -> Self {
        let kind = match error {
            UploadError::NotThere { .. } | UploadError::Broken => RefusalKind::Invalid,
            UploadError::FieldsTooLarge => RefusalKind::TooLarge,
            UploadError::TooMuchAtOnce => RefusalKind::TooMany,
            UploadError::TooMany { .. } => RefusalKind::TooManyFiles,
            UploadError::File(error) => return error.into(),
        };
        Self::new(kind, error.to_string())
    }
}

impl From<TooMuchAtOnce> for CustomerRefusal {
    fn from(_: TooMuchAtOnce) -> Self {
        Self::new(RefusalKind::TooMany, TooMuchAtOnce::ADVICE)
    }
}

impl From<NotYourChat> for CustomerRefusal {
    fn from(error: NotYourChat) -> Self {
        match error {
            NotYourChat::Unknown => Self::new(
                RefusalKind::NotYourChat,
                "There is no chat of that key; begin a new one.",
            ),
            NotYourChat::Store(error) => error.into(),
        }
    }
}

impl From<ChatRefused> for CustomerRefusal {
    fn from(refused: ChatRefused) -> Self {
        match refused {
            ChatRefused::Full { waiting } => Self::new(
                RefusalKind::Full,
                format!(
                    "{waiting} others are waiting and no more can be taken in; try again later."
                ),
            ),
            ChatRefused::Gone(error) => error.into(),
            ChatRefused::Failed(error) => error.into(),
        }
    }
}

impl From<ExecuteError> for CustomerRefusal {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Rejected(rejection) => (*rejection).into(),
            ExecuteError::NotFound(_) => NotYourChat::Unknown.into(),
            ExecuteError::KeyReused => Self::invalid(
                "The messageId belongs to another message; give each message one of its own.",
            ),
            ExecuteError::Contended(_) | ExecuteError::Overtaken(_) | ExecuteError::NotDue => {
                Self::unavailable()
            }
            ExecuteError::Store(error) => error.into(),
        }
    }
}

impl From<Rejection> for CustomerRefusal {
    fn from(rejection: Rejection) -> Self {
        match &rejection {
            Rejection::TranscriptFull => Self::new(
                RefusalKind::TranscriptFull,
                "Nothing more can be said in this chat; begin a new one.",
            ),
            Rejection::WrongState { .. }
            | Rejection::NotInConversation
            | Rejection::NoConversation => {
                Self::new(RefusalKind::Ended, "The chat has ended; begin a new one.")
            }
            Rejection::FileLimit(limit) => {
                let kind = match limit {
                    FileLimit::NeedsAgent => RefusalKind::NeedsAgent,
                    FileLimit::Uploads { .. } => RefusalKind::TooManyFiles,
                    FileLimit::Bytes { .. } => RefusalKind::FilesTooLarge,
                    FileLimit::Downloads { .. } => RefusalKind::NoDownloadsLeft,
                };
                Self::new(kind, crate::error::sentence_of(&rejection))
            }
            _ => Self::invalid(crate::error::sentence_of(&rejection)),
        }
    }
}
