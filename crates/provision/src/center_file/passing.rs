//! Passing on the work of what is removed.
//!
//! What is removed is looked for where the work is, in one pass over all that is not over: in the
//! hands of a user, in a workbin or a queue that does not stay. It is passed on before the removal,
//! and once more after it: a commit that relies on a queue fails once the queue is gone, so nothing
//! comes to it from then on. The same pass finds what a stop in between left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};
use handoff_domain::{
    CenterId, Interaction, Media, Queue, QueueId, State, SystemAction, User, UserId, Workbin,
    WorkbinId, WorkbinOwner,
};
use handoff_engine::{AgentError, CommandRequest, Directory, Done, Engine, ExecuteError};
use handoff_store::{
    CommitError, DirectoryGuard, Extent, InteractionQuery, InteractionScope, Key, Put, Record,
    StoreError,
};

use super::apply::Batches;
use super::difference::{Change, Difference};
use super::error::CenterFileError;
use super::listener::{Listener, QUIETLY};
use crate::changing::{Before, By, change_set_of};

/// Interactions read in one page.
const PAGE: usize = 500;
/// Interactions and desks changed at the same time: they share the store's syncs.
const AT_ONCE: usize = 64;
/// How often it is tried to bring back what was removed too early, and the pause before each later
/// try: a database is away for seconds when another takes over.
const BACK_ATTEMPTS_MAX: u32 = 60;
const BACK_PAUSE: Duration = Duration::from_secs(1);
/// Most commands that one interaction needs: out of several hands, out of a workbin, to another
/// queue.
const STEPS_MAX: usize = 16;

/// Commits a difference and passes on the work of what it removes.
pub(super) async fn apply(
    difference: Difference,
    engine: &Engine,
    by: By,
    work_to: &[String],
    listener: &dyn Listener,
) -> Result<usize, CenterFileError> {
    let store = &**engine.core().store();
    let staying = Staying::after(&difference, &Directory::load(store).await?, work_to)?;
    let passing = Passing { engine, staying };
    let found = passing.refuse_what_has_no_place().await?;
    if difference.is_empty() && found == 0 {
        return Ok(0);
    }
    let mut batches = Batches::new(store, &difference, by, listener);
    let (writes, mut removals): (_, Vec<Change>) =
        difference.changes.into_iter().partition(Change::is_write);
    batches.write(writes).await?;
    let users = disable(&mut removals, &mut batches).await?;
    batches.refuse_if_overtaken().await?;
    told(engine).await?;
    passing.end_sessions(&users).await?;
    passing.pass_on().await?;
    batches.remove(removals).await?;
    told(engine).await?;
    // Besides what was found, what came while it was passed on.
    Ok(found + passing.pass_on().await?)
}

/// Removes something that holds nothing. Nothing comes to it any more once it is gone; what came a
/// moment before, and has no other place, brings it back.
pub(super) async fn remove_empty(
    difference: Difference,
    record: Record,
    engine: &Engine,
    by: By,
) -> Result<(), CenterFileError> {
    let store = &**engine.core().store();
    let staying = Staying::after(&difference, &Directory::load(store).await?, &[])?;
    let passing = Passing { engine, staying };
    let held = passing.refuse_what_has_no_place().await?;
    if held > 0 {
        return Err(CenterFileError::NoPlace(format!("interactions lie in it ({held})")));
    }
    let guard = DirectoryGuard { extent: Extent::Checked, ..difference.directory };
    let mut batches = Batches::new(store, &difference, by.clone(), QUIETLY);
    batches.remove(difference.changes).await?;
    let looked = async {
        told(engine).await?;
        passing.pass_on().await
    };
    let Err(why) = looked.await else { return Ok(()) };
    // Also where nobody could look whether something came.
    for attempt in 1_u32.. {
        let back = vec![Put { record: record.clone(), expected: 0 }];
        match store.commit(change_set_of(guard, &by, &Before::new(), back, Vec::new())).await {
            Ok(_) => break,
            Err(CommitError::Store(error)) if attempt == BACK_ATTEMPTS_MAX => {
                return Err(error.into());
            }
            Err(CommitError::Store(_)) => tokio::time::sleep(BACK_PAUSE).await,
            Err(error) => {
                let key = error.into_conflict()?;
                return Err(CenterFileError::Conflict(format!("{key:?}")));
            }
        }
    }
    told(engine).await?;
    Err(why)
}

