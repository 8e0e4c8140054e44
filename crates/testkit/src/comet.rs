//! CometD clients for tests: the messages of one exchange over either transport, a session that
//! fills an inbox, and one that comes back whenever it is lost.
//!
//! They are written from the Bayeux 1.0 specification and deliberately simple: no retries and no
//! reconnect but where it is said, so that a test decides when a client goes and comes back. What
//! real clients do is the matter of `tests/interop`.

mod session;
mod socket;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::task::AbortOnDropHandle;

pub use self::session::{Comet, Replay};
pub use self::socket::{Listening, Reader, Writer, open, published, upgrade};
use crate::http::{Call, Client};

/// Where agents' sessions are (docs/compat/notifications.md#endpoint).
pub const AGENTS: &str = "/api/v2/notifications";
pub const CUSTOMERS: &str = "/genesys/cometd";
/// The topic of all interactions, which makes an agent reachable
/// (docs/compat/notifications.md#topics).
pub const INTERACTIONS: &str = "/v2/me/interactions";
/// How long to wait before the next handshake after a session was lost.
const RETRY: Duration = Duration::from_millis(50);
/// How long an answer may take when connects are held as long as the program likes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One parked POST after the other.
    LongPolling,
    /// One WebSocket for everything.
    WebSocket,
}

impl Transport {
    /// Returns its name in Bayeux messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::WebSocket => "websocket",
        }
    }

    /// Returns the first message of a session.
    #[must_use]
    pub fn handshake(self) -> Value {
        json!({"channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": [self.name()]})
    }

    /// Returns the message that asks for what there is.
    #[must_use]
    pub fn connect(self, client_id: &str) -> Value {
        json!({"channel": "/meta/connect", "clientId": client_id, "connectionType": self.name()})
    }
}

/// Returns the message that subscribes to a channel.
#[must_use]
pub fn subscribe(client_id: &str, channel: &str) -> Value {
    json!({"channel": "/meta/subscribe", "clientId": client_id, "subscription": channel})
}

/// Tells whether a message is something published, as opposed to a reply.
fn is_publication(message: &Value) -> bool {
    message.get("successful").is_none() && message.get("data").is_some()
}

/// One agent's connection: one message at a time, each answer taken whole or not at all.
pub enum Exchange {
    /// A request for each message.
    Polling(Client),
    /// An open socket.
    Socket(Writer, Reader),
}

impl Exchange {
    pub async fn open(client: &Client, transport: Transport) -> Result<Self> {
        Ok(match transport {
            Transport::LongPolling => Self::Polling(client.clone()),
            Transport::WebSocket => {
                let (writer, reader) = open(client, AGENTS).await?;
                Self::Socket(writer, reader)
            }
        })
    }

    /// Sends a message, passes on the channel and data of what is published until its reply comes,
    /// and returns the reply.
    pub async fn send(
        &mut self,
        message: &Value,
        bound: Duration,
        mut told: impl FnMut(&str, &Value),
    ) -> Result<Value> {
        let end = tokio::time::Instant::now() + bound;
        if let Self::Socket(writer, _) = self {
            writer.send(json!([message]).to_string()).await?;
        }
        loop {
            let received = tokio::time::timeout_at(end, self.receive(message)).await;
            let mut reply = None;
            for received in received.context("no reply in time")?? {
                if is_publication(&received) {
                    told(received["channel"].as_str().unwrap_or_default(), &received["data"]);
                } else if received["channel"] == message["channel"] {
                    reply = Some(received);
                }
            }
            match (reply, &self) {
                (Some(reply), _) => return Ok(reply),
                (None, Self::Socket(..)) => {}
                (None, Self::Polling(_)) => bail!("an answer without a reply to {message}"),
            }
        }
    }

    /// The same; a refusal is an error.
    pub async fn succeed(
        &mut self,
        message: &Value,
        bound: Duration,
        told: impl FnMut(&str, &Value),
    ) -> Result<Value> {
        let reply = self.send(message, bound, told).await?;
        ensure!(reply["successful"] == true, "{message} was refused: {reply}");
        Ok(reply)
    }

    /// Returns the messages of the next answer or frame.
    async fn receive(&mut self, message: &Value) -> Result<Vec<Value>> {
        match self {
            Self::Polling(client) => {
                let body = json!([message]).to_string();
                let call = Call::new(Method::POST, "").at(AGENTS).json(body);
                let answer = client.send(&call).await?;
                serde_json::from_slice(&answer.bytes)
                    .with_context(|| format!("no Bayeux: {answer}"))
            }
            Self::Socket(_, reader) => {
                serde_json::from_str(&reader.frame().await?).context("read a frame")
            }
        }
    }
}

/// What an agent is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// The CometD session was opened (again): whatever happened before may have been missed.
    Opened,
    /// A notification's data.
    Notification(Value),
}

/// Keeps an agent's CometD session open, by long-polling, until the handle is dropped or nobody
/// listens any more.
pub fn stay_reachable(client: Client, events: UnboundedSender<Event>) -> AbortOnDropHandle<()> {
    stay_reachable_by(Transport::LongPolling, client, events)
}

/// The same by a transport.
pub fn stay_reachable_by(
    transport: Transport,
    client: Client,
    events: UnboundedSender<Event>,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        while !events.is_closed() {
            // Whatever ended the session, the answer to it is another one.
            let _ = listen(transport, &client, &events).await;
            client.wait_a_little().await;
            tokio::time::sleep(RETRY).await;
        }
    }))
}

/// The same for an agent who only has to be reachable.
pub fn be_reachable(client: Client, transport: Transport) -> AbortOnDropHandle<()> {
    let (events, mut unheard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move { while unheard.recv().await.is_some() {} });
    stay_reachable_by(transport, client, events)
}

/// One CometD session, until it is lost.
async fn listen(
    transport: Transport,
    client: &Client,
    events: &UnboundedSender<Event>,
) -> Result<()> {
    let mut exchange = Exchange::open(client, transport).await?;
    // Nobody listens any more when the events cannot be sent; then the loop above ends.
    let told = |_: &str, data: &Value| _ = events.send(Event::Notification(data.clone()));
    let reply = exchange.succeed(&transport.handshake(), PATIENCE, told).await?;
    let id = reply["clientId"].as_str().context("no clientId")?;
    exchange.succeed(&subscribe(id, INTERACTIONS), PATIENCE, told).await?;
    events.send(Event::Opened)?;
    loop {
        exchange.succeed(&transport.connect(id), PATIENCE, told).await?;
    }
}
