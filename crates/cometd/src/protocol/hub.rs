//! All sessions, and every decision about them.
//!
//! The driver calls in with a message and the time and gets replies; whom it must wake it learns
//! from [`Hub::take_wakes`], whose end it must report from [`Hub::take_removed`]. The children hold
//! one family of decisions each: opening and ending sessions, connects, subscriptions,
//! publications, sockets, time.

mod connect;
mod lifetime;
mod publish;
mod sockets;
mod subscribe;
mod time;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Map;

pub use connect::{AnswerNow, Company, ConnectStep};
pub use lifetime::Handshaken;
pub use sockets::{Close, SocketParcel};
pub use subscribe::Recorded;

use super::Moment;
use super::ack::{ReplyBounds, Selection};
use super::advice::{Advice, Reconnect};
use super::channel::Kind;
use super::error::Failure;
use super::message::Message;
use super::reply::Reply;
use super::session::{Caller, Carrier, PollId, Session, SocketId};
use super::subscriptions::Subscriptions;
use super::timesync::Timesync;
use crate::application::RemovalReason;
use crate::identity::{BrowserId, Identity, Login, SessionId, SessionInfo, Source};
use crate::limits::Limits;
use crate::policy::{Policy, Verdict};
use crate::ports::Random;

/// What became of a message for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is queued, or on its way.
    Delivered,
    /// There is no such session.
    Gone,
    /// The session's queue was full: the session has been ended, its client will be told to
    /// handshake.
    CutOff,
    /// The session's queue has no room for what was offered; the application will be told when it
    /// has.
    Full,
}

/// What the client of an ended session is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndAdvice {
    /// Open a new session.
    Handshake,
    /// Stay away.
    None,
}

/// How full the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions alive.
    pub sessions: usize,
    /// HTTP requests that wait for messages.
    pub held_polls: usize,
    /// Open sockets.
    pub sockets: usize,
    /// Names and patterns subscribed to, summed over the sessions.
    pub subscriptions: usize,
    /// Messages queued, unacknowledged ones included.
    pub queued_messages: usize,
    pub queued_bytes: usize,
}

/// Somebody who must fetch what is waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wake {
    /// A held request: [`Hub::collect_poll`].
    Poll(PollId),
    /// A socket: [`Hub::collect_socket`].
    Socket(SocketId),
}

/// Messages that are on their way in a reply. Whoever holds it says what became of them, by
/// [`Hub::settle`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "messages in flight block the session until they are settled"]
pub struct Lease {
    session: SessionId,
    number: u64,
}

/// What became of the messages in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The transport has taken the reply.
    HandedOver,
    /// The reply never left.
    Lost,
}

/// A part of a response: messages, and the lease on them if they can still be lost.
#[derive(Debug, Default)]
pub struct Parcel {
    /// Messages and replies, in order.
    pub parts: Vec<Bytes>,
    /// What is to be settled when the response has left.
    pub lease: Option<Lease>,
}

/// What an identity has open.
#[derive(Debug, Default)]
struct OfIdentity {
    sessions: BTreeSet<SessionId>,
    sockets: BTreeSet<SocketId>,
}

/// All sessions of a server.
pub struct Hub {
    limits: Limits,
    policy: Arc<dyn Policy>,
    random: Arc<dyn Random>,
    sessions: HashMap<SessionId, Session>,
    identities: HashMap<Identity, OfIdentity>,
    /// Sessions by source.
    sources: HashMap<Source, usize>,
    /// Held polls by browser.
    browsers: HashMap<BrowserId, usize>,
    subscriptions: Subscriptions,
    sockets: HashMap<SocketId, sockets::Socket>,
    /// Last words for held polls whose session does not hold them any more.
    farewells: HashMap<PollId, Vec<Bytes>>,
    alarms: BTreeSet<(u64, SessionId)>,
    wakes: Vec<Wake>,
    removed: Vec<(SessionInfo, RemovalReason)>,
    /// Sessions that had no room for what was offered to them, and how many bytes that had.
    crowded: HashMap<SessionId, usize>,
    serial: u64,
    is_shut_down: bool,
}

impl Hub {
    /// Makes a hub without sessions.
    pub fn new(limits: Limits, policy: Arc<dyn Policy>, random: Arc<dyn Random>) -> Self {
        Self {
            limits,
            policy,
            random,
            sessions: HashMap::new(),
            identities: HashMap::new(),
            sources: HashMap::new(),
            browsers: HashMap::new(),
            subscriptions: Subscriptions::default(),
            sockets: HashMap::new(),
            farewells: HashMap::new(),
            alarms: BTreeSet::new(),
            wakes: Vec::new(),
            removed: Vec::new(),
            crowded: HashMap::new(),
            serial: 0,
            is_shut_down: false,
        }
    }

