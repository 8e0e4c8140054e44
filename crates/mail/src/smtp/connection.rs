//! One connection to a relay, and the exchange that hands a message over.

use std::time::Duration;

use handoff_domain::mail::{breaks_line, wire_address};
use tokio::time::timeout;

use super::reply::{self, Reply};
use super::{Cause, Envelope, Outcome, RefusedRecipient, Relay, RelayConfig};
use crate::login::{self, Login, Token};
use crate::tls::{Broken, NoConnection, Security, Wire};

/// The longest line of an answer, in bytes; RFC 5321, section 4.5.3.1.5, asks for 512.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// The most lines of an answer: an EHLO's answer has about fifteen.
const LINES_MAX: usize = 200;
/// The longest address, in bytes (RFC 5321, section 4.5.3.1.3, with the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Looks whether a message can be sent at all; returns what is wrong with it.
pub(super) fn check(envelope: &Envelope<'_>) -> Result<(), &'static str> {
    if envelope.recipients.is_empty() {
        return Err("it has no recipients");
    }
    let mut addresses = envelope.recipients.iter().map(String::as_str).chain(envelope.sender);
    if !addresses.all(is_address) {
        return Err("one of its addresses cannot stand in a command");
    }
    if !ends_lines_with_crlf(envelope.raw) {
        return Err("it has a lone CR or LF, or its last line has no end");
    }
    Ok(())
}

/// Whether an address can stand in a command: nothing in it ends the command or the address, or
/// adds a parameter. A local part in quotes may have blanks and brackets.
fn is_address(address: &str) -> bool {
    let is_odd = |character: char| {
        breaks_line(character) || character.is_whitespace() || "<>".contains(character)
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_quoted = local.starts_with('"') && wire_address(address).as_deref() == Some(address);
    let is_plain = !local.is_empty() && !local.contains(is_odd) && !local.contains('"');
    let is_domain = !domain.is_empty() && !domain.contains(is_odd);
    (is_quoted || is_plain) && is_domain && address.len() <= ADDRESS_BYTES_MAX
}

/// Whether CR and LF stand together only, and at the end.
fn ends_lines_with_crlf(raw: &[u8]) -> bool {
    let mut before = 0;
    for &byte in raw {
        if (byte == b'\n') != (before == b'\r') {
            return false;
        }
        before = byte;
    }
    before == b'\n'
}

/// Doubles the dots at the beginnings of lines (RFC 5321, section 4.5.2).
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 64 + 1);
    let mut at_start = true;
    for &byte in raw {
        if at_start && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        at_start = byte == b'\n';
    }
    out
}

/// Why an exchange could not go on, before the final dot.
enum Stop {
    /// The connection is of no more use.
    Broken(&'static str),
    /// There is nothing more to do for this message, but the connection is good.
    Answer(Outcome),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(match broken {
            Broken::Closed => "closed",
            Broken::Failed(_) => "failed",
            Broken::Silent => "silent",
            Broken::LineTooLong => "nonsense",
        })
    }
}

/// Returns the outcome of an answer that is not the one hoped for.
fn refused(reply: Reply) -> Outcome {
    if reply.is_permanent() {
        Outcome::Permanent(Cause::Reply(reply))
    } else {
        Outcome::Temporary(Cause::Reply(reply))
    }
}

/// Whether a relay without extensions will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extensions {
    Wished,
    Needed,
}

/// A connection that is greeted, encrypted as configured, and logged in.
pub(super) struct Connection {
    wire: Wire,
    /// What the relay can, in upper case, a line each.
    abilities: Vec<String>,
    reply_time: Duration,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("abilities", &self.abilities).finish_non_exhaustive()
    }
}

impl Relay {
    /// Sends a message that was checked: over a kept connection if there is one, which may have
    /// died since.
    pub(super) async fn send_checked(&self, envelope: &Envelope<'_>) -> Outcome {
        if let Some(connection) = self.pool.take()
            && let Ok(outcome) = self.send_over(connection, envelope).await
            && !is_goodbye(&outcome)
        {
            return outcome;
        }
        match Connection::open(&self.config).await {
            Ok(connection) => {
                let broke = |name| Outcome::Temporary(Cause::Connection(name));
                self.send_over(connection, envelope).await.unwrap_or_else(broke)
            }
            Err(outcome) => outcome,
        }
    }

    /// Sends over one connection.
    ///
    /// # Errors
    ///
    /// When it broke before the final dot; returns how.
    async fn send_over(
        &self,
        mut connection: Connection,
        envelope: &Envelope<'_>,
    ) -> Result<Outcome, &'static str> {
        match connection.announce(envelope).await {
            Ok(()) => {}
            Err(Stop::Broken(name)) => return Err(name),
            Err(Stop::Answer(outcome)) => {
                if connection.reset().await {
                    self.pool.put(connection);
                }
                return Ok(outcome);
            }
        }
        // Without the final dot the relay must forget the message if the connection ends (RFC 5321,
        // section 3.8).
        if connection.wire.write(&stuffed(envelope.raw)).await.is_err() {
            return Err("failed");
        }
        let dot_time = Duration::from_millis(self.config.limits.dot_ms);
        connection.wire.set_patience(dot_time);
        let dotted = async {
            connection.wire.write(b".\r\n").await?;
            connection.reply().await
        };
        let Ok(Ok(reply)) = timeout(dot_time, dotted).await else {
            return Ok(Outcome::Unknown);
        };
        connection.wire.set_patience(connection.reply_time);
        match reply.code {
            200..300 => {
                self.pool.put(connection);
                Ok(Outcome::Sent { reply })
            }
            // It asks for something, which nobody does here: the connection is out of step.
            300..400 => Ok(Outcome::Unknown),
            _ => {
                if reply.code != 421 {
                    self.pool.put(connection);
                }
                Ok(refused(reply))
            }
        }
    }
}

