//! Desks: agents' contact-center sessions, channel states and reach, what happens to the work of
//! one who is gone, and the supervisors who follow them.
//!
//! A desk is changed under its own guard, by itself or together with an interaction; what it holds
//! is taken from it by commands, one interaction at a time.

mod change;
mod error;
mod presence;
mod retire;
mod sessions;
mod silence;
mod supervision;

pub use change::Desks;
pub use error::AgentError;
pub use sessions::{ChannelChange, Watch};
