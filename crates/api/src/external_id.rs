//! Submitters' own ids: whose an id is, and what a repetition of it gets.
//!
//! An external id is unique among what one account submitted, and among what came in by one
//! service; two accounts may use the same one without knowing of each other. Until that was so it
//! was unique in the contact center: receipts of that time count for whoever submitted the
//! interaction that they name.
//!
//! An agent's own Create has ids of its account like any other, and cannot take one that a server
//! uses: what looks the server's own up by that id must not find the agent's instead.

use handoff_domain::event::Cause;
use handoff_domain::{CenterId, InteractionId, Role, ServiceId, UserId};
use handoff_engine::{
    Directory, external_ids_of_account, external_ids_of_center, external_ids_of_service,
};
use handoff_store::{Receipt, StoreError};

use crate::caller::Me;
use crate::error::{Code, Refusal};
use crate::shared::Shared;

/// Most bytes of an external id: far above any key of another system.
pub(crate) const BYTES_MAX: usize = 255;

/// Who submits something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Submission {
    /// An agent, for themselves.
    ByHand,
    /// A server, from outside.
    ByServer,
}

/// Returns the proof that an account submitted something by that id.
pub(crate) fn receipt_of_account(me: &Me, external_id: &str, id: InteractionId) -> Receipt {
    receipt(external_ids_of_account(me.center(), me.id()), external_id.to_owned(), id)
}

/// Returns the proof that something came in by a service. `key` tells the request from every other.
pub(crate) fn receipt_of_service(service: ServiceId, key: String, id: InteractionId) -> Receipt {
    receipt(external_ids_of_service(service), key, id)
}

fn receipt(scope: String, key: String, id: InteractionId) -> Receipt {
    // Whatever comes under the same key is the same, so it has no fingerprint to differ in.
    Receipt { scope, key, fingerprint: String::new(), answer: id.to_string(), expires: None }
}

/// Returns what the caller submitted by this id before.
///
/// # Errors
///
/// Code 18 when the caller does not see it any more, or, for what is submitted by hand, when a
/// server uses the id; or the store's.
pub(crate) async fn earlier(
    shared: &Shared,
    me: &Me,
    external_id: &str,
    submission: Submission,
) -> Result<Option<InteractionId>, Refusal> {
    let store = shared.engine().core().store();
    if let Some(own) =
        store.receipt(&external_ids_of_account(me.center(), me.id()), external_id).await?
    {
        return answerable(shared, me, &own).await.map(Some);
    }
    if let Some(old) = store.receipt(&external_ids_of_center(me.center()), external_id).await? {
        match submitter_of(shared, &old).await? {
            Some(user) if user == me.id() => return answerable(shared, me, &old).await.map(Some),
            Some(user)
                if submission == Submission::ByHand
                    && is_server(&shared.engine().core().directory(), me.center(), user) =>
            {
                return Err(used_by_a_server());
            }
            // What came of it is no longer kept, and with it whose it was.
            None if is_gone(shared, &old).await? => {
                return answerable(shared, me, &old).await.map(Some);
            }
            Some(_) | None => {}
        }
    }
    if submission == Submission::ByHand && is_used_by_a_server(shared, me, external_id).await? {
        return Err(used_by_a_server());
    }
    Ok(None)
}

/// Returns the interaction that a receipt names, to whoever may see it.
///
/// # Errors
///
/// Code 18 to everybody else, or the store's.
pub(crate) async fn answerable(
    shared: &Shared,
    me: &Me,
    receipt: &Receipt,
) -> Result<InteractionId, Refusal> {
    let seen = match receipt.answer.parse() {
        Ok(id) => shared.engine().views().interaction_for(me.id(), id).await?,
        Err(_) => None,
    };
    seen.map(|seen| seen.id).ok_or_else(|| {
        Refusal::new(
            Code::AlreadyExists,
            "You used this externalId for something that you do not see any more; use another one for something new.",
        )
    })
}

async fn is_gone(shared: &Shared, old: &Receipt) -> Result<bool, StoreError> {
    let Ok(id) = old.answer.parse() else { return Ok(false) };
    Ok(shared.engine().core().interaction(id).await?.is_none())
}

async fn submitter_of(shared: &Shared, old: &Receipt) -> Result<Option<UserId>, StoreError> {
    let Ok(id) = old.answer.parse() else { return Ok(None) };
    Ok(match shared.engine().views().opened_by(id).await? {
        Some(Cause::User(user)) => Some(user),
        Some(Cause::Customer | Cause::Router | Cause::Server | Cause::Mailer | Cause::Operator)
        | None => None,
    })
}

fn is_server(directory: &Directory, center: CenterId, user: UserId) -> bool {
    let submits = |role| [Role::ApiUser, Role::Admin].contains(role);
    directory.user(center, user).is_some_and(|user| user.roles.iter().any(submits))
}

/// There are few such accounts and services, and agents rarely give an external id at all.
async fn is_used_by_a_server(
    shared: &Shared,
    me: &Me,
    external_id: &str,
) -> Result<bool, StoreError> {
    let (directory, center) = (shared.engine().core().directory(), me.center());
    let accounts = directory
        .users
        .keys()
        .filter(|user| **user != me.id() && is_server(&directory, center, **user));
    for user in accounts {
        if shared
            .engine()
            .core()
            .store()
            .receipt(&external_ids_of_account(center, *user), external_id)
            .await?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn used_by_a_server() -> Refusal {
    Refusal::new(
        Code::AlreadyExists,
        "This externalId is used by a server of the contact center; use another one, or leave it out.",
    )
}
