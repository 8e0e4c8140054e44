//! Supervisors who follow agents: what they are offered follows from the log, whatever made an
//! agent the owner of a chat, and whatever happened between that and the offer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use handoff_domain::desk::{Supervision, SupervisionExtent};
use handoff_domain::event::Cause;
use handoff_domain::{
    Action, ChatTimes, InteractionId, Media, Named, Queue, QueueId, Role, SupervisorMode, Target,
    UserData, UserId,
};
use handoff_engine::{ChannelChange, NewChat, Replay};
use handoff_store::{ChangeSet, Key, Put, ReaderCursor, Record, Store as _};
use handoff_testkit::{Center, FaultyStore};

use crate::rig::{BEN, CENTER, Fault, GROUP, KATE, Rig, noon};

const SAM: UserId = UserId(0xc);
const CHATS: QueueId = QueueId(0x52);
/// The longest time between two times that a cursor is stored, in ms.
const REST_MS: u32 = 10_000;

fn described() -> Center {
    crate::rig::described().user(SAM, "sam", &[Role::Agent, Role::Supervisor], &[], &[]).queue(
        CHATS,
        "chats",
        Media::Chat,
        &[GROUP],
        &[],
    )
}

fn chats() -> Queue {
    described().queues.pop().unwrap()
}

/// A node with Sam at their desk.
async fn node() -> Rig {
    let store = handoff_testkit::center::store(described().records()).await.unwrap();
    let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
    bring_in(&rig, SAM).await;
    rig
}

async fn bring_in(rig: &Rig, user: UserId) {
    listen(rig, user).await;
    let desks = rig.engine.desks();
    desks.start_contact_session(user, CENTER, &[Media::Chat], None).await.unwrap();
    let ready = ChannelChange::Ready;
    desks.change_channels(user, CENTER, Cause::User(user), None, &ready).await.unwrap();
}

/// Lets somebody be in reach again.
async fn listen(rig: &Rig, user: UserId) {
    rig.listen(user, &format!("{user}-1"), Replay::Live).await;
}

async fn leave(rig: &Rig, user: UserId) {
    let session = format!("{user}-1");
    rig.engine.delivery().forget_session(user, &session).await.unwrap();
}

async fn follow(rig: &Rig, agent: UserId, extent: SupervisionExtent) {
    let supervision = Supervision {
        mode: SupervisorMode::Coach,
        nickname: Some("Chief".to_owned()),
        extent,
        since: rig.engine.core().now(),
        offered: BTreeSet::new(),
    };
    rig.engine.desks().supervise(agent, CENTER, SAM, Some(supervision)).await.unwrap();
}

/// Begins a chat; whoever of the agents is ready has it then.
async fn chat(rig: &Rig, agent: UserId) -> InteractionId {
    let new = NewChat {
        center: CENTER,
        queue: Arc::new(chats()),
        service: "support".to_owned(),
        times: ChatTimes::default(),
        waiting_max: None,
        nickname: "Ada".to_owned(),
        subject: None,
        user_data: UserData::default(),
        request: None,
    };
    let id = rig.engine.conversations().request_chat(new).await.unwrap().interaction.id;
    rig.engine.workers().router().route().await.unwrap();
    rig.accept(agent, id).await.unwrap();
    id
}

async fn offer(rig: &Rig) {
    rig.engine.workers().followers().offer().await.unwrap();
}

/// Tells whether Sam is offered a part in a chat.
async fn is_offered(rig: &Rig, id: InteractionId) -> bool {
    let chat = rig.stored(id).await;
    chat.offer_to(SAM).is_some_and(|offer| offer.kind.is_supervision())
}

/// Sam does not want it, and the chat goes on.
async fn rejected(rig: &Rig, id: InteractionId) {
    rig.act(SAM, id, Action::Reject).await.unwrap();
    rig.act(KATE, id, Action::AddComment("so be it".to_owned())).await.unwrap();
}

/// Kate is followed and takes a chat; nothing is offered yet.
async fn taken() -> (Rig, InteractionId) {
    let rig = node().await;
    bring_in(&rig, KATE).await;
    follow(&rig, KATE, SupervisionExtent::AllChats).await;
    offer(&rig).await;
    let id = chat(&rig, KATE).await;
    assert!(!is_offered(&rig, id).await);
    (rig, id)
}

