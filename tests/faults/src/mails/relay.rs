//! A small SMTP relay that keeps what it takes, and can be told to die.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::{OTHER, no_findings};
use crate::campaign::{DOUBLED, Findings, MISSING, lock};

/// A step of the protocol at which the relay can die: it closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Instead of the greeting.
    Greeting,
    /// Instead of its abilities.
    Hello,
    /// Instead of an answer to the login.
    Login,
    /// Instead of an answer to the sender.
    Sender,
    /// Instead of an answer to the first recipient.
    First,
    /// Instead of an answer to the second recipient.
    Second,
    /// Instead of asking for the content.
    Data,
    /// Inside the content.
    Content,
    /// After the final dot, and nothing is kept.
    Dot,
    /// After the final dot; the mail is kept, and nothing is answered.
    Kept,
    /// In the middle of the answer to the final dot.
    Half,
    /// After the answer to the final dot.
    Answered,
}

impl Step {
    /// All of them, in order.
    pub(super) const ALL: [Self; 12] = [
        Self::Greeting,
        Self::Hello,
        Self::Login,
        Self::Sender,
        Self::First,
        Self::Second,
        Self::Data,
        Self::Content,
        Self::Dot,
        Self::Kept,
        Self::Half,
        Self::Answered,
    ];

    /// Tells whether a mail may have been kept of which the program does not know.
    pub(super) const fn may_double(self) -> bool {
        matches!(self, Self::Kept | Self::Half)
    }
}

/// What a relay does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Fault {
    /// It says that it has a mail and drops it, instead of dying after the final dot.
    Drop,
    /// It gives a second copy another `Message-ID`.
    Rename,
}

/// A mail as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) recipients: Vec<String>,
    pub(super) raw: Vec<u8>,
    /// Whether the program was told.
    pub(super) is_answered: bool,
}

impl Copy {
    /// Returns a header field, as far as it stands on one line.
    pub(super) fn field(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        let found =
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
        found.unwrap_or_default()
    }
}

pub(super) struct Relay {
    pub(super) port: u16,
    fault: Option<Fault>,
    /// Where it dies, and how many more times.
    plan: Mutex<Option<(Step, usize)>>,
    kept: Mutex<Vec<Copy>>,
    /// Counts plans: connections of an earlier one are closed.
    generation: watch::Sender<u64>,
    /// Who wants to hear of what is kept.
    listener: Option<mpsc::UnboundedSender<Copy>>,
}

struct Closed;

impl Relay {
    /// Starts one; it ends with the runtime.
    pub(super) async fn start(
        fault: Option<Fault>,
        listener: Option<mpsc::UnboundedSender<Copy>>,
    ) -> Result<Arc<Self>> {
        let socket = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let relay = Arc::new(Self {
            port: socket.local_addr()?.port(),
            fault,
            plan: Mutex::default(),
            kept: Mutex::default(),
            generation: watch::Sender::new(0),
            listener,
        });
        let own = relay.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let relay = own.clone();
                tokio::spawn(async move {
                    let mut generation = relay.generation.subscribe();
                    tokio::select! {
                        _ = generation.changed() => {}
                        _ = serve(&relay, stream) => {}
                    }
                });
            }
        });
        Ok(relay)
    }

    /// Plans deaths, and closes every connection.
    pub(super) fn plan(&self, step: Step, times: usize) {
        *lock(&self.plan) = Some((step, times));
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Returns how many deaths are still to come.
    pub(super) fn deaths_ahead(&self) -> usize {
        lock(&self.plan).map_or(0, |(_, left)| left)
    }

    /// Returns what it has kept, and forgets it.
    pub(super) fn take(&self) -> Vec<Copy> {
        std::mem::take(&mut *lock(&self.kept))
    }

    /// Returns how many mails it has.
    pub(super) fn count(&self) -> usize {
        lock(&self.kept).len()
    }

    /// Tells whether it is time to die.
    fn dies(&self, step: Step) -> bool {
        match &mut *lock(&self.plan) {
            Some((planned, left)) if *planned == step && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn keep(&self, mut copy: Copy) {
        let mut kept = lock(&self.kept);
        let id = copy.field("Message-ID");
        let is_second = kept.iter().any(|other| other.field("Message-ID") == id);
        if self.fault == Some(Fault::Rename) && is_second {
            let text =
                String::from_utf8_lossy(&copy.raw).replacen(&id, "<another@relay.example>", 1);
            copy.raw = text.into_bytes();
        }
        if let Some(listener) = &self.listener {
            // Whoever listened may have ended; then nobody needs to hear of it.
            let _ = listener.send(copy.clone());
        }
        kept.push(copy);
    }
}

struct Line<'a> {
    relay: &'a Relay,
    stream: BufReader<TcpStream>,
}

async fn serve(relay: &Relay, stream: TcpStream) -> Result<(), Closed> {
    let mut line = Line { relay, stream: BufReader::new(stream) };
    line.answer(Step::Greeting, "220 relay").await?;
    let mut recipients = Vec::new();
    loop {
        let command = String::from_utf8_lossy(&line.read().await?).into_owned();
        match command.get(..4).unwrap_or_default() {
            "EHLO" => {
                line.answer(Step::Hello, "250-relay\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?
            }
            "AUTH" => line.answer(Step::Login, "235 welcome").await?,
            "MAIL" => {
                recipients.clear();
                line.answer(Step::Sender, "250 ok").await?;
            }
            "RCPT" => {
                let step = if recipients.is_empty() { Step::First } else { Step::Second };
                let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(address.to_owned());
                line.answer(step, "250 ok").await?;
            }
            "DATA" => {
                line.answer(Step::Data, "354 go on").await?;
                line.content(std::mem::take(&mut recipients)).await?;
            }
            "RSET" | "NOOP" => line.write("250 ok\r\n").await?,
            _ => return line.write("221 bye\r\n").await,
        }
    }
}

impl Line<'_> {
    async fn content(&mut self, recipients: Vec<String>) -> Result<(), Closed> {
        let mut raw = Vec::new();
        loop {
            let line = self.read().await?;
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            // The first line has come; the others are on their way.
            if raw.len() == line.len() && self.relay.dies(Step::Content) {
                return Err(Closed);
            }
        }
        let mut copy = Copy { recipients, raw, is_answered: false };
        if self.relay.dies(Step::Dot) {
            if self.relay.fault == Some(Fault::Drop) {
                return self.write("250 taken over\r\n").await;
            }
            return Err(Closed);
        }
        if self.relay.dies(Step::Kept) {
            self.relay.keep(copy);
            return Err(Closed);
        }
        if self.relay.dies(Step::Half) {
            self.relay.keep(copy);
            self.write("25").await?;
            return Err(Closed);
        }
        copy.is_answered = true;
        self.relay.keep(copy);
        self.write("250 taken over\r\n").await?;
        if self.relay.dies(Step::Answered) { Err(Closed) } else { Ok(()) }
    }

    async fn answer(&mut self, step: Step, answer: &str) -> Result<(), Closed> {
        if self.relay.dies(step) {
            return Err(Closed);
        }
        self.write(&format!("{answer}\r\n")).await
    }

    async fn read(&mut self) -> Result<Vec<u8>, Closed> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line).await {
            Ok(bytes) if bytes > 0 => Ok(line),
            _ => Err(Closed),
        }
    }

    async fn write(&mut self, text: &str) -> Result<(), Closed> {
        self.stream.write_all(text.as_bytes()).await.map_err(|_| Closed)
    }
}

