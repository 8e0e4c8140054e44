//! Traces over a store in memory, to a collector of this process.

use std::sync::Arc;
use std::time::Duration;

use handoff_bus::LocalBus;
use handoff_domain::event::{Cause, Subject};
use handoff_domain::{Event, Fact, Interaction, OfferKind, SkillLevels, Time, UserId};
use handoff_engine::{Core, Engine, Options, Outward, Parts, Worker};
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::conformance::samples::{
    CENTER, center, interaction, interaction_id, put, queue, queue_id,
};
use handoff_store::{ChangeSet, Key, MemoryStore, Record, Store};
use handoff_testkit::{CountingIds, ManualClock, Posted, Receiver};
use serde_json::Value;

use crate::{Destination, Traces};

const NOON: i64 = 1_767_960_000_000;
const KATE: UserId = UserId(0xa);
const BEN: UserId = UserId(0xb);

struct Rig {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    traces: Arc<Traces>,
}

impl Rig {
    async fn new(receiver: &Receiver) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let puts = vec![put(Record::Center(center(CENTER)), 0), put(Record::Queue(queue(1)), 0)];
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        let clock = Arc::new(ManualClock::at_ms(NOON));
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            options: Options::default(),
        };
        let core = Core::open(parts).await.unwrap();
        Engine::build(core.clone(), Outward::default(), Vec::new()).await.unwrap();
        let limits = Limits { whole: Duration::from_secs(2), ..Limits::default() };
        let trust = Box::new(|| Err("nobody is trusted here".to_owned()));
        let destination = Destination {
            endpoint: receiver.url().parse().unwrap(),
            authorization: None,
            client: Client::new(Policy::new(|_| true), limits, trust),
        };
        let traces = Arc::new(Traces::new(core, destination, "east-1".to_owned()));
        traces.round().await.unwrap();
        Self { store, clock, traces }
    }

    /// Has something happen to the n-th interaction, a second later.
    async fn happens(&self, n: u64, cause: Cause, facts: Vec<Fact>) {
        self.clock.advance_ms(1_000);
        let found = self.store.load_one(&Key::Interaction(interaction_id(n))).await.unwrap();
        let subject = Some("a canary that sings".to_owned());
        let about = Interaction { subject, ..interaction(n) };
        let expected = found.map_or(0, |found| found.version);
        let at = handoff_engine::Clock::now(&*self.clock);
        let subject = Subject::Interaction(about.clone());
        let events = vec![Event { at, cause, facts, subject, notices: Vec::new() }];
        let puts = vec![put(Record::Interaction(about), expected)];
        self.store.commit(ChangeSet { puts, events, ..ChangeSet::default() }).await.unwrap();
    }

    /// Lets the n-th interaction come, be passed by once, be taken and end.
    async fn comes_and_goes(&self, n: u64) {
        self.happens(n, Cause::User(BEN), vec![Fact::Opened, queued()]).await;
        self.happens(n, Cause::Router, vec![offered(BEN)]).await;
        self.happens(n, Cause::User(BEN), vec![Fact::Rejected { by: BEN }]).await;
        self.happens(n, Cause::Router, vec![offered(KATE)]).await;
        let accepted = Fact::Accepted { by: KATE, kind: OfferKind::Routed };
        self.happens(n, Cause::User(KATE), vec![accepted]).await;
    }
}

fn queued() -> Fact {
    let (queue, skills) = (queue_id(1), SkillLevels::new());
    Fact::Queued { queue, skill: None, since: None, front: false, skills, target_ms: None }
}

fn offered(to: UserId) -> Fact {
    Fact::Offered { to, kind: OfferKind::Routed, expires: Time(NOON + 60_000), of: None }
}

/// Returns the spans that were taken, in order.
fn spans(posted: &[Posted]) -> Vec<Value> {
    let taken = posted.iter().filter(|posted| posted.status == 200);
    let of = |posted: &Posted| {
        posted.body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
    };
    taken.flat_map(of).collect()
}

/// Returns name, end and how long a span took, in seconds.
fn short(span: &Value) -> (String, String, i64) {
    let nanoseconds = |key: &str| span[key].as_str().unwrap().parse::<i64>().unwrap();
    let took = (nanoseconds("endTimeUnixNano") - nanoseconds("startTimeUnixNano")) / 1_000_000_000;
    (span["name"].as_str().unwrap().to_owned(), attribute(span, "handoff.end"), took)
}

fn attribute(span: &Value, key: &str) -> String {
    let all = span["attributes"].as_array().unwrap();
    let found = all.iter().find(|it| it["key"] == key).unwrap();
    found["value"]["stringValue"].as_str().unwrap().to_owned()
}

fn is(name: &str, end: &str, took: i64) -> (String, String, i64) {
    (name.to_owned(), end.to_owned(), took)
}

#[tokio::test]
async fn what_happens_from_arrival_to_end_is_one_trace() {
    let receiver = Receiver::start(|_| 200).await.unwrap();
    let rig = Rig::new(&receiver).await;
    rig.comes_and_goes(1).await;
    rig.traces.round().await.unwrap();
    let first = spans(&receiver.posted());
    let expected =
        [is("offer", "Rejected", 1), is("offer", "Accepted", 1), is("wait", "Accepted", 4)];
    assert_eq!(first.iter().map(short).collect::<Vec<_>>(), expected);
    rig.happens(1, Cause::User(KATE), vec![Fact::Completed]).await;
    rig.comes_and_goes(2).await;
    rig.traces.round().await.unwrap();
    let all = spans(&receiver.posted());
    let [work, whole] = [&all[3], &all[4]];
    assert_eq!(short(work), is("work", "Completed", 1));
    assert_eq!(short(whole), is("interaction", "Completed", 5));
    let trace = &whole["traceId"];
    assert!(all[..5].iter().all(|span| span["traceId"] == *trace), "one interaction, one trace");
    assert!(all[..4].iter().all(|span| span["parentSpanId"] == whole["spanId"]));
    assert!(whole.get("parentSpanId").is_none());
    assert_ne!(all[5]["traceId"], *trace, "another interaction, another trace");
    let mut ids: Vec<&str> = all.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8, "each span has an id of its own");
    assert_eq!(attribute(&all[2], "handoff.queue.name"), queue(1).name);
    assert_eq!(attribute(work, "handoff.agent.id"), KATE.to_string());
    assert!(!format!("{:?}", receiver.posted()).contains("canary"), "no word of what is in it");
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_as_it_was() {
    let receiver = Receiver::start(|_| 503).await.unwrap();
    let rig = Rig::new(&receiver).await;
    rig.comes_and_goes(1).await;
    rig.traces.round().await.unwrap();
    rig.traces.round().await.unwrap();
    assert_eq!(receiver.posted().len(), 1, "it rests");
    receiver.answer(|_| 200);
    rig.traces.rest_no_longer().await;
    rig.traces.round().await.unwrap();
    rig.traces.round().await.unwrap();
    let posted = receiver.posted();
    assert_eq!(posted.len(), 2, "and once it was taken, not again");
    assert_eq!(posted[0].bytes, posted[1].bytes);
    assert_eq!(spans(&posted).len(), 3);
}

#[tokio::test]
async fn what_is_refused_for_good_holds_nothing_up() {
    let receiver = Receiver::start(|_| 400).await.unwrap();
    let rig = Rig::new(&receiver).await;
    rig.comes_and_goes(1).await;
    rig.traces.round().await.unwrap();
    receiver.answer(|_| 200);
    rig.comes_and_goes(2).await;
    rig.traces.round().await.unwrap();
    assert_eq!(spans(&receiver.posted()).len(), 3);
}
