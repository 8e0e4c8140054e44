//! Who is offered what.

use handoff_domain::event::Cause;
use handoff_domain::{Action, Media, Reach, State, Topic, UserId};
use handoff_engine::ChannelChange;

use crate::rig::{BEN, CENTER, KATE, Rig};

fn offered_to(state: &State) -> Option<UserId> {
    match state {
        State::Invited(_, offer) => Some(offer.to),
        _ => None,
    }
}

#[tokio::test]
async fn a_work_item_is_offered_to_an_agent_who_is_there() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    assert_eq!(offered_to(&rig.stored(id).await.state), Some(KATE));
}

#[tokio::test]
async fn nobody_is_offered_anything_who_is_not_ready_not_listening_or_full() {
    let rig = Rig::new().await;
    rig.engine.desks().start_contact_session(KATE, CENTER, &[Media::Workitem], None).await.unwrap();
    rig.ready(KATE).await;
    rig.listen(BEN, "ben-1", handoff_engine::Replay::Live).await;
    rig.engine.desks().start_contact_session(BEN, CENTER, &[Media::Workitem], None).await.unwrap();
    let id = rig.submit().await;
    rig.settle().await;
    assert_eq!(
        offered_to(&rig.stored(id).await.state),
        None,
        "kate does not listen, ben is not ready"
    );

    rig.ready(BEN).await;
    for _ in 0..7 {
        rig.submit().await;
    }
    rig.settle().await;
    assert_eq!(
        rig.engine.core().desk(BEN).unwrap().slots.len(),
        5,
        "five work items is the default capacity"
    );
    assert_eq!(rig.engine.core().board().waiting_count(), 3);
}

#[tokio::test]
async fn a_passed_offer_goes_to_another_agent_and_comes_back_after_a_while() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.act(KATE, id, Action::Reject).await.unwrap();
    rig.settle().await;
    assert_eq!(
        offered_to(&rig.stored(id).await.state),
        None,
        "nobody else is there, and it is too early for kate"
    );
    rig.pass_ms(29_999).await;
    assert_eq!(offered_to(&rig.stored(id).await.state), None);
    rig.pass_ms(1).await;
    assert_eq!(
        offered_to(&rig.stored(id).await.state),
        Some(KATE),
        "after 30 s she is asked again"
    );

    rig.act(KATE, id, Action::Reject).await.unwrap();
    rig.bring_in(BEN).await;
    rig.settle().await;
    assert_eq!(offered_to(&rig.stored(id).await.state), Some(BEN));
}

#[tokio::test]
async fn an_offer_ends_by_itself_and_the_place_in_line_stays() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    let entered = rig.stored(id).await.queued_at;
    rig.settle().await;
    rig.pass_ms(29_999).await;
    assert_eq!(offered_to(&rig.stored(id).await.state), Some(KATE));
    rig.pass_ms(1).await;
    let after = rig.stored(id).await;
    assert_eq!(offered_to(&after.state), None);
    assert_eq!(after.wait().map(|wait| wait.since), entered);
    assert!(rig.engine.core().desk(KATE).unwrap().slots.is_empty(), "the slot is free again");
}

#[tokio::test]
async fn do_not_disturb_leaves_an_open_offer_standing() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.engine
        .desks()
        .change_channels(KATE, CENTER, Cause::User(KATE), None, &ChannelChange::DoNotDisturbOn)
        .await
        .unwrap();
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    assert_eq!(rig.stored(id).await.owner(), Some(KATE));
}

#[tokio::test]
async fn the_reason_of_a_wait_is_told_for_every_agent() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.engine
        .desks()
        .change_channels(
            KATE,
            CENTER,
            Cause::User(KATE),
            None,
            &ChannelChange::NotReady { reason: None },
        )
        .await
        .unwrap();
    let id = rig.submit().await;
    rig.settle().await;
    let board = rig.engine.core().current_board().await.unwrap();
    let why = rig.engine.views().why(board, &rig.stored(id).await).unwrap();
    let reasons: Vec<String> =
        why.agents.iter().map(|it| format!("{} {:?}", it.user.user_name, it.rule)).collect();
    assert_eq!(reasons, ["kate Some(NotReady)", "ben Some(NoSession)"]);
    let reach = Reach([(rig.engine.core().incarnation(), [Topic::Interactions].into())].into());
    assert_eq!(rig.engine.core().desk(KATE).unwrap().reach, reach);
}
