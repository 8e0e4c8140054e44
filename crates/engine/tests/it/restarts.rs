//! A node that starts again: over a clock that was set back, and over a record that cannot be read.

use std::sync::Arc;

use handoff_domain::{State, Time};
use handoff_store::{Key, Store as _};
use handoff_testkit::ManualClock;

use crate::rig::{BEN, KATE, Rig};

const HOUR_MS: i64 = 3_600_000;

fn is_offered(state: &State) -> bool {
    matches!(state, State::Invited(..))
}

#[tokio::test]
async fn a_restart_with_the_clock_set_back_ends_offers_on_time_and_ids_keep_rising() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let before = rig.submit().await;
    rig.settle().await;
    assert!(is_offered(&rig.stored(before).await.state));
    let then = rig.engine.core().now();
    rig.engine.stop().await;
    let store = rig.store.clone();
    let set_back = Time(then.0 - HOUR_MS);
    // The control: by that clock alone the offer would stand for an hour and half a minute more,
    // and the next id would be lower.
    let late = Time(set_back.0 + 60_000);
    assert_eq!(store.timers(late, 9).await.unwrap().0, []);

    let rig = Rig::over(store, Arc::new(ManualClock::at_ms(set_back.0))).await;
    assert_eq!(rig.engine.core().clock_ahead_ms(), u64::try_from(HOUR_MS).unwrap());
    assert_eq!(rig.engine.core().now(), then);
    let after = rig.submit().await;
    assert!(after > before, "{after} comes after {before}");
    rig.pass_ms(29_000).await;
    assert!(is_offered(&rig.stored(before).await.state), "not early either");
    rig.pass_ms(1_001).await;
    assert!(!is_offered(&rig.stored(before).await.state), "and not an hour late");
    // Once more, with the clock right again by then: it goes on from there.
    let then = rig.engine.core().now();
    rig.engine.stop().await;
    let rig = Rig::over(rig.store, Arc::new(ManualClock::at_ms(then.0 + 5))).await;
    assert_eq!(
        (rig.engine.core().clock_ahead_ms(), rig.engine.core().now()),
        (0, Time(then.0 + 5))
    );
    assert!(rig.submit().await > after);
}

#[tokio::test]
async fn an_unreadable_interaction_holds_nothing_else_up() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let (lost, sound) = (rig.submit().await, rig.submit().await);
    let waiting = rig.submit().await;
    rig.settle().await;
    for id in [lost, sound, waiting] {
        assert!(is_offered(&rig.stored(id).await.state));
    }
    rig.store.make_unreadable(Key::Interaction(lost));
    let fired = rig.store.fired();
    let rig = rig.restarted().await;
    // The offers end, that of the lost one aside, whose timer stays due.
    rig.pass_ms(30_000).await;
    for id in [sound, waiting] {
        assert!(!is_offered(&rig.stored(id).await.state));
    }
    rig.bring_in(BEN).await;
    rig.settle().await;
    assert!(is_offered(&rig.stored(sound).await.state));
    rig.accept(BEN, sound).await.unwrap();
    // Kate does not come back: what can be read is taken from her.
    rig.pass_ms(60_000).await;
    assert!(rig.store.fired() > fired, "the control: it was met");
    assert!(rig.accept(BEN, lost).await.is_err());
}

#[tokio::test]
async fn an_unreadable_user_or_queue_does_not_keep_a_node_from_starting() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.bring_in(BEN).await;
    rig.store.make_unreadable(Key::User(KATE));
    rig.store.make_unreadable(Key::Desk(KATE));
    let rig = rig.restarted().await;
    assert!(rig.engine.core().directory().users.contains_key(&BEN));
    assert!(!rig.engine.core().directory().users.contains_key(&KATE));
    rig.bring_in(BEN).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(BEN, id).await.unwrap();
    rig.pass_ms(90_000).await;
}
