//! The one write path: load, decide, commit, wake.
//!
//! A retry happens here and nowhere else: when a guard fails, everything is read again and decided
//! again. Nothing is told to anybody before the commit is durable, and what is told afterwards are
//! hints; the truth is in the rows.
//!
//! Here is no rule: what a command does is decided in the domain, and here is gathered what the
//! decision may look up.

mod adviser;
mod batch;
mod commits;
mod counts;
mod execute;
mod external_ids;
mod lanes;
mod load;
mod message_ids;
mod request;
mod versions;
mod world;

pub use counts::{CommandCount, Outcome};
pub use execute::Commands;
pub use external_ids::{external_ids_of_account, external_ids_of_center, external_ids_of_service};
pub use request::{CommandRequest, Done, ExecuteError, Opening};

pub(crate) use commits::Standing;
pub(crate) use load::Read;
pub(crate) use message_ids::{known_message, message_ids};
pub(crate) use request::Failure;
