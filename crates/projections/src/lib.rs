//! Readers of the log that keep what they make of it: the counters, and the index of search.
//!
//! A [`Projection`] has a storage of its own, so that a command costs the same however many of them
//! there are, and keeps in it how far it has read. A [`Reader`] feeds it: first from the records
//! and the kept history, then from the log. What a projection keeps can always be made again, and
//! nothing of it is ever written into the log.

pub mod counters;
pub mod search;

mod file;
mod projection;
mod reader;

#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use projection::{Cursor, News, Projection, ProjectionError, Standing};
pub use reader::Reader;
pub use search::{Search, Sweep};
