//! Who is reachable, with two nodes on one store that hear nothing of each other but by the log.
//!
//! Leases go by the time of the runtime, which stands still until a test moves it.

use std::collections::BTreeMap;
use std::time::Duration;

use handoff_domain::event::Cause;
use handoff_domain::{InteractionId, Media, Topic};
use handoff_engine::{AgentError, ChannelChange, Replay, Subscriptions};
use handoff_store::{ChangeSet, Key, Put, Record, Store, Versioned};

use crate::rig::{BEN, CENTER, KATE, Rig};

/// Longer than a lease lasts.
const LEASE: Duration = Duration::from_secs(11);
/// The default grace, in ms.
const GRACE_MS: u32 = 60_000;

/// Kate works on one node and owns something; the other is there as well.
async fn working() -> (Rig, Rig, InteractionId) {
    let here = Rig::new().await;
    let there = here.beside().await;
    here.bring_in(KATE).await;
    let id = here.submit().await;
    here.settle().await;
    here.accept(KATE, id).await.unwrap();
    (here, there, id)
}

async fn look(rig: &Rig) {
    rig.engine.core().follow_log().await.unwrap();
}

async fn keep(rig: &Rig) {
    look(rig).await;
    rig.engine.workers().presence().keep().await.unwrap();
}

/// Tells whether Kate is reachable, as the store has it, and still has her session.
async fn is_here(rig: &Rig) -> (bool, bool) {
    let desk = stored_desk(rig).await.value;
    (desk.is_reachable(&Media::Workitem), desk.session.is_some())
}

async fn stored_desk(rig: &Rig) -> Versioned<handoff_domain::Desk> {
    match rig.store.load(&[Key::Desk(KATE)]).await.unwrap().pop().flatten() {
        Some(Versioned { value: Record::Desk(value), version }) => Versioned { value, version },
        other => panic!("no desk: {other:?}"),
    }
}

async fn leave(rig: &Rig, session: &str) {
    rig.engine.delivery().forget_session(KATE, session).await.unwrap();
}

/// A session ends on one node, and its grace passes, while another stands on the other node.
async fn left_on_one_of_two(break_it: impl AsyncFn(&Rig)) -> bool {
    let (here, there, id) = working().await;
    there.listen(KATE, "there", Replay::Live).await;
    leave(&here, &format!("{KATE}-1")).await;
    break_it(&here).await;
    look(&there).await;
    there.pass_ms(2 * GRACE_MS).await;
    is_here(&there).await == (true, true) && there.stored(id).await.owner() == Some(KATE)
}

#[tokio::test]
async fn who_listens_on_two_nodes_is_here_until_the_last_one_is_left() {
    assert!(left_on_one_of_two(async |_| {}).await);
    let (here, there, id) = working().await;
    there.listen(KATE, "there", Replay::Live).await;
    leave(&here, &format!("{KATE}-1")).await;
    leave(&there, "there").await;
    assert_eq!(is_here(&here).await, (false, true));
    here.pass_ms(GRACE_MS).await;
    assert_eq!((is_here(&here).await, here.stored(id).await.owner()), ((false, false), None));
}

#[tokio::test]
async fn whoever_changes_nothing_of_who_is_reachable_writes_nothing() {
    let (here, _, _) = working().await;
    let before = here.store.commits();
    for topic in [Topic::Workbins, Topic::Channels, Topic::Me, Topic::Contacts] {
        let topics = BTreeMap::from([(topic, Replay::Live)]);
        let name = topic.name().to_owned();
        let beside = Subscriptions { name, topics, under_own_name: false };
        here.engine.delivery().subscribe(KATE, "beside", beside).await.unwrap();
    }
    here.listen(KATE, "second", Replay::Live).await;
    leave(&here, "beside").await;
    leave(&here, "second").await;
    assert_eq!((here.store.commits(), is_here(&here).await), (before, (true, true)));
    leave(&here, &format!("{KATE}-1")).await;
    assert_eq!(is_here(&here).await, (false, true), "the control: the last one that shows offers");
    assert_eq!(here.store.commits(), before + 1);
}

/// The control: a node that overwrites a desk's reach with what its own sessions listen to.
#[tokio::test]
async fn a_node_that_speaks_for_all_nodes_takes_work_from_who_is_here() {
    let overwrites = async |rig: &Rig| {
        let Versioned { value: mut desk, version: expected } = stored_desk(rig).await;
        let all = desk.reach.0.keys().copied().collect();
        desk.forget_reach(&all, rig.engine.core().now());
        let puts = vec![Put { record: Record::Desk(desk), expected }];
        rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        rig.engine.core().reload_board().await.unwrap();
        // What any change of the reach does then.
        rig.listen(KATE, "passing", Replay::Live).await;
        leave(rig, "passing").await;
    };
    assert!(!left_on_one_of_two(overwrites).await);
}

#[tokio::test(start_paused = true)]
async fn the_agents_of_a_node_that_died_have_the_grace_and_are_gone_then() {
    let (here, there, id) = working().await;
    keep(&there).await;
    assert_eq!(is_here(&there).await, (true, true), "the control: it lives");
    drop(here);
    tokio::time::advance(LEASE).await;
    keep(&there).await;
    assert_eq!(is_here(&there).await, (false, true));
    there.pass_ms(GRACE_MS - 1).await;
    assert_eq!(there.stored(id).await.owner(), Some(KATE));
    there.pass_ms(1).await;
    assert_eq!((is_here(&there).await, there.stored(id).await.owner()), ((false, false), None));
}

