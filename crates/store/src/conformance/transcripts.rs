//! What was said in chats.

use std::sync::Arc;

use handoff_domain::{Entry, Event, Fact, Topic};

use super::committed;
use super::samples::chats::{chat, entry, every_content, heard, said, shown, text};
use super::samples::{BEGIN, event, interaction_id, owner, subject};
use crate::change_set::ChangeSet;
use crate::store::Store;

async fn append(store: &dyn Store, events: Vec<Event>) {
    committed(store, ChangeSet { events, ..ChangeSet::default() }).await;
}

/// Says so many texts, `each` in an event, with another event of the chat before each of them.
async fn say(store: &dyn Store, n: u64, count: u64, each: usize) {
    let entries: Vec<Entry> =
        (1..=count).map(|number| entry(number, text(&format!("{number}")))).collect();
    for together in entries.chunks(each) {
        let unsaid = event(chat(n), BEGIN, Vec::new());
        append(store, vec![unsaid, said(chat(n), BEGIN, together.to_vec(), Vec::new())]).await;
    }
}

async fn numbers(store: &dyn Store, n: u64, after: u64, limit: usize) -> (Vec<u64>, bool) {
    let page = store.transcript(interaction_id(n), after, limit).await.expect("transcript");
    (page.items.iter().map(|entry| entry.number).collect(), page.more)
}

/// Every content is read as it was said, from the transcript, the history and the stream alike.
pub async fn what_was_said_comes_back_as_it_went_in(store: Arc<dyn Store>) {
    let told = said(chat(1), BEGIN, every_content(), vec![heard(1)]);
    append(&*store, vec![told.clone()]).await;
    let transcript = store.transcript(interaction_id(1), 0, 99).await.expect("transcript");
    assert_eq!((transcript.items, transcript.more), (every_content(), false));
    let history = store.history(subject(1), 0, 9).await.expect("history").items;
    assert_eq!(history[0].facts, told.facts);
    let rows = store.stream(owner(1), 0, 9).await.expect("stream").items;
    assert_eq!(rows[0].notice, heard(1));
    assert_eq!(rows[0].numbers, [(Topic::Interactions, 1), (Topic::Chats, 1)]);
    assert_eq!(*rows[0].event, Event { notices: Vec::new(), ..told });
}

/// A page begins after any entry, also in the middle of an event, and ends at its limit.
pub async fn a_transcript_is_pages_by_number(store: Arc<dyn Store>) {
    say(&*store, 1, 10, 3).await;
    say(&*store, 2, 4, 1).await;
    assert_eq!(numbers(&*store, 1, 0, 99).await, ((1..=10).collect(), false));
    assert_eq!(numbers(&*store, 1, 0, 4).await, ((1..=4).collect(), true));
    assert_eq!(numbers(&*store, 1, 4, 4).await, ((5..=8).collect(), true));
    assert_eq!(numbers(&*store, 1, 8, 4).await, (vec![9, 10], false));
    assert_eq!(numbers(&*store, 1, 6, 4).await, ((7..=10).collect(), false));
    assert_eq!(numbers(&*store, 1, 10, 4).await, (Vec::new(), false));
    assert_eq!(numbers(&*store, 1, 3, 0).await, (Vec::new(), true));
    assert_eq!(numbers(&*store, 1, u64::MAX, 4).await, (Vec::new(), false));
    assert_eq!(numbers(&*store, 2, 1, 9).await, (vec![2, 3, 4], false));
    assert_eq!(numbers(&*store, 3, 0, 9).await, (Vec::new(), false));
}

/// A long chat is read to its end, whatever else happened to it in between.
pub async fn a_long_transcript_is_whole(store: Arc<dyn Store>) {
    let entry = |number| entry(number, text("again"));
    let events =
        (1..=1_200).map(|number| said(chat(1), BEGIN, vec![entry(number)], Vec::new())).collect();
    append(&*store, events).await;
    assert_eq!(numbers(&*store, 1, 0, 10_000).await, ((1..=1_200).collect(), false));
    assert_eq!(numbers(&*store, 1, 1_100, 50).await, ((1_101..=1_150).collect(), true));
}

/// One event may tell of an entry and of something else.
pub async fn other_facts_of_an_event_are_not_in_the_transcript(store: Arc<dyn Store>) {
    let mut mixed = event(chat(1), BEGIN, Vec::new());
    mixed.facts.push(Fact::Said(Box::new(entry(1, text("first")))));
    mixed.facts.push(Fact::ChatEnded);
    append(&*store, vec![mixed.clone()]).await;
    assert_eq!(numbers(&*store, 1, 0, 9).await, (vec![1], false));
    let history = store.history(subject(1), 0, 9).await.expect("history").items;
    assert_eq!(history[0].facts, mixed.facts);
}

/// What an agent is shown is for them alone: it is in their stream, and the history has every entry
/// once.
pub async fn what_is_shown_again_is_not_said_again(store: Arc<dyn Store>) {
    let first = said(chat(1), BEGIN, vec![entry(1, text("first"))], Vec::new());
    let again = shown(chat(1), BEGIN, vec![entry(1, text("first"))], vec![heard(1)]);
    append(&*store, vec![first, again.clone()]).await;
    assert_eq!(numbers(&*store, 1, 0, 9).await, (vec![1], false));
    assert_eq!(store.history(subject(1), 0, 9).await.expect("history").items.len(), 1);
    let rows = store.stream(owner(1), 0, 9).await.expect("stream").items;
    assert_eq!(rows[0].numbers, [(Topic::Interactions, 1), (Topic::Chats, 1)]);
    assert_eq!(*rows[0].event, Event { notices: Vec::new(), ..again });
}

/// Streams are forgotten, chats are not.
pub async fn a_transcript_outlives_the_streams(store: Arc<dyn Store>) {
    append(&*store, vec![said(chat(1), BEGIN, every_content(), vec![heard(1)])]).await;
    let swept = store.sweep(BEGIN, BEGIN.plus_ms(1), BEGIN, 99).await.expect("sweep");
    assert_eq!(swept.stream_rows, 1);
    let transcript = store.transcript(interaction_id(1), 0, 99).await.expect("transcript");
    assert_eq!(transcript.items, every_content());
}
