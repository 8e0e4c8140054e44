//! The WebSocket transport.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{AUTHORIZATION, COOKIE, HeaderValue};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{ENDPOINT, is_publication, may_continue};
use crate::inbox::{BOUND, Inbox};
use crate::rest::Rest;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The id of every `/meta/connect`; replies with it drive the loop and wake nobody else.
const CONNECT_ID: &str = "connect";

/// A session over one WebSocket.
#[derive(Debug)]
pub(super) struct Socket {
    outgoing: mpsc::UnboundedSender<Value>,
    waiting: Arc<Waiting>,
    next_id: AtomicU64,
    running: JoinHandle<()>,
}

/// Who waits for which reply.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<String, oneshot::Sender<Value>>>);

impl Waiting {
    fn register(&self, id: &str) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), sender);
        receiver
    }

    fn answer(&self, reply: Value) {
        let id = reply["id"].as_str().unwrap_or_default();
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(waiting) = waiting {
            // Nobody waits any more if the test gave up; then the reply is of no use.
            let _ = waiting.send(reply);
        }
    }
}

impl Socket {
    /// Opens the socket with the client's credentials.
    pub(super) async fn open(rest: &Rest, inbox: Inbox) -> Result<Self> {
        let url = format!("{}{ENDPOINT}", rest.origin().replacen("http", "ws", 1));
        let mut request =
            url.into_client_request().context("the address is no WebSocket address")?;
        if let Some(authorization) = rest.authorization() {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(cookie) = rest.cookie() {
            request.headers_mut().insert(COOKIE, HeaderValue::from_str(&cookie)?);
        }
        let opening = tokio_tungstenite::connect_async(request);
        let (stream, _) = tokio::time::timeout(BOUND, opening)
            .await
            .context("the WebSocket was not opened in time")?
            .context("the WebSocket was refused")?;
        let (outgoing, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(Waiting::default());
        let pump = Pump { inbox, waiting: Arc::clone(&waiting), outgoing: outgoing.clone() };
        let running = tokio::spawn(pump.run(stream, queue));
        Ok(Self { outgoing, waiting, next_id: AtomicU64::new(1), running })
    }

    /// Sends the first connect; the others follow from the replies.
    pub(super) fn start(&self, client_id: &str) -> Result<()> {
        let connect = json!({"id": CONNECT_ID, "channel": "/meta/connect", "clientId": client_id,
                             "connectionType": "websocket"});
        self.outgoing.send(connect).context("the WebSocket is closed")
    }

    /// Sends one message and waits for its reply.
    pub(super) async fn exchange(&self, mut message: Value) -> Result<Value> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed).to_string();
        message["id"] = json!(id);
        let reply = self.waiting.register(&id);
        let shown = message.to_string();
        self.outgoing.send(message).context("the WebSocket is closed")?;
        tokio::time::timeout(BOUND, reply)
            .await
            .with_context(|| format!("no reply in time to {shown}"))?
            .with_context(|| format!("the WebSocket closed before the reply to {shown}"))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Moves messages between the socket and the rest of the client.
struct Pump {
    inbox: Inbox,
    waiting: Arc<Waiting>,
    outgoing: mpsc::UnboundedSender<Value>,
}

impl Pump {
    async fn run(self, stream: Stream, mut queue: mpsc::UnboundedReceiver<Value>) {
        let (mut sink, mut source) = stream.split();
        loop {
            tokio::select! {
                Some(message) = queue.recv() => {
                    let text = Value::Array(vec![message]).to_string();
                    if sink.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
                frame = source.next() => {
                    if !self.take(frame) {
                        return;
                    }
                }
            }
        }
    }

    /// Sorts a frame's messages; says whether the socket is still of use.
    fn take(&self, frame: Option<tungstenite::Result<Message>>) -> bool {
        match frame {
            Some(Ok(Message::Text(text))) => {
                if let Ok(Value::Array(messages)) = serde_json::from_str(text.as_str()) {
                    messages.into_iter().for_each(|message| self.sort(message));
                }
                true
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            Some(Ok(_)) => true,
        }
    }

    fn sort(&self, message: Value) {
        if is_publication(&message) {
            self.inbox.push(message);
        } else if message["id"] == CONNECT_ID {
            self.connect_again(message);
        } else {
            self.waiting.answer(message);
        }
    }

    fn connect_again(&self, reply: Value) {
        if !may_continue(&reply) {
            self.inbox.push(reply);
            return;
        }
        let next = json!({"id": CONNECT_ID, "channel": "/meta/connect", "clientId": reply["clientId"],
                          "connectionType": "websocket"});
        // The queue is gone only when this pump is, and then there is nothing to connect.
        let _ = self.outgoing.send(next);
    }
}
