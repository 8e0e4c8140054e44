//! What follows from a change, whatever the command: epoch, slots, timers, notices, sight.

use handoff_domain::Time;
use handoff_domain::command::{Action, Named, SystemAction, Target};
use handoff_domain::event::{Cause, Fact, Notice, NotificationType, View};
use handoff_domain::interaction::Status;
use handoff_domain::interaction::decide::{TimerChange, TimerKind};
use handoff_domain::media::Media;
use handoff_domain::user_data::UserData;

use crate::floor::{AGENTS, Floor, SUPERVISOR, queue_id};
use crate::support::{ANN, BOB, DEE, in_queue, seen, shown, state};

#[test]
fn the_epoch_grows_with_owner_and_place_and_with_nothing_else() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Chat);
    let mut epochs = vec![floor.interactions[&id].epoch];
    let mut note = |decision: handoff_domain::Decision| epochs.push(decision.after.epoch);
    note(floor.machine(id, SystemAction::Offer { to: ANN, of: 1 }));
    note(floor.does(ANN, id, Action::Accept { nickname: None }));
    note(floor.does(ANN, id, Action::UpdateUserData(UserData::default())));
    note(floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB)))));
    note(floor.does(BOB, id, Action::Accept { nickname: None }));
    note(floor.does(BOB, id, Action::EndChatSession));
    note(floor.does(BOB, id, Action::Complete { queue: None }));
    assert_eq!(epochs, [1, 2, 3, 3, 3, 4, 4, 5]);
}

#[test]
fn an_offer_takes_the_slot_that_accept_keeps_and_complete_frees() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Workitem);
    let slots = |floor: &Floor, user| floor.desks[&user].slots.len();
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    assert_eq!(slots(&floor, ANN), 1);
    assert_eq!(floor.desks[&ANN].last_offer, Some(floor.now));
    let accepted = floor.does(ANN, id, Action::Accept { nickname: None });
    assert!(accepted.desks.is_empty(), "the slot was taken already");
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB))));
    assert_eq!((slots(&floor, ANN), slots(&floor, BOB)), (1, 1));
    floor.does(BOB, id, Action::Accept { nickname: None });
    assert_eq!((slots(&floor, ANN), slots(&floor, BOB)), (0, 1));
    floor.does(BOB, id, Action::Complete { queue: None });
    assert_eq!(slots(&floor, BOB), 0);
}

#[test]
fn a_draft_takes_no_slot_not_even_while_it_is_offered() {
    let (mut floor, id) = state("composing with transfer");
    assert!(!floor.desks[&BOB].slots.contains_key(&id));
    floor.does(BOB, id, Action::Accept { nickname: None });
    assert!(!floor.desks[&BOB].slots.contains_key(&id));
}

#[test]
fn timers_follow_the_offer_and_the_owner() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Workitem);
    let now = floor.now;
    let offer = TimerKind::Offer { number: 1 };
    let offered = floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    assert_eq!(offered.timers, [TimerChange::Set(offer, now.plus_ms(30_000))]);
    let accepted = floor.does(ANN, id, Action::Accept { nickname: None });
    let silent = now.plus_ms(floor.options.handling_timeout_ms);
    assert_eq!(accepted.timers, [TimerChange::Clear(offer)]);
    assert_eq!((offered.owners, accepted.owners), ([].into(), [(ANN, silent)].into()));
    let queue = in_queue(&floor, &Media::Workitem);
    let placed = floor.does(ANN, id, Action::PlaceInQueue(queue));
    assert!(placed.timers.is_empty() && placed.owners.is_empty());
}

#[test]
fn a_second_transfer_replaces_the_first_offer() {
    let (mut floor, id) = state("processing with transfer");
    let decision = floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(DEE))));
    assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)));
    assert_eq!(seen(&decision, DEE), Some((Status::Invited, true)));
    assert_eq!(seen(&decision, ANN), Some((Status::Processing, true)));
    let kinds: Vec<TimerChange> = decision.timers;
    assert_eq!(kinds[0], TimerChange::Clear(TimerKind::Offer { number: 2 }));
    assert!(floor.desks[&BOB].slots.is_empty());
}

#[test]
fn everybody_is_told_once_and_sees_his_own_end_of_it() {
    let queue = |floor: &Floor| in_queue(floor, &Media::Email);
    let team = |floor: &Floor| {
        floor
            .workbins
            .values()
            .find(|it| it.name == "Team")
            .map(|it| Named::Known(it.clone()))
            .expect("it exists")
    };
    let floor = Floor::new();
    let cases = [
        (Action::Complete { queue: None }, Status::Completed),
        (Action::PlaceInQueue(queue(&floor)), Status::Completed),
        (Action::Transfer(Target::Queue(queue(&floor))), Status::Completed),
        (Action::PlaceInWorkbin(team(&floor), None), Status::InWorkbin),
    ];
    for (action, last) in cases {
        let (mut floor, id) = state("processing with transfer");
        let decision = floor.does(ANN, id, action.clone());
        assert_eq!(seen(&decision, ANN), Some((last, false)), "{action:?}");
        assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)), "{action:?}");
        assert_eq!(decision.events[0].notices.len(), 2, "{action:?}");
        assert_eq!(decision.events[0].cause, Cause::User(ANN));
    }
}

