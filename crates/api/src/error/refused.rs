//! The refusals to change a contact center as codes and sentences.

use handoff_provision::{CenterFileError, NotWritten, Refused, Thing};

use super::{Code, Refusal, quoted};
use crate::wire::date::print;

/// Refuses what a thing cannot be.
pub(crate) fn unfit(thing: Thing, fault: &str) -> Refusal {
    Refusal::invalid(format!("The {thing} cannot be so: {fault}; correct it."))
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let (code, sentence) = match refused {
            Refused::Absent(thing) => return Self::not_found(&thing.to_string()),
            Refused::Unknown { thing, name } => (
                Code::NotFound,
                format!("There is no {thing} named {}; check the name.", quoted(&name)),
            ),
            Refused::UnknownChannel(name) => (
                Code::NotFound,
                format!(
                    "There is no channel {} that capacity could be of; check the name.",
                    quoted(&name)
                ),
            ),
            Refused::LastAdmin(name) => (
                Code::WrongState,
                format!(
                    "{} is the last admin of the contact center; make somebody else an admin first.",
                    quoted(&name)
                ),
            ),
            Refused::Fixed { thing, property } => (
                Code::ReadOnly,
                format!("The {property} of a {thing} cannot be changed; make another {thing}."),
            ),
            Refused::Unfit { thing, fault } => return unfit(thing, &fault),
            Refused::Taken { thing, name } => (
                Code::AlreadyExists,
                format!("There is another {thing} named {}; choose another name.", quoted(&name)),
            ),
            Refused::TooMany { thing, most } => (
                Code::WrongState,
                format!("There are {most} {thing}s, as many as there may be; remove one first."),
            ),
            Refused::Rotating { until } => (
                Code::WrongState,
                format!(
                    "The secret before the present one is good until {}; wait until then, or give lost: true if nobody has the present one.",
                    print(until)
                ),
            ),
            Refused::InUse { thing, by } => (
                Code::InUse,
                format!("The {thing} is in use by {by}, and perhaps by others; change them first."),
            ),
        };
        Self::new(code, sentence)
    }
}

/// Why one thing was not removed.
impl From<CenterFileError> for Refusal {
    fn from(error: CenterFileError) -> Self {
        match error {
            CenterFileError::NoPlace(why) | CenterFileError::CameMeanwhile(why) => Self::new(
                Code::InUse,
                format!(
                    "It was not removed: {why}. Let them be finished or moved first; for those of a user workTo can name a queue."
                ),
            ),
            CenterFileError::WorkTo(why) => {
                Self::invalid(format!("The parameter workTo cannot be so: {why}; correct it."))
            }
            CenterFileError::Store(error) => error.into(),
            CenterFileError::Conflict(_)
            | CenterFileError::Stuck(_)
            | CenterFileError::Work { .. } => Self::unavailable(),
            CenterFileError::Unreadable { .. }
            | CenterFileError::Wrong(_)
            | CenterFileError::Password { .. } => Self::internal(),
        }
    }
}

/// Why a contact center was not written down.
impl From<NotWritten> for Refusal {
    fn from(why: NotWritten) -> Self {
        let code = match why {
            NotWritten::Nothing | NotWritten::Unknown { .. } => Code::NotFound,
            NotWritten::Several(_) => Code::MissingParameter,
            NotWritten::Unreadable(_) => {
                // Which it is may be another contact center's business.
                let why = "The contact center is not written: a part of the configuration cannot be \
                           read. Whoever operates the server finds it with `handoff doctor`.";
                return Self::new(Code::Internal, why);
            }
        };
        Self::new(code, format!("The contact center is not written: {why}."))
    }
}
