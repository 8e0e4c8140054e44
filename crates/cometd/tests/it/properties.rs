//! Properties of delivery, through arbitrary cuts: what the client has seen is exactly what was
//! sent, in order.
//!
//! They drive the hub itself, since the moments at which a reply can be lost lie between its calls.

use std::sync::Arc;

use handoff_cometd::protocol::Moment;
use handoff_cometd::protocol::ack::Urgency;
use handoff_cometd::protocol::channel::Kind;
use handoff_cometd::protocol::hub::{Company, ConnectStep, Fate, Hub, Parcel};
use handoff_cometd::protocol::message::{Message, decode};
use handoff_cometd::protocol::session::{Caller, Carrier, SocketId, Transport};
use handoff_cometd::{AllowAll, Delivery, Identity, Limits, SessionId, SessionInfo};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::Counting;

/// One step of a dialogue.
#[derive(Clone, Debug)]
enum Step {
    /// The application sends the next message.
    Deliver,
    /// The client connects by long-polling; messages arrive while it is held; the reply arrives or
    /// not.
    Poll { arrivals: u8, fate: Fate },
    /// The client connects, and its connection breaks before or after the poll was woken.
    BrokenPoll { arrivals: u8 },
    /// A newer connect takes the place of a held one.
    Overlap,
    /// A subscription, during which messages arrive; its reply may carry them.
    Subscribe { arrivals: u8 },
    /// The client speaks on a (new) socket, messages are pushed, and the frame arrives or the
    /// socket breaks.
    Push { arrivals: u8, fate: Fate },
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![Just(Fate::HandedOver), Just(Fate::Lost)];
    let arrivals = 0..4_u8;
    prop_oneof![
        Just(Step::Deliver),
        (arrivals.clone(), fate.clone()).prop_map(|(arrivals, fate)| Step::Poll { arrivals, fate }),
        arrivals.clone().prop_map(|arrivals| Step::BrokenPoll { arrivals }),
        Just(Step::Overlap),
        arrivals.clone().prop_map(|arrivals| Step::Subscribe { arrivals }),
        (arrivals, fate).prop_map(|(arrivals, fate)| Step::Push { arrivals, fate }),
    ]
}

/// A hub, one session, and what its client has seen.
struct World {
    hub: Hub,
    session: SessionInfo,
    sent: u64,
    seen: Vec<u64>,
    /// The last acknowledgement number that the client has received.
    ack: Option<u64>,
}

const NOW: Moment = Moment { at_ms: 1_000, unix_ms: 1_000 };

fn caller(transport: Transport) -> Caller {
    Caller {
        identity: Some(Identity::new("kate")),
        tag: None,
        login: None,
        source: None,
        browsers: Vec::new(),
        transport,
    }
}

fn message(value: Value) -> Message {
    decode(value.to_string().as_bytes(), &Limits::default()).unwrap().remove(0)
}

impl World {
    fn new(acknowledged: bool) -> Self {
        let limits = Limits { reply_messages: 3, ..Limits::default() };
        let mut hub = Hub::new(limits, Arc::new(AllowAll), Arc::new(Counting::default()));
        let handshake =
            message(json!({"channel": "/meta/handshake", "ext": {"ack": acknowledged}}));
        let session =
            hub.handshake(NOW, &caller(Transport::LongPolling), &handshake).opened.unwrap();
        let mut world =
            Self { hub, session, sent: 0, seen: Vec::new(), ack: acknowledged.then_some(0) };
        world.poll(0, Fate::HandedOver);
        world
    }

    fn deliver(&mut self, count: u8) {
        for _ in 0..count {
            let text = json!({"data": self.sent}).to_string().into();
            let delivery = self.hub.deliver(NOW, &self.session.id, text, Urgency::Prompt);
            assert_eq!(delivery, Delivery::Delivered);
            self.sent += 1;
        }
    }

    fn connect(&mut self, transport: Transport) -> ConnectStep {
        let connect = json!({"channel": "/meta/connect", "clientId": self.session.id.as_str(), "ext": {"ack": self.ack}});
        let caller = caller(transport);
        let connect = message(connect);
        let session = self.hub.admit(NOW, &caller, &connect, Kind::Connect).unwrap();
        self.hub.connect(NOW, &caller, &session, &connect, Company::Alone)
    }

    /// Answers a connect that is not held.
    fn answer(&mut self, step: ConnectStep) -> Result<Parcel, Carrier> {
        match step {
            ConnectStep::Held(carrier) => Err(carrier),
            ConnectStep::Answer(answer) => {
                let (reply, mut messages) = self.hub.answer_now(NOW, &self.session.id, &answer, 0);
                messages.parts.push(reply);
                Ok(messages)
            }
        }
    }

    fn poll(&mut self, arrivals: u8, fate: Fate) {
        let step = self.connect(Transport::LongPolling);
        match self.answer(step) {
            Ok(parcel) => {
                self.deliver(arrivals);
                self.receive(parcel, fate);
            }
            Err(Carrier::Poll(poll)) => {
                self.deliver(arrivals);
                let parcel = self.hub.collect_poll(NOW, &self.session.id, poll).unwrap();
                self.receive(parcel, fate);
            }
            Err(Carrier::Socket(_)) => unreachable!("a poll is held as a poll"),
        }
    }

