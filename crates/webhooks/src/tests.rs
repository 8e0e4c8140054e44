//! Webhooks over a store in memory, to receivers of this process. The clock stands still until a
//! test moves it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use handoff_bus::LocalBus;
use handoff_domain::event::{Cause, Subject};
use handoff_domain::{Event, Fact, QueueId, SkillLevels, Time, WebhookId};
use handoff_engine::{Core, Engine, Options, Outward, Parts, Worker};
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::conformance::samples::{
    CENTER, center, interaction, interaction_id, put, queue, queue_id,
};
use handoff_store::{
    ChangeSet, DeliveryOutcome, DirectoryGuard, Extent, Key, MemoryStore, Record, Removal, Store,
    Webhook, WebhookSecret, WebhookStart, WebhookState,
};
use handoff_testkit::{CountingIds, ManualClock, Posted, Receiver};
use serde_json::{Value, json};

use crate::{Happened, Terms, Webhooks, Wire, sign};

const NOON: i64 = 1_767_960_000_000;
const DAY_S: u32 = 24 * 60 * 60;
/// How long a wait is between two looks at something, and how many there are.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS: usize = 4_000;

/// Tells which interaction and position an event is of.
struct Plain;

impl Wire for Plain {
    fn event(&self, fact: &Fact) -> Option<&'static str> {
        match fact {
            Fact::Opened => Some("opened"),
            Fact::Queued { .. } => Some("queued"),
            Fact::Completed => Some("completed"),
            _ => None,
        }
    }

    fn body(&self, of: Happened<'_>) -> Bytes {
        let (id, position) = (of.interaction.id.to_string(), of.entry.position);
        let event = self.event(of.fact);
        json!({"id": id, "position": position, "event": event}).to_string().into()
    }

    fn test(&self, _webhook: &Webhook, _at: Time) -> (&'static str, Bytes) {
        ("test", Bytes::from_static(b"{\"event\":\"test\"}"))
    }
}

struct Rig {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    engine: Arc<Engine>,
}

fn webhook(number: u64, url: &str) -> Webhook {
    Webhook {
        id: WebhookId(number.into()),
        center: CENTER,
        name: format!("hook {number}"),
        url: url.to_owned(),
        events: BTreeSet::new(),
        queues: BTreeSet::new(),
        enabled: true,
        secret: WebhookSecret([7; 32]),
        previous: None,
        start: WebhookStart { number: 1, after: 0, at: Time(NOON) },
        tests: 0,
    }
}

fn terms() -> Terms {
    Terms { rests_ms: vec![60_000], period_ms: 10, at_once: 2, held_max: 5 }
}

