//! How sessions begin and end.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;

use super::{EndAdvice, Hub, Wake, timesync_ext};
use crate::application::RemovalReason;
use crate::identity::{BrowserId, Identity, Login, SessionId, SessionInfo};
use crate::policy::{Denial, Verdict};
use crate::protocol::Moment;
use crate::protocol::ack::Outbox;
use crate::protocol::advice::{Advice, Reconnect};
use crate::protocol::error::Failure;
use crate::protocol::message::Message;
use crate::protocol::reply::{Opened, Reply};
use crate::protocol::session::{Caller, Carrier, ConnectRequest, Session, Transport};
use crate::protocol::timesync::Timesync;

/// Random characters of a session id: 36^26 is more than 2^134, the specification asks for 128
/// bits.
const SESSION_ID_CHARS: usize = 26;

/// Characters of a browser's cookie; as many, because it is what an anonymous session is bound to.
const BROWSER_ID_CHARS: usize = 26;

/// How long a refused client should wait before another handshake, in ms: it would otherwise try at
/// once, for ever.
const REFUSED_INTERVAL_MS: u64 = 1_000;

/// The outcome of a handshake.
#[derive(Debug)]
pub struct Handshaken {
    pub reply: Bytes,
    /// The new session, unless the handshake was refused.
    pub opened: Option<SessionInfo>,
    /// A cookie that the response should set.
    pub cookie: Option<BrowserId>,
}

/// What the held connect of an ended session is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The client asked for it.
    AsAsked,
    /// The session is unknown from now on; open a new one.
    ComeBack,
    /// Stay away, although the client did not ask.
    StayAway,
    /// Connect again in a moment, when another server may be listening.
    Restart,
}

impl Hub {
    /// Refuses a handshake because there are too many messages.
    pub fn handshake_too_early(now: Moment, message: &Message) -> Handshaken {
        let reply = Reply {
            id: message.id.as_ref().filter(|_| message.has_valid_id()),
            channel: message.channel.as_deref(),
            ext: timesync_ext(Timesync::read(message.ext.as_ref(), now), now),
            advice: Some(Advice::after(Reconnect::Handshake, REFUSED_INTERVAL_MS)),
            ..Reply::default()
        };
        Handshaken { reply: reply.failed(Failure::TooMany).encode(), opened: None, cookie: None }
    }

    /// Opens a session, if policy and bounds allow.
    pub fn handshake(&mut self, now: Moment, caller: &Caller, message: &Message) -> Handshaken {
        let timesync = Timesync::read(message.ext.as_ref(), now);
        let mut reply = Reply {
            id: message.id.as_ref().filter(|_| message.has_valid_id()),
            channel: message.channel.as_deref(),
            ext: timesync_ext(timesync, now),
            ..Reply::default()
        };
        if let Some((failure, advice)) = self.handshake_refusal(caller, message) {
            reply.advice = Some(advice);
            return Handshaken {
                reply: reply.failed(failure).encode(),
                opened: None,
                cookie: None,
            };
        }
        let wants_ack = message
            .ext
            .as_ref()
            .and_then(|ext| ext.get("ack"))
            .and_then(serde_json::Value::as_bool);
        let is_acknowledged = wants_ack == Some(true);
        let outbox = if is_acknowledged { Outbox::acknowledged() } else { Outbox::plain() };
        let (info, cookie) = self.open(now, caller, outbox);
        if is_acknowledged {
            reply.ext.insert("ack".to_owned(), true.into());
        }
        reply.successful = true;
        reply.advice = Some(self.standing_advice(self.limits.interval_ms));
        reply.opened = Some(Opened {
            client_id: info.id.as_str(),
            version: "1.0",
            minimum_version: "1.0",
            supported_connection_types: ["websocket", "long-polling"],
        });
        Handshaken { reply: reply.encode(), opened: Some(info), cookie }
    }

