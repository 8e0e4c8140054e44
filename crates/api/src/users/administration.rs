//! Users as admins make, change and remove them.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::UserId;
use handoff_provision::{Editor, Thing};
use handoff_store::Key;

use super::ask::{OfThem, ask, end_session};
use super::described::OfUser;
use crate::administration::{Changes, New, Posted, change, done, known, made, remove};
use crate::caller::{Admin, Me, Person, Supervisor};
use crate::commands::Answer;
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::parameters;

/// `POST /users`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(user): New<OfUser>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let id = UserId(shared.engine().core().ids().uuid());
    let (answer, password) = (made(shared.url().user(id)), user.given_password().await?);
    let decide = |center: &Editor<'_>| Ok(center.add_user(id, &user.said, &password)?);
    change(&shared, &me, &user.retry(retry), answer, decide).await
}

/// `PUT /users/{id}`: the given fields change, lists are replaced. Whoever gets another password,
/// or must choose one, is logged out.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfUser>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    change_user(&shared, &changes, retry, &me, &id).await
}

/// `POST /users/{id}`: anybody asks them something, supervisors end their session, and admins
/// change them, as old pages have it.
pub(crate) async fn post_one(
    State(shared): State<Shared>,
    posted: Posted<OfThem, Changes<OfUser>>,
    retry: Retry,
    person: Result<Person, Refusal>,
    supervisor: Result<Supervisor, Refusal>,
    admin: Result<Admin, Refusal>,
    id: Id,
) -> Answer {
    match posted {
        Posted::Operation(OfThem::Ask(question)) => {
            ask(State(shared), question, retry, person?, id).await
        }
        Posted::Operation(OfThem::EndSession) => end_session(&shared, &supervisor?.0, &id.0).await,
        Posted::Change(changes) => change_user(&shared, &changes, retry, &admin?.0, &id.0).await,
    }
}

async fn change_user(
    shared: &Shared,
    changes: &Changes<OfUser>,
    retry: Retry,
    me: &Me,
    id: &str,
) -> Answer {
    let id: UserId = known(id, Thing::User)?;
    if let Some(user) = shared.engine().core().directory().user(me.center(), id) {
        changes.said.expect_fit_for(user)?;
    }
    let password = changes.said.given_password().await?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::User(id), &shared.url().user(id))?;
        Ok(center.change_user(id, &changes.said.said, &password)?)
    };
    change(shared, me, &changes.said.retry(retry), done(), decide).await
}

/// `DELETE /users/{id}`: what they have goes back to its queues, and what has none to those that
/// `workTo` names.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let id = known(&id, Thing::User)?;
    let work_to = parameters(&uri).into_iter().filter(|(name, _)| name == "workTo");
    let work_to = work_to.map(|(_, queue)| queue).collect();
    remove(&shared, &me, &retry, work_to, move |center| Ok(center.remove_user(id)?)).await
}
