//! CometD by WebSocket, as the customers' page and agents' desktops use it: frames in, publications
//! out.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Transport, subscribe};
use crate::http::{Client, connect};

/// How long opening may take, and how long a socket may take nothing.
const BOUND: Duration = Duration::from_secs(20);
/// How long nothing may come: longer than a connect is held, which is answered then.
const SILENCE_BOUND: Duration = Duration::from_secs(45);

#[derive(Debug)]
pub struct Writer(Mutex<SplitSink<WebSocketStream<TcpStream>, Message>>);

#[derive(Debug)]
pub struct Reader(SplitStream<WebSocketStream<TcpStream>>);

/// Opens a WebSocket as a client's user.
pub async fn open(client: &Client, path: &str) -> Result<(Writer, Reader)> {
    let server = client.address().borrow().context("the program is away")?;
    let opening = async {
        let stream = connect(server, client.source()).await?;
        upgrade(stream, server, path, client.identity()).await
    };
    let opened = tokio::time::timeout(BOUND, opening).await;
    Ok(Writer::halves(opened.context("the socket was not opened in time")??))
}

pub async fn upgrade(
    stream: TcpStream,
    server: SocketAddr,
    path: &str,
    identity: HeaderMap,
) -> Result<WebSocketStream<TcpStream>> {
    let mut request = format!("ws://{server}{path}").into_client_request()?;
    request.headers_mut().extend(identity);
    Ok(tokio_tungstenite::client_async(request, stream).await.context("open the socket")?.0)
}

impl Writer {
    /// Parts an open socket into what is written to and what is read.
    #[must_use]
    pub fn halves(stream: WebSocketStream<TcpStream>) -> (Self, Reader) {
        let (sink, stream) = stream.split();
        (Self(Mutex::new(sink)), Reader(stream))
    }

    pub async fn send(&self, text: String) -> Result<()> {
        let sending = async { self.0.lock().await.send(Message::text(text)).await };
        let sent = tokio::time::timeout(BOUND, sending).await;
        sent.context("the socket takes nothing")?.context("write to the socket")
    }
}

impl Reader {
    /// Returns the next frame's text. Dropping the future loses nothing.
    pub async fn frame(&mut self) -> Result<Utf8Bytes> {
        let frame = tokio::time::timeout(SILENCE_BOUND, self.frame_however_late());
        frame.await.context("nothing came")?
    }

    /// The same from a server that says nothing while it has nothing to say.
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

/// A CometD session over a socket of its own that listens to one channel; who has it reads the
/// frames.
pub struct Listening {
    writer: Writer,
    id: String,
    channel: String,
}

impl Listening {
    /// Opens a session at an endpoint, with what the subscription adds. Its reply is among the
    /// frames.
    pub async fn open(
        client: &Client,
        path: &str,
        channel: &str,
        ext: Option<Value>,
    ) -> Result<(Self, Reader)> {
        let (writer, mut reader) = open(client, path).await?;
        writer.send(json!([Transport::WebSocket.handshake()]).to_string()).await?;
        let reply: Value = serde_json::from_str(&reader.frame().await?).context("read a frame")?;
        let id = reply[0]["clientId"].as_str().with_context(|| format!("no clientId: {reply}"))?;
        let mut message = subscribe(id, channel);
        if let Some(ext) = ext {
            message["ext"] = ext;
        }
        writer.send(json!([message]).to_string()).await?;
        let session = Self { writer, id: id.to_owned(), channel: channel.to_owned() };
        session.connect().await?;
        Ok((session, reader))
    }

    async fn connect(&self) -> Result<()> {
        self.writer.send(json!([Transport::WebSocket.connect(&self.id)]).to_string()).await
    }

    pub async fn publish(&self, data: &Value) -> Result<()> {
        let Self { id, channel, .. } = self;
        let message = json!([{"channel": channel, "id": "4", "clientId": id, "data": data}]);
        self.writer.send(message.to_string()).await
    }

    /// Does what a frame asks of every client: connect again, and take no refusal.
    pub async fn follow(&self, frame: &str) -> Result<()> {
        ensure!(!frame.contains(r#""successful":false"#), "refused: {frame}");
        if frame.contains(r#""/meta/connect""#) {
            self.connect().await?;
        }
        Ok(())
    }
}

/// Returns the data of what was published in a frame; replies are left out.
pub fn published(frame: &str) -> Result<Vec<Value>> {
    let messages: Vec<Value> = serde_json::from_str(frame).context("read a frame")?;
    let data = messages.into_iter().filter(|message| message["successful"].is_null());
    Ok(data.map(|mut message| message["data"].take()).collect())
}