    /// Returns the bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes the list of those who must be woken.
    pub fn take_wakes(&mut self) -> Vec<Wake> {
        std::mem::take(&mut self.wakes)
    }

    /// Takes the list of sessions that have ended since the last call.
    pub fn take_removed(&mut self) -> Vec<(SessionInfo, RemovalReason)> {
        std::mem::take(&mut self.removed)
    }

    /// Tells whether [`Hub::take_removed`] has something to give.
    pub fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    /// Takes the list of sessions that had no room for an offer and have some now.
    pub fn take_roomy(&mut self) -> Vec<SessionInfo> {
        if self.crowded.is_empty() {
            return Vec::new();
        }
        let roomy: Vec<SessionId> = self
            .crowded
            .iter()
            .filter(|(id, bytes)| self.has_room(id, **bytes))
            .map(|(id, _)| id.clone())
            .collect();
        roomy
            .into_iter()
            .filter_map(|id| {
                self.crowded.remove(&id);
                self.sessions.get(&id).map(|session| session.info.clone())
            })
            .collect()
    }

    /// Tells whether half of what may be offered to a session is gone and the message fits that did
    /// not: told at the first free place, an application would offer its messages one by one.
    fn has_room(&self, id: &SessionId, bytes: usize) -> bool {
        let (messages_max, bytes_max) = (self.limits.offered_messages, self.limits.offered_bytes());
        self.sessions.get(id).is_none_or(|session| {
            let (messages, queued) = (session.outbox.len(), session.outbox.bytes());
            messages == 0
                || (messages <= messages_max / 2
                    && queued <= bytes_max / 2
                    && queued + bytes <= bytes_max)
        })
    }

    /// Lists an identity's sessions.
    pub fn sessions_of(&self, identity: &Identity) -> Vec<SessionId> {
        self.identities
            .get(identity)
            .map(|open| open.sessions.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Lists the logins by which something is open, each with its identity.
    pub fn open_logins(&self) -> Vec<(Identity, Login)> {
        let mut logins = Vec::new();
        for (identity, open) in &self.identities {
            let sessions = open.sessions.iter().filter_map(|id| self.sessions.get(id));
            let of_sessions = sessions.filter_map(|session| session.info.login.as_ref());
            let sockets = open.sockets.iter().filter_map(|id| self.sockets.get(id));
            let of_sockets = sockets.filter_map(|socket| socket.login.as_ref());
            let each: BTreeSet<&Login> = of_sessions.chain(of_sockets).collect();
            logins.extend(each.into_iter().map(|login| (identity.clone(), login.clone())));
        }
        logins
    }

    /// Takes something that an identity had open out of what it has.
    fn take_from(&mut self, identity: Option<&Identity>, take: impl FnOnce(&mut OfIdentity)) {
        let Some(identity) = identity else { return };
        let Some(open) = self.identities.get_mut(identity) else { return };
        take(open);
        if open.sessions.is_empty() && open.sockets.is_empty() {
            self.identities.remove(identity);
        }
    }

    /// Lists the names and patterns that a session is subscribed to.
    pub fn subscriptions_of(&self, session: &SessionId) -> Vec<String> {
        let session = self.sessions.get(session);
        session
            .map(|session| session.subscriptions.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    /// Counts what there is; it visits every session.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            sessions: self.sessions.len(),
            sockets: self.sockets.len(),
            ..Stats::default()
        };
        for session in self.sessions.values() {
            let is_poll =
                session.held.as_ref().is_some_and(|held| matches!(held.carrier, Carrier::Poll(_)));
            stats.held_polls += usize::from(is_poll);
            stats.subscriptions += session.subscriptions.len();
            stats.queued_messages += session.outbox.len();
            stats.queued_bytes += session.outbox.bytes();
        }
        stats
    }

    /// Tells whether one more message of a caller may be handled.
    pub fn may_send(&self, caller: &Caller) -> bool {
        self.policy.may_send(caller.identity.as_ref(), caller.source.as_ref()) == Verdict::Allow
    }

    /// Finds the session that a message is for: it must exist and admit the caller. Puts off its
    /// end, since the client is alive, and moves its pushed messages to the socket that the message
    /// came on.
    ///
    /// # Errors
    /// With the reply, when there is no such session or the message's id is no id.
    pub fn admit(
        &mut self,
        now: Moment,
        caller: &Caller,
        message: &Message,
        kind: Kind,
    ) -> Result<SessionInfo, Bytes> {
        if !message.has_valid_id() {
            let reply = Reply { channel: message.channel.as_deref(), ..Reply::default() };
            return Err(reply.failed(Failure::MessageIdInvalid).encode());
        }
        let is_closing = self.is_closing(caller);
        let found = message.client_id.as_deref().and_then(|id| self.sessions.get_mut(id));
        let Some(session) = found.filter(|session| !is_closing && session.admits(caller)) else {
            return Err(session_unknown(message, kind));
        };
        if let Some(expires_ms) = &mut session.expires_ms {
            *expires_ms = (*expires_ms).max(now.at_ms + self.limits.max_interval_ms);
        }
        let info = session.info.clone();
        self.attach(now, caller.transport, &info.id);
        Ok(info)
    }

    /// Writes a plain reply to a message.
    pub fn reply(message: &Message, now: Moment, outcome: Result<(), Failure>) -> Bytes {
        let reply = Reply {
            id: message.id.as_ref(),
            channel: message.channel.as_deref(),
            successful: outcome.is_ok(),
            error: outcome.err().map(Failure::text),
            subscription: message.subscription.as_ref(),
            ext: timesync_ext(Timesync::read(message.ext.as_ref(), now), now),
            ..Reply::default()
        };
        reply.encode()
    }

    /// Says what became of the messages in a reply.
    pub fn settle(&mut self, lease: Lease, fate: Fate) {
        let Some(session) = self.sessions.get_mut(&lease.session) else { return };
        if session.lease != lease.number {
            return;
        }
        match fate {
            Fate::HandedOver => session.outbox.handed_over(),
            Fate::Lost => session.outbox.lost(),
        }
        nudge(session, &mut self.wakes);
    }

    /// Holds back everything for a session, so that what is queued from now on comes behind the
    /// reply in progress.
    pub fn cork(&mut self, session: &SessionId) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.corks += 1;
        }
    }

