//! Owners who are gone or silent: nothing stays in the hands of a ghost
//! (docs/compat/agents.md#gone).

use crate::center::{SkillLevels, Workbin};
use crate::event::{Fact, NotificationType, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::{Change, Entry, Refused};
use crate::interaction::context::GonePolicy;
use crate::interaction::decision::Decision;
use crate::interaction::participants::{pass_on, take_out, tell_supervisors_alone};
use crate::interaction::{Handling, Mode};
use crate::rejection::Rejection;

/// A place where work goes that is taken from its owner.
enum Refuge {
    /// Their own workbin of that name.
    Workbin(&'static str),
    /// Its queue, with the age it has.
    Queue,
    /// The head of its queue.
    Front,
}

/// Takes from an agent who is gone whatever they hold of this interaction: their offer, their part
/// in the conversation, their ownership.
pub(super) fn agent_gone(attempt: &Attempt<'_>, user: UserId) -> Result<Decision, Rejection> {
    let before = attempt.before;
    let is_offered = before.offer_to(user).is_some();
    let is_in = before.others().iter().any(|other| other.user == user);
    let is_owner = before.owner() == Some(user);
    if !is_offered && !is_in && !is_owner {
        return Err(attempt.wrong_state());
    }
    let mut change = attempt.change();
    if is_offered {
        change.refuse_offer(user, Refused::Gone);
    }
    if is_in {
        change.kind = NotificationType::ParticipantsUpdated;
        if let Some(handling) = before.handling() {
            tell_supervisors_alone(&mut change, handling, user);
        }
        take_out(&mut change, user);
    }
    if is_owner {
        let handling = attempt.handling()?;
        change.facts.push(Fact::AgentGone { user });
        release(&mut change, handling, places_of_gone(attempt, handling.mode))?;
    }
    Ok(change.finish())
}

/// Takes the interaction from an owner who made no request for the handling timeout, unless they
/// have not owned it for as long. That they made none is known by their timer, which every request
/// puts off.
pub(super) fn expire_handling(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    let due = handling.since.plus_ms(attempt.context.options.handling_timeout_ms);
    let mut change = attempt.change();
    if due > attempt.context.now {
        return Ok(change.finish());
    }
    change.facts.push(Fact::HandlingExpired { owner: handling.by });
    release(&mut change, handling, places_of_silent(handling.mode))?;
    Ok(change.finish())
}

/// Returns where the work of an agent who is gone goes, best place first.
fn places_of_gone(attempt: &Attempt<'_>, mode: Mode) -> &'static [Refuge] {
    match (mode, attempt.context.options.gone) {
        (Mode::Composing, _) => DRAFT,
        (Mode::Chatting, _) => &[Refuge::Front],
        (Mode::LeftChat, _) => &[Refuge::Front, Refuge::Workbin(Workbin::IN_PROGRESS)],
        (Mode::Processing, GonePolicy::Workbin) => {
            &[Refuge::Workbin(Workbin::IN_PROGRESS), Refuge::Queue]
        }
        (Mode::Processing, GonePolicy::Requeue) => {
            &[Refuge::Queue, Refuge::Workbin(Workbin::IN_PROGRESS)]
        }
    }
}

/// Returns where the work of a silent owner goes, best place first.
const fn places_of_silent(mode: Mode) -> &'static [Refuge] {
    match mode {
        Mode::Composing => DRAFT,
        Mode::Chatting => &[Refuge::Queue],
        Mode::LeftChat | Mode::Processing => {
            &[Refuge::Queue, Refuge::Workbin(Workbin::IN_PROGRESS)]
        }
    }
}

/// A draft belongs to its writer. It goes to its queue only if they have no workbin at all, that is
/// when they were deleted.
const DRAFT: &[Refuge] =
    &[Refuge::Workbin(Workbin::DRAFTS), Refuge::Workbin(Workbin::IN_PROGRESS), Refuge::Queue];

/// Takes the interaction from its owner. While other agents are in the conversation, the longest
/// present takes over and it goes nowhere.
///
/// When there is neither a queue nor a workbin to go to, the command is refused and the owner keeps
/// it: losing it would be worse. It takes an owner without workbins and an interaction that never
/// had a queue to get there, that is a draft of a user who was deleted first.
fn release(
    change: &mut Change<'_>,
    handling: &Handling,
    refuges: &[Refuge],
) -> Result<(), Rejection> {
    if pass_on(change, RevokeReason::OwnerGone) {
        return Ok(());
    }
    change.withdraw_offer(RevokeReason::OwnerGone);
    change.withdraw_supervision_offers(RevokeReason::OwnerGone);
    let found = refuges.iter().any(|refuge| flee(change, handling, refuge));
    if found { Ok(()) } else { Err(Rejection::NoCurrentQueue) }
}

/// Moves the interaction to that place if there is one.
fn flee(change: &mut Change<'_>, handling: &Handling, refuge: &Refuge) -> bool {
    let world = change.context.world;
    match refuge {
        Refuge::Workbin(name) => {
            let workbin = world.own_workbin(name, handling.by);
            if let Some(workbin) = &workbin {
                change.park(workbin.id, handling.mode);
            }
            workbin.is_some()
        }
        Refuge::Queue | Refuge::Front => {
            let queue = change.after.queue.and_then(|queue| world.queue(queue));
            if let Some(queue) = queue {
                let since = change.after.queued_at.unwrap_or(change.after.received);
                let front = matches!(refuge, Refuge::Front);
                let entry = Entry {
                    queue: queue.id,
                    since,
                    front,
                    skills: SkillLevels::new(),
                    skill: None,
                };
                change.enter_queue(entry, handling.mode);
            }
            queue.is_some()
        }
    }
}
