//! Agents who are gone or silent: where their work goes.

use std::sync::Arc;

use handoff_domain::command::{Action, Named, SystemAction};
use handoff_domain::event::{Fact, NotificationType};
use handoff_domain::interaction::decide::GonePolicy;
use handoff_domain::interaction::{Mode, State, Status};
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::{Decision, Queue, QueueId, Workbin};

use crate::floor::{Floor, queue_id};
use crate::support::{ANN, BOB, CID, seen, shown, state};

fn gone(floor: &mut Floor, id: handoff_domain::InteractionId) -> Decision {
    floor.now = floor.now.plus_ms(90_000);
    floor.machine(id, SystemAction::AgentGone { user: ANN })
}

fn own(floor: &Floor, name: &str) -> State {
    let definition = floor.workbins.values().find(|it| it.name == name).expect("it exists");
    let mode = if name == Workbin::DRAFTS { Mode::Composing } else { Mode::Processing };
    State::Parked { workbin: definition.of(ANN).id, mode, reminder: None }
}

#[test]
fn a_chat_goes_to_the_front_of_its_queue_with_its_age() {
    let (mut floor, id) = state("chatting");
    let since = floor.interactions[&id].queued_at;
    let decision = gone(&mut floor, id);
    let wait = decision.after.wait().expect("it waits");
    assert_eq!((wait.front, Some(wait.since), wait.mode), (true, since, Mode::Chatting));
    assert_eq!(seen(&decision, ANN), Some((Status::Revoked, false)));
    assert_eq!(decision.events[0].facts[0], Fact::AgentGone { user: ANN });
}

#[test]
fn an_email_goes_to_the_agents_own_workbin_or_by_policy_to_its_queue() {
    let (mut floor, id) = state("processing");
    let in_progress = own(&floor, Workbin::IN_PROGRESS);
    assert_eq!(gone(&mut floor, id).after.state, in_progress);
    let (mut floor, id) = state("processing");
    floor.options.gone = GonePolicy::Requeue;
    let since = floor.interactions[&id].queued_at;
    let decision = gone(&mut floor, id);
    let wait = decision.after.wait().expect("it waits");
    assert_eq!((wait.front, Some(wait.since)), (false, since));
}

#[test]
fn a_draft_goes_to_the_drafts() {
    let (mut floor, id) = state("composing");
    let drafts = own(&floor, Workbin::DRAFTS);
    assert_eq!(gone(&mut floor, id).after.state, drafts);
}

/// Removes the agent, as the center is changed while they have something.
fn removed(floor: &mut Floor) {
    Arc::make_mut(&mut floor.users).remove(&ANN);
    floor.desks.remove(&ANN);
}

#[test]
fn the_work_of_a_deleted_user_goes_to_its_queue_and_a_draft_without_one_to_its_originals() {
    for (name, mode) in [("processing", Mode::Processing), ("composing", Mode::Composing)] {
        let (mut floor, id) = state(name);
        removed(&mut floor);
        let decision = gone(&mut floor, id);
        let wait = decision.after.wait().expect("it waits");
        assert_eq!((wait.queue, wait.mode), (queue_id(&Media::Email), mode), "{name}");
        let (mut floor, id) = state(name);
        removed(&mut floor);
        floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms);
        let silent = floor.machine(id, SystemAction::ExpireHandling);
        assert_eq!(silent.after.status(), Status::Queued, "{name}");
    }
}

#[test]
fn what_has_neither_workbin_nor_queue_stays() {
    let (mut floor, id) = state("composing");
    removed(&mut floor);
    floor.queues = Arc::default();
    let refused = floor.apply(handoff_domain::decide, id, SystemAction::AgentGone { user: ANN });
    assert_eq!(refused, Err(Rejection::NoCurrentQueue));
    assert_eq!(floor.interactions[&id].owner(), Some(ANN));
}

#[test]
fn what_an_owner_who_is_gone_had_offered_is_withdrawn() {
    let (mut floor, id) = state("processing with transfer");
    let decision = gone(&mut floor, id);
    assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)));
    assert!(floor.desks[&BOB].slots.is_empty() && floor.desks[&ANN].slots.is_empty());
}

