//! Owners who make no request, with two nodes on one store: what one node has heard of keeps the
//! other from taking anything away.

use handoff_domain::{InteractionId, LeaveReason};
use handoff_store::Store as _;

use crate::rig::{BEN, CUSTOMER_SILENCE_MS, KATE, Rig};
use crate::two_nodes::nodes;

/// The default handling timeout, in ms.
const TIMEOUT_MS: u32 = 180 * 60 * 1_000;

/// Kate owns something, and a second node has started on the same store.
async fn owned() -> (Rig, Rig, InteractionId) {
    let here = Rig::new().await;
    here.bring_in(KATE).await;
    let id = here.submit().await;
    here.settle().await;
    here.accept(KATE, id).await.unwrap();
    let there = here.beside().await;
    (here, there, id)
}

async fn owner(rig: &Rig, id: InteractionId) -> Option<handoff_domain::UserId> {
    rig.stored(id).await.owner()
}

#[tokio::test]
async fn a_request_on_one_node_counts_on_the_other() {
    let (here, there, id) = owned().await;
    here.clock.advance_ms(TIMEOUT_MS - 1_000);
    there.engine.desks().touch(KATE);
    there.engine.workers().signs().record().await.unwrap();
    here.pass_ms(2_000).await;
    assert_eq!(owner(&here, id).await, Some(KATE), "they were heard of on the other node");
    here.pass_ms(TIMEOUT_MS - 2_001).await;
    assert_eq!(owner(&here, id).await, Some(KATE));
    here.pass_ms(1).await;
    assert_eq!(owner(&here, id).await, None, "now they are silent");
}

/// The control: a node that keeps to itself whom it heard of ends the work of an agent who works.
#[tokio::test]
async fn a_request_that_is_not_recorded_does_not_count() {
    let (here, there, id) = owned().await;
    here.clock.advance_ms(TIMEOUT_MS - 1_000);
    there.engine.desks().touch(KATE);
    here.pass_ms(2_000).await;
    assert_eq!(owner(&here, id).await, None);
}

#[tokio::test]
async fn a_request_while_a_timer_is_being_carried_out_keeps_what_is_not_taken_yet() {
    let (here, there, first) = owned().await;
    let second = here.submit().await;
    here.settle().await;
    here.accept(KATE, second).await.unwrap();
    here.clock.advance_ms(TIMEOUT_MS);
    let (due, _) = here.store.timers(here.engine.core().now(), 9).await.unwrap();
    assert_eq!(due.len(), 1, "there is one timer for all that an agent owns: {due:?}");
    there.engine.desks().touch(KATE);
    there.engine.workers().signs().record().await.unwrap();
    // What was read before is carried out now.
    here.engine.workers().timers().carry_out(due[0]).await.unwrap();
    assert_eq!([owner(&here, first).await, owner(&here, second).await], [Some(KATE); 2]);
}

#[tokio::test]
async fn what_an_agent_has_not_owned_for_as_long_stays_with_them() {
    let (here, _there, first) = owned().await;
    here.clock.advance_ms(60_000);
    let second = here.submit().await;
    here.settle().await;
    here.accept(KATE, second).await.unwrap();
    here.pass_ms(TIMEOUT_MS - 60_000).await;
    assert_eq!(owner(&here, first).await, Some(KATE), "accepting puts the timer off");
    here.pass_ms(60_000).await;
    assert_eq!([owner(&here, first).await, owner(&here, second).await], [None; 2]);
}

#[tokio::test]
async fn a_restart_ends_nothing_of_who_was_active() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.clock.advance_ms(TIMEOUT_MS - 10_000);
    rig.engine.desks().touch(KATE);
    let rig = rig.restarted().await;
    rig.listen(KATE, "again", handoff_engine::Replay::Live).await;
    rig.pass_ms(20_000).await;
    assert_eq!(owner(&rig, id).await, Some(KATE), "the stop recorded it");
}

#[tokio::test]
async fn who_owns_nothing_loses_nothing_and_their_timer_goes() {
    let rig = Rig::new().await;
    rig.engine.desks().touch(BEN);
    rig.pass_ms(0).await;
    rig.pass_ms(TIMEOUT_MS).await;
    let (due, next) = rig.store.timers(handoff_domain::Time(i64::MAX), 9).await.unwrap();
    assert_eq!((due, next), (Vec::new(), None));
}

async fn left(rig: &Rig, chat: InteractionId) -> Option<LeaveReason> {
    rig.stored(chat).await.chat().unwrap().ended
}

#[tokio::test]
async fn a_customer_who_is_heard_of_on_one_node_stays_on_the_other() {
    let (here, there) = nodes().await;
    let chat = here.begin_chat().await;
    here.clock.advance_ms(CUSTOMER_SILENCE_MS - 1_000);
    there.engine.conversations().customer_seen(&chat.secure_key).await.unwrap();
    there.engine.workers().signs().record().await.unwrap();
    here.pass_ms(2_000).await;
    assert_eq!(left(&here, chat.interaction.id).await, None);
    here.pass_ms(CUSTOMER_SILENCE_MS - 2_001).await;
    assert_eq!(left(&here, chat.interaction.id).await, None);
    here.pass_ms(1).await;
    assert_eq!(left(&here, chat.interaction.id).await, Some(LeaveReason::Silence));
}

/// The control: a node that keeps to itself that the customer is there takes them out.
#[tokio::test]
async fn a_customer_of_whom_it_is_not_recorded_that_they_were_heard_of_has_left() {
    let (here, there) = nodes().await;
    let chat = here.begin_chat().await;
    here.clock.advance_ms(CUSTOMER_SILENCE_MS - 1_000);
    there.engine.conversations().customer_seen(&chat.secure_key).await.unwrap();
    here.pass_ms(2_000).await;
    assert_eq!(left(&here, chat.interaction.id).await, Some(LeaveReason::Silence));
}
