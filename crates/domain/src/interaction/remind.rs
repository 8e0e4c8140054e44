//! Reminders: what lies in a workbin until a time comes back to whoever put it there.

use crate::event::Fact;
use crate::id::UserId;
use crate::interaction::attempt::{Attempt, Slot, may_take};
use crate::interaction::change::{Change, Entry};
use crate::interaction::decision::Decision;
use crate::interaction::gone::take_in_draft;
use crate::interaction::{Mode, OfferKind, State};
use crate::rejection::Rejection;
use crate::routing::{self, Agent, Waiting};

/// Brings it back: into its queue, where whoever put it aside is asked first. A draft is its
/// writer's alone and goes back to them, or where their drafts go while they are away.
pub(super) fn remind(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let State::Parked { workbin, mode, reminder: Some(reminder) } = attempt.before.state else {
        return Err(attempt.wrong_state());
    };
    if reminder.at > attempt.context.now {
        return Err(attempt.wrong_state());
    }
    let mut change = attempt.change();
    change.facts.push(Fact::Reminded { of: reminder.of });
    // Where there is nowhere to go it stays, and everybody finds it there as before.
    change.after.state = State::Parked { workbin, mode, reminder: None };
    match mode {
        Mode::Composing if hand_back(&mut change, reminder.of, mode, Slot::NotNeeded) => {}
        Mode::Composing => drop(take_in_draft(&mut change, reminder.of)),
        Mode::Processing | Mode::Chatting | Mode::LeftChat => {
            if queue_up(&mut change, mode) {
                offer_first(&mut change, reminder.of);
            } else {
                hand_back(&mut change, reminder.of, mode, Slot::Needed);
            }
        }
    }
    Ok(change.finish())
}

/// Puts it into its queue with the age that it has; tells whether there is one.
fn queue_up(change: &mut Change<'_>, mode: Mode) -> bool {
    let world = change.context.world;
    let queue = change.after.queue.and_then(|queue| world.queue(queue));
    let Some(queue) = queue.filter(|queue| queue.media == change.after.media()) else {
        return false;
    };
    let since = change.after.queued_at.unwrap_or(change.context.now);
    change.enter_queue(Entry::of(queue, since), mode);
    true
}

/// Offers what waits to a user before others, if the router might.
fn offer_first(change: &mut Change<'_>, to: UserId) {
    let world = change.context.world;
    let State::Queued(wait) = &change.after.state else { return };
    let (Some(queue), Some(user)) = (world.queue(wait.queue), world.user(to)) else { return };
    let Some(desk) = world.desk(to) else { return };
    let media = change.after.media();
    let waiting = Waiting::of(&change.after, &media, wait);
    let agent = Agent { user, desk: &desk };
    if routing::exclusion(&waiting, queue, agent, change.context.now).is_none() {
        change.offer(to, OfferKind::Routed, queue.invite_timeout_ms, None);
    }
}

/// Puts it into a user's hands, if they are there and have room; tells whether they are.
fn hand_back(change: &mut Change<'_>, to: UserId, mode: Mode, slot: Slot) -> bool {
    let may_work = change.context.world.user(to).is_some_and(|user| user.may_work());
    let is_there = may_work && may_take(change.context, to, &change.after.media(), slot).is_ok();
    if is_there {
        change.facts.push(Fact::OwnerChanged { to });
        change.hand_to(to, mode, None);
    }
    is_there
}
