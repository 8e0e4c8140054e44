//! Failing writes.

use std::time::Duration;

use handoff_store::conformance::samples::{
    BEGIN, event, interaction, interaction_id, notice, owner, put_interaction,
};
use handoff_store::sqlite::counts::Counts;
use handoff_store::sqlite::faults::{Fault, Faults, Place};
use handoff_store::{
    ChangeSet, CommitError, Committed, Key, SqliteOptions, SqliteStore, Store, StoreError,
};
use tempfile::TempDir;

use crate::options;

fn faulty(directory: &TempDir) -> (SqliteStore, Faults) {
    let faults = Faults::default();
    let store =
        SqliteStore::open(SqliteOptions { faults: faults.clone(), ..options(directory) }).unwrap();
    (store, faults)
}

fn is_unclear(result: &Result<Committed, CommitError>) -> bool {
    matches!(result, Err(CommitError::Store(StoreError::OutcomeUnknown { .. })))
}

fn telling(n: u64) -> ChangeSet {
    ChangeSet {
        events: vec![event(interaction(n), BEGIN, vec![notice(1)])],
        ..put_interaction(interaction(n), 0)
    }
}

#[tokio::test]
async fn after_a_failed_sync_nothing_succeeds_any_more() {
    let directory = TempDir::new().unwrap();
    let (store, faults) = faulty(&directory);
    store.commit(telling(1)).await.unwrap();
    assert!(!store.is_stopped());
    faults.plan(Place::Commit, Fault::SyncFailed);
    let unclear = store.commit(telling(2)).await;
    assert!(is_unclear(&unclear), "{unclear:?}");
    for n in 3..20 {
        let refused = store.commit(telling(n)).await;
        assert!(
            matches!(
                refused,
                Err(CommitError::Store(StoreError::Stopped | StoreError::OutcomeUnknown { .. }))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(faults.fired(), 1);
    assert!(store.is_stopped());
    tokio::time::timeout(Duration::from_secs(60), store.stopped()).await.unwrap();
    assert!(matches!(store.ready().await, Err(StoreError::Stopped)));
    assert!(matches!(store.head(owner(1)).await, Err(StoreError::Stopped)));
    store.close().await;
    drop(store);
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert!(store.load(&[Key::Interaction(interaction_id(1))]).await.unwrap()[0].is_some());
    store.commit(telling(30)).await.unwrap();
}

#[tokio::test]
async fn everybody_in_a_batch_whose_sync_failed_is_told_so() {
    let directory = TempDir::new().unwrap();
    let (store, faults) = faulty(&directory);
    let store = std::sync::Arc::new(store);
    faults.plan(Place::Commit, Fault::SyncFailed);
    let mut unclear = 0_usize;
    let tasks: Vec<_> = (0..30)
        .map(|n| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.commit(telling(n)).await })
        })
        .collect();
    for task in tasks {
        let refused = task.await.unwrap();
        // Who was handed in when the sync failed cannot know; who came later was never taken.
        assert!(
            is_unclear(&refused) || matches!(refused, Err(CommitError::Store(StoreError::Stopped))),
            "{refused:?}"
        );
        unclear += usize::from(is_unclear(&refused));
    }
    assert!(unclear > 0, "nobody was told that the outcome is unknown");
    assert_eq!(faults.fired(), 1);
}

#[tokio::test]
async fn a_failed_checkpoint_stops_too() {
    let directory = TempDir::new().unwrap();
    let faults = Faults::default();
    let soon = SqliteOptions { faults: faults.clone(), checkpoint_pages: 1, ..options(&directory) };
    let store = SqliteStore::open(soon).unwrap();
    faults.plan(Place::Checkpoint, Fault::SyncFailed);
    // The commit before the checkpoint is durable in the log and may be acknowledged.
    store.commit(telling(1)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), store.stopped()).await.unwrap();
    assert!(store.commit(telling(2)).await.is_err());
    assert_eq!(faults.fired(), 1);
    drop(store);
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert!(store.load(&[Key::Interaction(interaction_id(1))]).await.unwrap()[0].is_some());
}

