//! Two nodes over one store, without a hint between them: each finds what the other did in the log.

use std::sync::atomic::Ordering;

use handoff_domain::{Action, Media, State};
use handoff_engine::Replay;
use handoff_store::Store;

use crate::rig::{BEN, KATE, Rig, center, noon};

/// Two nodes; what one says on its bus the other does not hear.
pub(crate) async fn nodes() -> (Rig, Rig) {
    let (store, clock) = (center().await, noon());
    let one = Rig::over(store.clone(), clock.clone()).await;
    let other = Rig::over(store, clock).await;
    one.bus.is_silent.store(true, Ordering::SeqCst);
    other.bus.is_silent.store(true, Ordering::SeqCst);
    (one, other)
}

async fn look(rig: &Rig) {
    rig.engine.core().follow_log().await.unwrap();
}

#[tokio::test]
async fn what_another_node_did_is_on_the_board_after_a_look() {
    let (one, other) = nodes().await;
    one.bring_in(KATE).await;
    assert!(other.engine.core().desk(KATE).is_none(), "the control");
    look(&other).await;
    let desk = other.engine.core().desk(KATE).unwrap();
    assert!(desk.is_ready(&Media::Workitem) && desk.is_reachable(&Media::Workitem));
    let id = one.submit().await;
    assert_eq!(other.engine.core().board().waiting_count(), 0, "the control");
    look(&other).await;
    assert_eq!(other.engine.core().board().waiting_count(), 1);
    // It is offered where the agent is not.
    other.engine.workers().router().route().await.unwrap();
    look(&one).await;
    assert_eq!(one.engine.core().board().waiting_count(), 0);
    assert!(one.engine.core().desk(KATE).unwrap().slots.contains_key(&id));
    other.accept(KATE, id).await.unwrap();
    other.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    look(&one).await;
    assert!(one.engine.core().desk(KATE).unwrap().slots.is_empty());
    assert!(matches!(
        one.engine.core().board().recent(id).unwrap().value.state,
        State::Ended { .. }
    ));
}

/// A node that is alone reads what it did itself neither twice nor from the store.
#[tokio::test]
async fn a_node_reads_nothing_of_what_it_did_itself() {
    let (one, _other) = nodes().await;
    one.bring_in(KATE).await;
    let id = one.submit().await;
    one.settle().await;
    one.accept(KATE, id).await.unwrap();
    let end = one.store.log_end().await.unwrap().position;
    let before = one.store.loads();
    look(&one).await;
    assert_eq!(one.store.loads(), before);
    assert!(end > 4);
}

/// A session on one node is told of what was done on the other, by the look alone.
#[tokio::test]
async fn a_session_hears_of_what_another_node_did() {
    let (one, other) = nodes().await;
    one.bring_in(KATE).await;
    other.listen(KATE, "at the other", Replay::Live).await;
    let id = one.submit().await;
    one.settle().await;
    one.accept(KATE, id).await.unwrap();
    other.engine.delivery().deliver_missed().await.unwrap();
    let numbers: Vec<u64> =
        other.recorder.of("at the other").iter().map(|(_, number, _)| *number).collect();
    assert_eq!(numbers, [1, 2]);
}

/// Whoever has a page on either node still looks when they close one of the two.
#[tokio::test]
async fn a_look_ends_with_the_last_session_on_any_node() {
    for is_elsewhere in [false, true] {
        let (one, other) = nodes().await;
        one.bring_in(KATE).await;
        one.listen(BEN, "ben", Replay::Live).await;
        let id = one.submit().await;
        if is_elsewhere {
            other.listen(KATE, "at the other", Replay::Live).await;
            look(&one).await;
        }
        let delivery = one.engine.delivery();
        delivery.look_at(BEN, id).await;
        delivery.look_at(KATE, id).await;
        let told = || one.recorder.of("ben").last().unwrap().2.clone();
        let kate = format!("Viewers {:?}", [KATE]);
        assert_eq!(told(), kate, "the control");
        delivery.forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
        let expected = if is_elsewhere { &kate } else { "Viewers []" };
        assert_eq!(told(), expected);
    }
}

/// A node that was away for longer than the log is kept reads everything.
#[tokio::test]
async fn a_node_that_was_away_too_long_reads_the_board_anew() {
    let (one, other) = nodes().await;
    one.bring_in(BEN).await;
    one.submit().await;
    one.clock.advance_ms(25 * 60 * 60 * 1_000);
    one.engine.workers().sweeper().sweep().await.unwrap();
    assert!(one.store.log_end().await.unwrap().floor > 0);
    look(&other).await;
    assert_eq!(other.engine.core().board().waiting_count(), 1);
    assert!(other.engine.core().desk(BEN).is_some());
}

/// What is committed while the board is being read is found in the log, because its end was read
/// before.
#[tokio::test]
async fn what_is_committed_while_the_board_is_read_is_on_it() {
    let (one, other) = nodes().await;
    one.store.hold_next_list();
    let core = other.engine.core().clone();
    let reading = tokio::spawn(async move { core.reload_board().await });
    one.store.held().await;
    one.bring_in(KATE).await;
    one.store.release();
    reading.await.unwrap().unwrap();
    assert_eq!(one.store.fired(), 1);
    assert!(other.engine.core().desk(KATE).is_none(), "the list was read before");
    look(&other).await;
    assert!(other.engine.core().desk(KATE).is_some());
}
