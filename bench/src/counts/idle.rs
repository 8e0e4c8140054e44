//! What an agent's session takes while nothing happens, in bytes that the program has allocated and
//! not freed.

use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::comet::{AGENTS, INTERACTIONS, subscribe};
use handoff_testkit::http::basic;
use handoff_testkit::{PASSWORD, Transport, center};
use serde_json::{Value, json};

use crate::counted::live_bytes;
use crate::desks;
use crate::lean::Line;
use crate::wire::Wire;

/// Sessions that are open before: with them comes what all share.
const FIRST: usize = 6;
/// Sessions that are counted. With those before, on both transports, they are as many as a user may
/// have.
const MORE: usize = 24;
/// How often the bytes are looked at, and how long the program has in between to come to rest: what
/// its workers hold for a moment comes on top.
const LOOKS: usize = 20;
const REST: Duration = Duration::from_millis(50);

/// A session whose connect is held, for as long as its connection lives.
enum Held {
    Poll(Rc<Line>),
    Socket(Wire),
}

/// What each session takes, in KiB.
pub(super) struct Idle {
    pub(super) held_poll_kib: f64,
    pub(super) websocket_kib: f64,
}

pub(super) async fn measure(own: &Path) -> Result<Idle> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let (site, program) = desks::open(own, home.path(), 1, 1).await?;
    let (server, user) = (program.server()?, center::agent(0));
    let each = |transport| each(&site.config, server, &user, transport);
    Ok(Idle {
        held_poll_kib: each(Transport::LongPolling).await?,
        websocket_kib: each(Transport::WebSocket).await?,
    })
}

async fn each(config: &Path, server: SocketAddr, user: &str, transport: Transport) -> Result<f64> {
    let mut open = Vec::with_capacity(FIRST + MORE);
    for _ in 0..FIRST {
        open.push(Held::open(server, user, transport).await?);
    }
    let before = at_rest(config).await?;
    for _ in 0..MORE {
        open.push(Held::open(server, user, transport).await?);
    }
    let after = at_rest(config).await?;
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
    let each = after.saturating_sub(before) as f64 / MORE as f64 / 1_024.0;
    Ok(each)
}

async fn at_rest(config: &Path) -> Result<u64> {
    let mut fewest = u64::MAX;
    for _ in 0..LOOKS {
        tokio::time::sleep(REST).await;
        fewest = fewest.min(live_bytes(config)?);
    }
    Ok(fewest)
}

impl Held {
    async fn open(server: SocketAddr, user: &str, transport: Transport) -> Result<Self> {
        let connection = match transport {
            Transport::LongPolling => Self::Poll(Line::open(server, user).await?),
            Transport::WebSocket => {
                let value = basic(user, PASSWORD);
                let headers = format!("Authorization: {}\r\n", value.to_str()?);
                Self::Socket(Wire::upgrade(server, 0, AGENTS, &headers).await?)
            }
        };
        let reply = connection.ask(&transport.handshake()).await?;
        let id = reply["clientId"].as_str().context("no clientId")?;
        connection.ask(&subscribe(id, INTERACTIONS)).await?;
        let connect = transport.connect(id);
        connection.ask(&connect).await?;
        connection.say(&connect).await?;
        Ok(connection)
    }

    /// Sends a message whose reply is not waited for.
    async fn say(&self, message: &Value) -> Result<()> {
        let text = json!([message]).to_string();
        match self {
            Self::Poll(line) => line.send(&line.post(AGENTS, &text)).await,
            Self::Socket(wire) => wire.send(text.as_bytes()).await,
        }
    }

    async fn ask(&self, message: &Value) -> Result<Value> {
        self.say(message).await?;
        loop {
            let received = match self {
                Self::Poll(line) => line.receive().await?,
                Self::Socket(wire) => wire.receive().await?,
            };
            let replies: Vec<Value> = serde_json::from_slice(&received.body)?;
            let is_reply = |reply: &Value| reply["channel"] == message["channel"];
            if let Some(reply) = replies.into_iter().find(is_reply) {
                ensure!(reply["successful"] == true, "refused: {reply}");
                return Ok(reply);
            }
        }
    }
}
