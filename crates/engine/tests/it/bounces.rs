//! Mails that come back when whoever sent them may not work any more, or is no more.

use handoff_domain::command::SystemAction;
use handoff_domain::interaction::Mode;
use handoff_domain::{Action, InteractionId, Status, User};
use handoff_engine::{CommandRequest, Posted};
use handoff_store::{ChangeSet, Key, Put, Record, Store};

use crate::post_office::{Instruction, Script, letter, letter_queue};
use crate::removed_desks::remove;
use crate::rig::{BEN, CENTER, KATE, Rig};

const HANDLING_TIMEOUT_MS: u32 = 180 * 60_000;

/// Lets Kate send a mail that will never be delivered.
async fn sent() -> (Rig, InteractionId) {
    let bounce = Instruction::Say(Posted::Never { reply: "550 no such mailbox".to_owned() });
    let rig = Rig::with_post(false, Some(Script::new([bounce]))).await;
    rig.bring_in_a_writer(KATE).await;
    let mail = rig.sends_an_answer().await;
    (rig, mail)
}

async fn remove_kate(rig: &Rig) {
    rig.engine.desks().end_contact_session(KATE, CENTER).await.unwrap();
    remove(&*rig.store, &[Key::User(KATE), Key::Desk(KATE)]).await;
    rig.engine.desks().directory_changed().await.unwrap();
}

async fn disable_kate(rig: &Rig) {
    let directory = rig.engine.core().directory();
    let disabled = User { enabled: false, ..User::clone(&directory.users[&KATE]) };
    let put = Put { record: Record::User(disabled), expected: directory.version(&Key::User(KATE)) };
    rig.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
    rig.engine.desks().directory_changed().await.unwrap();
}

/// Lets Ben have what waits, and send it to somebody else.
async fn goes_out_by_ben(rig: &Rig, mail: InteractionId) {
    rig.bring_in_a_writer(BEN).await;
    rig.settle().await;
    rig.accept(BEN, mail).await.unwrap();
    rig.act(BEN, mail, Action::Send(Box::default())).await.unwrap();
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
}

#[tokio::test]
async fn a_mail_of_a_removed_user_that_comes_back_waits_for_somebody_else() {
    let (rig, mail) = sent().await;
    remove_kate(&rig).await;
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    let wait = rig.stored(mail).await.wait().cloned().unwrap();
    assert_eq!((wait.queue, wait.mode), (letter_queue(false).id, Mode::Composing));
    goes_out_by_ben(&rig, mail).await;
}

#[tokio::test]
async fn a_mail_of_a_disabled_user_that_comes_back_goes_to_its_queue() {
    let (rig, mail) = sent().await;
    let queue = SystemAction::ReplaceQueue(letter_queue(false));
    rig.engine.commands().execute(&CommandRequest::new(mail, queue)).await.unwrap();
    disable_kate(&rig).await;
    assert_eq!(rig.engine.workers().outbox().post_due().await.unwrap(), 1);
    goes_out_by_ben(&rig, mail).await;
}

/// A draft that was left in the hands of somebody who is no more.
#[tokio::test]
async fn a_draft_of_a_removed_user_is_in_a_queue_after_the_handling_timeout() {
    let rig = Rig::with_post(false, Some(Script::new([]))).await;
    rig.bring_in_a_writer(KATE).await;
    let letter = rig.takes_in(letter("eve@customer.example", "first")).await.interaction.id;
    let draft = rig.answers(letter).await;
    remove(&*rig.store, &[Key::User(KATE), Key::Desk(KATE)]).await;
    rig.engine.desks().directory_changed().await.unwrap();
    assert_eq!(rig.stored(draft).await.owner(), Some(KATE), "the control: nothing has moved it");
    rig.pass_ms(HANDLING_TIMEOUT_MS).await;
    goes_out_by_ben(&rig, draft).await;
}
