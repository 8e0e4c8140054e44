//! Contacts, found by their words.

use std::sync::Arc;

use handoff_domain::{CenterId, ContactId};

use super::committed;
use super::samples::mail::{contact, known_contact};
use super::samples::{CENTER, put};
use crate::change_set::{ChangeSet, Removal};
use crate::contact_words::{FoundWord, WordQuery};
use crate::query::Page;
use crate::record::{Contact, Key, Record, Version};
use crate::store::Store;

async fn wrote(store: &dyn Store, contact: Contact, expected: Version) {
    let puts = vec![put(Record::Contact(contact), expected)];
    committed(store, ChangeSet { puts, ..ChangeSet::default() }).await;
}

fn query(center: CenterId, beginning: &str) -> WordQuery {
    WordQuery { center, beginning: beginning.to_owned(), after: None, limit: 99 }
}

async fn found(store: &dyn Store, query: &WordQuery) -> Page<FoundWord> {
    store.contact_words(query).await.expect("words of contacts")
}

async fn words(store: &dyn Store, beginning: &str) -> Vec<(String, ContactId)> {
    let page = found(store, &query(CENTER, beginning)).await;
    assert!(!page.more);
    page.items.into_iter().map(|found| (found.word, found.contact)).collect()
}

fn word(word: &str, n: u64) -> (String, ContactId) {
    (word.to_owned(), contact(n).id)
}

/// In order of the words, then of the contacts, and once for each word.
pub async fn a_contact_is_found_by_the_beginnings_of_its_words(store: Arc<dyn Store>) {
    wrote(&*store, contact(2), 0).await;
    wrote(&*store, known_contact(1), 0).await;
    let eves = [word("eve", 1), word("eve", 2), word("example.com", 1), word("example.com", 2)];
    assert_eq!(words(&*store, "e").await, eves);
    assert_eq!(words(&*store, "ev").await, eves[..2]);
    assert_eq!(words(&*store, "eve").await, eves[..2]);
    assert_eq!(words(&*store, "eves").await, []);
    assert_eq!(words(&*store, "customer2").await, [word("customer2@example.com", 2)]);
    assert_eq!(words(&*store, "adams").await, [word("adams", 1)]);
    assert_eq!(words(&*store, "451").await, [word("451234", 1)]);
    assert_eq!(words(&*store, "").await.len(), 8);
}

/// What a contact was called is not what it is called.
pub async fn words_go_with_what_they_are_of(store: Arc<dyn Store>) {
    wrote(&*store, known_contact(1), 0).await;
    let mut renamed = known_contact(1);
    renamed.name = None;
    if let Some(profile) = &mut renamed.profile {
        profile.first_name = Some("Mary-Ann".to_owned());
    }
    wrote(&*store, renamed, 1).await;
    assert_eq!(words(&*store, "eve").await, []);
    assert_eq!(words(&*store, "ann").await, [word("ann", 1)]);
    assert_eq!(words(&*store, "adams").await, [word("adams", 1)], "the rest stays");
    let removals = vec![Removal { key: Key::Contact(contact(1).id), version: 2 }];
    committed(&*store, ChangeSet { removals, ..ChangeSet::default() }).await;
    assert_eq!(words(&*store, "").await, []);
}

/// Pages go on after the last of the one before, within a word as well, and say whether there are
/// more.
pub async fn pages_of_words_follow_each_other(store: Arc<dyn Store>) {
    for n in 1..=5 {
        wrote(&*store, contact(n), 0).await;
    }
    let mut asked = WordQuery { limit: 2, ..query(CENTER, "eve") };
    let mut seen = Vec::new();
    loop {
        let page = found(&*store, &asked).await;
        assert!(page.items.len() <= 2);
        asked.after = page.items.last().cloned();
        seen.extend(page.items.into_iter().map(|found| found.contact));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(|n| contact(n).id));
    assert!(!found(&*store, &WordQuery { limit: 5, ..query(CENTER, "eve") }).await.more);
}

/// Nobody finds those of another contact center, whose words may be the same.
pub async fn contacts_of_another_center_are_not_found(store: Arc<dyn Store>) {
    let other = CenterId(CENTER.0 + 1);
    wrote(&*store, Contact { center: other, ..contact(1) }, 0).await;
    wrote(&*store, contact(2), 0).await;
    assert_eq!(words(&*store, "eve").await, [word("eve", 2)]);
    assert_eq!(found(&*store, &query(other, "eve")).await.items.len(), 1);
}
