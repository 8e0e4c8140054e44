//! Mails on their way out: posted until they are out, back, or too old, and always as the same
//! message.

use std::sync::Arc;

use handoff_domain::command::Dispatch;
use handoff_domain::{
    Acknowledgement, Action, Date, ExceptionalDate, Fact, Hours, Interaction, OpenTime, Queue,
    Rejection, State, Status, Weekday,
};
use handoff_engine::{ExecuteError, Mailboxes, Posted};
use handoff_store::{ChangeSet, Guard, Kind, Store, SubjectKey};

use crate::post_office::{Instruction, OneMailbox, Script, letter};
use crate::rig::{Fault, KATE, Rig};

const MINUTE_MS: u64 = 60_000;
/// How long a claim lasts that nobody renews.
const CLAIMED_MS: u32 = 10_000;

fn later() -> Instruction {
    Instruction::Say(Posted::Later { reply: "451 busy\r\nnow".to_owned() })
}

fn due(mail: &Interaction) -> (u32, u64) {
    let State::Sending { since, attempt, due, .. } = mail.state else { panic!("it is on its way") };
    (attempt, due.ms_since(since))
}

pub(crate) async fn rig_with(told: impl IntoIterator<Item = Instruction>) -> (Rig, Arc<Script>) {
    let script = Script::new(told);
    let rig = Rig::with_post(false, Some(script.clone())).await;
    rig.bring_in_a_writer(KATE).await;
    (rig, script)
}

#[tokio::test]
async fn a_mail_that_is_sent_goes_out_once() {
    let (rig, script) = rig_with([]).await;
    let mail = rig.sends_an_answer().await;
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 0);
    assert_eq!(script.given(), [format!("{mail}.1@demo.example")]);
}

#[tokio::test]
async fn two_who_look_at_once_post_a_mail_once() {
    let (rig, script) = rig_with([]).await;
    let mail = rig.sends_an_answer().await;
    let (one, two) = tokio::join!(
        rig.engine.workers().outbox().post_due(),
        rig.engine.workers().outbox().post_due()
    );
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!(script.given().len(), 1);
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
}

#[tokio::test]
async fn a_mail_is_put_off_longer_and_longer_and_then_comes_back() {
    let (rig, script) = rig_with((0..200).map(|_| later())).await;
    let mail = rig.sends_an_answer().await;
    let mut waited = 0;
    for (attempt, rest_min) in (1..).zip([1, 2, 5, 15, 30, 60, 60, 60]) {
        assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1, "attempt {attempt}");
        let stored = rig.stored(mail).await;
        let (count, due_ms) = due(&stored);
        assert_eq!(count, attempt);
        let rest = due_ms - waited;
        assert!((rest_min * MINUTE_MS..=rest_min * MINUTE_MS * 11 / 10).contains(&rest), "{rest}");
        rig.clock.advance_ms(u32::try_from(rest - 1).unwrap());
        assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 0, "it rests");
        rig.clock.advance_ms(1);
        waited = due_ms;
    }
    rig.clock.advance_ms(48 * 60 * 60 * 1_000);
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    let back = rig.stored(mail).await;
    assert_eq!(back.status(), Status::Composing);
    let given = script.given();
    assert!(given.iter().all(|one| *one == given[0]) && given.len() == 9, "{given:?}");
    let history = rig.store.history(SubjectKey::Interaction(mail), 0, 99).await.unwrap().items;
    let facts = history.iter().flat_map(|entry| &entry.facts);
    let reason = facts.clone().find_map(|fact| match fact {
        Fact::DeliveryFailed { reason } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(reason, Some("451 busy  now"), "on one line");
}

#[tokio::test]
async fn a_mail_that_is_refused_comes_back_and_is_another_one_when_it_is_sent_again() {
    let never = Posted::Never { reply: "550 no such mailbox".to_owned() };
    let (rig, script) = rig_with([Instruction::Say(never)]).await;
    let mail = rig.sends_an_answer().await;
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(rig.stored(mail).await.owner(), Some(KATE));
    rig.sends(mail).await;
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
    assert_eq!(script.given(), [1, 2].map(|sends| format!("{mail}.{sends}@demo.example")));
}

#[tokio::test]
async fn a_mail_of_which_nobody_knows_is_posted_again_as_the_same_message() {
    let (rig, script) =
        rig_with([Instruction::Say(Posted::Unsure { reply: "reset".to_owned() })]).await;
    let mail = rig.sends_an_answer().await;
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(due(&rig.stored(mail).await).0, 1);
    rig.clock.advance_ms(2 * 60_000);
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
    let given = script.given();
    assert_eq!((given.len(), &given[0]), (2, &given[1]));
}

#[tokio::test]
async fn a_mail_at_which_the_post_dies_rests_and_is_posted_again() {
    let (rig, script) = rig_with([Instruction::Die]).await;
    let mail = rig.sends_an_answer().await;
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(due(&rig.stored(mail).await).0, 1);
    rig.clock.advance_ms(2 * 60_000);
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
    assert_eq!(script.given().len(), 2);
}

/// The crash control: the process ends when the next server has the mail and nobody knows it. The
/// new process posts it once more, as the same message, and then never again.
#[tokio::test]
async fn after_a_crash_a_mail_is_posted_again_as_the_same_message() {
    let (rig, before) = rig_with([Instruction::Hang]).await;
    let mail = rig.sends_an_answer().await;
    let engine = rig.engine.clone();
    let crashing = tokio::spawn(async move { engine.workers().outbox().post_due().await });
    while before.given().is_empty() {
        tokio::task::yield_now().await;
    }
    crashing.abort();
    let after = Script::new([]);
    let mailboxes: Arc<dyn Mailboxes> = Arc::new(OneMailbox);
    let rig = Rig::with_mail(rig.store, rig.clock, Some(mailboxes), Some(after.clone())).await;
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 0, "it is claimed still");
    rig.clock.advance_ms(CLAIMED_MS);
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(before.given(), after.given());
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 0);
}

