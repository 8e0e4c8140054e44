//! Files on their way in and out, whoever sends them and whatever they belong to.
//!
//! A file is written down while it arrives and kept only when everything about it is right: its
//! type by what is in it, the scanner's word, its size. Until then nobody can read it, and a
//! refused one leaves nothing. The bytes come first and the record that tells of them after, so
//! what a crash leaves between the two is found by the sweep.
//!
//! It deliberately knows neither forms nor answers of HTTP, and decides nothing about interactions:
//! who may send what is asked before a file gets here.

mod arrival;
mod clamd;
pub mod directory;
mod error;
mod keeper;
mod kind;
mod letter;
pub mod space;
pub mod sweep;

pub use arrival::{Arrival, Arrived};
pub use error::FileError;
pub use keeper::{FileKeeper, Options};
pub use kind::{Taken, check_name, clean_name};
pub use letter::KeptLetter;
