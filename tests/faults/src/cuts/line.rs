//! One client's connection, over either transport: one request at a time, each answer taken whole
//! or not at all.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::HELD;
use handoff_testkit::load::center::PASSWORD;
use handoff_testkit::load::http::{Answer, Call, Client};
use handoff_testkit::load::program::Address;

/// Where CometD lives, below the API's root.
const ENDPOINT: &str = "/notifications";
/// How much longer than a held connect an answer may take: what the reference client calls its
/// network delay.
const NETWORK_DELAY: Duration = Duration::from_secs(10);

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// One parked POST after the other.
    LongPolling,
    /// One WebSocket for everything.
    WebSocket,
}

impl Transport {
    /// Returns its name in Bayeux messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// A connection.
pub(super) enum Line {
    /// Requests of their own, with the cookies that the program set.
    Polling(Client, HeaderMap),
    /// An open socket.
    Socket(Box<WebSocketStream<TcpStream>>),
}

impl Line {
    /// Opens a connection for a user.
    ///
    /// # Errors
    ///
    /// When nobody is there or the program refuses.
    pub(super) async fn open(address: &Address, user: &str, transport: Transport) -> Result<Self> {
        match transport {
            Transport::LongPolling => {
                Ok(Self::Polling(Client::new(address.clone(), user, PASSWORD)?, HeaderMap::new()))
            }
            Transport::WebSocket => {
                let opened = tokio::time::timeout(NETWORK_DELAY, open_socket(address, user)).await;
                opened
                    .context("the socket was not opened in time")?
                    .map(|socket| Self::Socket(Box::new(socket)))
            }
        }
    }

    /// Sends a message, passes on what is published until its reply comes, and gives the reply.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or no reply comes in time.
    pub(super) async fn exchange(
        &mut self,
        message: &Value,
        mut heard: impl FnMut(&str, &Value),
    ) -> Result<Value> {
        let channel = message["channel"].clone();
        self.send(message).await?;
        let deadline = tokio::time::Instant::now() + HELD + NETWORK_DELAY;
        loop {
            let received = tokio::time::timeout_at(deadline, self.receive(message)).await;
            let messages = received.context("no reply in time")??;
            let mut reply = None;
            for message in messages {
                // A reply says whether it was successful, and what is published does not.
                if message["successful"].is_null() {
                    heard(message["channel"].as_str().unwrap_or_default(), &message["data"]);
                } else if message["channel"] == channel {
                    reply = Some(message);
                }
            }
            if let Some(reply) = reply {
                return Ok(reply);
            }
            if matches!(self, Self::Polling(..)) {
                bail!("an answer without a reply to {channel}");
            }
        }
    }

    /// Writes a message to the socket; a polling request is sent when its answer is waited for.
    async fn send(&mut self, message: &Value) -> Result<()> {
        let Self::Socket(socket) = self else { return Ok(()) };
        let text = Value::Array(vec![message.clone()]).to_string();
        let sent = tokio::time::timeout(NETWORK_DELAY, socket.send(Message::text(text))).await;
        sent.context("the socket takes nothing")?.context("write to the socket")
    }

    /// Returns the messages of the next answer or frame.
    async fn receive(&mut self, message: &Value) -> Result<Vec<Value>> {
        match self {
            Self::Polling(client, cookies) => {
                let mut call = Call::post(ENDPOINT, &Value::Array(vec![message.clone()]));
                call.headers = cookies.clone();
                let answer = client.send(&call).await.map_err(|_| anyhow::anyhow!("no answer"))?;
                if message["channel"] == "/meta/handshake" {
                    *cookies = cookies_of(&answer)?;
                }
                match answer.body {
                    Value::Array(messages) => Ok(messages),
                    other => bail!("status {}: {other}", answer.status),
                }
            }
            Self::Socket(socket) => loop {
                match socket.next().await.context("the socket ended")?? {
                    Message::Text(text) => {
                        return serde_json::from_str(&text).context("read a frame");
                    }
                    Message::Close(_) => bail!("the socket was closed"),
                    Message::Ping(_)
                    | Message::Pong(_)
                    | Message::Binary(_)
                    | Message::Frame(_) => {}
                }
            },
        }
    }
}

async fn open_socket(address: &Address, user: &str) -> Result<WebSocketStream<TcpStream>> {
    let address = (*address.borrow()).context("the program is away")?;
    let mut request = format!("ws://{address}/api/v2{ENDPOINT}").into_client_request()?;
    let credentials = STANDARD.encode(format!("{user}:{PASSWORD}"));
    request
        .headers_mut()
        .insert(AUTHORIZATION, HeaderValue::from_str(&format!("Basic {credentials}"))?);
    let stream = TcpStream::connect(address).await.context("connect")?;
    stream.set_nodelay(true)?;
    let (socket, _) =
        tokio_tungstenite::client_async(request, stream).await.context("open the socket")?;
    Ok(socket)
}

/// Returns the cookies that an answer set, as a browser sends them back.
fn cookies_of(answer: &Answer) -> Result<HeaderMap> {
    let set = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<&str> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    let mut headers = HeaderMap::new();
    if !pairs.is_empty() {
        headers.insert(COOKIE, HeaderValue::from_str(&pairs.join("; "))?);
    }
    Ok(headers)
}
