//! What all rooms of the engine stand on: the store and the bus, time and identifiers, and what one
//! node remembers of them for speed.
//!
//! Nothing is decided here. The board, the directory and the memory of chats are reading aids: they
//! may be behind the store, a commit's guards notice that, and all of it is forgotten with the
//! process.

mod activity;
mod backlog;
mod board;
mod chats;
mod claims;
mod clocks;
mod commit_counts;
mod directory;
mod duties;
mod ears;
mod follow;
mod fresh;
mod happened;
pub mod hours;
mod incarnation;
mod next_due;
mod notes;
mod options;
mod pace;
mod ports;
mod readers;
mod references;
mod secrets;
mod to_the_end;
mod transcripts;

pub use backlog::Backlog;
pub use board::{Board, CurrentBoard, Lines, QueueHeld, QueueWaits};
pub(crate) use claims::claim_of_attempt;
pub use claims::{ClaimFor, Claimed, Claiming};
pub use clocks::{CLOCKS_APART_MAX_MS, clocks_apart_ms};
pub use directory::Directory;
pub use duties::Duty;
pub use happened::Happened;
pub use notes::{Note, NoteKind, NumberedNote};
pub use options::{AcknowledgementLimits, Options};
pub use ports::{Clock, IdSource, SystemClock, SystemIds};
pub use secrets::KeyTerms;
pub use transcripts::Most;

pub(crate) use chats::customer_of;
pub(crate) use duties::{Trial, Went};
pub(crate) use ears::Ears;
pub(crate) use next_due::NextDue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use handoff_bus::{Bus, Hint};
use handoff_domain::{
    CenterId, ContactId, Desk, Incarnation, Interaction, InteractionId, State, Time, UserId,
};
use handoff_store::{
    Contact, Distributed, Distribution, InteractionQuery, InteractionScope, Key, Kind, Record,
    Store, StoreError, Versioned,
};
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use activity::Activity;
use backlog::FoundBacklog;
use chats::Chats;
use commit_counts::CommitCounts;
pub use commit_counts::CommitTally;
use duties::Duties;
use ears::OwnEars;
use follow::Followed;
use fresh::Fresh;
use happened::HappenedCounts;
use ports::AheadClock;
use readers::Readers;
use references::References;

/// Bounds by which it is counted how late notifications are, in ms: what nobody notices, up to when
/// an offer is half over.
const NOTIFIED_AFTER_MS: &[u64] = &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 15_000];
/// Records read in one page when the board is read.
const PAGE: usize = 1_000;

/// What an engine stands on.
pub struct Parts {
    /// Where things are kept.
    pub store: Arc<dyn Store>,
    /// How parts wake each other.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn IdSource>,
    /// Numbers.
    pub options: Options,
}

/// What the rooms of one node share.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    own_ears: OwnEars,
    pub(crate) clock: Arc<dyn Clock>,
    ahead_ms: u64,
    pub(crate) ids: Arc<dyn IdSource>,
    incarnation: RwLock<Incarnation>,
    duties: Duties,
    /// Whether it is about to stop, and takes nobody who has somewhere else to go.
    leaving: AtomicBool,
    pub(crate) options: Options,
    pub(crate) board: Board,
    /// How far the board has followed the log.
    pub(crate) followed: Followed,
    /// What is to be given to sessions of this node.
    pub(crate) fresh: Fresh,
    /// How far readers of the log have come.
    pub(crate) readers: Readers,
    pub(crate) activity: Activity,
    pub(crate) chats: Chats,
    /// When this node started: before, it heard nobody.
    pub(crate) started: Time,
    /// When the next timer is due; a commit that sets an earlier one wakes the worker.
    pub(crate) timers_due: NextDue,
    /// Notified when something is to be sent.
    pub(crate) outgoing: Arc<Notify>,
    /// When the next mail goes out.
    pub(crate) outgoing_due: NextDue,
    pub(crate) backlog: FoundBacklog,
    pub(crate) commit_counts: CommitCounts,
    pub(crate) happened: HappenedCounts,
    /// How long after a change its notifications were handed to sessions, in ms.
    pub(crate) notified_after_ms: Distribution,
    directory: watch::Sender<Arc<Directory>>,
    /// Held by who reads the directory, so that no older one replaces a newer.
    reloading: Mutex<()>,
    references: References,
    /// Tasks that a stop waits for.
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
}

impl Core {
    /// Wakes whoever posts mails if one goes out before they look again.
    pub(crate) fn wake_outbox(&self, state: &State) {
        let State::Sending { due, .. } = state else { return };
        if *due <= self.now() || *due < self.outgoing_due.get() {
            self.outgoing.notify_one();
        }
    }

