//! The board: what waits, who is there, and what was written last, in memory.
//!
//! It is a reading aid and nothing more. Every commit that this node makes is entered after it is
//! durable; a decision made on an entry that turns out to be old fails on the commit's guards, and
//! the entry is then read again. Entries are only ever replaced by newer versions, so the order in
//! which commits are entered does not matter. A desk that was removed and begun anew counts its
//! versions from the start: of desks it is noted as well when the read of them began.

mod lines;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque, hash_map};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::{Desk, Interaction, InteractionId, QueueId, UserId, WorkbinId};
use handoff_store::{Version, Versioned};

pub use lines::{Lines, QueueHeld, QueueWaits};

/// Interactions kept readable without asking the store; beyond it the oldest entry goes.
const RECENT_MAX: usize = 20_000;
/// What they may take altogether, in bytes ([`Interaction::weight`]); beyond it the oldest entry
/// goes. A chat or work item is some 1 KiB.
const RECENT_BYTES_MAX: usize = 24 << 20;
/// A larger interaction is not kept: one long letter would push out a hundred chats, and is read
/// seldom.
const RECENT_WEIGHT_MAX: usize = 16 << 10;

#[derive(Default)]
struct Inner {
    desks: HashMap<UserId, KnownDesk>,
    /// Desks that were removed since the log was last looked at, and in the round before: at which
    /// change of the board it was. A read that began before is entered late and would put them
    /// back.
    removed: [HashMap<UserId, u64>; 2],
    watchers: BTreeMap<WorkbinId, BTreeSet<UserId>>,
    /// The agents whose chats a supervisor follows.
    supervised: BTreeSet<UserId>,
    recent: HashMap<InteractionId, Recent>,
    /// Oldest first; what was forgotten may still be in it.
    recent_order: VecDeque<InteractionId>,
    recent_bytes: usize,
    /// How many commits of an interaction are under way.
    committing: HashMap<InteractionId, u32>,
}

struct KnownDesk {
    value: Arc<Desk>,
    version: Version,
    /// At which change of the board's desks it was entered.
    entered: u64,
}

struct Recent {
    value: Arc<Interaction>,
    version: Version,
    weight: usize,
}

/// The board of one node.
#[derive(Default)]
pub struct Board {
    inner: Mutex<Inner>,
    lines: Mutex<Lines>,
    /// How often a desk was entered or removed; whoever worked something out from the desks tells
    /// by it whether that is still so.
    desk_changes: AtomicU64,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change below leaves the maps usable at each step, so a panic elsewhere while it was
        // held does no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters an interaction as it is after a commit, or as it was read.
    pub fn enter_interaction(&self, interaction: Arc<Interaction>, version: Version) {
        self.lines().enter(&interaction, version);
        self.lock().enter_recent(interaction, version);
    }

    /// Enters a desk as it is after a commit, or as it was read. `as_of` is what
    /// [`Board::desk_changes`] told before the commit or the read began.
    pub(crate) fn enter_desk(&self, desk: Arc<Desk>, version: Version, as_of: u64) {
        let (mut inner, user) = (self.lock(), desk.user);
        let is_removed = inner.removed.iter().filter_map(|removed| removed.get(&user));
        if is_removed.into_iter().any(|removed| *removed > as_of) {
            return;
        }
        // Versions grow, so one that was known before the read began and is higher is of a desk
        // that was removed: this one was begun after it.
        let is_old = |known: &KnownDesk| {
            known.version == version || (known.version > version && known.entered > as_of)
        };
        if inner.desks.get(&user).is_some_and(is_old) {
            return;
        }
        let entered = self.desk_changes.fetch_add(1, Ordering::Release) + 1;
        inner.replace_desk(user, Some(KnownDesk { value: desk, version, entered }));
    }

    /// Removes the desk of a user who has none in the store, unless it was entered after `as_of`
    /// ([`Board::enter_desk`]).
    pub(crate) fn remove_desk(&self, user: UserId, as_of: u64) {
        let mut inner = self.lock();
        if inner.desks.get(&user).is_some_and(|known| known.entered <= as_of) {
            let removed = self.desk_changes.fetch_add(1, Ordering::Release) + 1;
            inner.removed[0].insert(user, removed);
            inner.replace_desk(user, None);
        }
    }

    /// Tells how often a desk was entered or removed so far.
    #[must_use]
    pub(crate) fn desk_changes(&self) -> u64 {
        self.desk_changes.load(Ordering::Acquire)
    }

    /// Returns an agent's desk with its version; `None` when they were never here.
    #[must_use]
    pub fn desk(&self, user: UserId) -> Option<Versioned<Arc<Desk>>> {
        self.lock()
            .desks
            .get(&user)
            .map(|known| Versioned { value: known.value.clone(), version: known.version })
    }

    #[must_use]
    pub fn desks(&self) -> Vec<Arc<Desk>> {
        self.lock().desks.values().map(|known| known.value.clone()).collect()
    }

    /// Returns of what is in somebody's hands what the board does not know, by the slots that it
    /// takes, and what it knows though it takes none any more.
    pub(super) fn in_doubt(&self) -> Vec<InteractionId> {
        let mut taken: BTreeSet<InteractionId> = BTreeSet::new();
        for known in self.lock().desks.values() {
            taken.extend(known.value.slots.keys().copied());
        }
        let lines = self.lines();
        // What is offered is in doubt as long as it is: it takes a slot like what is in work.
        let known: BTreeSet<InteractionId> = lines.held().collect();
        let unknown = taken.iter().filter(|id| !lines.is_in_work(**id));
        unknown.chain(known.difference(&taken)).copied().collect()
    }