#[tokio::test]
async fn an_outcome_that_could_not_be_recorded_is_recorded_later_and_the_mail_is_posted_once() {
    for fault in [Fault::BeforeCommit, Fault::AfterCommit] {
        let (rig, script) = rig_with([]).await;
        let mail = rig.sends_an_answer().await;
        // After the commit that claims it.
        rig.store.fail_after(1, fault);
        assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1, "{fault:?}");
        assert_eq!(
            (rig.stored(mail).await.status(), script.given().len()),
            (Status::Sent, 1),
            "{fault:?}"
        );
        assert_eq!(rig.store.fired(), 1);
    }
}

#[tokio::test]
async fn many_mails_go_out_and_none_is_left() {
    let (rig, script) = rig_with([]).await;
    let confirming = crate::post_office::letter_queue(true);
    for n in 0..40 {
        let mut new = rig.new_letter(letter(&format!("{n}@customer.example"), &n.to_string()));
        new.queue = Arc::new(confirming.clone());
        rig.engine.letters().take_in_letter(&new).await.unwrap();
    }
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 40);
    assert!(rig.outgoing().await.is_empty());
    let mut given = script.given();
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 40);
}

/// It is Friday noon in Europe.
#[tokio::test]
async fn whoever_writes_outside_the_hours_is_told_that() {
    let closed = Acknowledgement { subject: "Closed".into(), text: "Until Monday.".into() };
    let hours = |zone: &str, day| Hours {
        zone: zone.to_owned(),
        open: vec![OpenTime { day, from_minute: 0, to_minute: OpenTime::MINUTES_OF_DAY }],
        exceptions: [].into(),
    };
    let today = hours("Europe/Paris", Weekday::Friday);
    let date = Date { year: 2026, month: 1, day: 9 };
    let holiday = [ExceptionalDate { date, open: None }];
    for (confirms, hours, expected) in [
        (true, None, Some("We have it")),
        (true, Some(today.clone()), Some("We have it")),
        (true, Some(hours("Europe/Paris", Weekday::Monday)), Some("Closed")),
        (false, Some(today.clone()), None),
        (false, Some(Hours { exceptions: holiday.into(), ..today }), Some("Closed")),
    ] {
        let (rig, script) = rig_with([]).await;
        let mut new = rig.new_letter(letter("eve@customer.example", "1"));
        let queue = crate::post_office::letter_queue(confirms);
        new.queue =
            Arc::new(Queue { hours: hours.map(Box::new), closed: Some(closed.clone()), ..queue });
        rig.engine.letters().take_in_letter(&new).await.unwrap();
        rig.engine.workers().outbox().post_due().await.unwrap();
        assert_eq!(script.subjects(), Vec::from_iter(expected));
    }
}

