//! Fetches mail from a folder of an IMAP server (RFC 3501), for as long as it is let.
//!
//! One [`run`] serves one mailbox: it connects, takes in every message above the checkpoint, waits
//! for more (`IDLE`, else by asking every so often) and connects again when something breaks. What
//! must stay true (S17 in ARCHITECTURE.md):
//!
//! - Reading changes nothing on the server (`BODY.PEEK`). A message is flagged, moved or deleted,
//!   and the checkpoint moved on, only after [`Intake::take_in`] has answered for it; so whatever
//!   breaks wherever, the message comes again.
//! - A UIDVALIDITY other than the checkpoint's means reading the whole folder again; the intake
//!   knows what it has.
//! - One bad message never keeps the others out; a message that cannot be fetched comes with its
//!   headers only and stays in the folder.
//! - Nothing that the server says is believed without a bound on its size and its time.
//!
//! It is written over its own reader of responses instead of `async-imap` 0.12, in which a `SEARCH`
//! or `FETCH` that was refused looks like an empty folder, a literal may fill 512 MiB before its
//! size can be judged, and errors carry the text of messages.

mod date;
mod folder;
mod pace;
pub mod response;
mod round;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::login::Login;
use crate::ports::{Checkpoints, Intake, NotNow};
use crate::tls::{Broken, Endpoint, NoConnection};
use pace::Pace;
use round::Memory;
use session::Session;

pub use round::Tally;

/// What is done with a message once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// It stays, marked `\Seen`, and with the keyword if there is one.
    Flag {
        /// A keyword such as `$Handoff`; letters, digits and `$_-.` only.
        keyword: Option<String>,
    },
    /// It is marked `\Seen` and moved to a folder, which is made if need be.
    Move { folder: String },
    /// It is deleted for good; only it: on a server without UIDPLUS it stays marked `\Deleted`.
    Delete,
}

/// What is done with a message that was refused or came with its headers only. It is never deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It stays, marked `\Flagged`.
    Flag,
    /// It is marked `\Flagged` and moved to a folder, which is made if need be.
    Move { folder: String },
}

/// Where reading starts in a folder that has no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With everything that lies in it.
    Everything,
    /// With what comes after the first look.
    OnlyNew,
}

/// A mailbox to fetch from.
#[derive(Clone, Debug)]
pub struct ImapMailbox {
    /// Its configured name.
    pub name: String,
    /// The server.
    pub endpoint: Endpoint,
    /// How to log in.
    pub login: Login,
    /// The folder, such as `INBOX`.
    pub folder: String,
    /// Where reading starts at the first time.
    pub start: Start,
    /// What is done with messages that were taken in.
    pub after: After,
    /// What is done with those that were not, or only in part.
    pub aside: Aside,
    /// Bounds and times.
    pub limits: ImapLimits,
}

/// Bounds and times of fetching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapLimits {
    /// The largest message that is fetched whole, in bytes. Default 26 214 400 (25 MiB,
    /// docs/testing.md#sizes-of-mail).
    pub message_bytes_max: u32,
    /// How much of the headers of a larger one is fetched, in bytes. Default 262 144 (256 KiB,
    /// docs/testing.md#sizes-of-mail).
    pub header_bytes_max: u32,
    /// How long one step of a command may take, in ms. Default 60 000.
    pub command_ms: u64,
    /// How long a whole command may take, in ms. Default 300 000: 25 MiB on a slow line.
    pub exchange_ms: u64,
    /// How long to wait between looks at a folder without `IDLE`, in ms. Default 60 000.
    pub poll_ms: u64,
    /// How long one `IDLE` lasts, whatever the server says meanwhile, in ms. Default 300 000: the
    /// folder is looked at after it, so that a server that forgets to tell (chatmail/async-imap#96)
    /// costs five minutes at most.
    pub idle_ms: u64,
    /// How long the end of an `IDLE` may take before the connection is given up, in ms. Default 15
    /// 000 (chatmail/core#975).
    pub done_ms: u64,
    /// The shortest wait after a failure, in ms. Default 1 000; it doubles with each failure.
    pub retry_ms_min: u64,
    /// The longest wait after a failure, in ms. Default 300 000.
    pub retry_ms_max: u64,
    /// The shortest wait after a refused login, in ms. Default 60 000: many servers lock an account
    /// that tries more often.
    pub login_retry_ms_min: u64,
}

impl Default for ImapLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 25 * 1024 * 1024,
            header_bytes_max: 256 * 1024,
            command_ms: 60_000,
            exchange_ms: 300_000,
            poll_ms: 60_000,
            idle_ms: 300_000,
            done_ms: 15_000,
            retry_ms_min: 1_000,
            retry_ms_max: 300_000,
            login_retry_ms_min: 60_000,
        }
    }
}

