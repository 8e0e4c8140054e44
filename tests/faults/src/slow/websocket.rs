//! A WebSocket client that holds no more than its socket, so that what it does not read stays with
//! the server.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::sockets;

/// The key of every upgrade (RFC 6455, 1.3 prints this one): who looks after caches is not tested
/// here.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The topic that is subscribed to.
const TOPIC: &str = "/v2/me/interactions";

/// An open WebSocket with a subscribed CometD session.
pub(super) struct Subscribed {
    stream: TcpStream,
}

impl Subscribed {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// When the server refuses any step.
    pub(super) async fn open(
        server: SocketAddr,
        number: usize,
        authorization: &str,
    ) -> Result<Self> {
        let mut stream = sockets::connect_narrowly(server, number).await?;
        let upgrade = format!(
            "GET /api/v2/notifications HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        stream.write_all(upgrade.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            ensure!(stream.read_buf(&mut head).await? > 0, "the upgrade was not answered");
        }
        ensure!(
            head.starts_with(b"HTTP/1.1 101 "),
            "no upgrade: {}",
            String::from_utf8_lossy(&head)
        );
        let mut socket = Self { stream };
        let hello = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["websocket"]});
        let id =
            socket.exchange(hello).await?["clientId"].as_str().context("no clientId")?.to_owned();
        let subscribe =
            json!({"channel": "/meta/subscribe", "clientId": id, "subscription": TOPIC});
        socket.exchange(subscribe).await?;
        let connect =
            json!({"channel": "/meta/connect", "clientId": id, "connectionType": "websocket"});
        socket.exchange(connect.clone()).await?;
        // The first is answered at once; the second is held, which keeps the session.
        socket.send(&connect).await?;
        Ok(socket)
    }

    /// Returns the socket, with whatever comes unread.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    async fn exchange(&mut self, message: Value) -> Result<Value> {
        self.send(&message).await?;
        loop {
            let messages: Vec<Value> = serde_json::from_slice(&self.receive().await?)?;
            if let Some(reply) =
                messages.iter().find(|reply| reply["channel"] == message["channel"])
            {
                ensure!(reply["successful"] == true, "refused: {reply}");
                return Ok(reply.clone());
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Result<()> {
        self.stream
            .write_all(&frame(&json!([message]).to_string())?)
            .await
            .context("write to a WebSocket")
    }

    /// Reads one text frame.
    async fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await.context("read from a WebSocket")?;
            let length = match head[1] {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            let mut text = vec![0; usize::try_from(length)?];
            self.stream.read_exact(&mut text).await?;
            match head[0] {
                0x81 => return Ok(text),
                0x89 => {}
                other => bail!("a frame of an unexpected kind came: {other:#x}"),
            }
        }
    }
}

/// Writes a client's text frame. It is masked with zeros, which leaves the text as it is (RFC 6455,
/// 5.3).
fn frame(text: &str) -> Result<Vec<u8>> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()).context("a message is too long")? {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short)?),
        long => {
            frame.push(0x80 | 126);
            frame.extend(long.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_masked_and_say_their_length() {
        assert_eq!(frame("hi").unwrap(), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(frame(&"x".repeat(300)).unwrap()[..8], [0x81, 0xfe, 1, 44, 0, 0, 0, 0]);
    }
}
