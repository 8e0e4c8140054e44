//! WebSockets: which session speaks through which, and what waits to be written.
//!
//! A socket carries one session: the one that shook hands on it or that its last message named. A
//! session outlives its socket, which is what makes reloads and reconnections work (bayeux.md 1.6).

use bytes::Bytes;

use super::connect::{parcel, release};
use super::lifetime::Farewell;
use super::{Hub, Parcel, Wake, nudge};
use crate::identity::{Identity, Login, SessionId};
use crate::protocol::Moment;
use crate::protocol::ack::Selection;
use crate::protocol::session::{Caller, Carrier, HeldConnect, Session, SocketId, Transport};

/// An open socket.
#[derive(Debug, Default)]
pub(super) struct Socket {
    /// Who opened it. That stands for all messages on it: only the upgrade is authenticated.
    identity: Option<Identity>,
    /// What let them in, if that can end by itself.
    pub(super) login: Option<Login>,
    session: Option<SessionId>,
    /// Last words for a session that has ended.
    parting: Vec<Bytes>,
    close: Option<Close>,
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The session has ended, or all of its identity's have: close code 1000.
    SessionEnded,
    /// The server stops: close code 1001.
    GoingAway,
}

/// What a socket has to write.
#[derive(Debug, Default)]
pub struct SocketParcel {
    /// The messages of one frame; nothing to write if empty.
    pub parcel: Parcel,
    /// Close the socket afterwards.
    pub close: Option<Close>,
}

impl Hub {
    /// Registers a new socket, by whom it is opened.
    pub fn open_socket(&mut self, caller: &Caller) -> SocketId {
        let socket = SocketId(self.next_serial());
        let close = self.is_shut_down.then_some(Close::GoingAway);
        let (identity, login) = (caller.identity.clone(), caller.login.clone());
        if let Some(identity) = &identity {
            self.identities.entry(identity.clone()).or_default().sockets.insert(socket);
        }
        self.sockets.insert(socket, Socket { identity, login, close, ..Socket::default() });
        socket
    }

