//! Nodes say that they live, take duties, and tell of themselves.
//!
//! A store goes by its own clock, which no test can move: these cases wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use handoff_domain::Incarnation;

use super::committed;
use super::samples::{BEGIN, event, interaction};
use crate::change_set::ChangeSet;
use crate::nodes::{AboutNode, LivingNode};
use crate::store::{Lease, Store};

const ONE: Incarnation = Incarnation(0x1);
const OTHER: Incarnation = Incarnation(0x2);
/// A lease that does not end while a test runs, in ms.
const LONG_MS: u64 = 600_000;
/// A lease that is over after [`past`], in ms.
const SHORT_MS: u64 = 300;

/// Waits until a short lease is over.
async fn past() {
    tokio::time::sleep(Duration::from_millis(3 * SHORT_MS)).await;
}

async fn living(store: &dyn Store) -> BTreeSet<Incarnation> {
    store.living().await.expect("the living")
}

async fn renewed(store: &dyn Store, node: Incarnation, for_ms: u64) -> Lease {
    store.renew_lease(node, for_ms).await.expect("an answer")
}

pub async fn who_renews_in_time_lives(store: Arc<dyn Store>) {
    assert_eq!(living(&*store).await, [].into());
    store.begin_lease(ONE, LONG_MS).await.expect("a lease");
    store.begin_lease(OTHER, SHORT_MS).await.expect("a lease");
    assert_eq!(renewed(&*store, OTHER, LONG_MS).await, Lease::Kept);
    past().await;
    assert_eq!(living(&*store).await, [ONE, OTHER].into());
    assert_eq!(renewed(&*store, ONE, LONG_MS).await, Lease::Kept);
}

/// Others may have removed what the node said of itself, so it must not come back under the same
/// name.
pub async fn a_lease_that_is_over_is_lost_for_good(store: Arc<dyn Store>) {
    store.begin_lease(ONE, SHORT_MS).await.expect("a lease");
    store.begin_lease(OTHER, LONG_MS).await.expect("a lease");
    past().await;
    for _ in 0..2 {
        assert_eq!(renewed(&*store, ONE, LONG_MS).await, Lease::Lost, "it came back");
        assert_eq!(living(&*store).await, [OTHER].into());
    }
}

pub async fn a_lease_that_is_given_back_is_over_at_once(store: Arc<dyn Store>) {
    store.begin_lease(ONE, LONG_MS).await.expect("a lease");
    store.end_lease(ONE).await.expect("an end");
    store.end_lease(OTHER).await.expect("an end of what never began");
    assert_eq!(living(&*store).await, [].into());
    assert_eq!(renewed(&*store, ONE, LONG_MS).await, Lease::Lost);
}

/// Renewals come all the time, and no reader of the log is to see them.
pub async fn leases_are_not_in_the_log(store: Arc<dyn Store>) {
    let events = vec![event(interaction(1), BEGIN, Vec::new())];
    let told = ChangeSet { events, ..ChangeSet::default() };
    let position = committed(&*store, told).await.position;
    store.begin_lease(ONE, LONG_MS).await.expect("a lease");
    assert_eq!(renewed(&*store, ONE, LONG_MS).await, Lease::Kept);
    store.end_lease(ONE).await.expect("an end");
    assert_eq!(store.log_end().await.expect("the end").position, position);
}

async fn taken(store: &dyn Store, node: Incarnation, wanted: &[&str]) -> Vec<String> {
    store.take_duties(node, wanted).await.expect("an answer").into_iter().collect()
}

/// Returns who has which duties, of those who live.
async fn duties(store: &dyn Store) -> Vec<(Incarnation, Vec<String>)> {
    let nodes = store.nodes().await.expect("the nodes");
    nodes.into_iter().map(|node| (node.node, node.duties.into_iter().collect())).collect()
}

pub async fn a_duty_is_one_nodes_for_as_long_as_it_lives(store: Arc<dyn Store>) {
    store.begin_lease(ONE, SHORT_MS).await.expect("a lease");
    store.begin_lease(OTHER, LONG_MS).await.expect("a lease");
    assert_eq!(taken(&*store, ONE, &["routing", "timers"]).await, ["routing", "timers"]);
    assert_eq!(taken(&*store, OTHER, &["sweep", "timers"]).await, ["sweep"], "one has the other");
    assert_eq!(taken(&*store, ONE, &["routing", "sweep"]).await, ["routing"], "it is had still");
    past().await;
    assert_eq!(duties(&*store).await, [(OTHER, vec!["sweep".to_owned()])]);
    assert_eq!(taken(&*store, ONE, &["routing"]).await, [""; 0], "who is dead has none");
    let all = ["routing", "sweep", "timers"];
    assert_eq!(taken(&*store, OTHER, &all).await, all);
}

pub async fn duties_that_are_given_back_are_anybodys_at_once(store: Arc<dyn Store>) {
    for node in [ONE, OTHER] {
        store.begin_lease(node, LONG_MS).await.expect("a lease");
    }
    assert_eq!(taken(&*store, ONE, &["routing", "sweep"]).await, ["routing", "sweep"]);
    let leaves = async |node| store.leave_duties(node, &["routing", "files"]).await;
    leaves(ONE).await.expect("one is given back");
    leaves(Incarnation(0x3)).await.expect("who has none gives none back");
    assert_eq!(taken(&*store, OTHER, &["routing", "sweep"]).await, ["routing"]);
    assert_eq!(taken(&*store, ONE, &["routing", "timers"]).await, ["timers"]);
    store.end_lease(OTHER).await.expect("an end");
    assert_eq!(taken(&*store, ONE, &["routing"]).await, ["routing"]);
}

pub async fn of_many_who_take_a_duty_at_once_one_has_it(store: Arc<dyn Store>) {
    const NAMES: [&str; 3] = ["outbox", "routing", "timers"];
    let nodes: Vec<Incarnation> = (1..=8).map(Incarnation).collect();
    for node in &nodes {
        store.begin_lease(*node, LONG_MS).await.expect("a lease");
    }
    let mut taking = tokio::task::JoinSet::new();
    for node in nodes {
        let store = store.clone();
        taking.spawn(async move { taken(&*store, node, &NAMES).await });
    }
    let mut had: Vec<String> = taking.join_all().await.into_iter().flatten().collect();
    had.sort();
    assert_eq!(had, NAMES, "each by one");
}

pub async fn what_nodes_say_of_themselves_is_read(store: Arc<dyn Store>) {
    store.begin_lease(OTHER, LONG_MS).await.expect("a lease");
    store.begin_lease(ONE, LONG_MS).await.expect("a lease");
    let about = AboutNode {
        name: "b\u{e9}ta \"1\"".to_owned(),
        version: "1.2.3".to_owned(),
        started_ms: BEGIN.0,
        session_prefix: "k3x9".to_owned(),
        address: "10.0.0.2:8090".to_owned(),
        sessions: 7,
        behind: [("board".to_owned(), 3)].into(),
        resting: ["outbox".to_owned()].into(),
    };
    store.describe_node(ONE, about.clone()).await.expect("it is kept");
    assert_eq!(renewed(&*store, ONE, LONG_MS).await, Lease::Kept);
    store.describe_node(Incarnation(0x3), about.clone()).await.expect("nothing is kept");
    let told = |node: LivingNode| (node.node, node.about);
    let nodes: Vec<_> = store.nodes().await.expect("the nodes").into_iter().map(told).collect();
    assert_eq!(nodes, [(ONE, about), (OTHER, AboutNode::default())]);
}
