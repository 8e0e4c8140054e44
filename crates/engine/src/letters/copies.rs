//! Second copies: what tells a letter from every other.
//!
//! A `Message-ID` should be of one message for ever (RFC 5322, section 3.6.4), but programs write
//! the same one again and again, and whoever knows the one of a letter that is to come could keep
//! that out. So it names a letter only together with who wrote it, when, about what, and its text.
//! By which mailbox it came does not matter: the same letter to two of them is one interaction, for
//! one agent.

use handoff_domain::mail::mailbox_key;
use handoff_domain::{Automatic, ContactId, Interaction, InteractionId, Letter};
use handoff_store::{Contact, Key, Receipt, Versioned};
use sha2::{Digest as _, Sha256};

use super::letter::{NewLetter, message_id, subject};
use super::threading::{Named, first_named};
use crate::commands::{ExecuteError, message_ids};
use crate::core::{Core, contact_of};

/// Returns the proof that a letter was taken in.
pub(super) fn taken_in(new: &NewLetter, id: InteractionId) -> Receipt {
    let key = match message_id(&new.letter) {
        Some(message_id) => format!("{message_id} {}", identity(&new.letter)),
        // Nobody writes the same in the same second twice; without a date only the same bytes are
        // the same.
        None if new.letter.date.is_some() => format!("nameless {}", identity(&new.letter)),
        None => new.raw_hash.clone(),
    };
    let scope = format!("mail/{}", new.center);
    Receipt { scope, key, fingerprint: String::new(), answer: id.to_string(), expires: None }
}

/// Returns scope and key of the proof as it was kept while each mailbox had its own, and neither
/// sender nor subject nor date counted.
fn earlier_form(new: &NewLetter) -> (String, String) {
    let scope = format!("mail/{}/{}", new.center, new.mailbox.to_lowercase());
    let key = match message_id(&new.letter) {
        Some(message_id) => format!("{message_id} {}", new.letter.body_hash),
        None => new.raw_hash.clone(),
    };
    (scope, key)
}

/// Returns the hash of who wrote a letter, when, about what, and of its text. A mailbox's copy of
/// what it sent itself is on file and read by nobody, so it is no first copy of what another
/// mailbox got.
fn identity(letter: &Letter) -> String {
    let sender = letter.from.as_ref().map(|from| mailbox_key(&from.address));
    let date = letter.date.map(|date| date.0.to_string());
    let mut hash = Sha256::new();
    let own = (letter.automatic == Some(Automatic::OwnMessage)).then(String::new);
    for part in [own, sender, date, letter.subject.clone(), Some(letter.body_hash.clone())] {
        // What is missing is not what is empty, and no two parts may be cut elsewhere.
        let len = part.as_ref().map_or(u64::MAX, |part| part.len() as u64);
        hash.update(len.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells whether a letter that was taken in has the sender, the subject and the date of another.
fn is_alike(taken: &Interaction, letter: &Letter) -> bool {
    let Some(email) = taken.email() else { return false };
    let sender = letter.from.as_ref().map(|from| mailbox_key(&from.address)).unwrap_or_default();
    mailbox_key(&email.from) == sender
        && taken.subject == subject(letter)
        && email.date == letter.date
}

/// What is remembered of a letter that comes.
pub(super) struct Remembered {
    /// The proof that it was taken in before.
    pub(super) first: Option<Receipt>,
    /// Whether an interaction has its `Message-ID`.
    pub(super) is_named: bool,
    /// What has the first `Message-ID` that it names.
    pub(super) names: Option<Named>,
    /// Its sender.
    pub(super) contact: Option<Versioned<Contact>>,
}

/// Looks for all that is remembered of a letter, and of its sender, at once.
pub(super) async fn remembered(
    core: &Core,
    new: &NewLetter,
    taken_in: &Receipt,
    sender: Option<ContactId>,
) -> Result<Remembered, ExecuteError> {
    let (own, named) = (message_id(&new.letter), first_named(&new.letter));
    let mut wanted = vec![(taken_in.scope.clone(), taken_in.key.clone()), earlier_form(new)];
    let ids = own.into_iter().chain(named);
    wanted.extend(ids.map(|id| (message_ids(new.center), id.clone())));
    let contact: Vec<Key> = sender.map(Key::Contact).into_iter().collect();
    let (mut contact, receipts) = core.store.look_up(&contact, &wanted).await?;
    let mut receipts = receipts.into_iter();
    let mut next = || receipts.next().flatten();
    let (now, before) = (next(), next());
    let is_named = own.is_some() && next().is_some();
    let names = named.map(|id| Named::new(id.clone(), next()));
    let first = match (now, before) {
        (None, Some(before)) => first_by_earlier_form(core, new, before).await?,
        (now, _) => now,
    };
    Ok(Remembered { first, is_named, names, contact: contact_of(contact.pop().flatten()) })
}

/// Returns a proof of the earlier form where it is of this letter.
async fn first_by_earlier_form(
    core: &Core,
    new: &NewLetter,
    before: Receipt,
) -> Result<Option<Receipt>, ExecuteError> {
    if message_id(&new.letter).is_none() {
        return Ok(Some(before));
    }
    let Ok(id) = before.answer.parse() else { return Ok(None) };
    let found = core.load_interaction(id).await?;
    Ok(found.filter(|found| is_alike(&found.value, &new.letter)).map(|_| before))
}