#[test]
fn data_is_told_to_those_whom_it_concerns_with_the_kind_of_message() {
    let (mut floor, id) = state("processing with transfer");
    let decision = floor.does(ANN, id, Action::UpdateUserData(UserData::default()));
    for (user, status) in [(ANN, Status::Processing), (BOB, Status::Invited)] {
        let notice = shown(&decision, user).expect("it concerns them");
        assert_eq!(notice.kind, NotificationType::PropertiesUpdated);
        assert_eq!(notice.view, View::Concerned(status));
    }
    let comment =
        floor.tries(SUPERVISOR, id, Action::Change(Default::default())).expect("it is allowed");
    assert!(comment.events.is_empty(), "a patch that changes nothing tells nothing");
}

#[test]
fn a_transfer_that_fails_is_told_as_an_error() {
    for (action, last) in [
        (Floor::new().by(BOB, Action::Reject), Status::Completed),
        (SystemAction::ExpireOffer { number: 2, running_since: Time(0) }.into(), Status::Revoked),
        (SystemAction::AgentGone { user: BOB }.into(), Status::Revoked),
    ] {
        let (mut floor, id) = state("processing with transfer");
        let decision = floor.machine(id, action.clone());
        let notice = shown(&decision, ANN).expect("the owner is told");
        assert_eq!(notice.kind, NotificationType::Error, "{action:?}");
        assert_eq!(notice.error.as_ref().map(|(code, _)| *code), Some(2));
        assert_eq!(seen(&decision, BOB), Some((last, false)), "{action:?}");
        assert_eq!(decision.after.owner(), Some(ANN));
    }
}

#[test]
fn watchers_of_a_workbin_are_told_what_comes_and_goes() {
    let mut floor = Floor::new();
    let id = floor.owned(&Media::Email);
    let team = floor.workbins.values().find(|it| it.name == "Team").expect("it exists").clone();
    floor.desks.get_mut(&DEE).expect("a desk").watch(team.id);
    floor.desks.get_mut(&ANN).expect("a desk").watch(team.id);
    let told = |decision: &handoff_domain::Decision, added| {
        let view = View::Workbin { workbin: team.id, added };
        let notices = decision.events[0].notices.iter().filter(|notice| notice.view == view);
        notices.filter_map(Notice::user).collect::<Vec<_>>()
    };
    let parked = floor.does(ANN, id, Action::PlaceInWorkbin(Named::Known(team.clone()), None));
    assert_eq!(told(&parked, true), [ANN, DEE]);
    assert_eq!(seen(&parked, ANN), Some((Status::InWorkbin, false)));
    let pulled = floor.does(BOB, id, Action::Pull { from: None });
    assert_eq!(told(&pulled, false), [ANN, DEE]);
    assert_eq!(seen(&pulled, BOB), Some((Status::Processing, true)));
}

#[test]
fn a_transfer_to_a_skill_asks_for_it_in_the_current_queue_for_one_wait() {
    let mut floor = Floor::new();
    let id = floor.owned(&Media::Workitem);
    floor.now = floor.now.plus_ms(5_000);
    let skill = (crate::floor::SKILL.id, 3);
    let decision = floor.does(ANN, id, Action::Transfer(Target::Skill(Named::Known(skill))));
    let wait = decision.after.wait().expect("it waits").clone();
    assert_eq!((wait.queue, wait.since), (queue_id(&Media::Workitem), floor.now));
    assert_eq!(wait.skills.into_iter().collect::<Vec<_>>(), [skill]);
    let queued = Fact::Queued {
        queue: queue_id(&Media::Workitem),
        skill: Some(skill.0),
        since: None,
        front: false,
        skills: [skill].into(),
        target_ms: None,
    };
    assert_eq!(decision.events[0].facts, [queued]);
    // The third agent has the skill at level 1 only.
    let refused =
        floor.apply(handoff_domain::decide, id, SystemAction::Offer { to: AGENTS[2], of: 1 });
    assert_eq!(refused, Err(handoff_domain::Rejection::TargetNotEligible));
    floor.give(id, BOB);
    let again = floor.does(BOB, id, Action::PlaceInQueue(in_queue(&floor, &Media::Workitem)));
    assert!(again.after.wait().expect("it waits").skills.is_empty());
}

#[test]
fn whoever_was_offered_it_or_owned_it_keeps_sight_of_it() {
    let mut floor = Floor::new();
    let id = floor.open(&Media::Workitem);
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    floor.does(ANN, id, Action::Reject);
    floor.give(id, BOB);
    let decision = floor.does(BOB, id, Action::Complete { queue: None });
    assert_eq!(decision.after.concerned, [ANN, BOB].into());
    assert_eq!(decision.after.offers, 2);
}
