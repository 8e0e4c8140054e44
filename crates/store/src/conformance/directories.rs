//! Directories: how often they were changed, what relies on them, and what is to be read again.

use std::sync::Arc;

use handoff_domain::{CenterId, Group, GroupId, User};

use super::samples::{CENTER, desk, put, user, user_id};
use super::{committed, conflict};
use crate::change_set::{ChangeSet, DirectoryGuard, Extent, Guard};
use crate::directory::{DirectoryEntry, DirectoryPage};
use crate::record::{Key, Record, Version, Versioned};
use crate::store::Store;

const OTHER: CenterId = CenterId(0xce2);

fn named(n: u64, name: &str) -> Record {
    Record::User(User { first_name: name.to_owned(), ..user(n) })
}

fn group(center: CenterId, name: &str) -> Record {
    Record::Group(Group { id: GroupId(center.0), center, name: name.to_owned() })
}

fn write(records: impl IntoIterator<Item = (Record, Version)>) -> ChangeSet {
    let puts = records.into_iter().map(|(record, expected)| put(record, expected));
    ChangeSet { puts: puts.collect(), ..ChangeSet::default() }
}

fn seen(version: Version, extent: Extent) -> Option<DirectoryGuard> {
    Some(DirectoryGuard { center: CENTER, version, extent })
}

fn removal(n: u64, version: Version, directory: Version) -> ChangeSet {
    ChangeSet {
        removals: vec![Guard { key: Key::User(user_id(n)), version }],
        directory: seen(directory, Extent::Checked),
        ..ChangeSet::default()
    }
}

fn check(n: u64, version: Version, directory: Option<DirectoryGuard>) -> ChangeSet {
    let checks = vec![Guard { key: Key::User(user_id(n)), version }];
    ChangeSet { checks, directory, ..ChangeSet::default() }
}

async fn versions(store: &dyn Store) -> Vec<(CenterId, Version)> {
    store.directory_versions().await.expect("versions").into_iter().collect()
}

async fn after(store: &dyn Store, version: Version, limit: usize) -> DirectoryPage {
    store.directory_after(CENTER, version, limit).await.expect("what was changed")
}

/// One for each commit, however many records it changes; none for work, for checks and for what was
/// refused. Each contact center is counted apart.
pub async fn a_directory_counts_the_commits_that_change_it(store: Arc<dyn Store>) {
    assert_eq!(versions(&*store).await, []);
    committed(&*store, write([(named(1, "a"), 0), (named(2, "a"), 0)])).await;
    assert_eq!(versions(&*store).await, [(CENTER, 1)]);
    committed(&*store, write([(Record::Desk(desk(1)), 0)])).await;
    committed(&*store, check(1, 1, None)).await;
    conflict(&*store, write([(named(3, "a"), 0), (named(1, "b"), 7)])).await;
    assert_eq!(versions(&*store).await, [(CENTER, 1)]);
    committed(&*store, write([(group(OTHER, "a"), 0), (named(1, "b"), 1)])).await;
    committed(&*store, removal(2, 1, 2)).await;
    let mut both = vec![(CENTER, 3), (OTHER, 1)];
    both.sort_unstable();
    assert_eq!(versions(&*store).await, both);
}

/// While the directory is as it was seen its records are not compared; afterwards each is, and what
/// was not checked may have changed.
pub async fn a_directory_as_it_was_seen_stands_for_its_records(store: Arc<dyn Store>) {
    committed(&*store, write([(named(1, "a"), 0), (named(2, "a"), 0)])).await;
    committed(&*store, check(1, 9, seen(1, Extent::Checked))).await;
    committed(&*store, write([(named(2, "b"), 1)])).await;
    assert_eq!(
        conflict(&*store, check(1, 9, seen(1, Extent::Checked))).await,
        Key::User(user_id(1))
    );
    committed(&*store, check(1, 1, seen(1, Extent::Checked))).await;
    assert_eq!(
        conflict(&*store, check(2, 1, seen(1, Extent::Checked))).await,
        Key::User(user_id(2))
    );
    let work = Guard { key: Key::Desk(user_id(1)), version: 1 };
    let change = ChangeSet {
        checks: vec![work.clone()],
        directory: seen(2, Extent::Checked),
        ..ChangeSet::default()
    };
    assert_eq!(conflict(&*store, change).await, work.key, "work is compared in any case");
    let stale = ChangeSet { directory: seen(2, Extent::Checked), ..write([(named(1, "b"), 0)]) };
    assert_eq!(conflict(&*store, stale).await, Key::User(user_id(1)), "so is what is written");
}

