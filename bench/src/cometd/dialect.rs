//! What clients say to each server, and how a delivery is told from a reply.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::servers::Kind;
use crate::wire::{Received, Wire, find, header};
use handoff_testkit::Transport;
use handoff_testkit::comet::subscribe;

/// How much a message carries beside its envelope, in bytes (bayeux.md 3).
const PADDING_BYTES: usize = 200;
/// The endpoint of every Bayeux server here.
const ENDPOINT: &str = "/cometd";
/// What only a delivered message contains.
const MARK: &[u8] = b"\"pad\":\"";
const REFUSAL: &[u8] = b"\"successful\":false";
/// What the reply to a connect contains, other than replies to publications.
const CONNECT: &[u8] = b"\"/meta/connect\"";

/// To whom a message goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// One agent.
    One(usize),
    All,
}

/// An agent's words, ready to be sent.
pub(super) struct Voice {
    number: usize,
    server: SocketAddr,
    session: Option<Session>,
    transport: Transport,
    /// The connect, sent again and again.
    pub(super) poll: Vec<u8>,
}

struct Session {
    id: String,
    cookie: String,
}

/// What a message from a server means to a client.
pub(super) struct Meaning {
    pub(super) delivered: usize,
    pub(super) is_poll_over: bool,
}

/// Opens an agent's connection and session, subscribed to their own channel and to the common one.
pub(super) async fn open(
    kind: Kind,
    transport: Transport,
    server: SocketAddr,
    number: usize,
) -> Result<(Wire, Voice)> {
    let mut voice = Voice { number, server, session: None, transport, poll: Vec::new() };
    if kind == Kind::Floor {
        return voice.open_floor().await;
    }
    let wire = match transport {
        Transport::LongPolling => Wire::open(server, number).await?,
        Transport::WebSocket => Wire::upgrade(server, number, ENDPOINT, "").await?,
    };
    let mut hello = transport.handshake();
    hello["id"] = json!("1");
    let (reply, cookie) = voice.ask(&wire, &hello).await?;
    let id = reply["clientId"].as_str().context("no clientId")?.to_owned();
    voice.session = Some(Session { id: id.clone(), cookie });
    let names = [format!("/one/{number}"), "/all".to_owned()];
    let mut subscribe = subscribe(&id, "");
    (subscribe["id"], subscribe["subscription"]) = (json!("2"), json!(names));
    voice.ask(&wire, &subscribe).await?;
    let mut connect = transport.connect(&id);
    connect["id"] = json!("3");
    voice.poll = voice.words(&connect.to_string());
    Ok((wire, voice))
}

impl Voice {
    async fn open_floor(mut self) -> Result<(Wire, Self)> {
        let (number, server) = (self.number, self.server);
        let wire = match self.transport {
            Transport::WebSocket => {
                Wire::upgrade(server, number, &format!("/socket/{number}"), "").await?
            }
            Transport::LongPolling => {
                // As many bytes as a connect has, so that the floor reads no less.
                let asked = json!([{"channel": "/meta/connect", "id": "3", "clientId": "x".repeat(26),
                    "connectionType": "long-polling"}]);
                self.poll = request(
                    server,
                    &format!("/poll/{number}"),
                    &"x".repeat(42),
                    &asked.to_string(),
                );
                Wire::open(server, number).await?
            }
        };
        Ok((wire, self))
    }

    /// Sends a message and waits for its reply; returns the cookies that came with it, too.
    async fn ask(&self, wire: &Wire, message: &Value) -> Result<(Value, String)> {
        wire.send(&self.words(&message.to_string())).await?;
        let received = wire.receive().await?;
        let replies: Vec<Value> = serde_json::from_slice(&received.body)
            .with_context(|| format!("read {}", String::from_utf8_lossy(&received.body)))?;
        let reply = replies
            .into_iter()
            .find(|reply| reply["channel"] == message["channel"])
            .context("no reply")?;
        ensure!(reply["successful"] == true, "{message} was refused: {reply}");
        let cookie =
            header(&received.head, "set-cookie").and_then(|cookie| cookie.split(';').next());
        Ok((reply, cookie.unwrap_or_default().to_owned()))
    }

    /// Wraps a message as the transport wants it.
    fn words(&self, message: &str) -> Vec<u8> {
        let text = format!("[{message}]");
        let cookie = self.session.as_ref().map_or("", |session| &session.cookie);
        match self.transport {
            Transport::WebSocket => text.into_bytes(),
            Transport::LongPolling => request(self.server, ENDPOINT, cookie, &text),
        }
    }

    /// Writes a publication of this agent.
    pub(super) fn publication(&self, target: Target) -> Vec<u8> {
        let data = format!(r#"{{"pad":"{}"}}"#, "x".repeat(PADDING_BYTES));
        let Some(session) = &self.session else {
            return match (self.transport, target) {
                (Transport::LongPolling, Target::One(number)) => request(
                    self.server,
                    &format!("/one/{number}"),
                    &"x".repeat(42),
                    &format!("[{data}]"),
                ),
                (Transport::LongPolling, Target::All) => {
                    request(self.server, "/all/0", &"x".repeat(42), &format!("[{data}]"))
                }
                (Transport::WebSocket, Target::One(number)) => {
                    format!("{number} [{data}]").into_bytes()
                }
                (Transport::WebSocket, Target::All) => format!("* [{data}]").into_bytes(),
            };
        };
        let channel = match target {
            Target::One(number) => format!("/one/{number}"),
            Target::All => "/all".to_owned(),
        };
        self.words(&format!(
            r#"{{"channel":"{channel}","id":"9","clientId":"{}","data":{data}}}"#,
            session.id
        ))
    }

    /// Reads what a server sent.
    pub(super) fn understand(&self, received: &Received) -> Result<Meaning> {
        let text = || String::from_utf8_lossy(&received.body).into_owned();
        let is_http = self.transport == Transport::LongPolling;
        ensure!(!is_http || received.head.starts_with(b"HTTP/1.1 200"), "refused: {}", text());
        ensure!(find(&received.body, REFUSAL).is_none(), "refused: {}", text());
        let mut delivered = 0;
        let mut rest = &received.body[..];
        while let Some(at) = find(rest, MARK) {
            delivered += 1;
            rest = rest.get(at + MARK.len() + PADDING_BYTES..).unwrap_or_default();
        }
        let is_poll_over = is_http || find(&received.body, CONNECT).is_some();
        Ok(Meaning { delivered, is_poll_over: is_poll_over && !self.poll.is_empty() })
    }
}

/// Writes a request as a browser's client does, without what no server here looks at.
fn request(server: SocketAddr, path: &str, cookie: &str, body: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json;charset=UTF-8\r\n{cookie}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
