//! One connection of a mail server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::command::{self, Command};
use super::data::{Content, Spoilt};
use super::{LmtpConfig, mailboxes};
use crate::ports::{Arrival, Extent, Intake, Source, Taken};
use crate::tls::{Broken, Wire};

/// How long the goodbye to one connection too many may take, in ms.
const TURN_AWAY_MS: u64 = 1_000;
/// How many times the largest message may be sent as content before the connection is cut off
/// instead of read on.
const EXCESS_MAX: usize = 4;

const BUSY: &str = "421 4.3.2 Too many connections; come again later";
const STOPPING: &str = "421 4.3.2 The server is stopping; come again later";
const TOO_MUCH: &str = "421 4.7.0 Too many commands";
const TOO_LONG: &str = "500 5.5.2 The line is too long";
const TOO_LARGE: &str = "552 5.3.4 The message is too large";
const LONE_LINE_END: &str = "554 5.6.0 The message has a CR or LF that is no line end";
const NOT_NOW: &str = "451 4.3.0 The message was not taken in for certain; send it again later";

/// A message that was begun.
#[derive(Debug)]
struct Begun {
    sender: Option<String>,
    /// Each recipient with its mailbox, in the order of their commands, which is the order of the
    /// answers.
    recipients: Vec<(String, String)>,
}

/// What a command leads to.
enum Next {
    /// The next command.
    Go,
    End,
}

/// A connection and how far its dialogue is.
pub(super) struct Connection {
    wire: Wire,
    config: LmtpConfig,
    intake: Arc<dyn Intake>,
    stop: CancellationToken,
    is_greeted: bool,
    begun: Option<Begun>,
    errors: u32,
}

