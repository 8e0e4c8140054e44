//! The e-mail edge: messages in and out, mailboxes and relays.

pub mod address;
pub mod html;
pub mod imap;
pub mod letter;
pub mod lmtp;
pub mod login;
pub mod outgoing;
pub mod ports;
pub mod quote;
pub mod smtp;
pub mod tls;
pub mod token;