#[tokio::test]
async fn a_full_disk_refuses_and_heals() {
    let directory = TempDir::new().unwrap();
    let (store, faults) = faulty(&directory);
    store.commit(telling(1)).await.unwrap();
    for n in 2..5 {
        faults.plan(Place::Commit, Fault::DiskFull);
        let refused = store.commit(telling(n)).await;
        assert!(
            matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))),
            "{refused:?}"
        );
        assert_eq!(store.load(&[Key::Interaction(interaction_id(n))]).await.unwrap(), [None]);
    }
    faults.plan(Place::Commit, Fault::DiskFull);
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable { .. })));
    store.ready().await.unwrap();
    let after = store.commit(telling(2)).await.unwrap();
    assert_eq!(after.position, 2);
    let numbers: Vec<_> = store
        .stream(owner(1), 0, 9)
        .await
        .unwrap()
        .items
        .iter()
        .map(|row| row.numbers[0].1)
        .collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(faults.fired(), 4);
}

/// SQLite leaves out what is in its place already, and a probe that writes nothing would find a
/// full disk well.
#[tokio::test]
async fn to_be_ready_something_is_written_each_time() {
    let directory = TempDir::new().unwrap();
    let counts = Counts::default();
    let options = SqliteOptions { counts: counts.clone(), ..options(&directory) };
    let store = SqliteStore::open(options).unwrap();
    for n in 1..4 {
        store.commit(telling(n)).await.unwrap();
        let (end, before) = (store.log_end().await.unwrap(), counts.now().pages);
        store.ready().await.unwrap();
        assert!(counts.now().pages > before, "nothing was written");
        assert_eq!(store.log_end().await.unwrap(), end);
    }
}

#[tokio::test]
async fn a_sweep_that_fails_takes_nothing() {
    let directory = TempDir::new().unwrap();
    let (store, faults) = faulty(&directory);
    store.commit(telling(1)).await.unwrap();
    faults.plan(Place::Commit, Fault::DiskFull);
    assert!(store.sweep(BEGIN, BEGIN.plus_ms(1), BEGIN, 9).await.is_err());
    assert_eq!(store.stream(owner(1), 0, 9).await.unwrap().items.len(), 1);
    assert_eq!(store.sweep(BEGIN, BEGIN.plus_ms(1), BEGIN, 9).await.unwrap().stream_rows, 1);
    assert_eq!(store.head(owner(9)).await.unwrap().position, 0);
}

/// What the writer remembers of a record is what the last batch that went through wrote: with it a
/// guard costs no statement, and what a batch wrote that failed is not remembered.
#[tokio::test]
async fn a_guard_is_compared_with_what_was_written_last() {
    let directory = TempDir::new().unwrap();
    let (faults, counts) = (Faults::default(), Counts::default());
    let store = SqliteStore::open(SqliteOptions {
        faults: faults.clone(),
        counts: counts.clone(),
        ..options(&directory)
    });
    let store = store.unwrap();
    store.commit(put_interaction(interaction(1), 0)).await.unwrap();
    let before = counts.now().written;
    store.commit(put_interaction(interaction(1), 1)).await.unwrap();
    assert_eq!(counts.now().written - before, 3, "begin, write, commit");
    faults.plan(Place::Commit, Fault::DiskFull);
    store.commit(put_interaction(interaction(1), 2)).await.unwrap_err();
    for (expected, goes_through) in [(3, false), (1, false), (2, true), (2, false), (3, true)] {
        let committed = store.commit(put_interaction(interaction(1), expected)).await;
        assert_eq!(committed.is_ok(), goes_through, "{expected}: {committed:?}");
    }
    assert_eq!(faults.fired(), 1);
}
