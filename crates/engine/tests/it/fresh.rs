//! What a node did itself is given to its sessions without being read, and only where nothing is
//! missing before it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use handoff_domain::event::Cause;
use handoff_domain::{Action, InteractionId, Named, Target, Topic, UserData, UserId, Value};
use handoff_engine::{ChannelChange, Replay, Subscriptions};
use tokio::task::JoinHandle;

use crate::rig::{BEN, CENTER, Fault, Given, KATE, Rig};
use crate::two_nodes::nodes;

const SESSION: &str = "kate";

async fn change_data(rig: &Rig, id: InteractionId, value: i128) {
    let data = UserData([("step".to_owned(), Value::Integer(value))].into());
    rig.act(KATE, id, Action::UpdateUserData(data)).await.unwrap();
}

async fn go_to_lunch(rig: &Rig, user: UserId) {
    let lunch = ChannelChange::NotReady { reason: Some("lunch".to_owned()) };
    let cause = Cause::User(user);
    rig.engine.desks().change_channels(user, CENTER, cause, None, &lunch).await.unwrap();
}

fn numbers(given: &[Given]) -> Vec<u64> {
    given.iter().map(|(_, number, _)| *number).collect()
}

/// Waits for the tasks that hints begin; they have nothing to wait for but their turn.
async fn given(rig: &Rig, count: usize) -> Vec<Given> {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
        if rig.recorder.of(SESSION).len() >= count {
            break;
        }
    }
    // What comes twice comes now.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    rig.recorder.of(SESSION)
}

/// Lets a node hear its own hints, and gives Kate, who listens there, something to work on.
async fn at_work(rig: &Rig) -> InteractionId {
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.settle().await;
    rig.listen(KATE, SESSION, Replay::Live).await;
    rig.bus.is_silent.store(false, Ordering::SeqCst);
    rig.engine.start();
    // The first looks find nothing. The next come after a second, which does not pass while
    // anybody has something to do, however slow the machine is.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    id
}

#[tokio::test]
async fn what_a_node_did_itself_is_given_without_a_read_and_as_it_is_in_the_log() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    let before = rig.store.streams();
    for value in 0..20 {
        change_data(&rig, id, value).await;
    }
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    let live = given(&rig, 21).await;
    assert_eq!(rig.store.streams(), before);
    assert_eq!(numbers(&live), (3..24).collect::<Vec<_>>());
    rig.listen(KATE, "from the log", Replay::After(2)).await;
    assert!(rig.store.streams() > before);
    assert_eq!(rig.recorder.of("from the log"), live);
    rig.engine.stop().await;
}

/// Neither the bus nor another task's turn has a part in it.
#[tokio::test]
async fn what_a_node_did_itself_is_given_before_whoever_did_it_is_answered() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    rig.bus.is_silent.store(true, Ordering::SeqCst);
    change_data(&rig, id, 1).await;
    assert_eq!(numbers(&rig.recorder.of(SESSION)), [3]);
    rig.engine.stop().await;
}

/// Another node changed what Kate owns, and nobody said so; then this node did. Returns the numbers
/// that her session was given, and how often her stream was read.
async fn numbers_across_a_gap(hides_gaps: bool) -> (Vec<u64>, u64) {
    let (here, there) = nodes().await;
    let id = at_work(&here).await;
    if hides_gaps {
        here.store.hide_gaps();
    }
    let before = here.store.streams();
    change_data(&here, id, 1).await;
    given(&here, 1).await;
    change_data(&there, id, 2).await;
    change_data(&there, id, 3).await;
    change_data(&here, id, 4).await;
    let given = given(&here, 4).await;
    here.engine.stop().await;
    (numbers(&given), here.store.streams() - before)
}

#[tokio::test]
async fn what_another_node_did_in_between_comes_first() {
    assert_eq!(numbers_across_a_gap(false).await, (vec![3, 4, 5, 6], 1));
}

/// The control: where no commit tells of what was before it, rows are missing.
#[tokio::test]
async fn without_word_of_a_gap_something_is_missing() {
    assert_eq!(numbers_across_a_gap(true).await, (vec![3, 0, 6], 0), "4 and 5, and a resync");
}

