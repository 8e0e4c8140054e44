//! The router's offer, and its end by time.

use alloc::string::ToString;
use core::fmt::Display;

use crate::command::Actor;
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Refused;
use crate::interaction::decision::Decision;
use crate::interaction::{OfferKind, State};
use crate::rejection::{Noun, Rejection};
use crate::routing::{self, Exclusion, Waiting};

/// Offers a waiting interaction to the agent whom the router found. Every routing rule is tried
/// again here, on the state that the commit guards: the router may have planned with an older one.
pub(super) fn offer(attempt: &Attempt<'_>, to: UserId) -> Result<Decision, Rejection> {
    let State::Queued(wait) = &attempt.before.state else { return Err(attempt.wrong_state()) };
    attempt.only(&Actor::Router)?;
    let world = attempt.context.world;
    let unknown = |noun, id: &dyn Display| Rejection::Unknown { noun, name: id.to_string() };
    let queue = world.queue(wait.queue).ok_or_else(|| unknown(Noun::Queue, &wait.queue))?;
    let user = world.user(to).ok_or_else(|| unknown(Noun::User, &to))?;
    let waiting = Waiting::of(attempt.before, wait);
    let desk = world.desk(to).ok_or(Rejection::TargetUnreachable)?;
    if let Some(exclusion) =
        routing::exclusion(&waiting, queue, routing::Agent { user, desk }, attempt.context.now)
    {
        return Err(refusal(&exclusion));
    }
    let mut change = attempt.change();
    change.offer(to, OfferKind::Routed, queue.invite_timeout_ms, None);
    Ok(change.finish())
}

/// Ends an offer whose time is over. The number keeps a late timer from ending a later offer.
pub(super) fn expire(attempt: &Attempt<'_>, number: u64) -> Result<Decision, Rejection> {
    let offer = attempt.before.acceptable().find(|offer| offer.number == number);
    let to = offer.ok_or_else(|| attempt.wrong_state())?.to;
    attempt.only(&Actor::Server)?;
    let mut change = attempt.change();
    change.refuse_offer(to, Refused::Expired);
    Ok(change.finish())
}

const fn refusal(exclusion: &Exclusion) -> Rejection {
    match exclusion {
        Exclusion::NoSession | Exclusion::Unreachable => Rejection::TargetUnreachable,
        Exclusion::NotReady | Exclusion::DoNotDisturb => Rejection::TargetNotReady,
        Exclusion::Full => Rejection::TargetFull,
        Exclusion::QueueUnserved
        | Exclusion::Disabled
        | Exclusion::NotAnAgent
        | Exclusion::NotInGroups
        | Exclusion::MissingSkill { .. }
        | Exclusion::PassedUntil { .. }
        | Exclusion::PassedAndOthersEligible { .. } => Rejection::TargetNotEligible,
    }
}
