//! CometD by WebSocket, as the customers' page and agents' desktops use it: one session, frames in,
//! publications out.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use handoff_testkit::load::center::PASSWORD;

/// Where customers' sessions are.
pub const CUSTOMERS: &str = "/genesys/cometd";
/// Where agents' sessions are.
pub const AGENTS: &str = "/api/v2/notifications";
/// How many connections share a source address: the program bounds them by address, at 512 by
/// default.
const CONNECTIONS_PER_ADDRESS: usize = 500;
/// How long opening may take.
const OPEN_BOUND: Duration = Duration::from_secs(20);
/// How long nothing may come: longer than a connect is held, which is answered then.
const SILENCE_BOUND: Duration = Duration::from_secs(45);

/// The way to an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The server.
    pub server: SocketAddr,
    /// The connection's number, on which the address depends that it comes from.
    pub number: usize,
    /// The endpoint.
    pub path: &'a str,
    /// Who connects; a customer is nobody.
    pub user: Option<&'a str>,
}

/// What is written to.
pub struct Mouth(Mutex<SplitSink<WebSocketStream<TcpStream>, Message>>);

/// What is read from.
pub struct Ear(SplitStream<WebSocketStream<TcpStream>>);

impl Way<'_> {
    /// Opens a WebSocket.
    ///
    /// # Errors
    ///
    /// When nobody is there, or it is refused.
    pub async fn open(&self) -> Result<(Mouth, Ear)> {
        let opened = tokio::time::timeout(OPEN_BOUND, self.connect()).await;
        let (sink, stream) = opened.context("the socket was not opened in time")??.split();
        Ok((Mouth(Mutex::new(sink)), Ear(stream)))
    }

    async fn connect(&self) -> Result<WebSocketStream<TcpStream>> {
        let Self { server, number, path, user } = self;
        let mut request = format!("ws://{server}{path}").into_client_request()?;
        if let Some(user) = user {
            let credentials = STANDARD.encode(format!("{user}:{PASSWORD}"));
            let value = HeaderValue::from_str(&format!("Basic {credentials}"))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let last = u8::try_from(2 + number / CONNECTIONS_PER_ADDRESS % 250).unwrap_or(u8::MAX);
        let socket = TcpSocket::new_v4().context("make a socket")?;
        socket.bind(SocketAddr::new(Ipv4Addr::new(127, 0, 0, last).into(), 0)).context("bind")?;
        let stream = socket.connect(*server).await.context("connect")?;
        stream.set_nodelay(true)?;
        Ok(tokio_tungstenite::client_async(request, stream).await.context("open the socket")?.0)
    }
}

impl Mouth {
    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn send(&self, text: String) -> Result<()> {
        self.0.lock().await.send(Message::text(text)).await.context("write to the socket")
    }
}

impl Ear {
    /// Returns the next frame's text. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// When the connection breaks or is silent.
    pub async fn frame(&mut self) -> Result<Utf8Bytes> {
        tokio::time::timeout(SILENCE_BOUND, self.frame_however_late())
            .await
            .context("nothing came")?
    }

    /// The same from a server that says nothing while it has nothing to say.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn frame_however_late(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.0.next().await.context("the socket ended")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(_) => bail!("the socket was closed"),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }
}

/// A CometD session over a socket of its own.
pub struct Session {
    mouth: Mouth,
    id: String,
    channel: String,
}

impl Session {
    /// Opens a session that listens to a channel, with what the subscription adds. Its reply is
    /// among the frames.
    ///
    /// # Errors
    ///
    /// When the program is away or refuses.
    pub async fn open(way: &Way<'_>, channel: &str, ext: Option<Value>) -> Result<(Self, Ear)> {
        let (mouth, mut ear) = way.open().await?;
        let hello = json!([{"channel": "/meta/handshake", "id": "1", "version": "1.0",
            "supportedConnectionTypes": ["websocket"]}]);
        mouth.send(hello.to_string()).await?;
        let reply: Value = serde_json::from_str(&ear.frame().await?).context("read a frame")?;
        let id = reply[0]["clientId"]
            .as_str()
            .with_context(|| format!("no clientId: {reply}"))?
            .to_owned();
        let mut subscribe = json!([{"channel": "/meta/subscribe", "id": "2", "clientId": id, "subscription": channel}]);
        if let Some(ext) = ext {
            subscribe[0]["ext"] = ext;
        }
        mouth.send(subscribe.to_string()).await?;
        let session = Self { mouth, id, channel: channel.to_owned() };
        session.connect().await?;
        Ok((session, ear))
    }

    async fn connect(&self) -> Result<()> {
        let id = &self.id;
        let connect = format!(
            r#"[{{"channel":"/meta/connect","id":"3","clientId":"{id}","connectionType":"websocket"}}]"#
        );
        self.mouth.send(connect).await
    }

    /// Publishes to the channel.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn publish(&self, data: &Value) -> Result<()> {
        let Self { id, channel, .. } = self;
        self.mouth
            .send(format!(
                r#"[{{"channel":"{channel}","id":"4","clientId":"{id}","data":{data}}}]"#
            ))
            .await
    }

    /// Does what a frame asks of every client: connect again, and take no refusal.
    ///
    /// # Errors
    ///
    /// When it is a refusal, or the connection breaks.
    pub async fn follow(&self, frame: &str) -> Result<()> {
        ensure!(!frame.contains(r#""successful":false"#), "refused: {frame}");
        if frame.contains(r#""/meta/connect""#) {
            self.connect().await?;
        }
        Ok(())
    }
}

/// Returns what was published in a frame; replies are left out.
///
/// # Errors
///
/// When it is no list of messages.
pub fn published(frame: &str) -> Result<Vec<Value>> {
    let messages: Vec<Value> = serde_json::from_str(frame).context("read a frame")?;
    let data = messages.into_iter().filter(|message| message["successful"].is_null());
    Ok(data.map(|mut message| message["data"].take()).collect())
}