    fn broken_poll(&mut self, arrivals: u8) {
        let step = self.connect(Transport::LongPolling);
        match self.answer(step) {
            Ok(parcel) => self.receive(parcel, Fate::Lost),
            Err(Carrier::Poll(poll)) => {
                self.deliver(arrivals);
                self.hub.poll_dropped(NOW, &self.session.id, poll);
            }
            Err(Carrier::Socket(_)) => unreachable!("a poll is held as a poll"),
        }
    }

    fn overlap(&mut self) {
        let step = self.connect(Transport::LongPolling);
        let Err(Carrier::Poll(older)) = self.answer_or_receive(step) else { return };
        let step = self.connect(Transport::LongPolling);
        let Err(Carrier::Poll(newer)) = self.answer_or_receive(step) else {
            panic!("nothing has arrived")
        };
        let parcel = self.hub.collect_poll(NOW, &self.session.id, older).unwrap();
        assert!(parcel.lease.is_none());
        self.receive(parcel, Fate::HandedOver);
        self.deliver(1);
        let parcel = self.hub.collect_poll(NOW, &self.session.id, newer).unwrap();
        self.receive(parcel, Fate::HandedOver);
    }

    fn answer_or_receive(&mut self, step: ConnectStep) -> Result<(), Carrier> {
        self.answer(step).map(|parcel| self.receive(parcel, Fate::HandedOver))
    }

    fn subscribe(&mut self, arrivals: u8) {
        let id = self.session.id.clone();
        self.hub.cork(&id);
        self.hub.subscribe(&self.session, "/a").unwrap();
        self.deliver(arrivals);
        self.hub.uncork(&id);
    }

    fn push(&mut self, arrivals: u8, fate: Fate) {
        let socket =
            self.hub.open_socket(&Caller { identity: None, ..caller(Transport::LongPolling) });
        let step = self.connect(Transport::WebSocket(socket));
        match self.answer(step) {
            Ok(parcel) => self.receive(parcel, fate),
            Err(carrier) => assert_eq!(carrier, Carrier::Socket(socket)),
        }
        self.deliver(arrivals);
        self.collect(socket, fate);
        self.hub.close_socket(NOW, socket);
    }

    fn collect(&mut self, socket: SocketId, fate: Fate) {
        let parcel = self.hub.collect_socket(NOW, socket).parcel;
        self.receive(parcel, fate);
    }

    /// The client gets what was handed over, and only that.
    fn receive(&mut self, parcel: Parcel, fate: Fate) {
        if fate == Fate::HandedOver {
            for part in &parcel.parts {
                let part: Value = serde_json::from_slice(part).unwrap();
                self.seen.extend(part["data"].as_u64());
                if self.ack.is_some() {
                    self.ack = part["ext"]["ack"].as_u64().or(self.ack);
                }
            }
        }
        if let Some(lease) = parcel.lease {
            self.hub.settle(lease, fate);
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Deliver => self.deliver(1),
            Step::Poll { arrivals, fate } => self.poll(arrivals, fate),
            Step::BrokenPoll { arrivals } => self.broken_poll(arrivals),
            Step::Overlap => self.overlap(),
            Step::Subscribe { arrivals } => self.subscribe(arrivals),
            Step::Push { arrivals, fate } => self.push(arrivals, fate),
        }
    }

    /// Lets the client fetch the rest.
    fn drain(&mut self) {
        for _ in 0..=self.sent {
            self.poll(0, Fate::HandedOver);
        }
        assert_eq!(self.hub.stats().queued_messages, 0);
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_reordered(
        acknowledged: bool,
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new(acknowledged);
        for step in &steps {
            world.run(step);
        }
        world.drain();
        let sent: Vec<u64> = (0..world.sent).collect();
        prop_assert_eq!(&world.seen, &sent);
    }
}

#[test]
fn the_property_notices_a_message_that_was_lost_on_the_way() {
    // The control: a client that does not get what counts as handed over must turn the property
    // red.
    let mut world = World::new(false);
    world.deliver(1);
    let step = world.connect(Transport::LongPolling);
    let parcel = world.answer(step).unwrap();
    world.hub.settle(parcel.lease.unwrap(), Fate::HandedOver);
    world.drain();
    assert_eq!(world.seen, Vec::<u64>::new());
}

#[test]
fn a_lease_is_settled_once_and_in_time() {
    let mut world = World::new(false);
    world.deliver(2);
    let step = world.connect(Transport::LongPolling);
    let parcel = world.answer(step).unwrap();
    world.hub.settle(parcel.lease.unwrap(), Fate::Lost);
    assert_eq!(world.hub.stats().queued_messages, 2);
    let gone = SessionId::new("gone");
    assert_eq!(world.hub.deliver(NOW, &gone, "{}".into(), Urgency::Prompt), Delivery::Gone);
    world.drain();
    assert_eq!(world.seen, [0, 1]);
}
