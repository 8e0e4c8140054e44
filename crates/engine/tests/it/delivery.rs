//! What sessions are given: everything once, in order, whatever is lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use handoff_bus::{Bus as _, Hint};
use handoff_domain::event::Cause;
use handoff_domain::{Action, InteractionId, Owner, State, Topic, UserData, Value};
use handoff_engine::{ChannelChange, Replay};
use handoff_store::{Store, StoreError};

use crate::rig::{CENTER, Fault, KATE, Rig};

fn numbers(rig: &Rig, session: &str) -> Vec<u64> {
    rig.recorder.of(session).iter().map(|(_, number, _)| *number).collect()
}

async fn change_data(rig: &Rig, id: InteractionId, value: i128) {
    let data = UserData([("step".to_owned(), Value::Integer(value))].into());
    rig.act(KATE, id, Action::UpdateUserData(data)).await.unwrap();
}

/// Waits for the task that a hint begins; it has nothing to wait for but its turn.
async fn has_been_given(rig: &Rig, session: &str, count: usize) {
    for _ in 0..10_000 {
        if numbers(rig, session).len() == count {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{session} was given {} of {count}", numbers(rig, session).len());
}

#[tokio::test]
async fn messages_of_one_interaction_come_in_the_order_of_its_changes() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    change_data(&rig, id, 1).await;
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    rig.settle().await;
    let states: Vec<String> = rig
        .recorder
        .of(&format!("{KATE}-1"))
        .into_iter()
        .map(|(_, number, view)| format!("{number} {view}"))
        .collect();
    assert_eq!(
        states,
        [
            "1 Concerned(Invited)",
            "2 Concerned(Processing)",
            "3 Concerned(Processing)",
            "4 Gone(Completed)"
        ]
    );
}

#[tokio::test]
async fn lost_hints_delay_and_lose_nothing() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.bus.is_silent.store(true, Ordering::SeqCst);
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.settle().await;
    assert_eq!(numbers(&rig, &format!("{KATE}-1")), [1, 2]);
    assert!(rig.bus.lost.load(Ordering::SeqCst) > 0, "the fault must have fired");
}

/// Whoever is told that hints were missed looks at once, and does not wait for the period.
#[tokio::test(start_paused = true)]
async fn missed_hints_are_looked_for_at_once() {
    let here = Rig::new().await;
    here.listen(KATE, "kate", Replay::Live).await;
    here.engine.start();
    let there = here.beside().await;
    there.bring_in(KATE).await;
    there.submit().await;
    there.settle().await;
    // More than a listener may fall behind by.
    (0..10_000).for_each(|_| here.bus.wake(Hint::Logins));
    let started = tokio::time::Instant::now();
    while numbers(&here, "kate").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    here.engine.stop().await;
}

/// The look for lost hints was away for so long that the log before it is gone.
#[tokio::test]
async fn a_look_that_was_away_too_long_looks_at_everybody() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.bus.is_silent.store(true, Ordering::SeqCst);
    rig.accept(KATE, id).await.unwrap();
    rig.clock.advance_ms(25 * 60 * 60 * 1_000);
    change_data(&rig, id, 1).await;
    rig.engine.workers().sweeper().sweep().await.unwrap();
    let floor = rig.store.log_end().await.unwrap().floor;
    assert!(matches!(rig.store.told_after(floor - 1, 9).await, Err(StoreError::Swept { .. })));
    rig.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(numbers(&rig, &format!("{KATE}-1")), [1, 0, 3], "2 was swept, which is told");
    assert!(rig.bus.lost.load(Ordering::SeqCst) > 0, "the fault must have fired");
}

/// Kate has an interaction, and was told 602 times of it.
async fn after_much() -> (Rig, InteractionId) {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    for value in 0..600 {
        change_data(&rig, id, value).await;
    }
    rig.settle().await;
    (rig, id)
}

#[tokio::test]
async fn a_session_that_comes_back_gets_what_it_missed_and_no_more() {
    let (rig, id) = after_much().await;
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    change_data(&rig, id, 600).await;

    rig.listen(KATE, "after-2", Replay::After(2)).await;
    change_data(&rig, id, 601).await;
    rig.settle().await;
    assert_eq!(numbers(&rig, "after-2"), (3..=604).collect::<Vec<_>>());
    rig.listen(KATE, "all", Replay::AllKept).await;
    assert_eq!(numbers(&rig, "all"), (1..=604).collect::<Vec<_>>());
    rig.listen(KATE, "live", Replay::Live).await;
    change_data(&rig, id, 602).await;
    rig.settle().await;
    assert_eq!(numbers(&rig, "live"), [605]);
    assert_eq!(numbers(&rig, "after-2").last(), Some(&605));
}