#[test]
fn an_invitation_of_an_agent_who_is_gone_is_requeued_at_its_place() {
    let (mut floor, id) = state("invited");
    let since = floor.interactions[&id].queued_at;
    let decision = floor.machine(id, SystemAction::AgentGone { user: BOB });
    let wait = decision.after.wait().expect("it waits");
    assert_eq!((Some(wait.since), wait.front), (since, false));
    assert_eq!(wait.passes.iter().map(|pass| pass.user).collect::<Vec<_>>(), [BOB]);
    assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)));
}

#[test]
fn a_silent_owner_loses_their_work() {
    let (mut floor, id) = state("processing");
    floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms);
    let decision = floor.machine(id, SystemAction::ExpireHandling);
    assert_eq!(decision.after.status(), Status::Queued);
    assert_eq!(decision.events[0].facts[0], Fact::HandlingExpired { owner: ANN });
    assert_eq!(seen(&decision, ANN), Some((Status::Revoked, false)));
}

#[test]
fn the_workbins_of_a_deleted_user_are_emptied_into_queues() {
    let (mut floor, id) = state("parked");
    let since = floor.interactions[&id].queued_at;
    floor.now = floor.now.plus_ms(60_000);
    let queue = floor.queues[&queue_id(&Media::Email)].clone();
    let decision = floor.machine(id, SystemAction::Requeue(queue));
    assert_eq!(decision.after.wait().map(|wait| wait.since), since, "it keeps its age");
}

/// Returns a second queue of e-mails.
fn another_queue(floor: &mut Floor) -> Queue {
    let own = floor.queues[&queue_id(&Media::Email)].clone();
    let other = Queue { id: QueueId(0xe2), name: "other".into(), ..Queue::clone(&own) };
    Arc::make_mut(&mut floor.queues).insert(other.id, other.clone());
    other
}

#[test]
fn what_waits_in_a_queue_that_ceases_to_be_waits_on_in_another() {
    for name in ["queued", "invited"] {
        let (mut floor, id) = state(name);
        let other = another_queue(&mut floor);
        let before = floor.interactions[&id].clone();
        let of_before = before.wait().expect("it waits");
        floor.now = floor.now.plus_ms(60_000);
        let decision = floor.machine(id, SystemAction::ReplaceQueue(other.clone()));
        let wait = decision.after.wait().expect("it waits on");
        assert_eq!((wait.queue, wait.since), (other.id, of_before.since), "{name}: with its age");
        assert_eq!((wait.front, &wait.skills), (of_before.front, &of_before.skills), "{name}");
        assert!(decision.after.epoch > before.epoch, "{name}: a late Accept changes nothing");
    }
    let (mut floor, id) = state("invited");
    let other = another_queue(&mut floor);
    let decision = floor.machine(id, SystemAction::ReplaceQueue(other));
    assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)));
    assert!(floor.desks[&BOB].slots.is_empty());
}

#[test]
fn what_somebody_works_on_stays_with_them_and_has_the_other_queue_to_go_back_to() {
    for name in ["processing", "parked", "sending", "composing"] {
        let (mut floor, id) = state(name);
        let other = another_queue(&mut floor);
        let before = floor.interactions[&id].clone();
        let decision = floor.machine(id, SystemAction::ReplaceQueue(other.clone()));
        assert_eq!(decision.after.queue, Some(other.id), "{name}");
        assert_eq!((&decision.after.state, decision.after.epoch), (&before.state, before.epoch));
        assert_eq!(decision.events[0].facts, [Fact::QueueReplaced { queue: other.id }], "{name}");
    }
    let (mut floor, id) = state("completed");
    let other = another_queue(&mut floor);
    let refused = floor.apply(handoff_domain::decide, id, SystemAction::ReplaceQueue(other));
    assert!(matches!(refused, Err(Rejection::WrongState { .. })), "{refused:?}");
}

#[test]
fn mail_that_cannot_be_delivered_comes_back_to_its_sender_or_into_his_drafts() {
    let failed = || SystemAction::DeliveryFailed { reason: "no such mailbox".to_string() };
    let (mut floor, id) = state("sending");
    let decision = floor.machine(id, failed());
    let notice = shown(&decision, ANN).expect("the sender is told");
    assert_eq!(notice.kind, NotificationType::Error);
    assert_eq!(seen(&decision, ANN), Some((Status::Composing, true)));
    let (mut floor, id) = state("sending");
    let _ = floor.desks.get_mut(&ANN).expect("a desk").end_session().expect("a session");
    let drafts = own(&floor, Workbin::DRAFTS);
    let decision = floor.machine(id, failed());
    assert_eq!(decision.after.state, drafts);
    assert_eq!(seen(&decision, ANN), Some((Status::InWorkbin, false)));
    assert_eq!(shown(&decision, ANN).expect("they are told").kind, NotificationType::Error);
}