    /// Lets go what [`Hub::cork`] held back.
    pub fn uncork(&mut self, session: &SessionId) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.corks = session.corks.saturating_sub(1);
            nudge(session, &mut self.wakes);
        }
    }

    /// Returns the advice of a session that is well.
    fn standing_advice(&self, interval_ms: u64) -> Advice {
        let max_interval = self.limits.tells_max_interval.then_some(self.limits.max_interval_ms);
        Advice { max_interval, ..Advice::retry(interval_ms, self.limits.timeout_ms) }
    }

    /// Returns the next number; polls, sockets, leases and publications share the row.
    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn reply_bounds(&self) -> ReplyBounds {
        ReplyBounds { messages: self.limits.reply_messages, bytes: self.limits.reply_bytes }
    }

    /// Notes a session's next deadline. A noted one that is too early stays: it is cheaper to look
    /// once too often than to move it with every poll.
    fn arm(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(deadline) = session.next_deadline() else { return };
        if session.alarm_ms.is_some_and(|alarm| alarm <= deadline) {
            return;
        }
        if let Some(later) = session.alarm_ms.replace(deadline) {
            self.alarms.remove(&(later, id.clone()));
        }
        self.alarms.insert((deadline, id.clone()));
    }
}

/// Wakes whoever can carry a session's messages now. It may be called at any time; waking twice is
/// harmless.
fn nudge(session: &mut Session, wakes: &mut Vec<Wake>) {
    if !session.may_take(0) {
        return;
    }
    if let Some(socket) = session.socket.filter(|_| session.is_pushed()) {
        if session.outbox.has_prompt(Selection::All) {
            wakes.push(Wake::Socket(socket));
        }
        return;
    }
    let Some(held) = session.held.as_mut().filter(|held| !held.woken) else { return };
    if session.outbox.has_prompt(held.request.selection()) {
        held.woken = true;
        wakes.push(held.carrier.into());
    }
}

impl From<Carrier> for Wake {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Poll(poll) => Self::Poll(poll),
            Carrier::Socket(socket) => Self::Socket(socket),
        }
    }
}

/// The reply to a message for a session that does not exist. The advice stands on connect replies
/// only (bayeux.md 1.5).
fn session_unknown(message: &Message, kind: Kind) -> Bytes {
    let advice = (kind == Kind::Connect).then(|| Advice::after(Reconnect::Handshake, 0));
    let reply = Reply {
        id: message.id.as_ref(),
        channel: message.channel.as_deref(),
        subscription: message.subscription.as_ref(),
        advice,
        ..Reply::default()
    };
    reply.failed(Failure::SessionUnknown).encode()
}

fn timesync_ext(timesync: Option<Timesync>, now: Moment) -> Map<String, serde_json::Value> {
    let answer = timesync.and_then(|timesync| timesync.answer(now));
    answer.map(|answer| ("timesync".to_owned(), answer)).into_iter().collect()
}
