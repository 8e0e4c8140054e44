//! A session that fills an inbox, with its connects in the background.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::{
    AGENTS, Exchange, PATIENCE, Reader, Transport, Writer, is_publication, open, subscribe,
};
use crate::http::Client;
use crate::inbox::{BOUND, Inbox};

/// The id of every `/meta/connect` by WebSocket; replies with it drive the loop and wake nobody.
const CONNECT_ID: &str = "connect";

/// What a subscription wants to have of the past (docs/compat/notifications.md#replay,
/// `ext.replay`).
#[derive(Clone, Debug)]
pub enum Replay {
    /// Not asked for: plain CometD.
    Plain,
    /// Everything that is kept.
    All,
    /// What came after this sequence number.
    After(i64),
    /// The extension's value as it is, for wildcards and for nonsense.
    Raw(Value),
}

/// One CometD session. Dropping it cuts the connection without a word, as a crashed client would.
#[derive(Debug)]
pub struct Comet {
    link: Link,
    client_id: String,
    inbox: Inbox,
    _connects: Option<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
enum Link {
    Polling(Client),
    Socket(Arc<Socket>),
}

impl Comet {
    /// Shakes hands and starts the connect loop; what is published from then on goes to `inbox`. A
    /// refusal of a later connect is put there too, as the `/meta/connect` reply that it is, and
    /// ends the loop.
    pub async fn open(client: &Client, transport: Transport, inbox: Inbox) -> Result<Self> {
        let (link, reading) = match transport {
            Transport::LongPolling => (Link::Polling(client.clone()), None),
            Transport::WebSocket => {
                let (writer, reader) = open(client, AGENTS).await?;
                let socket =
                    Arc::new(Socket { writer, waiting: Mutex::default(), sent: AtomicU64::new(0) });
                (
                    Link::Socket(socket.clone()),
                    Some(tokio::spawn(socket.read(reader, inbox.clone()))),
                )
            }
        };
        let connects = reading.map(AbortOnDropHandle::new);
        let mut session = Self { link, client_id: String::new(), inbox, _connects: connects };
        let reply = session.exchange(transport.handshake()).await?;
        ensure!(reply["successful"] == true, "the handshake was refused: {reply}");
        reply["clientId"].as_str().context("no clientId")?.clone_into(&mut session.client_id);
        let mut connect = transport.connect(&session.client_id);
        match &session.link {
            Link::Polling(client) => {
                let polling = poll(client.clone(), connect, session.inbox.clone());
                session._connects = Some(AbortOnDropHandle::new(tokio::spawn(polling)));
            }
            Link::Socket(socket) => {
                connect["id"] = json!(CONNECT_ID);
                socket.writer.send(json!([connect]).to_string()).await?;
            }
        }
        Ok(session)
    }

    /// Returns the session's `clientId`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Subscribes and returns the reply, successful or not.
    pub async fn subscribe(&self, channel: &str, replay: Replay) -> Result<Value> {
        let mut message = subscribe(&self.client_id, channel);
        match replay {
            Replay::Plain => {}
            Replay::All => message["ext"] = json!({"replay": -2}),
            Replay::After(sequence) => message["ext"] = json!({"replay": sequence}),
            Replay::Raw(value) => message["ext"] = json!({"replay": value}),
        }
        self.exchange(message).await
    }

    /// Publishes and returns the reply, successful or not.
    pub async fn publish(&self, channel: &str, data: Value) -> Result<Value> {
        self.exchange(json!({"channel": channel, "clientId": self.client_id, "data": data})).await
    }

    /// Takes leave of the server.
    pub async fn disconnect(self) -> Result<Value> {
        self.exchange(json!({"channel": "/meta/disconnect", "clientId": self.client_id})).await
    }

    async fn exchange(&self, message: Value) -> Result<Value> {
        match &self.link {
            Link::Polling(client) => ask(client, &message, &self.inbox).await,
            Link::Socket(socket) => socket.exchange(message).await,
        }
    }
}

/// Sends a message in a request of its own.
async fn ask(client: &Client, message: &Value, inbox: &Inbox) -> Result<Value> {
    let told = |channel: &str, data: &Value| inbox.push(json!({"channel": channel, "data": data}));
    Exchange::Polling(client.clone()).send(message, PATIENCE, told).await
}

/// Connects again and again; it ends with the first refusal or broken connection.
async fn poll(client: Client, connect: Value, inbox: Inbox) {
    while let Ok(reply) = ask(&client, &connect, &inbox).await {
        if !may_continue(&reply) {
            return inbox.push(reply);
        }
    }
}

/// Tells whether the connect loop may go on after this `/meta/connect` reply.
fn may_continue(reply: &Value) -> bool {
    let advice = reply["advice"]["reconnect"].as_str();
    reply["successful"] == true && matches!(advice, None | Some("retry"))
}

/// A session over one WebSocket.
#[derive(Debug)]
struct Socket {
    writer: Writer,
    /// Who waits for which reply.
    waiting: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    sent: AtomicU64,
}

impl Socket {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Value>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one message and waits for its reply.
    async fn exchange(&self, mut message: Value) -> Result<Value> {
        let id = self.sent.fetch_add(1, Ordering::Relaxed).to_string();
        message["id"] = json!(id);
        let (sender, reply) = oneshot::channel();
        self.waiting().insert(id, sender);
        self.writer.send(json!([message]).to_string()).await?;
        let reply = tokio::time::timeout(BOUND, reply).await;
        let reply = reply.with_context(|| format!("no reply in time to {message}"))?;
        reply.with_context(|| format!("the WebSocket closed before the reply to {message}"))
    }

    async fn read(self: Arc<Self>, mut reader: Reader, inbox: Inbox) {
        // Only the reply to the handshake names it.
        let mut client_id = String::new();
        while let Ok(frame) = reader.frame_however_late().await {
            let messages: Vec<Value> = serde_json::from_str(&frame).unwrap_or_default();
            for message in messages {
                if is_publication(&message) {
                    inbox.push(message);
                } else if message["id"] != CONNECT_ID {
                    if let Some(given) = message["clientId"].as_str() {
                        given.clone_into(&mut client_id);
                    }
                    let waiting = self.waiting().remove(message["id"].as_str().unwrap_or_default());
                    // Nobody waits any more if the test gave up; then the reply is of no use.
                    waiting.into_iter().for_each(|waiting| _ = waiting.send(message.clone()));
                } else if may_continue(&message) {
                    let mut connect = Transport::WebSocket.connect(&client_id);
                    connect["id"] = json!(CONNECT_ID);
                    if self.writer.send(json!([connect]).to_string()).await.is_err() {
                        return;
                    }
                } else {
                    inbox.push(message);
                }
            }
        }
        self.waiting().clear();
    }
}
