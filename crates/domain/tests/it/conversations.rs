//! Several agents in one live chat.

use handoff_domain::chat::LeaveReason;
use handoff_domain::command::{Action, CustomerAction, Named, SystemAction, Target};
use handoff_domain::event::{Fact, NotificationType, RevokeReason};
use handoff_domain::interaction::{Mode, ParticipantRole, Status};
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;

use crate::floor::Floor;
use crate::support::{ANN, BOB, CID, DEE, in_queue, seen, shown, state};

#[test]
fn an_invited_agent_takes_part_and_the_owner_stays() {
    let (mut floor, id) = state("chatting with invite");
    let decision = floor.does(BOB, id, Action::Accept { nickname: Some("Bob".to_string()) });
    assert_eq!(decision.after.owner(), Some(ANN));
    let other = &decision.after.others()[0];
    assert_eq!(
        (other.user, other.role, other.nickname.as_deref()),
        (BOB, ParticipantRole::Invited, Some("Bob"))
    );
    assert_eq!(seen(&decision, BOB), Some((Status::Chatting, true)));
    assert_eq!(shown(&decision, ANN).expect("told").kind, NotificationType::ParticipantsUpdated);
    assert!(floor.desks[&BOB].slots.contains_key(&id));
}

#[test]
fn a_consulted_agent_is_made_visible_at_once() {
    let (mut floor, id) = state("chatting with consult");
    floor.does(BOB, id, Action::Accept { nickname: None });
    let decision = floor.does(ANN, id, Action::Invite(Named::Known(BOB)));
    assert_eq!(decision.after.others()[0].role, ParticipantRole::Invited);
    assert!(decision.after.offer().is_none());
    assert_eq!(
        floor.tries(ANN, id, Action::Consult(Named::Known(BOB))),
        Err(Rejection::TargetAlreadyIn)
    );
}

#[test]
fn the_longest_present_becomes_owner_when_the_owner_leaves() {
    let (mut floor, id) = state("chatting in company");
    floor.does(ANN, id, Action::Invite(Named::Known(DEE)));
    floor.does(DEE, id, Action::Accept { nickname: None });
    let epoch = floor.interactions[&id].epoch;
    let decision = floor.does(ANN, id, Action::Leave);
    assert_eq!(decision.after.owner(), Some(CID));
    assert_eq!(decision.after.epoch, epoch + 1);
    assert_eq!(seen(&decision, ANN), Some((Status::Completed, false)));
    assert_eq!(seen(&decision, CID), Some((Status::Chatting, true)));
    assert_eq!(decision.after.others().iter().map(|it| it.user).collect::<Vec<_>>(), [DEE]);
    assert!(floor.desks[&ANN].slots.is_empty());
}

#[test]
fn an_owner_who_is_gone_hands_a_conversation_to_who_is_there() {
    let (mut floor, id) = state("chatting in company");
    let decision = floor.machine(id, SystemAction::AgentGone { user: ANN });
    assert_eq!((decision.after.owner(), decision.after.mode()), (Some(CID), Some(Mode::Chatting)));
    assert_eq!(seen(&decision, ANN), Some((Status::Revoked, false)));
}

#[test]
fn the_last_agent_leaving_ends_the_session_and_keeps_the_interaction() {
    let (mut floor, id) = state("chatting");
    let decision = floor.does(ANN, id, Action::Leave);
    assert_eq!((decision.after.owner(), decision.after.mode()), (Some(ANN), Some(Mode::LeftChat)));
    let again = floor.does(ANN, id, Action::Leave);
    assert!(again.events.is_empty());
    assert_eq!(again.after, decision.after);
}

