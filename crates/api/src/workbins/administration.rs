//! Workbins as admins make, change and remove them.
//!
//! Of those that every agent has one there is one definition, and each copy's id stands for it.

use axum::extract::State;
use handoff_domain::WorkbinId;
use handoff_provision::{Editor, OwnerKind, Thing, WorkbinDescription};
use handoff_store::Key;

use super::{Watches, Wish, operate, watch_many};
use crate::administration::{Changes, Described, New, Posted, change, done, known, made, remove};
use crate::caller::{Admin, AnyUser, Me};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::fields::Fields;

/// What a body says of a workbin, before names are looked up.
pub(crate) struct OfWorkbin(WorkbinDescription<String>);

impl Described for OfWorkbin {
    const NEEDED: &'static [&'static str] = &["name", "type"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let kind = match fields.text("type")?.as_deref() {
            None => None,
            Some("Agent") => Some(OwnerKind::Agent),
            Some("AgentGroup") => Some(OwnerKind::AgentGroup),
            Some(_) => {
                let sentence = "The field type must be Agent or AgentGroup; correct it.";
                return Err(Refusal::invalid(sentence));
            }
        };
        let said =
            WorkbinDescription { name: fields.text("name")?, kind, group: fields.text("group")? };
        match said.faults().first() {
            Some(fault) => Err(unfit(Thing::Workbin, &fault.message)),
            None => Ok(Self(said)),
        }
    }
}

/// `POST /workbins`: an admin makes one, and anybody begins or ends watches.
pub(crate) async fn post(
    State(shared): State<Shared>,
    posted: Posted<Watches, New<OfWorkbin>>,
    retry: Retry,
    anybody: Result<AnyUser, Refusal>,
    admin: Result<Admin, Refusal>,
) -> Answer {
    let New(OfWorkbin(said)) = match posted {
        Posted::Operation(watches) => return watch_many(State(shared), watches, anybody?).await,
        Posted::Change(new) => new,
    };
    let Admin(me) = admin?;
    let id = WorkbinId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().workbin(id));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_workbin(id, &said)?)).await
}

/// `PUT /workbins/{id}`: its name changes.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfWorkbin>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    change_workbin(&shared, &changes, &retry, &me, &id).await
}

/// `POST /workbins/{id}`: whoever may use it puts in, takes out and watches, and admins change it,
/// as old pages have it.
pub(crate) async fn post_one(
    State(shared): State<Shared>,
    posted: Posted<Wish, Changes<OfWorkbin>>,
    retry: Retry,
    anybody: Result<AnyUser, Refusal>,
    admin: Result<Admin, Refusal>,
    id: Id,
) -> Answer {
    match posted {
        Posted::Operation(wish) => operate(State(shared), wish, retry, anybody?, id).await,
        Posted::Change(changes) => {
            change_workbin(&shared, &changes, &retry, &admin?.0, &id.0).await
        }
    }
}

async fn change_workbin(
    shared: &Shared,
    changes: &Changes<OfWorkbin>,
    retry: &Retry,
    me: &Me,
    id: &str,
) -> Answer {
    let named = known(id, Thing::Workbin)?;
    let id = definition(shared, me, named);
    let decide = |center: &Editor<'_>| {
        // What was read may be the copy of an agent, and is sent back with its address.
        changes.expect_same(center, &Key::Workbin(id), &shared.url().workbin(named))?;
        Ok(center.change_workbin(id, &changes.said.0)?)
    };
    change(shared, me, retry, done(), decide).await
}

/// `DELETE /workbins/{id}`, while nothing lies in it.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = definition(&shared, &me, known(&id, Thing::Workbin)?);
    remove(&shared, &me, &retry, Vec::new(), move |center| Ok(center.remove_workbin(id)?)).await
}

/// Returns what a workbin is a copy of, or itself.
fn definition(shared: &Shared, me: &Me, id: WorkbinId) -> WorkbinId {
    let directory = shared.engine().core().directory();
    directory.workbin_definition(me.center(), id).map_or(id, |workbin| workbin.id)
}
