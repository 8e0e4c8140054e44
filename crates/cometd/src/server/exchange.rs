//! One request, whichever transport it came by: its messages in order, the application asked in
//! between.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::Shared;
use super::guards::{Cork, Departure, HeldPoll};
use crate::identity::{BrowserId, SessionInfo};
use crate::protocol::Moment;
use crate::protocol::ack::Urgency;
use crate::protocol::channel::{self, Kind};
use crate::protocol::error::Failure;
use crate::protocol::hub::{AnswerNow, Company, ConnectStep, Hub, Parcel, Recorded};
use crate::protocol::message::Message;
use crate::protocol::reply::encode_delivery;
use crate::protocol::session::{Caller, Carrier, Transport};

/// What a request came to.
pub(super) struct Exchanged {
    /// The messages of the response; empty if the connect is held.
    pub(super) parts: Vec<Bytes>,
    /// What depends on the response's fate.
    pub(super) departure: Departure,
    /// The held connect, on long-polling.
    pub(super) held: Option<HeldPoll>,
    /// A cookie to set.
    pub(super) cookie: Option<BrowserId>,
    /// Whether something was refused because there was too much.
    pub(super) is_too_much: bool,
}

/// A request in progress.
struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    caller: &'a Caller,
    company: Company,
    session: Option<SessionInfo>,
    replies: Vec<Bytes>,
    /// The connect to be answered last, and its place among the replies.
    connect: Option<(usize, Box<AnswerNow>)>,
    cork: Option<Cork>,
    held: Option<HeldPoll>,
    cookie: Option<BrowserId>,
    is_too_much: bool,
}

/// Handles a request's messages.
///
/// If the future is dropped, the messages handled so far have had their effect and nothing is lost:
/// what was queued stays queued.
pub(super) async fn exchange(
    shared: &Arc<Shared>,
    caller: &Caller,
    messages: &[Message],
) -> Exchanged {
    let mut exchange = Exchange {
        shared,
        caller,
        company: if messages.len() == 1 { Company::Alone } else { Company::Batched },
        session: None,
        replies: Vec::with_capacity(messages.len()),
        connect: None,
        cork: None,
        held: None,
        cookie: None,
        is_too_much: false,
    };
    let kind = |message: &Message| message.channel.as_deref().map(channel::kind);
    // A handshake must be alone; the specification says to ignore what comes with it (bayeux.md
    // 1.3).
    match messages.iter().find(|message| kind(message) == Some(Kind::Handshake)) {
        Some(handshake) if exchange.may_send(0) => exchange.handshake(handshake).await,
        Some(handshake) => {
            exchange.replies.push(Hub::handshake_too_early(exchange.now(), handshake).reply)
        }
        None => {
            for (place, message) in messages.iter().enumerate() {
                let kind = kind(message);
                if kind == Some(Kind::Disconnect) || exchange.may_send(place) {
                    exchange.handle(message, kind).await;
                } else {
                    exchange.reply(message, Err(Failure::TooMany));
                }
            }
        }
    }
    exchange.finish()
}

