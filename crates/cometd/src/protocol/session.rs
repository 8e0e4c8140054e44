//! One session: its queue, its held connect, its socket and its clocks.
//!
//! Only the hub changes a session; this module holds what can be decided from the session alone.

use std::sync::Arc;

use serde_json::Value;

use super::Moment;
use super::ack::{Outbox, Selection};
use super::advice::ClientAdvice;
use super::message::Message;
use super::timesync::Timesync;
use crate::identity::{BrowserId, Identity, Login, SessionInfo, Source, Tag};

/// A held HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PollId(pub u64);

/// An open WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In an HTTP request of its own.
    LongPolling,
    /// In a frame of a socket.
    WebSocket(SocketId),
}

impl Transport {
    /// Tells whether both are of the same kind.
    pub fn is_like(self, other: Self) -> bool {
        matches!(self, Self::LongPolling) == matches!(other, Self::LongPolling)
    }
}

/// Who sends a request, and how.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The authenticated identity, if there is one.
    pub identity: Option<Identity>,
    /// What was noted about the request, if anything.
    pub tag: Option<Tag>,
    /// What let it in, if that can end by itself.
    pub login: Option<Login>,
    /// Where it comes from, if that counts.
    pub source: Option<Source>,
    /// The `BAYEUX_BROWSER` cookies; more than one when paths overlap.
    pub browsers: Vec<BrowserId>,
    pub transport: Transport,
}

/// What must be remembered of a connect until it is answered.
#[derive(Clone, Debug)]
pub struct ConnectRequest {
    /// The message's id.
    pub id: Option<Value>,
    /// The last batch that the client has received.
    pub ack: Option<u64>,
    /// The client's advice for this connect.
    pub advice: ClientAdvice,
    /// The client's question about the time.
    pub timesync: Option<Timesync>,
}

impl ConnectRequest {
    /// Reads the connect.
    pub fn read(message: &Message, now: Moment) -> Self {
        let ack =
            message.ext.as_ref().and_then(|ext| ext.get("ack")).and_then(super::advice::whole);
        let advice = ClientAdvice::read(message.advice.as_ref());
        Self {
            id: message.id.clone(),
            ack,
            advice,
            timesync: Timesync::read(message.ext.as_ref(), now),
        }
    }

    /// Tells which messages the reply should carry.
    pub fn selection(&self) -> Selection {
        if self.ack.is_some() { Selection::All } else { Selection::Unsent }
    }
}

/// Where a held connect waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In an HTTP request.
    Poll(PollId),
    /// On a socket.
    Socket(SocketId),
}

/// A connect that waits for something to say.
#[derive(Debug)]
pub struct HeldConnect {
    /// What was asked.
    pub request: ConnectRequest,
    /// Where the answer goes.
    pub carrier: Carrier,
    /// When it is answered at the latest, in ms.
    pub due_ms: u64,
    /// It was told to fetch its answer.
    pub woken: bool,
    /// The browser whose held polls it counts among.
    pub browser: Option<BrowserId>,
}

/// One client's session.
#[derive(Debug)]
pub struct Session {
    /// Id and identity.
    pub info: SessionInfo,
    /// Where its handshake came from, if that counts.
    pub source: Option<Source>,
    /// Its place in the order in which sessions were opened.
    pub number: u64,
    /// The browser that an anonymous session is bound to.
    pub browser: Option<BrowserId>,
    /// The transport of the last connect, or of the handshake.
    pub transport: Transport,
    /// The messages to deliver.
    pub outbox: Outbox,
    /// The reply that carries messages in flight; tells a late settlement from a timely one.
    pub lease: u64,
    /// The names subscribed to.
    pub subscriptions: Vec<Arc<str>>,
    pub held: Option<HeldConnect>,
    /// The socket that messages are pushed to.
    pub socket: Option<SocketId>,
    /// Requests in progress behind whose replies all messages must come.
    pub corks: u32,
    /// The first connect was answered.
    pub connected: bool,
    /// The next connect reply carries the server's advice.
    pub advice_due: bool,
    /// When the session ends unless it hears from the client; no clock runs while a connect is
    /// held.
    pub expires_ms: Option<u64>,
    /// When lazy messages have waited long enough.
    pub lazy_due_ms: Option<u64>,
    /// The deadline that the hub has noted; it may be too early, never too late.
    pub alarm_ms: Option<u64>,
    /// The last publication that was queued here, so that overlapping patterns give one copy.
    pub last_publication: u64,
}

impl Session {
    /// Tells whether a caller may speak for the session: by identity if it has one, else by its
    /// browser's cookie.
    ///
    /// A socket that was opened without any such cookie reaches an anonymous session by its id
    /// alone, as at the reference server (bayeux.md 1.6): Faye's client opens its socket before its
    /// handshake by HTTP gives it one.
    pub fn admits(&self, caller: &Caller) -> bool {
        if let Some(identity) = &self.info.identity {
            return caller.identity.as_ref() == Some(identity);
        }
        let is_bare_socket =
            caller.browsers.is_empty() && matches!(caller.transport, Transport::WebSocket(_));
        is_bare_socket
            || self.browser.as_ref().is_some_and(|browser| caller.browsers.contains(browser))
    }

    /// Tells whether messages are pushed to a socket, past the held connect.
    pub fn is_pushed(&self) -> bool {
        self.socket.is_some() && !self.outbox.is_acknowledged()
    }

    /// Tells whether messages may be taken now; `own_corks` are those of the request that asks.
    pub fn may_take(&self, own_corks: u32) -> bool {
        self.corks == own_corks && !self.outbox.is_in_flight()
    }

    /// Returns the earliest of the session's deadlines.
    pub fn next_deadline(&self) -> Option<u64> {
        let due = self.held.as_ref().filter(|held| !held.woken).map(|held| held.due_ms);
        [self.expires_ms, due, self.lazy_due_ms].into_iter().flatten().min()
    }
}
