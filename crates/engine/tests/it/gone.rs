//! Agents who are gone, and servers that start again.

use std::sync::Arc;
use std::time::Duration;

use handoff_domain::{Action, Media, Named, Readiness, Role, State, User, UserId, Workbin};
use handoff_engine::Replay;
use handoff_store::{ChangeSet, Key, Put, Record, Store, Versioned};
use handoff_testkit::{Center, FaultyStore};

use crate::rig::{BEN, CENTER, Fault, KATE, Rig, noon};
use crate::two_nodes::nodes;

#[tokio::test]
async fn work_is_taken_from_an_agent_who_does_not_come_back_within_the_grace() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let owned = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, owned).await.unwrap();
    let offered = rig.submit().await;
    rig.settle().await;
    rig.bring_in(BEN).await;
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();

    rig.pass_ms(29_999).await;
    assert_eq!(rig.stored(owned).await.owner(), Some(KATE), "within the grace nothing changes");
    rig.pass_ms(1).await;
    assert_eq!(
        rig.stored(offered).await.offer().map(|offer| offer.to),
        Some(BEN),
        "the offer's own time was over"
    );
    rig.pass_ms(30_000).await;
    assert!(
        matches!(rig.stored(owned).await.state, State::Parked { .. }),
        "work items go to their workbin"
    );
    let desk = rig.engine.core().desk(KATE).unwrap();
    assert!(desk.session.is_none() && desk.slots.is_empty());
    assert!(desk.channels.values().all(|channel| channel.readiness == Readiness::LoggedOut));
}

#[tokio::test]
async fn an_agent_who_comes_back_within_the_grace_keeps_everything() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    rig.pass_ms(59_999).await;
    rig.listen(KATE, "again", Replay::Live).await;
    rig.pass_ms(120_000).await;
    assert_eq!(rig.stored(id).await.owner(), Some(KATE));
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_some());
}

#[tokio::test]
async fn ending_the_session_frees_everything_at_once() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.engine.desks().end_contact_session(KATE, CENTER).await.unwrap();
    assert!(
        matches!(rig.stored(id).await.state, State::Queued(_)),
        "the offer is taken back at once"
    );
    rig.pass_ms(3_600_000).await;
    assert!(
        matches!(rig.stored(id).await.state, State::Queued(_)),
        "and nobody is left to be offered it"
    );
}

#[tokio::test]
async fn after_a_start_the_grace_of_those_who_were_there_runs_from_the_start() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    let waiting = rig.submit().await;
    let rig = rig.restarted().await;
    rig.settle().await;
    assert_eq!(rig.stored(waiting).await.offer(), None, "nobody is reachable after a start");
    rig.pass_ms(59_000).await;
    assert_eq!(rig.stored(id).await.owner(), Some(KATE));
    rig.pass_ms(2_000).await;
    assert_eq!(rig.stored(id).await.owner(), None);
}

#[tokio::test]
async fn a_clearing_that_a_crash_interrupted_is_finished_by_the_timer() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    // The desk is closed, then the store fails for the interaction, as if the process had died
    // there.
    rig.store.fail_after(1, Fault::BeforeCommit);
    rig.engine.desks().end_contact_session(KATE, CENTER).await.unwrap_err();
    assert_eq!(rig.store.fired(), 1);
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
    assert_eq!(rig.stored(id).await.owner(), Some(KATE), "a ghost owns it, until the timer");
    let rig = rig.restarted().await;
    rig.settle().await;
    assert_eq!(rig.stored(id).await.owner(), None);
}

#[tokio::test]
async fn a_session_that_ends_while_the_store_is_away_starts_the_grace_later() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.store.fail_next(Fault::BeforeCommit);
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap_err();
    assert!(
        rig.engine.core().desk(KATE).unwrap().unreachable_since.is_none(),
        "the fault must have fired"
    );
    rig.settle().await;
    assert!(rig.engine.core().desk(KATE).unwrap().unreachable_since.is_some());
    rig.pass_ms(60_000).await;
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
}