/// Disables the users that are to be removed, so that nothing comes to them any more.
async fn disable(
    removals: &mut [Change],
    batches: &mut Batches<'_>,
) -> Result<Vec<UserId>, CenterFileError> {
    let mut users = Vec::new();
    for change in removals {
        let Change::Remove { removal, record: Record::User(user), .. } = change else { continue };
        users.push(user.id);
        if user.enabled {
            let disabled = User { enabled: false, ..user.clone() }.in_place_of(user);
            let expected = removal.version;
            removal.version += 1;
            batches.put(Put { record: Record::User(disabled), expected }).await?;
        }
    }
    batches.commit().await?;
    Ok(users)
}

async fn told(engine: &Engine) -> Result<(), CenterFileError> {
    Ok(engine.desks().directory_changed().await?)
}

/// What a contact center has once the difference is applied.
struct Staying {
    center: CenterId,
    users: BTreeSet<UserId>,
    queues: BTreeMap<QueueId, Queue>,
    workbins: BTreeSet<WorkbinId>,
    /// Where what has no queue to go back to goes.
    work_to: BTreeMap<Media, Queue>,
}

impl Staying {
    fn after(
        difference: &Difference,
        directory: &Directory,
        work_to: &[String],
    ) -> Result<Self, CenterFileError> {
        let center = difference.directory.center;
        let users = directory.users.values().filter(|user| user.center == center);
        let mut users: BTreeSet<UserId> = users.map(|user| user.id).collect();
        let queues = directory.queues.values().filter(|queue| queue.center == center);
        let mut queues: BTreeMap<QueueId, Queue> =
            queues.map(|queue| (queue.id, Queue::clone(queue))).collect();
        let workbins = directory.workbins.values().filter(|workbin| workbin.center == center);
        let mut workbins: BTreeMap<WorkbinId, Workbin> =
            workbins.map(|workbin| (workbin.id, workbin.clone())).collect();
        for change in &difference.changes {
            match change {
                Change::Write { put, .. } => match &put.record {
                    Record::User(user) => drop(users.insert(user.id)),
                    Record::Queue(queue) => drop(queues.insert(queue.id, queue.clone())),
                    Record::Workbin(workbin) => drop(workbins.insert(workbin.id, workbin.clone())),
                    _ => {}
                },
                Change::Remove { removal, .. } => match &removal.key {
                    Key::User(user) => drop(users.remove(user)),
                    Key::Queue(queue) => drop(queues.remove(queue)),
                    Key::Workbin(workbin) => drop(workbins.remove(workbin)),
                    _ => {}
                },
            }
        }
        let work_to = queues_for_work(&queues, work_to)?;
        let workbins = workbins.values().flat_map(|workbin| ids_of(workbin, &users)).collect();
        Ok(Self { center, users, queues, workbins, work_to })
    }

    /// Returns the queue that an interaction can go to: its own, or one that was named for it.
    fn queue_for(&self, interaction: &Interaction) -> Option<&Queue> {
        let own = interaction.queue.and_then(|queue| self.queues.get(&queue));
        own.or_else(|| self.work_to.get(&interaction.media()))
    }

    /// Tells whether an interaction needs another queue than its own to go back to. One that never
    /// had any, such as a draft, needs one when whoever it would come back to goes.
    fn needs_queue(&self, interaction: &Interaction) -> bool {
        match interaction.queue {
            Some(queue) => !self.queues.contains_key(&queue),
            None => keeper(interaction).is_some_and(|user| !self.users.contains(&user)),
        }
    }

