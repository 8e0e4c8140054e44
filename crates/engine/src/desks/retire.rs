//! What a changed directory means for who is here (docs/compat/agents.md#gone): the router plans by
//! it at once, users who may no longer be here are let out, and nothing stays with those who may
//! not work any more.
//!
//! What this node last saw is compared with the directory as it is, so nothing is asked of users
//! who stayed as they were, and the first look also finds who was disabled while no server ran.
//! Who changed is told from the directory on that the node began with: sessions may be older than
//! the first look.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use futures_util::{TryStreamExt as _, stream};
use handoff_bus::Hint;
use handoff_domain::{
    CenterId, InteractionId, Queue, SystemAction, User, UserId, WorkbinId, WorkbinOwner,
};
use handoff_store::{InteractionQuery, InteractionScope, StoreError};

use super::{AgentError, Desks};
use crate::commands::{CommandRequest, ExecuteError};
use crate::core::Directory;

/// Interactions of one workbin, and desks, read in one page.
const PAGE: usize = 500;
/// Users from whom things are taken at the same time: they share the store's syncs, so that a
/// thousand who are disabled together are out within a second.
const AT_ONCE: usize = 64;

/// What this node has done about the directory.
pub(super) struct Seen {
    /// What the node began with, before the first look.
    directory: Arc<Directory>,
    looks: Looks,
    /// Users who may not work any more and with whom something may still be, and those who are no
    /// more and whose desk may still be on the board.
    retiring: BTreeSet<UserId>,
    /// Those of them whom a round has taken up.
    under_way: BTreeSet<UserId>,
}

/// Whether anything was done yet about the users whom the directory has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    None,
    Some,
}

/// A user whom a round has taken up. When it is dropped before all was taken from them, the next
/// round does the rest.
struct UnderWay<'a> {
    desks: &'a Desks,
    user: UserId,
    taken: Taken,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut seen = self.desks.seen();
        seen.under_way.remove(&self.user);
        if self.taken == Taken::Part {
            seen.retiring.insert(self.user);
        }
    }
}

/// Whether everything was taken from a user.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    All,
    /// Something could not be moved now; it is tried again.
    Part,
}

impl Taken {
    fn and(self, other: Self) -> Self {
        if self == Self::All { other } else { self }
    }
}

impl Seen {
    pub(super) fn beginning_with(directory: Arc<Directory>) -> Self {
        let (retiring, under_way) = (BTreeSet::new(), BTreeSet::new());
        Self { directory, looks: Looks::None, retiring, under_way }
    }

    /// Tells whether what is seen is what was seen last.
    fn is_of(&self, directory: &Arc<Directory>) -> bool {
        self.looks == Looks::Some && Arc::ptr_eq(&self.directory, directory)
    }

    /// Notes the directory as it is; returns the one that was seen before.
    fn renew(&mut self, directory: &Arc<Directory>) -> Arc<Directory> {
        let before = std::mem::replace(&mut self.directory, directory.clone());
        let is_first = std::mem::replace(&mut self.looks, Looks::Some) == Looks::None;
        let could_work =
            |id: &UserId| is_first || before.users.get(id).is_none_or(|user| user.may_work());
        let retired = directory.users.values().filter(|user| !user.may_work());
        self.retiring.extend(retired.map(|user| user.id).filter(could_work));
        before
    }

    /// Takes up whom no other round has. Who is retired again meanwhile stays for the next round.
    fn take_up(&mut self) -> BTreeSet<UserId> {
        let taken_up = &self.retiring - &self.under_way;
        self.retiring.retain(|user| !taken_up.contains(user));
        self.under_way.extend(&taken_up);
        taken_up
    }
}

/// Returns the workbins that are one user's alone, also of one who is no agent any more.
fn own_workbins(user: &User, directory: &Directory) -> Vec<WorkbinId> {
    let of_center = directory.workbins.values().filter(|workbin| workbin.center == user.center);
    let own = of_center.filter_map(|workbin| match workbin.owner {
        WorkbinOwner::EachAgent => Some(workbin.id.of_owner(user.id)),
        WorkbinOwner::Agent(owner) => (owner == user.id).then_some(workbin.id),
        WorkbinOwner::Group(_) => None,
    });
    own.collect()
}