    /// Tells whether a supervisor follows the chats of any agent.
    pub(crate) fn is_anybody_supervised(&self) -> bool {
        !self.lock().supervised.is_empty()
    }

    /// Returns the desks of the agents whose chats a supervisor follows.
    pub(crate) fn supervised(&self) -> BTreeMap<UserId, Arc<Desk>> {
        let inner = self.lock();
        let desks = inner.supervised.iter().filter_map(|user| inner.desks.get(user));
        desks.map(|known| (known.value.user, known.value.clone())).collect()
    }

    /// Returns the users who asked to be told about a workbin.
    #[must_use]
    pub fn watchers(&self, workbin: WorkbinId) -> Vec<UserId> {
        self.lock()
            .watchers
            .get(&workbin)
            .map(|users| users.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Returns an interaction that was written or read lately.
    #[must_use]
    pub fn recent(&self, id: InteractionId) -> Option<Versioned<Arc<Interaction>>> {
        self.lock().recent(id)
    }

    /// Returns an interaction that may be shown once its version was compared: as
    /// [`Board::recent`], and nothing while a commit of it is under way. Such a commit may be
    /// durable, and told, before it is entered here; whoever was told of it would be shown what was
    /// before.
    pub(crate) fn current(&self, id: InteractionId) -> Option<Versioned<Arc<Interaction>>> {
        let inner = self.lock();
        if inner.committing.contains_key(&id) { None } else { inner.recent(id) }
    }

    /// Notes that a commit of these interactions is under way, until what it returns is dropped:
    /// after what was written is entered.
    pub(crate) fn begin_commit(&self, ids: Vec<InteractionId>) -> Committing<'_> {
        let mut inner = self.lock();
        for id in &ids {
            *inner.committing.entry(*id).or_default() += 1;
        }
        drop(inner);
        Committing { board: self, ids }
    }

    /// Forgets an interaction whose entry turned out to be old.
    pub fn forget(&self, id: InteractionId) {
        self.lines().remove(id);
        self.lock().forget_recent(id);
    }

    /// Notes that the log was read to its end.
    pub(crate) fn log_passed(&self) {
        self.lines().passed();
        let mut inner = self.lock();
        inner.removed[1] = std::mem::take(&mut inner.removed[0]);
    }

    /// Looks at what waits. Nothing is entered meanwhile, so the look should be a short one.
    pub fn look_at_lines<T>(&self, look: impl FnOnce(&Lines) -> T) -> T {
        look(&self.lines())
    }

    /// Tells how many interactions wait in a queue without an offer.
    #[must_use]
    pub fn waiting_in(&self, queue: QueueId) -> usize {
        self.look_at_lines(|lines| lines.of(queue).count())
    }

    /// Tells how many interactions wait without an offer.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.lines().waiting
    }
}

/// The board as it is for an answer: whatever was committed before it was asked for is on it.
#[derive(Clone, Copy)]
pub struct CurrentBoard<'a>(&'a Board);

impl<'a> CurrentBoard<'a> {
    /// Says that the board has caught up with the log.
    pub(super) const fn new(board: &'a Board) -> Self {
        Self(board)
    }
}

impl Deref for CurrentBoard<'_> {
    type Target = Board;

    fn deref(&self) -> &Board {
        self.0
    }
}

/// A commit that is under way.
pub(crate) struct Committing<'a> {
    board: &'a Board,
    ids: Vec<InteractionId>,
}

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        let mut inner = self.board.lock();
        for id in &self.ids {
            if let hash_map::Entry::Occupied(mut count) = inner.committing.entry(*id) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

impl Inner {
    fn replace_desk(&mut self, user: UserId, with: Option<KnownDesk>) {
        let watched = |known: Option<&KnownDesk>| {
            known.map(|known| known.value.watched.clone()).unwrap_or_default()
        };
        let (before, now) = (watched(self.desks.get(&user)), watched(with.as_ref()));
        for workbin in before.difference(&now) {
            if let Some(watchers) = self.watchers.get_mut(workbin) {
                watchers.remove(&user);
            }
        }
        for workbin in now.difference(&before) {
            self.watchers.entry(*workbin).or_default().insert(user);
        }
        if with.as_ref().is_some_and(|known| !known.value.supervised_by.is_empty()) {
            self.supervised.insert(user);
        } else {
            self.supervised.remove(&user);
        }
        match with {
            Some(known) => drop(self.desks.insert(user, known)),
            None => drop(self.desks.remove(&user)),
        }
    }

    fn recent(&self, id: InteractionId) -> Option<Versioned<Arc<Interaction>>> {
        let recent = self.recent.get(&id)?;
        Some(Versioned { value: recent.value.clone(), version: recent.version })
    }

    fn enter_recent(&mut self, interaction: Arc<Interaction>, version: Version) {
        let (id, weight) = (interaction.id, interaction.weight());
        let known = self.recent.get(&id);
        if known.is_some_and(|known| known.version >= version) {
            return;
        }
        if weight > RECENT_WEIGHT_MAX {
            return self.forget_recent(id);
        }
        if known.is_none() {
            self.recent_order.push_back(id);
        }
        self.recent_bytes += weight;
        if let Some(before) = self.recent.insert(id, Recent { value: interaction, version, weight })
        {
            self.recent_bytes -= before.weight;
        }
        while self.recent_order.len() > RECENT_MAX || self.recent_bytes > RECENT_BYTES_MAX {
            let Some(oldest) = self.recent_order.pop_front() else { return };
            self.forget_recent(oldest);
        }
    }

    fn forget_recent(&mut self, id: InteractionId) {
        if let Some(recent) = self.recent.remove(&id) {
            self.recent_bytes -= recent.weight;
        }
    }
}

#[cfg(test)]
mod tests;
