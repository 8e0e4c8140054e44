//! Sends a contact center's events to where its admins want them (ADR 0039).
//!
//! Each webhook is a reader of the log by itself, on one node: that which has the duty, and a claim
//! for each. Events of one interaction are sent one after the other; one that is not taken is sent
//! again and holds back that interaction alone. What is known of a webhook, up to where it has read
//! and which interactions are held back, is a record of the store, written after what it says: an
//! event may be sent twice and none is left out.
//!
//! It does not know what a message looks like ([`Wire`]), nor which addresses may be connected to
//! (`handoff_outgoing`).

mod delivery;
mod line;
mod signature;
mod standing;
mod walk;
mod worker;

pub use delivery::{Happened, Terms, Wire};
#[cfg(test)]
use line::test_message;
pub use signature::{SECRET_PREFIX, sign, written};
pub use standing::Standing;
pub use worker::Webhooks;

#[cfg(test)]
mod tests;
