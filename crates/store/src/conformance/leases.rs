//! Nodes say that they live.
//!
//! A store goes by its own clock, which no test can move: these cases wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use handoff_domain::Incarnation;

use super::committed;
use super::samples::{BEGIN, event, interaction};
use crate::change_set::ChangeSet;
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
