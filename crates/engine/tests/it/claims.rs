//! Claims that are kept while something goes on outside.

use std::time::Duration;

use handoff_engine::{Claimed, Claiming};

use crate::rig::{Fault, Rig};

/// Longer than a claim lasts, and its renewal may take.
const LONG: Duration = Duration::from_secs(20);

async fn claim(rig: &Rig) -> Claimed {
    match rig.engine.core().claim("a mailbox").await.unwrap() {
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
    let claimed = claim(&rig).await;
    assert!(is_kept(&rig, claimed.clone()).await, "the control: the store answers");
    rig.store.fail_next(Fault::Held);
    assert!(!is_kept(&rig, claimed).await);
    assert_eq!(rig.store.fired(), 1);
}