/// Lets another session of Kate's subscribe, and leaves it waiting for the store; all of Kate's
/// sessions wait for it.
pub(crate) async fn subscribe_and_wait(rig: &Rig) -> JoinHandle<()> {
    rig.store.stall(true);
    let engine = rig.engine.clone();
    let subscribing = tokio::spawn(async move {
        let topics = BTreeMap::from([(Topic::Interactions, Replay::Live)]);
        let name = "/v2/me/interactions".to_owned();
        let late = Subscriptions { name, topics, under_own_name: false };
        engine.delivery().subscribe(KATE, "late", late).await.unwrap();
    });
    rig.store.stalled().await;
    rig.store.stall(false);
    subscribing
}

/// An answer that was promised is given before the task that gives rows has its turn.
#[tokio::test]
async fn an_answer_takes_nothing_from_what_is_about_to_be_given() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    let subscribing = subscribe_and_wait(&rig).await;
    let answer = (Topic::Interactions, Bytes::from_static(b"Interactions|0|answer"));
    let delivery = rig.engine.delivery();
    let promised = async { delivery.promise(KATE, [answer]).await.unwrap() };
    let then = async {
        change_data(&rig, id, 1).await;
        assert!(rig.recorder.of(SESSION).is_empty(), "the control");
        subscribing.abort();
    };
    tokio::join!(promised, then);
    assert_eq!(numbers(&given(&rig, 2).await), [0, 3]);
    rig.engine.stop().await;
}

/// Whoever has the turn before them takes the rows out, and cannot read.
#[tokio::test]
async fn what_a_failed_read_took_is_given_all_the_same() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    rig.store.fail_next_stream();
    rig.engine.delivery().deliver_soon(KATE);
    change_data(&rig, id, 1).await;
    assert_eq!(numbers(&given(&rig, 1).await), [3]);
    assert_eq!(rig.store.fired(), 1);
    rig.engine.stop().await;
}

/// One commit is slow to return after it went through, and a later one overtakes it.
#[tokio::test]
async fn a_commit_that_is_overtaken_is_told_first_and_once() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    rig.store.fail_next(Fault::Held);
    let slow = change_data(&rig, id, 1);
    let overtaking = async {
        rig.store.held().await;
        go_to_lunch(&rig, KATE).await;
        let seen = given(&rig, 1).await;
        assert_eq!(numbers(&seen), [3], "read from the log before the other's own");
        rig.store.release();
    };
    tokio::join!(slow, overtaking);
    change_data(&rig, id, 2).await;
    assert_eq!(numbers(&given(&rig, 2).await), [3, 4]);
    assert_eq!(rig.store.fired(), 1);
    rig.engine.stop().await;
}

/// Both are told of the same event. Kate's sessions wait for one of them to subscribe, which waits
/// for the store.
#[tokio::test]
async fn nobody_waits_for_whoever_waits_for_the_store() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    rig.bring_in(BEN).await;
    let before = given(&rig, 0).await.len();
    let told = rig.recorder.of(&format!("{BEN}-1")).len();
    let subscribing = subscribe_and_wait(&rig).await;
    let to_ben = Action::Transfer(Target::Agent(Named::Known(BEN)));
    rig.act(KATE, id, to_ben).await.unwrap();
    assert_eq!(given(&rig, before + 1).await.len(), before, "the control");
    assert_eq!(rig.recorder.of(&format!("{BEN}-1")).len(), told + 1);
    subscribing.abort();
    assert_eq!(given(&rig, before + 1).await.len(), before + 1);
    rig.engine.stop().await;
}

/// Both are told of the same event, by one task, which ends at the first of them.
#[tokio::test]
async fn a_rendering_that_panics_keeps_nobody_from_what_comes_later() {
    let rig = Rig::new().await;
    let id = at_work(&rig).await;
    rig.bring_in(BEN).await;
    let before = given(&rig, 0).await.len();
    let of_ben = || rig.recorder.of(&format!("{BEN}-1")).len();
    let told = of_ben();
    rig.recorder.panics_next.store(true, Ordering::SeqCst);
    let to_ben = Action::Transfer(Target::Agent(Named::Known(BEN)));
    rig.act(KATE, id, to_ben).await.unwrap();
    assert_eq!(given(&rig, before + 1).await.len(), before, "the control");
    assert_eq!(of_ben(), told, "the control");
    go_to_lunch(&rig, KATE).await;
    go_to_lunch(&rig, BEN).await;
    assert_eq!(given(&rig, before + 1).await.len(), before + 1);
    assert_eq!(of_ben(), told + 1);
    rig.engine.stop().await;
}
