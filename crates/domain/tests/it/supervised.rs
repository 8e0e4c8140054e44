//! Supervisors in a conversation: who looks on unseen, and what the owner can tell of it.

use handoff_domain::chat::{LeaveReason, Visibility};
use handoff_domain::command::{
    Action, CustomerAction, Named, SupervisorMode, SystemAction, Target,
};
use handoff_domain::event::{Fact, NotificationType};
use handoff_domain::interaction::decide::{TimerChange, TimerKind};
use handoff_domain::interaction::{Mode, OfferKind, State, Status};
use handoff_domain::invariants;
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::{Operation, Time};

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, CID, in_queue, seen, shown, state};
use crate::table::talk::text;
use crate::talk::{chat, lines, says, story, tells, told, transcript};

#[test]
fn a_supervisor_looks_on_unseen() {
    let (mut floor, id) = state("talking");
    let asked = floor.intrudes(id, SupervisorMode::Monitor);
    assert_eq!(seen(&asked, SUPERVISOR), Some((Status::Invited, true)));
    assert_eq!(shown(&asked, ANN), None, "it is not the owner's business");
    assert!(asked.desks.is_empty(), "it takes no slot");
    let accepted = floor.does(SUPERVISOR, id, Action::Accept { nickname: None });
    assert_eq!(shown(&accepted, ANN), None);
    assert_eq!(told(&accepted), [(SUPERVISOR, Visibility::Supervisors)]);
    assert!(floor.desks[&SUPERVISOR].slots.is_empty());
    let said = floor.machine(id, tells(text("hi"), Visibility::All));
    assert_eq!(told(&said), [(ANN, Visibility::Agents), (SUPERVISOR, Visibility::Supervisors)]);
    let words = floor.does(SUPERVISOR, id, says(text("hm"), Visibility::All));
    assert_eq!(told(&words), [(SUPERVISOR, Visibility::Supervisors)]);
    assert_eq!(floor.interactions[&id].capabilities_for(ANN).len(), 13, "she seems to be alone");
    let left = floor.does(ANN, id, Action::Leave);
    assert_eq!((left.after.owner(), left.after.mode()), (Some(ANN), Some(Mode::LeftChat)));
    assert_eq!(story(&left, SUPERVISOR), ["heard", "Revoked"]);
    assert_eq!(story(&left, ANN), ["LeftChat", "heard"], "as when nobody looks on");
    assert_eq!(
        transcript(&floor, id, Visibility::Agents).last().expect("some"),
        "4 1 Left Removed"
    );
}

#[test]
fn a_supervisor_goes_by_the_name_they_asked_for_or_gave_when_they_came() {
    let name = |name: &str| Some(name.to_string());
    for (asked, given, goes_by) in [
        (name("Chief"), None, name("Chief")),
        (name("Chief"), name("Sam"), name("Sam")),
        (None, None, None),
    ] {
        let (mut floor, id) = state("talking");
        let intrusion = Action::Intrude { mode: SupervisorMode::Coach, nickname: asked };
        floor.does(SUPERVISOR, id, intrusion);
        let came = floor.does(SUPERVISOR, id, Action::Accept { nickname: given });
        assert_eq!(came.after.others()[0].nickname, goes_by);
    }
    let (mut floor, id) = state("talking");
    let intrusion = Action::Intrude { mode: SupervisorMode::Coach, nickname: name("") };
    assert!(floor.tries(SUPERVISOR, id, intrusion).is_err(), "no name at all");
}

#[test]
fn a_supervisor_who_is_the_owner_is_in_already() {
    let (mut floor, id) = state("talking");
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(SUPERVISOR))));
    floor.does(SUPERVISOR, id, Action::Accept { nickname: None });
    let intrusion = Action::Intrude { mode: SupervisorMode::Monitor, nickname: None };
    assert_eq!(floor.tries(SUPERVISOR, id, intrusion), Err(Rejection::TargetAlreadyIn));
}

