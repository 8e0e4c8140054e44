//! Promised answers with two nodes on one store: whoever asks at one is answered at the other.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use handoff_bus::{Bus as _, Hint};
use handoff_domain::{Topic, UserId};
use handoff_engine::Replay;

use crate::rig::{BEN, Fault, KATE, Rig};
use crate::two_nodes::nodes;

fn answer(text: &str) -> [(Topic, Bytes); 1] {
    [(Topic::Interactions, Bytes::from(format!("Interactions|0|{text}")))]
}

async fn promise(rig: &Rig, to: UserId, text: &str) {
    rig.engine.delivery().promise(to, answer(text)).await.unwrap();
}

async fn look(rig: &Rig) {
    rig.engine.delivery().deliver_missed().await.unwrap();
}

fn given(rig: &Rig, session: &str) -> Vec<String> {
    rig.recorder.of(session).into_iter().map(|(_, _, text)| text).collect()
}

/// No hint reaches the other node, so its look finds the answer.
#[tokio::test]
async fn who_asks_at_one_node_is_answered_at_the_other_once_in_each_session() {
    let (here, there) = nodes().await;
    here.listen(KATE, "first", Replay::Live).await;
    here.listen(KATE, "second", Replay::Live).await;
    here.listen(BEN, "ben", Replay::Live).await;
    promise(&there, KATE, "one").await;
    promise(&there, KATE, "two").await;
    assert!(given(&here, "first").is_empty(), "the control");
    for _ in 0..2 {
        look(&here).await;
        look(&there).await;
    }
    for session in ["first", "second"] {
        assert_eq!(given(&here, session), ["one", "two"], "{session}");
    }
    assert!(given(&here, "ben").is_empty());
    assert!(there.bus.lost.load(Ordering::SeqCst) > 0, "the fault must have fired");
}

#[tokio::test]
async fn who_asks_where_they_listen_has_the_answer_at_once() {
    let rig = Rig::new().await;
    rig.listen(KATE, "kate", Replay::Live).await;
    promise(&rig, KATE, "one").await;
    assert_eq!(given(&rig, "kate"), ["one"]);
    look(&rig).await;
    assert_eq!(given(&rig, "kate"), ["one"]);
}

#[tokio::test]
async fn a_hint_brings_an_answer_without_a_look() {
    let (here, there) = nodes().await;
    here.bus.is_silent.store(false, Ordering::SeqCst);
    here.listen(KATE, "kate", Replay::Live).await;
    here.engine.start();
    // The first looks find nothing yet, and the next come after a second.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    promise(&there, KATE, "one").await;
    for _ in 0..10_000 {
        here.bus.wake(Hint::Promised([KATE.0].into()));
        if !given(&here, "kate").is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(given(&here, "kate"), ["one"]);
    here.engine.stop().await;
}

#[tokio::test]
async fn who_was_not_subscribed_when_an_answer_was_promised_does_not_get_it() {
    let (here, there) = nodes().await;
    promise(&there, KATE, "before").await;
    here.listen(KATE, "first", Replay::AllKept).await;
    look(&here).await;
    promise(&there, KATE, "between").await;
    here.listen(KATE, "second", Replay::AllKept).await;
    promise(&there, KATE, "after").await;
    look(&here).await;
    assert_eq!(given(&here, "first"), ["between", "after"]);
    assert_eq!(given(&here, "second"), ["after"]);
    here.engine.delivery().forget_session(KATE, "first").await.unwrap();
    here.engine.delivery().forget_session(KATE, "second").await.unwrap();
    promise(&there, KATE, "while away").await;
    here.listen(KATE, "third", Replay::AllKept).await;
    look(&here).await;
    assert!(given(&here, "third").is_empty());
}

#[tokio::test]
async fn an_answer_that_could_not_be_kept_is_refused_and_never_comes() {
    let rig = Rig::new().await;
    rig.listen(KATE, "kate", Replay::Live).await;
    rig.store.fail_next(Fault::BeforeCommit);
    rig.engine.delivery().promise(KATE, answer("lost")).await.unwrap_err();
    look(&rig).await;
    assert_eq!((given(&rig, "kate"), rig.store.fired()), (Vec::new(), 1));
}

#[tokio::test]
async fn answers_are_forgotten_after_a_minute() {
    let (here, there) = nodes().await;
    here.listen(KATE, "kate", Replay::Live).await;
    promise(&there, KATE, "old").await;
    here.clock.advance_ms(60_000);
    there.engine.workers().sweeper().sweep().await.unwrap();
    promise(&there, KATE, "new").await;
    look(&here).await;
    assert_eq!(given(&here, "kate"), ["new"]);
}
