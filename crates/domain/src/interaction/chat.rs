//! The end of a customer's chat session: by the owner, by the customer, or by time.

use alloc::vec::Vec;

use crate::chat::{Content, LeaveReason, Speaker, Visibility};
use crate::event::{Fact, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Change;
use crate::interaction::conversation::{idle_due, wait_due};
use crate::interaction::decision::{Decision, TimerChange, TimerKind};
use crate::interaction::say::live;
use crate::interaction::{Mode, Outcome, Participant, State, Status};
use crate::rejection::Rejection;
use crate::time::Time;

/// Ends the customer's session; the owner keeps the interaction.
pub(super) fn end_session(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode != Mode::Chatting {
        return Err(attempt.wrong_state());
    }
    attempt.owner(handling)?;
    let mut change = attempt.change();
    end(&mut change, RevokeReason::OwnerActed, LeaveReason::Removed);
    Ok(change.finish())
}

/// The customer is gone: a chat that nobody owns yet is over, an owned one becomes `LeftChat`.
pub(super) fn customer_left(
    attempt: &Attempt<'_>,
    reason: LeaveReason,
) -> Result<Decision, Rejection> {
    if attempt.before.mode() != Some(Mode::Chatting) {
        return Err(attempt.wrong_state());
    }
    let mut change = attempt.change();
    close(attempt, &mut change, reason)?;
    Ok(change.finish())
}

/// Takes a customer out who made no request for too long; puts the question off when nobody has
/// listened to them for as long. That they made none is known by their timer, which every request
/// puts off.
pub(super) fn check_customer(
    attempt: &Attempt<'_>,
    listening_since: Time,
) -> Result<Decision, Rejection> {
    let chat = live(attempt)?;
    let since = listening_since.max(attempt.before.received);
    let due = since.plus_ms(chat.times.customer_silence_ms);
    let mut change = attempt.change();
    if chat.times.customer_silence_ms == 0 {
        return Ok(stop(change, TimerKind::CustomerSilence));
    }
    if due > attempt.context.now {
        return Ok(put_off(change, TimerKind::CustomerSilence, due));
    }
    close(attempt, &mut change, LeaveReason::Silence)?;
    Ok(change.finish())
}

/// Alerts a conversation in which nobody said anything for too long, and ends it when that did not
/// help; puts the question off when somebody did say something. Whoever waits for an agent is not
/// idle.
pub(super) fn check_idle(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let chat = live(attempt)?;
    let mut change = attempt.change();
    let Some(due) = idle_due(attempt.before) else { return Ok(stop(change, TimerKind::ChatIdle)) };
    if due > attempt.context.now {
        return Ok(put_off(change, TimerKind::ChatIdle, due));
    }
    if chat.alerted.is_none() {
        change.say(Speaker::system(), Visibility::All, Content::IdleAlert);
        let now = attempt.context.now;
        change.after.chat_mut().into_iter().for_each(|chat| chat.alerted = Some(now));
    } else {
        change.say(Speaker::system(), Visibility::All, Content::IdleClose);
        change.end_last_words();
        close(attempt, &mut change, LeaveReason::Idle)?;
    }
    Ok(change.finish())
}

/// Ends the wait of a customer who has waited as long as the service allows.
pub(super) fn check_wait(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    live(attempt)?;
    let mut change = attempt.change();
    match wait_due(attempt.before) {
        None => return Ok(stop(change, TimerKind::LongestWait)),
        Some(due) if due > attempt.context.now => {
            return Ok(put_off(change, TimerKind::LongestWait, due));
        }
        Some(_) => close(attempt, &mut change, LeaveReason::WaitedTooLong)?,
    }
    Ok(change.finish())
}

/// Takes a timer away that has nothing to watch over.
fn stop(change: Change<'_>, timer: TimerKind) -> Decision {
    let mut decision = change.finish();
    decision.timers.push(TimerChange::Clear(timer));
    decision
}

fn put_off(change: Change<'_>, timer: TimerKind, due: Time) -> Decision {
    let mut decision = change.finish();
    decision.timers.push(TimerChange::Set(timer, due));
    decision
}

/// Ends the session by the customer's own doing or by time.
fn close(
    attempt: &Attempt<'_>,
    change: &mut Change<'_>,
    reason: LeaveReason,
) -> Result<(), Rejection> {
    match &attempt.before.state {
        State::Queued(_) => give_up(change, None, reason),
        State::Invited(_, offer) => give_up(change, Some(offer.to), reason),
        State::Handling(_) => end(change, RevokeReason::CustomerLeft, reason),
        // A live chat is never put into a workbin, and what is on its way out or over has no mode.
        State::Parked { .. } | State::Sending { .. } | State::Ended { .. } => {
            return Err(attempt.wrong_state());
        }
    }
    Ok(())
}

fn give_up(change: &mut Change<'_>, offered: Option<UserId>, ended: LeaveReason) {
    let reason = RevokeReason::CustomerLeft;
    change.facts.push(Fact::ChatEnded);
    change.facts.extend(offered.map(|to| Fact::OfferRevoked { to, reason }));
    change.facts.push(Fact::Canceled);
    change.after.state = State::Ended { outcome: Outcome::Canceled, at: change.context.now };
    end_conversation(change, ended);
}

fn end_conversation(change: &mut Change<'_>, ended: LeaveReason) {
    change.after.chat_mut().into_iter().for_each(|chat| chat.ended = Some(ended));
}

/// Ends the session of an owned live chat. The other agents' part in it is over with it, and so is
/// an open offer to take part; an open transfer stands, because what it hands over is still there.
pub(super) fn end(change: &mut Change<'_>, reason: RevokeReason, ended: LeaveReason) {
    let Some(handling) = change.handling_mut() else { return };
    handling.mode = Mode::LeftChat;
    let left: Vec<Participant> = handling.others.drain(..).collect();
    let is_to_take_part = handling.offer.as_ref().is_some_and(|offer| offer.kind.role().is_some());
    if is_to_take_part {
        change.withdraw_offer(reason);
    }
    change.withdraw_supervision_offers(reason);
    change.facts.push(Fact::ChatEnded);
    for Participant { user, role, .. } in left {
        change.facts.push(Fact::ParticipantLeft { user });
        // A supervisor sees `Revoked` when the chat that they watch ends (8.5.2 pages on Intrude).
        if !role.is_supervision() {
            change.last_sees(user, Status::Completed);
        }
    }
    end_conversation(change, ended);
}
