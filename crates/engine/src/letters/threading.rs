//! Threading: what a letter answers.
//!
//! Only what a stranger cannot know ties a letter to anything: a token of ours, or the `Message-ID`
//! of a message that the sender themselves wrote or got. A subject never does, and neither does
//! naming a message that is between other people. (S18 in ARCHITECTURE.md.)

use std::sync::Arc;

use handoff_domain::mail::mailbox_key;
use handoff_domain::{
    CenterId, Direction, Email, Interaction, InteractionId, Letter, Media, Threading, Unproven,
};
use handoff_store::{Receipt, StoreError, Versioned};

use crate::commands::message_ids;
use crate::core::Core;

/// `Message-ID`s that are looked up of one letter at most. An honest one answers the first of them.
const LOOKED_UP_MAX: usize = 20;

/// Which interaction has a `Message-ID`.
pub(super) struct Named {
    message_id: String,
    id: Option<InteractionId>,
}

impl Named {
    pub(super) fn new(message_id: String, known: Option<Receipt>) -> Self {
        Self { message_id, id: known.and_then(|known| known.answer.parse().ok()) }
    }
}

/// Returns the `Message-ID` that is looked up first to find out what a letter answers.
pub(super) fn first_named(letter: &Letter) -> Option<&String> {
    let mut reported = letter.report.iter().flat_map(|report| &report.originals);
    // A token is looked for before what it answers, and nearly always found.
    let answered = letter.answers.first().filter(|_| letter.proven.is_empty());
    reported.next().or(answered)
}

/// What a letter answers.
pub(super) struct Belonging {
    pub(super) parent: Option<Versioned<Arc<Interaction>>>,
    /// Why, or why nothing.
    pub(super) how: Threading,
}

/// Finds out what a letter answers: the first that holds of a report on a message of ours, a
/// token, a message that its sender wrote or got. `first` is what was looked up of it already.
pub(super) async fn belonging(
    core: &Core,
    center: CenterId,
    letter: &Letter,
    first: Option<&Named>,
) -> Result<Belonging, StoreError> {
    let reported = letter.report.iter().flat_map(|report| &report.originals).take(LOOKED_UP_MAX);
    for original in reported {
        let found = by_message_id(core, center, original, first).await?;
        if let Some(parent) = found.filter(|it| it.value.direction == Direction::Outbound) {
            return Ok(Belonging { parent: Some(parent), how: Threading::ReportOn });
        }
    }
    for id in letter.proven.iter().take(LOOKED_UP_MAX) {
        if let Some(parent) = email_of(core, center, *id).await? {
            return Ok(Belonging { parent: Some(parent), how: Threading::Token });
        }
    }
    named_by(core, center, letter, first).await
}

async fn named_by(
    core: &Core,
    center: CenterId,
    letter: &Letter,
    first: Option<&Named>,
) -> Result<Belonging, StoreError> {
    let nothing = |how| Belonging { parent: None, how };
    if letter.answers.is_empty() && letter.proven.is_empty() {
        return Ok(nothing(Threading::NothingNamed));
    }
    let sender = letter.from.as_ref().map(|from| mailbox_key(&from.address));
    let mut why = Unproven::UnknownMessage;
    for named in letter.answers.iter().take(LOOKED_UP_MAX) {
        let Some(found) = by_message_id(core, center, named, first).await? else { continue };
        let is_inbound = found.value.direction == Direction::Inbound;
        let is_theirs = found
            .value
            .email()
            .zip(sender.as_ref())
            .is_some_and(|(it, theirs)| is_between(it, theirs));
        if is_inbound && is_theirs {
            return Ok(Belonging { parent: Some(found), how: Threading::KnownMessage });
        }
        why = Unproven::SomebodyElses;
    }
    Ok(nothing(Threading::NotProven(why)))
}

async fn by_message_id(
    core: &Core,
    center: CenterId,
    message_id: &str,
    first: Option<&Named>,
) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
    let id = match first.filter(|first| first.message_id == message_id) {
        Some(first) => first.id,
        None => {
            let known = core.store.receipt(&message_ids(center), message_id).await?;
            Named::new(String::new(), known).id
        }
    };
    match id {
        Some(id) => email_of(core, center, id).await,
        None => Ok(None),
    }
}

async fn email_of(
    core: &Core,
    center: CenterId,
    id: InteractionId,
) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
    // What is looked at of it never changes, and the rules rely on its version.
    let found = match core.board.recent(id) {
        Some(known) => Some(known),
        None => core.load_interaction(id).await?,
    };
    Ok(found.filter(|found| found.value.center == center && found.value.media() == Media::Email))
}

/// Tells whether somebody, by the key of their mailbox, wrote an e-mail or got it.
fn is_between(email: &Email, somebody: &str) -> bool {
    let recipients =
        email.to.iter().chain(&email.cc).chain(&email.reply_to).chain(&email.reply_to_others);
    recipients.chain([&email.from]).any(|address| mailbox_key(address) == somebody)
}
