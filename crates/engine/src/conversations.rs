//! Conversations: how a chat begins, who may act as its customer, what they do, and what they are
//! told beside what was said.
//!
//! What was said is in the history of the interaction. Who is typing, when a customer was last
//! heard of and how fast a queue moves are forgotten with the process, and none of it decides about
//! an interaction without the rules.

mod customer;
mod key;
mod request;
mod telling;

pub use customer::{Conversations, NotYourChat};
pub use key::RequestName;
pub use request::{ChatRefused, NewChat, OpenedChat};
