//! Hands messages to a relay by SMTP (RFC 5321), and says exactly what became of each.
//!
//! What must stay true (S18 in ARCHITECTURE.md):
//!
//! - [`Outcome::Unknown`] is said if, and only if, the connection failed between the first byte of
//!   the final dot and the answer to it: the relay may or may not have the message (RFC 1047), and
//!   a second attempt may make a second copy. Everything else is certain.
//! - Nothing is sent to a part of the recipients: unless all are accepted, no content is sent, and
//!   the refusal names who was refused.
//! - Only CRLF ends a line in what is sent; a message with a lone CR or LF, and an address with
//!   anything that could end a command, never gets as far as the connection.
//!
//! It is written over its own connection instead of `lettre`'s: that cannot tell before the final
//! dot from after it, and keeps what it had read before the encryption of `STARTTLS` began. Lettre
//! builds the messages.

mod connection;
mod pool;
pub mod reply;

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::login::Login;
use crate::tls::Endpoint;
use pool::Pool;

pub use reply::Reply;

/// A relay to send by.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// The server.
    pub endpoint: Endpoint,
    /// How to log in; `None` where the relay knows us by our address.
    pub login: Option<Login>,
    /// The name that we say we have (`EHLO`): one that resolves to this machine, or an address in
    /// brackets.
    pub hello_name: String,
    /// Bounds and times.
    pub limits: RelayLimits,
}

/// Bounds and times of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayLimits {
    /// The most connections at a time; a message more waits. Default 4: relays count them per
    /// client.
    pub connections_max: usize,
    /// How long a connection is kept for the next message, in ms. Default 30 000; servers close
    /// theirs after a minute to five.
    pub keep_ms: u64,
    /// How long connecting may take, in ms. Default 30 000.
    pub connect_ms: u64,
    /// How long the answer to a command may take, in ms. Default 300 000 (RFC 5321, section
    /// 4.5.3.2).
    pub reply_ms: u64,
    /// How long the answer to the final dot may take, in ms. Default 600 000 (RFC 5321, section
    /// 4.5.3.2.6: giving up earlier makes copies).
    pub dot_ms: u64,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            connections_max: 4,
            keep_ms: 30_000,
            connect_ms: 30_000,
            reply_ms: 300_000,
            dot_ms: 600_000,
        }
    }
}

/// A message with the addresses that the relay is told.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Where reports on it go; `None` for the null sender, which programs' answers have.
    pub sender: Option<&'a str>,
    /// Everybody who gets it.
    pub recipients: &'a [String],
    /// The message, with CRLF at the end of each line.
    pub raw: &'a [u8],
}

/// A recipient that the relay did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecipient {
    pub address: String,
    /// What the relay said.
    pub reply: Reply,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The relay said so.
    Reply(Reply),
    /// The relay took some recipients but not these; nobody was sent anything.
    Recipients(Vec<RefusedRecipient>),
    /// There is no connection, or it broke before the final dot; [`crate::tls::NoConnection`] or
    /// the like, as a short fixed name.
    Connection(&'static str),
    /// The relay refused the login, or the token could not be got.
    Login,
    /// It cannot be sent as it is; a sentence.
    Message(&'static str),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has taken it over for all recipients.
    Sent {
        /// What it said.
        reply: Reply,
    },
    /// It was not sent; a later attempt may do better.
    Temporary(Cause),
    /// It was not sent and never will be like this.
    Permanent(Cause),
    /// It may or may not have been sent: the connection was lost after the final dot. A later
    /// attempt has to bear the same `Message-ID`.
    Unknown,
}

/// Sends by one relay.
#[derive(Debug)]
pub struct Relay {
    config: RelayConfig,
    pool: Pool,
    slots: Semaphore,
}

impl Relay {
    /// Makes a sender; it connects when there is something to send.
    #[must_use]
    pub fn new(config: RelayConfig) -> Self {
        let slots = Semaphore::new(config.limits.connections_max.max(1));
        let pool = Pool::new(Duration::from_millis(config.limits.keep_ms));
        Self { config, pool, slots }
    }

    /// Sends a message and says what became of it.
    ///
    /// A dropped future leaves the message as [`Outcome::Unknown`] does.
    pub async fn send(&self, envelope: Envelope<'_>) -> Outcome {
        if let Err(fault) = connection::check(&envelope) {
            return Outcome::Permanent(Cause::Message(fault));
        }
        let Ok(_slot) = self.slots.acquire().await else {
            return Outcome::Temporary(Cause::Connection("stopped"));
        };
        Box::pin(self.send_checked(&envelope)).await
    }
}
