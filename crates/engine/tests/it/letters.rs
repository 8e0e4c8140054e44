//! Letters that come in: once, in the right thread, confirmed at most once a day, and none lost.

use std::collections::BTreeSet;

use handoff_domain::{
    Address, Attachment, Automatic, CenterId, Direction, Fact, FileId, Filing, Interaction, Letter,
    Media, Outcome, Report, ReportKind, Silence, State, Status, Threading, Time, Unproven,
};
use handoff_engine::{ExecuteError, RawMessage, contact_id};
use handoff_store::{ChangeSet, Key, Receipt, Record, Store, SubjectKey, Versioned};

use crate::post_office::{MAILBOX, letter};
use crate::rig::{CENTER, Fault, KATE, Rig};

const EVE: &str = "eve@customer.example";
const ADAM: &str = "adam@elsewhere.example";

/// Returns a letter a date.
fn dated(letter: Letter) -> Letter {
    Letter { date: Some(Time(1_793_955_600_000)), ..letter }
}

async fn facts(rig: &Rig, interaction: &Interaction) -> Vec<Fact> {
    let page = rig.store.history(SubjectKey::Interaction(interaction.id), 0, 99).await.unwrap();
    page.items.into_iter().flat_map(|entry| entry.facts).collect()
}

async fn threading(rig: &Rig, interaction: &Interaction) -> Threading {
    let threaded = facts(rig, interaction).await.into_iter().find_map(|fact| match fact {
        Fact::Threaded { how, .. } => Some(how),
        _ => None,
    });
    threaded.unwrap()
}

