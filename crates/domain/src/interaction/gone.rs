//! Owners who are gone or silent: nothing stays in the hands of a ghost
//! (docs/compat/agents.md#gone).

use crate::center::{Queue, User, Workbin};
use crate::event::{Fact, NotificationType, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::{Change, Entry, Refused};
use crate::interaction::context::{Context, GonePolicy};
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
    /// The queue of what it answers.
    QueueOfOriginal,
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
        let refuges = places_of_gone(attempt, handling);
        release(&mut change, handling, refuges)?;
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
    let refuges = places_of_silent(attempt, handling);
    release(&mut change, handling, refuges)?;
    Ok(change.finish())
}

/// Puts a draft that comes back where its writer, who is not there, finds it, or somebody else when
/// they never will; tells whether there was such a place.
pub(super) fn take_in_draft(change: &mut Change<'_>, writer: UserId) -> bool {
    let refuges = places_of_draft(change.context, writer);
    refuges.iter().any(|refuge| flee(change, writer, Mode::Composing, refuge))
}

/// Returns where the work of an agent who is gone goes, best place first.
fn places_of_gone(attempt: &Attempt<'_>, handling: &Handling) -> &'static [Refuge] {
    match (handling.mode, attempt.context.options.gone) {
        (Mode::Composing, _) => places_of_draft(attempt.context, handling.by),
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
fn places_of_silent(attempt: &Attempt<'_>, handling: &Handling) -> &'static [Refuge] {
    match handling.mode {
        Mode::Composing => places_of_draft(attempt.context, handling.by),
        Mode::Chatting => &[Refuge::Queue],
        Mode::LeftChat | Mode::Processing => {
            &[Refuge::Queue, Refuge::Workbin(Workbin::IN_PROGRESS)]
        }
    }
}

/// Returns where a draft goes that its writer has not in hands, best place first.
fn places_of_draft(context: &Context<'_>, writer: UserId) -> &'static [Refuge] {
    let may_work = context.world.user(writer).is_some_and(User::may_work);
    if may_work { DRAFT } else { DRAFT_OF_NOBODY }
}

/// A draft belongs to its writer.
const DRAFT: &[Refuge] = &[
    Refuge::Workbin(Workbin::DRAFTS),
    Refuge::Workbin(Workbin::IN_PROGRESS),
    Refuge::Queue,
    Refuge::QueueOfOriginal,
];

/// One whose writer may not work any more goes back to its queue, as all that lay in their workbins
/// did (docs/compat/agents.md#gone). Without a queue it lies where a supervisor can pull it; of a
/// writer who was deleted there are no workbins.
const DRAFT_OF_NOBODY: &[Refuge] = &[
    Refuge::Queue,
    Refuge::Workbin(Workbin::DRAFTS),
    Refuge::Workbin(Workbin::IN_PROGRESS),
    Refuge::QueueOfOriginal,
];

/// Takes the interaction from its owner. While other agents are in the conversation, the longest
/// present takes over and it goes nowhere.
///
/// When there is neither a queue nor a workbin to go to, the command is refused and the owner keeps
/// it: losing it would be worse. It takes an owner without workbins and an interaction whose queue
/// was removed beside the rules, or a draft without a queue of an original of which that is so.
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
    let found = refuges.iter().any(|refuge| flee(change, handling.by, handling.mode, refuge));
    if found { Ok(()) } else { Err(Rejection::NoCurrentQueue) }
}

/// Moves the interaction to that place of somebody's if there is one.
fn flee(change: &mut Change<'_>, from: UserId, mode: Mode, refuge: &Refuge) -> bool {
    let world = change.context.world;
    let queue = match refuge {
        Refuge::Workbin(name) => {
            let workbin = world.own_workbin(name, from);
            if let Some(workbin) = &workbin {
                change.park(workbin.id, mode, None);
            }
            return workbin.is_some();
        }
        Refuge::Queue | Refuge::Front => change.after.queue.and_then(|queue| world.queue(queue)),
        Refuge::QueueOfOriginal => queue_of_original(change),
    };
    if let Some(queue) = queue {
        let since = change.after.queued_at.unwrap_or(change.after.received);
        let front = matches!(refuge, Refuge::Front);
        change.enter_queue(Entry { front, ..Entry::of(queue, since) }, mode);
    }
    queue.is_some()
}

fn queue_of_original<'a>(change: &Change<'a>) -> Option<&'a Queue> {
    let world = change.context.world;
    let queue = world.queue(world.parent()?.queue?)?;
    (queue.media == change.after.media()).then_some(queue)
}
