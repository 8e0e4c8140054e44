//! Three nodes on one store: what one of them is enough for is done by one, and by another when
//! that one is gone.
//!
//! Their workers run, by the time of the runtime, which stands still until a test waits.

use std::sync::Arc;
use std::time::Duration;

use handoff_domain::event::Cause;
use handoff_domain::{InteractionId, Media};
use handoff_engine::{ChannelChange, Duty, Replay};
use handoff_store::{Store, SubjectKey};
use handoff_testkit::FaultyStore;

use crate::rig::{BEN, CENTER, KATE, Rig, center, noon};

/// How long a lease lasts, and until the next look of whoever lives.
const TAKEN_OVER: Duration = Duration::from_secs(12);
/// How often a node looks whether there is a duty that nobody has.
const LOOK: Duration = Duration::from_secs(2);

/// Each node has a way of its own to the store.
struct Cluster(Vec<Rig>);

/// Whether nodes share their work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Shared,
    /// The control: each does all of it.
    NotShared,
}

impl Cluster {
    async fn of_three(work: Work) -> Self {
        let (store, clock): (Arc<dyn Store>, _) = (center().await, noon());
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let own = Arc::new(FaultyStore::over(store.clone()));
            if work == Work::NotShared {
                own.share_no_duties();
            }
            let node = Rig::over(own, clock.clone()).await;
            node.engine.start();
            nodes.push(node);
        }
        let this = Self(nodes);
        this.pass(Duration::from_millis(10)).await;
        this
    }

    /// Lets time pass, for the nodes as for the runtime.
    async fn pass(&self, time: Duration) {
        const STEP_MS: u32 = 10;
        for _ in 0..time.as_millis() / u128::from(STEP_MS) {
            tokio::time::sleep(Duration::from_millis(STEP_MS.into())).await;
            self.0[0].clock.advance_ms(STEP_MS);
        }
    }

    /// Returns which nodes have a duty.
    fn who_has(&self, duty: Duty) -> Vec<usize> {
        (0..self.0.len()).filter(|node| self.0[*node].engine.core().has_duty(duty)).collect()
    }

    /// Returns the node that has all duties.
    fn busy(&self) -> usize {
        let who = Duty::ALL.map(|duty| self.who_has(duty));
        assert!(who.iter().all(|nodes| nodes.len() == 1 && *nodes == who[0]), "{who:?}");
        who[0][0]
    }

    /// Returns how many nodes there are on which something was counted.
    fn on_how_many(&self, count: impl Fn(&FaultyStore) -> u64) -> usize {
        self.0.iter().filter(|node| count(&node.store) > 0).count()
    }

    async fn stop(self) {
        for node in self.0 {
            node.store.cut_off(false);
            node.engine.stop().await;
        }
    }
}

/// Brings Kate and Ben in, with ten things to do, on two of the nodes; returns these.
async fn work(cluster: &Cluster) -> Vec<InteractionId> {
    let mut submitted = Vec::new();
    for (node, user) in [(&cluster.0[0], KATE), (&cluster.0[1], BEN)] {
        node.listen(user, &format!("{user}-1"), Replay::Live).await;
        let start =
            node.engine.desks().start_contact_session(user, CENTER, &[Media::Workitem], None);
        start.await.unwrap();
        let cause = Cause::User(user);
        let ready = &ChannelChange::Ready;
        node.engine.desks().change_channels(user, CENTER, cause, None, ready).await.unwrap();
    }
    for node in cluster.0.iter().cycle().take(10) {
        submitted.push(node.submit().await);
    }
    submitted
}

/// Returns how many offers were made of each.
async fn offers(node: &Rig, submitted: &[InteractionId]) -> Vec<usize> {
    let mut offers = Vec::new();
    for id in submitted {
        let history = node.store.history(SubjectKey::Interaction(*id), 0, 99).await.unwrap();
        let facts = history.items.iter().flat_map(|entry| &entry.facts);
        let made = facts.filter(|fact| matches!(fact, handoff_domain::Fact::Offered { .. }));
        offers.push(made.count());
    }
    offers
}