#[tokio::test]
async fn a_letter_waits_with_all_that_is_known_of_it() {
    let rig = Rig::with_mailbox(false).await;
    let (name, content_type) = ("chart.png".to_owned(), "image/png".to_owned());
    let file = Attachment {
        file: FileId(7),
        name,
        bytes: 3,
        content_type,
        content_id: None,
        inline: false,
    };
    let mut new = rig
        .new_letter(Letter { remarks: vec!["A part was odd.".to_owned()], ..letter(EVE, "first") });
    new.attachments = vec![file.clone()];
    new.raw = Some(RawMessage { file: FileId(8), bytes: 900 });
    let taken = rig.engine.letters().take_in_letter(&new).await.unwrap();
    assert!(taken.is_new);
    let stored = rig.stored(taken.id).await;
    assert_eq!((stored.status(), stored.media().clone()), (Status::Queued, Media::Email));
    assert_eq!(
        (stored.sub_type.as_str(), stored.subject.as_deref()),
        ("InboundNew", Some("An order"))
    );
    assert_eq!(stored.contact, Some(contact_id(CENTER, EVE).to_string()));
    let email = stored.email().cloned().unwrap();
    assert_eq!((email.from.as_str(), email.to), (EVE, vec![MAILBOX.to_owned()]));
    assert_eq!((email.attachments, email.raw), (vec![file], Some(FileId(8))));
    assert_eq!(
        (email.mailbox.as_deref(), email.body_as_plain_text.as_str()),
        (Some(MAILBOX), "Where is it?")
    );
    for file in [FileId(7), FileId(8)] {
        let kept = rig.store.load(&[Key::File(file)]).await.unwrap().pop().flatten();
        let Some(Versioned { value: Record::File(kept), .. }) = kept else {
            panic!("{file} is not kept")
        };
        assert_eq!(kept.interaction, stored.id);
    }
    assert!(facts(&rig, &stored).await.contains(&Fact::Remark("A part was odd.".to_owned())));
    let contact =
        rig.engine.views().contact(CENTER, contact_id(CENTER, EVE)).await.unwrap().unwrap();
    assert_eq!((contact.address.as_str(), contact.name.as_deref()), (EVE, Some("Eve")));
    assert!(rig.engine.views().contact(CenterId(2), contact.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_copy_of_a_letter_is_none() {
    let rig = Rig::with_mailbox(false).await;
    let first = rig.takes_in(dated(letter(EVE, "first"))).await;
    let again = rig.takes_in(dated(letter("Eve <EVE@customer.example>", "first"))).await;
    assert_eq!((again.interaction.id, again.is_new), (first.interaction.id, false));
    let mut by_another_mailbox = rig.new_letter(dated(letter(EVE, "first")));
    by_another_mailbox.mailbox = "sales@demo.example".to_owned();
    let again = rig.engine.letters().take_in_letter(&by_another_mailbox).await.unwrap();
    assert_eq!((again.id, again.is_new), (first.interaction.id, false));
    let nameless = || Letter { message_id: None, ..letter(EVE, "second") };
    let first = rig.takes_in(nameless()).await;
    assert!(first.is_new);
    assert!(!rig.takes_in(nameless()).await.is_new);
    let restarted = rig.restarted().await;
    assert!(!restarted.takes_in(nameless()).await.is_new, "and for good");
    let mut brought =
        restarted.new_letter(dated(Letter { message_id: None, ..letter(EVE, "third") }));
    assert!(restarted.engine.letters().take_in_letter(&brought).await.unwrap().is_new);
    brought.raw_hash = "by another way".to_owned();
    assert!(!restarted.engine.letters().take_in_letter(&brought).await.unwrap().is_new);
}

#[tokio::test]
async fn a_message_id_that_comes_again_with_something_else_is_of_another_letter() {
    let rig = Rig::with_mailbox(false).await;
    let first = dated(letter(EVE, "first"));
    let later = first.date.map(|date| date.plus_ms(1_000));
    let others = [
        first.clone(),
        Letter { from: Some(Address { address: ADAM.to_owned(), name: None }), ..first.clone() },
        Letter { from: None, ..first.clone() },
        Letter { automatic: Some(Automatic::OwnMessage), ..first.clone() },
        Letter { subject: Some("Please call me back".to_owned()), ..first.clone() },
        Letter { subject: None, ..first.clone() },
        Letter { date: later, ..first.clone() },
        Letter { date: None, ..first.clone() },
        Letter { body_hash: "another".to_owned(), ..first },
    ];
    let mut ids = BTreeSet::new();
    for letter in others {
        let taken = rig.takes_in(letter.clone()).await;
        assert!(taken.is_new, "{letter:?}");
        ids.insert(taken.interaction.id);
        assert!(!rig.takes_in(letter.clone()).await.is_new, "a copy of it is none: {letter:?}");
    }
    assert_eq!(ids.len(), 9);
}

/// Receipts of before the sender, the subject and the date counted go on keeping out second copies,
/// and nothing else.
#[tokio::test]
async fn an_older_receipt_is_believed_of_a_letter_that_is_the_same_in_all() {
    let rig = Rig::with_mailbox(false).await;
    let first = dated(letter(EVE, "first"));
    let taken = rig.takes_in(first.clone()).await.interaction;
    let scope = format!("mail/{CENTER}/{MAILBOX}");
    let older = |key: &str| Receipt {
        scope: scope.clone(),
        key: key.to_owned(),
        fingerprint: String::new(),
        answer: taken.id.to_string(),
        expires: None,
    };
    // What that version kept of another copy of the same letter, and of a letter without a name.
    let receipts = vec![older("first@customer.example hash of copy"), older("raw Nameless")];
    rig.store.commit(ChangeSet { receipts, ..ChangeSet::default() }).await.unwrap();
    let copy = Letter { body_hash: "hash of copy".to_owned(), ..first };
    let again = rig.takes_in(copy.clone()).await;
    assert_eq!((again.interaction.id, again.is_new), (taken.id, false));
    let another = Letter { subject: Some("Please call me back".to_owned()), ..copy };
    assert!(rig.takes_in(another).await.is_new);
    let nameless =
        Letter { message_id: None, text: "Nameless".to_owned(), ..letter(EVE, "nameless") };
    assert!(!rig.takes_in(nameless).await.is_new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_copies_at_once_one_becomes_an_interaction() {
    let rig = Rig::with_mailbox(true).await;
    for round in 0..20 {
        let new =
            rig.new_letter(letter(&format!("{round}@customer.example"), &format!("copy {round}")));
        let copies = (0..4).map(|_| {
            let (engine, new) = (rig.engine.clone(), new.clone());
            tokio::spawn(async move { engine.letters().take_in_letter(&new).await.unwrap() })
        });
        let taken = futures_util::future::join_all(copies).await;
        let taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
        let ids: BTreeSet<_> = taken.iter().map(|taken| taken.id).collect();
        assert_eq!(ids.len(), 1, "round {round}");
        assert_eq!(taken.iter().filter(|taken| taken.is_new).count(), 1, "round {round}");
    }
    assert_eq!(rig.outgoing().await.len(), 20, "each was confirmed once");
}

/// The crash control: whatever a failing store says, a letter that is brought until it is taken is
/// there exactly once.
#[tokio::test]
async fn a_letter_that_is_brought_again_after_a_failure_is_there_once() {
    for (fault, expected_new) in [(Fault::BeforeCommit, true), (Fault::AfterCommit, false)] {
        let rig = Rig::with_mailbox(true).await;
        rig.store.fail_next(fault);
        let refused =
            rig.engine.letters().take_in_letter(&rig.new_letter(letter(EVE, "first"))).await;
        assert!(matches!(refused, Err(ExecuteError::Store(_))), "{refused:?}");
        assert_eq!(rig.store.fired(), 1);
        let rig = rig.restarted().await;
        let taken = rig.takes_in(letter(EVE, "first")).await;
        assert_eq!(taken.is_new, expected_new, "{fault:?}");
        let history = rig
            .engine
            .views()
            .contact_history(CENTER, contact_id(CENTER, EVE), None, 9)
            .await
            .unwrap();
        let inbound = history.items.iter().filter(|it| it.value.direction == Direction::Inbound);
        assert_eq!(inbound.count(), 1, "{fault:?}");
        assert_eq!(rig.outgoing().await.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn only_what_a_stranger_cannot_know_ties_a_letter_to_another() {
    let rig = Rig::with_mailbox(false).await;
    let first = rig.takes_in(letter(EVE, "first")).await.interaction;
    let named =
        || vec!["unknown@elsewhere.example".to_owned(), "first@customer.example".to_owned()];
    let by = |from: &str, name: &str| letter(from, name);
    let proven = Letter { proven: vec![first.id], ..by(ADAM, "proven") };
    let own = Letter { answers: named(), ..by(&EVE.to_uppercase(), "their own") };
    let unknown =
        Letter { answers: vec!["unknown@elsewhere.example".to_owned()], ..by(EVE, "unknown") };
    let strangers = Letter { answers: named(), ..by(ADAM, "strangers") };
    let subject =
        Letter { subject: Some(format!("Re: An order [{}]", first.id)), ..by(EVE, "subject") };
    for (letter, parent, how, sub_type) in [
        (proven, Some(first.id), Threading::Token, "InboundCustomerReply"),
        (own, Some(first.id), Threading::KnownMessage, "InboundCustomerReply"),
        (unknown, None, Threading::NotProven(Unproven::UnknownMessage), "InboundNew"),
        (strangers, None, Threading::NotProven(Unproven::SomebodyElses), "InboundNew"),
        (subject, None, Threading::NothingNamed, "InboundNew"),
    ] {
        let taken = rig.takes_in(letter).await.interaction;
        assert_eq!((taken.parent, taken.thread), (parent, parent), "{how:?}");
        assert_eq!((threading(&rig, &taken).await, taken.sub_type.as_str()), (how, sub_type));
    }
    let thread = rig.engine.views().thread_of(&first, None, 9).await.unwrap();
    assert_eq!(thread.items.len(), 3);
    assert_eq!(thread.items.last().unwrap().value.id, first.id, "the newest comes first");
}

/// Local parts that differ in their quotes' content alone are different people; the quotes
/// themselves, and the case, tell nobody apart.
#[tokio::test]
async fn a_quoted_sender_is_nobody_else() {
    let rig = Rig::with_mailbox(false).await;
    let first = rig.takes_in(letter("\"eve.\"@customer.example", "first")).await.interaction;
    let named = |from: &str, name: &str| Letter {
        answers: vec!["first@customer.example".to_owned()],
        ..letter(from, name)
    };
    let other = rig.takes_in(named("\"eve..\"@customer.example", "other")).await.interaction;
    assert_eq!(threading(&rig, &other).await, Threading::NotProven(Unproven::SomebodyElses));
    assert_ne!(other.contact, first.contact);
    let same = rig.takes_in(named("\"EVE.\"@Customer.example", "same")).await.interaction;
    assert_eq!((same.parent, same.contact.clone()), (Some(first.id), first.contact.clone()));
}

#[tokio::test]
async fn a_token_of_another_center_proves_nothing() {
    let rig = Rig::with_mailbox(false).await;
    let foreign = rig.foreign_letter(letter(EVE, "foreign")).await;
    let foreign = rig.engine.letters().take_in_letter(&foreign).await.unwrap();
    let named = Letter {
        proven: vec![foreign.id],
        answers: vec!["foreign@customer.example".to_owned()],
        ..letter(EVE, "named")
    };
    let taken = rig.takes_in(named).await.interaction;
    assert_eq!(
        (taken.parent, threading(&rig, &taken).await),
        (None, Threading::NotProven(Unproven::UnknownMessage))
    );
}

#[tokio::test]
async fn a_report_comes_under_the_mail_that_it_is_about() {
    let rig = Rig::with_mailbox(true).await;
    rig.bring_in_a_writer(KATE).await;
    let sent = rig.sends_an_answer().await;
    let message_id = rig.stored(sent).await.email().cloned().unwrap().message_id.unwrap();
    for (kind, sub_type, status) in [
        (ReportKind::NonDelivery, "InboundNDR", Status::Queued),
        (ReportKind::Delivery, "InboundReport", Status::Completed),
        (ReportKind::Disposition, "InboundDisposition", Status::Completed),
    ] {
        let report = Report { kind, originals: vec![message_id.clone()], recipients: vec![] };
        let automatic = Some(Automatic::NullSender);
        let about = letter("mailer-daemon@elsewhere.example", sub_type);
        let taken =
            rig.takes_in(Letter { report: Some(report), automatic, ..about }).await.interaction;
        assert_eq!((taken.parent, taken.sub_type.as_str()), (Some(sent), sub_type));
        assert_eq!((taken.status(), threading(&rig, &taken).await), (status, Threading::ReportOn));
        let found = facts(&rig, &taken).await;
        let is_silent = !found.iter().any(|fact| matches!(fact, Fact::Acknowledged { .. }));
        assert!(is_silent, "{found:?}");
    }
}

#[tokio::test]
async fn a_sender_gets_one_confirmation_a_day() {
    let rig = Rig::with_mailbox(true).await;
    let first = rig.takes_in(letter(EVE, "first")).await.interaction;
    let [ack] = rig.outgoing().await.try_into().unwrap();
    assert_eq!((ack.parent, ack.thread_root()), (Some(first.id), first.id));
    let email = ack.email().cloned().unwrap();
    assert_eq!((email.from.as_str(), email.to), (MAILBOX, vec![EVE.to_owned()]));
    assert_eq!(email.answers, ["first@customer.example"]);
    assert_eq!(email.message_id, Some(format!("{}.1@demo.example", ack.id)));
    let second = rig.takes_in(letter(EVE, "second")).await.interaction;
    assert!(facts(&rig, &second).await.contains(&Fact::NotAcknowledged { why: Silence::Lately }));
    rig.clock.advance_ms(24 * 60 * 60 * 1_000);
    rig.takes_in(letter(EVE, "third")).await;
    assert_eq!(rig.outgoing().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_letters_of_one_sender_at_once_one_is_confirmed() {
    let rig = Rig::with_mailbox(true).await;
    for round in 1..=10 {
        let from = format!("{round}@customer.example");
        let letters = (0..8).map(|n| {
            let (engine, new) =
                (rig.engine.clone(), rig.new_letter(letter(&from, &format!("{round} {n}"))));
            tokio::spawn(async move { engine.letters().take_in_letter(&new).await.unwrap() })
        });
        let taken = futures_util::future::join_all(letters).await;
        assert!(taken.into_iter().all(|taken| taken.unwrap().is_new));
        assert_eq!(rig.outgoing().await.len(), round);
    }
}

#[tokio::test]
async fn programs_and_ourselves_get_no_confirmation() {
    let rig = Rig::with_mailbox(true).await;
    let list = Letter { automatic: Some(Automatic::List), ..letter(EVE, "list") };
    let nobody = Letter { from: None, ..letter(EVE, "nobody") };
    let ours = letter("Support <Support@Demo.example>", "ours");
    for (letter, why) in [
        (list, Silence::Automatic(Automatic::List)),
        (nobody, Silence::NoSender),
        (ours, Silence::OwnAddress),
    ] {
        let taken = rig.takes_in(letter).await.interaction;
        assert!(facts(&rig, &taken).await.contains(&Fact::NotAcknowledged { why }), "{why:?}");
        assert_eq!(taken.status(), Status::Queued);
    }
    assert!(rig.outgoing().await.is_empty());
}

/// Whoever writes in the names of many gets us to write to no more than a few of them.
#[tokio::test]
async fn confirmations_are_bounded_for_each_domain_and_in_all() {
    let rig = Rig::with_mailbox(true).await;
    for n in 0..150 {
        rig.takes_in(letter(&format!("{n}@victim.example"), &format!("flood {n}"))).await;
    }
    assert_eq!(rig.outgoing().await.len(), 100, "to one domain");
    let silent = rig.takes_in(letter("151@victim.example", "one more")).await.interaction;
    assert!(facts(&rig, &silent).await.contains(&Fact::NotAcknowledged { why: Silence::TooMany }));
    assert_eq!(silent.status(), Status::Queued, "the letter itself waits all the same");
    rig.takes_in(letter(EVE, "honest")).await;
    assert_eq!(rig.outgoing().await.len(), 101, "others are told");
    rig.clock.advance_ms(60 * 60 * 1_000);
    rig.takes_in(letter("152@victim.example", "later")).await;
    assert_eq!(rig.outgoing().await.len(), 102);
}

#[tokio::test]
async fn what_programs_write_to_each_other_is_put_on_file() {
    let rig = Rig::with_mailbox(true).await;
    let own = Letter { automatic: Some(Automatic::OwnMessage), ..letter(MAILBOX, "own") };
    let taken = rig.takes_in(own).await.interaction;
    assert!(matches!(taken.state, State::Ended { outcome: Outcome::Completed, .. }));
    let first = rig.takes_in(letter(EVE, "first")).await.interaction.id;
    let program = |n: u32| Letter {
        automatic: Some(Automatic::AutoGenerated),
        ..letter(EVE, &n.to_string())
    };
    for n in 101..=112 {
        let order = rig.takes_in(program(n)).await.interaction;
        assert_eq!(order.status(), Status::Queued, "what answers nothing is no loop");
    }
    rig.clock.advance_ms(10 * 60 * 1_000);
    let robot = |n: u32| Letter { proven: vec![first], ..program(n) };
    for n in 1..=10 {
        assert_eq!(rig.takes_in(robot(n)).await.interaction.status(), Status::Queued, "{n}");
    }
    let filed = rig.takes_in(robot(11)).await.interaction;
    assert_eq!(filed.status(), Status::Completed);
    assert!(facts(&rig, &filed).await.contains(&Fact::Filed { why: Filing::Loop }));
    assert_eq!(rig.takes_in(letter(EVE, "herself")).await.interaction.status(), Status::Queued);
    rig.clock.advance_ms(10 * 60 * 1_000);
    assert_eq!(
        rig.takes_in(robot(12)).await.interaction.status(),
        Status::Queued,
        "later it is news again"
    );
}

#[tokio::test]
async fn what_is_too_long_is_cut_and_said() {
    let rig = Rig::with_mailbox(false).await;
    let long = "ä".repeat(200_000);
    let many =
        (0..300).map(|n| Address { address: format!("{n}@x.example"), name: None }).collect();
    let huge = Letter { text: long.clone(), html: Some(long), to: many, ..letter(EVE, "huge") };
    let taken = rig.takes_in(huge).await.interaction;
    let email = taken.email().unwrap();
    assert_eq!((email.body.len(), email.body_as_plain_text.len()), (256 * 1_024, 256 * 1_024));
    assert_eq!(email.to.len(), 200);
    let remarks =
        facts(&rig, &taken).await.into_iter().filter(|fact| matches!(fact, Fact::Remark(_)));
    assert_eq!(remarks.count(), 3);
}

#[tokio::test]
async fn an_agent_joins_a_letter_only_to_what_he_sees() {
    let rig = Rig::with_mailbox(false).await;
    rig.bring_in_a_writer(KATE).await;
    let own = Letter { automatic: Some(Automatic::OwnMessage), ..letter(MAILBOX, "own") };
    let unseen = rig.takes_in(own).await.interaction.id;
    let earlier = rig.takes_in(letter(EVE, "earlier")).await.interaction.id;
    let later = rig.takes_in(letter(EVE, "later")).await.interaction.id;
    rig.settle().await;
    rig.accept(KATE, later).await.unwrap();
    let foreign = rig.foreign_letter(letter(EVE, "foreign")).await;
    let foreign = rig.engine.letters().take_in_letter(&foreign).await.unwrap().id;
    assert!(!rig.joins(later, foreign).await, "it is another center's");
    assert!(!rig.joins(later, unseen).await, "it is on file and nobody worked on it");
    assert!(rig.joins(later, earlier).await);
    assert_eq!(rig.stored(later).await.thread, Some(earlier));
}
