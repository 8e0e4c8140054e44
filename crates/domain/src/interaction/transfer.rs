//! Transfer: to an agent by an offer, to a queue, or back to the current queue with a skill asked
//! for.

use alloc::string::ToString;

use crate::center::{Queue, SkillLevels};
use crate::command::{Named, Target};
use crate::event::{Fact, RevokeReason};
use crate::id::{SkillId, UserId};
use crate::interaction::attempt::{Attempt, Placed, queue_for};
use crate::interaction::change::Entry;
use crate::interaction::decision::Decision;
use crate::interaction::{OfferKind, offer, place, say};
use crate::rejection::{Noun, Rejection};
use crate::routing::{self, Agent};

/// Hands it over.
pub(super) fn transfer(attempt: &Attempt<'_>, target: &Target) -> Result<Decision, Rejection> {
    let placed = attempt.placed()?;
    match target {
        Target::Agent(named) => to_agent(attempt, &placed, named),
        Target::Queue(named) => {
            let queue = queue_for(attempt.context, named, &attempt.before.media())?;
            place::to_queue(attempt, &placed, queue)
        }
        Target::Skill(named) => to_skill(attempt, &placed, named),
    }
}

/// Offers it to an agent. Until they take it, it stays where it is: in somebody's hands, or in its
/// queue. What lies in a workbin is in neither.
fn to_agent(
    attempt: &Attempt<'_>,
    placed: &Placed,
    named: &Named<UserId>,
) -> Result<Decision, Rejection> {
    let target = *named.known(Noun::User)?;
    if attempt.before.state.workbin().is_some() {
        return Err(attempt.wrong_state());
    }
    if placed.owner == Some(target) {
        return Err(match attempt.actor.user() {
            Some(user) if user == target => Rejection::TargetIsSelf,
            _ => Rejection::TargetAlreadyIn,
        });
    }
    let is_waiting = attempt.before.wait().is_some();
    let offered = attempt.before.offer().filter(|_| is_waiting).map(|offer| offer.to);
    if offered == Some(target) {
        return Err(Rejection::OfferOpen);
    }
    may_be_offered(attempt, target)?;
    let note = attempt.note()?;
    let mut change = attempt.change();
    say::farewell(attempt, &mut change)?;
    let reason = match placed.owner {
        Some(owner) if attempt.actor.user() == Some(owner) => RevokeReason::OwnerActed,
        _ => RevokeReason::SupervisorActed,
    };
    change.facts.extend(offered.map(|to| Fact::OfferRevoked { to, reason }));
    change.withdraw_offer(reason);
    change.withdraw_supervision_offer(target);
    change.offer(target, OfferKind::Transfer, timeout_ms(attempt), note);
    Ok(change.finish())
}

fn to_skill(
    attempt: &Attempt<'_>,
    placed: &Placed,
    named: &Named<(SkillId, u32)>,
) -> Result<Decision, Rejection> {
    // A missing queue is a missing parameter (code 1), which is answered before a name is looked
    // up.
    let queue = current_queue(attempt).ok_or(Rejection::NoCurrentQueue)?;
    let (skill, level) = *named.known(Noun::Skill)?;
    if !attempt.context.world.has_skill(skill) {
        return Err(Rejection::Unknown { noun: Noun::Skill, name: skill.to_string() });
    }
    let skills = SkillLevels::from([(skill, level)]);
    let since = attempt.context.now;
    place::to_entry(
        attempt,
        placed,
        Entry { skills, skill: Some(skill), ..Entry::of(queue, since) },
    )
}

/// Returns the queue that it last waited in.
pub(super) fn current_queue<'a>(attempt: &Attempt<'a>) -> Option<&'a Queue> {
    attempt.before.queue.and_then(|queue| attempt.context.world.queue(queue))
}

/// Returns how long an offer of the owner's stands: as long as one of its queue, when it has one.
pub(super) fn timeout_ms(attempt: &Attempt<'_>) -> u64 {
    current_queue(attempt)
        .map_or(attempt.context.options.offer_timeout_ms, |queue| queue.invite_timeout_ms)
}

/// Refuses a target that cannot take an offer of this interaction now.
pub(super) fn may_be_offered(attempt: &Attempt<'_>, target: UserId) -> Result<(), Rejection> {
    let Attempt { before, context, .. } = attempt;
    let user = context.world.user(target).filter(|user| user.enabled);
    let user = user.ok_or(Rejection::TargetUnreachable)?;
    let desk = context.world.desk(target).ok_or(Rejection::TargetUnreachable)?;
    let agent = Agent { user, desk: &desk };
    match routing::hindrance(before.id, &before.media(), agent) {
        None => Ok(()),
        Some(rule) => Err(offer::refusal(&rule)),
    }
}
