//! The directory in memory: of one moment, and read again only where it changed.

use std::sync::Arc;

use handoff_domain::{CenterId, GroupId, QueueId, Role, UserId};
use handoff_engine::Directory;
use handoff_store::{ChangeSet, DirectoryGuard, Extent, Guard, Key, Put, Record, Store};
use handoff_testkit::{Center, FaultyStore};

use crate::rig::{CENTER, KATE, QUEUE, Rig, center, noon, queue};

/// Somebody whose first name says of which moment they are.
fn user(id: u128, name: &str) -> Record {
    let made = Center::new(CENTER, "Demo").user(UserId(id), name, &[Role::Agent], &[], &[]);
    Record::User(made.users.into_iter().next().unwrap())
}

fn puts(records: impl IntoIterator<Item = (Record, u64)>) -> ChangeSet {
    let put = |(record, expected)| Put { record, expected };
    ChangeSet { puts: records.into_iter().map(put).collect(), ..ChangeSet::default() }
}

/// Two users who are always changed together, in a center that is so large that they are on
/// different pages, and a store that changes them between any two pages.
async fn two_who_change_together() -> Arc<FaultyStore> {
    let between = (0x2000..0x2000 + 1_500).map(|id| (user(id, &id.to_string()), 0));
    let both = [(user(0x1, "first"), 0), (user(0x9000, "second"), 0)];
    let made = Record::Center(handoff_domain::Center {
        id: CENTER,
        name: "Demo".into(),
        workspace: handoff_domain::Workspace::default(),
        missed_offers_to_not_ready: None,
        retention_ms: std::collections::BTreeMap::new(),
        time_zone: None,
    });
    let store = handoff_testkit::center::store([made]).await.unwrap();
    store.commit(puts(between.chain(both))).await.unwrap();
    Arc::new(FaultyStore::over(Arc::new(store)))
}

fn renamed(id: u128, name: &str) -> Record {
    let Record::User(mut user) = user(id, &format!("{id:x}")) else { unreachable!() };
    user.first_name = name.into();
    Record::User(user)
}

/// A load is of one moment however often the center changes while its pages are read.
#[tokio::test]
async fn a_directory_is_never_torn() {
    let store = two_who_change_together().await;
    let changes = (1..100).map(|n| {
        let name = n.to_string();
        puts([(renamed(0x1, &name), n), (renamed(0x9000, &name), n)])
    });
    store.commit_between_lists(changes);
    let directory = Directory::load(&*store).await.unwrap();
    let name = |id| directory.users[&UserId(id)].first_name.clone();
    let last = 99 - store.left_between_lists();
    assert!(last > 5, "the center was changed between the pages");
    assert_eq!([name(0x1), name(0x9000)], [last.to_string(), last.to_string()]);
    assert_eq!(store.read_anew(), 2, "without what changed meanwhile the two would differ");
}

/// One change of a large center reads one record, and whoever looks for nothing reads nothing.
#[tokio::test]
async fn a_change_is_all_that_is_read_again() {
    let store = two_who_change_together().await;
    let rig = Rig::over(store.clone(), noon()).await;
    let lists = store.lists();
    store.commit(puts([(renamed(0x2001, "Kate"), 1)])).await.unwrap();
    rig.engine.core().reload_directory().await.unwrap();
    assert_eq!(rig.engine.core().directory().users[&UserId(0x2001)].first_name, "Kate");
    rig.engine.core().reload_directory().await.unwrap();
    assert_eq!((store.read_anew(), store.lists() - lists), (1, 0));
}

/// What was removed is gone from every index, and what another center does changes nothing here.
#[tokio::test]
async fn what_was_removed_is_gone() {
    let store = center().await;
    let rig = Rig::over(store.clone(), noon()).await;
    let directory = rig.engine.core().directory();
    let removals = [Key::User(KATE), Key::Queue(QUEUE)]
        .map(|key| Guard { version: directory.version(&key), key });
    let change = ChangeSet {
        removals: removals.to_vec(),
        directory: Some(directory.guard(CENTER, Extent::Whole)),
        ..ChangeSet::default()
    };
    store.commit(change).await.unwrap();
    rig.engine.core().reload_directory().await.unwrap();
    let fresh = rig.engine.core().directory();
    assert!(fresh.user(CENTER, KATE).is_none() && fresh.user_by_name("kate").is_none());
    assert!(fresh.queue(CENTER, QUEUE).is_none());
    assert_eq!(fresh.version(&Key::User(KATE)), 0);
    assert_eq!(fresh.guard(CENTER, Extent::Whole).version, 2);
}

/// A node that does not know of a change yet decides on what is: the store refuses what it relied
/// on, and only that.
#[tokio::test]
async fn an_older_directory_costs_one_more_attempt_at_most() {
    let rig = Rig::new().await;
    let other = Record::Group(handoff_domain::Group {
        id: GroupId(0x99),
        center: CENTER,
        name: "Others".into(),
    });
    rig.store.commit(puts([(other, 0)])).await.unwrap();
    rig.submit().await;
    assert_eq!(rig.store.conflicts(), 0, "nothing that the submission relied on changed");
    rig.store.commit(puts([(Record::Queue(queue()), 1)])).await.unwrap();
    rig.submit().await;
    assert_eq!(rig.store.conflicts(), 1, "the queue was written again");
    rig.submit().await;
    assert_eq!(rig.store.conflicts(), 1, "and is known now");
}

/// The version that a commit names is that of the directory which its decision saw.
#[tokio::test]
async fn a_guard_names_the_directory_that_was_seen() {
    let rig = Rig::new().await;
    let before = rig.engine.core().directory();
    assert_eq!(
        before.guard(CENTER, Extent::Checked),
        DirectoryGuard { center: CENTER, version: 1, extent: Extent::Checked }
    );
    assert_eq!(before.guard(CenterId(7), Extent::Whole).version, 0);
    assert!(before.queue(CENTER, QueueId(7)).is_none());
}
