//! Letters: how they come into being, and what their senders are told.

use handoff_domain::command::{Named, SystemAction};
use handoff_domain::event::{Fact, Subject};
use handoff_domain::id::InteractionId;
use handoff_domain::interaction::decide::Decision;
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::time::Time;
use handoff_domain::{
    Arrival, Automatic, Direction, Email, Filing, Interaction, Outcome, Placement, Report,
    ReportKind, Sender, Silence, State, Status, Threading, Unproven, silence,
};

use crate::floor::{Floor, queue_id};
use crate::support::{confirming, plain};

fn facts(decision: &Decision) -> &[Fact] {
    &decision.events[0].facts
}

#[test]
fn a_letter_waits_and_its_history_says_where_it_belongs() {
    let mut floor = Floor::new();
    let how = Threading::NotProven(Unproven::SomebodyElses);
    let remark = "A part was cut off.".to_string();
    let arrival = Arrival { remarks: vec![remark.clone()], ..plain(how) };
    let decision = floor.arrives(floor.letter(), arrival);
    assert_eq!(decision.after.status(), Status::Queued);
    assert_eq!(decision.events[0].cause, handoff_domain::event::Cause::Server);
    let [
        Fact::Opened,
        Fact::Threaded { parent: None, how: found },
        Fact::Remark(found_remark),
        Fact::Queued { .. },
    ] = facts(&decision)
    else {
        panic!("{:?}", facts(&decision))
    };
    assert_eq!((*found, found_remark), (how, &remark));
}

#[test]
fn an_answer_is_in_the_thread_of_what_it_answers() {
    let mut floor = Floor::new();
    let first = floor.arrives(floor.letter(), plain(Threading::NothingNamed)).after;
    let mut answer = floor.letter();
    answer.parent = Some(first.id);
    let second = floor.arrives(answer, plain(Threading::Token)).after;
    assert_eq!((first.thread, first.thread_root()), (None, first.id));
    assert_eq!((second.parent, second.thread), (Some(first.id), Some(first.id)));
    let mut answer = floor.letter();
    answer.parent = Some(second.id);
    let third = floor.arrives(answer, plain(Threading::KnownMessage)).after;
    assert_eq!((third.parent, third.thread_root()), (Some(second.id), first.id));
}

#[test]
fn what_asks_nothing_of_anybody_is_put_on_file() {
    for why in [Filing::OwnMessage, Filing::Report, Filing::Loop] {
        let mut floor = Floor::new();
        let mut new = floor.letter();
        new.placement = Placement::Filed(why);
        let decision = floor.arrives(new, plain(Threading::NothingNamed));
        assert_eq!(
            decision.after.state,
            State::Ended { outcome: Outcome::Completed, at: floor.now },
            "{why:?}"
        );
        assert_eq!(facts(&decision).last(), Some(&Fact::Filed { why }));
        assert!(decision.timers.is_empty() && decision.desks.is_empty());
        assert!(decision.events[0].notices.is_empty());
    }
}

#[test]
fn a_confirmation_comes_into_being_on_its_way_out() {
    let mut floor = Floor::new();
    let decision = floor.arrives(floor.letter(), confirming(InteractionId::compose(3, 1)));
    let [ack] = decision.related.as_slice() else { panic!("one confirmation") };
    assert!(facts(&decision).contains(&Fact::Acknowledged { by: ack.id }));
    assert_eq!(
        (ack.direction, ack.sub_type.as_str()),
        (Direction::Outbound, "OutboundAcknowledgement")
    );
    assert_eq!((ack.parent, ack.thread), (Some(decision.after.id), Some(decision.after.id)));
    assert_eq!((ack.contact.as_deref(), ack.epoch), (Some("c1"), 1));
    let expected =
        State::Sending { by: None, since: floor.now, attempt: 0, due: floor.now, last: None };
    assert_eq!(ack.state, expected);
    assert!(ack.people().is_empty() && ack.drafts.is_empty());
    let subjects = decision.events.iter().map(|event| &event.subject);
    assert!(subjects.skip(1).all(|it| matches!(it, Subject::Interaction(it) if it.id == ack.id)));
}