/// Whether the relay only said that it closes the connection, as it may to a kept one at any time.
fn is_goodbye(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Temporary(Cause::Reply(reply)) if reply.code == 421)
}

impl Connection {
    async fn open(config: &RelayConfig) -> Result<Self, Outcome> {
        let connect_time = Duration::from_millis(config.limits.connect_ms);
        let wire =
            config.endpoint.connect(connect_time).await.map_err(|error| not_connected(&error))?;
        let reply_time = Duration::from_millis(config.limits.reply_ms);
        let mut connection = Self { wire, abilities: Vec::new(), reply_time };
        connection.wire.set_patience(reply_time);
        match connection.begin(config, connect_time).await {
            Ok(connection) => Ok(connection),
            // Whatever is refused up to here, it is not the message: another day, or another
            // configuration, may do better.
            Err(Stop::Answer(Outcome::Permanent(cause))) => Err(Outcome::Temporary(cause)),
            Err(Stop::Answer(outcome)) => Err(outcome),
            Err(Stop::Broken(name)) => Err(Outcome::Temporary(Cause::Connection(name))),
        }
    }

    async fn begin(mut self, config: &RelayConfig, connect_time: Duration) -> Result<Self, Stop> {
        self.expect_positive().await?;
        let is_needed = config.login.is_some() || config.endpoint.security == Security::StartTls;
        let extensions = if is_needed { Extensions::Needed } else { Extensions::Wished };
        self.hello(&config.hello_name, extensions).await?;
        if config.endpoint.security == Security::StartTls {
            if !self.can("STARTTLS") {
                return Err(Stop::Answer(Outcome::Temporary(Cause::Connection("no_starttls"))));
            }
            self.command("STARTTLS").await?;
            let wire = config.endpoint.encrypt(self.wire, connect_time).await;
            self.wire = wire.map_err(|error| Stop::Answer(not_connected(&error)))?;
            self.wire.set_patience(self.reply_time);
            // What was told before the encryption may have been told by anybody.
            self.hello(&config.hello_name, extensions).await?;
        }
        if let Some(login) = &config.login {
            self.log_in(login).await?;
        }
        Ok(self)
    }

    async fn hello(&mut self, name: &str, extensions: Extensions) -> Result<(), Stop> {
        if name.is_empty()
            || name.contains(|character: char| character.is_control() || character == ' ')
        {
            return Err(Stop::Answer(Outcome::Temporary(Cause::Connection("configuration"))));
        }
        let reply = self.exchange(&format!("EHLO {name}")).await?;
        if reply.is_permanent() && extensions == Extensions::Wished {
            // The oldest relays know no extensions, and can do without any (RFC 5321, section 3.2).
            self.abilities.clear();
            return self.command(&format!("HELO {name}")).await.map(drop);
        }
        if !reply.is_positive() {
            return Err(Stop::Answer(refused(reply)));
        }
        self.abilities = reply.text.lines().skip(1).map(str::to_ascii_uppercase).collect();
        Ok(())
    }

    fn can(&self, ability: &str) -> bool {
        self.words(ability).is_some()
    }

