//! A CometD client for tests: handshake, subscriptions with replay, and a connect loop over either
//! transport.
//!
//! It is written from the Bayeux 1.0 specification and deliberately simple: no acknowledgements, no
//! retries, no reconnect of its own, so that a test decides when a client goes and when it comes
//! back. What real clients do is the matter of `tests/interop`.

mod polling;
mod socket;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::polling::Polling;
use self::socket::Socket;
use crate::inbox::Inbox;
use crate::rest::Rest;

/// The CometD endpoint (docs/compat/notifications.md#endpoint).
const ENDPOINT: &str = "/api/v2/notifications";

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One parked POST after the other.
    LongPolling,
    /// One WebSocket for everything.
    WebSocket,
}

impl Transport {
    /// The transport's name in Bayeux messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// What a subscription wants to have of the past (docs/compat/notifications.md#replay,
/// `ext.replay`).
#[derive(Clone, Debug)]
pub enum Replay {
    /// Not asked for: plain CometD.
    Plain,
    /// Everything that is kept (−2).
    All,
    /// What came after this sequence number.
    After(i64),
    /// The extension's value as it is, for wildcards and for nonsense.
    Raw(Value),
}

impl Replay {
    fn into_ext(self) -> Option<Value> {
        match self {
            Self::Plain => None,
            Self::All => Some(json!({"replay": -2})),
            Self::After(sequence) => Some(json!({"replay": sequence})),
            Self::Raw(value) => Some(json!({"replay": value})),
        }
    }
}

#[derive(Debug)]
enum Link {
    Polling(Polling),
    Socket(Socket),
}

/// One CometD session. Dropping it cuts the connection without a word, as a crashed client would.
#[derive(Debug)]
pub struct Comet {
    link: Link,
    client_id: String,
}

impl Comet {
    /// Shakes hands and starts the connect loop; what is published from then on goes to `inbox`. A
    /// refusal of a later connect is put there too, as the `/meta/connect` reply that it is, and
    /// ends the loop.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the handshake.
    pub async fn open(rest: &Rest, transport: Transport, inbox: Inbox) -> Result<Self> {
        let link = match transport {
            Transport::LongPolling => Link::Polling(Polling::new(rest.clone(), inbox)),
            Transport::WebSocket => Link::Socket(Socket::open(rest, inbox).await?),
        };
        let mut session = Self { link, client_id: String::new() };
        let reply = session
            .exchange(
                json!({"channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
                             "supportedConnectionTypes": [transport.name()]}),
            )
            .await?;
        ensure!(reply["successful"] == true, "the handshake was refused: {reply}");
        reply["clientId"]
            .as_str()
            .context("a handshake reply without clientId")?
            .clone_into(&mut session.client_id);
        match &mut session.link {
            Link::Polling(link) => link.start(session.client_id.clone()),
            Link::Socket(link) => link.start(&session.client_id)?,
        }
        Ok(session)
    }

    /// Returns the session's `clientId`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Subscribes and gives the reply, successful or not.
    ///
    /// # Errors
    /// When no reply comes.
    pub async fn subscribe(&self, channel: &str, replay: Replay) -> Result<Value> {
        let mut message = json!({"channel": "/meta/subscribe", "clientId": self.client_id, "subscription": channel});
        if let Some(ext) = replay.into_ext() {
            message["ext"] = ext;
        }
        self.exchange(message).await
    }

    /// Publishes and gives the reply, successful or not.
    ///
    /// # Errors
    /// When no reply comes.
    pub async fn publish(&self, channel: &str, data: Value) -> Result<Value> {
        self.exchange(json!({"channel": channel, "clientId": self.client_id, "data": data})).await
    }

    /// Takes leave of the server.
    ///
    /// # Errors
    /// When no reply comes.
    pub async fn disconnect(self) -> Result<Value> {
        self.exchange(json!({"channel": "/meta/disconnect", "clientId": self.client_id})).await
    }

    async fn exchange(&self, message: Value) -> Result<Value> {
        match &self.link {
            Link::Polling(link) => link.exchange(message).await,
            Link::Socket(link) => link.exchange(message).await,
        }
    }
}

/// Whether the connect loop may go on after this `/meta/connect` reply.
fn may_continue(reply: &Value) -> bool {
    reply["successful"] == true
        && matches!(reply["advice"]["reconnect"].as_str(), None | Some("retry"))
}

/// Whether a message is something published, as opposed to a reply.
fn is_publication(message: &Value) -> bool {
    message.get("successful").is_none() && message.get("data").is_some()
}
