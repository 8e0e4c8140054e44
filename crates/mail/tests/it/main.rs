//! Black-box tests of the mail crate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bombs;
mod dialogues;
mod hostile;
mod html;
mod imap;
mod letters;
mod lmtp;
mod outgoing;
mod peers;
mod quotes;
mod reading;
mod reports;
mod smtp;
mod tokens;