#[tokio::test]
async fn nothing_stays_with_a_user_who_is_disabled() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let [owned, set_aside, offered] = [rig.submit().await, rig.submit().await, rig.submit().await];
    rig.settle().await;
    rig.accept(KATE, owned).await.unwrap();
    rig.accept(KATE, set_aside).await.unwrap();
    let directory = rig.engine.core().directory();
    let user = directory.users[&KATE].clone();
    let in_progress = directory.own_workbin(Workbin::IN_PROGRESS, &user).unwrap();
    rig.act(KATE, set_aside, Action::PlaceInWorkbin(Named::Known(in_progress), None))
        .await
        .unwrap();

    let disabled = User { enabled: false, ..User::clone(&user) };
    let put = Put { record: Record::User(disabled), expected: directory.version(&Key::User(KATE)) };
    rig.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
    rig.engine.desks().directory_changed().await.unwrap();
    for id in [owned, set_aside, offered] {
        assert!(matches!(rig.stored(id).await.state, State::Queued(_)), "{id}");
    }
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
    assert!(rig.engine.core().desk(KATE).unwrap().slots.is_empty());
}

/// Returns the directory's record of Kate, changed.
async fn change_kate(store: &dyn Store, change: impl FnOnce(&mut User)) {
    let found = store.load(&[Key::User(KATE)]).await.unwrap().pop().flatten();
    let Some(Versioned { value: Record::User(mut user), version: expected }) = found else {
        panic!("Kate is not stored")
    };
    change(&mut user);
    let put = Put { record: Record::User(user), expected };
    store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
}

#[tokio::test]
async fn nothing_stays_with_a_user_who_is_no_agent_any_more() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let [owned, set_aside] = [rig.submit().await, rig.submit().await];
    rig.settle().await;
    rig.accept(KATE, owned).await.unwrap();
    rig.accept(KATE, set_aside).await.unwrap();
    let directory = rig.engine.core().directory();
    let in_progress = directory.own_workbin(Workbin::IN_PROGRESS, &directory.users[&KATE]);
    let place = Action::PlaceInWorkbin(Named::Known(in_progress.unwrap()), None);
    rig.act(KATE, set_aside, place).await.unwrap();
    change_kate(&*rig.store, |user| user.roles = [Role::Supervisor].into()).await;
    rig.engine.desks().directory_changed().await.unwrap();
    for id in [owned, set_aside] {
        assert!(matches!(rig.stored(id).await.state, State::Queued(_)), "{id}");
    }
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
    rig.engine.desks().start_contact_session(KATE, CENTER, &[], None).await.unwrap_err();
}

/// The node has not heard that the user was disabled; without the guard they would come in, and
/// stay until somebody reads the directory.
#[tokio::test]
async fn no_session_begins_for_a_user_who_was_just_disabled() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.engine.desks().end_contact_session(KATE, CENTER).await.unwrap();
    change_kate(&*rig.store, |user| user.enabled = false).await;
    rig.engine.desks().start_contact_session(KATE, CENTER, &[], None).await.unwrap_err();
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
    // The control: enabled again, they may, and the node has not heard of that either.
    change_kate(&*rig.store, |user| user.enabled = true).await;
    rig.engine.core().reload_directory().await.unwrap();
    rig.engine.desks().start_contact_session(KATE, CENTER, &[], None).await.unwrap();
}

/// Another node disabled them, and the hint of it was lost.
#[tokio::test]
async fn a_change_of_another_node_takes_effect_without_a_hint() {
    let (one, other) = nodes().await;
    one.engine.desks().directory_changed().await.unwrap();
    one.bring_in(KATE).await;
    let id = one.submit().await;
    one.settle().await;
    one.accept(KATE, id).await.unwrap();
    change_kate(&*other.store, |user| user.enabled = false).await;
    other.engine.desks().directory_changed().await.unwrap();
    assert!(one.recorder.take_changed().is_empty(), "the control: it has not looked yet");
    one.engine.workers().directory().look().await.unwrap();
    assert_eq!(one.recorder.take_changed(), [KATE]);
    assert!(matches!(one.stored(id).await.state, State::Queued(_)));
}

/// Sessions may be opened before the node looks at the directory for the first time.
#[tokio::test]
async fn who_changed_before_the_first_look_is_told() {
    let rig = Rig::new().await;
    change_kate(&*rig.store, |user| user.enabled = false).await;
    rig.engine.workers().directory().look().await.unwrap();
    assert_eq!(rig.recorder.take_changed(), [KATE]);
}