#[tokio::test]
async fn the_worker_posts_what_is_sent_without_waiting_for_its_period() {
    let (rig, script) = rig_with([]).await;
    rig.engine.start();
    let mail = rig.sends_an_answer().await;
    let sent = async {
        while rig.stored(mail).await.status() != Status::Sent {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    // Far below the worker's period of 30 s.
    tokio::time::timeout(std::time::Duration::from_secs(10), sent).await.unwrap();
    assert_eq!(script.given().len(), 1);
    rig.engine.stop().await;
}

#[tokio::test]
async fn a_draft_is_not_sent_past_what_the_customer_wrote_meanwhile() {
    let (rig, script) = rig_with([]).await;
    let first = rig.takes_in(letter("eve@customer.example", "first")).await.interaction.id;
    let draft = rig.answers(first).await;
    let again =
        handoff_domain::Letter { proven: vec![first], ..letter("eve@customer.example", "again") };
    let newer = rig.takes_in(again).await.interaction.id;
    let automatic = Some(handoff_domain::Automatic::AutoReplied);
    let robot = letter("eve@customer.example", "robot");
    rig.takes_in(handoff_domain::Letter { proven: vec![first], automatic, ..robot }).await;
    let send = |force| Action::Send(Box::new(Dispatch { force, ..Dispatch::default() }));
    let refused = rig.act(KATE, draft, send(false)).await;
    let Err(ExecuteError::Rejected(why)) = refused else { panic!("{refused:?}") };
    assert!(matches!(*why, Rejection::NewerMessage { id, .. } if id == newer));
    rig.act(KATE, draft, send(true)).await.unwrap();
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(script.given().len(), 1);
}

#[tokio::test]
async fn of_two_who_send_a_draft_at_once_one_does() {
    let (rig, script) = rig_with([]).await;
    let first = rig.takes_in(letter("eve@customer.example", "first")).await.interaction.id;
    let draft = rig.answers(first).await;
    let send = || rig.act(KATE, draft, Action::Send(Box::default()));
    let (one, two) = tokio::join!(send(), send());
    assert!(one.is_ok() != two.is_ok());
    let late = if one.is_ok() { two } else { one };
    let Err(ExecuteError::Rejected(why)) = late else { panic!("{late:?}") };
    assert!(matches!(*why, Rejection::WrongState { .. }), "{why:?}");
    rig.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(script.given().len(), 1);
}

/// A second node on the same store and clock, with a post of its own.
pub(crate) async fn another(rig: &Rig) -> (Rig, Arc<Script>) {
    let script = Script::new([]);
    let mailboxes: Arc<dyn Mailboxes> = Arc::new(OneMailbox);
    let (store, clock) = (rig.store.clone(), rig.clock.clone());
    (Rig::with_mail(store, clock, Some(mailboxes), Some(script.clone())).await, script)
}

pub(crate) async fn post(rig: &Rig) -> usize {
    rig.engine.workers().outbox().post_due().await.unwrap()
}

#[tokio::test]
async fn of_two_nodes_one_posts_each_mail() {
    let (here, script) = rig_with([]).await;
    let confirming = crate::post_office::letter_queue(true);
    for n in 0..40 {
        let mut new = here.new_letter(letter(&format!("{n}@customer.example"), &n.to_string()));
        new.queue = Arc::new(confirming.clone());
        here.engine.letters().take_in_letter(&new).await.unwrap();
    }
    let (there, other) = another(&here).await;
    let mut count = 0;
    while count < 40 {
        let (one, two) = tokio::join!(post(&here), post(&there));
        count += one + two;
        // What one left to the other is looked at again when the claim has ended.
        here.clock.advance_ms(CLAIMED_MS);
    }
    let mut given = [script.given(), other.given()].concat();
    given.sort();
    given.dedup();
    assert_eq!((count, given.len()), (40, 40));
    assert_eq!(script.given().len() + other.given().len(), 40);
    assert!(here.outgoing().await.is_empty());
}

/// A mail that takes long is claimed for as long as it takes.
#[tokio::test(start_paused = true)]
async fn a_mail_that_is_being_posted_is_left_alone_by_other_nodes() {
    let (here, script) = rig_with([Instruction::Hang]).await;
    let mail = here.sends_an_answer().await;
    let (there, other) = another(&here).await;
    let engine = here.engine.clone();
    tokio::spawn(async move { engine.workers().outbox().post_due().await });
    while script.given().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        // The clock of the test and that of the runtime go together.
        here.clock.advance_ms(4_000);
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        for node in [&here, &there] {
            node.engine.workers().presence().keep().await.unwrap();
        }
        assert_eq!(post(&there).await, 0);
    }
    // The control: without its claim it is posted by each.
    forget_claims(&there).await;
    here.clock.advance_ms(CLAIMED_MS);
    assert_eq!(post(&there).await, 1);
    assert_eq!((script.given(), there.stored(mail).await.status()), (other.given(), Status::Sent));
}

async fn forget_claims(rig: &Rig) {
    let claims = rig.store.list(Kind::Claim, None, 9).await.unwrap().items;
    assert!(!claims.is_empty());
    let guard = |claim: &handoff_store::Versioned<handoff_store::Record>| Guard {
        key: claim.value.key(),
        version: claim.version,
    };
    let removals = claims.iter().map(guard).collect();
    rig.store.commit(ChangeSet { removals, ..ChangeSet::default() }).await.unwrap();
}

/// Whoever cannot renew its claim stops posting.
#[tokio::test(start_paused = true)]
async fn a_node_that_lost_its_claim_posts_no_further() {
    let (here, script) = rig_with([Instruction::Hang]).await;
    here.sends_an_answer().await;
    let (there, other) = another(&here).await;
    let engine = here.engine.clone();
    let posting = tokio::spawn(async move { engine.workers().outbox().post_due().await.unwrap() });
    while script.given().is_empty() {
        tokio::task::yield_now().await;
    }
    forget_claims(&there).await;
    assert_eq!(post(&there).await, 1);
    assert_eq!(posting.await.unwrap(), 0, "it stopped at the next renewal");
    assert_eq!((script.given().len(), other.given().len()), (1, 1));
}

/// A mail costs one commit more than its outcome, and what is left of it is swept.
#[tokio::test]
async fn a_claim_is_one_commit_and_goes() {
    let (rig, _script) = rig_with([]).await;
    rig.sends_an_answer().await;
    let before = rig.store.commits();
    assert_eq!(post(&rig).await, 1);
    assert_eq!(rig.store.commits() - before, 2);
    rig.clock.advance_ms(CLAIMED_MS);
    rig.engine.workers().sweeper().sweep().await.unwrap();
    assert!(rig.store.list(Kind::Claim, None, 9).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_mail_that_cannot_be_claimed_is_not_posted_and_is_tried_again() {
    for fault in [Fault::BeforeCommit, Fault::AfterCommit, Fault::Lost] {
        let (rig, script) = rig_with([]).await;
        rig.sends_an_answer().await;
        rig.store.fail_next(fault);
        assert_eq!((post(&rig).await, script.given().len()), (0, 0), "{fault:?}");
        rig.clock.advance_ms(1_000);
        assert_eq!((post(&rig).await, script.given().len()), (1, 1), "{fault:?}");
        assert_eq!(rig.store.fired(), 1);
    }
}

/// Nobody waits for the claims of a node whose lease is over.
#[tokio::test(start_paused = true)]
async fn what_a_dead_node_has_claimed_is_free() {
    let (here, script) = rig_with([Instruction::Hang]).await;
    here.sends_an_answer().await;
    let (there, other) = another(&here).await;
    let engine = here.engine.clone();
    let posting = tokio::spawn(async move { engine.workers().outbox().post_due().await });
    while script.given().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(post(&there).await, 0, "the control: it lives");
    // What was begun is dropped, and the lease given up; the claim is still there.
    here.engine.stop().await;
    posting.abort();
    let (another, third) = another(&there).await;
    assert_eq!(post(&another).await, 1);
    assert_eq!((other.given().len(), third.given()), (0, script.given()));
}
