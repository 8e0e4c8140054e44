//! Pages of interactions, put together from pages of the store.
//!
//! Some filters are the store's; the others leave out what the caller would not see that way. A page may therefore end before it is full, at a
//! bound on what is looked at for one request; its cursor then says where to go on.

use handoff_domain::Interaction;
use handoff_store::{InteractionQuery, Page, StoreError, Versioned};
use serde::Serialize;

use crate::commands::Answer;
use crate::wire::listing::Listing;

/// Interactions looked at for one page when filters leave most of them out.
const LOOKED_AT_MAX: usize = 10_000;
/// Interactions read at once while filtering.
const READ_AT_ONCE: usize = 1_000;

/// Answers with the page that `listing` asks for. `fetch` asks the store, `show` leaves out what it gives nothing for.
///
/// # Errors
///
/// Code 10 when the cursor is none, or the store's.
pub(crate) async fn answer<R, F, P>(
    listing: &Listing,
    plural: &str,
    mut query: InteractionQuery,
    fetch: F,
    show: impl Fn(&Interaction) -> Option<R>,
) -> Answer
where
    R: Serialize,
    F: Fn(InteractionQuery) -> P,
    P: Future<Output = Result<Page<Versioned<Interaction>>, StoreError>>,
{
    query.after = listing.after()?;
    query.limit = if listing.is_filtered() { READ_AT_ONCE } else { listing.limit };
    let (mut items, mut looked_at) = (Vec::new(), 0_usize);
    loop {
        let found = fetch(query.clone()).await?;
        looked_at += found.items.len();
        let mut rest = found.items.iter().map(|item| &item.value);
        for interaction in rest.by_ref() {
            query.after = Some(interaction.id);
            items.extend(show(interaction).and_then(|shown| listing.pick(&shown)));
            if items.len() == listing.limit {
                break;
            }
        }
        let has_more = found.more || rest.next().is_some();
        if items.len() == listing.limit || !has_more || looked_at >= LOOKED_AT_MAX {
            return Ok(listing.page(plural, &items, query.after.filter(|_| has_more).as_ref()));
        }
    }
}