    fn handshake_refusal(&self, caller: &Caller, message: &Message) -> Option<(Failure, Advice)> {
        if !message.has_valid_id() {
            return Some((Failure::MessageIdInvalid, Advice::stop()));
        }
        let again = Advice::after(Reconnect::Handshake, REFUSED_INTERVAL_MS);
        if self.is_closing(caller) {
            return Some((Failure::HandshakeDenied, again));
        }
        let (identity, tag) = (caller.identity.as_ref(), caller.tag.as_ref());
        match self.policy.may_handshake(identity, tag, message.ext.as_ref()) {
            Verdict::Allow => {}
            Verdict::Deny(Denial::Temporary) => return Some((Failure::HandshakeDenied, again)),
            Verdict::Deny(Denial::Permanent) => {
                return Some((Failure::HandshakeDenied, Advice::stop()));
            }
        }
        let of_identity =
            caller.identity.as_ref().and_then(|identity| self.identities.get(identity));
        let of_source = caller.source.as_ref().and_then(|source| self.sources.get(source));
        let is_full = self.is_shut_down
            || self.sessions.len() >= self.limits.sessions
            || of_identity
                .is_some_and(|open| open.sessions.len() >= self.limits.sessions_per_identity)
            || of_source.is_some_and(|sessions| *sessions >= self.limits.sessions_per_source);
        is_full.then_some((Failure::HandshakeDenied, again))
    }

    fn open(
        &mut self,
        now: Moment,
        caller: &Caller,
        outbox: Outbox,
    ) -> (SessionInfo, Option<BrowserId>) {
        let prefix = &*self.limits.session_prefix;
        let id = SessionId::new(format!("{prefix}{}", self.random_text(SESSION_ID_CHARS)));
        let info = SessionInfo {
            id: id.clone(),
            identity: caller.identity.clone(),
            tag: caller.tag.clone(),
            login: caller.login.clone(),
        };
        let known = caller.browsers.first().cloned();
        let cookie = match caller.transport {
            Transport::LongPolling if known.is_none() => {
                Some(BrowserId::new(self.random_text(BROWSER_ID_CHARS)))
            }
            Transport::LongPolling | Transport::WebSocket(_) => None,
        };
        let session = Session {
            info: info.clone(),
            source: caller.source.clone(),
            number: self.next_serial(),
            browser: known.or_else(|| cookie.clone()),
            transport: caller.transport,
            outbox,
            lease: 0,
            subscriptions: Vec::new(),
            held: None,
            socket: None,
            corks: 0,
            connected: false,
            advice_due: true,
            expires_ms: Some(now.at_ms + self.limits.first_connect_ms),
            lazy_due_ms: None,
            alarm_ms: None,
            last_publication: 0,
        };
        if let Some(identity) = &info.identity {
            self.identities.entry(identity.clone()).or_default().sessions.insert(id.clone());
        }
        if let Some(source) = &session.source {
            *self.sources.entry(source.clone()).or_default() += 1;
        }
        self.sessions.insert(id.clone(), session);
        self.attach(now, caller.transport, &id);
        self.arm(&id);
        (info, cookie)
    }

    /// Makes an unpredictable text of digits and small letters.
    fn random_text(&self, chars: usize) -> String {
        const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(chars);
        while text.len() < chars {
            let mut bytes = [0_u8; 32];
            self.random.fill(&mut bytes);
            // Bytes from 252 on would make the first four characters likelier than the others.
            let fair = bytes.iter().filter(|byte| **byte < 252);
            text.extend(
                fair.take(chars - text.len())
                    .map(|byte| char::from(ALPHABET[usize::from(byte % 36)])),
            );
        }
        text
    }

    /// Ends a session at its client's request and releases its held connect.
    pub fn disconnect(&mut self, now: Moment, session: &SessionInfo, message: &Message) -> Bytes {
        self.remove(now, &session.id, RemovalReason::Disconnected, Farewell::AsAsked);
        Self::reply(message, now, Ok(()))
    }

    /// Ends a session at the application's request; tells whether there was one.
    pub fn end_session(&mut self, now: Moment, session: &SessionId, advice: EndAdvice) -> bool {
        let farewell = match advice {
            EndAdvice::Handshake => Farewell::ComeBack,
            EndAdvice::None => Farewell::StayAway,
        };
        self.remove(now, session, RemovalReason::Ended, farewell)
    }

    /// Ends all sessions of an identity, counts them and closes its sockets. Clients are told to
    /// handshake, which takes a new request: there an identity that may not come back is refused.
    pub fn end_identity(&mut self, now: Moment, identity: &Identity) -> usize {
        self.end_opened(now, identity, |_| true)
    }

    /// Ends what an identity opened by a login: its sessions, which are counted, and its sockets.
    /// Clients are told what those of [`Hub::end_identity`] are.
    pub fn end_login(&mut self, now: Moment, identity: &Identity, login: &Login) -> usize {
        self.end_opened(now, identity, |opened_by| opened_by == Some(login))
    }

