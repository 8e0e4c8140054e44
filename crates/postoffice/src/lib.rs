//! E-mail: the machines of the mail crate on one side, the engine on the other, and this between
//! them.
//!
//! What comes in is read, its files are kept, and the engine is handed a letter; only then is the
//! mail server told that it was taken. What goes out is composed of a draft and handed to a relay,
//! and the engine is told what became of it.
//!
//! It deliberately speaks no mail protocol, decides nothing about what a letter belongs to, and
//! reads no configuration: which mailboxes there are is resolved once, at the start, because
//! contact centers and queues only change while no server runs.

mod addresses;
mod intake;
pub mod key;
mod marks;
pub mod oauth;
mod office;
mod outbox;
mod post;
mod settings;
mod source;

pub use addresses::{MailboxError, QueueError, queue_of};
pub use office::PostOffice;
pub use settings::{Exit, MailboxSettings, Settings};
