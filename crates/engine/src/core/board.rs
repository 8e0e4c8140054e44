//! The board: what waits, who is there, and what was written last, in memory.
//!
//! It is a reading aid and nothing more. Every commit that this node makes is entered after it is
//! durable; a decision made on an entry that turns out to be old fails on the commit's guards, and
//! the entry is then read again. Entries are only ever replaced by newer versions, so the order in
//! which commits are entered does not matter. A desk that was removed and begun anew counts its
//! versions from the start: of desks it is noted as well when the read of them began.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque, hash_map};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::routing::{Rank, Waiting};
use handoff_domain::{
    Desk, Interaction, InteractionId, Media, QueueId, Time, UserId, Wait, WorkbinId,
};
use handoff_store::{Version, Versioned};

/// Interactions kept readable without asking the store; beyond it the oldest entry goes.
const RECENT_MAX: usize = 20_000;
/// What they may take altogether, in bytes ([`Interaction::weight`]); beyond it the oldest entry
/// goes. A chat or work item is some 1 KiB.
const RECENT_BYTES_MAX: usize = 24 << 20;
/// A larger interaction is not kept: one long letter would push out a hundred chats, and is read
/// seldom.
const RECENT_WEIGHT_MAX: usize = 16 << 10;

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

/// Where an interaction is, by the latest version that was entered.
enum Place {
    InLine(QueueId, Rank, Version),
    /// It waits no more, or is offered to somebody. The version stays known until the log has
    /// passed it: a read that began before is entered late and would put it back.
    Left(Version),
}

impl Place {
    const fn version(&self) -> Version {
        match self {
            Self::InLine(_, _, version) | Self::Left(version) => *version,
        }
    }
}

/// How many wait in a queue without an offer, and since when the first of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueWaits {
    pub count: usize,
    pub since: Time,
}

/// What waits, by queue and in routing order.
#[derive(Default)]
pub struct Lines {
    by_queue: BTreeMap<QueueId, BTreeMap<Rank, Entry>>,
    places: HashMap<InteractionId, Place>,
    /// How many are in line.
    waiting: usize,
    /// What left since the log was last looked at, and what left in the round before.
    left: [Vec<(InteractionId, Version)>; 2],
}

impl Lines {
    /// Returns what waits in one queue, first in line first.
    pub fn of(&self, queue: QueueId) -> impl Iterator<Item = Waiting<'_>> {
        self.by_queue.get(&queue).into_iter().flat_map(|line| line.values().map(Entry::waiting))
    }

    /// Returns how many wait in each queue in which any do. It visits all that waits.
    #[must_use]
    pub fn waits(&self) -> BTreeMap<QueueId, QueueWaits> {
        let of_one = |(queue, line): (&QueueId, &BTreeMap<Rank, Entry>)| {
            let since = line.values().map(|entry| entry.wait.since).min()?;
            Some((*queue, QueueWaits { count: line.len(), since }))
        };
        self.by_queue.iter().filter_map(of_one).collect()
    }

    fn remove(&mut self, id: InteractionId) {
        if let Some(Place::InLine(queue, rank, _)) = self.places.remove(&id)
            && let Some(line) = self.by_queue.get_mut(&queue)
        {
            self.waiting -= 1;
            line.remove(&rank);
            if line.is_empty() {
                self.by_queue.remove(&queue);
            }
        }
    }

    fn enter(&mut self, interaction: &Interaction, version: Version) {
        let id = interaction.id;
        if self.places.get(&id).is_some_and(|known| known.version() >= version) {
            return;
        }
        self.remove(id);
        let wait = interaction.wait().filter(|_| interaction.offer().is_none());
        let Some(wait) = wait else {
            self.left[0].push((id, version));
            self.places.insert(id, Place::Left(version));
            return;
        };
        let (media, priority) = (interaction.media(), interaction.priority);
        let entry = Entry { id, media, priority, wait: wait.clone() };
        let rank = entry.waiting().rank();
        self.by_queue.entry(wait.queue).or_default().insert(rank, entry);
        self.places.insert(id, Place::InLine(wait.queue, rank, version));
        self.waiting += 1;
    }

    /// Forgets the versions of what had left when the log was looked at before: reads that began
    /// before that are over.
    fn passed(&mut self) {
        let [left, before] = &mut self.left;
        for (id, version) in std::mem::replace(before, std::mem::take(left)) {
            if matches!(self.places.get(&id), Some(Place::Left(known)) if *known == version) {
                self.places.remove(&id);
            }
        }
    }
}

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
mod tests {
    use handoff_domain::{CenterId, Direction, Medium, Note, State, Time};

    use super::*;

    fn interaction(id: InteractionId) -> Interaction {
        Interaction {
            id,
            center: CenterId(1),
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: String::new(),
            external_id: None,
            submitter: None,
            disposition: None,
            parent: None,
            thread: None,
            contact: None,
            subject: None,
            comment: None,
            notes: Vec::new(),
            priority: 0,
            received: Time(0),
            user_data: handoff_domain::UserData::default(),
            state: State::Ended { outcome: handoff_domain::Outcome::Completed, at: Time(0) },
            epoch: 0,
            queue: None,
            queued_at: None,
            offers: 0,
            drafts: BTreeSet::new(),
            concerned: BTreeSet::new(),
        }
    }