#[tokio::test]
async fn whoever_comes_back_is_given_what_they_missed_by_one_read() {
    let (rig, _) = after_much().await;
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    let before = rig.store.streams();
    rig.listen(KATE, "back", Replay::After(600)).await;
    assert_eq!(numbers(&rig, "back"), [601, 602]);
    rig.engine.delivery().forget_session(KATE, "back").await.unwrap();
    rig.listen(KATE, "up to date", Replay::After(602)).await;
    rig.engine.delivery().forget_session(KATE, "up to date").await.unwrap();
    rig.listen(KATE, "anew", Replay::Live).await;
    assert_eq!(rig.store.streams(), before + 3);
    let read = rig.store.streams();
    rig.engine.delivery().forget_session(KATE, "anew").await.unwrap();
    rig.listen(KATE, "all", Replay::AllKept).await;
    assert_eq!(numbers(&rig, "all"), (1..=602).collect::<Vec<_>>());
    assert_eq!(rig.store.streams(), read + 3, "a page at a time");
}

#[tokio::test]
async fn a_replay_goes_at_the_clients_pace_and_news_waits_behind_it() {
    let (rig, id) = after_much().await;
    rig.recorder.make_room(Some(300));
    rig.listen(KATE, "slow", Replay::AllKept).await;
    assert_eq!(numbers(&rig, "slow"), (1..=300).collect::<Vec<_>>());
    change_data(&rig, id, 600).await;
    rig.settle().await;
    assert_eq!(numbers(&rig, "slow").len(), 300, "there is no room yet");
    rig.recorder.make_room(Some(1));
    rig.engine.delivery().deliver_soon(KATE);
    has_been_given(&rig, "slow", 301).await;
    rig.recorder.make_room(None);
    rig.engine.delivery().deliver_soon(KATE);
    has_been_given(&rig, "slow", 603).await;
    assert_eq!(numbers(&rig, "slow"), (1..=603).collect::<Vec<_>>());
    change_data(&rig, id, 601).await;
    rig.settle().await;
    assert_eq!(numbers(&rig, "slow").last(), Some(&604), "from here on it is live");
}

/// As [`after_much`], and then they were told once of their channels; returns that number too.
async fn after_much_on_two_topics() -> (Rig, u64) {
    let (rig, _) = after_much().await;
    let lunch = ChannelChange::NotReady { reason: Some("lunch".to_owned()) };
    let cause = Cause::User(KATE);
    rig.engine.desks().change_channels(KATE, CENTER, cause, None, &lunch).await.unwrap();
    rig.settle().await;
    let last = rig.store.head(Owner::User(KATE)).await.unwrap().numbers[&Topic::Channels];
    (rig, last)
}

/// A client subscribes to all its topics at once, and has fetched nothing yet when the second
/// replay begins.
#[tokio::test]
async fn another_replay_of_a_session_neither_ends_nor_skips_the_first() {
    for missed in [0, 1] {
        let (rig, last) = after_much_on_two_topics().await;
        rig.recorder.make_room(Some(300));
        rig.listen(KATE, "slow", Replay::AllKept).await;
        rig.listen_to(Topic::Channels, KATE, "slow", Replay::After(last - missed)).await;
        assert_eq!(numbers(&rig, "slow"), (1..=300).collect::<Vec<_>>());
        rig.recorder.make_room(None);
        rig.engine.delivery().deliver_soon(KATE);
        let news = (last - missed + 1)..=last;
        let expected: Vec<u64> = (1..=602).chain(news).collect();
        has_been_given(&rig, "slow", expected.len()).await;
        assert_eq!(numbers(&rig, "slow"), expected);
    }
}

#[tokio::test]
async fn a_number_that_is_not_kept_or_was_never_given_is_answered_with_resync() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.listen(KATE, "ahead", Replay::After(99)).await;
    assert_eq!(rig.recorder.of("ahead"), [(Topic::Interactions, 0, "Resync 1 2".to_owned())]);

    rig.clock.advance_ms(25 * 60 * 60 * 1_000);
    change_data(&rig, id, 1).await;
    rig.engine.workers().sweeper().sweep().await.unwrap();
    rig.listen(KATE, "behind", Replay::After(1)).await;
    let given = rig.recorder.of("behind");
    assert_eq!(given[0], (Topic::Interactions, 0, "Resync 3 3".to_owned()));
    assert_eq!(given[1].1, 3, "then comes all that is kept");
}

/// Kate's session has been given 2 messages; of the next 3, 2 are swept before it is.
async fn swept_before_it_was_given() -> (Rig, handoff_domain::InteractionId) {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.settle().await;
    change_data(&rig, id, 1).await;
    change_data(&rig, id, 2).await;
    rig.clock.advance_ms(25 * 60 * 60 * 1_000);
    rig.engine.workers().sweeper().sweep().await.unwrap();
    (rig, id)
}

fn since(rig: &Rig, session: &str, count: usize) -> Vec<(u64, bool)> {
    let given = rig.recorder.of(session).split_off(count);
    given.iter().map(|(_, number, state)| (*number, state.starts_with("Resync"))).collect()
}