    fn holder_who_goes(&self, interaction: &Interaction) -> Option<UserId> {
        if let State::Sending { .. } = interaction.state {
            // It is on its way out, and nobody has to do anything for it unless it comes back.
            return None;
        }
        interaction.people().into_iter().find(|user| !self.users.contains(user))
    }

    fn is_in_workbin_that_goes(&self, interaction: &Interaction) -> bool {
        match &interaction.state {
            State::Parked { workbin, .. } => !self.workbins.contains(workbin),
            _ => false,
        }
    }

    /// Returns what is to be done next with an interaction; `None` when it can stay as it is. It
    /// has a queue that stays before anything is taken from somebody, who may have no workbins any
    /// more.
    fn next_step(&self, interaction: &Interaction) -> Result<Option<SystemAction>, HasNoPlace> {
        let queue = || self.queue_for(interaction).cloned().ok_or(HasNoPlace);
        if self.is_in_workbin_that_goes(interaction) {
            return Ok(Some(SystemAction::Requeue(queue()?)));
        }
        if self.needs_queue(interaction) {
            return Ok(Some(SystemAction::ReplaceQueue(queue()?)));
        }
        let holder = self.holder_who_goes(interaction);
        Ok(holder.map(|user| SystemAction::AgentGone { user }))
    }
}

/// Returns whose it is: who works on it, or who sent it and gets it back if it cannot be delivered.
const fn keeper(interaction: &Interaction) -> Option<UserId> {
    match &interaction.state {
        State::Handling(handling) => Some(handling.by),
        State::Sending { by, .. } => *by,
        State::Queued(_) | State::Invited(..) | State::Parked { .. } | State::Ended { .. } => None,
    }
}

/// It is with something that goes, and has no queue to go to.
struct HasNoPlace;

/// How many interactions have no queue to go to, of each channel.
#[derive(Default)]
struct WithoutPlace(BTreeMap<Media, usize>);

impl WithoutPlace {
    fn add(&mut self, interaction: &Interaction) {
        *self.0.entry(interaction.media()).or_default() += 1;
    }

    /// Returns what makes of that sentence an error when there are any.
    fn refuse(&self, error: fn(String) -> CenterFileError) -> Result<(), CenterFileError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let each = self.0.iter().map(|(media, count)| format!("{count} of channel {media}"));
        let all = each.collect::<Vec<_>>().join(", ");
        Err(error(format!(
            "interactions that are with what would be removed have no queue to go to ({all})"
        )))
    }
}

/// Returns the workbins that a definition stands for.
fn ids_of(workbin: &Workbin, users: &BTreeSet<UserId>) -> Vec<WorkbinId> {
    match workbin.owner {
        WorkbinOwner::EachAgent => users.iter().map(|user| workbin.id.of_owner(*user)).collect(),
        WorkbinOwner::Agent(_) | WorkbinOwner::Group(_) => vec![workbin.id],
    }
}

/// Finds the queues that are named, one for each channel.
fn queues_for_work(
    queues: &BTreeMap<QueueId, Queue>,
    names: &[String],
) -> Result<BTreeMap<Media, Queue>, CenterFileError> {
    let mut found = BTreeMap::new();
    for name in names {
        let queue = queues.values().find(|queue| queue.name == *name).ok_or_else(|| {
            CenterFileError::WorkTo(format!(
                "{name:?}: no queue of that name stays; name one that the file has"
            ))
        })?;
        if let Some(other) = found.insert(queue.media.clone(), queue.clone()) {
            return Err(CenterFileError::WorkTo(format!(
                "{name:?}: {:?} is for {} already; name one queue for each channel",
                other.name, other.media
            )));
        }
    }
    Ok(found)
}

struct Passing<'a> {
    engine: &'a Engine,
    staying: Staying,
}