    fn enter(board: &Board, id: u128, bytes: usize) {
        let mut interaction = interaction(InteractionId(id));
        interaction.subject = Some("x".repeat(bytes));
        board.enter_interaction(Arc::new(interaction), 1);
    }

    fn has(board: &Board, id: u128) -> bool {
        board.recent(InteractionId(id)).is_some()
    }

    #[test]
    fn what_is_kept_readable_is_bounded_by_number_and_by_bytes() {
        let board = Board::default();
        for id in 0..3_000 {
            enter(&board, id, 12 << 10);
        }
        assert!(board.lock().recent_bytes <= RECENT_BYTES_MAX);
        assert!(has(&board, 2_999) && !has(&board, 0), "the oldest went");
        for id in 3_000..3_000 + 2 * RECENT_MAX as u128 {
            enter(&board, id, 1);
        }
        assert!(board.lock().recent.len() <= RECENT_MAX);
        let inner = board.lock();
        let all: usize = inner.recent.values().map(|recent| recent.weight).sum();
        assert_eq!(inner.recent_bytes, all, "what goes is counted off");
    }

    fn waits(id: u128) -> Interaction {
        let wait = Wait {
            queue: QueueId(1),
            since: Time(0),
            front: false,
            mode: handoff_domain::Mode::Processing,
            skills: BTreeMap::new(),
            passes: Vec::new(),
        };
        Interaction { state: State::Queued(wait), ..interaction(InteractionId(id)) }
    }

    /// A read that began before an interaction left its line, and is entered late.
    #[test]
    fn what_left_its_line_is_not_put_back_by_an_older_version() {
        let board = Board::default();
        board.enter_interaction(Arc::new(waits(1)), 1);
        assert_eq!(board.waiting_count(), 1);
        board.enter_interaction(Arc::new(interaction(InteractionId(1))), 2);
        board.log_passed();
        board.enter_interaction(Arc::new(waits(1)), 1);
        assert_eq!(board.waiting_count(), 0);
        board.log_passed();
        assert!(board.lines().places.is_empty(), "its version is forgotten in the end");
        // The control: a newer version is.
        board.enter_interaction(Arc::new(waits(1)), 3);
        assert_eq!(board.waiting_count(), 1);
        board.log_passed();
        board.log_passed();
        assert_eq!(board.waiting_count(), 1);
    }

    /// A read that began before a desk was removed, and is entered late.
    #[test]
    fn a_removed_desk_is_not_put_back_by_an_older_read() {
        let board = Board::default();
        let user = UserId(1);
        let workbin = WorkbinId(2);
        let mut desk = Desk::new(user, CenterId(1), Time(0));
        desk.watch(workbin);
        let enter = |version, as_of| board.enter_desk(Arc::new(desk.clone()), version, as_of);
        enter(5, 0);
        let before = board.desk_changes();
        board.remove_desk(user, 0);
        assert!(board.desk(user).is_some(), "the control: it was entered after that read began");
        board.remove_desk(user, before);
        assert!(board.desk(user).is_none() && board.watchers(workbin).is_empty());
        enter(5, before);
        board.log_passed();
        enter(6, before);
        assert!(board.desk(user).is_none());
        enter(1, board.desk_changes());
        assert_eq!(board.desk(user).map(|desk| desk.version), Some(1), "it was begun anew");
        board.log_passed();
        assert!(board.lock().removed.iter().all(HashMap::is_empty), "it is forgotten in the end");
    }

    #[test]
    fn a_desk_that_was_begun_anew_takes_the_place_of_one_whose_removal_nobody_noticed() {
        let board = Board::default();
        let desk = Arc::new(Desk::new(UserId(1), CenterId(1), Time(0)));
        let known = || board.desk(UserId(1)).map(|desk| desk.version);
        board.enter_desk(desk.clone(), 5, 0);
        board.enter_desk(desk.clone(), 1, 0);
        assert_eq!(known(), Some(5), "that read began before");
        board.enter_desk(desk, 1, board.desk_changes());
        assert_eq!(known(), Some(1));
    }

    #[test]
    fn notes_count_as_well() {
        let board = Board::default();
        let text = "x".repeat(RECENT_WEIGHT_MAX / 10);
        let mut noted = interaction(InteractionId(1));
        noted.notes = (0..10).map(|_| Note { by: None, at: Time(0), text: text.clone() }).collect();
        board.enter_interaction(Arc::new(noted), 1);
        assert!(!has(&board, 1), "it is larger than what is kept");
    }

    #[test]
    fn a_large_one_is_not_kept_and_pushes_nothing_out() {
        let board = Board::default();
        enter(&board, 1, 1);
        for id in 2..1_000 {
            enter(&board, id, 1 << 20);
        }
        assert!(has(&board, 1) && !has(&board, 2));
        let mut grown = interaction(InteractionId(1));
        grown.subject = Some("x".repeat(1 << 20));
        board.enter_interaction(Arc::new(grown), 2);
        assert!(!has(&board, 1), "an old version is not shown for the new one");
    }
}
