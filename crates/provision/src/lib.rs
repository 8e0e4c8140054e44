//! What a contact center may be, the difference of two, and how one becomes the other.
//!
//! A center is written down as a center file. It is validated whole, compared with what is stored,
//! and the difference is committed under guards. What a request may change as well is described in
//! the one form that files and requests share ([`QueueDescription`], …), which says what it may be;
//! an [`Editor`] decides what becomes of a contact center when one thing of it is changed.
//! What knows of HTTP, of password hashes and of where the text comes from is outside: passwords
//! are a port ([`Passwords`]).

mod center_file;
mod changing;
mod disposition;
mod edit;
mod name;
mod opening_hours;
mod origins;
mod queue_description;
mod reason;
mod response_description;
mod retention;
mod service_description;
pub mod template;
mod thing;
mod time_span;
pub mod toml_place;
mod user_description;
mod webhook_description;
mod workbin_description;

pub use center_file::{
    CenterFile, CenterFileError, Difference, Listener, NotWritten, Outcome, Passwords, Plan,
    QUIETLY, Reader, Removing, Told, Unnamed, Way, center_named, write_down,
};
pub use changing::{By, change_set};
pub use disposition::DispositionDescription;
pub use edit::{
    Edit, Editor, GivenPassword, NotReplaced, Refused, Replaces, add_own_response,
    change_own_response, own_response_version, remove_own_response, replace_password,
};
pub use name::NamedDescription;
pub use opening_hours::{HoursDescription, exceptions_as_texts, hours_as_texts};
pub use origins::{is_origin, is_origin_pattern};
pub use queue_description::{
    Perhaps, QueueDescription, QueueFault, QueueField, QueueNames, StepDescription,
};
pub use reason::ReasonDescription;
pub use response_description::ResponseDescription;
pub use retention::{RetentionDescription, RetentionFault};
pub use service_description::{FilesDescription, ServiceDescription, ServiceFault};
pub use thing::Thing;
pub use time_span::{InvalidTimeSpan, TimeSpan};
pub use user_description::{UserDescription, UserFault, UserField, UserNames};
pub use webhook_description::WebhookDescription;
pub use workbin_description::{OwnerKind, WorkbinDescription, WorkbinFault, WorkbinField};
