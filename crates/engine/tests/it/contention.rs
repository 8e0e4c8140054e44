//! Many agents at once: guards that follow from use refuse few commits that need not be refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use handoff_domain::chat::{Content, TreatAs, Utterance, Visibility};
use handoff_domain::event::Cause;
use handoff_domain::{Action, ChatTimes, InteractionId, Media, Role, UserData, UserId};
use handoff_engine::{ChannelChange, CommitTally, NewChat, Replay};
use handoff_store::{ChangeSet, Put, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::FaultyStore;
use tokio::task::JoinSet;

use crate::rig::{CENTER, CHATS, GROUP, Rig, described, noon};

const AGENTS: u128 = 64;
const ITEMS: u64 = 30;
/// What each costs: an offer, an Accept, a Complete.
const COMMITS_PER_ITEM: u64 = 3;

fn agents() -> impl Iterator<Item = UserId> {
    (0..AGENTS).map(|n| UserId(0x100 + n))
}

/// A node on a disk, with all agents at their desks; `guarded` says how the store guards.
async fn node(
    directory: &tempfile::TempDir,
    guarded: impl FnOnce(FaultyStore) -> FaultyStore,
) -> Rig {
    let mut center = described();
    center.users.clear();
    for user in agents() {
        center = center
            .user(user, &user.to_string(), &[Role::Agent], &[GROUP], &[])
            .room(Media::Workitem, 5)
            .room(Media::Chat, 1);
    }
    let store = SqliteStore::open(SqliteOptions::new(directory.path().join("handoff.db"))).unwrap();
    let puts = center.records().map(|record| Put { record, expected: 0 }).collect();
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    let store = guarded(FaultyStore::over(Arc::new(store)));
    let rig = Rig::over(Arc::new(store), noon()).await;
    for user in agents() {
        rig.listen(user, &format!("{user}-1"), Replay::Live).await;
        let desks = rig.engine.desks();
        let media = [Media::Chat, Media::Workitem];
        desks.start_contact_session(user, CENTER, &media, None).await.unwrap();
        let ready = ChannelChange::Ready;
        desks.change_channels(user, CENTER, Cause::User(user), None, &ready).await.unwrap();
    }
    rig
}

/// Begins a chat and has it accepted; returns it and its owner.
async fn chat(rig: &Rig) -> (UserId, InteractionId) {
    let queue = rig.engine.core().directory().queue(CENTER, CHATS).unwrap().clone();
    let new = NewChat {
        center: CENTER,
        queue,
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
    let agent = rig.stored(id).await.offer().unwrap().to;
    rig.accept(agent, id).await.unwrap();
    (agent, id)
}

fn words() -> Action {
    let text = "hello".to_owned();
    let content = Content::Text { text, message_type: None, treat_as: TreatAs::Normal };
    Action::Say(Utterance::new(content, Visibility::All))
}

/// Lets one work item after the other be offered, and those who are offered one do it meanwhile.
async fn work_on_items(rig: Arc<Rig>) {
    let mut work = JoinSet::new();
    for _ in 0..ITEMS {
        let id = rig.submit().await;
        rig.engine.workers().router().route().await.unwrap();
        let Some(agent) = rig.stored(id).await.offer().map(|offer| offer.to) else { continue };
        let rig = rig.clone();
        work.spawn(async move {
            rig.accept(agent, id).await.unwrap();
            rig.act(agent, id, Action::Complete { queue: None }).await.unwrap();
        });
    }
    work.join_all().await;
}

/// Counts the commits that were made again while everybody talks without a pause and work items are
/// offered, accepted and completed: whoever is in a chat is offered work meanwhile.
async fn made_again(guarded: impl FnOnce(FaultyStore) -> FaultyStore) -> u64 {
    let directory = tempfile::TempDir::new().unwrap();
    let rig = Arc::new(node(&directory, guarded).await);
    let mut chats = Vec::new();
    for _ in agents() {
        chats.push(chat(&rig).await);
    }
    let before = tally(&rig);
    let (mut talk, is_over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
    for (agent, id) in chats {
        let (rig, is_over) = (rig.clone(), is_over.clone());
        talk.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                rig.act(agent, id, words()).await.unwrap();
            }
        });
    }
    // A task, so that its turns come among those of who talks.
    tokio::spawn(work_on_items(rig.clone())).await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    talk.join_all().await;
    let after = tally(&rig);
    let commits = after.0 - before.0;
    assert!(commits > 10 * COMMITS_PER_ITEM * ITEMS, "only {commits} commits");
    after.1 - before.1
}

/// Returns how many commits went through, and how many were made again.
fn tally(rig: &Rig) -> (u64, u64) {
    let CommitTally { commits, put_conflicts, check_conflicts } = rig.engine.core().commit_tally();
    let conflicts = put_conflicts.iter().chain(&check_conflicts).map(|(_, count)| count);
    (commits, conflicts.sum())
}

/// Two in a hundred, of the commits that change a desk.
const MADE_AGAIN_MAX: u64 = COMMITS_PER_ITEM * ITEMS / 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_commits_are_refused_when_many_are_at_work() {
    let made_again = made_again(|store| store).await;
    assert!(made_again <= MADE_AGAIN_MAX, "{made_again} were made again");
}

/// The control: were the desks of those who are in a chat relied on by its messages, more would be
/// refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_too_many_is_noticed() {
    let made_again = made_again(FaultyStore::relying_on_desks).await;
    assert!(made_again > MADE_AGAIN_MAX, "only {made_again} were made again");
}