#[test]
fn a_supervisor_who_changes_his_part_joins_and_leaves_for_whom_it_concerns() {
    let (mut floor, id) = state("talking while monitored");
    let mut step = |mode| {
        let decision = floor.does(SUPERVISOR, id, Action::SwitchMode { mode });
        let [all, agents] = [Visibility::All, Visibility::Agents].map(|sees| {
            lines(decision.said().filter(|entry| entry.index_for(sees).is_some()), sees)
        });
        (all.join(", "), agents.join(", "), decision.said().count())
    };
    let expected = |all: &str, agents: &str, number| (all.to_string(), agents.to_string(), number);
    assert_eq!(step(SupervisorMode::Coach), expected("", "3 3 Joined", 1));
    assert_eq!(step(SupervisorMode::Coach), expected("", "", 0));
    assert_eq!(step(SupervisorMode::BargeIn), expected("3 3 Joined", "4 3 Joined", 1));
    assert_eq!(
        step(SupervisorMode::Coach),
        expected("4 3 Left Itself", "5 3 Left Itself, 6 3 Joined", 2)
    );
    assert_eq!(step(SupervisorMode::Monitor), expected("", "7 3 Left Itself", 2));
}

#[test]
fn what_a_supervisor_asked_for_fails_for_himself_alone() {
    for (action, last) in [
        (Floor::new().by(SUPERVISOR, Action::Reject), Status::Completed),
        (SystemAction::ExpireOffer { number: 2, running_since: Time(0) }.into(), Status::Revoked),
        (SystemAction::AgentGone { user: SUPERVISOR }.into(), Status::Revoked),
    ] {
        let (mut floor, id) = state("talking with intrusion");
        let decision = floor.machine(id, action.clone());
        assert_eq!(seen(&decision, SUPERVISOR), Some((last, false)), "{action:?}");
        assert_eq!(shown(&decision, ANN), None, "{action:?}");
    }
}

#[test]
fn an_owner_goes_on_as_if_nobody_had_asked_to_look_on() {
    let bob = || Named::Known(BOB);
    for action in
        [Action::Invite(bob()), Action::Consult(bob()), Action::Transfer(Target::Agent(bob()))]
    {
        let (mut floor, id) = state("talking with intrusion");
        assert_eq!(
            floor.tries(BOB, id, Action::Accept { nickname: None }).map(drop).unwrap_err(),
            in_chat(Operation::Accept)
        );
        floor.does(ANN, id, action.clone());
        assert_eq!(
            floor.tries(ANN, id, Action::Invite(Named::Known(CID))),
            Err(Rejection::OfferOpen)
        );
        assert_eq!(floor.interactions[&id].status_for(SUPERVISOR), Status::Invited, "{action:?}");
        let came = floor.does(SUPERVISOR, id, Action::Accept { nickname: None });
        assert_eq!((shown(&came, ANN), shown(&came, BOB)), (None, None), "{action:?}");
        let taken = floor.does(BOB, id, Action::Accept { nickname: None });
        assert_eq!(seen(&taken, BOB), Some((Status::Chatting, true)), "{action:?}");
        let watches = |it: &handoff_domain::interaction::Participant| it.user == SUPERVISOR;
        assert!(taken.after.others().iter().any(watches), "{action:?}");
    }
}

fn in_chat(command: Operation) -> Rejection {
    Rejection::WrongState { status: Status::Chatting, command }
}

#[test]
fn supervision_ends_when_there_is_nothing_to_look_at_any_more() {
    let queue = |floor: &Floor| Action::PlaceInQueue(in_queue(floor, &Media::Chat));
    let floor = Floor::new();
    for action in [
        floor.by(ANN, queue(&floor)),
        floor.by(ANN, Action::EndChatSession),
        floor.by(ANN, Action::Complete { queue: None }),
        CustomerAction::Leave { reason: LeaveReason::Itself }.into(),
        SystemAction::AgentGone { user: ANN }.into(),
    ] {
        let (mut floor, id) = state("talking with intrusion");
        let decision = floor.machine(id, action.clone());
        assert_eq!(seen(&decision, SUPERVISOR), Some((Status::Revoked, false)), "{action:?}");
        assert!(
            decision.timers.contains(&TimerChange::Clear(TimerKind::Offer { number: 2 })),
            "{action:?}"
        );
        let is_revoked =
            |fact: &Fact| matches!(fact, Fact::OfferRevoked { to, .. } if *to == SUPERVISOR);
        assert!(
            decision.events.iter().flat_map(|event| &event.facts).any(is_revoked),
            "{action:?}"
        );
    }
}