    /// Reads what a starting node must know. Nothing is changed yet.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn open(parts: Parts) -> Result<Arc<Self>, StoreError> {
        let (clock, ahead_ms) = never_back(parts.clock, &*parts.store).await?;
        let directory = Directory::load(&*parts.store).await?;
        let started = clock.now();
        let incarnation = RwLock::new(Incarnation(parts.ids.random()));
        let core = Self {
            incarnation,
            duties: Duties::default(),
            leaving: AtomicBool::new(false),
            store: parts.store,
            bus: parts.bus,
            own_ears: OwnEars::default(),
            clock,
            ahead_ms,
            ids: parts.ids,
            options: parts.options,
            board: Board::default(),
            followed: Followed::default(),
            fresh: Fresh::default(),
            readers: Readers::default(),
            activity: Activity::default(),
            chats: Chats::default(),
            started,
            timers_due: NextDue::default(),
            outgoing: Arc::default(),
            outgoing_due: NextDue::default(),
            backlog: FoundBacklog::default(),
            commit_counts: CommitCounts::default(),
            happened: HappenedCounts::default(),
            notified_after_ms: Distribution::new(NOTIFIED_AFTER_MS),
            directory: watch::Sender::new(Arc::new(directory)),
            reloading: Mutex::default(),
            references: References::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        core.reload_board().await?;
        Ok(Arc::new(core))
    }

    /// Runs what goes on when whoever began it is gone; a stop waits for it.
    pub fn see_through(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Returns by how much the time is ahead of the machine's clock, in ms: zero unless that was
    /// set back while no server ran.
    #[must_use]
    pub const fn clock_ahead_ms(&self) -> u64 {
        self.ahead_ms
    }

    /// Says that this node is about to stop: whoever has somewhere else to go should go there.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Tells whether this node is about to stop.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Says that a login session was ended, to whichever node has something open by it.
    pub fn tell_of_ended_login(&self) {
        self.bus.wake(Hint::Logins);
    }

    /// Returns the source of identifiers.
    #[must_use]
    pub fn ids(&self) -> &dyn IdSource {
        &*self.ids
    }

    /// Returns the store, for what is neither interaction nor desk: login sessions, receipts,
    /// configuration.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    #[must_use]
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// Returns the numbers.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Returns how commits went since the node began.
    #[must_use]
    pub fn commit_tally(&self) -> CommitTally {
        self.commit_counts.tally()
    }

    /// Returns what happened by this node's commits since it began.
    #[must_use]
    pub fn happened(&self) -> Happened {
        self.happened.so_far()
    }

    /// Returns how long after a change its notifications were handed to sessions of this node, in
    /// ms: the oldest of those that a user was given at once.
    #[must_use]
    pub fn notified_after_ms(&self) -> Distributed {
        self.notified_after_ms.distributed()
    }

    /// Returns what waits to be sent, as this node found it last; `None` while another one looks
    /// after it.
    #[must_use]
    pub fn backlog(&self) -> Option<Backlog> {
        self.has_duty(Duty::Outbox).then(|| self.backlog.last())
    }

    /// Returns by how many entries each reader of the log that runs here is behind, as far as this
    /// node knows the log.
    #[must_use]
    pub fn readers_behind(&self) -> BTreeMap<String, u64> {
        self.readers.behind(self.followed.position())
    }

    /// Returns the present directory.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.borrow().clone()
    }

    /// Returns what shows the present directory, and tells when another takes its place.
    #[must_use]
    pub fn watch_directory(&self) -> watch::Receiver<Arc<Directory>> {
        self.directory.subscribe()
    }

    /// Reads again what was changed in the directory. On return it is at least as it was when this
    /// was called.
    ///
    /// # Errors
    ///
    /// The store's own; the present directory then stays.
    pub async fn reload_directory(&self) -> Result<(), StoreError> {
        let _only_one = self.reloading.lock().await;
        if let Some(fresh) = self.directory().renewed(&*self.store).await? {
            self.replace_directory(fresh);
        }
        Ok(())
    }

    /// Reads the directory again because one of its entries was not as it is remembered.
    pub(crate) async fn reread_directory(&self, key: &Key) -> Result<(), StoreError> {
        self.reload_directory().await?;
        let _only_one = self.reloading.lock().await;
        let known = self.directory();
        if known.is_hidden(key, &*self.store).await? {
            self.replace_directory(known.with_unreadable(key.clone()));
        }
        Ok(())
    }

    fn replace_directory(&self, fresh: Directory) {
        self.directory.send_replace(Arc::new(fresh));
    }

    /// Returns the contact center of a user.
    #[must_use]
    pub fn center_of(&self, user: UserId) -> Option<CenterId> {
        self.directory().users.get(&user).map(|user| user.center)
    }

    /// Returns an agent's desk; `None` when they were never here.
    #[must_use]
    pub fn desk(&self, user: UserId) -> Option<Arc<Desk>> {
        self.board.desk(user).map(|desk| desk.value)
    }

