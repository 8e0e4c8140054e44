//! What is answered, with two nodes on one store: no answer rests on what one node remembers.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_domain::routing::Attendance;
use handoff_domain::{
    Action, Actor, Caller, Content, CustomerAction, InteractionId, Media, Placement, Role,
    SkillLevels, State, TreatAs, UserId, Utterance, Visibility,
};
use handoff_engine::{Done, ExecuteError, Opening};
use handoff_store::{Receipt, Store, StoreError};
use handoff_testkit::FaultyStore;

use crate::rig::{CENTER, CHATS, KATE, QUEUE, Rig, described, noon};
use crate::two_nodes::nodes;

/// Kate owns something, and the other node remembers it as it was before.
async fn owned() -> (Rig, Rig, InteractionId) {
    let (here, there) = nodes().await;
    here.bring_in(KATE).await;
    let id = here.submit().await;
    here.settle().await;
    there.engine.core().interaction(id).await.unwrap();
    here.accept(KATE, id).await.unwrap();
    (here, there, id)
}

#[tokio::test]
async fn an_interaction_is_shown_as_another_node_wrote_it() {
    let (here, there, id) = owned().await;
    let remembered = there.engine.core().board().recent(id).unwrap();
    assert!(matches!(remembered.value.state, State::Invited(..)), "the control");
    let seen = there.engine.views().interaction_for(KATE, id).await.unwrap().unwrap();
    assert!(matches!(seen.state, State::Handling(_)), "{:?}", seen.state);
    here.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    let read = there.engine.core().interaction(id).await.unwrap().unwrap();
    assert!(matches!(read.state, State::Ended { .. }), "{:?}", read.state);
}

/// Reads of the store, counted.
async fn reads<T>(rig: &Rig, work: impl Future<Output = T>) -> u64 {
    let count = || rig.store.loads() + rig.store.looks();
    let before = count();
    work.await;
    count() - before
}

#[tokio::test]
async fn one_read_is_enough_for_an_answer() {
    let (here, there, id) = owned().await;
    let core = here.engine.core();
    assert_eq!(reads(&here, core.interaction(id)).await, 1);
    assert_eq!(reads(&here, core.current_board()).await, 1);
    let chat = here.begin_chat().await.interaction;
    there.engine.views().transcript(&chat, 0, Visibility::All, 9).await.unwrap();
    let again = there.engine.views().transcript(&chat, 0, Visibility::All, 9);
    assert_eq!(reads(&here, again).await, 0, "the interaction tells that nothing is missing");
}

#[tokio::test]
async fn who_asks_at_once_shares_what_is_read() {
    let (here, _there, _id) = owned().await;
    let core = here.engine.core();
    let all = futures_util::future::join_all((0..50).map(|_| core.current_board()));
    assert_eq!(reads(&here, all).await, 2, "the first, and one for all who asked meanwhile");
}

#[tokio::test]
async fn a_line_is_as_long_as_another_node_made_it() {
    let (here, there) = nodes().await;
    let (first, second) = (here.submit().await, here.submit().await);
    assert_eq!(there.engine.core().board().waiting_in(QUEUE), 0, "the control");
    let board = there.engine.core().current_board().await.unwrap();
    assert_eq!(board.waiting_in(QUEUE), 2);
    let place = async |rig: &Rig, id| {
        let waiting = rig.stored(id).await;
        let board = rig.engine.core().current_board().await.unwrap();
        rig.engine.views().place_in_line(board, &waiting).map(|place| place.position)
    };
    assert_eq!([place(&there, first).await, place(&there, second).await], [Some(1), Some(2)]);
    here.bring_in(KATE).await;
    here.settle().await;
    here.accept(KATE, first).await.unwrap();
    assert_eq!([place(&there, first).await, place(&there, second).await], [None, Some(1)]);
}

#[tokio::test]
async fn a_queue_is_attended_by_who_came_in_at_another_node() {
    let (here, there) = nodes().await;
    let attendance = async || {
        let core = there.engine.core();
        let (board, directory) = (core.current_board().await.unwrap(), core.directory());
        let queue = directory.queue(CENTER, QUEUE).unwrap();
        there.engine.views().attendance(board, queue, &SkillLevels::new())
    };
    assert_eq!(attendance().await, Attendance::Nobody);
    here.bring_in(KATE).await;
    assert_eq!(attendance().await, Attendance::Served);
}

/// Returns a work item that an agent makes in their own hands.
fn in_hands(rig: &Rig, by: UserId, name: &str) -> Opening {
    let mut opening = rig.opening(Some(name));
    opening.new.placement = Placement::InHands { mode: Media::Workitem.inbound_mode() };
    let (roles, groups) = ([Role::Agent].into(), BTreeSet::new());
    opening.actor = Actor::User(Caller::new(by, roles, groups));
    opening
}

