//! The center file: everything a contact center consists of, as one TOML file that is applied whole
//! (docs/compat/center.md#center-file).
//!
//! A file is read ([`form`]), its names are looked up and its things get their ids ([`resolve`]),
//! the result is compared with what is stored ([`difference`]) and, once the difference was told,
//! committed ([`apply`]). Applying a file twice changes nothing the second time. What the file does
//! not name stays, unless pruning is asked for.
//!
//! What is stored is written down as a file by which nothing would change ([`written`]).
//!
//! It works on a store alone, or with the engine that has it, also while it serves ([`Way`]).

mod apply;
mod difference;
mod error;
mod file;
mod form;
mod listener;
mod passing;
mod passwords;
mod plan;
mod removing;
mod resolve;
mod written;

#[cfg(test)]
mod tests;

pub use difference::Difference;
pub use error::CenterFileError;
pub use file::{CenterFile, Unnamed};
pub use listener::{Listener, Outcome, QUIETLY, Told};
pub use passwords::Passwords;
pub use plan::{Plan, Way};
pub use removing::Removing;
pub use written::{NotWritten, Reader, center_named, write_down};
