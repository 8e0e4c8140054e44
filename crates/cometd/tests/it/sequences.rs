//! Hostile sequences, by fuzzing: sessions, polls, sockets and time in any order. Whatever was
//! done, once everybody is silent for long enough nothing is left, and the end of every session was
//! reported once.

use std::sync::Arc;

use handoff_cometd::protocol::Moment;
use handoff_cometd::protocol::ack::Urgency;
use handoff_cometd::protocol::channel::kind;
use handoff_cometd::protocol::hub::{Company, ConnectStep, Fate, Hub, Lease, Parcel, Stats, Wake};
use handoff_cometd::protocol::message::{Message, decode};
use handoff_cometd::protocol::session::{Caller, Carrier, PollId, SocketId, Transport};
use handoff_cometd::{
    AllowAll, BrowserId, EndAdvice, Identity, Limits, Login, SessionId, SessionInfo,
};
use serde_json::{Value, json};

use crate::support::Counting;

/// A silence after which every poll is due, and then every session has expired.
const LONG_MS: u64 = 200_000;

/// A hub and everybody around it.
struct World {
    hub: Hub,
    now_ms: u64,
    opened: usize,
    reported: usize,
    sessions: Vec<SessionInfo>,
    polls: Vec<(SessionId, PollId)>,
    sockets: Vec<SocketId>,
    leases: Vec<Lease>,
}

impl World {
    fn new() -> Self {
        let limits = Limits {
            sessions_per_identity: 3,
            sessions: 5,
            queued_messages: 6,
            reply_messages: 2,
            subscriptions_per_session: 3,
            ..Limits::default()
        };
        let hub = Hub::new(limits, Arc::new(AllowAll), Arc::new(Counting::default()));
        let (sessions, polls, sockets, leases) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { hub, now_ms: 0, opened: 0, reported: 0, sessions, polls, sockets, leases }
    }

    fn now(&self) -> Moment {
        Moment { at_ms: self.now_ms, unix_ms: self.now_ms }
    }

    /// Somebody: two users and a stranger, by polls of two browsers or on one of the sockets.
    fn caller(&self, argument: u8) -> Caller {
        let identity = identity(argument);
        let browser = BrowserId::new(format!("browser{}", argument % 2));
        let socket = self.sockets.get(usize::from(argument / 4)).copied();
        let transport = socket.map_or(Transport::LongPolling, Transport::WebSocket);
        let login = login(argument);
        Caller { identity, tag: None, login, source: None, browsers: vec![browser], transport }
    }

    fn step(&mut self, what: u8, argument: u8) {
        match what % 10 {
            0 => self.handshake(argument),
            1 | 2 => self.connect(argument),
            3 => self.subscribe(argument),
            4 => self.other(argument),
            5 => self.publish(argument),
            6 => self.cut(argument),
            7 => self.sockets.push(self.hub.open_socket(&self.caller(argument))),
            8 => self.pass(u64::from(argument) * 300),
            _ => self.settle(argument),
        }
        self.collect();
    }

    fn handshake(&mut self, argument: u8) {
        let handshake = message(
            json!({"channel": "/meta/handshake", "ext": {"ack": argument.is_multiple_of(2)}}),
        );
        let opened = self.hub.handshake(self.now(), &self.caller(argument), &handshake).opened;
        self.opened += usize::from(opened.is_some());
        self.sessions.extend(opened);
    }

    /// A message for one of the sessions, from somebody who may be another.
    fn admitted(
        &mut self,
        mut value: Value,
        argument: u8,
    ) -> Option<(SessionInfo, Message, Caller)> {
        let session = self.sessions.get(usize::from(argument % 6))?;
        value["clientId"] = json!(session.id.as_str());
        let (message, caller) = (message(value), self.caller(argument));
        let kind = kind(message.channel.as_deref()?);
        let admitted = self.hub.admit(self.now(), &caller, &message, kind).ok()?;
        let is_own = admitted.identity.is_none() || admitted.identity == caller.identity;
        assert!(is_own, "nobody speaks for another user");
        Some((admitted, message, caller))
    }

    fn connect(&mut self, argument: u8) {
        let advice =
            [Value::Null, json!({"timeout": 0}), json!({"interval": 9_000_000, "timeout": 5_000})];
        let ext = [Value::Null, json!({"ack": argument}), json!({"ack": u64::MAX})];
        let (advice, ext) =
            (&advice[usize::from(argument / 3 % 3)], &ext[usize::from(argument / 5 % 3)]);
        let connect = json!({"channel": "/meta/connect", "advice": advice, "ext": ext});
        let Some((session, message, caller)) = self.admitted(connect, argument) else { return };
        let company = if argument > 200 { Company::Batched } else { Company::Alone };
        match self.hub.connect(self.now(), &caller, &session, &message, company) {
            ConnectStep::Held(Carrier::Poll(poll)) => self.polls.push((session.id, poll)),
            ConnectStep::Held(Carrier::Socket(_)) => {}
            ConnectStep::Answer(answer) => {
                let (_, messages) = self.hub.answer_now(self.now(), &session.id, &answer, 0);
                self.receive(messages);
            }
        }
    }

    fn subscribe(&mut self, argument: u8) {
        let name = ["/a", "/a/*", "/**", "/b", "/service/x"][usize::from(argument / 7 % 5)];
        let subscribe = json!({"channel": "/meta/subscribe", "subscription": name});
        let Some((session, ..)) = self.admitted(subscribe, argument) else { return };
        self.hub.cork(&session.id);
        // Too many are refused, which is as good here.
        _ = self.hub.subscribe(&session, name);
        self.hub.deliver(self.now(), &session.id, "{\"data\":0}".into(), Urgency::Prompt);
        self.hub.uncork(&session.id);
    }

