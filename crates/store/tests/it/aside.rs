//! Rows that cannot be read: set aside, and everything else goes on.

use handoff_domain::{Time, Topic};
use handoff_store::conformance::samples::{
    BEGIN, event, interaction, interaction_id, notice, owner, put_interaction, subject, user_id,
};
use handoff_store::sqlite::Checked;
use handoff_store::{
    ChangeSet, InteractionQuery, InteractionScope, Key, Kind, SqliteStore, Store, StoreError,
    Timer, TimerKey,
};
use tempfile::TempDir;

use crate::options;

const SECRET: &str = "what a customer wrote";

/// A store with nine interactions of one contact center that wait, each told to one user and with a
/// timer.
async fn filled(directory: &TempDir) {
    let store = SqliteStore::open(options(directory)).unwrap();
    for n in 1..10 {
        let timer = Timer { key: TimerKey::Grace(user_id(n)), due: BEGIN };
        let change = ChangeSet {
            events: vec![event(interaction(n), BEGIN, vec![notice(1)])],
            timers_set: vec![timer],
            ..put_interaction(interaction(n), 0)
        };
        store.commit(change).await.unwrap();
    }
    store.close().await;
}

fn damage(directory: &TempDir, sql: &str) {
    handoff_store::sqlite::faults::damage(&options(directory).path, sql);
}

async fn ids(store: &SqliteStore, limit: usize) -> Vec<u64> {
    let center = interaction(1).center;
    let mut query = InteractionQuery::of(InteractionScope::Active(center), limit);
    let mut found = Vec::new();
    loop {
        let page = store.interactions(&query).await.unwrap();
        query.after = page.items.last().map(|last| last.value.id);
        found.extend(
            page.items
                .iter()
                .map(|item| (1..10).find(|n| interaction_id(*n) == item.value.id).unwrap()),
        );
        if !page.more {
            return found;
        }
        assert!(query.after.is_some(), "an empty page with more behind it");
    }
}

fn rows(store: &SqliteStore) -> Vec<String> {
    store.set_aside().into_iter().map(|one| one.row).collect()
}

#[tokio::test]
async fn an_unreadable_record_is_left_out_of_lists_and_everything_else_is_read() {
    let directory = TempDir::new().unwrap();
    filled(&directory).await;
    for (n, to) in [
        (1, format!("body = '{{\"subject\":\"{SECRET}\",'")),
        (2, "form = 99".to_owned()),
        (3, format!("body = '{{\"id\":\"{SECRET}\"}}'")),
        (4, "body = CAST(x'ff' AS TEXT)".to_owned()),
        (9, "body = ''".to_owned()),
    ] {
        damage(
            &directory,
            &format!("UPDATE interactions SET {to} WHERE id = '{}'", interaction_id(n)),
        );
    }
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert_eq!(store.set_aside(), []);
    for limit in [1, 2, 3, 99] {
        assert_eq!(ids(&store, limit).await, [5, 6, 7, 8], "{limit}");
        let mut after = None;
        let mut listed = 0;
        loop {
            let page = store.list(Kind::Interaction, after.take(), limit).await.unwrap();
            listed += page.items.len();
            after = page.items.last().map(|last| last.value.key());
            if !page.more {
                break;
            }
        }
        assert_eq!(listed, 4, "{limit}");
    }
    let all = InteractionQuery::of(InteractionScope::Active(interaction(1).center), 99);
    let strict = store.interactions(&InteractionQuery { strict: true, ..all }).await;
    assert!(matches!(strict, Err(StoreError::Corrupt { .. })), "{strict:?}");
    let damaged: Vec<String> =
        [1, 2, 3, 4, 9].map(|n| format!("interactions {}", interaction_id(n))).into();
    assert_eq!(rows(&store), damaged, "each once");
    for one in store.set_aside() {
        assert!(!one.why.contains(SECRET), "{}", one.why);
    }
    let loaded = store.load(&[Key::Interaction(interaction_id(1))]).await;
    assert!(matches!(loaded, Err(StoreError::Corrupt { .. })), "{loaded:?}");
    // The control: what is sound loads, and takes changes.
    let Some(sound) =
        store.load(&[Key::Interaction(interaction_id(5))]).await.unwrap().pop().flatten()
    else {
        panic!()
    };
    store.commit(put_interaction(interaction(5), sound.version)).await.unwrap();
}

