//! Mails of users who are removed: what is on its way, and what comes back.

use handoff_domain::command::{Draft, DraftKind};
use handoff_domain::interaction::Mode;
use handoff_domain::{
    Action, Email, Interaction, QueueId, State, SystemAction, UserCommand, UserId,
};
use handoff_engine::{CommandRequest, Done};
use handoff_store::{ChangeSet, Put, Store as _};

use super::passing::{applied, caller, kate, prune, stored, with_ben};
use super::*;

/// The sample with somebody else and with a queue of letters.
fn before() -> String {
    with_ben() + LETTERS
}

const LETTERS: &str =
    "[[queue]]\nname = \"letters\"\nchannel = \"email\"\ngroups = [\"Support\"]\n";

async fn without_kate(
    setup: &Setup,
    engine: &Engine,
    work_to: &[&str],
) -> Result<Outcome, CenterFileError> {
    prune(setup, engine, &(passing::AFTER.to_owned() + LETTERS), work_to).await
}

/// Lets Kate answer a letter, and returns the draft; it has no queue.
async fn answer(setup: &Setup, engine: &Engine) -> InteractionId {
    let user = setup.user("kate").await;
    engine
        .desks()
        .start_contact_session(user.id, user.center, &[Media::Email], None)
        .await
        .unwrap();
    let in_hands = Placement::InHands { mode: Mode::Processing };
    let letter = open(engine, "letters", in_hands, kate(&user)).await;
    let draft = Draft {
        kind: DraftKind::Reply,
        subject: None,
        email: Email { to: vec!["eve@customer.example".to_owned()], ..Email::default() },
        user_data: UserData::default(),
        queue: None,
        base: None,
    };
    let create = UserCommand::new(caller(&user), Action::CreateDraft(Box::new(draft)));
    match engine.commands().execute(&CommandRequest::new(letter, create)).await.unwrap() {
        Done::Now { related, .. } => related[0].id,
        Done::Before(_) => panic!("it was never made before"),
    }
}

async fn sent(setup: &Setup, engine: &Engine) -> InteractionId {
    let draft = answer(setup, engine).await;
    let user = setup.user("kate").await;
    let send = UserCommand::new(caller(&user), Action::Send(Box::default()));
    engine.commands().execute(&CommandRequest::new(draft, send)).await.unwrap();
    draft
}

async fn comes_back(engine: &Engine, mail: InteractionId) {
    let failed = SystemAction::DeliveryFailed { reason: "no such mailbox".to_owned() };
    engine.commands().execute(&CommandRequest::new(mail, failed)).await.unwrap();
}

async fn letters(setup: &Setup) -> QueueId {
    let directory = setup.directory().await;
    directory.queues.values().find(|queue| queue.name == "letters").unwrap().id
}

/// Waits as a draft in the queue of letters.
async fn waits(setup: &Setup, mail: InteractionId) {
    let mail = stored(setup, mail).await;
    let wait = mail.wait().unwrap_or_else(|| panic!("{:?}", mail.state));
    assert_eq!((wait.queue, wait.mode), (letters(setup).await, Mode::Composing));
}

#[tokio::test]
async fn a_mail_that_is_on_its_way_has_a_queue_to_come_back_to_before_its_sender_goes() {
    let setup = Setup::with(&before()).await;
    let engine = engine(&setup).await;
    let mail = sent(&setup, &engine).await;
    let refused = without_kate(&setup, &engine, &[]).await.unwrap_err();
    assert!(refused.to_string().contains("channel email"), "{refused}");
    assert_eq!(stored(&setup, mail).await.queue, None);
    without_kate(&setup, &engine, &["letters", "rest"]).await.unwrap();
    let on_its_way = stored(&setup, mail).await;
    assert!(matches!(on_its_way.state, State::Sending { .. }), "it is sent all the same");
    assert_eq!(on_its_way.queue, Some(letters(&setup).await));
    comes_back(&engine, mail).await;
    waits(&setup, mail).await;
    let again = without_kate(&setup, &engine, &[]).await.unwrap();
    assert_eq!(again, Outcome::Unchanged, "nothing is left to do");
}

#[tokio::test]
async fn a_mail_that_comes_back_while_its_sender_is_removed_is_passed_on() {
    let setup = Setup::with(&before()).await;
    let engine = engine(&setup).await;
    let mail = sent(&setup, &engine).await;
    let user = setup.user("kate").await;
    engine.desks().end_contact_session(user.id, user.center).await.unwrap();
    comes_back(&engine, mail).await;
    assert!(stored(&setup, mail).await.state.workbin().is_some(), "it lies in their drafts");
    without_kate(&setup, &engine, &["letters", "rest"]).await.unwrap();
    waits(&setup, mail).await;
}

/// As it was left by a server that handed it to somebody who was no more: with neither a queue nor
/// a workbin, or with a queue that went as well.
#[tokio::test]
async fn a_draft_in_the_hands_of_nobody_is_passed_on() {
    for gone in [None, Some(QueueId(0xdead))] {
        let setup = Setup::with(&before()).await;
        let one = engine(&setup).await;
        let draft = answer(&setup, &one).await;
        without_kate(&setup, &one, &["letters", "rest"]).await.unwrap();
        let key = Key::Interaction(draft);
        let found = setup.store.load_one(&key).await.unwrap().unwrap();
        let Record::Interaction(mut ghost) = found.value else { panic!("it is no interaction") };
        put_into_hands(&mut ghost, UserId(0xdead));
        ghost.queue = gone;
        let put = Put { record: Record::Interaction(ghost), expected: found.version };
        setup.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
        let other = engine(&setup).await;
        assert_eq!(without_kate(&setup, &other, &["letters"]).await.unwrap(), applied(1));
        waits(&setup, draft).await;
    }
}

fn put_into_hands(draft: &mut Interaction, by: UserId) {
    draft.queued_at = None;
    draft.state = State::Handling(handoff_domain::Handling {
        by,
        since: draft.received,
        mode: Mode::Composing,
        nickname: None,
        offer: None,
        others: Vec::new(),
        supervision_offers: Vec::new(),
    });
}