#[tokio::test]
async fn who_follows_an_agent_is_offered_what_they_accept() {
    let (rig, id) = taken().await;
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
    let offered = rig.stored(id).await.offer_to(SAM).and_then(|offer| offer.nickname.clone());
    assert_eq!(offered.as_deref(), Some("Chief"));
    rejected(&rig, id).await;
    offer(&rig).await;
    assert!(!is_offered(&rig, id).await, "nobody is offered a chat twice");
}

#[tokio::test]
async fn who_follows_an_agent_is_offered_what_is_handed_to_them() {
    let rig = node().await;
    bring_in(&rig, KATE).await;
    let id = chat(&rig, KATE).await;
    bring_in(&rig, BEN).await;
    rig.clock.advance_ms(1);
    follow(&rig, BEN, SupervisionExtent::NextChat).await;
    offer(&rig).await;
    let to_ben = Action::Transfer(Target::Agent(Named::Known(BEN)));
    rig.act(KATE, id, to_ben).await.unwrap();
    rig.accept(BEN, id).await.unwrap();
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
    assert!(
        rig.engine.core().desk(BEN).unwrap().supervised_by.is_empty(),
        "one chat was asked for"
    );
}

/// Kate and Ben are in a chat, and Kate, who owns it, goes.
async fn left_by_its_owner() -> (Rig, InteractionId) {
    let rig = node().await;
    bring_in(&rig, KATE).await;
    let id = chat(&rig, KATE).await;
    bring_in(&rig, BEN).await;
    rig.act(KATE, id, Action::Invite(Named::Known(BEN))).await.unwrap();
    rig.accept(BEN, id).await.unwrap();
    follow(&rig, BEN, SupervisionExtent::AllChats).await;
    leave(&rig, KATE).await;
    (rig, id)
}

#[tokio::test]
async fn who_follows_an_agent_is_offered_what_a_timer_gives_them() {
    let (rig, id) = left_by_its_owner().await;
    rig.pass_ms(59_999).await;
    offer(&rig).await;
    assert_eq!(rig.stored(id).await.owner(), Some(KATE));
    assert!(!is_offered(&rig, id).await);
    rig.pass_ms(1).await;
    assert_eq!(rig.stored(id).await.owner(), Some(BEN), "the timer's doing");
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
}

/// Another process on the same store, with Sam in reach again and their return behind it.
async fn after_a_crash(rig: Rig) -> Rig {
    let Rig { store, clock, engine, .. } = rig;
    drop(engine);
    clock.advance_ms(REST_MS);
    let rig = Rig::over(store, clock).await;
    listen(&rig, SAM).await;
    rig
}

#[tokio::test]
async fn a_crash_before_the_offer_loses_none() {
    let (rig, by_command) = taken().await;
    let rig = after_a_crash(rig).await;
    offer(&rig).await;
    assert!(is_offered(&rig, by_command).await);

    let (rig, by_timer) = left_by_its_owner().await;
    rig.pass_ms(60_000).await;
    let rig = after_a_crash(rig).await;
    offer(&rig).await;
    assert!(is_offered(&rig, by_timer).await);
}