/// Whoever relied on the whole directory meets any change of it, and none of another's.
pub async fn any_change_conflicts_with_who_relied_on_the_whole(store: Arc<dyn Store>) {
    committed(&*store, write([(named(1, "a"), 0)])).await;
    let add = |n, directory| ChangeSet {
        directory: seen(directory, Extent::Whole),
        ..write([(named(n, "a"), 0)])
    };
    committed(&*store, add(2, 1)).await;
    assert_eq!(conflict(&*store, add(3, 1)).await, Key::Center(CENTER));
    committed(&*store, write([(group(OTHER, "a"), 0)])).await;
    committed(&*store, add(3, 2)).await;
    assert_eq!(conflict(&*store, add(4, 4)).await, Key::Center(CENTER), "nor a future one");
}

/// What is to be read again is found in the order of the changes, each as it is now.
pub async fn what_was_changed_in_a_directory_is_found(store: Arc<dyn Store>) {
    committed(&*store, write([(named(1, "a"), 0), (named(2, "a"), 0)])).await;
    committed(&*store, write([(named(3, "a"), 0)])).await;
    committed(&*store, write([(named(1, "b"), 1)])).await;
    committed(&*store, write([(group(OTHER, "a"), 0)])).await;
    committed(&*store, removal(2, 1, 3)).await;
    let is =
        |n, name: &str, version| DirectoryEntry::Is(Versioned { value: named(n, name), version });
    let gone = DirectoryEntry::Gone(Key::User(user_id(2)));
    let all = DirectoryPage {
        version: 4,
        entries: vec![is(3, "a", 1), is(1, "b", 2), gone.clone()],
        more: false,
    };
    assert_eq!(after(&*store, 0, 9).await, all);
    assert_eq!(
        after(&*store, 0, 2).await,
        DirectoryPage { version: 3, entries: all.entries[..2].to_vec(), more: true }
    );
    assert_eq!(
        after(&*store, 3, 9).await,
        DirectoryPage { version: 4, entries: vec![gone], more: false }
    );
    let nothing = DirectoryPage { version: 4, entries: Vec::new(), more: false };
    assert_eq!(after(&*store, 4, 9).await, nothing);
}

/// A page may be longer than its limit, because what was changed together is together.
pub async fn what_was_changed_together_is_read_together(store: Arc<dyn Store>) {
    committed(&*store, write((0..5).map(|n| (named(n, "a"), 0)))).await;
    committed(&*store, write((5..7).map(|n| (named(n, "a"), 0)))).await;
    for limit in [0, 1, 4, 5] {
        let page = after(&*store, 0, limit).await;
        assert_eq!((page.version, page.entries.len(), page.more), (1, 5, true), "{limit}");
    }
    for limit in [6, 7, 8] {
        let page = after(&*store, 0, limit).await;
        assert_eq!((page.version, page.entries.len(), page.more), (2, 7, false), "{limit}");
    }
}

/// Whoever reads what was changed, while it goes on changing, never sees half of a commit.
pub async fn what_was_changed_is_of_one_moment(store: Arc<dyn Store>) {
    let both =
        |name: &str, expected| write([(named(1, name), expected), (group(CENTER, name), expected)]);
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..100 {
                committed(&*store, both(&n.to_string(), n)).await;
            }
        })
    };
    let mut version = 0;
    while version < 100 {
        let page = after(&*store, version, 1).await;
        assert!(!page.more);
        let names: Vec<_> = page.entries.iter().map(name_of).collect();
        assert!(names.windows(2).all(|pair| pair[0] == pair[1]), "{names:?}");
        assert_eq!(names.len(), if page.version == version { 0 } else { 2 });
        version = page.version;
    }
    writer.await.expect("the writer must not panic");
}

fn name_of(entry: &DirectoryEntry) -> &str {
    match entry {
        DirectoryEntry::Is(Versioned { value: Record::User(user), .. }) => &user.first_name,
        DirectoryEntry::Is(Versioned { value: Record::Group(group), .. }) => &group.name,
        other => panic!("expected a user or a group, got {other:?}"),
    }
}