impl Exchange<'_> {
    async fn handle(&mut self, message: &Message, kind: Option<Kind>) {
        let (Some(kind), Some(name)) = (kind, message.channel.as_deref()) else {
            return self.reply(message, Err(Failure::ChannelMissing));
        };
        let admitted =
            self.shared.with(|state, now| state.hub.admit(now, self.caller, message, kind));
        let session = match admitted {
            Ok(session) => session,
            Err(refusal) => return self.replies.push(refusal),
        };
        // A request speaks for one session: what is held back and carried along is that session's.
        if self.session.get_or_insert_with(|| session.clone()).id != session.id {
            return self.reply(message, Err(Failure::SessionUnknown));
        }
        match kind {
            Kind::Connect => self.connect(message, session),
            Kind::Subscribe => self.subscribe(message, &session).await,
            Kind::Unsubscribe => self.unsubscribe(message, &session).await,
            Kind::Disconnect => self.disconnect(message, &session),
            Kind::Handshake | Kind::UnknownMeta => self.reply(message, Err(Failure::MetaUnknown)),
            Kind::Service => self.service(message, &session, name).await,
            Kind::Broadcast => self.publish(message, &session, name),
        }
    }

    /// Tells whether the message at that place may be handled. The first of an HTTP request was
    /// counted with it.
    fn may_send(&mut self, place: usize) -> bool {
        let is_counted = place == 0 && self.caller.transport == Transport::LongPolling;
        let may = is_counted || self.shared.with(|state, _| state.hub.may_send(self.caller));
        self.is_too_much |= !may;
        may
    }

    fn now(&self) -> Moment {
        self.shared.ports.clock.now()
    }

    fn reply(&mut self, message: &Message, outcome: Result<(), Failure>) {
        self.replies.push(Hub::reply(message, self.now(), outcome));
    }

    async fn handshake(&mut self, message: &Message) {
        let handshaken =
            self.shared.with(|state, now| state.hub.handshake(now, self.caller, message));
        if let Some(session) = &handshaken.opened {
            self.shared.application.session_opened(session).await;
        }
        self.replies.push(handshaken.reply);
        self.cookie = handshaken.cookie;
    }

    fn connect(&mut self, message: &Message, session: SessionInfo) {
        if self.connect.is_some() {
            // A second connect in one request has nothing to wait for and nothing to carry.
            return self.reply(message, Ok(()));
        }
        let shared = self.shared;
        let (step, held) = shared.with(|state, now| {
            let step = state.hub.connect(now, self.caller, &session, message, self.company);
            let held = match &step {
                ConnectStep::Held(Carrier::Poll(poll)) => {
                    Some(HeldPoll::register(shared, state, session.id.clone(), *poll))
                }
                ConnectStep::Held(Carrier::Socket(_)) | ConnectStep::Answer(_) => None,
            };
            (step, held)
        });
        self.held = held;
        if let ConnectStep::Answer(answer) = step {
            self.connect = Some((self.replies.len(), answer));
        }
    }

    fn disconnect(&mut self, message: &Message, session: &SessionInfo) {
        let (parting, reply) = self.shared.with(|state, now| {
            let reply = state.hub.disconnect(now, session, message);
            let parting = match self.caller.transport {
                Transport::WebSocket(socket) => state.hub.take_parting(socket),
                Transport::LongPolling => Vec::new(),
            };
            (parting, reply)
        });
        // A connect that it released comes before its own reply (bayeux.md 1.5).
        self.replies.extend(parting);
        self.replies.push(reply);
    }

    async fn subscribe(&mut self, message: &Message, session: &SessionInfo) {
        let names = self.shared.with(|state, _| state.hub.names(message.subscription.as_ref()));
        let names = match names {
            Ok(names) => names,
            Err(failure) => return self.reply(message, Err(failure)),
        };
        self.hold_back(session);
        let mut outcome = Ok(());
        // The first refusal ends the list; the earlier members stay, as at the reference server
        // (bayeux.md 1.7).
        for name in &names {
            match self.shared.with(|state, _| state.hub.subscribe(session, name)) {
                Ok(Recorded::Yes) => {
                    self.shared.application.subscribed(session, name, message.ext.as_ref()).await;
                }
                Ok(Recorded::Service) => {}
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        self.reply(message, outcome);
    }

    async fn unsubscribe(&mut self, message: &Message, session: &SessionInfo) {
        let names = self.shared.with(|state, _| state.hub.names(message.subscription.as_ref()));
        let names = match names {
            Ok(names) => names,
            Err(failure) => return self.reply(message, Err(failure)),
        };
        let mut outcome = Ok(());
        for name in &names {
            match self.shared.with(|state, _| state.hub.unsubscribe(&session.id, name)) {
                Ok(Recorded::Yes) => self.shared.application.unsubscribed(session, name).await,
                Ok(Recorded::Service) => {}
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        self.reply(message, outcome);
    }

    async fn service(&mut self, message: &Message, session: &SessionInfo, name: &str) {
        let data = message.data.as_deref().unwrap_or(RawValue::NULL);
        if let Err(failure) = self.may_publish(session, name, data) {
            return self.reply(message, Err(failure));
        }
        self.hold_back(session);
        for answer in self.shared.application.service(session, name, data).await {
            let text = encode_delivery(&answer.channel, &answer.data);
            // If the session is gone or cut off meanwhile, its client learns it from its connect.
            _ = self
                .shared
                .with(|state, now| state.hub.deliver(now, &session.id, text, Urgency::Prompt));
        }
        self.reply(message, Ok(()));
    }

    fn publish(&mut self, message: &Message, session: &SessionInfo, name: &str) {
        let data = message.data.as_deref().unwrap_or(RawValue::NULL);
        let outcome = self.shared.with(|state, now| {
            state.hub.may_publish(session.identity.as_ref(), name, data)?;
            let text = encode_delivery(name, data.get().as_bytes());
            state.hub.publish(now, name, &text, Urgency::Prompt);
            Ok(())
        });
        self.reply(message, outcome);
    }

    fn may_publish(
        &self,
        session: &SessionInfo,
        name: &str,
        data: &RawValue,
    ) -> Result<(), Failure> {
        self.shared.with(|state, _| state.hub.may_publish(session.identity.as_ref(), name, data))
    }

    /// From here on, messages for the session come behind this request's replies.
    fn hold_back(&mut self, session: &SessionInfo) {
        if self.cork.is_none() {
            self.cork = Some(Cork::new(self.shared, &session.id));
        }
    }

    /// Takes what is pushed along with the replies of a request without a connect.
    fn along(&self) -> Parcel {
        match (self.caller.transport, &self.session, &self.cork, &self.connect) {
            (Transport::WebSocket(socket), Some(session), Some(_), None) => {
                self.shared.with(|state, _| state.hub.collect_along(socket, &session.id))
            }
            _ => Parcel::default(),
        }
    }

    fn finish(self) -> Exchanged {
        let along = self.along();
        let Self { shared, session, mut replies, connect, cork, held, cookie, is_too_much, .. } =
            self;
        let (Some((place, answer)), Some(session)) = (connect, session) else {
            replies.extend(along.parts);
            let departure = Departure::new(shared, along.lease, cork);
            return Exchanged { parts: replies, departure, held, cookie, is_too_much };
        };
        let own_corks = u32::from(cork.is_some());
        let (reply, mut messages) =
            shared.with(|state, now| state.hub.answer_now(now, &session.id, &answer, own_corks));
        replies.insert(place, reply);
        // Faye's client listens to a channel only once it has seen the subscription's reply, so
        // what may belong to a new subscription comes last; otherwise the queue comes first, as at
        // the reference server.
        let parts = match cork {
            Some(_) => [replies, messages.parts].concat(),
            None => [messages.parts, replies].concat(),
        };
        let departure = Departure::new(shared, messages.lease.take(), cork);
        Exchanged { parts, departure, held, cookie, is_too_much }
    }
}
