//! A small SMTP relay that keeps what it accepts.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use handoff_mail::tls::Security;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::faults::{Faults, Moment};

/// A message as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) raw: Vec<u8>,
}

/// The relay.
pub(crate) struct SmtpPeer {
    pub(crate) port: u16,
    pub(crate) faults: Faults,
    pub(crate) accepted: Mutex<Vec<Accepted>>,
    /// What is answered to a step instead of what should be: the step or `RCPT <address>`, and the
    /// answer.
    pub(crate) answers: Mutex<Vec<(String, String)>>,
    pub(crate) able: Mutex<BTreeSet<&'static str>>,
    connections: Mutex<usize>,
    security: Security,
    stop: CancellationToken,
}

struct Dead;

struct Connection<S> {
    peer: Arc<SmtpPeer>,
    stream: BufReader<S>,
    sender: String,
    recipients: Vec<String>,
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl SmtpPeer {
    pub(crate) async fn start(security: Security) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let peer = Arc::new(Self {
            port: listener.local_addr().unwrap().port(),
            faults: Faults::default(),
            accepted: Mutex::default(),
            answers: Mutex::default(),
            able: Mutex::new(BTreeSet::from([
                "8BITMIME",
                "SMTPUTF8",
                "SIZE 100000",
                "AUTH LOGIN PLAIN XOAUTH2",
            ])),
            connections: Mutex::new(0),
            security,
            stop: stop.clone(),
        });
        let weak = Arc::downgrade(&peer);
        tokio::spawn(async move {
            loop {
                let (stream, _) = tokio::select! {
                    () = stop.cancelled() => break,
                    accepted = listener.accept() => accepted.unwrap(),
                };
                let Some(peer) = weak.upgrade() else { break };
                *peer.connections.lock().unwrap() += 1;
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = serve(peer, stream) => {}
                    }
                });
            }
        });
        peer
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(crate) fn answer(&self, step: &str, answer: &str) {
        self.answers.lock().unwrap().push((step.to_owned(), answer.to_owned()));
    }

    pub(crate) fn accepted(&self) -> Vec<Accepted> {
        self.accepted.lock().unwrap().clone()
    }

    /// Returns the answer to a step: the one that a test wants, else the right one.
    fn answer_to(&self, step: &str, right: &str) -> String {
        let answers = self.answers.lock().unwrap();
        answers
            .iter()
            .find(|(wanted, _)| wanted == step)
            .map_or_else(|| right.to_owned(), |(_, answer)| answer.clone())
    }
}

async fn serve(peer: Arc<SmtpPeer>, stream: tokio::net::TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut connection = Connection::new(peer.clone(), stream);
    if connection.say("greeting", "220 relay").await.is_err()
        || connection.dialogue().await.is_err()
    {
        return;
    }
    let Ok(stream) = super::acceptor().accept(connection.stream.into_inner()).await else { return };
    let _ = Connection::new(peer, stream).dialogue().await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(peer: Arc<SmtpPeer>, stream: S) -> Self {
        Self { peer, stream: BufReader::new(stream), sender: String::new(), recipients: Vec::new() }
    }

    /// Serves commands; good when the stream is to be encrypted.
    async fn dialogue(&mut self) -> Result<(), Dead> {
        loop {
            let line = String::from_utf8(self.read_line().await?).map_err(|_| Dead)?;
            let line = line.trim_end().to_owned();
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "STARTTLS" => return self.say("STARTTLS", "220 begin").await,
                "EHLO" => {
                    let mut lines = vec!["relay".to_owned()];
                    lines.extend(
                        self.peer.able.lock().unwrap().iter().map(|able| (*able).to_owned()),
                    );
                    if self.peer.security == Security::StartTls {
                        lines.push("STARTTLS".to_owned());
                    }
                    let last = lines.len() - 1;
                    let text = lines.iter().enumerate().map(|(at, line)| {
                        format!("250{}{line}", if at == last { ' ' } else { '-' })
                    });
                    let text = text.collect::<Vec<_>>().join("\r\n");
                    self.say("EHLO", &text).await?;
                }
                "HELO" => self.say("HELO", "250 relay").await?,
                "AUTH" => self.log_in(&line).await?,
                "MAIL" => {
                    self.sender = address(&line);
                    self.recipients.clear();
                    self.say("MAIL", "250 go on").await?;
                }
                "RCPT" => {
                    let recipient = address(&line);
                    let answer = self.peer.answer_to(&format!("RCPT {recipient}"), "250 go on");
                    if answer.starts_with('2') {
                        self.recipients.push(recipient);
                    }
                    self.say("RCPT", &answer).await?;
                }
                "DATA" => self.data().await?,
                "RSET" => self.say("RSET", "250 forgotten").await?,
                other => panic!("no test says {other}"),
            }
        }
    }

    async fn log_in(&mut self, line: &str) -> Result<(), Dead> {
        let known = line.ends_with("AGthdGUAc2VjcmV0");
        self.say("AUTH", if known { "235 in" } else { "535 who?" }).await
    }

    async fn data(&mut self) -> Result<(), Dead> {
        self.say("DATA", "354 send it").await?;
        if self.peer.answer_to("DATA", "354").starts_with('5') {
            return Ok(());
        }
        let dies_inside = self.peer.faults.step("content").is_some();
        let mut raw = Vec::new();
        loop {
            let line = self.read_line().await?;
            if dies_inside {
                return Err(Dead);
            }
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let accepted =
            Accepted { sender: self.sender.clone(), recipients: self.recipients.clone(), raw };
        let answer = self.peer.answer_to("dot", "250 taken over");
        let moment = self.peer.faults.step("dot");
        if moment == Some(Moment::Before) {
            return Err(Dead);
        }
        if answer.starts_with('2') {
            self.peer.accepted.lock().unwrap().push(accepted);
        }
        self.write(&answer, moment).await
    }

    async fn read_line(&mut self) -> Result<Vec<u8>, Dead> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line).await {
            Ok(bytes) if bytes > 0 => Ok(line),
            _ => Err(Dead),
        }
    }

    /// Answers a step, or dies in it.
    async fn say(&mut self, step: &str, right: &str) -> Result<(), Dead> {
        let moment = self.peer.faults.step(step);
        let answer = self.peer.answer_to(step, right);
        self.write(&answer, moment).await
    }

    async fn write(&mut self, answer: &str, moment: Option<Moment>) -> Result<(), Dead> {
        let answer = format!("{answer}\r\n");
        let written = match moment {
            Some(Moment::Before | Moment::Between) => 0,
            Some(Moment::Half) => 2,
            Some(Moment::After) | None => answer.len(),
        };
        self.stream.write_all(&answer.as_bytes()[..written]).await.map_err(|_| Dead)?;
        self.stream.flush().await.map_err(|_| Dead)?;
        if moment.is_some() { Err(Dead) } else { Ok(()) }
    }
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}
