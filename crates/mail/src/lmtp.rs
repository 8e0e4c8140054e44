//! Takes messages from a mail server by LMTP (RFC 2033): one answer per recipient, after the
//! message is durable.
//!
//! What must stay true:
//!
//! - 250 is said only after [`Intake::take_in`] has answered (S17 in ARCHITECTURE.md); "not now" is
//!   451, and the mail server keeps the message.
//! - Recipients of one mailbox share one message: they are taken in once, and all get its answer.
//! - Only `CRLF . CRLF` ends a message. One with a lone CR or LF anywhere is refused whole, since
//!   another server may see its end elsewhere (SMTP smuggling, CVE-2023-51764).
//! - It listens for programs of the same machine: on loopback or a Unix socket. There is neither
//!   login nor encryption.

pub mod command;
mod connection;
pub mod data;
mod listener;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::{Intake, NotNow};
use connection::Connection;
pub use listener::LmtpListener;

/// Knows which addresses are ours.
pub trait Recipients: Send + Sync + 'static {
    /// Returns the mailbox that an address belongs to; `None` when it is not ours.
    ///
    /// # Errors
    ///
    /// When that is not known now; whoever asks is told to come again.
    fn mailbox(&self, address: &str) -> Result<Option<String>, NotNow>;
}

/// How to serve.
#[derive(Clone)]
pub struct LmtpConfig {
    /// The name in greetings.
    pub host_name: String,
    /// Which addresses are ours.
    pub recipients: Arc<dyn Recipients>,
    /// Bounds and times.
    pub limits: LmtpLimits,
}

/// Bounds and times of serving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LmtpLimits {
    /// The largest message, in bytes. Default 26 214 400 (25 MiB, docs/testing.md#sizes-of-mail).
    pub message_bytes_max: usize,
    /// The longest command line, in bytes. Default 8 192.
    pub line_bytes_max: usize,
    /// The most recipients of a message. Default 100 (RFC 5321, section 4.5.3.1.8, asks for as
    /// many).
    pub recipients_max: usize,
    /// The most connections; one more is told 421. Default 10: with a message each they hold 250
    /// MiB.
    pub connections_max: usize,
    /// The most commands of a connection. Default 10 000.
    pub commands_max: u32,
    /// The most commands of a connection that are wrong. Default 20.
    pub errors_max: u32,
    /// How long a connection may be silent, in ms. Default 300 000 (RFC 5321, section 4.5.3.2.7).
    pub silence_ms: u64,
    /// How long the content of one message may take to arrive, in ms. Default 600 000.
    pub content_ms: u64,
}

impl Default for LmtpLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 25 * 1024 * 1024,
            line_bytes_max: 8 * 1024,
            recipients_max: 100,
            connections_max: 10,
            commands_max: 10_000,
            errors_max: 20,
            silence_ms: 300_000,
            content_ms: 600_000,
        }
    }
}

/// Serves until it is stopped; a message whose content has arrived is still taken in and answered.
pub async fn serve(
    listener: LmtpListener,
    config: LmtpConfig,
    intake: Arc<dyn Intake>,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(config.limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let wire = tokio::select! {
            () = stop.cancelled() => break,
            wire = listener.accept(Duration::from_millis(config.limits.silence_ms)) => wire,
            // Those that have ended are forgotten as they end.
            Some(_) = connections.join_next() => continue,
        };
        let slot = slots.clone().try_acquire_owned().ok();
        let connection = Connection::new(wire, config.clone(), intake.clone(), stop.clone());
        connections.spawn(async move {
            match slot {
                Some(_held) => Box::pin(connection.serve()).await,
                None => connection.turn_away().await,
            }
        });
    }
    while connections.join_next().await.is_some() {}
}

/// Returns the mailboxes of some recipients, each once.
fn mailboxes(recipients: &[(String, String)]) -> BTreeSet<&str> {
    recipients.iter().map(|(_, mailbox)| mailbox.as_str()).collect()
}
