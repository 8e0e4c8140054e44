//! That a text which is kept ready was used in an interaction.

use handoff_domain::{Action, Interaction, Operation, Rejection};
use handoff_engine::Directory;

use crate::caller::Me;
use crate::commands::{self, Answer, Basis, Target};
use crate::idempotency::Retry;
use crate::responses;
use crate::shared::Shared;
use crate::wire::envelope::Envelope;

/// Notes it, of a text that the caller can use.
pub(super) async fn note(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    envelope: Envelope,
    response: &str,
    retry: &Retry,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let interaction = commands::visible_of(shared, me, target.id, target.media).await?;
    // Whoever may not note anything is told that, whatever they name. What counts is what the rules
    // say afterwards.
    match interaction.owner() {
        Some(owner) if owner == me.id() => {}
        Some(_) => return Err(Rejection::NotOwner.into()),
        None => {
            let (status, command) = (interaction.status_for(me.id()), Operation::UseResponse);
            return Err(Rejection::WrongState { status, command }.into());
        }
    }
    let response = responses::usable(shared, me, response).await?;
    let instruct = |_: &Interaction, _: &Directory| Ok(Action::UseResponse(response).into());
    commands::perform(shared, me, target, envelope, retry, Basis::Request, instruct).await
}
