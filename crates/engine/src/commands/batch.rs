//! From a decision to version-guarded rows.

use handoff_domain::event::{Event, Subject};
use handoff_domain::interaction::decide::{Decision, TimerChange};
use handoff_domain::{Action, Command, Interaction, InteractionId, State, UserId};
use handoff_store::{
    ChangeSet, Check, Extent, Key, Put, Receipt, Record, Timer, TimerKey, Version,
};

use super::message_ids::known_message;
use super::world::LoadedWorld;

/// A decision as a commit.
pub(crate) struct Batch {
    pub(crate) change: ChangeSet,
}

impl Batch {
    /// Turns a decision into version-guarded writes, and whatever else it relied on into checks.
    /// `caller` is who asked and the number of their request, which the notices to them repeat; of
    /// a request that makes a draft, only the draft's does.
    pub(super) fn new(
        mut decision: Decision,
        version: Version,
        world: &LoadedWorld<'_>,
        caller: Option<(UserId, i32)>,
    ) -> Self {
        if let Some(caller) = caller {
            repeat_reference(&mut decision, world, caller);
        }
        let id = decision.after.id;
        let mut change = ChangeSet { events: decision.events, ..ChangeSet::default() };
        change.puts.push(Put { record: Record::Interaction(decision.after), expected: version });
        for related in decision.related {
            // What the rules did not ask for comes into being.
            let expected = world.expected(&Key::Interaction(related.id));
            change.puts.push(Put { record: Record::Interaction(related), expected });
        }
        for desk in decision.desks {
            let expected = world.expected(&Key::Desk(desk.user));
            change.puts.push(Put { record: Record::Desk(desk), expected });
        }
        change.checks = world.checks(&change.puts);
        change.directory = Some(world.directory.guard(world.center, Extent::Checked));
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

/// Returns the guards of a decision that changes nothing: what it rests on, and the interaction.
pub(super) fn guards(
    world: &LoadedWorld<'_>,
    (id, version): (InteractionId, Version),
) -> ChangeSet {
    let mut checks = world.checks(&[]);
    checks.push(Check { key: Key::Interaction(id), version });
    let directory = Some(world.directory.guard(world.center, Extent::Checked));
    ChangeSet { checks, directory, ..ChangeSet::default() }
}

/// Notes the number of a user's request at what they are told of it. Whoever waits for the draft
/// that they asked for takes the first notice with that number, and the original's comes before.
fn repeat_reference(
    decision: &mut Decision,
    world: &LoadedWorld<'_>,
    (user, reference): (UserId, i32),
) {
    let is_new = |it: &&Interaction| world.expected(&Key::Interaction(it.id)) == 0;
    let draft = decision.related.iter().find(is_new).map(|draft| draft.id);
    let is_told = |event: &Event| match (&event.subject, draft) {
        (Subject::Interaction(subject), Some(draft)) => subject.id == draft,
        _ => true,
    };
    let events = decision.events.iter_mut().filter(|event| is_told(event));
    let notices = events.flat_map(|event| &mut event.notices);
    let own = notices.filter(|notice| notice.user() == Some(user));
    own.for_each(|notice| notice.reference = Some(reference));
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
