//! `/meta/connect`: what is answered at once, what is held, and how a held connect is answered.
//!
//! The order matters: first the acknowledgements are taken in, then the connect is noted as held,
//! then the queue is looked at. Thus a message that arrives at any moment either finds the held
//! connect or is found by it.
//!
//! When a connect arrives while another one of the session is held, the older is answered with HTTP
//! 200 and a successful reply without messages. The reference answers HTTP 500, which makes its
//! clients back off, and faye's client send the same connect again after its retry time, ending the
//! newer one. A plain reply would make a client with two living connects spin, so the reply advises
//! an interval; the newer connect's reply takes that back.

use std::collections::HashMap;

use bytes::Bytes;

use super::lifetime::uncount;
use super::{Hub, Lease, Parcel, nudge, timesync_ext};
use crate::identity::{BrowserId, SessionId, SessionInfo};
use crate::protocol::Moment;
use crate::protocol::ack::Taken;
use crate::protocol::advice::{Advice, Reconnect};
use crate::protocol::error::Failure;
use crate::protocol::message::Message;
use crate::protocol::reply::Reply;
use crate::protocol::session::{
    Caller, Carrier, ConnectRequest, HeldConnect, PollId, Session, Transport,
};

/// The longest interval that a client may ask for, in ms: its session must be kept for so long
/// without a sign of life.
const CLIENT_INTERVAL_MAX_MS: u64 = 60_000;

/// The shortest advised interval for a client whose connects overlap, in ms: it must not spin even
/// where browsers with several sessions are refused instead of slowed down.
const OVERLAP_INTERVAL_MIN_MS: u64 = 1_000;

/// Whether a connect came with other messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// It is the request's only message, and may be held.
    Alone,
    /// Other messages wait for their replies in the same response.
    Batched,
}

/// What to do with a connect.
#[derive(Debug)]
pub enum ConnectStep {
    /// Answer it with [`Hub::answer_now`], when the other messages of the request are done.
    Answer(Box<AnswerNow>),
    /// Wait for a wake-up, then call [`Hub::collect_poll`]; or, on a socket, go on.
    Held(Carrier),
}

/// A connect that is answered at once.
#[derive(Debug)]
pub struct AnswerNow {
    request: ConnectRequest,
    too_many_polls: bool,
}

impl Hub {
    /// Takes in a connect of an admitted session. A connect that is not alone in its request is
    /// never held.
    pub fn connect(
        &mut self,
        now: Moment,
        caller: &Caller,
        session: &SessionInfo,
        message: &Message,
        company: Company,
    ) -> ConnectStep {
        let request = ConnectRequest::read(message, now);
        self.supersede(now, &session.id);
        if caller.transport == Transport::LongPolling {
            self.leave_socket(&session.id);
        }
        let limits = &self.limits;
        let browser =
            caller.browsers.first().filter(|_| caller.transport == Transport::LongPolling);
        let too_many_polls = browser.is_some_and(|browser| {
            self.browsers.get(browser).copied().unwrap_or(0) >= limits.held_polls_per_browser
        });
        let Some(state) = self.sessions.get_mut(&session.id) else {
            // Unreachable in practice: the session was admitted under the same lock. An answer is
            // right in any case.
            return ConnectStep::Answer(Box::new(AnswerNow { request, too_many_polls: false }));
        };
        if let Some(batch) = request.ack {
            state.outbox.acknowledge(batch);
        }
        if !state.transport.is_like(caller.transport) || request.advice.given {
            state.advice_due = true;
        }
        state.transport = caller.transport;
        let timeout_ms =
            request.advice.timeout_ms.unwrap_or(limits.timeout_ms).min(limits.timeout_ms);
        let has_news =
            !state.is_pushed() && state.may_take(0) && state.outbox.has_prompt(request.selection());
        let at_once =
            company == Company::Batched || !state.connected || timeout_ms == 0 || has_news;
        if at_once || too_many_polls {
            return ConnectStep::Answer(Box::new(AnswerNow {
                request,
                too_many_polls: too_many_polls && !at_once,
            }));
        }
        let browser = browser.cloned();
        ConnectStep::Held(self.hold(
            caller.transport,
            &session.id,
            request,
            now.at_ms + timeout_ms,
            browser,
        ))
    }

    fn hold(
        &mut self,
        transport: Transport,
        id: &SessionId,
        request: ConnectRequest,
        due_ms: u64,
        browser: Option<BrowserId>,
    ) -> Carrier {
        let carrier = match transport {
            Transport::LongPolling => Carrier::Poll(PollId(self.next_serial())),
            Transport::WebSocket(socket) => Carrier::Socket(socket),
        };
        if let Some(browser) = &browser {
            *self.browsers.entry(browser.clone()).or_default() += 1;
        }
        if let Some(session) = self.sessions.get_mut(id) {
            session.expires_ms = None;
            session.held = Some(HeldConnect { request, carrier, due_ms, woken: false, browser });
            nudge(session, &mut self.wakes);
        }
        self.arm(id);
        carrier
    }

    /// Lets a newer connect take the place of the held one.
    fn supersede(&mut self, now: Moment, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(held) = release(session, &mut self.browsers) else { return };
        session.advice_due = true;
        // The newer connect may be dropped before it is answered; a clock must run all the same.
        session.expires_ms =
            Some(now.at_ms + self.limits.interval_ms + self.limits.max_interval_ms);
        let is_acknowledged = session.outbox.is_acknowledged();
        let Carrier::Poll(poll) = held.carrier else { return };
        let interval_ms = self.limits.multi_session_interval_ms.max(OVERLAP_INTERVAL_MIN_MS);
        let advice = self.standing_advice(interval_ms);
        let mut reply = Reply {
            id: held.request.id.as_ref(),
            channel: Some("/meta/connect"),
            successful: true,
            advice: Some(advice),
            ext: timesync_ext(held.request.timesync, now),
            ..Reply::default()
        };
        if is_acknowledged {
            // The reply carries nothing, so it must not make the client acknowledge more than it
            // has.
            reply.ext.insert("ack".to_owned(), held.request.ack.unwrap_or(0).into());
        }
        let reply = reply.encode();
        self.bid_farewell(poll, vec![reply]);
        self.arm(id);
    }