    fn other(&mut self, argument: u8) {
        let channel = if argument > 127 { "/meta/disconnect" } else { "/meta/unsubscribe" };
        let Some((session, message, _)) = self.admitted(json!({"channel": channel}), argument)
        else {
            return;
        };
        if argument > 127 {
            self.hub.disconnect(self.now(), &session, &message);
        } else {
            // What is not subscribed is refused, which is as good here.
            _ = self.hub.unsubscribe(&session.id, "/a");
        }
    }

    fn publish(&mut self, argument: u8) {
        let urgency = if argument > 127 { Urgency::Lazy } else { Urgency::Prompt };
        let channel = ["/a", "/a/b", "/c"][usize::from(argument % 3)];
        self.hub.publish(self.now(), channel, &"{\"data\":1}".into(), urgency);
    }

    /// A connection breaks, or the application ends a session.
    fn cut(&mut self, argument: u8) {
        let at = usize::from(argument / 4);
        match argument % 4 {
            0 if at < self.polls.len() => {
                let (session, poll) = self.polls.swap_remove(at);
                self.hub.poll_dropped(self.now(), &session, poll);
            }
            1 if at < self.sockets.len() => {
                let socket = self.sockets.swap_remove(at);
                self.hub.close_socket(self.now(), socket);
            }
            2 if at < self.sessions.len() => {
                let session = self.sessions[at].id.clone();
                self.hub.end_session(self.now(), &session, EndAdvice::None);
            }
            3 if argument < 128 => _ = self.hub.end_identity(self.now(), &Identity::new("kate")),
            3 => self.end_login(),
            _ => {}
        }
    }

    fn end_login(&mut self) {
        let (kate, login) = (Identity::new("kate"), Login::new("odd"));
        let others = self.hub.sessions_of(&kate).len();
        let ended = self.hub.end_login(self.now(), &kate, &login);
        assert_eq!(self.hub.sessions_of(&kate).len(), others - ended);
        assert_eq!(self.hub.end_login(self.now(), &kate, &login), 0, "all of it has ended");
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.hub.tick(self.now());
        let next_ms = self.hub.next_deadline();
        assert!(next_ms.is_none_or(|next_ms| next_ms > self.now_ms), "what is due is done");
    }

    fn settle(&mut self, argument: u8) {
        if let Some(lease) = self.leases.pop() {
            self.hub.settle(lease, if argument > 127 { Fate::Lost } else { Fate::HandedOver });
        }
    }

    fn receive(&mut self, parcel: Parcel) {
        self.leases.extend(parcel.lease);
    }

    /// Whoever is woken fetches what there is.
    fn collect(&mut self) {
        for wake in self.hub.take_wakes() {
            match wake {
                Wake::Poll(poll) => {
                    let Some(at) = self.polls.iter().position(|(_, held)| *held == poll) else {
                        continue;
                    };
                    let (session, poll) = self.polls.swap_remove(at);
                    let parcel = self.hub.collect_poll(self.now(), &session, poll);
                    self.receive(parcel.expect("a poll that was woken is answered"));
                }
                Wake::Socket(socket) => {
                    let collected = self.hub.collect_socket(self.now(), socket);
                    self.receive(collected.parcel);
                    if collected.close.is_some() {
                        self.sockets.retain(|open| *open != socket);
                        self.hub.close_socket(self.now(), socket);
                    }
                }
            }
        }
        self.reported += self.hub.take_removed().len();
    }

    fn end(mut self) {
        while !self.leases.is_empty() {
            // Handed over: a loss would be told again for ever, where a connection that loses
            // something is closed.
            self.settle(0);
            self.collect();
        }
        for _ in 0..3 {
            self.pass(LONG_MS);
            self.collect();
        }
        assert_eq!((self.polls.len(), self.opened), (0, self.reported));
        for socket in std::mem::take(&mut self.sockets) {
            self.hub.close_socket(self.now(), socket);
        }
        assert_eq!((self.hub.stats(), self.hub.next_deadline()), (Stats::default(), None));
    }
}

fn identity(argument: u8) -> Option<Identity> {
    ["kate", "ben"].get(usize::from(argument % 3)).map(|name| Identity::new(*name))
}

fn login(argument: u8) -> Option<Login> {
    (argument % 2 == 1).then(|| Login::new("odd"))
}

fn message(value: Value) -> Message {
    decode(value.to_string().as_bytes(), &Limits::default()).unwrap().remove(0)
}

#[test]
fn any_order_of_events_leaves_nothing_behind() {
    bolero::check!().with_type::<Vec<(u8, u8)>>().for_each(|steps| {
        let mut world = World::new();
        for (what, argument) in steps {
            world.step(*what, *argument);
        }
        world.end();
    });
}

#[test]
fn a_socket_that_is_being_closed_opens_and_reaches_nothing() {
    // Of the arguments, 0 is Kate on the first socket, 6 Kate on the second, 12 Kate by a poll.
    let mut world = World::new();
    let first = world.hub.open_socket(&world.caller(0));
    world.sockets.push(first);
    world.hub.end_identity(world.now(), &Identity::new("kate"));
    world.handshake(0);
    assert_eq!(world.sessions.len(), 0, "its frames may be on their way already");
    world.handshake(12);
    assert_eq!(world.sessions.len(), 1);
    let connect = json!({"channel": "/meta/connect"});
    assert!(world.admitted(connect.clone(), 0).is_none());
    let second = world.hub.open_socket(&world.caller(6));
    world.sockets.push(second);
    assert!(world.admitted(connect, 6).is_some(), "the control");
}