#[test]
fn what_an_owner_offers_a_supervisor_takes_the_place_of_what_they_asked_for() {
    let sam = || Named::Known(SUPERVISOR);
    for (action, kind, shown_to) in [
        (Action::Invite(sam()), OfferKind::Invite, Visibility::All),
        (Action::Consult(sam()), OfferKind::Consult, Visibility::Agents),
        (Action::Transfer(Target::Agent(sam())), OfferKind::Transfer, Visibility::All),
    ] {
        for from in ["talking with intrusion", "talking while monitored"] {
            let (mut floor, id) = state(from);
            let offered = floor.does(ANN, id, action.clone());
            assert_eq!(
                seen(&offered, SUPERVISOR),
                Some((Status::Invited, true)),
                "{action:?} {from}"
            );
            assert_eq!(
                offered.after.acceptable().map(|offer| offer.kind).collect::<Vec<_>>(),
                [kind]
            );
            let taken = floor.does(SUPERVISOR, id, Action::Accept { nickname: None });
            invariants::check(&floor.snapshot()).expect("whole");
            let party = chat(&taken).present(SUPERVISOR).expect("they are there");
            assert_eq!(
                (party.sees, party.shown_to),
                (Visibility::Agents, shown_to),
                "{action:?} {from}"
            );
            assert!(floor.desks[&SUPERVISOR].slots.contains_key(&id), "{action:?} {from}");
        }
    }
}

#[test]
fn an_invitation_that_is_taken_back_leaves_who_looks_on_where_he_was() {
    let (mut floor, id) = state("talking while monitored");
    let sam = || Named::Known(SUPERVISOR);
    floor.does(ANN, id, Action::Invite(sam()));
    let removed = floor.does(ANN, id, Action::RemoveParticipant(sam()));
    assert_eq!(seen(&removed, SUPERVISOR), Some((Status::Chatting, true)));
    assert_eq!((removed.after.others().len(), removed.said().count()), (1, 0));
}

/// What supervisors ask for was once kept in the owner's slot; one that is stored so ends like any
/// other.
#[test]
fn what_was_stored_as_an_offer_is_taken_or_ends() {
    let stored = || {
        let (mut floor, id) = state("talking with intrusion");
        let interaction = floor.interactions.get_mut(&id).expect("it exists");
        let State::Handling(handling) = &mut interaction.state else { panic!("it is owned") };
        handling.offer = handling.supervision_offers.pop();
        (floor, id)
    };
    let (mut floor, id) = stored();
    let taken = floor.does(SUPERVISOR, id, Action::Accept { nickname: None });
    assert_eq!((taken.after.others().len(), taken.after.offer()), (1, None));
    assert_eq!(shown(&taken, ANN), None);
    let (mut floor, id) = stored();
    let expired =
        floor.machine(id, SystemAction::ExpireOffer { number: 2, running_since: Time(0) });
    assert_eq!((expired.after.offer(), shown(&expired, ANN)), (None, None));
}

#[test]
fn a_monitor_who_is_offered_the_chat_and_goes_leaves_an_answer_to_its_owner() {
    for leaves in [true, false] {
        let (mut floor, id) = state("talking while monitored");
        floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(SUPERVISOR))));
        let decision = match leaves {
            true => floor.does(SUPERVISOR, id, Action::Leave),
            false => floor.machine(id, SystemAction::AgentGone { user: SUPERVISOR }),
        };
        assert_eq!(shown(&decision, ANN).expect("told").kind, NotificationType::Error);
        assert!(floor.desks[&SUPERVISOR].slots.is_empty());
    }
}