#[test]
fn a_confirmation_that_cannot_be_delivered_is_given_up() {
    let mut floor = Floor::new();
    let (letter, ack) = floor.confirmed();
    let failed =
        floor.machine(ack, SystemAction::DeliveryFailed { reason: "no such mailbox".to_string() });
    assert_eq!(failed.after.status(), Status::Canceled);
    assert!(failed.related.is_empty() && failed.events[0].notices.is_empty());
    assert_eq!(floor.interactions[&letter].status(), Status::Queued);
    let (_, ack) = Floor::new().confirmed();
    assert_ne!(ack, letter);
}

#[test]
fn why_a_letter_is_not_confirmed_is_kept() {
    let mut floor = Floor::new();
    let why = Silence::Automatic(Automatic::List);
    let arrival = Arrival { acknowledgement: Some(Err(why)), ..plain(Threading::NothingNamed) };
    let decision = floor.arrives(floor.letter(), arrival);
    assert!(facts(&decision).contains(&Fact::NotAcknowledged { why }));
    assert!(decision.related.is_empty());
}

#[test]
fn programs_senders_without_an_address_and_the_same_sender_again_get_no_confirmation() {
    let now = Time(1_000_000_000);
    let from = |from: &str| Email { from: from.to_string(), ..Email::default() };
    let letter = from("eve@customer.example");
    let report = Report { kind: ReportKind::NonDelivery, originals: vec![], recipients: vec![] };
    let from = |address: &str| Email { from: address.to_string(), ..letter.clone() };
    let ago = |ms| Sender { is_ours: false, last_answered: Some(Time(now.0 - ms)) };
    let day = i64::try_from(Silence::LATELY_MS).expect("a day");
    let unknown = Sender::default();
    for (email, sender, expected) in [
        (letter.clone(), unknown, None),
        (letter.clone(), ago(day), None),
        (letter.clone(), ago(day - 1), Some(Silence::Lately)),
        (letter.clone(), ago(-5), Some(Silence::Lately)),
        (from("No-Reply+7@shop.example"), ago(day), Some(Silence::Unread)),
        (from("shop_donotreply@shop.example"), ago(day), Some(Silence::Unread)),
        (from("talk-request@lists.example"), ago(day), Some(Silence::Unread)),
        (from("owner-talk@lists.example"), ago(day), Some(Silence::Unread)),
        (from("MAILER-DAEMON@shop.example"), ago(day), Some(Silence::Unread)),
        (from("norea.plyer@shop.example"), ago(day), None),
        (from("owner@shop.example"), ago(day), None),
        (letter.clone(), Sender { is_ours: true, last_answered: None }, Some(Silence::OwnAddress)),
        (from(""), unknown, Some(Silence::NoSender)),
        (Email { report: Some(report), ..letter.clone() }, unknown, Some(Silence::Report)),
        (
            Email { automatic: Some(Automatic::Bulk), ..letter.clone() },
            unknown,
            Some(Silence::Automatic(Automatic::Bulk)),
        ),
    ] {
        assert_eq!(silence(&email, sender, now), expected, "{email:?} {sender:?}");
    }
}

#[test]
fn a_letter_to_a_queue_of_another_medium_is_refused() {
    let floor = Floor::new();
    let mut new = floor.letter();
    new.queue = Named::Known(floor.queues[&queue_id(&Media::Chat)].clone());
    let refusal =
        floor.try_letter(new, plain(Threading::NothingNamed)).map(|it: Decision| it.after);
    let is_wrong = matches!(refusal, Err::<Interaction, _>(Rejection::WrongMedia { .. }));
    assert!(is_wrong);
}
