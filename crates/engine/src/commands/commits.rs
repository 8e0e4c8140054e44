//! Commits: handing a change set to the store, and passing on what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_bus::Hint;
use handoff_domain::{Interaction, InteractionId};
use handoff_store::{
    AddedRow, ChangeSet, CommitError, Committed, Key, Part, Put, Record, StoreError, Timer,
};

use crate::core::Core;

/// What a timer still stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    AsRead,
    /// It was put off meanwhile, and stays so.
    PutOff,
}

/// Hands change sets to the store.
pub(crate) struct Commits {
    core: Arc<Core>,
}

impl Commits {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Commits any change set; returns the interactions that it wrote, in its order.
    ///
    /// A caller who goes away (a client that hangs up while its request is being answered) does not
    /// keep the commit from being entered and told: it goes on without them.
    pub(crate) async fn make(
        &self,
        change: ChangeSet,
    ) -> Result<Vec<Arc<Interaction>>, CommitError> {
        let core = self.core.clone();
        self.core.to_the_end(async move { commit(&core, change).await }).await
    }

    /// Commits a change of timers alone; tells whether those that it checks were as they were read.
    pub(crate) async fn make_of_timers(&self, change: ChangeSet) -> Result<Standing, StoreError> {
        match self.make(change).await {
            Ok(_) => Ok(Standing::AsRead),
            Err(CommitError::Timer(_)) => Ok(Standing::PutOff),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conflict { .. } | CommitError::Receipt(_)) => {
                unreachable!("a change of timers alone guards no record and has no receipt")
            }
        }
    }

    /// Removes a timer that has nothing to end any more, unless it was set anew meanwhile.
    pub(crate) async fn drop_timer(&self, timer: Timer) -> Result<(), StoreError> {
        let change = ChangeSet { timers_done: vec![timer], ..ChangeSet::default() };
        self.make_of_timers(change).await.map(drop)
    }

    /// Reads again what a guard said is not as remembered.
    pub(crate) async fn reread(&self, key: &Key) -> Result<(), StoreError> {
        match key {
            Key::Interaction(id) => {
                self.core.board.forget(*id);
                self.core.load_interaction(*id).await?;
            }
            Key::Desk(user) => self.core.load_desks(&[*user]).await?,
            key if key.kind().part() == Part::Directory => self.core.reread_directory(key).await?,
            // Nothing of them is remembered.
            _ => {}
        }
        Ok(())
    }
}

async fn commit(core: &Core, change: ChangeSet) -> Result<Vec<Arc<Interaction>>, CommitError> {
    let timers = change.timers_set.iter().chain(&change.timers_put_off);
    let due = timers.map(|timer| timer.due).min();
    let keys: Vec<Key> = change.puts.iter().map(|put| put.record.key()).collect();
    let until_entered = core.board.begin_commit(interactions_of(&keys).collect());
    let as_of = core.board.desk_changes();
    let committed = core.store.commit(change).await;
    core.commit_counts.count(&keys, &committed);
    if let Err(CommitError::Store(StoreError::OutcomeUnknown { .. })) = &committed {
        forget_written(core, &keys);
    }
    let Committed { position, puts, events, rows } = committed?;

    core.happened.note(events.iter().map(|event| &**event));
    let said = core.chats.enter(&events, &core.activity);

    let written = enter_written(core, puts, as_of);
    core.followed.note_own(position, events.len());
    drop(until_entered);
    if due.is_some_and(|due| due < core.timers_due.get()) {
        core.bus.wake(Hint::Timers);
    }
    if !said.is_empty() {
        core.say(Hint::Chats(said.into()));
    }
    tell(core, rows);
    Ok(written)
}

/// Enters on the board what was written, and wakes those who have something to do for it. Returns
/// the interactions, in the commit's order.
fn enter_written(core: &Core, puts: Vec<Put>, as_of: u64) -> Vec<Arc<Interaction>> {
    let mut written = Vec::new();
    let mut routing = false;
    for put in puts {
        match put.record {
            Record::Interaction(interaction) => {
                routing |= interaction.wait().is_some() && interaction.offer().is_none();
                core.wake_outbox(&interaction.state);
                let interaction = Arc::new(interaction);
                core.board.enter_interaction(interaction.clone(), put.expected + 1);
                written.push(interaction);
            }
            Record::Desk(desk) => {
                routing = true;
                core.board.enter_desk(Arc::new(desk), put.expected + 1, as_of);
            }
            _ => {}
        }
    }
    if routing {
        core.bus.wake(Hint::Routing);
    }
    written
}

/// Forgets what a commit wrote whose outcome is unknown: what is remembered of it may be old
/// now, and is read again when it is asked for.
fn forget_written(core: &Core, keys: &[Key]) {
    for id in interactions_of(keys) {
        core.board.forget(id);
        core.chats.transcripts.forget(id);
    }
}

fn interactions_of(keys: &[Key]) -> impl Iterator<Item = InteractionId> {
    keys.iter().filter_map(|key| match key {
        Key::Interaction(id) => Some(*id),
        _ => None,
    })
}

/// Passes on what was added to the streams of users.
fn tell(core: &Core, rows: Vec<AddedRow>) {
    let users: BTreeSet<u128> =
        rows.iter().filter_map(|added| added.row.notice.user()).map(|user| user.0).collect();
    if users.is_empty() {
        return;
    }
    core.fresh.put(rows);
    let users = users.into_iter().collect();
    core.say(Hint::Streams { from: core.incarnation().0, users });
}