impl Rig {
    async fn new(webhooks: Vec<Webhook>) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let mut puts = vec![put(Record::Center(center(CENTER)), 0)];
        puts.extend([1, 2].map(|n| put(Record::Queue(queue(n)), 0)));
        puts.extend(webhooks.into_iter().map(|webhook| put(Record::Webhook(webhook), 0)));
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        Self::over(store, Arc::new(ManualClock::at_ms(NOON))).await
    }

    async fn over(store: Arc<dyn Store>, clock: Arc<ManualClock>) -> Self {
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            options: Options { directory_ms: 10, ..Options::default() },
        };
        let core = Core::open(parts).await.unwrap();
        let limits = Limits { whole: Duration::from_secs(2), ..Limits::default() };
        let trust = Box::new(|| Err("nobody is trusted here".to_owned()));
        let client = Client::new(Policy::new(|address| address.is_loopback()), limits, trust);
        let webhooks = Webhooks::new(core.clone(), client, Arc::new(Plain), terms());
        let workers: Vec<Arc<dyn Worker>> = vec![Arc::new(webhooks)];
        let engine = Engine::build(core, Outward::default(), workers).await.unwrap();
        engine.start();
        Self { store, clock, engine }
    }

    /// Has something happen to the n-th interaction, which waits in a queue.
    async fn happens(&self, n: u64, queue: u64, facts: Vec<Fact>) {
        let found = self.store.load_one(&Key::Interaction(interaction_id(n))).await.unwrap();
        let about = handoff_domain::Interaction { queue: Some(queue_id(queue)), ..interaction(n) };
        let expected = found.map_or(0, |found| found.version);
        let (at, cause) = (self.engine.core().now(), Cause::Router);
        let subject = Subject::Interaction(about.clone());
        let events = vec![Event { at, cause, facts, subject, notices: Vec::new() }];
        let puts = vec![put(Record::Interaction(about), expected)];
        let change = ChangeSet { puts, events, ..ChangeSet::default() };
        self.store.commit(change).await.unwrap();
    }

    /// Opens the n-th interaction in the first queue and completes it.
    async fn comes_and_goes(&self, n: u64) {
        self.happens(n, 1, vec![Fact::Opened, queued(1)]).await;
        self.happens(n, 1, vec![Fact::Completed]).await;
    }

    async fn state(&self, number: u64) -> Option<WebhookState> {
        let key = Key::WebhookState(WebhookId(number.into()));
        match self.store.load_one(&key).await.unwrap()?.value {
            Record::WebhookState(state) => Some(state),
            other => panic!("{other:?}"),
        }
    }

    /// Moves the clock by a little until the stored state is as wanted: it is stored once a second.
    async fn until_state(&self, number: u64, is: impl Fn(&WebhookState) -> bool) -> WebhookState {
        for _ in 0..LOOKS {
            if let Some(state) = self.state(number).await.filter(&is) {
                return state;
            }
            self.clock.advance_ms(100);
            tokio::time::sleep(LOOK).await;
        }
        panic!("the webhook stays so: {:?}", self.state(number).await);
    }

    /// Changes the first webhook.
    async fn change(&self, change: impl FnOnce(&mut Webhook)) {
        let found = self.store.load_one(&Key::Webhook(WebhookId(1))).await.unwrap().unwrap();
        let Record::Webhook(mut webhook) = found.value else { panic!("a webhook") };
        change(&mut webhook);
        let puts = vec![put(Record::Webhook(webhook), found.version)];
        self.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    }
}

fn queued(n: u64) -> Fact {
    let (queue, skills) = (queue_id(n), SkillLevels::new());
    Fact::Queued { queue, skill: None, since: None, front: false, skills, target_ms: None }
}

/// Returns what was posted of an interaction, in short.
fn of(posted: &[Posted], n: u64) -> Vec<(&str, u16)> {
    let own = posted.iter().filter(|it| it.body["id"] == interaction_id(n).to_string().as_str());
    own.map(|it| (it.body["event"].as_str().unwrap(), it.status)).collect()
}

/// Returns how often each event was tried that waits and was.
fn of_waiting(state: &WebhookState) -> Vec<u32> {
    state.held.values().map(|held| held.attempts).filter(|attempts| *attempts > 0).collect()
}

fn is_of(posted: &Posted, n: u64, event: &str) -> bool {
    posted.body["id"] == interaction_id(n).to_string().as_str() && posted.body["event"] == event
}

#[tokio::test]
async fn what_is_not_taken_holds_back_what_happened_to_the_same_interaction_alone() {
    let receiver = Receiver::start(|posted| if is_of(posted, 1, "queued") { 503 } else { 204 });
    let receiver = receiver.await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    rig.comes_and_goes(1).await;
    rig.comes_and_goes(2).await;
    receiver.until(|all| of(all, 2).len() == 3 && of(all, 1).len() == 2).await.unwrap();
    assert_eq!(of(&receiver.posted(), 1), [("opened", 204), ("queued", 503)]);
    assert_eq!(of(&receiver.posted(), 2).len(), 3);
    let state =
        rig.until_state(1, |state| !of_waiting(state).is_empty() && state.held.len() == 1).await;
    assert_eq!(of_waiting(&state), [1]);
    rig.clock.advance_s(67);
    rig.until_state(1, |state| of_waiting(state) == [2]).await;
    receiver.answer(|_| 204);
    rig.clock.advance_s(67);
    let all = receiver.until(|all| of(all, 1).len() == 5).await.unwrap();
    let refused = ("queued", 503);
    let taken = [("queued", 204), ("completed", 204)];
    assert_eq!(of(&all, 1), [[("opened", 204), refused, refused].as_slice(), &taken].concat());
    let ids: Vec<&str> = all.iter().filter(|it| is_of(it, 1, "queued")).map(|it| &*it.id).collect();
    assert!(ids.windows(2).all(|two| two[0] == two[1]), "one event, one id: {ids:?}");
    let different: BTreeSet<&str> = all.iter().map(|it| &*it.id).collect();
    assert_eq!(different.len(), 6, "{different:?}");
    rig.until_state(1, |state| state.held.is_empty()).await;
}

