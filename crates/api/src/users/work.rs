//! How users stand and what they have, for supervisors who ask for it with the list of users.

use handoff_domain::{Role, User, UserId};
use handoff_engine::CurrentBoard;
use handoff_store::InteractionScope;
use serde_json::{Map, Value};

use super::is_wanted;
use crate::caller::Me;
use crate::commands::Answer;
use crate::error::{Code, NO_PERMISSION, Refusal};
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::interaction::InteractionResource;
use crate::wire::listing::{Listing, select};
use crate::wire::resource::{ChannelResource, Fields, Lookup, channels_of};

/// Most users on a page with what they have: of each, the store is asked.
const USERS_MAX: usize = 100;
/// Most interactions of one user; nobody holds more.
const HELD_MAX: usize = 100;

/// What is wanted of users beside what they are.
pub(super) struct Work<'a> {
    board: Option<CurrentBoard<'a>>,
    has_interactions: bool,
}

impl<'a> Work<'a> {
    /// Reads what is asked for. Who names it must be a supervisor or an admin; `*` shows them
    /// channels, and what users have only by its name, because it costs a read for each.
    pub(super) async fn of(
        shared: &'a Shared,
        me: &Me,
        wanted: Option<&Fields>,
        listing: &Listing,
    ) -> Result<Self, Refusal> {
        let may = me.is(Role::Supervisor) || me.is(Role::Admin);
        let [channels, interactions] =
            ["channels", "interactions"].map(|name| is_wanted(wanted, name));
        let is_named = matches!(wanted, Some(Fields::Named(_)));
        if is_named && (channels || interactions) && !may {
            return Err(Refusal::new(Code::NoPermission, NO_PERMISSION));
        }
        let has_interactions = is_named && interactions;
        if has_interactions && listing.limit > USERS_MAX {
            return Err(Refusal::invalid(format!(
                "With interactions the parameter limit must be at most {USERS_MAX}."
            )));
        }
        let board = if channels && may {
            Some(shared.engine().core().current_board().await?)
        } else {
            None
        };
        Ok(Self { board, has_interactions })
    }

    pub(super) fn channels(&self, user: &User, lookup: Lookup<'_>) -> Option<Vec<ChannelResource>> {
        let desk = self.board?.desk(user.id).map(|desk| desk.value);
        Some(channels_of(lookup.directory, user, desk.as_deref()))
    }

    /// Adds to each user of a page what is in their hands or offered to them.
    pub(super) async fn added_to(self, shared: &Shared, page: JsonText, me: &Me) -> Answer {
        if !self.has_interactions {
            return Ok(page);
        }
        let mut whole: Map<String, Value> =
            serde_json::from_str(&page.0).map_err(|_| Refusal::internal())?;
        let users = whole.get_mut("users").and_then(Value::as_array_mut);
        for user in users.into_iter().flatten().filter_map(Value::as_object_mut) {
            let id = user.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            let Some(id) = id else { continue };
            user.insert("interactions".to_owned(), held_by(shared, me, id).await?);
        }
        Ok(JsonText::of(&whole))
    }
}

async fn held_by(shared: &Shared, me: &Me, user: UserId) -> Result<Value, Refusal> {
    let views = shared.engine().views();
    let held = views.interactions_in(InteractionScope::HeldBy(user), HELD_MAX).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown = held.items.iter().map(|item| {
        select(&Fields::All, &InteractionResource::read_by(&item.value, me.id(), lookup))
    });
    Ok(shown.collect())
}
