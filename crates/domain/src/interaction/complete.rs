//! Complete: the owner has done the work, or passes it on to a queue.

use alloc::string::String;

use crate::center::Queue;
use crate::chat::LeaveReason;
use crate::command::Named;
use crate::event::{Fact, RevokeReason};
use crate::interaction::attempt::{Attempt, Placed, queue_for};
use crate::interaction::decision::Decision;
use crate::interaction::{Handling, Mode, Outcome, State, Status, chat, place, say};
use crate::rejection::Rejection;

/// Finishes the interaction, or with a queue passes it on there.
pub(super) fn complete(
    attempt: &Attempt<'_>,
    queue: Option<&Named<Queue>>,
) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode == Mode::Composing {
        return Err(attempt.wrong_state());
    }
    // An open draft hinders the end only: with a queue the work goes on elsewhere
    // (docs/compat/interactions.md#states, "PlaceInQueue, Complete+queueName").
    if let (None, Some(draft)) = (queue, attempt.before.drafts.first()) {
        return Err(Rejection::OpenDraft { draft: *draft });
    }
    attempt.owner(handling)?;
    match queue {
        Some(named) => {
            let queue = queue_for(attempt.context, named, &attempt.before.media())?;
            let placed = Placed { mode: handling.mode, owner: Some(handling.by) };
            place::to_queue(attempt, &placed, queue)
        }
        None => {
            expect_disposition(attempt)?;
            end(attempt, handling)
        }
    }
}

/// Refuses to end what the queue wants to know the disposition of first.
fn expect_disposition(attempt: &Attempt<'_>) -> Result<(), Rejection> {
    let queue = attempt.before.queue.and_then(|queue| attempt.context.world.queue(queue));
    let Some(queue) = queue.filter(|queue| queue.disposition_required) else { return Ok(()) };
    let is_offered =
        |key: &String| queue.dispositions.is_empty() || queue.dispositions.contains(key);
    if attempt.before.disposition.as_ref().is_some_and(is_offered) {
        return Ok(());
    }
    let offered = queue.dispositions.iter().cloned().collect();
    Err(Rejection::NoDisposition { queue: queue.name.clone(), offered })
}

fn end(attempt: &Attempt<'_>, handling: &Handling) -> Result<Decision, Rejection> {
    let mut change = attempt.change();
    say::farewell(attempt, &mut change)?;
    change.withdraw_offer(RevokeReason::OwnerActed);
    if handling.mode == Mode::Chatting {
        chat::end(&mut change, RevokeReason::OwnerActed, LeaveReason::Removed);
    }
    change.facts.push(Fact::Completed);
    change.last_sees(handling.by, Status::Completed);
    change.after.state = State::Ended { outcome: Outcome::Completed, at: attempt.context.now };
    Ok(change.finish())
}
