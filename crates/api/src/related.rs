//! What belongs together: the e-mails of a thread, and what was exchanged with a contact
//! (docs/api/README.md, "Threads and histories"). Whoever may not see one of them does not find it
//! there.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::Interaction;
use handoff_store::{InteractionQuery, InteractionScope};

use crate::caller::{AnyUser, Me};
use crate::commands::{Answer, visible};
use crate::me_interactions::FILTERS;
use crate::pages::{self, Showing};
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::interaction::InteractionResource;
use crate::wire::listing::Listing;

/// `GET /interactions/{id}/thread`: the e-mails of its thread, itself among them, the newest first.
pub(crate) async fn thread(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let listing = Listing::read(&uri, FILTERS)?;
    let interaction = visible(&shared, &me, &id).await?;
    let scope = InteractionScope::InThread { center: me.center(), root: interaction.thread_root() };
    in_sight(&shared, &me, &listing, scope).await
}

/// `GET /contacts/{id}/interactions`: what was exchanged with a contact, on all channels, the
/// newest first. A contact that never was has none.
pub(crate) async fn of_contact(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(contact): Id,
    uri: Uri,
) -> Answer {
    let listing = Listing::read(&uri, FILTERS)?;
    let scope = InteractionScope::OfContact { center: me.center(), contact };
    in_sight(&shared, &me, &listing, scope).await
}

/// Answers with the page of a scope that is wanted, as far as the caller sees it.
async fn in_sight(shared: &Shared, me: &Me, listing: &Listing, scope: InteractionScope) -> Answer {
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let show = |interaction: &Interaction| {
        let is_seen = shared.engine().views().has_in_sight(me.id(), interaction);
        is_seen.then(|| InteractionResource::read_by(interaction, me.id(), lookup))
    };
    let fetch =
        async |query: InteractionQuery| shared.engine().core().store().interactions(&query).await;
    let query = InteractionQuery::of(scope, listing.limit);
    pages::answer(listing, "interactions", query, fetch, Showing::InSight, show).await
}