/// Kate and Ben work on a node that dies. Returns the commits that it took to record that neither
/// is in reach, when somebody changes Ben's desk meanwhile.
async fn commits_for_two(is_changed: bool) -> u64 {
    let (here, there, _) = working().await;
    here.bring_in(BEN).await;
    drop(here);
    tokio::time::advance(LEASE).await;
    look(&there).await;
    if is_changed {
        there.store.write_before_next_commit(Key::Desk(BEN));
    }
    let before = there.store.commits();
    keep(&there).await;
    for user in [KATE, BEN] {
        let desk = there.engine.core().desk(user).unwrap();
        assert!(desk.reach.0.is_empty() && desk.unreachable_since.is_some(), "{desk:?}");
    }
    assert_eq!(is_here(&there).await, (false, true));
    there.store.commits() - before
}

#[tokio::test(start_paused = true)]
async fn all_agents_of_a_node_that_died_are_recorded_together_and_one_by_one_if_need_be() {
    assert_eq!(commits_for_two(false).await, 1);
    assert_eq!(commits_for_two(true).await, 3, "the control: two in one, and each");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_taken_for_dead_begins_another_incarnation_and_its_agents_stay() {
    let (here, there, id) = working().await;
    let before = here.engine.core().incarnation();
    tokio::time::advance(LEASE).await;
    keep(&there).await;
    assert_eq!(is_here(&there).await, (false, true), "the control: it was taken for dead");
    keep(&here).await;
    assert_ne!(here.engine.core().incarnation(), before);
    assert_eq!(is_here(&here).await, (true, true));
    look(&there).await;
    there.pass_ms(2 * GRACE_MS).await;
    assert_eq!((is_here(&there).await, there.stored(id).await.owner()), ((true, true), Some(KATE)));
    // What it says under its new incarnation stands, and nothing is left of the one before.
    keep(&there).await;
    let reach = stored_desk(&there).await.value.reach;
    assert_eq!(reach.0.into_keys().collect::<Vec<_>>(), [here.engine.core().incarnation()]);
}

/// It says under its former incarnation what its agents listen to, before it notices that it is
/// over.
#[tokio::test(start_paused = true)]
async fn what_a_dead_node_says_is_removed_and_said_again() {
    let (here, there, _) = working().await;
    tokio::time::advance(LEASE).await;
    keep(&there).await;
    look(&here).await;
    here.listen(KATE, "late", Replay::Live).await;
    assert_eq!(is_here(&there).await, (true, true));
    keep(&there).await;
    assert_eq!(is_here(&there).await, (false, true));
    keep(&here).await;
    keep(&there).await;
    assert_eq!(is_here(&there).await, (true, true));
}

#[tokio::test]
async fn a_node_that_stops_is_dead_at_once() {
    let (here, there, _) = working().await;
    here.engine.stop().await;
    keep(&there).await;
    assert_eq!(is_here(&there).await, (false, true));
}

/// Whoever was on their way back when the last node stopped has the whole grace from the start on.
#[tokio::test]
async fn no_grace_runs_while_no_node_does() {
    let (here, there, id) = working().await;
    leave(&here, &format!("{KATE}-1")).await;
    here.pass_ms(GRACE_MS / 2).await;
    there.engine.stop().await;
    here.engine.stop().await;
    here.clock.advance_ms(2 * GRACE_MS);
    let again = here.beside().await;
    again.pass_ms(GRACE_MS - 1).await;
    assert_eq!(again.stored(id).await.owner(), Some(KATE));
    again.pass_ms(1).await;
    assert_eq!(again.stored(id).await.owner(), None);
}

async fn change(rig: &Rig, to: ChannelChange) -> Result<(), AgentError> {
    rig.engine.desks().change_channels(KATE, CENTER, Cause::User(KATE), None, &to).await
}

/// A request is carried out on what another node has just done, although nobody has told of it yet.
#[tokio::test]
async fn what_was_done_on_one_node_is_there_for_the_next_request_on_the_other() {
    let here = Rig::new().await;
    let there = here.beside().await;
    here.engine
        .desks()
        .start_contact_session(KATE, CENTER, &[Media::Workitem], None)
        .await
        .unwrap();
    assert!(there.engine.core().desk(KATE).is_none(), "the control: it remembers nothing of that");
    change(&there, ChannelChange::Ready).await.unwrap();
    change(&here, ChannelChange::NotReady { reason: None }).await.unwrap();
    // What it remembers is Ready, and so would be nothing to do.
    assert!(there.engine.core().desk(KATE).unwrap().is_ready(&Media::Workitem), "the control");
    change(&there, ChannelChange::Ready).await.unwrap();
    assert!(stored_desk(&here).await.value.is_ready(&Media::Workitem));
    let shown = here.engine.core().current_desk(KATE).await.unwrap().unwrap();
    assert!(shown.is_ready(&Media::Workitem));
    there.engine.desks().end_contact_session(KATE, CENTER).await.unwrap();
    change(&here, ChannelChange::Ready).await.unwrap_err();
}
