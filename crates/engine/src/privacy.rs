//! Privacy: what belongs to somebody outside, and its erasure.
//!
//! What an interaction has beside its record is found here for whoever removes it: `belongings`.
//! [`Erasures`] takes out all words of a contact; a worker goes on with it.

mod belongings;
mod erasures;
mod receipts;

pub(crate) use belongings::{Belongings, Parting};
pub use erasures::{Erasures, NotErased, Weighed, WishToErase};
