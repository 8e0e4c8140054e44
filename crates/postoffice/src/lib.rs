//! E-mail: the machines of the mail crate on one side, the engine on the other, and this between
//! them.
//!
//! What comes in is read, its files are kept, and the engine is handed a letter; only then is the
//! mail server told that it was taken. What goes out is composed of a draft and handed to a relay,
//! and the engine is told what became of it.
//!
//! It deliberately speaks no mail protocol, decides nothing about what a letter belongs to, and
//! reads no configuration. Which mailboxes there are is in the directory, and is followed while the
//! server runs: every letter and every mail goes by the directory as it is then, and whoever
//! fetches is started, changed and stopped with it.

mod addresses;
mod collectors;
mod connections;
mod fetching;
mod intake;
pub mod key;
mod marks;
pub mod oauth;
mod office;
mod outbox;
mod post;
mod relays;
mod source;

pub use connections::{Connections, Lmtp};
pub use fetching::{Fetching, MailboxState};
pub use office::{PostOffice, Settings};
