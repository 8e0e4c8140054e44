//! What supervisors do with anybody's work: put it into somebody's hands, change its priority, let
//! its queue ask more agents. Transfers and places are the owner's as well, and beside those
//! (`transfer.rs`, `place.rs`).

use alloc::string::ToString;

use crate::command::{Named, Patch};
use crate::event::{Fact, NotificationType};
use crate::id::UserId;
use crate::interaction::attempt::{Attempt, Placed};
use crate::interaction::decision::Decision;
use crate::interaction::{Mode, Participant, State, Status, accept, user_data};
use crate::rejection::{Noun, Rejection};
use crate::routing;

/// Puts it into the caller's hands, or another agent's, wherever it is. Nobody is asked: whoever
/// loses it sees that it was taken away.
pub(super) fn take(
    attempt: &Attempt<'_>,
    to: Option<&Named<UserId>>,
) -> Result<Decision, Rejection> {
    if matches!(attempt.before.state, State::Sending { .. } | State::Ended { .. }) {
        return Err(attempt.wrong_state());
    }
    let caller = attempt.supervisor().ok_or(Rejection::NotSupervisor)?;
    let placed = attempt.placed()?;
    let target = match to {
        Some(named) => *named.known(Noun::User)?,
        None => caller,
    };
    if placed.owner == Some(target) {
        let is_caller = target == caller;
        return Err(if is_caller { Rejection::TargetIsSelf } else { Rejection::TargetAlreadyIn });
    }
    // Whoever comes into a chat as a supervisor never becomes its owner by being there.
    let is_watching = |other: &Participant| other.user == target && other.role.is_supervision();
    if attempt.before.others().iter().any(is_watching) {
        return Err(Rejection::TargetAlreadyIn);
    }
    expect_room(attempt, target, &placed)?;
    let mut change = attempt.change();
    attempt.leave(&placed, Status::Completed, &mut change);
    match (&attempt.before.state, placed.owner) {
        (State::Parked { workbin, .. }, _) => {
            change.facts.push(Fact::Pulled { workbin: *workbin, by: target });
            change.hand_to(target, placed.mode, None);
        }
        (_, Some(_)) => {
            change.facts.push(Fact::OwnerChanged { to: target });
            accept::take_over(&mut change, target, None);
        }
        (_, None) => {
            change.facts.push(Fact::Taken { by: target });
            change.hand_to(target, placed.mode, None);
        }
    }
    Ok(change.finish())
}

/// Refuses somebody who cannot have one interaction more. Whether they are Ready is for the
/// supervisor to judge; another than they must be there to see it.
fn expect_room(attempt: &Attempt<'_>, target: UserId, placed: &Placed) -> Result<(), Rejection> {
    let Attempt { before, context, .. } = attempt;
    let is_caller = attempt.actor.user() == Some(target);
    let refused = |own, others| Err(if is_caller { own } else { others });
    let absent = || refused(Rejection::NoSession, Rejection::TargetUnreachable);
    let user = context.world.user(target).filter(|user| user.enabled);
    let desk = context.world.desk(target).filter(|desk| desk.session.is_some());
    let (Some(user), Some(desk)) = (user, desk) else { return absent() };
    if !is_caller && !desk.is_reachable(&before.media()) {
        return absent();
    }
    let needs_slot = placed.mode != Mode::Composing && !desk.slots.contains_key(&before.id);
    if needs_slot && !desk.has_room(user, &before.media()) {
        return refused(Rejection::Full, Rejection::TargetFull);
    }
    Ok(())
}

/// Changes its priority.
pub(super) fn set_priority(attempt: &Attempt<'_>, priority: i64) -> Result<Decision, Rejection> {
    user_data::change(attempt, &Patch { priority: Some(priority), ..Patch::default() })
}

/// Lets its queue ask whom it would ask from the next step on.
pub(super) fn widen(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let wait = attempt.before.wait().ok_or_else(|| attempt.wrong_state())?;
    attempt.supervisor().ok_or(Rejection::NotSupervisor)?;
    let unknown = || Rejection::Unknown { noun: Noun::Queue, name: wait.queue.to_string() };
    let queue = attempt.context.world.queue(wait.queue).ok_or_else(unknown)?;
    let (next, _) = routing::next_step(queue, wait, attempt.context.now)
        .ok_or_else(|| Rejection::NoFurtherStep { queue: queue.name.clone() })?;
    let step = u32::try_from(next + 1).unwrap_or(u32::MAX);
    let mut change = attempt.change();
    change.kind = NotificationType::PropertiesUpdated;
    change.facts.push(Fact::Widened { step });
    if let State::Queued(wait) | State::Invited(wait, _) = &mut change.after.state {
        wait.widened = step;
    }
    Ok(change.finish())
}