#[test]
fn mail_of_a_deleted_user_that_cannot_be_delivered_goes_to_a_queue() {
    let failed = || SystemAction::DeliveryFailed { reason: "no such mailbox".to_string() };
    let (mut floor, id) = state("sending");
    removed(&mut floor);
    let original = floor.interactions[&id].parent.expect("it is an answer");
    let decision = floor.machine(id, failed());
    let wait = decision.after.wait().expect("it waits");
    assert_eq!((wait.queue, wait.mode), (queue_id(&Media::Email), Mode::Composing));
    assert_eq!(decision.related[0].drafts, [id].into(), "it is open again");
    assert_eq!(floor.interactions[&original].drafts, [id].into());
    // Its own queue goes before that of what it answers.
    let (mut floor, id) = state("sending");
    let other = another_queue(&mut floor);
    floor.machine(id, SystemAction::ReplaceQueue(other.clone()));
    removed(&mut floor);
    let decision = floor.machine(id, failed());
    assert_eq!(decision.after.wait().map(|wait| wait.queue), Some(other.id));
}

/// Their workbins were emptied when they were disabled, and nobody empties them again.
#[test]
fn mail_of_a_disabled_user_that_cannot_be_delivered_goes_to_its_queue_if_it_has_one() {
    let failed = || SystemAction::DeliveryFailed { reason: "no such mailbox".to_string() };
    for (has_queue, status) in [(true, Status::Queued), (false, Status::InWorkbin)] {
        let (mut floor, id) = state("sending");
        if has_queue {
            let queue = floor.queues[&queue_id(&Media::Email)].clone();
            floor.machine(id, SystemAction::ReplaceQueue(queue));
        }
        Arc::make_mut(&mut floor.users).get_mut(&ANN).expect("a user").enabled = false;
        let _ = floor.desks.get_mut(&ANN).expect("a desk").end_session().expect("a session");
        assert_eq!(floor.machine(id, failed()).after.status(), status);
    }
}

#[test]
fn a_workbin_without_an_owners_name_is_ones_own() {
    let (mut floor, id) = state("processing");
    let definition = floor
        .workbins
        .values()
        .find(|it| it.name == Workbin::IN_PROGRESS)
        .expect("it exists")
        .clone();
    let in_progress = own(&floor, Workbin::IN_PROGRESS);
    let decision = floor.does(ANN, id, Action::PlaceInWorkbin(Named::Known(definition), None));
    assert_eq!(decision.after.state, in_progress);
}

#[test]
fn a_new_owner_has_the_whole_time_whatever_they_did_before() {
    let (mut floor, id) = state("queued");
    floor.now = floor.now.plus_ms(60_000);
    floor.give(id, ANN);
    floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms - 1);
    let early = floor.machine(id, SystemAction::ExpireHandling);
    assert!(early.events.is_empty() && early.timers.is_empty());
}

#[test]
fn ownership_that_passes_on_begins_anew() {
    for (name, by, action, heir) in [
        ("chatting with transfer", BOB, Action::Accept { nickname: None }, BOB),
        ("chatting in company", ANN, Action::Leave, CID),
    ] {
        let (mut floor, id) = state(name);
        floor.now = floor.now.plus_ms(60_000);
        let decision = floor.does(by, id, action);
        let handling = decision.after.handling().expect("it is owned");
        assert_eq!((handling.by, handling.since), (heir, floor.now), "{name}");
        let due = floor.now.plus_ms(floor.options.handling_timeout_ms);
        assert_eq!(decision.owners, [(heir, due)].into(), "{name}");
    }
}

#[test]
fn only_who_is_gone_lets_a_chat_go_before_others() {
    let (mut floor, id) = state("left chat");
    assert!(gone(&mut floor, id).after.wait().expect("it waits").front);
    let (mut floor, id) = state("chatting");
    floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms);
    let silent = floor.machine(id, SystemAction::ExpireHandling);
    assert!(!silent.after.wait().expect("it waits").front);
}
