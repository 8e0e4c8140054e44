//! Transfer: to an agent by an offer, to a queue, or back to the current queue with a skill asked
//! for.

use alloc::string::ToString;

use crate::center::{Queue, SkillLevels};
use crate::command::{Named, Target};
use crate::event::RevokeReason;
use crate::id::{SkillId, UserId};
use crate::interaction::attempt::{Attempt, queue_for};
use crate::interaction::change::Entry;
use crate::interaction::decision::Decision;
use crate::interaction::{Handling, OfferKind, offer, place, say};
use crate::rejection::{Noun, Rejection};
use crate::routing::{self, Agent};

/// Hands it over.
pub(super) fn transfer(attempt: &Attempt<'_>, target: &Target) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    let owner = attempt.owner(handling)?;
    match target {
        Target::Agent(named) => to_agent(attempt, owner, *named.known(Noun::User)?),
        Target::Queue(named) => {
            let queue = queue_for(attempt.context, named, &attempt.before.media())?;
            place::to_queue(attempt, handling, queue)
        }
        Target::Skill(named) => to_skill(attempt, handling, named),
    }
}

fn to_agent(attempt: &Attempt<'_>, owner: UserId, target: UserId) -> Result<Decision, Rejection> {
    if target == owner {
        return Err(Rejection::TargetIsSelf);
    }
    may_be_offered(attempt, target)?;
    let note = attempt.note()?;
    let mut change = attempt.change();
    say::farewell(attempt, &mut change)?;
    change.withdraw_offer(RevokeReason::OwnerActed);
    change.withdraw_supervision_offer(target);
    change.offer(target, OfferKind::Transfer, timeout_ms(attempt), note);
    Ok(change.finish())
}

fn to_skill(
    attempt: &Attempt<'_>,
    handling: &Handling,
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
        handling,
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
