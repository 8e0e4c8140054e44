//! Contacts: who writes, and everything that was ever exchanged with them.

use std::collections::BTreeSet;

use handoff_domain::{CenterId, ContactId, Interaction, InteractionId, User};
use handoff_store::{
    Contact, FoundWord, InteractionQuery, InteractionScope, Key, Page, Record, StoreError,
    Versioned, WordQuery, words_of,
};

use super::Views;
use super::sight::sees_all;
use crate::core::contact_of;

/// Interactions of a contact, the newest first, among which one is looked for that somebody sees.
const LOOKED_AT_MAX: usize = 1_000;
/// Interactions of a contact read at once.
const READ_AT_ONCE: usize = 100;
/// Words read at once in a search.
const WORDS_AT_ONCE: usize = 100;
/// Words looked at for one page of a search by somebody who sees all of the contact center: most of
/// a common word's contacts may lack the other words.
const WORDS_LOOKED_AT_MAX: usize = 1_000;
/// Contacts that answer a question and are looked at for one page of somebody else's search. For
/// each, up to [`READ_AT_ONCE`] interactions are read.
const CANDIDATES_MAX: usize = 100;

/// What is looked for among contacts.
#[derive(Clone, Debug)]
pub struct ContactSearch {
    /// Each is the beginning of a word of the contact's.
    pub words: BTreeSet<String>,
    /// Where the page before ended.
    pub after: Option<FoundWord>,
    /// At most so many.
    pub limit: usize,
}

/// A page of the contacts that were found.
#[derive(Clone, Debug, Default)]
pub struct ContactsFound {
    pub contacts: Vec<Contact>,
    /// Where it ends; `None` when nothing comes after it, or when what comes is not looked for.
    pub next: Option<FoundWord>,
    /// Whether there may be more, which only a narrower search finds.
    pub truncated: bool,
}

impl ContactSearch {
    /// Returns the word by which contacts are read; the longest leaves the fewest.
    fn beginning(&self) -> Option<&String> {
        self.words.iter().max_by_key(|word| word.len())
    }

    /// Tells whether a contact that was found by a word is an answer, and is one here: it is found
    /// once for each of its words that begin alike, and shown at the first.
    fn is_answered_by(&self, contact: &Contact, found: &FoundWord) -> bool {
        let words = words_of(contact);
        let has = |wanted: &String| words.iter().any(|word| word.starts_with(wanted.as_str()));
        let begins = |word: &&String| {
            self.beginning().is_some_and(|beginning| word.starts_with(beginning.as_str()))
        };
        words.iter().find(begins) == Some(&found.word) && self.words.iter().all(has)
    }
}

impl Views {
    /// Returns a contact of a contact center.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn contact(
        &self,
        center: CenterId,
        id: ContactId,
    ) -> Result<Option<Contact>, StoreError> {
        let found = self.core.load_contact(id).await?.map(|found| found.value);
        Ok(found.filter(|contact| contact.center == center))
    }

    /// Returns a contact that the user may see: supervisors and admins those of their contact
    /// center, everybody else those of whom they have an interaction in sight.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn contact_for(
        &self,
        user: &User,
        id: ContactId,
    ) -> Result<Option<Contact>, StoreError> {
        let Some(contact) = self.contact(user.center, id).await? else { return Ok(None) };
        let is_seen = self.has_contact_in_sight(user, &contact, LOOKED_AT_MAX).await?;
        Ok(is_seen.then_some(contact))
    }

    async fn has_contact_in_sight(
        &self,
        user: &User,
        contact: &Contact,
        looked_at_max: usize,
    ) -> Result<bool, StoreError> {
        if sees_all(user) {
            return Ok(true);
        }
        let (mut after, mut looked_at) = (None, 0);
        loop {
            let page =
                self.contact_history(contact.center, contact.id, after, READ_AT_ONCE).await?;
            if page.items.iter().any(|item| self.has_in_sight(user.id, &item.value)) {
                return Ok(true);
            }
            looked_at += page.items.len();
            after = page.items.last().map(|last| last.value.id);
            if !page.more || looked_at >= looked_at_max {
                return Ok(false);
            }
        }
    }

    /// Returns the contacts that answer a question and that the user may see, in order of the words
    /// by which they are found. A page may be short and yet not the last: so much is looked at for
    /// one. Where a page ends is told by a contact that the user sees, never by a word of another.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn find_contacts(
        &self,
        user: &User,
        search: &ContactSearch,
    ) -> Result<ContactsFound, StoreError> {
        let Some(beginning) = search.beginning().cloned() else {
            return Ok(ContactsFound::default());
        };
        let after = search.after.clone();
        let mut query = WordQuery { center: user.center, beginning, after, limit: WORDS_AT_ONCE };
        let (mut contacts, mut looked_at, mut candidates) = (Vec::new(), 0, 0);
        let mut last_seen = None;
        loop {
            let page = self.core.store.contact_words(&query).await?;
            let records = self.contacts_of(&page.items).await?;
            let mut rest = page.items.into_iter().zip(records);
            while let Some((found, contact)) = rest.next() {
                looked_at += 1;
                let answer = contact.filter(|contact| search.is_answered_by(contact, &found));
                query.after = Some(found);
                if let Some(contact) = answer {
                    candidates += usize::from(!sees_all(user));
                    if self.has_contact_in_sight(user, &contact, READ_AT_ONCE).await? {
                        contacts.push(contact);
                        last_seen.clone_from(&query.after);
                    }
                }
                let is_enough = contacts.len() >= search.limit
                    || looked_at >= WORDS_LOOKED_AT_MAX
                    || candidates >= CANDIDATES_MAX;
                if is_enough {
                    let has_more = page.more || rest.next().is_some();
                    let end = if sees_all(user) { query.after } else { last_seen };
                    let next = end.filter(|_| has_more);
                    let truncated = has_more && next.is_none();
                    return Ok(ContactsFound { contacts, next, truncated });
                }
            }
            if !page.more {
                return Ok(ContactsFound { contacts, ..ContactsFound::default() });
            }
        }
    }

    /// Reads contacts that were found. One that cannot be read is not there.
    async fn contacts_of(&self, found: &[FoundWord]) -> Result<Vec<Option<Contact>>, StoreError> {
        let keys: Vec<Key> = found.iter().map(|found| Key::Contact(found.contact)).collect();
        let records = match self.core.store.load(&keys).await {
            Err(error) if error.is_unreadable() => self.one_by_one(&keys).await?,
            loaded => loaded?,
        };
        Ok(records.into_iter().map(|record| contact_of(record).map(|it| it.value)).collect())
    }

    pub(super) async fn one_by_one(
        &self,
        keys: &[Key],
    ) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            all.push(match self.core.store.load_one(key).await {
                Err(error) if error.is_unreadable() => None,
                loaded => loaded?,
            });
        }
        Ok(all)
    }

    /// Returns everything that was exchanged with a contact, the newest first, below `after`.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn contact_history(
        &self,
        center: CenterId,
        contact: ContactId,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.exchanged_with(center, &contact.to_string(), after, limit).await
    }

    /// Does the same for a contact by what interactions call it.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn exchanged_with(
        &self,
        center: CenterId,
        contact: &str,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let scope = InteractionScope::OfContact { center, contact: contact.to_owned() };
        self.core
            .store
            .interactions(&InteractionQuery { after, ..InteractionQuery::of(scope, limit) })
            .await
    }
}