/// What is wrong, by what one would do about it.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// There is no safe connection.
    #[error("no connection to the IMAP server")]
    Connection(#[source] NoConnection),
    /// The server has no TLS to offer on this port, or refused to begin it.
    #[error("the IMAP server offers no STARTTLS")]
    NoStartTls,
    /// The login was refused, or there is no way to log in that both sides know.
    #[error("the IMAP server refused the login")]
    Login,
    /// The connection broke.
    #[error("the connection to the IMAP server broke")]
    Broken(#[source] Broken),
    /// The server refused a command that has to work.
    #[error("the IMAP server refused {command}")]
    Refused { command: &'static str },
    /// The server said what no IMAP server says there, or more than is bearable.
    #[error("the IMAP server answered with {what}")]
    Nonsense {
        /// What it was.
        what: &'static str,
    },
    /// The messages cannot be taken in, or the checkpoint not be kept, at the moment.
    #[error("messages cannot be taken in at the moment")]
    NotNow(#[source] NotNow),
}

impl ImapError {
    /// Returns a short fixed name for metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::NoStartTls => "no_starttls",
            Self::Login => "login",
            Self::Broken(_) => "broken",
            Self::Refused { .. } => "refused",
            Self::Nonsense { .. } => "nonsense",
            Self::NotNow(_) => "not_now",
        }
    }
}

/// What a mailbox's machine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It connects and logs in.
    #[default]
    Connecting,
    /// It takes messages in.
    Reading,
    /// It waits to be told of new messages (`IDLE`).
    Idling,
    /// It waits for the time of its next look.
    Waiting,
    /// Something failed, and it waits before it tries again.
    BackingOff,
    Stopped,
}

/// How a mailbox's machine is doing, for metrics and the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// What it is doing.
    pub phase: Phase,
    /// What it has done since its start.
    pub tally: Tally,
    /// How many looks at the folder went well since its start.
    pub looks: u64,
    /// How often in a row it has failed; 0 as soon as a look at the folder went well.
    pub failures: u32,
    /// What the last failure was ([`ImapError::name`]); `None` when there is none since the last
    /// good look.
    pub last_failure: Option<&'static str>,
}

/// What a mailbox's machine works with.
pub struct ImapPorts {
    /// Takes the messages in.
    pub intake: Arc<dyn Intake>,
    /// Keeps how far the folder was read.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// Is told how the machine is doing.
    pub status: watch::Sender<MailboxStatus>,
    /// Any number that differs between servers: it spreads their attempts after a common failure.
    pub spread: u64,
}

/// Fetches a mailbox's messages until it is stopped.
///
/// Stopping, or dropping the future, may leave a message taken in but not flagged; the next run
/// finds that out.
pub async fn run(mailbox: ImapMailbox, ports: ImapPorts, stop: CancellationToken) {
    let mut machine = Machine {
        pace: Pace::new(&mailbox, ports.spread),
        memory: Memory::default(),
        mailbox,
        ports,
    };
    tokio::select! {
        () = stop.cancelled() => {}
        never = Box::pin(machine.serve()) => match never {},
    }
    machine.show(Phase::Stopped);
}

/// One mailbox's state over all its connections.
struct Machine {
    mailbox: ImapMailbox,
    ports: ImapPorts,
    pace: Pace,
    memory: Memory,
}

impl Machine {
    async fn serve(&mut self) -> std::convert::Infallible {
        loop {
            self.show(Phase::Connecting);
            let Err(error) = self.connected().await;
            let wait = self.pace.after(&error);
            let failures = self.pace.failures();
            tracing::warn!(
                mailbox.name = %self.mailbox.name,
                trouble = error.name(),
                error = &error as &dyn std::error::Error,
                failures,
                wait_ms = wait.as_millis(),
                "fetching mail failed; trying again"
            );
            self.ports.status.send_modify(|status| {
                status.phase = Phase::BackingOff;
                status.failures = failures;
                status.last_failure = Some(error.name());
            });
            sleep(wait).await;
        }
    }

    /// Does everything that can be done over one connection; ends only when something fails.
    async fn connected(&mut self) -> Result<std::convert::Infallible, ImapError> {
        let mut session = Session::open(&self.mailbox).await?;
        loop {
            self.show(Phase::Reading);
            let read =
                round::read(&mut session, &self.mailbox, &self.ports, &mut self.memory).await;
            let tally = self.memory.tally;
            self.ports.status.send_modify(|status| status.tally = tally);
            read?;
            self.pace.went_well();
            self.ports.status.send_modify(|status| {
                status.looks += 1;
                status.failures = 0;
                status.last_failure = None;
            });
            self.wait(&mut session).await?;
        }
    }

    async fn wait(&mut self, session: &mut Session) -> Result<(), ImapError> {
        if session.has_news() {
            // It was told between the search and now, and will not be told again.
            return Ok(());
        }
        if session.can_idle() {
            self.show(Phase::Idling);
            session.idle().await
        } else {
            self.show(Phase::Waiting);
            sleep(Duration::from_millis(self.mailbox.limits.poll_ms)).await;
            Ok(())
        }
    }

    fn show(&self, phase: Phase) {
        self.ports.status.send_modify(|status| status.phase = phase);
    }
}