    /// Returns the words after an ability's name.
    fn words(&self, ability: &str) -> Option<std::str::SplitAsciiWhitespace<'_>> {
        self.abilities.iter().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some(ability)).then_some(words)
        })
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), Stop> {
        let failed = || Stop::Answer(Outcome::Temporary(Cause::Login));
        let reply = match login {
            Login::Password { user, password } => {
                let mut mechanisms = self.words("AUTH").ok_or_else(failed)?;
                if mechanisms.clone().any(|mechanism| mechanism == "PLAIN") {
                    self.exchange(&format!("AUTH PLAIN {}", login::plain(user, password))).await?
                } else if mechanisms.any(|mechanism| mechanism == "LOGIN") {
                    self.log_in_by_questions(user, password.reveal()).await?
                } else {
                    return Err(failed());
                }
            }
            Login::Bearer { user, tokens } => {
                let mut reply = None;
                for token in [Token::Kept, Token::Renewed] {
                    let bearer = tokens.bearer(user, token).await.map_err(|_| failed())?;
                    let mut answer = self
                        .exchange(&format!("AUTH XOAUTH2 {}", login::xoauth2(user, &bearer)))
                        .await?;
                    if answer.code == 334 {
                        // A failure is told in a challenge, to which the answer is empty (Google,
                        // "Error response").
                        answer = self.exchange("").await?;
                    }
                    let is_in = answer.is_positive();
                    reply = Some(answer);
                    if is_in {
                        break;
                    }
                }
                reply.ok_or_else(failed)?
            }
        };
        if reply.is_positive() { Ok(()) } else { Err(failed()) }
    }

    /// Logs in by the mechanism `LOGIN`: the relay asks for the name, then for the password.
    async fn log_in_by_questions(&mut self, user: &str, password: &str) -> Result<Reply, Stop> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let mut reply = self.exchange("AUTH LOGIN").await?;
        for answer in [user, password] {
            if reply.code != 334 {
                break;
            }
            reply = self.exchange(&STANDARD.encode(answer)).await?;
        }
        Ok(reply)
    }

    /// Says everything up to `DATA`; nothing of the content is sent unless every recipient was
    /// accepted.
    async fn announce(&mut self, envelope: &Envelope<'_>) -> Result<(), Stop> {
        let sender = self.mail_command(envelope)?;
        self.command(&sender).await?;
        let mut refusals = Vec::new();
        for recipient in envelope.recipients {
            let reply = self.exchange(&format!("RCPT TO:<{recipient}>")).await?;
            if reply.code == 421 {
                return Err(Stop::Answer(refused(reply)));
            }
            if !reply.is_positive() {
                refusals.push(RefusedRecipient { address: recipient.clone(), reply });
            }
        }
        if !refusals.is_empty() {
            let is_permanent = refusals.iter().any(|refusal| refusal.reply.is_permanent());
            let cause = Cause::Recipients(refusals);
            let outcome =
                if is_permanent { Outcome::Permanent(cause) } else { Outcome::Temporary(cause) };
            return Err(Stop::Answer(outcome));
        }
        let reply = self.exchange("DATA").await?;
        match reply.code {
            354 => Ok(()),
            // A relay that is content with DATA alone is out of step, and whatever it is told next
            // it takes for content.
            200..400 => Err(Stop::Broken("nonsense")),
            _ => Err(Stop::Answer(refused(reply))),
        }
    }

    fn mail_command(&self, envelope: &Envelope<'_>) -> Result<String, Stop> {
        let cannot = |why| Stop::Answer(Outcome::Permanent(Cause::Message(why)));
        let size = envelope.raw.len();
        let mut command = format!("MAIL FROM:<{}>", envelope.sender.unwrap_or_default());
        if let Some(mut words) = self.words("SIZE") {
            let limit =
                words.next().and_then(|word| word.parse::<usize>().ok()).filter(|&limit| limit > 0);
            if limit.is_some_and(|limit| size > limit) {
                return Err(cannot("it is larger than the relay takes"));
            }
            command.push_str(&format!(" SIZE={size}"));
        }
        if !envelope.raw.is_ascii() {
            if !self.can("8BITMIME") {
                return Err(cannot("it has 8-bit characters, which the relay does not take"));
            }
            command.push_str(" BODY=8BITMIME");
        }
        let headers =
            envelope.raw.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(size);
        if !envelope.sender.is_none_or(str::is_ascii)
            || !envelope.recipients.iter().all(|address| address.is_ascii())
            || !envelope.raw[..headers].is_ascii()
        {
            if !self.can("SMTPUTF8") {
                return Err(cannot(
                    "it has international addresses, which the relay does not take",
                ));
            }
            command.push_str(" SMTPUTF8");
        }
        Ok(command)
    }

    /// Makes the connection ready for the next message; whether it is.
    async fn reset(&mut self) -> bool {
        matches!(self.exchange("RSET").await, Ok(reply) if reply.is_positive())
    }

    /// Says a command that must be answered with yes.
    async fn command(&mut self, command: &str) -> Result<Reply, Stop> {
        self.wire.write(format!("{command}\r\n").as_bytes()).await?;
        self.expect_positive().await
    }

    /// Says a command and gives the answer.
    async fn exchange(&mut self, command: &str) -> Result<Reply, Stop> {
        self.wire.write(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    async fn expect_positive(&mut self) -> Result<Reply, Stop> {
        let reply = self.reply().await?;
        if reply.is_positive() { Ok(reply) } else { Err(Stop::Answer(refused(reply))) }
    }

    async fn reply(&mut self) -> Result<Reply, Stop> {
        let mut texts = Vec::new();
        loop {
            let bytes = self.wire.line(LINE_BYTES_MAX).await?;
            let line = reply::line(&bytes).ok_or(Stop::Broken("nonsense"))?;
            texts.push(line.text);
            if !line.goes_on {
                return Ok(Reply::of(line.code, &texts));
            }
            if texts.len() >= LINES_MAX {
                return Err(Stop::Broken("nonsense"));
            }
        }
    }
}

fn not_connected(error: &NoConnection) -> Outcome {
    Outcome::Temporary(Cause::Connection(match error {
        NoConnection::Unreachable(_) => "unreachable",
        NoConnection::Tls(_) => "tls",
        NoConnection::NotLoopback => "not_loopback",
        NoConnection::Configuration => "configuration",
        NoConnection::Injected => "injected",
    }))
}
