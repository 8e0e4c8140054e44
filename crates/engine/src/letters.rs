//! Letters: how e-mails come in, what they answer, and whom they are from.
//!
//! No mail protocol is spoken here. Whoever fetches letters hands them to
//! [`Letters::take_in_letter`]; how drafts go out is the outbox's, a worker.
//!
//! Two things are remembered of every message for good, as receipts: that it was taken in, so that
//! a second copy is none; and which interaction has its `Message-ID`, so that answers to it and
//! reports on it find it.

mod contacts;
mod copies;
mod intake;
mod letter;
mod profiles;
mod quota;
mod threading;

pub use contacts::{Contacts, contact_id};
pub use intake::Letters;
pub use letter::{NewLetter, RawMessage, TakenIn, has_message_id};
pub use profiles::{NotWritten, ProfileChange, WriteDown};
