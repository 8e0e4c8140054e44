//! Sending: what goes out, what is put off, what comes back, and what somebody looks at first.

use std::sync::Arc;

use handoff_domain::command::{Action, Dispatch, Draft, SystemAction};
use handoff_domain::event::Fact;
use handoff_domain::id::{InteractionId, QueueId};
use handoff_domain::interaction::decide::Decision;
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::{Email, Queue, State, Status};

use crate::floor::{Floor, GROUP, SUPERVISOR, queue_id};
use crate::support::{ANN, BOB, in_queue, reply, seen, written};

fn send() -> Action {
    Action::Send(Box::default())
}

fn email(decision: &Decision) -> &Email {
    decision.after.email().expect("an e-mail")
}

/// Lets the customer write again in the thread of an interaction.
fn writes_again(floor: &mut Floor, root: InteractionId) -> InteractionId {
    let id = floor.open(&Media::Email);
    let again = floor.interactions.get_mut(&id).expect("it was opened");
    again.thread = Some(root);
    again.parent = Some(root);
    again.subject = Some("Forget it".to_string());
    id
}

/// Returns the queue of e-mails a review queue.
fn reviewed(floor: &mut Floor) -> QueueId {
    let queues = Arc::make_mut(&mut floor.queues);
    let queue = queues.get_mut(&queue_id(&Media::Email)).expect("it exists");
    let review = Queue { id: QueueId(0x4e), name: "review".to_string(), ..queue.clone() };
    queue.review = Some(review.id);
    let id = review.id;
    queues.insert(id, review);
    id
}

#[test]
fn a_sender_who_is_none_of_ours_gives_way_to_a_mailbox() {
    let from = |address: &str| {
        let email = Email { from: address.to_string(), ..written() };
        Action::Send(Box::new(Dispatch { email: Some(email), ..Dispatch::default() }))
    };
    let strange = "eve@customer.example";
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    assert_eq!(email(&floor.does(ANN, draft, from(strange))).from, "support@ours.example");
    let mut floor = Floor::new();
    floor.default_sender = None;
    let (_, draft) = floor.answered();
    let refused = floor.tries(ANN, draft, from(strange));
    assert_eq!(refused.unwrap_err(), Rejection::NotOurAddress { address: strange.to_string() });
    assert_eq!(floor.tries(ANN, draft, from("")).unwrap_err(), Rejection::NoSender);
}

#[test]
fn a_mail_that_is_sent_has_a_sender_and_a_message_id() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let decision = floor.does(ANN, draft, send());
    let expected =
        State::Sending { by: Some(ANN), since: floor.now, attempt: 0, due: floor.now, last: None };
    assert_eq!(decision.after.state, expected);
    assert_eq!(email(&decision).from, "support@ours.example");
    assert_eq!(
        email(&decision).message_id.as_deref(),
        Some(&*format!("{draft}.1.support@ours.example")),
        "the message-id is made of the sender and the number of sends"
    );
}

#[test]
fn the_last_text_and_subject_go_out_with_send() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let email_now =
        Email { body: "Dear Eve".to_string(), from: "sales@ours.example".to_string(), ..written() };
    let subject = Some("Your order".to_string());
    let dispatch = Dispatch { email: Some(email_now), subject, ..Dispatch::default() };
    let decision = floor.does(ANN, draft, Action::Send(Box::new(dispatch)));
    assert_eq!(decision.after.subject.as_deref(), Some("Your order"));
    assert_eq!(
        (email(&decision).body.as_str(), email(&decision).from.as_str()),
        ("Dear Eve", "sales@ours.example")
    );
}

#[test]
fn what_is_put_off_stays_the_same_mail_and_nobody_is_told() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let sent = floor.does(ANN, draft, send());
    for attempt in 1..=3 {
        let next = floor.now.plus_ms(60_000);
        let reply = "451 busy".to_string();
        let wish = SystemAction::DeliveryDeferred { reply: reply.clone(), next };
        let put_off = floor.machine(draft, wish);
        assert_eq!(put_off.events[0].facts, [Fact::DeliveryDeferred { attempt, reply, next }]);
        assert!(put_off.events[0].notices.is_empty());
        assert_eq!(put_off.after.epoch, sent.after.epoch);
        assert_eq!(email(&put_off), email(&sent));
        let State::Sending { by: Some(ANN), attempt: found, due, .. } = put_off.after.state else {
            panic!("{:?}", put_off.after.state)
        };
        assert_eq!((found, due), (attempt, next));
    }
}

#[test]
fn a_mail_that_came_back_and_is_sent_again_is_another_one() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let first = floor.does(ANN, draft, send());
    floor.machine(draft, SystemAction::DeliveryFailed { reason: "refused".to_string() });
    let second = floor.does(ANN, draft, send());
    assert_ne!(email(&first).message_id, email(&second).message_id);
    assert_eq!(email(&second).sends, 2);
}