#[tokio::test]
async fn who_was_not_given_what_was_swept_is_told_so_before_the_next() {
    let (rig, id) = swept_before_it_was_given().await;
    let session = format!("{KATE}-1");
    change_data(&rig, id, 3).await;
    rig.engine.delivery().deliver_soon(KATE);
    has_been_given(&rig, &session, 4).await;
    assert_eq!(since(&rig, &session, 2), [(0, true), (5, false)]);
    assert_eq!(rig.recorder.of(&session)[2].2, "Resync 5 5");
    rig.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(rig.recorder.of(&session).len(), 4, "once");
}

#[tokio::test]
async fn who_was_not_given_what_was_swept_last_is_told_so_by_the_look() {
    let (rig, id) = swept_before_it_was_given().await;
    let session = format!("{KATE}-1");
    rig.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(rig.recorder.of(&session)[2].2, "Resync 5 4");
    change_data(&rig, id, 3).await;
    rig.engine.delivery().deliver_missed().await.unwrap();
    rig.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(since(&rig, &session, 2), [(0, true), (5, false)], "once");
}

#[tokio::test]
async fn who_is_being_replayed_what_is_swept_meanwhile_is_told_so() {
    for is_anything_kept in [false, true] {
        let rig = Rig::new().await;
        rig.bring_in(KATE).await;
        let id = rig.submit().await;
        rig.settle().await;
        rig.accept(KATE, id).await.unwrap();
        change_data(&rig, id, 1).await;
        rig.settle().await;
        rig.recorder.make_room(Some(1));
        rig.listen(KATE, "slow", Replay::AllKept).await;
        rig.clock.advance_ms(25 * 60 * 60 * 1_000);
        if is_anything_kept {
            change_data(&rig, id, 2).await;
        }
        rig.engine.workers().sweeper().sweep().await.unwrap();
        rig.recorder.make_room(None);
        rig.engine.delivery().deliver_soon(KATE);
        let expected = [(0, true), (4, false)];
        let expected = if is_anything_kept { &expected[..] } else { &expected[..1] };
        has_been_given(&rig, "slow", 1 + expected.len()).await;
        assert_eq!(since(&rig, "slow", 1), expected);
    }
}

#[tokio::test]
async fn what_passed_while_nobody_was_subscribed_is_not_missed() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    let session = format!("{KATE}-1");
    let name = "/v2/me/interactions";
    rig.engine.delivery().unsubscribe(KATE, &session, name).await.unwrap();
    rig.accept(KATE, id).await.unwrap();
    rig.listen(KATE, &session, Replay::Live).await;
    change_data(&rig, id, 1).await;
    rig.settle().await;
    assert_eq!(since(&rig, &session, 1), [(3, false)]);
}

#[tokio::test]
async fn nothing_is_told_of_a_commit_that_did_not_take_place() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    let before = rig.recorder.of(&format!("{KATE}-1")).len();
    rig.store.fail_next(Fault::BeforeCommit);
    rig.accept(KATE, id).await.unwrap_err();
    rig.settle().await;
    assert_eq!(rig.store.fired(), 1);
    assert_eq!(rig.recorder.of(&format!("{KATE}-1")).len(), before);

    // The control: a commit whose answer alone was lost did take place, and is told.
    rig.store.fail_next(Fault::AfterCommit);
    rig.accept(KATE, id).await.unwrap_err();
    rig.settle().await;
    assert_eq!(rig.recorder.of(&format!("{KATE}-1")).len(), before + 1);
}

#[tokio::test]
async fn sessions_of_one_user_all_get_everything() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.listen(KATE, "second", Replay::Live).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.settle().await;
    assert_eq!(numbers(&rig, "second"), [1, 2]);
    assert_eq!(rig.recorder.of("second"), rig.recorder.of(&format!("{KATE}-1")));
}

#[tokio::test]
async fn whoever_is_told_reads_what_they_were_told_of() {
    let rig = Arc::new(Rig::new().await);
    let session = format!("{KATE}-1");
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    // The commit is durable, and its answer is not back yet: another's hint makes delivery look.
    rig.store.fail_next(Fault::Held);
    let accepting = tokio::spawn({
        let rig = rig.clone();
        async move { rig.accept(KATE, id).await }
    });
    rig.store.held().await;
    let before = numbers(&rig, &session).len();
    rig.engine.delivery().deliver_missed().await.unwrap();
    assert!(numbers(&rig, &session).len() > before, "it is told");
    let seen = rig.engine.views().interaction_for(KATE, id).await.unwrap().unwrap();
    assert!(matches!(seen.state, State::Handling(_)), "{:?}", seen.state);
    let read = rig.engine.core().interaction(id).await.unwrap().unwrap();
    assert!(matches!(read.state, State::Handling(_)), "{:?}", read.state);
    rig.store.release();
    accepting.await.unwrap().unwrap();
    assert_eq!(rig.store.fired(), 1);
}
