//! Opening, and the way of an interaction through its queue.

use std::sync::Arc;

use handoff_domain::command::{Action, Actor, Named, SystemAction};
use handoff_domain::event::Fact;
use handoff_domain::interaction::{Mode, Status, Wait};
use handoff_domain::media::Media;
use handoff_domain::rejection::{Noun, Rejection};
use handoff_domain::{Decision, NewInteraction, Placement, Time};

use crate::floor::{AGENTS, Floor};
use crate::support::{ANN, BOB, in_queue, seen};

fn opening(floor: &Floor, media: &Media, placement: Placement) -> NewInteraction {
    let mut new = floor.new_interaction(media);
    new.placement = placement;
    new
}

fn open(floor: &Floor, new: NewInteraction) -> Result<Decision, Rejection> {
    floor.try_open(new, &Actor::User(floor.caller(ANN)))
}

const IN_HANDS: Placement = Placement::InHands { mode: Mode::Processing };

#[test]
fn a_submitted_interaction_waits_in_its_queue_with_the_queues_priority() {
    let mut floor = Floor::new();
    for queue in Arc::make_mut(&mut floor.queues).values_mut() {
        queue.priority = 7;
    }
    let new = opening(&floor, &Media::Chat, Placement::InQueue);
    let decision = open(&floor, new.clone()).expect("it is opened");
    assert_eq!((decision.after.priority, decision.after.epoch), (7, 1));
    assert_eq!(decision.after.wait().map(|wait| wait.mode), Some(Mode::Chatting));
    assert!(matches!(decision.events[0].facts.as_slice(), [Fact::Opened, Fact::Queued { .. }]));
    let own = NewInteraction { priority: Some(-2), ..new };
    assert_eq!(open(&floor, own).expect("it is opened").after.priority, -2);
}

#[test]
fn an_agent_who_makes_one_owns_it_at_once() {
    let floor = Floor::new();
    let decision = open(&floor, opening(&floor, &Media::Workitem, IN_HANDS)).expect("it is opened");
    assert_eq!(decision.after.owner(), Some(ANN));
    assert_eq!(decision.desks[0].slots.len(), 1);
    assert_eq!(seen(&decision, ANN), Some((Status::Processing, true)));
}

#[test]
fn opening_is_refused_in_order() {
    let mut floor = Floor::new();
    let new = opening(&floor, &Media::Workitem, IN_HANDS);
    let unknown = NewInteraction { queue: Named::Unknown("nowhere".to_string()), ..new.clone() };
    let refusal = Rejection::Unknown { noun: Noun::Queue, name: "nowhere".to_string() };
    assert_eq!(open(&floor, unknown), Err(refusal));
    let wrong = NewInteraction { queue: in_queue(&floor, &Media::Chat), ..new.clone() };
    assert_eq!(open(&floor, wrong), Err(Rejection::WrongMedia { queue: "chat".to_string() }));
    Arc::make_mut(&mut floor.users).get_mut(&ANN).expect("a user").capacity.overall = Some(0);
    assert_eq!(open(&floor, new.clone()), Err(Rejection::Full));
    let draft = opening(&floor, &Media::Email, Placement::InHands { mode: Mode::Composing });
    assert!(open(&floor, draft).is_ok(), "a draft takes no slot");
    let _ = floor.desks.get_mut(&ANN).expect("a desk").end_session().expect("a session");
    assert_eq!(open(&floor, new), Err(Rejection::NoSession));
}

#[test]
fn a_rejected_offer_goes_back_to_its_place_and_not_to_the_same_agent() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Email);
    let since = floor.interactions[&id].queued_at;
    floor.now = floor.now.plus_ms(2_000);
    floor.machine(id, SystemAction::Offer { to: BOB, of: 1 });
    let rejected = floor.does(BOB, id, Action::Reject);
    assert_eq!(seen(&rejected, BOB), Some((Status::Completed, false)));
    assert_eq!(rejected.after.wait().map(|wait| wait.since), since);
    let offer = |floor: &mut Floor| {
        floor.apply(handoff_domain::decide, id, SystemAction::Offer { to: BOB, of: 1 })
    };
    assert_eq!(offer(&mut floor), Err(Rejection::TargetNotEligible));
    floor.now = floor.now.plus_ms(30_000);
    assert!(offer(&mut floor).is_ok());
}

#[test]
fn an_expired_offer_is_revoked_and_a_late_timer_ends_no_other() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Email);
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    let expired =
        floor.machine(id, SystemAction::ExpireOffer { number: 1, running_since: Time(0) });
    assert_eq!(seen(&expired, ANN), Some((Status::Revoked, false)));
    floor.machine(id, SystemAction::Offer { to: BOB, of: 1 });
    let late = floor.apply(
        handoff_domain::decide,
        id,
        SystemAction::ExpireOffer { number: 1, running_since: Time(0) },
    );
    assert!(matches!(late, Err(Rejection::WrongState { status: Status::Invited, .. })));
}

#[test]
fn passes_are_remembered_up_to_a_bound_latest_last() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Email);
    let mut wait = floor.interactions[&id].wait().expect("it waits").clone();
    for number in 0..Wait::PASSES_MAX + 1 {
        let user = handoff_domain::UserId(number as u128);
        wait.pass(handoff_domain::interaction::Pass { user, at: floor.now });
    }
    assert_eq!(wait.passes.len(), Wait::PASSES_MAX);
    assert_eq!(wait.passes[0].user, handoff_domain::UserId(1), "the oldest is forgotten");
    wait.pass(handoff_domain::interaction::Pass { user: AGENTS[0], at: floor.now });
    wait.pass(handoff_domain::interaction::Pass { user: AGENTS[0], at: floor.now });
    assert_eq!(wait.passes.iter().filter(|pass| pass.user == AGENTS[0]).count(), 1);
}