    /// Answers a connect that was not held, when the other messages of its request are done. The
    /// request has corked the session `own_corks` times.
    ///
    /// Messages go with the replies of connects only, of which a client has one at a time: two
    /// responses on two connections may be read in either order.
    pub fn answer_now(
        &mut self,
        now: Moment,
        id: &SessionId,
        answer: &AnswerNow,
        own_corks: u32,
    ) -> (Bytes, Parcel) {
        let advice = answer.too_many_polls.then(|| self.too_many_polls_advice());
        self.answer(now, id, &answer.request, own_corks, advice)
    }

    /// Returns a woken poll its response. `None` only if it was collected before.
    pub fn collect_poll(&mut self, now: Moment, id: &SessionId, poll: PollId) -> Option<Parcel> {
        if let Some(parts) = self.farewells.remove(&poll) {
            return Some(Parcel { parts, lease: None });
        }
        let session = self.sessions.get_mut(id)?;
        session.held.as_ref().filter(|held| held.carrier == Carrier::Poll(poll))?;
        let held = release(session, &mut self.browsers)?;
        let (connect, mut parcel) = self.answer(now, id, &held.request, 0, None);
        parcel.parts.push(connect);
        Some(parcel)
    }

    /// Forgets a poll whose client has gone. Its session now has the time for a reconnection left:
    /// that is sooner than at the reference server, which notices only when it writes (bayeux.md
    /// 1.5).
    pub fn poll_dropped(&mut self, now: Moment, id: &SessionId, poll: PollId) {
        self.farewells.remove(&poll);
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.held.as_ref().is_some_and(|held| held.carrier == Carrier::Poll(poll)) {
            release(session, &mut self.browsers);
            session.expires_ms =
                Some(now.at_ms + self.limits.interval_ms + self.limits.max_interval_ms);
            self.arm(id);
        }
    }

    /// Writes a connect's reply and takes the messages that go with it. The expiry clock runs from
    /// here.
    pub(super) fn answer(
        &mut self,
        now: Moment,
        id: &SessionId,
        request: &ConnectRequest,
        own_corks: u32,
        advice: Option<(Advice, Option<Failure>)>,
    ) -> (Bytes, Parcel) {
        let bounds = self.reply_bounds();
        let number = self.next_serial();
        let standing = self.standing_advice(self.limits.interval_ms);
        let limits = &self.limits;
        let mut reply = Reply {
            id: request.id.as_ref(),
            channel: Some("/meta/connect"),
            successful: true,
            ext: timesync_ext(request.timesync, now),
            ..Reply::default()
        };
        let Some(session) = self.sessions.get_mut(id) else {
            reply.advice = Some(Advice::after(Reconnect::Handshake, 0));
            return (reply.failed(Failure::SessionUnknown).encode(), Parcel::default());
        };
        let taken = match session.may_take(own_corks) {
            true => session.outbox.take(request.selection(), bounds),
            false => Taken::default(),
        };
        if session.outbox.is_acknowledged() {
            reply.ext.insert("ack".to_owned(), taken.batch.or(request.ack).unwrap_or(0).into());
        }
        let is_news = std::mem::replace(&mut session.advice_due, advice.is_some());
        reply.advice = advice.map(|(advice, _)| advice).or(is_news.then_some(standing));
        let advised_ms =
            advice.and_then(|(advice, _)| advice.interval).unwrap_or(limits.interval_ms);
        let interval_ms = request
            .advice
            .interval_ms
            .map_or(advised_ms, |asked| asked.min(CLIENT_INTERVAL_MAX_MS));
        session.expires_ms = Some(now.at_ms + interval_ms.max(advised_ms) + limits.max_interval_ms);
        session.connected = true;
        if session.outbox.is_empty() {
            session.lazy_due_ms = None;
        }
        if let Some((_, Some(failure))) = advice {
            reply = reply.failed(failure);
        }
        let parcel = parcel(session, taken, number);
        let reply = reply.encode();
        self.arm(id);
        (reply, parcel)
    }

    fn too_many_polls_advice(&self) -> (Advice, Option<Failure>) {
        match self.limits.multi_session_interval_ms {
            0 => (
                Advice { multiple_clients: true, ..Advice::stop() },
                Some(Failure::MultipleClients),
            ),
            interval_ms => (
                Advice { multiple_clients: true, ..Advice::after(Reconnect::Retry, interval_ms) },
                None,
            ),
        }
    }
}

/// Takes the held connect out of a session and out of its browser's count.
pub(super) fn release(
    session: &mut Session,
    browsers: &mut HashMap<BrowserId, usize>,
) -> Option<HeldConnect> {
    let held = session.held.take()?;
    uncount(browsers, held.browser.as_ref());
    Some(held)
}

/// Packs taken messages, with a lease if they can be lost.
pub(super) fn parcel(session: &mut Session, taken: Taken, number: u64) -> Parcel {
    let lease = session.outbox.is_in_flight() && !taken.messages.is_empty();
    let lease = lease.then(|| {
        session.lease = number;
        Lease { session: session.info.id.clone(), number }
    });
    Parcel { parts: taken.messages, lease }
}
