//! The refusals to change a contact center as codes and sentences.

use handoff_provision::{Refused, Thing};

use super::{Code, Refusal, quoted};

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
            Refused::Fixed { thing, property } => (
                Code::ReadOnly,
                format!("The {property} of a {thing} cannot be changed; make another {thing}."),
            ),
            Refused::Taken { thing, name } => (
                Code::AlreadyExists,
                format!("There is another {thing} named {}; choose another name.", quoted(&name)),
            ),
            Refused::InUse { thing, by } => (
                Code::InUse,
                format!("The {thing} is in use by {by}, and perhaps by others; change them first."),
            ),
        };
        Self::new(code, sentence)
    }
}