    fn end_opened(
        &mut self,
        now: Moment,
        identity: &Identity,
        is_ended: impl Fn(Option<&Login>) -> bool,
    ) -> usize {
        // First: what is left to be said to a session goes to its socket before that is closed.
        self.close_sockets_of(identity, &is_ended);
        let mut sessions = self.sessions_of(identity);
        sessions.retain(|id| {
            let session = self.sessions.get(id);
            session.is_some_and(|session| is_ended(session.info.login.as_ref()))
        });
        for session in &sessions {
            self.remove(now, session, RemovalReason::Ended, Farewell::ComeBack);
        }
        sessions.len()
    }

    /// Ends everything: held connects are told to connect again later, sockets to close.
    pub fn shut_down(&mut self, now: Moment) {
        self.is_shut_down = true;
        let sessions: Vec<SessionId> = self.sessions.keys().cloned().collect();
        for session in &sessions {
            self.remove(now, session, RemovalReason::ShutDown, Farewell::Restart);
        }
        self.close_all_sockets();
    }

    /// Tells whether [`Hub::shut_down`] was called; nothing new should be let in.
    pub fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// Takes a session out of everything that refers to it.
    pub(super) fn remove(
        &mut self,
        now: Moment,
        id: &SessionId,
        reason: RemovalReason,
        farewell: Farewell,
    ) -> bool {
        let Some(mut session) = self.sessions.remove(id) else { return false };
        for name in &session.subscriptions {
            self.subscriptions.remove(name, session.number);
        }
        if let Some(alarm_ms) = session.alarm_ms {
            self.alarms.remove(&(alarm_ms, id.clone()));
        }
        self.take_from(session.info.identity.as_ref(), |open| _ = open.sessions.remove(id));
        uncount(&mut self.sources, session.source.as_ref());
        let held = session.held.take();
        if let Some(held) = &held {
            uncount(&mut self.browsers, held.browser.as_ref());
        }
        let last_words = self.last_words(now, held.as_ref().map(|held| &held.request), farewell);
        match held.map(|held| held.carrier) {
            Some(Carrier::Poll(poll)) => self.bid_farewell(poll, last_words),
            Some(Carrier::Socket(_)) => self.detach_with(&session, last_words, farewell),
            None if farewell == Farewell::StayAway => {
                self.detach_with(&session, last_words, farewell)
            }
            None => self.detach_with(&session, Vec::new(), farewell),
        }
        self.removed.push((session.info, reason));
        true
    }

    /// Answers a held poll whose session has nothing more to do with it.
    pub(super) fn bid_farewell(&mut self, poll: super::PollId, last_words: Vec<Bytes>) {
        self.farewells.insert(poll, last_words);
        self.wakes.push(Wake::Poll(poll));
    }

    fn last_words(
        &self,
        now: Moment,
        connect: Option<&ConnectRequest>,
        farewell: Farewell,
    ) -> Vec<Bytes> {
        let mut words = Vec::new();
        if farewell == Farewell::StayAway {
            // The reference server queues this for a client that it disconnects (bayeux.md 1.5).
            let disconnect =
                Reply { channel: Some("/meta/disconnect"), successful: true, ..Reply::default() };
            words.push(disconnect.encode());
        }
        let Some(connect) = connect else { return words };
        let reply = Reply {
            id: connect.id.as_ref(),
            channel: Some("/meta/connect"),
            successful: true,
            ext: timesync_ext(connect.timesync, now),
            ..Reply::default()
        };
        let reply = match farewell {
            Farewell::AsAsked | Farewell::StayAway => {
                Reply { advice: Some(Advice::stop()), ..reply }
            }
            Farewell::ComeBack => {
                let advice = Some(Advice::after(Reconnect::Handshake, 0));
                Reply { advice, ..reply.failed(Failure::SessionUnknown) }
            }
            Farewell::Restart => {
                let advice =
                    Some(Advice::after(Reconnect::Retry, self.limits.shutdown_interval_ms));
                Reply { advice, ..reply }
            }
        };
        words.push(reply.encode());
        words
    }
}

/// Takes a held poll out of its browser's count, or a session out of its source's.
pub(super) fn uncount<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: Option<&K>) {
    let Some(key) = key else { return };
    let Some(count) = counts.get_mut(key) else { return };
    *count -= 1;
    if *count == 0 {
        counts.remove(key);
    }
}