#[test]
fn the_end_of_the_session_ends_the_others_part_in_it() {
    let floor = Floor::new();
    for action in [
        floor.by(ANN, Action::EndChatSession),
        CustomerAction::Leave { reason: LeaveReason::Itself }.into(),
        floor.by(ANN, Action::Complete { queue: None }),
    ] {
        let (mut floor, id) = state("chatting in company");
        floor.does(ANN, id, Action::Invite(Named::Known(DEE)));
        let decision = floor.machine(id, action.clone());
        assert_eq!(seen(&decision, CID), Some((Status::Completed, false)), "{action:?}");
        assert_eq!(seen(&decision, DEE), Some((Status::Revoked, false)), "{action:?}");
        assert!(floor.desks[&CID].slots.is_empty() && floor.desks[&DEE].slots.is_empty());
    }
}

#[test]
fn an_open_transfer_outlives_the_session() {
    let (mut floor, id) = state("chatting with transfer");
    floor.machine(id, CustomerAction::Leave { reason: LeaveReason::Itself });
    let decision = floor.does(BOB, id, Action::Accept { nickname: None });
    assert_eq!((decision.after.owner(), decision.after.mode()), (Some(BOB), Some(Mode::LeftChat)));
    assert_eq!(seen(&decision, ANN), Some((Status::Completed, false)));
}

#[test]
fn a_participant_leaves_or_is_taken_out() {
    let (mut floor, id) = state("chatting in company");
    let left = floor.does(CID, id, Action::Leave);
    assert_eq!(seen(&left, CID), Some((Status::Completed, false)));
    assert_eq!(left.after.owner(), Some(ANN));
    let (mut floor, id) = state("chatting in company");
    let removed = floor.does(ANN, id, Action::RemoveParticipant(Named::Known(CID)));
    assert_eq!(seen(&removed, CID), Some((Status::Revoked, false)));
    assert!(floor.desks[&CID].slots.is_empty());
}

#[test]
fn a_customer_who_leaves_while_waiting_cancels_the_chat() {
    let (mut floor, id) = state("invited chat");
    let decision = floor.machine(id, CustomerAction::Leave { reason: LeaveReason::Itself });
    assert_eq!(decision.after.status(), Status::Canceled);
    assert_eq!(seen(&decision, BOB), Some((Status::Revoked, false)));
    assert!(floor.desks[&BOB].slots.is_empty());
}

#[test]
fn an_owner_who_leaves_takes_his_open_offer_back() {
    let (mut floor, id) = state("chatting in company");
    floor.does(ANN, id, Action::Invite(Named::Known(DEE)));
    let decision = floor.does(ANN, id, Action::Leave);
    assert!(decision.after.offer().is_none());
    assert_eq!(seen(&decision, DEE), Some((Status::Revoked, false)));
    assert!(floor.desks[&DEE].slots.is_empty());
}

#[test]
fn a_participant_who_leaves_rejects_what_he_was_offered() {
    let (mut floor, id) = state("chatting in company");
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(CID))));
    assert_eq!(floor.desks[&CID].slots.len(), 1, "their part is their slot");
    let decision = floor.does(CID, id, Action::Leave);
    assert!(decision.after.offer().is_none() && decision.after.others().is_empty());
    assert_eq!(seen(&decision, CID), Some((Status::Completed, false)));
    assert_eq!(shown(&decision, ANN).expect("told").kind, NotificationType::Error);
    assert!(floor.desks[&CID].slots.is_empty());
}

#[test]
fn who_takes_part_needs_no_other_slot_to_become_the_owner() {
    let (mut floor, id) = state("chatting in company");
    let users = std::sync::Arc::make_mut(&mut floor.users);
    users.get_mut(&CID).expect("they are there").capacity.overall = Some(1);
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(CID))));
}

#[test]
fn what_the_owner_offered_is_taken_back_when_it_goes_to_a_queue() {
    let (mut floor, id) = state("chatting with transfer");
    let queue = in_queue(&floor, &Media::Chat);
    let decision = floor.does(ANN, id, Action::PlaceInQueue(queue));
    let revoked = Fact::OfferRevoked { to: BOB, reason: RevokeReason::OwnerActed };
    assert!(decision.events[0].facts.contains(&revoked));
}
