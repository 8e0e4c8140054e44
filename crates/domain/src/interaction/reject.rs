//! Reject: the agent passes an offer by.

use crate::interaction::attempt::Attempt;
use crate::interaction::change::Refused;
use crate::interaction::decision::Decision;
use crate::rejection::Rejection;

/// Passes the offer by: a routed one goes back to its place in line, of any other the owner is
/// told.
pub(super) fn reject(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let to = attempt.offer()?.to;
    let mut change = attempt.change();
    change.refuse_offer(to, Refused::Rejected);
    Ok(change.finish())
}