#[tokio::test(start_paused = true)]
async fn what_one_node_is_enough_for_is_done_by_one() {
    for work_is in [Work::Shared, Work::NotShared] {
        let cluster = Cluster::of_three(work_is).await;
        let submitted = work(&cluster).await;
        cluster.pass(Duration::from_secs(5)).await;
        let made = offers(&cluster.0[2], &submitted).await;
        assert_eq!(made, [1; 10], "each is offered once, whoever works");
        cluster.pass(Duration::from_secs(65)).await;
        let nodes = if work_is == Work::Shared { 1 } else { 3 };
        assert_eq!(cluster.on_how_many(FaultyStore::timers_read), nodes, "timers");
        assert_eq!(cluster.on_how_many(FaultyStore::sweeps), nodes, "sweeps");
        let refused: u64 = cluster.0.iter().map(|node| node.store.conflicts()).sum();
        assert!(work_is == Work::NotShared || refused == 0, "{refused} commits were in vain");
        cluster.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_duties_of_a_node_that_is_cut_off_are_taken_over_within_its_lease() {
    let cluster = Cluster::of_three(Work::Shared).await;
    let first = cluster.busy();
    cluster.0[first].store.cut_off(true);
    cluster.pass(LOOK * 2).await;
    assert_eq!(cluster.busy(), first, "the control: its lease is not over");
    cluster.pass(TAKEN_OVER - LOOK * 2).await;
    let second = cluster.busy();
    assert_ne!(second, first);
    // What came meanwhile is offered, and what the node that is cut off still wants to do is not.
    let others: Vec<&Rig> = cluster
        .0
        .iter()
        .enumerate()
        .filter(|(node, _)| *node != first)
        .map(|(_, rig)| rig)
        .collect();
    others[0].listen(KATE, "kate-1", Replay::Live).await;
    let start =
        others[0].engine.desks().start_contact_session(KATE, CENTER, &[Media::Workitem], None);
    start.await.unwrap();
    others[0].ready(KATE).await;
    let id = others[1].submit().await;
    cluster.pass(LOOK).await;
    assert_eq!(offers(others[0], &[id]).await, [1]);
    // It comes back, and leaves the duties where they are.
    cluster.0[first].store.cut_off(false);
    cluster.pass(TAKEN_OVER).await;
    assert_eq!(cluster.busy(), second);
    cluster.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_hands_its_duties_over() {
    let cluster = Cluster::of_three(Work::Shared).await;
    let first = cluster.busy();
    cluster.0[first].engine.hand_over().await;
    assert!(Duty::ALL.iter().all(|duty| cluster.who_has(*duty).is_empty()), "it does nothing more");
    cluster.pass(LOOK).await;
    let second = cluster.busy();
    assert_ne!(second, first);
    // It lives on, until its last answer is given.
    let living = cluster.0[second].store.living().await.unwrap();
    assert!(living.contains(&cluster.0[first].engine.core().incarnation()));
    cluster.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nodes_tell_of_themselves() {
    let cluster = Cluster::of_three(Work::Shared).await;
    cluster.0[1].listen(KATE, "kate-1", Replay::Live).await;
    cluster.0[1].listen(KATE, "kate-2", Replay::Live).await;
    cluster.pass(LOOK).await;
    let nodes = cluster.0[0].store.nodes().await.unwrap();
    assert_eq!(nodes.len(), 3);
    let of = |rig: &Rig| {
        let incarnation = rig.engine.core().incarnation();
        nodes.iter().find(|node| node.node == incarnation).unwrap()
    };
    let sessions: Vec<u64> = cluster.0.iter().map(|rig| of(rig).about.sessions).collect();
    assert_eq!(sessions, [0, 2, 0]);
    let busy = of(&cluster.0[cluster.busy()]);
    assert_eq!(busy.duties.len(), Duty::ALL.len());
    assert_eq!(busy.about.version, env!("CARGO_PKG_VERSION"));
    assert!(busy.about.behind.contains_key("followers"), "{busy:?}");
    assert!(nodes.iter().all(|node| node.about.behind["board"] == 0), "{nodes:?}");
    cluster.stop().await;
}

/// How long something may fail until its duty is handed back, with time to be taken.
const HANDED_ON: Duration = Duration::from_secs(16);
/// Longer than a node leaves a duty alone that it handed back.
const RESTED: Duration = Duration::from_secs(75);

#[tokio::test(start_paused = true)]
async fn a_duty_that_fails_again_and_again_is_handed_on() {
    let cluster = Cluster::of_three(Work::Shared).await;
    let first = cluster.busy();
    let broken = &cluster.0[first];
    broken.store.fail_timers(true);
    cluster.pass(LOOK * 2).await;
    assert_eq!(cluster.who_has(Duty::Timers), [first], "the control: it may be over in a moment");
    cluster.pass(HANDED_ON).await;
    let second = cluster.who_has(Duty::Timers);
    assert!(second.len() == 1 && second != [first], "{second:?}");
    assert_eq!(cluster.who_has(Duty::Routing), [first], "what it can do it goes on with");
    // Operators see it.
    assert_eq!(broken.engine.core().resting_duties(), [Duty::Timers].into());
    cluster.pass(LOOK).await;
    let nodes = broken.store.nodes().await.unwrap();
    let resting: Vec<usize> = nodes.iter().map(|node| node.about.resting.len()).collect();
    assert_eq!(resting.iter().sum::<usize>(), 1, "{nodes:?}");
    let failing = broken.engine.workers().statuses();
    assert!(failing.iter().all(|worker| worker.last_error.is_none()), "{failing:?}");
    // Whoever has it by then keeps it.
    cluster.pass(RESTED).await;
    assert_eq!(cluster.who_has(Duty::Timers), second);
    assert!(broken.engine.core().resting_duties().is_empty());
    cluster.stop().await;
}

/// What fails everywhere is not left alone by all: it comes back to who rested.
#[tokio::test(start_paused = true)]
async fn a_duty_that_fails_everywhere_goes_round() {
    let cluster = Cluster::of_three(Work::Shared).await;
    cluster.0.iter().for_each(|node| node.store.fail_timers(true));
    let mut had = [false; 3];
    for _ in 0..40 {
        cluster.pass(LOOK * 2).await;
        cluster.who_has(Duty::Timers).into_iter().for_each(|node| had[node] = true);
    }
    assert_eq!(had, [true; 3]);
    cluster.0.iter().for_each(|node| node.store.fail_timers(false));
    cluster.pass(RESTED).await;
    assert_eq!(cluster.who_has(Duty::Timers).len(), 1);
    cluster.stop().await;
}

/// A node that is alone has nobody to hand anything to.
#[tokio::test(start_paused = true)]
async fn a_node_that_is_alone_keeps_what_it_fails_at() {
    let (store, clock): (Arc<dyn Store>, _) = (center().await, noon());
    let node = Rig::over(Arc::new(FaultyStore::over(store)), clock).await;
    node.engine.start();
    let cluster = Cluster(vec![node]);
    cluster.pass(LOOK).await;
    cluster.0[0].store.fail_timers(true);
    cluster.pass(HANDED_ON * 2).await;
    assert_eq!(cluster.who_has(Duty::Timers), [0]);
    cluster.0[0].store.fail_timers(false);
    cluster.stop().await;
}
