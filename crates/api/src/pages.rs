//! Pages of interactions, put together from pages of the store.
//!
//! Some filters are the store's; the others leave out what the caller would not see that way. A
//! page may therefore end before it is full, at a bound on what is looked at for one request or on
//! its bytes; its cursor then says where to go on.

use handoff_domain::Interaction;
use handoff_store::{InteractionQuery, Page, StoreError, Versioned};
use serde::Serialize;

use crate::commands::Answer;
use crate::wire::listing::Listing;

/// Interactions looked at for one page when filters leave most of them out.
const LOOKED_AT_MAX: usize = 10_000;
/// Interactions looked at for one page when most of them may be hidden from whoever asks: a page
/// that tells them nothing is to cost little.
const HIDDEN_LOOKED_AT_MAX: usize = 1_000;
/// Interactions read at once while most of them may be left out.
const READ_AT_ONCE: usize = 1_000;

/// What one page may take, in bytes: a letter may be a thousand times as large as a chat. There is
/// at least one on it.
const BYTES_MAX: usize = 4 << 20;

/// What `show` does with what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// It shows all of it, or all but what a filter of the list leaves out.
    All,
    /// It hides what the caller may not see, which may be all of it.
    InSight,
}

impl Showing {
    const fn looked_at_max(self) -> usize {
        match self {
            Self::All => LOOKED_AT_MAX,
            Self::InSight => HIDDEN_LOOKED_AT_MAX,
        }
    }
}

/// Answers with the page that `listing` asks for. `fetch` asks the store, `show` leaves out what it
/// gives nothing for.
///
/// # Errors
///
/// Code 10 when the cursor is none, or the store's.
pub(crate) async fn answer<R, F, P>(
    listing: &Listing,
    plural: &str,
    mut query: InteractionQuery,
    fetch: F,
    showing: Showing,
    show: impl Fn(&Interaction) -> Option<R>,
) -> Answer
where
    R: Serialize,
    F: Fn(InteractionQuery) -> P,
    P: Future<Output = Result<Page<Versioned<Interaction>>, StoreError>>,
{
    query.after = listing.after()?;
    query.limit = if listing.is_filtered() { READ_AT_ONCE } else { listing.limit };
    let (mut items, mut looked_at, mut bytes) = (Vec::new(), 0_usize, 0_usize);
    loop {
        let found = fetch(query.clone()).await?;
        looked_at += found.items.len();
        let mut rest = found.items.iter().map(|item| &item.value);
        for interaction in rest.by_ref() {
            query.after = Some(interaction.id);
            if let Some(item) = show(interaction).and_then(|shown| listing.pick(&shown)) {
                items.push(item);
                bytes += if listing.has_fields() { interaction.weight() } else { 0 };
            }
            if items.len() == listing.limit || bytes >= BYTES_MAX {
                break;
            }
        }
        // What was shown of the first ones may be all that there is to show.
        if showing == Showing::InSight {
            query.limit = READ_AT_ONCE;
        }
        let has_more = found.more || rest.next().is_some();
        let is_full = items.len() == listing.limit || bytes >= BYTES_MAX;
        if is_full || !has_more || looked_at >= showing.looked_at_max() {
            return Ok(listing.page(plural, &items, query.after.filter(|_| has_more).as_ref()));
        }
    }
}
