//! What becomes of the database file: reopening, other processes, file modes, damage.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use handoff_store::conformance::samples::{
    BEGIN, event, interaction, notice, one_of_each, owner, put, put_interaction, receipt, subject,
    user_id,
};
use handoff_store::{
    ChangeSet, Key, Kind, SqliteOptions, SqliteStore, Store, StoreError, Timer, TimerKey,
};
use tempfile::TempDir;

use crate::options;

fn everything() -> ChangeSet {
    ChangeSet {
        puts: one_of_each().into_iter().map(|record| put(record, 0)).collect(),
        timers_set: vec![Timer { key: TimerKey::Grace(user_id(1)), due: BEGIN }],
        events: vec![event(interaction(1), BEGIN, vec![notice(1)])],
        receipts: vec![receipt("k", None)],
        ..ChangeSet::default()
    }
}

async fn assert_everything(store: &SqliteStore) {
    for record in one_of_each() {
        let loaded = store.load(&[record.key()]).await.unwrap().remove(0).unwrap();
        assert_eq!(loaded.value, record);
    }
    assert_eq!(store.timers(BEGIN, 9).await.unwrap().0.len(), 1);
    assert_eq!(store.stream(owner(1), 0, 9).await.unwrap().items.len(), 1);
    assert_eq!(store.history(subject(1), 0, 9).await.unwrap().items.len(), 1);
    assert!(store.receipt(&receipt("k", None).scope, "k").await.unwrap().is_some());
}

#[tokio::test]
async fn everything_survives_closing_and_opening() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    store.commit(everything()).await.unwrap();
    store.close().await;
    drop(store);
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert_everything(&store).await;
    let more = ChangeSet { events: everything().events, ..ChangeSet::default() };
    assert_eq!(store.commit(more).await.unwrap().position, 2);
    assert_eq!(store.head(owner(1)).await.unwrap().numbers.values().max(), Some(&2));
}

#[tokio::test]
async fn everything_survives_being_dropped() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    store.commit(everything()).await.unwrap();
    drop(store);
    assert_everything(&SqliteStore::open(options(&directory)).unwrap()).await;
}

#[tokio::test]
async fn positions_are_not_given_again_after_the_log_was_swept_empty() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    let last = store.commit(everything()).await.unwrap().position;
    assert_eq!(store.sweep(BEGIN, BEGIN.plus_ms(1), BEGIN, 9).await.unwrap().log_entries, 1);
    drop(store);
    let store = SqliteStore::open(options(&directory)).unwrap();
    let more = ChangeSet { events: everything().events, ..ChangeSet::default() };
    assert!(store.commit(more).await.unwrap().position > last);
}

#[tokio::test]
async fn a_second_server_is_refused_while_the_first_runs() {
    let directory = TempDir::new().unwrap();
    let first = SqliteStore::open(options(&directory)).unwrap();
    let refused = SqliteStore::open(options(&directory)).unwrap_err();
    let StoreError::Unavailable { source, .. } = &refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains("in use by another process"), "{source}");
    first.close().await;
    SqliteStore::open(options(&directory)).unwrap();
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    store.commit(everything()).await.unwrap();
    let mode = |name: &str| {
        let path = directory.path().join("data").join(name);
        path.metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for name in ["handoff.db", "handoff.db-wal", "handoff.db-shm", "handoff.db-lock"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("handoff.db");
    std::fs::write(&path, "this is not a database, however often it is opened. ".repeat(40))
        .unwrap();
    let refused = SqliteStore::open(SqliteOptions::new(path)).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
}

fn tamper(directory: &TempDir, sql: &str) {
    let connection = rusqlite::Connection::open(options(directory).path).unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn opened_after(sql: &str) -> (SqliteStore, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    store.commit(everything()).await.unwrap();
    store.close().await;
    drop(store);
    tamper(&directory, sql);
    (SqliteStore::open(options(&directory)).unwrap(), directory)
}

fn corruption<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Corrupt { what }) => what,
        other => panic!("expected corruption, got {other:?}"),
    }
}

#[tokio::test]
async fn a_row_of_a_newer_form_is_named_and_never_guessed_at() {
    let (store, _kept) = opened_after("UPDATE users SET form = 2").await;
    assert_eq!(store.list(Kind::User, None, 9).await.unwrap().items, []);
    let aside = store.set_aside().pop().unwrap();
    assert_eq!(aside.row, format!("users {}", user_id(1).stored()));
    assert!(aside.why.contains("form 2"), "{aside:?}");
    corruption(store.load(&[Key::User(user_id(1))]).await);
    store.load(&[Key::Desk(user_id(1))]).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_alone() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    let mut huge = interaction(1);
    huge.user_data.0.insert("n".to_owned(), handoff_domain::Value::Integer(i128::MAX));
    store.commit(put_interaction(huge, 0)).await.unwrap_err();
    store.commit(put_interaction(interaction(1), 0)).await.unwrap();
}

#[tokio::test]
async fn more_committers_than_places_all_get_through() {
    let directory = TempDir::new().unwrap();
    let narrow = SqliteOptions {
        queue_len_max: 2,
        batch_len_max: 3,
        batch_bytes_max: 1,
        ..options(&directory)
    };
    let store = Arc::new(SqliteStore::open(narrow).unwrap());
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(put_interaction(interaction(n), 0)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.list(Kind::Interaction, None, 99).await.unwrap().items.len(), 40);
}

#[tokio::test]
async fn what_was_handed_in_is_finished_when_the_store_is_closed() {
    let directory = TempDir::new().unwrap();
    let store = Arc::new(SqliteStore::open(options(&directory)).unwrap());
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(
                async move { store.commit(put_interaction(interaction(n), 0)).await.is_ok() },
            )
        })
        .collect();
    // Each task runs until its set is handed in.
    tokio::task::yield_now().await;
    store.close().await;
    let mut acknowledged = 0;
    for task in tasks {
        acknowledged += usize::from(task.await.unwrap());
    }
    drop(store);
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert_eq!(store.list(Kind::Interaction, None, 99).await.unwrap().items.len(), acknowledged);
    assert!(acknowledged > 0);
}

/// A command may look at what is in a store that a server has open; it may not open it.
#[tokio::test]
async fn a_store_that_is_open_can_be_glanced_at() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("handoff.db");
    let store = SqliteStore::open(SqliteOptions::new(&path)).unwrap();
    let queue = one_of_each().into_iter().find(|record| record.key().kind() == Kind::Queue);
    let change = ChangeSet { puts: vec![put(queue.clone().unwrap(), 0)], ..ChangeSet::default() };
    store.commit(change).await.unwrap();
    assert!(SqliteStore::open(SqliteOptions::new(&path)).is_err());
    assert_eq!(SqliteStore::read_beside(&path, Kind::Queue).unwrap(), [queue.unwrap()]);
    assert_eq!(SqliteStore::read_beside(&path, Kind::User).unwrap(), []);
}