#[tokio::test]
async fn unreadable_rows_of_the_log_are_left_out_too() {
    let directory = TempDir::new().unwrap();
    filled(&directory).await;
    damage(&directory, "UPDATE recent SET snapshot = '' WHERE position = 2");
    damage(&directory, "UPDATE streams SET body = '{' WHERE position = 3");
    damage(
        &directory,
        &format!("UPDATE history SET body = '{{' WHERE subject = '{}'", interaction_id(4)),
    );
    damage(
        &directory,
        &format!("UPDATE timers SET kind = 77 WHERE subject = 'u{}'", user_id(5).stored()),
    );
    damage(&directory, "UPDATE recent SET told = 'nobody' WHERE position = 6");
    let owner_text = format!("u{}", user_id(1).stored());
    let head = format!("INSERT INTO heads VALUES ('{owner_text}', 'Weather', 0, 1)");
    damage(&directory, &head);
    let store = SqliteStore::open(options(&directory)).unwrap();
    let stream = store.stream(owner(1), 0, 99).await.unwrap();
    let positions: Vec<u64> = stream.items.iter().map(|row| row.position).collect();
    assert_eq!(positions, [1, 5, 6, 7, 8, 9]);
    assert_eq!(store.history(subject(4), 0, 1).await.unwrap().items.len(), 0);
    assert_eq!(store.history(subject(5), 0, 1).await.unwrap().items.len(), 1);
    let log = store.log_after(0, 3).await.unwrap();
    let positions: Vec<u64> = log.items.iter().map(|entry| entry.position).collect();
    assert_eq!((positions, log.more), (vec![1, 2, 3], true), "who reads it needs no snapshot");
    let log = store.log_after(3, 99).await.unwrap();
    let positions: Vec<u64> = log.items.iter().map(|entry| entry.position).collect();
    assert_eq!((positions, log.more), (vec![5, 7, 8, 9], false));
    assert_eq!(store.told_after(0, 9).await.unwrap().items.len(), 8);
    let head = store.head(owner(1)).await.unwrap();
    assert_eq!(head.numbers, [(Topic::Interactions, 9), (Topic::Emails, 9)].into());
    let (due, next) = store.timers(BEGIN, 99).await.unwrap();
    assert_eq!((due.len(), next), (8, None));
    let (due, next) = store.timers(BEGIN, 5).await.unwrap();
    assert_eq!((due.len(), next), (5, Some(BEGIN)));
    assert_eq!(store.set_aside().len(), 7, "{:?}", rows(&store));
}

#[tokio::test]
async fn a_check_reads_every_row_and_says_how_far_it_is() {
    let directory = TempDir::new().unwrap();
    filled(&directory).await;
    let check = async || -> (Checked, Vec<&'static str>) {
        let store = SqliteStore::open(options(&directory)).unwrap();
        let (told, heard) = std::sync::mpsc::channel();
        let checked = store.check(move |progress| told.send(progress).unwrap()).await.unwrap();
        let tables = heard.try_iter().map(|progress| progress.table).collect();
        store.close().await;
        (checked, tables)
    };
    let (sound, tables) = check().await;
    assert_eq!((sound.rows, sound.unreadable.len()), (9 * 4, 0), "the control");
    assert!(tables.contains(&"interactions") && tables.contains(&"streams"), "{tables:?}");
    damage(
        &directory,
        &format!("UPDATE interactions SET body = '{{' WHERE id = '{}'", interaction_id(1)),
    );
    damage(&directory, "UPDATE recent SET form = 99 WHERE position = 2");
    damage(&directory, "UPDATE streams SET numbers = '' WHERE position = 3");
    damage(
        &directory,
        &format!("UPDATE history SET body = '' WHERE subject = '{}'", interaction_id(4)),
    );
    let (damaged, _) = check().await;
    let found: Vec<String> = damaged.unreadable.iter().map(|one| one.row.clone()).collect();
    let expected = vec![
        format!("history {} 4", interaction_id(4)),
        format!("interactions {}", interaction_id(1)),
        "recent 2".to_owned(),
        "recent 4".to_owned(),
        format!("streams u{} 3", user_id(1).stored()),
    ];
    assert_eq!((damaged.rows, found), (9 * 4, expected));
}

#[tokio::test]
async fn the_latest_time_is_that_of_the_last_event_or_of_the_last_id() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    assert_eq!(store.latest().await.unwrap(), None);
    store.commit(put_interaction(interaction(1), 0)).await.unwrap();
    assert_eq!(store.latest().await.unwrap(), Some(interaction_id(1).created()));
    let late: Time = BEGIN.plus_ms(u64::pow(10, 12));
    let change = ChangeSet {
        events: vec![event(interaction(1), late, vec![notice(1)])],
        ..ChangeSet::default()
    };
    store.commit(change).await.unwrap();
    assert_eq!(store.latest().await.unwrap(), Some(late));
}
