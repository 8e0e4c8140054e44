//! Drafts and their originals.

use handoff_domain::command::{Action, SystemAction};
use handoff_domain::event::{Fact, Notice, NotificationType, Owner, Subject, View};
use handoff_domain::interaction::Status;
use handoff_domain::media::{Direction, Media};
use handoff_domain::rejection::Rejection;

use crate::floor::Floor;
use crate::support::{ANN, reply, seen};

#[test]
fn a_reply_is_a_new_interaction_in_its_writers_hands() {
    let mut floor = Floor::new();
    let original = floor.owned(&Media::Email);
    let decision = floor.does(ANN, original, reply());
    let draft = &decision.related[0];
    assert_eq!((draft.parent, draft.direction), (Some(original), Direction::Outbound));
    assert_eq!((draft.owner(), draft.status()), (Some(ANN), Status::Composing));
    assert_eq!(draft.sub_type, "OutboundReply");
    assert_eq!(draft.subject.as_deref(), Some("Re: order"));
    assert_eq!(draft.user_data, decision.after.user_data, "it inherits the user data");
    assert_eq!(decision.after.drafts, [draft.id].into());
    let silent = floor.now.plus_ms(floor.options.handling_timeout_ms);
    assert_eq!(decision.owners, [(ANN, silent)].into(), "the draft has an owner to watch over");
}

#[test]
fn what_nobody_outside_wrote_is_not_answered() {
    let mut floor = Floor::new();
    let id = floor.owned(&Media::Email);
    floor.interactions.get_mut(&id).expect("it is there").direction = Direction::Internal;
    assert!(matches!(floor.tries(ANN, id, reply()), Err(Rejection::WrongState { .. })));
}

/// Returns what is told of an original when its drafts change.
fn told_of_drafts() -> Notice {
    Notice {
        to: Owner::User(ANN),
        view: View::Concerned(Status::Processing),
        kind: NotificationType::PropertiesUpdated,
        error: None,
        reference: None,
    }
}

#[test]
fn the_draft_is_shown_and_what_may_be_done_with_its_original() {
    let mut floor = Floor::new();
    let original = floor.owned(&Media::Email);
    let decision = floor.does(ANN, original, reply());
    let [first, second] = decision.events.as_slice() else { panic!("two events") };
    assert_eq!(first.facts, [Fact::DraftCreated { draft: decision.related[0].id }]);
    assert_eq!(first.notices, [told_of_drafts()]);
    assert!(
        matches!(&second.subject, Subject::Interaction(draft) if draft.parent == Some(original))
    );
    assert_eq!(second.notices[0].view, View::Concerned(Status::Composing));
}

#[test]
fn an_original_is_completed_only_when_no_draft_is_open() {
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    let complete = || Action::Complete { queue: None };
    assert_eq!(floor.tries(ANN, original, complete()), Err(Rejection::OpenDraft { draft }));
    let sent = floor.does(ANN, draft, Action::Send(Box::default()));
    assert!(sent.related[0].drafts.is_empty());
    assert_eq!(sent.events[1].facts, [Fact::DraftClosed { draft, answers: true }]);
    assert_eq!(sent.events[1].notices, [told_of_drafts()]);
    assert!(floor.does(ANN, original, complete()).after.is_ended());
}

#[test]
fn a_draft_that_was_given_up_is_open_no_more() {
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    let canceled = floor.does(ANN, draft, Action::Cancel);
    assert_eq!(seen(&canceled, ANN), Some((Status::Canceled, false)));
    assert_eq!(canceled.events[1].notices, [told_of_drafts()]);
    assert_eq!(canceled.events[1].facts, [Fact::DraftClosed { draft, answers: false }]);
    assert!(floor.interactions[&original].drafts.is_empty());
}

#[test]
fn a_draft_that_came_back_is_open_again_unless_its_original_is_over() {
    let failed = || SystemAction::DeliveryFailed { reason: "refused".to_string() };
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    floor.does(ANN, draft, Action::Send(Box::default()));
    let back = floor.machine(draft, failed());
    assert_eq!(back.events[1].facts, [Fact::DraftReopened { draft }]);
    assert_eq!(back.events[1].notices, [told_of_drafts()]);
    assert_eq!(floor.interactions[&original].drafts, [draft].into());
    floor.does(ANN, draft, Action::Send(Box::default()));
    floor.does(ANN, original, Action::Complete { queue: None });
    let back = floor.machine(draft, failed());
    assert!(back.related.is_empty());
    assert!(floor.does(ANN, draft, Action::Cancel).related.is_empty());
}

#[test]
fn saving_keeps_text_and_subject_and_is_told_as_such() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let email =
        handoff_domain::interaction::Email { body: "Dear Eve".to_string(), ..Default::default() };
    let save = Action::SaveDraft { email: email.clone(), subject: Some("Your order".to_string()) };
    let decision = floor.does(ANN, draft, save);
    assert_eq!(decision.after.email().map(|email| &email.body), Some(&email.body));
    assert_eq!(decision.after.subject.as_deref(), Some("Your order"));
    assert_eq!(decision.events[0].notices[0].kind, NotificationType::DraftSaved);
}

#[test]
fn a_sent_mail_is_shown_to_its_sender_to_the_end() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let sending = floor.does(ANN, draft, Action::Send(Box::default()));
    assert_eq!(seen(&sending, ANN), Some((Status::Sending, true)));
    let sent = floor.machine(draft, SystemAction::Delivered);
    assert_eq!(seen(&sent, ANN), Some((Status::Sent, false)));
}
