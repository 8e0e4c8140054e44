//! From a decision to version-guarded rows.

use handoff_domain::interaction::decide::{Decision, TimerChange};
use handoff_domain::{
    Action, Command, Dispatch, Interaction, Named, QueueId, State, SystemAction, Target, UserId,
};
use handoff_store::{ChangeSet, Check, Key, Put, Receipt, Record, Timer, TimerKey, Version};

use super::message_ids::known_message;
use super::world::{LoadedWorld, target_of};
use crate::core::Directory;

/// A decision as a commit.
pub(crate) struct Batch {
    pub(crate) change: ChangeSet,
}

impl Batch {
    /// Turns a decision into version-guarded writes. `caller` is who asked and the number of their
    /// request, which the notices to them repeat.
    pub(super) fn new(
        mut decision: Decision,
        version: Version,
        world: &LoadedWorld<'_>,
        caller: Option<(UserId, i32)>,
    ) -> Self {
        if let Some((user, reference)) = caller {
            let notices = decision.events.iter_mut().flat_map(|event| &mut event.notices);
            notices
                .filter(|notice| notice.user() == Some(user))
                .for_each(|notice| notice.reference = Some(reference));
        }
        let id = decision.after.id;
        let mut change = ChangeSet { events: decision.events, ..ChangeSet::default() };
        change.puts.push(Put { record: Record::Interaction(decision.after), expected: version });
        for related in decision.related {
            // A related interaction is the original, which was read, or a draft, which is new.
            let original = world.parent.as_ref().filter(|parent| parent.value.id == related.id);
            let expected = original.map_or(0, |parent| parent.version);
            change.puts.push(Put { record: Record::Interaction(related), expected });
        }
        for desk in decision.desks {
            let expected = world.desk_version(desk.user);
            change.puts.push(Put { record: Record::Desk(desk), expected });
        }
        let watched = decision.owners.into_iter();
        change.timers_put_off =
            watched.map(|(owner, due)| Timer { key: TimerKey::Handling(owner), due }).collect();
        for timer in decision.timers {
            match timer {
                TimerChange::Set(kind, due) => {
                    change.timers_set.push(Timer { key: TimerKey::Interaction(id, kind), due });
                }
                TimerChange::Clear(kind) => {
                    change.timers_cleared.push(TimerKey::Interaction(id, kind))
                }
            }
        }
        Self { change }
    }
}

/// Tells whether a decision changes nothing, as the one for `SetInFocus`.
pub(super) fn is_nothing(decision: &Decision) -> bool {
    decision.events.is_empty()
        && decision.timers.is_empty()
        && decision.desks.is_empty()
        && decision.related.is_empty()
}

/// Returns the proof of which interaction has the `Message-ID` of a mail that goes out now.
pub(super) fn message_sent(command: &Command, after: &Interaction) -> Option<Receipt> {
    let is_sent =
        matches!((command.action(), &after.state), (Some(Action::Send(_)), State::Sending { .. }));
    let message_id = after.email().filter(|_| is_sent)?.message_id.as_ref()?;
    Some(known_message(after.center, message_id, after.id))
}

/// Returns what a command relied on in the directory without changing it: whom it goes to, and
/// which queue.
pub(super) fn relied_on(
    command: &Command,
    before: &Interaction,
    adviser: Option<UserId>,
    directory: &Directory,
) -> Vec<Check> {
    let queue = match command {
        Command::User(command) => queue_of(&command.action),
        Command::System(SystemAction::Offer { .. }) => before.wait().map(|wait| wait.queue),
        Command::System(SystemAction::Requeue(queue)) => Some(queue.id),
        Command::System(_) | Command::Customer(_) => None,
    };
    let queue = queue.map(Key::Queue);
    let user = match command {
        // An agent who is gone may be gone because they were deleted.
        Command::System(SystemAction::AgentGone { .. }) => None,
        _ => target_of(command).or(adviser).map(Key::User),
    };
    let keys = queue.into_iter().chain(user);
    keys.map(|key| Check { version: directory.version(&key), key }).collect()
}

/// Returns the queue that a user's action names.
const fn queue_of(action: &Action) -> Option<QueueId> {
    match action {
        Action::PlaceInQueue(Named::Known(queue))
        | Action::ConsultQueue(Named::Known(queue))
        | Action::Transfer(Target::Queue(Named::Known(queue)))
        | Action::Complete { queue: Some(Named::Known(queue)) }
        | Action::Send(Dispatch { queue: Some(Named::Known(queue)), .. }) => Some(queue.id),
        _ => None,
    }
}
