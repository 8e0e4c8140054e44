//! What people keep for themselves: one record each, changed as a whole.

use handoff_domain::ResponseId;
use handoff_provision::{ResponseDescription, add_own_response};
use handoff_store::{ChangeSet, CommitError, OwnResponses, Put, Record};

use super::expect_scope;
use super::found::own_of;
use crate::administration::done;
use crate::caller::Me;
use crate::commands::Answer;
use crate::desk_settings::while_enabled;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use handoff_store::TokenScope;

/// How often a change is tried while other sessions of theirs make some, or uses are counted.
const ATTEMPTS_MAX: usize = 8;

/// Makes one.
pub(super) async fn add(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    answer: JsonText,
    id: ResponseId,
    said: &ResponseDescription,
) -> Answer {
    let decide = |own: &mut OwnResponses| Ok(add_own_response(own, me.center(), id, said)?);
    write(shared, me, retry, answer, decide).await
}

/// Changes or removes one.
pub(super) async fn change(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    decide: impl Fn(&mut OwnResponses) -> Result<(), Refusal> + Send + Sync,
) -> Answer {
    write(shared, me, retry, done(), decide).await
}

async fn write(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    answer: JsonText,
    decide: impl Fn(&mut OwnResponses) -> Result<(), Refusal> + Send + Sync,
) -> Answer {
    expect_scope(me, TokenScope::Work)?;
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        let (mut own, expected) = own_of(shared, me).await?;
        if let Err(refusal) = decide(&mut own) {
            return retry.earlier(shared, me).await?.ok_or(refusal);
        }
        let puts = vec![Put { record: Record::OwnResponses(own), expected }];
        let receipts = retry.receipt(me, &answer, core.now()).into_iter().collect();
        let change = ChangeSet { puts, receipts, ..while_enabled(me, &core.directory())? };
        match core.store().commit(change).await {
            Ok(_) => return Ok(answer),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Timer(_) | CommitError::Receipt(_)) => {
                return retry.earlier(shared, me).await?.ok_or_else(Refusal::internal);
            }
            Err(CommitError::Conflict { .. }) => core.reload_directory().await?,
        }
    }
    let sentence =
        "Your responses are being written by other sessions of yours; repeat the request.";
    Err(Refusal::new(Code::WrongState, sentence))
}
