//! A connection that comes from an address of one's choice and sends whatever it is given.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};

use handoff_testkit::load::http::{Answer, exchange};

/// How long an answer may take before somebody gives up.
const ANSWER_BOUND: Duration = Duration::from_secs(60);
/// The address that floods come from.
pub(super) const FLOOD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The address of somebody honest.
pub(super) const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Connects from an address.
pub(super) async fn connect(server: SocketAddr, from: Ipv4Addr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4().context("make a socket")?;
    socket.bind(SocketAddr::new(from.into(), 0)).context("bind")?;
    let stream = socket.connect(server).await.context("connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection.
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) authorization: Option<String>,
    pub(super) body: Bytes,
}

impl Sent {
    /// A customer's form.
    pub(super) fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        Self {
            method: "POST",
            path: path.to_owned(),
            content_type: "application/x-www-form-urlencoded",
            authorization: None,
            body: body.collect::<Vec<_>>().join("&").into(),
        }
    }

    /// A body of JSON.
    pub(super) fn json(path: &str, body: &serde_json::Value) -> Self {
        Self { content_type: "application/json", body: body.to_string().into(), ..Self::get(path) }
            .posted()
    }

    /// A GET.
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            content_type: "application/json",
            authorization: None,
            body: Bytes::new(),
        }
    }

    fn posted(self) -> Self {
        Self { method: "POST", ..self }
    }

    /// The same with credentials.
    pub(super) fn by(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        Self { authorization: Some(format!("Basic {credentials}")), ..self }
    }
}

impl Line {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// When nobody is there.
    pub(super) async fn open(server: SocketAddr, from: Ipv4Addr) -> Result<Self> {
        let stream = connect(server, from).await?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.context("speak HTTP")?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub(super) async fn send(&mut self, sent: &Sent) -> Result<Answer> {
        self.sender.ready().await.context("the connection is gone")?;
        let mut request = Request::builder().method(sent.method).uri(&sent.path);
        request = request.header(HOST, "127.0.0.1").header(CONTENT_TYPE, sent.content_type);
        if let Some(authorization) = &sent.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(sent.body.clone())).context("make a request")?;
        let answer = tokio::time::timeout(ANSWER_BOUND, exchange(&mut self.sender, request)).await;
        answer.context("no answer in time")?.context("the connection broke")
    }
}

/// Escapes what a form escapes, and more.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_escaped() {
        let sent = Sent::form("/x", &[("a", "b c"), ("d", "é&=")]);
        assert_eq!(&*sent.body, b"a=b%20c&d=%C3%A9%26%3D");
    }
}