impl Desks {
    /// Says that users, queues, skills, groups or workbins were changed, and reads them again on
    /// this node. On return nothing stays with a user who may not work any more, unless another
    /// round has begun to take it from them.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn directory_changed(&self) -> Result<(), StoreError> {
        self.core.reload_directory().await?;
        // Taken up before others hear of it, so that the caller can rely on it.
        let retiring = self.see_directory();
        self.core.bus.wake(Hint::Directory);
        self.retire_all(retiring).await
    }

    /// Does what a changed directory asks for.
    ///
    /// # Errors
    ///
    /// The store's own; what was not done is done in the next round.
    pub(crate) async fn follow_directory(&self) -> Result<(), StoreError> {
        let retiring = self.see_directory();
        self.retire_all(retiring).await
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Every change of it leaves it usable, so a panic elsewhere while it was held does no harm.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells at once who changed, and takes up those from whom something is to be taken. That takes
    /// long when they are many, and holds nobody up: others see the directory meanwhile.
    fn see_directory(&self) -> Vec<UnderWay<'_>> {
        let mut seen = self.seen();
        let directory = self.core.directory();
        if !seen.is_of(&directory) {
            // The router may have planned by the old one since the hint that something changed.
            // Every node sees the change.
            self.core.bus.wake_here(Hint::Routing);
            let before = seen.renew(&directory);
            self.tell_changed(&before, &directory);
            let desks = self.core.board.desks().into_iter().map(|desk| desk.user);
            seen.retiring.extend(desks.filter(|user| !directory.users.contains_key(user)));
        }
        let taken_up = seen.take_up();
        drop(seen);
        let under_way = |user| UnderWay { desks: self, user, taken: Taken::Part };
        taken_up.into_iter().map(under_way).collect()
    }

    async fn retire_all(&self, users: Vec<UnderWay<'_>>) -> Result<(), StoreError> {
        // Another node may have begun a session a moment before its user was disabled; none begins
        // from then on. The desks of those who were removed went with them, beside the board.
        let ids: Vec<UserId> = users.iter().map(|under_way| under_way.user).collect();
        for page in ids.chunks(PAGE) {
            self.reload_desks(page).await?;
        }
        stream::iter(users.into_iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |under_way| self.retire_one(under_way))
            .await
    }

    async fn retire_one(&self, mut under_way: UnderWay<'_>) -> Result<(), StoreError> {
        let directory = self.core.directory();
        under_way.taken = match directory.users.get(&under_way.user) {
            Some(user) if user.may_work() => Taken::All,
            Some(user) => self.retire(user, &directory).await?,
            None => Taken::All,
        };
        Ok(())
    }

    fn tell_changed(&self, before: &Directory, now: &Directory) {
        for user in before.users.values() {
            let now = now.users.get(&user.id);
            if now.is_none_or(|now| !Arc::ptr_eq(user, now) && user != now) {
                self.publisher.user_changed(user, now.map(|user| &**user));
            }
        }
    }

    /// Ends the contact-center session of a user who may not work any more, and puts what lies in
    /// their own workbins back into its queue.
    ///
    /// What was never in a queue, such as a draft, has none to go back to: it stays, and a
    /// supervisor can pull it.
    async fn retire(&self, user: &User, directory: &Directory) -> Result<Taken, StoreError> {
        let mut taken = Taken::All;
        if self.core.desk(user.id).is_some_and(|desk| desk.session.is_some())
            && let Err(error) = self.end_contact_session(user.id, user.center).await
        {
            taken = match &error {
                AgentError::Contended(_) | AgentError::Interaction(_) => Taken::Part,
                // Whoever was faster ends it, or it cannot be read.
                AgentError::Rejected(_) | AgentError::Store(_) => Taken::All,
            };
            error.into_store_error()?;
        }
        for workbin in own_workbins(user, directory) {
            taken = taken.and(self.empty(user, workbin).await?);
        }
        Ok(taken)
    }

    /// Reads desks again. One that cannot be read was set aside, and is no hindrance to the others.
    async fn reload_desks(&self, users: &[UserId]) -> Result<(), StoreError> {
        match self.core.load_desks(users).await {
            Err(error) if error.is_unreadable() => {}
            other => return other,
        }
        for user in users {
            match self.core.load_desks(&[*user]).await {
                Err(error) if !error.is_unreadable() => return Err(error),
                Err(_) | Ok(()) => {}
            }
        }
        Ok(())
    }

    async fn empty(&self, user: &User, workbin: WorkbinId) -> Result<Taken, StoreError> {
        let mut query = InteractionQuery::of(InteractionScope::InWorkbin(workbin), PAGE);
        let mut taken = Taken::All;
        loop {
            let page = self.core.store.interactions(&query).await?;
            query.after = page.items.last().map(|last| last.value.id);
            for item in page.items {
                let (id, queue) = (item.value.id, item.value.queue);
                let queue = queue
                    .and_then(|queue| self.core.directory().queue(user.center, queue).cloned());
                if let Some(queue) = queue {
                    let moved = self.requeue(id, Queue::clone(&queue), user.center).await?;
                    taken = taken.and(moved);
                }
            }
            if !page.more {
                return Ok(taken);
            }
        }
    }

    async fn requeue(
        &self,
        id: InteractionId,
        queue: Queue,
        center: CenterId,
    ) -> Result<Taken, StoreError> {
        let request = CommandRequest::new(id, SystemAction::Requeue(queue));
        match self.commands.execute(&request).await {
            Err(ExecuteError::Store(error)) if !error.is_unreadable() => Err(error),
            // Somebody took it out meanwhile, or it was set aside.
            Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_) | ExecuteError::Store(_))
            | Ok(_) => Ok(Taken::All),
            Err(error) => {
                tracing::warn!(
                    interaction.id = %id,
                    center.id = %center,
                    error = %error,
                    "the work of a user who may not work any more could not be moved now"
                );
                Ok(Taken::Part)
            }
        }
    }
}