    /// Tells whether a session speaks through a socket.
    pub fn has_session(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|entry| entry.session.is_some())
    }

    /// Forgets a socket. Its session has the time for a reconnection left.
    pub fn close_socket(&mut self, now: Moment, socket: SocketId) {
        let Some(Socket { identity, session, .. }) = self.sockets.remove(&socket) else { return };
        self.take_from(identity.as_ref(), |open| _ = open.sockets.remove(&socket));
        if let Some(id) = session {
            self.detach(now, socket, &id);
        }
    }

    /// Moves a session's pushed messages to the socket that it was heard on.
    pub(super) fn attach(&mut self, now: Moment, transport: Transport, id: &SessionId) {
        let Transport::WebSocket(socket) = transport else { return };
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if entry.session.as_ref() == Some(id) {
            return;
        }
        if let Some(former) = entry.session.replace(id.clone()) {
            self.detach(now, socket, &former);
        }
        let Some(session) = self.sessions.get_mut(id) else { return };
        if let Some(former) = session.socket.replace(socket) {
            if let Some(entry) = self.sockets.get_mut(&former) {
                entry.session = None;
            }
            // The former socket has no session to fetch the answer for any more; left there, the
            // connect would be held, and its session kept, for ever.
            if let Some(held) =
                session.held.as_mut().filter(|held| held.carrier == Carrier::Socket(former))
            {
                held.carrier = Carrier::Socket(socket);
                held.woken = false;
            }
        }
        nudge(session, &mut self.wakes);
        self.arm(id);
    }

    /// Takes a session off its socket, with the connect that was held there; its expiry clock
    /// starts.
    fn detach(&mut self, now: Moment, socket: SocketId, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.socket == Some(socket) {
            session.socket = None;
        }
        if session.held.as_ref().is_some_and(|held| held.carrier == Carrier::Socket(socket)) {
            release(session, &mut self.browsers);
        }
        if session.held.is_none() {
            session
                .expires_ms
                .get_or_insert(now.at_ms + self.limits.interval_ms + self.limits.max_interval_ms);
        }
        nudge(session, &mut self.wakes);
        self.arm(id);
    }

    /// Stops pushing to a socket, because the session has connected by long-polling.
    pub(super) fn leave_socket(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if let Some(socket) = session.socket.take()
            && let Some(entry) = self.sockets.get_mut(&socket)
        {
            entry.session = None;
        }
    }

    /// Takes an ended session off its socket and leaves its last words there.
    pub(super) fn detach_with(
        &mut self,
        session: &Session,
        last_words: Vec<Bytes>,
        farewell: Farewell,
    ) {
        let Some(socket) = session.socket else { return };
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        entry.session = None;
        // A client that waits for no reply learns of the end by the close, as at the reference
        // server.
        let is_told = !last_words.is_empty() && farewell != Farewell::StayAway;
        if !is_told && farewell != Farewell::AsAsked {
            entry.close = Some(Close::SessionEnded);
        }
        entry.parting.extend(last_words);
        self.wakes.push(Wake::Socket(socket));
    }

    /// Closes sockets that an identity opened, with a session or without: they were opened by what
    /// does not hold any more.
    pub(super) fn close_sockets_of(
        &mut self,
        identity: &Identity,
        is_ended: impl Fn(Option<&Login>) -> bool,
    ) {
        let Some(open) = self.identities.get(identity) else { return };
        for socket in &open.sockets {
            let Some(entry) = self.sockets.get_mut(socket) else { continue };
            if is_ended(entry.login.as_ref()) {
                entry.close = Some(entry.close.unwrap_or(Close::SessionEnded));
                self.wakes.push(Wake::Socket(*socket));
            }
        }
    }

    /// Tells whether a caller's socket is being closed; what still comes on it opens and reaches
    /// nothing.
    pub(super) fn is_closing(&self, caller: &Caller) -> bool {
        let Transport::WebSocket(socket) = caller.transport else { return false };
        self.sockets.get(&socket).is_none_or(|entry| entry.close.is_some())
    }

    pub(super) fn close_all_sockets(&mut self) {
        for (socket, entry) in &mut self.sockets {
            entry.close = Some(Close::GoingAway);
            self.wakes.push(Wake::Socket(*socket));
        }
    }

    /// Takes the last words of an ended session alone: they go before the replies of the request
    /// that ended it.
    pub fn take_parting(&mut self, socket: SocketId) -> Vec<Bytes> {
        self.sockets
            .get_mut(&socket)
            .map(|entry| std::mem::take(&mut entry.parting))
            .unwrap_or_default()
    }

    /// Returns a woken socket what it should write: messages, then the reply of a connect that is
    /// due.
    pub fn collect_socket(&mut self, now: Moment, socket: SocketId) -> SocketParcel {
        let Some(entry) = self.sockets.get_mut(&socket) else { return SocketParcel::default() };
        let parting = std::mem::take(&mut entry.parting);
        let close = entry.close;
        if !parting.is_empty() {
            return SocketParcel { parcel: Parcel { parts: parting, lease: None }, close };
        }
        let Some(id) = entry.session.clone() else {
            return SocketParcel { parcel: Parcel::default(), close };
        };
        SocketParcel { parcel: self.collect_session(now, &id, socket), close }
    }

    /// Returns what goes along with the replies to a request that came on a socket, behind them:
    /// what was queued for its session meanwhile needs no frame of its own then. The request has
    /// corked the session.
    pub fn collect_along(&mut self, socket: SocketId, id: &SessionId) -> Parcel {
        const OWN_CORKS: u32 = 1;
        let bounds = self.reply_bounds();
        let number = self.next_serial();
        let Some(session) = self.sessions.get_mut(id) else { return Parcel::default() };
        let is_pushed_here = session.socket == Some(socket) && session.is_pushed();
        if !is_pushed_here || !session.may_take(OWN_CORKS) {
            return Parcel::default();
        }
        let taken = session.outbox.take(Selection::All, bounds);
        parcel(session, taken, number)
    }

    fn collect_session(&mut self, now: Moment, id: &SessionId, socket: SocketId) -> Parcel {
        let bounds = self.reply_bounds();
        let number = self.next_serial();
        let Some(session) = self.sessions.get_mut(id) else { return Parcel::default() };
        let is_due = |held: &HeldConnect| held.carrier == Carrier::Socket(socket) && held.woken;
        if session.held.as_ref().is_some_and(is_due)
            && let Some(held) = release(session, &mut self.browsers)
        {
            let (connect, mut parcel) = self.answer(now, id, &held.request, 0, None);
            parcel.parts.push(connect);
            return parcel;
        }
        if !session.is_pushed() || !session.may_take(0) {
            return Parcel::default();
        }
        let taken = session.outbox.take(Selection::All, bounds);
        parcel(session, taken, number)
    }
}
