//! Promised answers: what a user was told would come by notification, rendered and kept until every
//! node has given it to the sessions that it holds.
//!
//! They are neither events nor records. Nobody asks for one again: whoever was not subscribed when
//! it was promised does not get it, and after a minute it is gone.

use std::sync::Arc;

use handoff_domain::{Time, Topic, UserId};

/// Answers that are kept for one user; when more are promised the oldest go. One request makes at
/// most some forty (a chat of [`Chat::ENTRIES_MAX`](handoff_domain::Chat::ENTRIES_MAX) in messages
/// of [`Chat::SHOWN_ENTRIES_MAX`](handoff_domain::Chat::SHOWN_ENTRIES_MAX) on two topics).
pub const PROMISED_MAX: usize = 256;
/// What the answers kept for one user may take, in bytes; the oldest go. What one commit promises
/// is kept whole, whatever it takes.
pub const PROMISED_BYTES_MAX: usize = 8 << 20;

/// An answer to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedAnswer {
    pub to: UserId,
    /// Where it comes.
    pub topic: Topic,
    /// The data of the message.
    pub body: Arc<str>,
    /// Until when it is kept.
    pub until: Time,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedRow {
    /// Its place among the answers to all users: it grows in the order in which commits become
    /// visible. It is the store's own, and clients never see it.
    pub number: u64,
    pub topic: Topic,
    pub body: Arc<str>,
}

/// How far promised answers have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromisedEnd {
    /// The number of the last; zero before the first.
    pub last: u64,
    /// To whom the kept ones after the number asked for are, in order.
    pub to: Vec<UserId>,
}