/// Compares what was kept with the subjects that were sent while the relay died at a step; tells
/// how many copies a death explains, too.
pub(super) fn audit(subjects: &[String], kept: &[Copy], step: Step) -> (Findings, usize) {
    let mut by_subject: BTreeMap<String, Vec<&Copy>> = BTreeMap::new();
    for copy in kept {
        by_subject.entry(copy.field("Subject")).or_default().push(copy);
    }
    let (mut findings, mut excused) = (no_findings(), 0);
    for subject in subjects {
        let copies = by_subject.remove(subject).unwrap_or_default();
        let Some(first) = copies.first() else {
            findings.find(MISSING, subject.clone());
            continue;
        };
        let unanswered = copies.iter().filter(|copy| !copy.is_answered).count();
        let is_explained = copies.len() - unanswered == 1 && (unanswered == 0 || step.may_double());
        if !is_explained {
            let count = copies.len();
            let what = format!("{subject}: {count} copies, {unanswered} of them not answered");
            findings.find(DOUBLED, what);
        }
        excused += unanswered;
        if copies.iter().any(|copy| copy.raw != first.raw || copy.recipients.len() != 2) {
            findings.find(OTHER, subject.clone());
        }
    }
    for subject in by_subject.into_keys() {
        findings.find(OTHER, format!("{subject}: nobody sent it"));
    }
    (findings, excused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(subject: &str, id: &str, is_answered: bool) -> Copy {
        let raw = format!("Subject: {subject}\r\nMessage-ID: <{id}>\r\n\r\nText\r\n").into_bytes();
        Copy { recipients: vec!["a@b".to_owned(), "c@d".to_owned()], raw, is_answered }
    }

    #[test]
    fn what_is_wrong_with_copies_is_found() {
        let subjects = ["one".to_owned()];
        let count = |kept: &[Copy], step| {
            let findings = audit(&subjects, kept, step).0;
            (findings.count(MISSING), findings.count(DOUBLED), findings.count(OTHER))
        };
        let (answered, unanswered) = (copy("one", "1", true), copy("one", "1", false));
        assert_eq!(count(std::slice::from_ref(&answered), Step::Dot), (0, 0, 0));
        assert_eq!(count(&[], Step::Dot), (1, 0, 0));
        assert_eq!(count(&[unanswered.clone(), answered.clone()], Step::Kept), (0, 0, 0));
        assert_eq!(count(&[unanswered.clone(), answered.clone()], Step::Answered), (0, 1, 0));
        assert_eq!(count(&[answered.clone(), answered.clone()], Step::Kept), (0, 1, 0));
        assert_eq!(count(&[unanswered.clone(), copy("one", "2", true)], Step::Kept), (0, 0, 1));
        assert_eq!(count(&[unanswered], Step::Kept), (0, 1, 0), "the program was never told");
        assert_eq!(count(&[answered, copy("two", "2", true)], Step::Dot), (0, 0, 1));
    }
}