/// What is done for each is little, and the same however many they are.
#[tokio::test]
async fn what_it_takes_to_let_out_a_thousand_is_counted() {
    const COUNT: usize = 1_000;
    let agents = (0..COUNT).map(handoff_testkit::center::agent);
    let described = Center::made().agents(agents, Media::Workitem, 3);
    let store = handoff_testkit::center::store(described.records()).await.unwrap();
    let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
    rig.engine.workers().directory().look().await.unwrap();
    let directory = rig.engine.core().directory();
    let is_agent = |user: &&Arc<User>| user.roles.contains(&Role::Agent);
    let users: Vec<UserId> = directory.users.values().filter(is_agent).map(|it| it.id).collect();
    for user in &users {
        let (center, channels) = (directory.users[user].center, [Media::Workitem]);
        rig.engine.desks().start_contact_session(*user, center, &channels, None).await.unwrap();
    }
    disable(&rig, &users).await;
    let counts = || [rig.store.loads(), rig.store.commits()];
    let before = counts();
    rig.engine.desks().directory_changed().await.unwrap();
    let [loads, commits] = [0, 1].map(|of| counts()[of] - before[of]);
    assert_eq!(loads, 2, "their desks, five hundred at once");
    assert_eq!(commits, 2 * COUNT as u64, "the end of a session, and that nothing is left");
    assert_eq!(rig.recorder.take_changed().len(), COUNT);
    assert!(users.iter().all(|user| rig.engine.core().desk(*user).unwrap().session.is_none()));
}

/// Disables users in the store, behind the node's back.
async fn disable(rig: &Rig, users: &[UserId]) {
    let directory = rig.engine.core().directory();
    let puts = users.iter().map(|user| {
        let disabled = User { enabled: false, ..User::clone(&directory.users[user]) };
        Put { record: Record::User(disabled), expected: directory.version(&Key::User(*user)) }
    });
    let change = ChangeSet { puts: puts.collect(), ..ChangeSet::default() };
    rig.store.commit(change).await.unwrap();
}

fn are_out(rig: &Rig) -> [bool; 2] {
    [KATE, BEN].map(|user| rig.engine.core().desk(user).unwrap().session.is_none())
}

/// Begins to let out whom the directory says, and returns when the first commit of it is held.
async fn begin_to_let_out(rig: &Rig) -> tokio::task::JoinHandle<()> {
    rig.store.fail_next(Fault::Held);
    let engine = rig.engine.clone();
    let changing = tokio::spawn(async move { engine.desks().directory_changed().await.unwrap() });
    rig.store.held().await;
    changing
}

#[tokio::test(start_paused = true)]
async fn many_who_are_disabled_together_are_let_out_at_the_same_time() {
    let rig = Rig::new().await;
    rig.engine.desks().directory_changed().await.unwrap();
    rig.bring_in(KATE).await;
    rig.bring_in(BEN).await;
    disable(&rig, &[KATE, BEN]).await;
    let changing = begin_to_let_out(&rig).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(are_out(&rig), [false, true], "whoever comes first is held");
    rig.store.release();
    changing.await.unwrap();
    assert_eq!(are_out(&rig), [true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_second_change_does_not_wait_until_those_of_the_first_are_out() {
    let rig = Rig::new().await;
    rig.engine.desks().directory_changed().await.unwrap();
    rig.bring_in(KATE).await;
    rig.bring_in(BEN).await;
    disable(&rig, &[KATE]).await;
    let changing = begin_to_let_out(&rig).await;
    assert_eq!(rig.recorder.take_changed(), [KATE]);
    disable(&rig, &[BEN]).await;
    let second = rig.engine.desks().directory_changed();
    tokio::time::timeout(Duration::from_secs(1), second).await.unwrap().unwrap();
    assert_eq!(rig.recorder.take_changed(), [BEN]);
    assert_eq!(are_out(&rig), [false, true], "the control: the first is still held");
    rig.store.release();
    changing.await.unwrap();
    assert_eq!(are_out(&rig), [true, true]);
}

/// What was begun and given up is done by the next round.
#[tokio::test(start_paused = true)]
async fn who_was_not_let_out_to_the_end_is_let_out_by_the_next_round() {
    let rig = Rig::new().await;
    rig.engine.desks().directory_changed().await.unwrap();
    rig.bring_in(KATE).await;
    disable(&rig, &[KATE]).await;
    rig.store.fail_next(Fault::BeforeCommit);
    rig.engine.desks().directory_changed().await.unwrap_err();
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_some(), "the control");
    rig.engine.workers().directory().look().await.unwrap();
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_none());
}
