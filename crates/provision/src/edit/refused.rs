//! Why a change is not made.

use handoff_domain::Time;

use crate::thing::Thing;

/// A contact center is not changed as was wished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The contact center has none of that id.
    #[error("there is no {0} of that id")]
    Absent(Thing),
    /// It has none of that name.
    #[error("there is no {thing} named {name:?}")]
    Unknown { thing: Thing, name: String },
    /// It has no channel of that name.
    #[error("there is no channel {0:?}")]
    UnknownChannel(String),
    /// Nobody would be left who may change it.
    #[error("{0:?} is the last admin")]
    LastAdmin(String),
    /// A property never changes.
    #[error("the {property} of a {thing} cannot be changed")]
    Fixed { thing: Thing, property: &'static str },
    /// It cannot be so beside the rest of what it is.
    #[error("the {thing} cannot be so: {fault}")]
    Unfit { thing: Thing, fault: String },
    /// It has another one of that name.
    #[error("there is another {thing} named {name:?}")]
    Taken { thing: Thing, name: String },
    /// It has as many of them as it may.
    #[error("there are {most} of {thing} already")]
    TooMany { thing: Thing, most: usize },
    /// The secret before the present one is still good.
    #[error("the secret was changed a short time ago")]
    Rotating { until: Time },
    /// Something refers to what is to be removed.
    #[error("the {thing} is in use by {by}")]
    InUse {
        thing: Thing,
        /// What refers to it, as people call it.
        by: String,
    },
}
