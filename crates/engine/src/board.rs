//! The board: what waits, who is there, and what was written last, in memory.
//!
//! It is a reading aid and nothing more. Every commit that this node makes is entered after it is durable; a decision made on an entry
//! that turns out to be old fails on the commit's guards, and the entry is then read again. Entries are only ever replaced by newer
//! versions, so the order in which commits are entered does not matter.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::routing::{Rank, Waiting};
use handoff_domain::{Desk, Interaction, InteractionId, Media, QueueId, UserId, Wait, WorkbinId};
use handoff_store::{Version, Versioned};

/// Interactions kept readable without asking the store. At about 1 KiB each this is some 20 MiB; beyond it the oldest entry goes.
const RECENT_MAX: usize = 20_000;

/// Something that waits in a queue and is offered to nobody.
#[derive(Clone, Debug)]
struct Entry {
    id: InteractionId,
    media: Media,
    priority: i64,
    wait: Wait,
}

impl Entry {
    const fn waiting(&self) -> Waiting<'_> {
        Waiting { id: self.id, priority: self.priority, media: &self.media, wait: &self.wait }
    }
}

/// What waits, by queue and in routing order.
#[derive(Default)]
pub struct Lines {
    by_queue: BTreeMap<QueueId, BTreeMap<Rank, Entry>>,
    places: HashMap<InteractionId, (QueueId, Rank, Version)>,
}

impl Lines {
    /// Gives what waits in one queue, first in line first.
    pub fn of(&self, queue: QueueId) -> impl Iterator<Item = Waiting<'_>> {
        self.by_queue.get(&queue).into_iter().flat_map(|line| line.values().map(Entry::waiting))
    }

    fn remove(&mut self, id: InteractionId) {
        if let Some((queue, rank, _)) = self.places.remove(&id)
            && let Some(line) = self.by_queue.get_mut(&queue)
        {
            line.remove(&rank);
            if line.is_empty() {
                self.by_queue.remove(&queue);
            }
        }
    }

    fn enter(&mut self, interaction: &Interaction, version: Version) {
        let id = interaction.id;
        if self.places.get(&id).is_some_and(|(_, _, known)| *known >= version) {
            return;
        }
        self.remove(id);
        if interaction.offer().is_some() {
            return;
        }
        if let Some(wait) = interaction.wait() {
            let (media, priority) = (interaction.media.clone(), interaction.priority);
            let entry = Entry { id, media, priority, wait: wait.clone() };
            let rank = entry.waiting().rank();
            self.by_queue.entry(wait.queue).or_default().insert(rank, entry);
            self.places.insert(id, (wait.queue, rank, version));
        }
    }
}

#[derive(Default)]
struct Inner {
    desks: HashMap<UserId, (Arc<Desk>, Version)>,
    watchers: BTreeMap<WorkbinId, BTreeSet<UserId>>,
    recent: HashMap<InteractionId, (Arc<Interaction>, Version)>,
    recent_order: VecDeque<InteractionId>,
}

/// The board of one node.
#[derive(Default)]
pub struct Board {
    inner: Mutex<Inner>,
    lines: Mutex<Lines>,
    /// How often a desk was entered; whoever worked something out from the desks tells by it whether that is still so.
    desk_changes: AtomicU64,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change below leaves the maps usable at each step, so a panic elsewhere while it was held does no harm.
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

    /// Enters a desk as it is after a commit, or as it was read.
    pub fn enter_desk(&self, desk: Arc<Desk>, version: Version) {
        let mut inner = self.lock();
        let before = inner.desks.get(&desk.user);
        if before.is_some_and(|(_, known)| *known >= version) {
            return;
        }
        let watched_before = before.map(|(desk, _)| desk.watched.clone()).unwrap_or_default();
        for workbin in watched_before.difference(&desk.watched) {
            if let Some(watchers) = inner.watchers.get_mut(workbin) {
                watchers.remove(&desk.user);
            }
        }
        for workbin in desk.watched.difference(&watched_before) {
            inner.watchers.entry(*workbin).or_default().insert(desk.user);
        }
        inner.desks.insert(desk.user, (desk, version));
        self.desk_changes.fetch_add(1, Ordering::Release);
    }

    /// Tells how often a desk was entered so far.
    #[must_use]
    pub(crate) fn desk_changes(&self) -> u64 {
        self.desk_changes.load(Ordering::Acquire)
    }

    /// Gives an agent's desk with its version; `None` when he was never here.
    #[must_use]
    pub fn desk(&self, user: UserId) -> Option<Versioned<Arc<Desk>>> {
        self.lock()
            .desks
            .get(&user)
            .map(|(desk, version)| Versioned { value: desk.clone(), version: *version })
    }

    /// Gives every desk.
    #[must_use]
    pub fn desks(&self) -> Vec<Arc<Desk>> {
        self.lock().desks.values().map(|(desk, _)| desk.clone()).collect()
    }

    /// Gives the users who asked to be told about a workbin.
    #[must_use]
    pub fn watchers(&self, workbin: WorkbinId) -> Vec<UserId> {
        self.lock().watchers.get(&workbin).map(|users| users.iter().copied().collect()).unwrap_or_default()
    }

    /// Gives an interaction that was written or read lately.
    #[must_use]
    pub fn recent(&self, id: InteractionId) -> Option<Versioned<Arc<Interaction>>> {
        self.lock()
            .recent
            .get(&id)
            .map(|(value, version)| Versioned { value: value.clone(), version: *version })
    }

    /// Forgets an interaction whose entry turned out to be old.
    pub fn forget(&self, id: InteractionId) {
        self.lines().remove(id);
        self.lock().recent.remove(&id);
    }

    /// Looks at what waits. Nothing is entered meanwhile, so the look should be a short one.
    pub fn look_at_lines<T>(&self, look: impl FnOnce(&Lines) -> T) -> T {
        look(&self.lines())
    }

    /// Tells how many interactions wait without an offer.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.lines().places.len()
    }
}

impl Inner {
    fn enter_recent(&mut self, interaction: Arc<Interaction>, version: Version) {
        let id = interaction.id;
        match self.recent.get_mut(&id) {
            Some(known) if known.1 >= version => {}
            Some(known) => *known = (interaction, version),
            None => {
                self.recent.insert(id, (interaction, version));
                self.recent_order.push_back(id);
                if self.recent_order.len() > RECENT_MAX
                    && let Some(oldest) = self.recent_order.pop_front()
                {
                    self.recent.remove(&oldest);
                }
            }
        }
    }
}
