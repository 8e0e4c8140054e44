//! Claims that are kept while something goes on outside.

use std::time::Duration;

use handoff_engine::{ClaimFor, Claimed, Claiming};

use crate::rig::{Fault, Rig};

/// Longer than a claim lasts, and its renewal may take.
const LONG: Duration = Duration::from_secs(20);

async fn claim(rig: &Rig, what_for: ClaimFor) -> Claimed {
    match rig.engine.core().claim("a mailbox", what_for).await.unwrap() {
        Claiming::Ours(claimed) => claimed,
        taken @ Claiming::Taken { .. } => panic!("nobody else claims: {taken:?}"),
    }
}

/// Tells whether a claim is still held after a while in which the store answers or does not.
async fn is_kept(rig: &Rig, claimed: Claimed) -> bool {
    tokio::time::timeout(LONG, rig.engine.core().keep(claimed)).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_renewal_hangs_is_lost_when_it_ends() {
    let rig = Rig::new().await;
    let claimed = claim(&rig, ClaimFor::Attempt).await;
    assert!(is_kept(&rig, claimed.clone()).await, "the control: the store answers");
    rig.store.fail_next(Fault::Held);
    assert!(!is_kept(&rig, claimed).await);
    assert_eq!(rig.store.fired(), 1);
}

/// Returns how many commits a claim costs while it is kept for ten minutes in which nothing
/// happens.
async fn commits_of(what_for: ClaimFor) -> u64 {
    let rig = Rig::new().await;
    let claimed = claim(&rig, what_for).await;
    let before = rig.store.commits();
    let pass = async {
        for _ in 0..600 {
            // The clock of the test and that of the runtime go together.
            tokio::time::sleep(Duration::from_secs(1)).await;
            rig.clock.advance_ms(1_000);
        }
    };
    tokio::select! {
        () = rig.engine.core().keep(claimed) => panic!("it is lost"),
        () = pass => rig.store.commits() - before,
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_for_as_long_as_a_node_lives_costs_few_commits() {
    assert!(commits_of(ClaimFor::Incarnation).await <= 2);
    assert!(commits_of(ClaimFor::Attempt).await >= 199, "the control: it leans on nothing");
}

/// Though such a claim is for long, a dead node keeps nobody from its work.
#[tokio::test(start_paused = true)]
async fn a_claim_for_as_long_as_a_node_lives_ends_with_it() {
    let here = Rig::new().await;
    let there = here.beside().await;
    let claimed = claim(&here, ClaimFor::Incarnation).await;
    let taken = there.engine.core().claim("a mailbox", ClaimFor::Incarnation).await.unwrap();
    assert!(matches!(taken, Claiming::Taken { .. }), "the control: it lives");
    // It lives on, but its lease is over: it was away for too long.
    tokio::time::advance(Duration::from_secs(11)).await;
    there.engine.workers().presence().keep().await.unwrap();
    claim(&there, ClaimFor::Incarnation).await;
    assert!(!is_kept(&here, claimed).await, "it notices when it looks");
}
