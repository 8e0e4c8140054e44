//! The attacks on connections: something is begun and not gone on with. Those with readers are in
//! `readers`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::readers;
use super::scene::Scene;
use handoff_testkit::figures::ms;
use handoff_testkit::http::{connect, source};

/// How many connections are opened in a second.
const RATE: u32 = 500;
/// How long a connection is given to be closed: longer than it may take, so that a late close is
/// told from none.
pub(super) const PATIENCE: Duration = Duration::from_secs(13);
/// The key of every upgrade (RFC 6455, 1.3 prints this one): who looks after caches is not tested
/// here.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// How often a slow client sends or reads a byte.
pub(super) const STEP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is sent.
    Silent,
    HalfHead,
    /// A head, a byte a second.
    SlowHead,
    /// A body, a byte a second.
    SlowBody,
    /// Half of an upgrade's head.
    HalfUpgrade,
    /// A complete upgrade, then nothing.
    SilentWebsocket,
    /// An answer is read a byte a second.
    SlowReader,
    /// Messages to a WebSocket are not read.
    SlowWebsocket,
}

/// How an attack's connections ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// After how many ms each was closed.
    pub(super) closed_ms: Vec<f64>,
    pub(super) open: usize,
    /// What they were told: an HTTP status, or 0 for nothing.
    pub(super) told: BTreeMap<u16, usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Script {
    /// At once.
    pub(super) first: String,
    /// Whether a byte follows every second.
    pub(super) drips: bool,
    /// Whether an answer's head is waited for, and time counts from it.
    pub(super) after_answer: bool,
}

impl Script {
    /// Returns what a connection of a kind says. `credentials` is a header line, or nothing.
    pub(super) fn of(kind: Kind, connection: usize, credentials: &str) -> Self {
        let head = "GET /api/v2/diagnostics/version HTTP/1.1\r\nHost: 127.0.0.1\r\n";
        let upgrade = format!(
            "GET /api/v2/notifications HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        );
        // To the REST API, to CometD, and to where nothing is: by whose code the body is read
        // differs, and nobody wants that of the last.
        let path = ["me", "notifications", "nothing"][connection % 3];
        let body = format!(
            "POST /api/v2/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}\
             Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n["
        );
        let (first, drips) = match kind {
            Kind::Silent | Kind::SlowReader | Kind::SlowWebsocket => (String::new(), false),
            Kind::HalfHead => (head.to_owned(), false),
            Kind::SlowHead => (format!("{head}X-Slow: "), true),
            Kind::SlowBody => (body, true),
            Kind::HalfUpgrade => (upgrade, false),
            Kind::SilentWebsocket => {
                (format!("{upgrade}Sec-WebSocket-Key: {}\r\n\r\n", KEY), false)
            }
        };
        Self { first, drips, after_answer: kind == Kind::SilentWebsocket }
    }
}

impl Ends {
    fn add(&mut self, end: End) {
        match end.closed_ms {
            Some(ms) => self.closed_ms.push(ms),
            None => self.open += 1,
        }
        *self.told.entry(end.told).or_default() += 1;
    }

    /// Returns how many met a cap instead of what was to be tested.
    pub(super) fn refused(&self) -> usize {
        self.told.get(&503).copied().unwrap_or_default()
    }

    /// Returns what they were told, for people.
    pub(super) fn told(&self) -> String {
        let told: Vec<String> = self
            .told
            .iter()
            .map(|(status, count)| match status {
                0 => format!("nothing ({count})"),
                status => format!("{status} ({count})"),
            })
            .collect();
        told.join(", ")
    }
}

struct End {
    closed_ms: Option<f64>,
    told: u16,
}

/// Attacks, and waits until every connection is closed or has been open for too long.
pub(super) async fn run(scene: &Scene, kind: Kind, connections: usize) -> Result<Ends> {
    match kind {
        Kind::SlowReader => readers::slow_answers(scene, connections).await,
        Kind::SlowWebsocket => readers::slow_websockets(scene, connections).await,
        kind => {
            let script =
                |connection| Script::of(kind, connection, &scene.attacker(connection).credentials);
            follow(scene.server, connections, script).await
        }
    }
}

/// Opens connections at a steady rate, each of which follows its script.
pub(super) async fn follow(
    server: SocketAddr,
    connections: usize,
    script: impl Fn(usize) -> Script,
) -> Result<Ends> {
    let mut running = JoinSet::new();
    for (number, at) in (0..connections).zip(moments(Instant::now(), RATE)) {
        running.spawn(one(server, number, at, script(number)));
    }
    let mut ends = Ends::default();
    while let Some(end) = running.join_next().await {
        ends.add(end??);
    }
    Ok(ends)
}

/// Returns when each connection is opened, at so many a second.
pub(super) fn moments(begin: Instant, rate: u32) -> impl Iterator<Item = Instant> {
    (0_u32..).map(move |number| begin + Duration::from_secs(1) * number / rate)
}

async fn one(server: SocketAddr, number: usize, at: Instant, script: Script) -> Result<End> {
    sleep_until(at).await;
    let mut stream = connect(server, Some(source(number))).await?;
    stream.write_all(script.first.as_bytes()).await?;
    let mut begun = Instant::now();
    let mut heard = Vec::new();
    if script.after_answer {
        while !heard.ends_with(b"\r\n\r\n") && stream.read_buf(&mut heard).await? > 0 {}
        begun = Instant::now();
    }
    let closed =
        timeout_at(begun + PATIENCE, until_closed(&mut stream, script.drips, &mut heard)).await;
    let closed_ms = closed.is_ok().then(|| ms(begun.elapsed()));
    Ok(End { closed_ms, told: status(&heard) })
}

/// Reads, and drips if so told, until the server has closed the connection. A reset is a close,
/// too.
async fn until_closed(stream: &mut TcpStream, drips: bool, heard: &mut Vec<u8>) {
    loop {
        tokio::select! {
            read = stream.read_buf(heard) => if !matches!(read, Ok(1..)) {
                return;
            },
            () = sleep(STEP), if drips => {
                // That the server has closed is learned by reading, which also gives what it said
                // before.
                let _ = stream.write(b" ").await;
            }
        }
    }
}

fn status(heard: &[u8]) -> u16 {
    let head = String::from_utf8_lossy(&heard[..heard.len().min(64)]);
    head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_half_is_complete() {
        for kind in [Kind::Silent, Kind::HalfHead, Kind::SlowHead, Kind::HalfUpgrade] {
            assert!(!Script::of(kind, 0, "").first.contains("\r\n\r\n"), "{kind:?}");
        }
        assert!(Script::of(Kind::SilentWebsocket, 0, "").first.ends_with("\r\n\r\n"));
        assert!(Script::of(Kind::SlowBody, 0, "").first.ends_with("\r\n\r\n["));
    }

    #[test]
    fn what_was_told_is_a_status_or_nothing() {
        assert_eq!(status(b"HTTP/1.1 503 Service Unavailable\r\n"), 503);
        assert_eq!(status(b""), 0);
    }
}