    /// Returns a number for a user's next request, from 1. Each is higher than those before on the
    /// same node, and none is given twice, on other nodes and after a restart neither.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn next_reference(&self, user: UserId) -> Result<i32, StoreError> {
        self.references.next(user, &*self.store).await
    }

    /// Reads an interaction from the store and enters it on the board.
    pub(crate) async fn load_interaction(
        &self,
        id: InteractionId,
    ) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
        let found = self.store.load_one(&Key::Interaction(id)).await?;
        let Some(Versioned { value: Record::Interaction(interaction), version }) = found else {
            return Ok(None);
        };
        let value = Arc::new(interaction);
        self.board.enter_interaction(value.clone(), version);
        Ok(Some(Versioned { value, version }))
    }

    /// Returns an interaction as it is now, to whoever asks: who may see it is decided elsewhere.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interaction(
        &self,
        id: InteractionId,
    ) -> Result<Option<Arc<Interaction>>, StoreError> {
        if let Some(known) = self.board.current(id)
            && self.store.versions(&[Key::Interaction(id)]).await? == [known.version]
        {
            return Ok(Some(known.value));
        }
        Ok(self.load_interaction(id).await?.map(|found| found.value))
    }

    /// Returns an agent's desk as it is now; `None` when they were never here.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn current_desk(&self, user: UserId) -> Result<Option<Arc<Desk>>, StoreError> {
        let known = self.board.desk(user);
        let version = known.as_ref().map_or(0, |desk| desk.version);
        if self.store.versions(&[Key::Desk(user)]).await? != [version] {
            self.load_desks(&[user]).await?;
        }
        Ok(self.desk(user))
    }

    /// Reads desks from the store and enters them on the board; those that it has not go from it.
    pub(crate) async fn load_desks(&self, users: &[UserId]) -> Result<(), StoreError> {
        let keys: Vec<Key> = users.iter().copied().map(Key::Desk).collect();
        let as_of = self.board.desk_changes();
        for (user, found) in users.iter().zip(self.store.load(&keys).await?) {
            match found {
                Some(Versioned { value: Record::Desk(desk), version }) => {
                    self.board.enter_desk(Arc::new(desk), version, as_of);
                }
                _ => self.board.remove_desk(*user, as_of),
            }
        }
        Ok(())
    }

    /// Reads a contact from the store.
    pub(crate) async fn load_contact(
        &self,
        id: ContactId,
    ) -> Result<Option<Versioned<Contact>>, StoreError> {
        Ok(contact_of(self.store.load_one(&Key::Contact(id)).await?))
    }

    /// Reads all desks and all that waits from the store. The board goes on from where the log
    /// ended before: what is committed meanwhile is read twice, and nothing is left out.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn reload_board(&self) -> Result<(), StoreError> {
        let end = self.store.log_end().await?;
        let as_of = self.board.desk_changes();
        let mut absent: BTreeSet<UserId> =
            self.board.desks().iter().map(|desk| desk.user).collect();
        let mut after = None;
        loop {
            let page = self.store.list(Kind::Desk, after.take(), PAGE).await?;
            after = page.items.last().map(|last| last.value.key());
            for item in page.items {
                if let Record::Desk(desk) = item.value {
                    absent.remove(&desk.user);
                    self.board.enter_desk(Arc::new(desk), item.version, as_of);
                }
            }
            if !page.more {
                break;
            }
        }
        absent.into_iter().for_each(|user| self.board.remove_desk(user, as_of));
        self.reload_waiting().await?;
        self.reload_held().await?;
        self.followed.begin_after(end.position);
        Ok(())
    }

    /// Reads everything that waits from the store.
    async fn reload_waiting(&self) -> Result<(), StoreError> {
        let mut query = InteractionQuery::of(InteractionScope::Waiting, PAGE);
        loop {
            let page = self.store.interactions(&query).await?;
            query.after = page.items.last().map(|last| last.value.id);
            for item in page.items {
                self.board.enter_interaction(Arc::new(item.value), item.version);
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Tells whether the engine was told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Waits for something, but no longer than until the engine was told to stop.
    pub async fn or_stopped(&self, waiting: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = waiting => {}
            () = self.stopping.cancelled() => {}
        }
    }

    /// Waits until the engine was told to stop, and then `ms` more.
    pub(crate) async fn stopped_for(&self, ms: u64) {
        self.stopping.cancelled().await;
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Returns a clock that shows no earlier time than what is stored, and by how much it is ahead of
/// the machine's.
async fn never_back(
    clock: Arc<dyn Clock>,
    store: &dyn Store,
) -> Result<(Arc<dyn Clock>, u64), StoreError> {
    let ahead_ms = store.latest().await?.map_or(0, |latest| latest.ms_since(clock.now()));
    if ahead_ms == 0 {
        return Ok((clock, 0));
    }
    tracing::warn!(
        ahead_ms,
        "the machine's clock shows less than what is stored: it was set back; the server's time \
         goes on from what is stored until the clock has caught up"
    );
    Ok((Arc::new(AheadClock { ahead_ms, inner: clock }), ahead_ms))
}

/// Returns a record that was read as the contact that it is.
pub(crate) fn contact_of(found: Option<Versioned<Record>>) -> Option<Versioned<Contact>> {
    found.and_then(|Versioned { value, version }| match value {
        Record::Contact(value) => Some(Versioned { value, version }),
        _ => None,
    })
}