/// The control: a reactor that stores its cursor before it acts loses what a crash keeps it from.
#[tokio::test]
async fn a_cursor_stored_before_the_offer_loses_one() {
    let (rig, id) = taken().await;
    let rig = after_a_crash(rig).await;
    let end = rig.store.log_end().await.unwrap();
    let (reader, generation, position) = ("followers".to_owned(), end.generation, end.position);
    let cursor = Record::ReaderCursor(ReaderCursor { reader, generation, position });
    let puts = vec![Put { record: cursor, expected: 0 }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    offer(&rig).await;
    assert!(!is_offered(&rig, id).await);
}

async fn stored_cursor(rig: &Rig) -> Option<u64> {
    let key = Key::ReaderCursor("followers".to_owned());
    let found = rig.store.load(&[key]).await.unwrap().pop().flatten();
    match found?.value {
        Record::ReaderCursor(cursor) => Some(cursor.position),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_cursor_is_stored_after_the_offer_and_not_each_time() {
    let (rig, id) = taken().await;
    rig.clock.advance_ms(REST_MS);
    rig.store.fail_next(Fault::BeforeCommit);
    rig.engine.workers().followers().offer().await.unwrap_err();
    assert_eq!((rig.store.fired(), stored_cursor(&rig).await), (1, None));
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
    let stored = stored_cursor(&rig).await.unwrap();
    rig.act(SAM, id, Action::Reject).await.unwrap();
    offer(&rig).await;
    assert_eq!(stored_cursor(&rig).await, Some(stored), "it rests");
    rig.clock.advance_ms(REST_MS);
    offer(&rig).await;
    assert_eq!(stored_cursor(&rig).await, Some(rig.store.log_end().await.unwrap().position));
}

#[tokio::test]
async fn who_is_out_of_reach_is_offered_it_when_they_are_back() {
    let (rig, id) = taken().await;
    leave(&rig, SAM).await;
    offer(&rig).await;
    assert!(!is_offered(&rig, id).await);
    listen(&rig, SAM).await;
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
}

#[tokio::test]
async fn who_follows_too_late_for_a_round_is_offered_it_in_the_next() {
    let rig = node().await;
    bring_in(&rig, KATE).await;
    let since = rig.engine.core().now();
    let id = chat(&rig, KATE).await;
    offer(&rig).await;
    follow(&rig, KATE, SupervisionExtent::AllChats).await;
    assert_eq!(rig.engine.core().now(), since, "it was asked for before the chat was taken");
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
}

/// Two nodes act on the same entries, one of them late.
#[tokio::test]
async fn two_nodes_offer_one_chat_once() {
    let (one, id) = taken().await;
    let other = Rig::over(one.store.clone(), one.clock.clone()).await;
    listen(&one, SAM).await;
    for rig in [&one, &other] {
        rig.engine.core().follow_log().await.unwrap();
        offer(rig).await;
    }
    assert!(is_offered(&one, id).await);
    rejected(&one, id).await;
    for rig in [&other, &one] {
        rig.engine.core().follow_log().await.unwrap();
        rig.clock.advance_ms(REST_MS);
        offer(rig).await;
    }
    assert!(!is_offered(&one, id).await);
}

/// That it was made is noted in the same commit: whoever does not hear that it took place, and has
/// an old desk on their board, does not make it again.
#[tokio::test]
async fn an_offer_whose_answer_was_lost_is_not_made_again() {
    let (rig, id) = taken().await;
    rig.store.fail_next(Fault::AfterCommit);
    rig.engine.workers().followers().offer().await.unwrap_err();
    assert!(rig.store.fired() == 1 && is_offered(&rig, id).await);
    rejected(&rig, id).await;
    let supervised = rig.engine.core().desk(KATE).unwrap().supervised_by[&SAM].clone();
    assert!(supervised.offered.is_empty(), "the board does not know of it");
    offer(&rig).await;
    assert!(!is_offered(&rig, id).await);
}

#[tokio::test]
async fn what_was_swept_before_it_was_acted_on_is_offered() {
    let (rig, id) = taken().await;
    rig.clock.advance_ms(25 * 60 * 60 * 1_000);
    rig.engine.workers().sweeper().sweep().await.unwrap();
    assert!(rig.store.log_end().await.unwrap().floor > 0);
    offer(&rig).await;
    assert!(is_offered(&rig, id).await);
}

/// The workers run, and with every hint lost the period is what is left.
#[tokio::test(start_paused = true)]
async fn the_offer_comes_within_a_second() {
    for is_silent in [false, true] {
        let (rig, id) = taken().await;
        rig.bus.is_silent.store(is_silent, Ordering::SeqCst);
        rig.engine.start();
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        assert!(is_offered(&rig, id).await, "silent: {is_silent}");
        let second = chat(&rig, KATE).await;
        let most = Duration::from_millis(if is_silent { 1_000 } else { 50 });
        tokio::time::sleep(most).await;
        assert!(is_offered(&rig, second).await, "silent: {is_silent}");
        rig.engine.stop().await;
    }
}

/// The node that committed is gone at once, and another one's workers run. Nothing but the log
/// tells that node.
#[tokio::test(start_paused = true)]
async fn another_node_offers_it_in_its_next_look() {
    let (one, id) = taken().await;
    let other = Rig::over(one.store.clone(), one.clock.clone()).await;
    other.engine.start();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(is_offered(&one, id).await, "what was there when it started");
    let second = chat(&one, KATE).await;
    assert!(!is_offered(&one, second).await);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(is_offered(&one, second).await);
    other.engine.stop().await;
}