#[tokio::test]
async fn who_came_in_at_another_node_has_a_session_on_this() {
    let (here, there) = nodes().await;
    here.bring_in(KATE).await;
    assert!(there.engine.core().desk(KATE).is_none(), "the control");
    let opened = there.engine.commands().open(&in_hands(&there, KATE, "own")).await;
    assert!(matches!(opened, Ok(Done::Now { .. })), "{opened:?}");
}

/// The rules find no room for it, because of the first.
#[tokio::test]
async fn a_repetition_that_finds_no_room_is_answered_like_the_first() {
    const SAM: UserId = UserId(0xc);
    let center = described().user(SAM, "sam", &[Role::Agent], &[], &[]).room(Media::Workitem, 1);
    let store = handoff_testkit::center::store(center.records()).await.unwrap();
    let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
    rig.bring_in(SAM).await;
    let opening = in_hands(&rig, SAM, "twice");
    let commands = rig.engine.commands();
    let first = commands.open(&opening).await;
    assert!(matches!(first, Ok(Done::Now { .. })), "{first:?}");
    let again = commands.open(&opening).await;
    assert!(matches!(again, Ok(Done::Before(_))), "{again:?}");
    let refused = commands.open(&in_hands(&rig, SAM, "another")).await;
    assert!(matches!(refused, Err(ExecuteError::Rejected(_))), "the control: {refused:?}");
}

#[tokio::test]
async fn a_queue_that_another_node_filled_takes_no_more_chats() {
    let (here, there) = nodes().await;
    here.begin_chat().await;
    let refused = there.engine.conversations().request_chat(there.new_chat(Some(1))).await;
    assert!(matches!(refused, Err(handoff_engine::ChatRefused::Full { waiting: 1 })));
    assert_eq!(there.engine.core().board().waiting_in(CHATS), 1);
}

#[tokio::test]
async fn what_was_said_on_another_node_is_in_the_transcript() {
    let (here, there) = nodes().await;
    let chat = here.begin_chat().await.interaction;
    let entries = async |rig: &Rig| {
        let chat = rig.engine.core().interaction(chat.id).await.unwrap().unwrap();
        rig.engine.views().transcript(&chat, 0, Visibility::All, 99).await.unwrap().len()
    };
    let before = entries(&there).await;
    here.engine.conversations().customer_does(chat.id, hello(), None, Vec::new()).await.unwrap();
    assert_eq!(entries(&there).await, before + 1);
    assert_eq!(entries(&here).await, before + 1);
}

fn hello() -> CustomerAction {
    let (text, message_type, treat_as) = ("Hello".to_owned(), None, TreatAs::Normal);
    let content = Content::Text { text, message_type, treat_as };
    CustomerAction::Say(Utterance { content, visibility: Visibility::All, message_id: None })
}

#[tokio::test]
async fn what_a_customer_says_and_is_told_costs_no_read() {
    let (here, there) = nodes().await;
    let chat = here.begin_chat().await;
    let (id, key) = (chat.interaction.id, chat.secure_key);
    let conversations = here.engine.conversations();
    let receipt = Receipt {
        scope: "chat".to_owned(),
        key: "1".to_owned(),
        fingerprint: String::new(),
        answer: String::new(),
        expires: None,
    };
    let said = async {
        assert!(conversations.customer_heard("wrong").await.is_err());
        let chat = conversations.customer_heard(&key).await.unwrap();
        let receipt = Some(receipt.clone());
        conversations.customer_does(chat.id, hello(), receipt, Vec::new()).await.unwrap();
        let chat = conversations.chat_heard_of(id).await.unwrap().unwrap();
        here.engine.views().transcript(&chat, 0, Visibility::All, 9).await.unwrap().len()
    };
    let said = Box::pin(async { assert_eq!(said.await, 2) });
    assert_eq!(reads(&here, said).await, 0);
    assert_eq!(reads(&here, conversations.chat_of_key(&key)).await, 1, "the control");
    let wrong = key.replacen(&key[..1], if key.starts_with('0') { "1" } else { "0" }, 1);
    assert!(conversations.customer_heard(&wrong).await.is_err());
    there.engine.conversations().customer_does(id, hello(), None, Vec::new()).await.unwrap();
    let said = async || conversations.chat_heard_of(id).await.unwrap().unwrap();
    assert_eq!(said().await.chat().unwrap().total, 2, "nobody has told");
    here.engine.core().follow_log().await.unwrap();
    assert_eq!(said().await.chat().unwrap().total, 3);
}

/// Whoever waited for a round that failed begins another.
#[tokio::test]
async fn a_board_that_cannot_catch_up_is_none() -> Result<(), StoreError> {
    let (here, there) = nodes().await;
    here.submit().await;
    let store: Arc<dyn Store> = there.store.clone();
    store.close().await;
    assert!(there.engine.core().current_board().await.is_err());
    assert!(there.engine.core().current_board().await.is_err());
    Ok(())
}