impl Passing<'_> {
    /// Returns what asks for every interaction of the contact center that is not over.
    fn all(&self) -> Option<InteractionQuery> {
        Some(InteractionQuery::of(InteractionScope::Active(self.staying.center), PAGE))
    }

    /// Reads a page of what is left, and leaves what comes after it; `None` after the last.
    async fn next_page(
        &self,
        left: &mut Option<InteractionQuery>,
    ) -> Result<Option<impl Iterator<Item = Interaction>>, StoreError> {
        let Some(query) = left else { return Ok(None) };
        let page = self.engine.core().store().interactions(query).await?;
        query.after = page.items.last().map(|last| last.value.id);
        if !page.more {
            *left = None;
        }
        Ok(Some(page.items.into_iter().map(|item| item.value)))
    }

    /// Looks at everything before anything is changed: a half-pruned center helps nobody. Returns
    /// how many interactions are to be passed on.
    async fn refuse_what_has_no_place(&self) -> Result<usize, CenterFileError> {
        let mut without = WithoutPlace::default();
        let mut found = 0;
        let mut left = self.all();
        while let Some(page) = self.next_page(&mut left).await? {
            for interaction in page {
                match self.staying.next_step(&interaction) {
                    Ok(None) => {}
                    Ok(Some(_)) => found += 1,
                    Err(HasNoPlace) => without.add(&interaction),
                }
            }
        }
        without.refuse(CenterFileError::NoPlace)?;
        Ok(found)
    }

    /// Ends the contact-center sessions of users who are to be removed.
    async fn end_sessions(&self, users: &[UserId]) -> Result<(), CenterFileError> {
        let center = self.staying.center;
        stream::iter(users.iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |user| async move {
                match self.engine.desks().end_contact_session(*user, center).await {
                    Ok(()) | Err(AgentError::Rejected(_)) => Ok(()),
                    Err(AgentError::Store(error)) => Err(error.into()),
                    Err(error) => Err(CenterFileError::Work { source: error.into() }),
                }
            })
            .await
    }

    /// Passes on whatever is with something that does not stay; counts it. What came meanwhile and
    /// has no queue to go to is refused when the rest is done: left alone, nobody would be offered
    /// it.
    async fn pass_on(&self) -> Result<usize, CenterFileError> {
        let mut left = self.all();
        let mut without = WithoutPlace::default();
        let mut passed_on = 0;
        while let Some(page) = self.next_page(&mut left).await? {
            let mut touched = Vec::new();
            for interaction in page {
                match self.staying.next_step(&interaction) {
                    Ok(None) => {}
                    Ok(Some(_)) => touched.push(Arc::new(interaction)),
                    Err(HasNoPlace) => without.add(&interaction),
                }
            }
            passed_on += touched.len();
            stream::iter(touched.into_iter().map(Ok))
                .try_for_each_concurrent(AT_ONCE, |interaction| self.pass_one_on(interaction))
                .await?;
        }
        without.refuse(CenterFileError::CameMeanwhile)?;
        Ok(passed_on)
    }

    async fn pass_one_on(&self, interaction: Arc<Interaction>) -> Result<(), CenterFileError> {
        let mut present = interaction;
        for _ in 0..STEPS_MAX {
            let step = match self.staying.next_step(&present) {
                Ok(None) => return Ok(()),
                Ok(Some(step)) => step,
                Err(HasNoPlace) => break,
            };
            match self.engine.commands().execute(&CommandRequest::new(present.id, step)).await {
                Ok(Done::Now { interaction, .. }) => present = interaction,
                Ok(Done::Before(_)) => {
                    unreachable!("a command without a receipt has no repetition")
                }
                // Somebody was faster: it is looked at as it is now.
                Err(ExecuteError::Rejected(_)) => {
                    let Some(now) = self.engine.core().interaction(present.id).await? else {
                        return Ok(());
                    };
                    if now == present {
                        break;
                    }
                    present = now;
                }
                Err(ExecuteError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(CenterFileError::Work { source: error.into() }),
            }
        }
        Err(CenterFileError::Stuck(present.id))
    }
}
