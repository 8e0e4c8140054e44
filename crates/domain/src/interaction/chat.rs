//! The end of a customer's chat session, by the owner or by the customer.

use alloc::vec::Vec;

use crate::command::Actor;
use crate::event::{Fact, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Change;
use crate::interaction::decision::Decision;
use crate::interaction::{Mode, OfferKind, Outcome, State, Status};
use crate::rejection::Rejection;

/// Ends the customer's session; the owner keeps the interaction.
pub(super) fn end_session(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode != Mode::Chatting {
        return Err(attempt.wrong_state());
    }
    attempt.owner(handling)?;
    let mut change = attempt.change();
    end(&mut change, RevokeReason::OwnerActed);
    Ok(change.finish())
}

/// The customer is gone: a chat that nobody owns yet is over, an owned one becomes `LeftChat`. The server says it for him when he has
/// fallen silent.
pub(super) fn customer_left(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    if attempt.before.mode() != Some(Mode::Chatting) {
        return Err(attempt.wrong_state());
    }
    if !matches!(attempt.actor, Actor::Customer | Actor::Server) {
        return Err(Rejection::NotOwner);
    }
    let mut change = attempt.change();
    match &attempt.before.state {
        State::Queued(_) => give_up(&mut change, None),
        State::Invited(_, offer) => give_up(&mut change, Some(offer.to)),
        State::Handling(_) => end(&mut change, RevokeReason::CustomerLeft),
        // A live chat is never put into a workbin, and what is on its way out or over has no mode.
        State::Parked { .. } | State::Sending { .. } | State::Ended { .. } => {
            return Err(attempt.wrong_state());
        }
    }
    Ok(change.finish())
}

fn give_up(change: &mut Change<'_>, offered: Option<UserId>) {
    let reason = RevokeReason::CustomerLeft;
    change.facts.push(Fact::ChatEnded);
    change.facts.extend(offered.map(|to| Fact::OfferRevoked { to, reason }));
    change.facts.push(Fact::Canceled);
    change.after.state = State::Ended { outcome: Outcome::Canceled, at: change.context.now };
}

/// Ends the session of an owned live chat. The other agents' part in it is over with it, and so is an open offer to take part; an open
/// transfer stands, because what it hands over is still there.
pub(super) fn end(change: &mut Change<'_>, reason: RevokeReason) {
    let Some(handling) = change.handling_mut() else { return };
    handling.mode = Mode::LeftChat;
    let left: Vec<UserId> = handling.others.drain(..).map(|other| other.user).collect();
    let seat = handling.offer.as_ref().is_some_and(|offer| match offer.kind {
        OfferKind::Invite | OfferKind::Consult => true,
        OfferKind::Routed | OfferKind::Transfer => false,
    });
    if seat {
        change.withdraw_offer(reason);
    }
    change.facts.push(Fact::ChatEnded);
    for user in left {
        change.facts.push(Fact::ParticipantLeft { user });
        change.last_sees(user, Status::Completed);
    }
}
