//! What was erased is in no page of an SQLite database any more, whatever reads its files.

use std::path::Path;

use handoff_domain::{Event, Fact, InteractionId};
use handoff_store::conformance::samples::chats::{chat, entry, said, text};
use handoff_store::conformance::samples::{BEGIN, interaction_id, notice};
use handoff_store::{ChangeSet, Deed, Put, Record, SqliteStore, Store};
use tempfile::TempDir;

use crate::options;

const WORDS: &str = "canary-5c0ff1ee";
/// Enough that pages are freed, texts overflow theirs, and rows move among them.
const CHATS: u64 = 40;

/// Tells how often the words are in the files of a directory.
fn found_in(directory: &Path) -> usize {
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let count = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(WORDS.len()).filter(|part| *part == WORDS.as_bytes()).count()
    };
    files.filter(|path| path.is_file()).map(count).sum()
}

/// Returns an event of a chat with words in all its parts, some of which fill pages.
fn event(n: u64) -> Event {
    let words = WORDS.repeat(1 + usize::try_from(n % 7).unwrap() * 200);
    let mut chat = chat(n);
    chat.subject = Some(words.clone());
    let mut event = said(chat, BEGIN, vec![entry(1, text(&words))], vec![notice(1)]);
    event.facts.push(Fact::Remark(words));
    event
}

fn put(event: &Event, expected: u64) -> Put {
    let handoff_domain::event::Subject::Interaction(interaction) = &event.subject else {
        unreachable!("it is about a chat")
    };
    Put { record: Record::Interaction(interaction.clone()), expected }
}

async fn erase(store: &SqliteStore, n: u64) {
    let id: InteractionId = interaction_id(n);
    assert_eq!(store.erase_words(id, 0, 100, Deed::Erase).await.unwrap().next, None);
    let mut event = event(n);
    event.erase();
    let change = ChangeSet { puts: vec![put(&event, 1)], ..ChangeSet::default() };
    store.commit(change).await.unwrap();
}

#[tokio::test]
async fn no_page_has_words_that_were_erased_once_the_log_of_pages_is_emptied() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    for n in 1..=CHATS {
        let event = event(n);
        let puts = vec![put(&event, 0)];
        store.commit(ChangeSet { puts, events: vec![event], ..<_>::default() }).await.unwrap();
    }
    store.scrub().await.unwrap();
    assert!(found_in(&directory.path().join("data")) > 0, "the control: they are in the database");
    for n in 1..=CHATS {
        erase(&store, n).await;
    }
    store.scrub().await.unwrap();
    assert_eq!(found_in(&directory.path().join("data")), 0);
    store.close().await;
}

/// The control: without that the log of pages has what was there before.
#[tokio::test]
async fn the_log_of_pages_has_them_until_then() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    let event = event(1);
    let puts = vec![put(&event, 0)];
    store.commit(ChangeSet { puts, events: vec![event], ..<_>::default() }).await.unwrap();
    erase(&store, 1).await;
    assert!(found_in(&directory.path().join("data")) > 0);
    store.close().await;
}

/// Somebody has the database for a while: whoever counts has no business with who writes.
#[tokio::test]
async fn counting_waits_for_nobody_who_writes() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    let event = event(1);
    let puts = vec![put(&event, 0)];
    store.commit(ChangeSet { puts, events: vec![event], ..<_>::default() }).await.unwrap();
    let writing = rusqlite::Connection::open(options(&directory).path).unwrap();
    writing.execute_batch("BEGIN IMMEDIATE").unwrap();
    let counted = store.erase_words(interaction_id(1), 0, 100, Deed::Count).await.unwrap();
    assert_eq!((counted.log_entries, counted.next), (1, None));
    writing.execute_batch("ROLLBACK").unwrap();
    store.close().await;
}
