//! Contacts: who writes letters, and everything that was ever exchanged with them.

use std::sync::Arc;

use handoff_domain::mail::{bare_address, mailbox_key};
use handoff_domain::{CenterId, ContactId, Time};
use handoff_store::{ChangeSet, Contact, Put, Record, StoreError, Version, Versioned};
use sha2::{Digest as _, Sha256};

use crate::commands::Commands;
use crate::core::Core;

/// How many letters programs may write from one address within [`LOOP_MS`] before the rest are put
/// on file.
pub(super) const LOOP_MAX: u32 = 10;
/// The time in which they are counted, in ms: ten minutes. Two programs that answer each other do
/// so within seconds.
const LOOP_MS: u64 = 10 * 60 * 1_000;

#[must_use]
pub fn contact_id(center: CenterId, address: &str) -> ContactId {
    let mut hasher = Sha256::new();
    hasher.update(center.to_string());
    hasher.update([0]);
    hasher.update(mailbox_key(address).as_bytes());
    let digest = hasher.finalize();
    ContactId(digest.iter().take(16).fold(0_u128, |id, byte| (id << 8) | u128::from(*byte)))
}

/// Notes a letter in what is known of its sender.
pub(super) fn written_by(known: Option<&Contact>, id: ContactId, letter: &Seen<'_>) -> Contact {
    let mut contact = known.cloned().unwrap_or_else(|| Contact {
        id,
        center: letter.center,
        address: bare_address(letter.address).to_lowercase(),
        name: None,
        first_seen: letter.now,
        last_seen: letter.now,
        last_answered: None,
        automatic_count: 0,
        automatic_since: letter.now,
        profile: None,
    });
    contact.last_seen = letter.now;
    contact.name = letter.name.map(str::to_owned).or(contact.name);
    if letter.is_automatic {
        if contact.automatic_since.plus_ms(LOOP_MS) <= letter.now {
            contact.automatic_count = 0;
        }
        if contact.automatic_count == 0 {
            contact.automatic_since = letter.now;
        }
        contact.automatic_count = contact.automatic_count.saturating_add(1);
    }
    contact
}

/// What a letter tells of its sender.
pub(super) struct Seen<'a> {
    pub(super) center: CenterId,
    pub(super) address: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) is_automatic: bool,
    pub(super) now: Time,
}

/// The contacts of all contact centers, as they are met.
#[derive(Clone)]
pub struct Contacts {
    pub(super) core: Arc<Core>,
    pub(super) commands: Arc<Commands>,
}

impl Contacts {
    pub(crate) const fn new(core: Arc<Core>, commands: Arc<Commands>) -> Self {
        Self { core, commands }
    }

    /// Makes the contact of an address whose owner came by another way than a letter, if there is
    /// none yet.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn meet(
        &self,
        center: CenterId,
        address: &str,
        name: &str,
    ) -> Result<ContactId, StoreError> {
        let (id, now) = (contact_id(center, address), self.core.now());
        if self.core.load_contact(id).await?.is_none() {
            let met = Seen { center, address, name: Some(name), is_automatic: false, now };
            let put = Put { record: Record::Contact(written_by(None, id, &met)), expected: 0 };
            let change = ChangeSet { puts: vec![put], ..ChangeSet::default() };
            if let Err(error) = self.commands.commits().make(change).await {
                // Somebody else met them at the same time.
                error.into_conflict()?;
            }
        }
        Ok(id)
    }
}

/// Returns the version that a contact must still have; zero for one that did not exist.
pub(super) fn version_of(known: Option<&Versioned<Contact>>) -> Version {
    known.map_or(0, |known| known.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_is_the_same_contact_in_one_center() {
        let id = |center, address| contact_id(CenterId(center), address);
        assert_eq!(id(1, "eve@example.com"), id(1, "Eve Adams <EVE@Example.com>"));
        assert_ne!(id(1, "eve@example.com"), id(2, "eve@example.com"));
        assert_ne!(id(1, "eve@example.com"), id(1, "adam@example.com"));
        assert_ne!(id(1, "\"eve.\"@example.com"), id(1, "\"eve..\"@example.com"));
        assert_eq!(id(1, "eve@b\u{fc}cher.example"), id(1, "eve@xn--bcher-kva.example"));
    }

    #[test]
    fn letters_of_programs_are_counted_for_a_while() {
        let mut contact = None;
        let mut count = |at: u64, is_automatic| {
            let now = Time(0).plus_ms(at);
            let seen = Seen { center: CenterId(1), address: "a@b", name: None, is_automatic, now };
            let after = written_by(contact.as_ref(), ContactId(1), &seen);
            contact.insert(after).automatic_count
        };
        assert_eq!(count(0, false), 0);
        assert_eq!(count(LOOP_MS, true), 1, "the time begins with the first");
        assert_eq!(count(LOOP_MS + 1, false), 1);
        assert_eq!(count(2 * LOOP_MS - 1, true), 2);
        assert_eq!(count(2 * LOOP_MS, true), 1, "and begins again when it is over");
    }
}