impl Connection {
    pub(super) const fn new(
        wire: Wire,
        config: LmtpConfig,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> Self {
        Self { wire, config, intake, stop, is_greeted: false, begun: None, errors: 0 }
    }

    /// Says that there are too many.
    pub(super) async fn turn_away(mut self) {
        self.wire.set_patience(Duration::from_millis(TURN_AWAY_MS));
        // Whoever does not read it learns it from the closed connection.
        let _ = self.say(BUSY).await;
        let _ = self.wire.send().await;
    }

    /// Serves until either side ends it.
    pub(super) async fn serve(mut self) {
        let ended = match self.dialogue().await {
            Ok(()) => self.wire.send().await,
            broken => broken,
        };
        if let Err(broken) = ended {
            tracing::debug!(error = &broken as &dyn std::error::Error, "an LMTP connection broke");
        }
    }

    async fn dialogue(&mut self) -> Result<(), Broken> {
        let host = self.config.host_name.clone();
        self.say(&format!("220 {host} LMTP")).await?;
        for _ in 0..self.config.limits.commands_max {
            let stopping = self.stop.clone();
            let line = tokio::select! {
                // First, so that what has arrived before the stop does not begin another message
                // after it.
                biased;
                () = stopping.cancelled() => return self.say(STOPPING).await,
                line = self.wire.line(self.config.limits.line_bytes_max) => line,
            };
            match line {
                Ok(line) => match self.obey(&line).await? {
                    Next::Go => {}
                    Next::End => return Ok(()),
                },
                Err(Broken::LineTooLong) => return self.say(TOO_LONG).await,
                Err(broken) => return Err(broken),
            }
            if self.errors >= self.config.limits.errors_max {
                break;
            }
        }
        self.say(TOO_MUCH).await
    }

    async fn obey(&mut self, line: &[u8]) -> Result<Next, Broken> {
        match command::parse(line) {
            Err(fault) => self.object(fault).await?,
            Ok(Command::Quit) => {
                self.say("221 2.0.0 Goodbye").await?;
                return Ok(Next::End);
            }
            Ok(Command::Hello) => self.hello().await?,
            Ok(Command::Nothing) => self.say("250 2.0.0 Yes").await?,
            Ok(Command::Verify) => self.say("252 2.0.0 Send it and see").await?,
            Ok(Command::Reset) => {
                self.begun = None;
                self.say("250 2.0.0 Forgotten").await?;
            }
            Ok(_) if !self.is_greeted => self.object("503 5.5.1 Say LHLO first").await?,
            Ok(Command::Mail { sender, size_bytes }) => self.begin(sender, size_bytes).await?,
            Ok(Command::Recipient(address)) => self.recipient(address).await?,
            Ok(Command::Data) => return self.data().await,
        }
        Ok(Next::Go)
    }

    async fn hello(&mut self) -> Result<(), Broken> {
        self.is_greeted = true;
        self.begun = None;
        let (host, size) = (&self.config.host_name, self.config.limits.message_bytes_max);
        let answer = format!(
            "250-{host}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {size}"
        );
        self.say(&answer).await
    }

    async fn begin(
        &mut self,
        sender: Option<String>,
        size_bytes: Option<u64>,
    ) -> Result<(), Broken> {
        if self.begun.is_some() {
            return self.object("503 5.5.1 A message has already been begun").await;
        }
        if size_bytes.is_some_and(|size| size > self.config.limits.message_bytes_max as u64) {
            return self.say(TOO_LARGE).await;
        }
        self.begun = Some(Begun { sender, recipients: Vec::new() });
        self.say("250 2.1.0 Go on").await
    }

    async fn recipient(&mut self, address: String) -> Result<(), Broken> {
        let Some(begun) = &mut self.begun else {
            return self.object("503 5.5.1 Say MAIL first").await;
        };
        if begun.recipients.len() >= self.config.limits.recipients_max {
            return self.say("452 4.5.3 Too many recipients").await;
        }
        match self.config.recipients.mailbox(&address) {
            Ok(Some(mailbox)) => {
                begun.recipients.push((address, mailbox));
                self.say("250 2.1.5 Go on").await
            }
            // Not counted as an error: a mail server may well ask for many that are not there.
            Ok(None) => self.say("550 5.1.1 There is no such mailbox here").await,
            Err(_) => self.say("451 4.3.0 Not known at the moment").await,
        }
    }

    async fn data(&mut self) -> Result<Next, Broken> {
        let begun = self.begun.take();
        let Some(begun) = begun.filter(|begun| !begun.recipients.is_empty()) else {
            // RFC 2033, section 4.2: without a recipient there would be nobody to answer for.
            self.object("503 5.5.1 There is no recipient").await?;
            return Ok(Next::Go);
        };
        self.say("354 Send it, and a dot on a line at its end").await?;
        let limit = Duration::from_millis(self.config.limits.content_ms);
        let content = match timeout(limit, self.content(&begun)).await {
            Ok(content) => content?,
            Err(_) => return Err(Broken::Silent),
        };
        let Some(content) = content else {
            self.say("421 5.3.4 The message is far too large").await?;
            return Ok(Next::End);
        };
        let answers = match content {
            Ok(raw) => self.take_in(&begun, raw).await,
            Err(Spoilt::TooLarge) => vec![TOO_LARGE.to_owned(); begun.recipients.len()],
            Err(Spoilt::LoneLineEnd) => vec![LONE_LINE_END.to_owned(); begun.recipients.len()],
        };
        self.say(&answers.join("\r\n")).await?;
        Ok(Next::Go)
    }

    /// Reads a message's content to its end; `None` when that is not to be expected any more.
    async fn content(&mut self, begun: &Begun) -> Result<Option<Result<Vec<u8>, Spoilt>>, Broken> {
        let bytes_max = self.config.limits.message_bytes_max;
        let head = format!("Return-Path: <{}>\r\n", begun.sender.as_deref().unwrap_or_default());
        let mut content = Content::after(head.into_bytes(), bytes_max);
        let mut arrived = 0_usize;
        loop {
            let bytes = self.wire.some().await?;
            if let Some(taken) = content.take(&bytes) {
                self.wire.give_back(bytes.len() - taken);
                return Ok(Some(content.finish()));
            }
            arrived += bytes.len();
            if arrived > bytes_max.saturating_mul(EXCESS_MAX) {
                return Ok(None);
            }
        }
    }

    /// Takes the message in for each mailbox, and gives the answer for each recipient.
    async fn take_in(&self, begun: &Begun, raw: Vec<u8>) -> Vec<String> {
        let mut answers = BTreeMap::new();
        for mailbox in mailboxes(&begun.recipients) {
            let mine = begun.recipients.iter().filter(|(_, owner)| owner == mailbox);
            let source = Source::Lmtp {
                sender: begun.sender.clone(),
                recipients: mine.map(|(address, _)| address.clone()).collect(),
            };
            let arrival = Arrival {
                mailbox: mailbox.to_owned(),
                source,
                raw: raw.clone(),
                extent: Extent::Whole,
            };
            let answer = match self.intake.take_in(arrival).await {
                Ok(Taken::New(id)) => format!("250 2.0.0 Taken in as {id}"),
                Ok(Taken::Known(id)) => format!("250 2.0.0 Taken in before as {id}"),
                Ok(Taken::Refused { reason }) => {
                    tracing::warn!(mailbox.name = %mailbox, reason, "a message was refused");
                    format!("554 5.6.0 {}", one_line(&reason))
                }
                Err(error) => {
                    tracing::warn!(
                        mailbox.name = %mailbox,
                        error = &error as &dyn std::error::Error,
                        "a message cannot be taken in now"
                    );
                    NOT_NOW.to_owned()
                }
            };
            answers.insert(mailbox, answer);
        }
        begun.recipients.iter().map(|(_, mailbox)| answers[mailbox.as_str()].clone()).collect()
    }

    /// Answers a command that is wrong.
    async fn object(&mut self, fault: &str) -> Result<(), Broken> {
        self.errors += 1;
        self.say(fault).await
    }

    /// Answers, with the answers to whatever was sent at once with it (RFC 2920, section 3.2).
    async fn say(&mut self, answer: &str) -> Result<(), Broken> {
        self.wire.put(format!("{answer}\r\n").as_bytes()).await
    }
}

/// Makes text fit into an answer: one line of printable ASCII.
fn one_line(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|character| if matches!(character, ' '..='~') { character } else { ' ' })
        .collect()
}