#[tokio::test]
async fn every_message_is_signed_with_each_secret_that_is_good() {
    let receiver = Receiver::start(|_| 204).await.unwrap();
    let previous = Some((WebhookSecret([8; 32]), Time(NOON + 60_000)));
    let rig = Rig::new(vec![Webhook { previous, ..webhook(1, &receiver.url()) }]).await;
    rig.happens(1, 1, vec![Fact::Opened]).await;
    let all = receiver.until(|all| all.len() == 1).await.unwrap();
    let by = |posted: &Posted, secret: u8| {
        sign(&[secret; 32], &posted.id, posted.timestamp.parse().unwrap(), &posted.bytes)
    };
    assert_eq!(all[0].signature, format!("{} {}", by(&all[0], 7), by(&all[0], 8)));
    assert_eq!(all[0].timestamp, (NOON / 1_000).to_string());
    rig.clock.advance_s(60);
    rig.happens(1, 1, vec![Fact::Completed]).await;
    let all = receiver.until(|all| all.len() == 2).await.unwrap();
    assert_eq!(all[1].signature, by(&all[1], 7));
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_after_three_days() {
    let receiver = Receiver::start(|posted| if is_of(posted, 1, "opened") { 500 } else { 204 });
    let receiver = receiver.await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    rig.comes_and_goes(1).await;
    rig.until_state(1, |state| state.failures == 1).await;
    rig.clock.advance_s(3 * DAY_S - 300);
    let state = rig.until_state(1, |state| state.failures == 2).await;
    assert!(state.deliveries.iter().all(|it| it.outcome == DeliveryOutcome::Failed), "{state:?}");
    rig.clock.advance_s(600);
    let all = receiver.until(|all| of(all, 1).len() == 5).await.unwrap();
    let expected = [("opened", 500); 3].into_iter().chain([("queued", 204), ("completed", 204)]);
    assert_eq!(of(&all, 1), expected.collect::<Vec<_>>());
    let state = rig.until_state(1, |state| state.held.is_empty()).await;
    let given_up = |it: &&handoff_store::WebhookDelivery| it.outcome == DeliveryOutcome::GivenUp;
    assert_eq!(state.deliveries.iter().filter(given_up).count(), 1, "{state:?}");
    assert_eq!((state.failures, state.failing_since), (0, None));
}

#[tokio::test]
async fn a_dead_receiver_holds_nobody_else_up_and_makes_nothing_grow() {
    let living = Receiver::start(|_| 204).await.unwrap();
    // Somebody who takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}/", silent.local_addr().unwrap());
    let rig = Rig::new(vec![webhook(1, &dead), webhook(2, &living.url())]).await;
    for n in 1..=20 {
        rig.comes_and_goes(n).await;
    }
    let all = living.until(|all| all.len() == 60).await.unwrap();
    for n in 1..=20 {
        assert_eq!(of(&all, n), [("opened", 204), ("queued", 204), ("completed", 204)]);
    }
    let state = rig.until_state(1, |state| state.failures >= 2).await;
    assert_eq!(state.held.len(), terms().held_max);
    assert!(state.position < 40 && state.failing_since.is_some(), "{state:?}");
    let other = rig.until_state(2, |state| state.position == 40 && state.held.is_empty()).await;
    assert_eq!(other.failures, 0);
}

#[tokio::test]
async fn who_goes_on_leaves_nothing_out_and_keeps_the_order() {
    let receiver = Receiver::start(|_| 503).await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    for n in 1..=8 {
        rig.comes_and_goes(n).await;
    }
    receiver.until(|all| all.len() >= 5).await.unwrap();
    // It ends without a word: what it knew is what it stored.
    let (store, clock) = (rig.store.clone(), rig.clock.clone());
    rig.engine.hand_over().await;
    rig.engine.stop().await;
    receiver.answer(|_| 204);
    clock.advance_s(3_600);
    let rig = Rig::over(store, clock).await;
    let taken = |all: &[Posted]| all.iter().filter(|it| it.status == 204).count();
    receiver.until(|all| taken(all) == 24).await.unwrap();
    let taken = receiver.taken();
    for n in 1..=8 {
        assert_eq!(of(&taken, n), [("opened", 204), ("queued", 204), ("completed", 204)]);
    }
    rig.until_state(1, |state| state.position == 16 && state.held.is_empty()).await;
}

#[tokio::test]
async fn a_replay_sends_again_under_the_same_ids() {
    let receiver = Receiver::start(|_| 204).await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    rig.comes_and_goes(1).await;
    rig.comes_and_goes(2).await;
    receiver.until(|all| all.len() == 6).await.unwrap();
    let at = rig.engine.core().now();
    rig.change(|webhook| webhook.start = WebhookStart { number: 2, after: 2, at }).await;
    let all = receiver.until(|all| all.len() == 9).await.unwrap();
    let ids = |posted: &[Posted], n| -> Vec<String> {
        posted
            .iter()
            .filter(|it| !of(&[(*it).clone()], n).is_empty())
            .map(|it| it.id.clone())
            .collect()
    };
    assert_eq!(ids(&all[6..], 2), ids(&all[..6], 2));
    assert_eq!(ids(&all[6..], 1), Vec::<String>::new(), "it was before");
}

#[tokio::test]
async fn events_and_queues_are_those_that_are_wanted() {
    let receiver = Receiver::start(|_| 204).await.unwrap();
    let wanted = Webhook {
        events: ["queued".to_owned(), "completed".to_owned()].into(),
        queues: [queue_id(2)].into(),
        ..webhook(1, &receiver.url())
    };
    let rig = Rig::new(vec![wanted]).await;
    rig.comes_and_goes(1).await;
    rig.happens(2, 2, vec![Fact::Opened, queued(2)]).await;
    rig.happens(2, 2, vec![Fact::UserDataChanged, Fact::Completed]).await;
    rig.until_state(1, |state| state.position == 4 && state.held.is_empty()).await;
    let all: Vec<Value> = receiver.posted().into_iter().map(|posted| posted.body).collect();
    let events: Vec<&Value> = all.iter().map(|body| &body["event"]).collect();
    assert_eq!(events, ["queued", "completed"]);
    assert_eq!(all[0]["id"], interaction_id(2).to_string().as_str());
    assert_ne!(QueueId(1), queue_id(2));
}

#[tokio::test]
async fn a_test_is_sent_once_and_what_is_disabled_or_gone_sends_nothing() {
    let receiver = Receiver::start(|_| 500).await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    rig.change(|webhook| webhook.tests = 1).await;
    let all = receiver.until(|all| all.len() == 1).await.unwrap();
    assert_eq!(
        (all[0].body["event"].as_str(), &*all[0].id),
        (Some("test"), &*crate::test_message(WebhookId(1), 1),)
    );
    rig.until_state(1, |state| state.tests == 1 && state.deliveries.len() == 1).await;
    rig.change(|webhook| webhook.enabled = false).await;
    // The line is closed once its state is stored and its claim gone.
    let claim = Key::Claim(format!("webhook {}", WebhookId(1)));
    while rig.store.load_one(&claim).await.unwrap().is_some() {
        tokio::time::sleep(LOOK).await;
    }
    rig.comes_and_goes(1).await;
    receiver.answer(|_| 204);
    rig.change(|webhook| webhook.enabled = true).await;
    receiver.until(|all| all.len() == 4).await.unwrap();
    let key = Key::Webhook(WebhookId(1));
    let found = rig.store.load_one(&key).await.unwrap().unwrap();
    let version = rig.store.directory_versions().await.unwrap()[&CENTER];
    let removals = vec![Removal { key, version: found.version }];
    let directory = Some(DirectoryGuard { center: CENTER, version, extent: Extent::Whole });
    let change = ChangeSet { removals, directory, ..ChangeSet::default() };
    rig.store.commit(change).await.unwrap();
    for _ in 0..LOOKS {
        if rig.state(1).await.is_none() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("what is left of it stays");
}

/// The log is kept a day; what waits for a receiver is kept for as long as it is sent.
#[tokio::test]
async fn the_log_is_kept_for_a_webhook_that_has_not_read_it() {
    for (enabled, is_kept) in [(true, true), (false, false)] {
        let receiver = Receiver::start(|_| 500).await.unwrap();
        let rig = Rig::new(vec![Webhook { enabled, ..webhook(1, &receiver.url()) }]).await;
        for n in 1..=20 {
            rig.comes_and_goes(n).await;
            rig.clock.advance_s(60);
        }
        if enabled {
            rig.until_state(1, |state| state.held.len() == terms().held_max).await;
        }
        rig.clock.advance_s(2 * DAY_S);
        rig.engine.workers().sweeper().sweep().await.unwrap();
        let floor = rig.store.log_end().await.unwrap().floor;
        let position = rig.state(1).await.map_or(0, |state| state.position);
        assert_eq!(floor <= position && floor < 40, is_kept, "{enabled}: {floor} {position}");
        rig.clock.advance_s(2 * DAY_S);
        rig.engine.workers().sweeper().sweep().await.unwrap();
        assert_eq!(rig.store.log_end().await.unwrap().floor, 40, "no longer than that");
        if enabled {
            receiver.answer(|_| 204);
            let state = rig.until_state(1, |state| state.position == 40).await;
            let skipped = |it: &handoff_store::WebhookDelivery| it.event == "webhook.skipped";
            assert!(state.deliveries.iter().any(skipped), "it is said: {state:?}");
        }
    }
}

#[tokio::test]
async fn an_event_has_one_id_whatever_else_is_wanted() {
    let receiver = Receiver::start(|_| 204).await.unwrap();
    let only_queued =
        Webhook { events: ["queued".to_owned()].into(), ..webhook(1, &receiver.url()) };
    let rig = Rig::new(vec![only_queued]).await;
    rig.comes_and_goes(1).await;
    receiver.until(|all| of(all, 1) == [("queued", 204)]).await.unwrap();
    rig.change(|webhook| {
        webhook.events = BTreeSet::new();
        webhook.start = WebhookStart { number: 2, ..webhook.start };
    })
    .await;
    receiver.until(|all| of(all, 1).len() == 4).await.unwrap();
    let ids = |event: &str| -> BTreeSet<String> {
        let posted = receiver.posted();
        posted.iter().filter(|it| is_of(it, 1, event)).map(|it| it.id.clone()).collect()
    };
    assert_eq!((ids("opened").len(), ids("queued").len()), (1, 1));
    assert!(ids("opened").is_disjoint(&ids("queued")));
}

#[tokio::test]
async fn a_replay_of_the_last_leaves_nothing_out_that_waits() {
    let is_away = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let seen = is_away.clone();
    let receiver = Receiver::start(move |_| if seen.load(Ordering::SeqCst) { 503 } else { 204 });
    let receiver = receiver.await.unwrap();
    let rig = Rig::new(vec![webhook(1, &receiver.url())]).await;
    rig.comes_and_goes(1).await;
    let state = rig.until_state(1, |state| !state.held.is_empty()).await;
    is_away.store(false, Ordering::SeqCst);
    rig.change(|webhook| {
        webhook.start = WebhookStart { number: 2, after: state.position, at: Time(NOON) };
    })
    .await;
    rig.until_state(1, |state| state.start == 2 && state.held.is_empty()).await;
    let taken = receiver.posted();
    let taken: Vec<_> = of(&taken, 1).into_iter().filter(|(_, status)| *status == 204).collect();
    assert_eq!(taken, [("opened", 204), ("queued", 204), ("completed", 204)]);
}
