//! Erasures: words go, and what happened stays.

use std::sync::Arc;

use handoff_domain::{Event, Fact, Notice};

use super::committed;
use super::samples::chats::{chat, entry, heard, said, shown, text};
use super::samples::{BEGIN, interaction_id, notice, owner, receipt, subject};
use crate::change_set::ChangeSet;
use crate::erased::{Deed, ErasedWords};
use crate::store::Store;

/// What nobody may find afterwards.
const WORDS: &str = "words of theirs";

async fn append(store: &dyn Store, events: Vec<Event>) {
    committed(store, ChangeSet { events, ..ChangeSet::default() }).await;
}

/// Returns an event with words in all of its parts, that the first user is told of.
fn event(n: u64, number: u64) -> Event {
    let mut chat = chat(n);
    chat.subject = Some(WORDS.to_owned());
    let error = Some((4, WORDS.to_owned()));
    let entries = vec![entry(number, text(WORDS))];
    let mut event = said(chat, BEGIN, entries, vec![Notice { error, ..notice(1) }]);
    event.facts.push(Fact::Remark(WORDS.to_owned()));
    event
}

/// Goes over all that is said of an interaction, a few entries at a time.
async fn over_all(store: &dyn Store, n: u64, deed: Deed) -> ErasedWords {
    let mut all = ErasedWords::default();
    loop {
        let after = all.next.unwrap_or_default();
        let part = store.erase_words(interaction_id(n), after, 2, deed).await.expect("erased");
        all.log_entries += part.log_entries;
        all.stream_rows += part.stream_rows;
        all.next = part.next;
        if all.next.is_none() {
            return all;
        }
    }
}

/// Returns everything that can be read of an interaction, and of the first user's stream.
async fn all_of(store: &dyn Store, n: u64) -> String {
    let history = store.history(subject(n), 0, 99).await.expect("history").items;
    let transcript = store.transcript(interaction_id(n), 0, 99).await.expect("transcript").items;
    let log = store.log_after(0, 99).await.expect("log").items;
    let log: Vec<_> = log.into_iter().filter(|entry| entry.subject == subject(n)).collect();
    let rows = store.stream(owner(1), 0, 99).await.expect("stream").items;
    let is_of_it = |event: &Event| crate::log::SubjectKey::of(&event.subject) == subject(n);
    let rows: Vec<_> = rows.into_iter().filter(|row| is_of_it(&row.event)).collect();
    format!("{history:?} {transcript:?} {log:?} {rows:?}")
}

/// Positions, numbers and kinds of what happened are as before, and so is everything of others.
pub async fn words_go_and_what_happened_stays(store: Arc<dyn Store>) {
    for number in 1..=5 {
        append(&*store, vec![event(1, number), event(2, number)]).await;
    }
    let (before, others) = (all_of(&*store, 1).await, all_of(&*store, 2).await);
    assert!(before.contains(WORDS), "the control");
    let numbers = |rows: Vec<crate::query::StreamRow>| {
        rows.into_iter().map(|row| (row.position, row.numbers)).collect::<Vec<_>>()
    };
    let stream = numbers(store.stream(owner(1), 0, 99).await.expect("stream").items);
    let found = ErasedWords { next: None, log_entries: 5, stream_rows: 5 };
    assert_eq!(over_all(&*store, 1, Deed::Count).await, found);
    assert_eq!(all_of(&*store, 1).await, before, "counting changes nothing");
    for _again in 0..2 {
        assert_eq!(over_all(&*store, 1, Deed::Erase).await, found);
        let after = all_of(&*store, 1).await;
        assert!(!after.contains(WORDS), "{after}");
    }
    assert_eq!(all_of(&*store, 2).await, others);
    let transcript = store.transcript(interaction_id(1), 0, 99).await.expect("transcript").items;
    assert_eq!(transcript.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let history = store.history(subject(1), 0, 99).await.expect("history").items;
    assert!(history.iter().all(|entry| entry.facts.len() == 2), "{history:?}");
    assert_eq!(numbers(store.stream(owner(1), 0, 99).await.expect("stream").items), stream);
}

/// What agents are shown is in no history, and lies before or behind an event of its commit; what
/// was swept is not looked for.
pub async fn rows_that_lie_beside_events_lose_their_words(store: Arc<dyn Store>) {
    let shown = || shown(chat(1), BEGIN, vec![entry(1, text(WORDS))], vec![heard(1)]);
    append(&*store, vec![shown(), event(1, 1), shown()]).await;
    append(&*store, (0..200).map(|_| event(2, 1)).collect()).await;
    append(&*store, vec![shown(), shown(), event(1, 2)]).await;
    append(&*store, vec![event(1, 3), shown()]).await;
    let found = over_all(&*store, 1, Deed::Erase).await;
    assert_eq!(found, ErasedWords { next: None, log_entries: 8, stream_rows: 8 });
    let after = all_of(&*store, 1).await;
    assert!(!after.contains(WORDS), "{after}");
    store.sweep(BEGIN, BEGIN.plus_ms(1), BEGIN, 1_000).await.expect("sweep");
    assert_eq!(over_all(&*store, 1, Deed::Erase).await, ErasedWords::default());
}

/// A receipt goes in the commit that says so, or not at all, and may be written anew in it.
pub async fn receipts_are_found_by_their_beginning_and_forgotten_in_a_commit(
    store: Arc<dyn Store>,
) {
    let all: Vec<_> = ["a", "a 1", "a 2", "ab", "b"].map(|key| receipt(key, None)).into();
    committed(&*store, ChangeSet { receipts: all.clone(), ..ChangeSet::default() }).await;
    let scope = all[0].scope.clone();
    let keys = async |beginning: &str, limit| {
        let found = store.receipts_beginning(&scope, beginning, limit).await.expect("receipts");
        found.into_iter().map(|receipt| receipt.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("a ", 9).await, ["a 1", "a 2"]);
    assert_eq!(keys("", 3).await, ["a", "a 1", "a 2"]);
    assert_eq!(store.receipts_beginning("another", "", 9).await.expect("receipts"), []);
    let name = |key: &str| (scope.clone(), key.to_owned());
    let receipts_forgotten = vec![name("a 1"), name("b"), name("unknown")];
    let refused = ChangeSet {
        receipts: vec![all[0].clone()],
        receipts_forgotten: receipts_forgotten.clone(),
        ..ChangeSet::default()
    };
    store.commit(refused).await.expect_err("there is such a receipt");
    assert_eq!(keys("", 9).await.len(), 5);
    committed(&*store, ChangeSet { receipts_forgotten, ..ChangeSet::default() }).await;
    assert_eq!(keys("", 9).await, ["a", "a 2", "ab"]);
    committed(&*store, ChangeSet { receipts: vec![all[1].clone()], ..ChangeSet::default() }).await;
    assert_eq!(keys("a ", 9).await, ["a 1", "a 2"]);
}
