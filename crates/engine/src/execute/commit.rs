//! From a decision to rows, and from rows to hints.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_bus::Hint;
use handoff_domain::event::Subject;
use handoff_domain::interaction::decide::{Decision, TimerChange};
use handoff_domain::{
    Action, Command, Dispatch, Event, Interaction, InteractionId, Named, State, Target, UserId,
};
use handoff_store::{
    ChangeSet, Check, CommitError, Key, Put, Receipt, Record, StoreError, Timer, TimerKey, Version,
    Versioned,
};
use tokio::task::JoinError;

use super::{Done, Failure, same_request};
use crate::directory::Directory;
use crate::engine::Engine;
use crate::mail::{is_known_message, known_message};
use crate::world::{Surroundings, target_of};

/// A decision as a commit.
pub(crate) struct Batch {
    pub(crate) change: ChangeSet,
}

impl Batch {
    /// Turns a decision into version-guarded writes. `caller` is who asked and the number of their
    /// request, which the notices to them repeat.
    pub(crate) fn new(
        mut decision: Decision,
        version: Version,
        world: &Surroundings<'_>,
        caller: Option<(UserId, i32)>,
    ) -> Self {
        if let Some((user, reference)) = caller {
            let notices = decision.events.iter_mut().flat_map(|event| &mut event.notices);
            notices
                .filter(|notice| notice.user == user)
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
        let own_timers = decision.timers.into_iter().map(|timer| (id, timer));
        for (id, timer) in own_timers.chain(decision.related_timers) {
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
        matches!((&command.action, &after.state), (Action::Send(_), State::Sending { .. }));
    let message_id = after.email.as_ref().filter(|_| is_sent)?.message_id.as_ref()?;
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
    let offered_from = match command.action {
        Action::Offer { .. } => before.wait().map(|wait| wait.queue),
        _ => None,
    };
    let named = match &command.action {
        Action::PlaceInQueue(Named::Known(queue))
        | Action::ConsultQueue(Named::Known(queue))
        | Action::Transfer(Target::Queue(Named::Known(queue)))
        | Action::Complete { queue: Some(Named::Known(queue)) }
        | Action::Send(Dispatch { queue: Some(Named::Known(queue)), .. }) => Some(queue.id),
        _ => None,
    };
    let queue = offered_from.or(named).map(Key::Queue);
    let user = match command.action {
        // An agent who is gone may be gone because they were deleted.
        Action::AgentGone { .. } => None,
        _ => target_of(command).or(adviser).map(Key::User),
    };
    let keys = queue.into_iter().chain(user);
    keys.map(|key| Check { version: directory.version(&key), key }).collect()
}

impl Engine {
    /// Commits, enters what was written on the board, and wakes whom it concerns.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Done, Failure> {
        let receipts = batch.change.receipts.clone();
        let first = batch.change.puts[0].record.key();
        match self.commit_change(batch.change).await {
            Ok(mut written) => {
                let interaction = written.remove(0);
                Ok(Done::Now { interaction, related: written })
            }
            Err(CommitError::Conflict { key }) => Err(Failure::Conflict(key)),
            Err(CommitError::Receipt(found)) if is_known_message(&found) => {
                Err(Failure::Conflict(first))
            }
            Err(CommitError::Receipt(found)) => {
                let wanted = receipts.iter().find(|wanted| wanted.scope == found.scope);
                let wanted = wanted.expect("the store refuses only receipts that were handed in");
                same_request(wanted, *found).map_or_else(|error| Err(Failure::Fatal(error)), Ok)
            }
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Commits any change set; gives the interactions that it wrote, in its order.
    ///
    /// A caller who goes away (a client that hangs up while its request is being answered) does not
    /// keep the commit from being entered and told: what was handed to the store is seen through by
    /// a task of its own.
    pub(crate) async fn commit_change(
        &self,
        change: ChangeSet,
    ) -> Result<Vec<Arc<Interaction>>, CommitError> {
        let engine = self.this.upgrade().expect("an engine lives as long as a call to it");
        let seen_through = self.tasks.spawn(async move { engine.commit_to_the_end(change).await });
        match seen_through.await.map_err(JoinError::try_into_panic) {
            Ok(result) => result,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime is being torn down, and how far the commit came nobody will know.
            Err(Err(_)) => Err(StoreError::OutcomeUnknown { attempted: "committing" }.into()),
        }
    }

    async fn commit_to_the_end(
        &self,
        change: ChangeSet,
    ) -> Result<Vec<Arc<Interaction>>, CommitError> {
        let told = told_of(&change);
        let due = change.timers_set.iter().map(|timer| timer.due).min();
        let puts = change.puts.clone();
        let events =
            change.events.iter().filter(|event| concerns_chat(event)).cloned().collect::<Vec<_>>();
        let committed = self.store.commit(change).await;
        if let Err(CommitError::Store(StoreError::OutcomeUnknown { .. })) = &committed {
            self.forget_written(&puts);
        }
        committed?;

        let said = self.chats.enter(&events);

        let mut written = Vec::new();
        let (mut routing, mut outgoing) = (false, false);
        for put in puts {
            match put.record {
                Record::Interaction(interaction) => {
                    routing |= interaction.wait().is_some() && interaction.offer().is_none();
                    outgoing |= matches!(interaction.state, State::Sending { .. });
                    let interaction = Arc::new(interaction);
                    self.board.enter_interaction(interaction.clone(), put.expected + 1);
                    written.push(interaction);
                }
                Record::Desk(desk) => {
                    routing = true;
                    self.board.enter_desk(Arc::new(desk), put.expected + 1);
                }
                _ => {}
            }
        }
        if outgoing {
            self.mail.wakes().notify_one();
        }
        if routing {
            self.bus.wake(Hint::Routing);
        }
        if !told.is_empty() {
            self.bus.wake(Hint::Streams(told.into()));
        }
        if !said.is_empty() {
            self.bus.wake(Hint::Chats(said.into()));
        }
        if due.is_some_and(|due| due < self.timers_watch.next_due()) {
            self.bus.wake(Hint::Timers);
        }
        Ok(written)
    }

    /// Forgets what a commit wrote whose outcome is unknown: what is remembered of it may be old
    /// now, and is read again when it is asked for.
    fn forget_written(&self, puts: &[Put]) {
        for put in puts {
            if let Record::Interaction(interaction) = &put.record {
                self.board.forget(interaction.id);
                self.chats.transcripts.forget(interaction.id);
            }
        }
    }

    /// Reads an interaction from the store and enters it on the board.
    pub(crate) async fn load_interaction(
        &self,
        id: InteractionId,
    ) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
        let found = self.store.load(&[Key::Interaction(id)]).await?.pop().flatten();
        let Some(Versioned { value: Record::Interaction(interaction), version }) = found else {
            return Ok(None);
        };
        let value = Arc::new(interaction);
        self.board.enter_interaction(value.clone(), version);
        Ok(Some(Versioned { value, version }))
    }

    /// Reads again what a guard said is not as remembered.
    pub(crate) async fn reread(&self, key: &Key) -> Result<(), StoreError> {
        match key {
            Key::Interaction(id) => {
                self.board.forget(*id);
                self.load_interaction(*id).await?;
            }
            Key::Desk(_) => {
                if let Some(Versioned { value: Record::Desk(desk), version }) =
                    self.store.load(std::slice::from_ref(key)).await?.pop().flatten()
                {
                    self.board.enter_desk(Arc::new(desk), version);
                }
            }
            Key::Center(_)
            | Key::User(_)
            | Key::Skill(_)
            | Key::Group(_)
            | Key::Queue(_)
            | Key::Workbin(_)
            | Key::Service(_) => self.reload_directory().await?,
            Key::LoginSession(_)
            | Key::File(_)
            | Key::Contact(_)
            | Key::MailboxMark(_)
            | Key::FilesDirectory => {}
        }
        Ok(())
    }
}

fn concerns_chat(event: &Event) -> bool {
    matches!(&event.subject, Subject::Interaction(interaction) if interaction.chat.is_some())
}

fn told_of(change: &ChangeSet) -> Vec<u128> {
    let notices = change.events.iter().flat_map(|event| &event.notices);
    notices.map(|notice| notice.user.0).collect::<BTreeSet<_>>().into_iter().collect()
}
