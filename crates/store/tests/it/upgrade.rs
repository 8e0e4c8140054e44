//! A database that the program before the log wrote, in a run of its own, is opened and goes on.

use std::collections::BTreeMap;
use std::path::Path;

use handoff_domain::{Content, Fact, InteractionId, Owner, Time, Topic, UserId};
use handoff_store::conformance::samples::{BEGIN, event};
use handoff_store::sqlite::faults::restore;
use handoff_store::{
    ChangeSet, Key, Kind, LogEnd, Record, RequestNumbers, SqliteStore, Store, SubjectKey, Timer,
    TimerKey, Versioned,
};
use tempfile::TempDir;

use crate::options;

const KATE: Owner = Owner::User(UserId(0xaa18_837c_ba2d_47dc_bcb8_cdfa_308c_71d9));
const DONE: &str = "0KNap2mRs8QUUeJw";
const OFFERED: &str = "0KNap2zVLNojWRqX";
const CHAT: &str = "0KNap2ncvii3leQy";

fn id(text: &str) -> InteractionId {
    text.parse().unwrap()
}

fn opened() -> (SqliteStore, TempDir) {
    let directory = TempDir::new().unwrap();
    let path = options(&directory).path;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/before_the_log.sql");
    restore(&path, &std::fs::read_to_string(dump).unwrap());
    (SqliteStore::open(options(&directory)).unwrap(), directory)
}

/// Returns the oldest numbers that are kept for Kate.
async fn oldest(store: &SqliteStore) -> BTreeMap<Topic, u64> {
    let all = Topic::ALL.map(|topic| (topic, 0)).into();
    store.missed(KATE, &all, 1).await.unwrap().oldest
}

#[tokio::test]
async fn everything_that_was_stored_is_read() {
    let (store, _kept) = opened();
    let checked = store.check(|_| {}).await.unwrap();
    assert_eq!((checked.unreadable, store.set_aside()), (Vec::new(), Vec::new()));
    assert_eq!(store.list(Kind::User, None, 99).await.unwrap().items.len(), 7);
    let desk = store.load(&[Key::Desk(KATE.user().unwrap())]).await.unwrap().remove(0);
    let Some(Versioned { value: Record::Desk(desk), .. }) = desk else { panic!("{desk:?}") };
    assert!(desk.slots.contains_key(&id(CHAT)), "{desk:?}");
    let history = store.history(SubjectKey::Interaction(id(DONE)), 0, 99).await.unwrap().items;
    let positions: Vec<u64> = history.iter().map(|entry| entry.position).collect();
    assert_eq!(positions, [3, 4, 5, 6, 7]);
    assert!(history[2].facts.iter().any(|fact| matches!(fact, Fact::Accepted { .. })));
    let said = store.transcript(id(CHAT), 0, 99).await.unwrap().items;
    let said: Vec<&str> = said
        .iter()
        .filter_map(|entry| match &entry.content {
            Content::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["Hello", "Where is my parcel?", "On its way.", "Anything else?"]);
    assert_eq!(store.timers(BEGIN, 99).await.unwrap().0.len(), 0);
    let late = BEGIN.plus_ms(u64::pow(10, 12));
    let timers = store.timers(late, 99).await.unwrap().0;
    assert_eq!(timers.len(), 5, "{timers:?}");
    // The two of what she owned have become one, which is due when the later was.
    let silent = TimerKey::Handling(KATE.user().unwrap());
    assert!(timers.contains(&Timer { key: silent, due: Time(1_795_942_004_152) }), "{timers:?}");
    let scope = "external:91af9ee5-72ab-4f16-b05b-7ad57037431f:d1f36bfa5f074a62b66579a28141ef21";
    assert!(store.receipt(scope, "order-2").await.unwrap().is_some());
    let kate = KATE.user().unwrap();
    let given = store.load(&[Key::RequestNumbers(kate)]).await.unwrap().pop().flatten();
    let value = Record::RequestNumbers(RequestNumbers { user: kate, last: 10 });
    assert_eq!(given, Some(Versioned { value, version: 1 }));
}

#[tokio::test]
async fn its_log_has_an_entry_for_every_position_and_streams_keep_their_numbers() {
    let (store, _kept) = opened();
    assert_eq!(store.log_end().await.unwrap(), LogEnd { generation: 1, position: 28, floor: 0 });
    let log = store.log_after(0, 99).await.unwrap().items;
    assert!(log.iter().map(|entry| entry.position).eq(1..=28), "{log:?}");
    let rows = store.stream(KATE, 0, 99).await.unwrap().items;
    let told: Vec<u64> =
        log.iter().filter(|entry| entry.told == [KATE]).map(|entry| entry.position).collect();
    assert!(rows.iter().map(|row| row.position).eq(told.iter().copied()), "{told:?}");
    for row in &rows {
        let entry = &log[usize::try_from(row.position).unwrap() - 1];
        assert_eq!((&entry.facts, entry.cause), (&row.event.facts, row.event.cause));
        assert_eq!(entry.subject, SubjectKey::of(&row.event.subject));
    }
    let numbers = |rows: &[handoff_store::StreamRow], topic| -> Vec<u64> {
        let numbers = rows.iter().flat_map(|row| row.numbers.clone());
        numbers.filter(|(of, _)| *of == topic).map(|(_, number)| number).collect()
    };
    assert!(numbers(&rows, Topic::Interactions).into_iter().eq(1..=19));
    let head = store.head(KATE).await.unwrap();
    let expected = [
        (Topic::Interactions, 19),
        (Topic::Channels, 2),
        (Topic::Chats, 8),
        (Topic::Emails, 4),
        (Topic::Workitems, 7),
    ];
    assert_eq!((head.position, head.numbers), (28, expected.into()));
    assert_eq!(oldest(&store).await, expected.map(|(topic, _)| (topic, 1)).into());
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_is_swept() {
    let (store, kept) = opened();
    let Some(Versioned { value: Record::Interaction(offered), .. }) =
        store.load(&[Key::Interaction(id(OFFERED))]).await.unwrap().remove(0)
    else {
        panic!("it is there")
    };
    let last = store.stream(KATE, 27, 9).await.unwrap().items.remove(0);
    let again = event(offered, last.event.at, vec![last.notice]);
    let change = ChangeSet { events: vec![again], ..ChangeSet::default() };
    assert_eq!(store.commit(change).await.unwrap().position, 29);
    let rows = store.stream(KATE, 28, 9).await.unwrap().items;
    assert_eq!(rows[0].numbers, [(Topic::Interactions, 20), (Topic::Workitems, 8)]);
    let swept = store.sweep(BEGIN, last.event.at, BEGIN, 99).await.unwrap();
    assert_eq!((swept.log_entries, swept.stream_rows), (27, 20));
    drop(store);
    let store = SqliteStore::open(options(&kept)).unwrap();
    assert_eq!(store.log_end().await.unwrap().floor, 27);
    assert_eq!(oldest(&store).await[&Topic::Interactions], 19);
}