#[test]
fn a_draft_written_before_the_customer_wrote_again_goes_out_by_force_only() {
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    let newer = writes_again(&mut floor, original);
    let refusal = floor.tries(ANN, draft, send());
    let Err(Rejection::NewerMessage { id, subject, received }) = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!((id, subject.as_deref(), received), (newer, Some("Forget it"), floor.now));
    let mut forced = floor.clone();
    let dispatch = Dispatch { force: true, ..Dispatch::default() };
    assert_eq!(
        forced.does(ANN, draft, Action::Send(Box::new(dispatch))).after.status(),
        Status::Sending
    );
    let dispatch = Dispatch { base: Some(newer), ..Dispatch::default() };
    let seen_it = floor.does(ANN, draft, Action::Send(Box::new(dispatch)));
    assert_eq!(seen_it.after.status(), Status::Sending, "its writer has seen the newer one");
}

#[test]
fn what_its_writer_saw_last_is_of_the_thread_or_nothing() {
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    writes_again(&mut floor, original);
    let elsewhere = floor.open(&Media::Email);
    let task = floor.open(&Media::Workitem);
    for wrong in [elsewhere, task, InteractionId(u128::MAX >> 40)] {
        let dispatch = Dispatch { base: Some(wrong), ..Dispatch::default() };
        assert_eq!(
            floor.tries(ANN, draft, Action::Send(Box::new(dispatch))),
            Err(Rejection::OtherThread)
        );
        let Action::CreateDraft(answer) = reply() else { panic!("it makes a draft") };
        let answer = Action::CreateDraft(Box::new(Draft { base: Some(wrong), ..*answer }));
        assert_eq!(floor.tries(ANN, original, answer), Err(Rejection::OtherThread));
    }
}

#[test]
fn a_draft_begun_after_the_customer_wrote_again_goes_out() {
    let mut floor = Floor::new();
    let original = floor.owned(&Media::Email);
    let newer = writes_again(&mut floor, original);
    let draft = floor.does(ANN, original, reply()).related[0].clone();
    assert_eq!(draft.email().and_then(|email| email.base), Some(newer));
    assert_eq!(floor.does(ANN, draft.id, send()).after.status(), Status::Sending);
}

#[test]
fn another_thread_does_not_hinder_a_draft() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    floor.open(&Media::Email);
    assert_eq!(floor.does(ANN, draft, send()).after.status(), Status::Sending);
}

#[test]
fn an_agents_draft_is_looked_at_by_a_supervisor_before_it_goes_out() {
    let mut floor = Floor::new();
    let (original, draft) = floor.answered();
    let review = reviewed(&mut floor);
    let action = out_with(&floor);
    let sent = floor.does(ANN, draft, action.clone());
    assert_eq!(sent.after.status(), Status::Queued);
    assert_eq!(sent.after.queue, Some(review));
    assert_eq!(seen(&sent, ANN), Some((Status::Completed, false)));
    assert_eq!(sent.events[0].facts[0], Fact::SentForReview);
    assert_eq!((email(&sent).sends, email(&sent).message_id.as_ref()), (0, None));
    assert_eq!(floor.interactions[&original].drafts, [draft].into(), "it is open still");
    floor.give(draft, BOB);
    let passed = floor.does(BOB, draft, action);
    assert_eq!(
        passed.after.status(),
        Status::Sending,
        "whoever serves the review queue lets it go"
    );
    assert!(floor.interactions[&original].drafts.is_empty());
}

fn out_with(floor: &Floor) -> Action {
    Action::Send(Box::new(Dispatch {
        queue: Some(in_queue(floor, &Media::Email)),
        ..Dispatch::default()
    }))
}

#[test]
fn a_supervisors_own_draft_is_not_looked_at() {
    let mut floor = Floor::new();
    reviewed(&mut floor);
    let original = floor.open(&Media::Email);
    let supervisor = Arc::make_mut(&mut floor.users).get_mut(&SUPERVISOR).expect("a user");
    supervisor.groups.insert(GROUP);
    floor.give(original, SUPERVISOR);
    let draft = floor.does(SUPERVISOR, original, reply()).related[0].id;
    let action = out_with(&floor);
    assert_eq!(floor.does(SUPERVISOR, draft, action).after.status(), Status::Sending);
}

#[test]
fn a_review_queue_that_is_gone_is_said_and_nothing_goes_out() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let review = reviewed(&mut floor);
    let action = out_with(&floor);
    Arc::make_mut(&mut floor.queues).remove(&review);
    assert!(matches!(floor.tries(ANN, draft, action), Err(Rejection::Unknown { .. })));
}
