//! Places: into a queue, into a workbin, and out of a workbin again.

use alloc::collections::BTreeSet;
use alloc::string::ToString;

use crate::center::{Queue, Role, Workbin, WorkbinOwner};
use crate::command::{Actor, Caller, Named};
use crate::event::{Fact, RevokeReason};
use crate::id::{UserId, WorkbinId};
use crate::interaction::attempt::{Attempt, Placed, Slot, may_take, of_medium, queue_for};
use crate::interaction::change::Entry;
use crate::interaction::decision::Decision;
use crate::interaction::{Mode, Reminder, State, Status, say};
use crate::rejection::{Noun, Rejection};
use crate::time::Time;

/// Puts it into a queue, as its owner or on somebody's behalf.
pub(super) fn in_queue(attempt: &Attempt<'_>, named: &Named<Queue>) -> Result<Decision, Rejection> {
    let placed = attempt.placed()?;
    let queue = queue_for(attempt.context, named, &attempt.before.media())?;
    to_queue(attempt, &placed, queue)
}

/// Puts the interaction at the end of a queue. A live chat's customer session goes on.
pub(super) fn to_queue(
    attempt: &Attempt<'_>,
    placed: &Placed,
    queue: &Queue,
) -> Result<Decision, Rejection> {
    let since = attempt.context.now;
    to_entry(attempt, placed, Entry::of(queue, since))
}

/// Puts it into a queue, from wherever it is.
pub(super) fn to_entry(
    attempt: &Attempt<'_>,
    placed: &Placed,
    entry: Entry,
) -> Result<Decision, Rejection> {
    let mut change = attempt.change();
    say::farewell(attempt, &mut change)?;
    attempt.leave(placed, Status::Completed, &mut change);
    change.enter_queue(entry, placed.mode);
    Ok(change.finish())
}

/// Takes it out of a workbin that ceases to be, as those of a deleted user do
/// (docs/compat/agents.md#gone). In its own queue it keeps its age.
pub(super) fn requeue(attempt: &Attempt<'_>, queue: &Queue) -> Result<Decision, Rejection> {
    let State::Parked { mode, .. } = attempt.before.state else {
        return Err(attempt.wrong_state());
    };
    let queue = of_medium(attempt.context, queue, &attempt.before.media())?;
    let now = attempt.context.now;
    let since =
        attempt.before.queued_at.filter(|_| attempt.before.queue == Some(queue.id)).unwrap_or(now);
    let mut change = attempt.change();
    change.enter_queue(Entry::of(queue, since), mode);
    Ok(change.finish())
}

/// Lets another queue stand for its own, which ceases to be, or gives it the first that it has.
/// What waits goes on waiting there, with its age and what it asks for; whatever waits nowhere
/// stays where it is, and has a queue to go back to.
pub(super) fn replace_queue(attempt: &Attempt<'_>, queue: &Queue) -> Result<Decision, Rejection> {
    let queue = of_medium(attempt.context, queue, &attempt.before.media())?;
    if attempt.before.queue == Some(queue.id) {
        return Err(attempt.wrong_state());
    }
    let mut change = attempt.change();
    let wait = match &attempt.before.state {
        State::Ended { .. } => return Err(attempt.wrong_state()),
        State::Handling(_) | State::Parked { .. } | State::Sending { .. } => {
            change.facts.push(Fact::QueueReplaced { queue: queue.id });
            change.after.queue = Some(queue.id);
            return Ok(change.finish());
        }
        State::Queued(wait) => wait,
        State::Invited(wait, offer) => {
            let reason = RevokeReason::QueueGone;
            change.facts.push(Fact::OfferRevoked { to: offer.to, reason });
            wait
        }
    };
    let (front, skills) = (wait.front, wait.skills.clone());
    change.enter_queue(Entry { front, skills, ..Entry::of(queue, wait.since) }, wait.mode);
    Ok(change.finish())
}

/// Puts it into a workbin, from where it comes back at that time.
pub(super) fn in_workbin(
    attempt: &Attempt<'_>,
    named: &Named<Workbin>,
    until: Option<Time>,
) -> Result<Decision, Rejection> {
    let is_live = attempt.before.mode() == Some(Mode::Chatting);
    if is_live && attempt.before.handling().is_some() {
        return Err(Rejection::LiveChat);
    }
    let placed = attempt.placed()?;
    if is_live {
        return Err(Rejection::LiveChat);
    }
    let caller = attempt.actor.user().ok_or(Rejection::NotOwner)?;
    let workbin = id_for(named.known(Noun::Workbin)?, caller);
    if attempt.context.world.workbin(workbin).is_none() {
        return Err(Rejection::Unknown { noun: Noun::Workbin, name: workbin.to_string() });
    }
    let now = attempt.context.now;
    if until.is_some_and(|at| at <= now || at > now.plus_ms(Reminder::AHEAD_MS_MAX)) {
        return Err(Rejection::ReminderTime);
    }
    let mut change = attempt.change();
    attempt.leave(&placed, Status::InWorkbin, &mut change);
    let before = attempt.before.state.reminder().map(|it| it.of);
    let of = placed.owner.or(before).unwrap_or(caller);
    change.park(workbin, placed.mode, until.map(|at| Reminder { at, of }));
    Ok(change.finish())
}

/// Takes it out of a workbin into one's own hands.
pub(super) fn pull(
    attempt: &Attempt<'_>,
    from: Option<&Named<Workbin>>,
) -> Result<Decision, Rejection> {
    let State::Parked { workbin, mode, .. } = attempt.before.state else {
        return Err(attempt.wrong_state());
    };
    let Actor::User(caller) = attempt.actor else { return Err(Rejection::NotYourWorkbin) };
    if !may_pull(attempt, caller, workbin) {
        return Err(Rejection::NotYourWorkbin);
    }
    if let Some(named) = from {
        expect_in(named, workbin, caller)?;
    }
    let slot = if mode == Mode::Composing { Slot::NotNeeded } else { Slot::Needed };
    may_take(attempt.context, caller.user, &attempt.before.media(), slot)?;
    let mut change = attempt.change();
    change.facts.push(Fact::Pulled { workbin, by: caller.user });
    change.hand_to(caller.user, mode, None);
    Ok(change.finish())
}

/// Tells whether the caller may take things out: the workbin's owner, a member of its group, or any
/// supervisor.
fn may_pull(attempt: &Attempt<'_>, caller: &Caller, workbin: WorkbinId) -> bool {
    let is_member = |groups: &BTreeSet<_>, group| groups.contains(&group);
    caller.roles.contains(&Role::Supervisor)
        || attempt.context.world.workbin(workbin).is_some_and(|workbin| match workbin.owner {
            WorkbinOwner::Agent(owner) => owner == caller.user,
            WorkbinOwner::Group(group) => is_member(&caller.groups, group),
            WorkbinOwner::EachAgent => false,
        })
}

/// Returns the workbin that somebody means: of one that every agent has, the name alone means
/// their own copy.
fn id_for(named: &Workbin, user: UserId) -> WorkbinId {
    match named.owner {
        WorkbinOwner::EachAgent => named.id.of_owner(user),
        WorkbinOwner::Agent(_) | WorkbinOwner::Group(_) => named.id,
    }
}

fn expect_in(named: &Named<Workbin>, workbin: WorkbinId, caller: &Caller) -> Result<(), Rejection> {
    let id = id_for(named.known(Noun::Workbin)?, caller.user);
    if id == workbin { Ok(()) } else { Err(Rejection::NotInThatWorkbin) }
}
