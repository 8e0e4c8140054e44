//! A store that fails where a test plans it: at a commit, before or after it took place, or by not
//! answering at all.

mod cut;
mod desks;
mod fault;
mod guards;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Entry, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};
use handoff_store::{
    AboutNode, ChangeSet, CommitError, Committed, Deed, DirectoryEntry, DirectoryPage, ErasedWords,
    FoundWord, Head, HistoryEntry, InteractionQuery, Key, Kind, Lease, LivingNode, LogEnd,
    LogEntry, MemoryStore, Missed, Page, PromisedEnd, PromisedRow, Receipt, Record, SetAside,
    Store, StoreError, StreamRow, SubjectKey, SweepReport, Timer, Told, Version, Versioned,
    WordQuery,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use cut::Cut;
use fault::failure;
use guards::{Meanwhile, Overlooked};

pub use fault::Fault;

/// A memory store with planned faults. Count the ones that fired: a plan that never fires proves
/// nothing.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    /// Who is handed a copy of what was committed and when, in its order.
    copies: Option<tokio::sync::Mutex<UnboundedSender<(Instant, ChangeSet)>>>,
    planned: Mutex<VecDeque<Option<Fault>>>,
    fired: AtomicU64,
    conflicts: AtomicU64,
    loads: AtomicU64,
    lists: AtomicU64,
    interactions: AtomicU64,
    read_anew: AtomicU64,
    looks: AtomicU64,
    streams: AtomicU64,
    commits: AtomicU64,
    is_stalled: AtomicBool,
    stalled: Notify,
    held: Notify,
    released: Notify,
    /// The next commit makes the look at directories after it fail.
    fails_reading_back: AtomicBool,
    fails_next_look: AtomicBool,
    fails_next_stream: AtomicBool,
    /// The next list is read, and handed over when it is released.
    holds_next_list: AtomicBool,
    /// The next transcript is read once it is released.
    holds_next_transcript: AtomicBool,
    unreadable: Mutex<BTreeSet<Key>>,
    /// What somebody else commits, one before each page of a list.
    between_lists: Mutex<VecDeque<ChangeSet>>,
    /// What somebody else does just before the next commit.
    before_next: Mutex<Option<Meanwhile>>,
    /// What no commit checks.
    overlooked: Mutex<Option<Overlooked>>,
    /// The versions of desks that answered commits told of, when every change of an interaction
    /// relies on its owner's.
    desks: Option<Mutex<HashMap<UserId, Version>>>,
    /// Commits do not end in the turn in which they began.
    is_slow: AtomicBool,
    /// No commit tells what was in its streams before.
    hides_gaps: AtomicBool,
    /// What its clock shows, where that is not this process's.
    shown: Mutex<Option<Time>>,
    cut: Cut,
}

impl FaultyStore {
    /// Has its clock show a time.
    pub fn show_time(&self, time: Time) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
    }

    /// Puts faults before a store that holds something already.
    #[must_use]
    pub fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            copies: None,
            planned: Mutex::default(),
            fired: AtomicU64::new(0),
            conflicts: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            interactions: AtomicU64::new(0),
            read_anew: AtomicU64::new(0),
            looks: AtomicU64::new(0),
            streams: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            is_stalled: AtomicBool::new(false),
            stalled: Notify::new(),
            held: Notify::new(),
            released: Notify::new(),
            fails_reading_back: AtomicBool::new(false),
            fails_next_look: AtomicBool::new(false),
            fails_next_stream: AtomicBool::new(false),
            holds_next_list: AtomicBool::new(false),
            holds_next_transcript: AtomicBool::new(false),
            unreadable: Mutex::default(),
            between_lists: Mutex::default(),
            before_next: Mutex::default(),
            overlooked: Mutex::default(),
            desks: None,
            is_slow: AtomicBool::new(false),
            hides_gaps: AtomicBool::new(false),
            shown: Mutex::default(),
            cut: Cut::default(),
        }
    }

    /// From now on others get a turn during each commit, as they do with every store that is not in
    /// memory.
    pub fn slow_down(&self) {
        self.is_slow.store(true, Ordering::SeqCst);
    }

    /// From now on reports each row that a commit adds as the first of its stream.
    pub fn hide_gaps(&self) {
        self.hides_gaps.store(true, Ordering::SeqCst);
    }

    /// Lets the next read of a stream fail.
    pub fn fail_next_stream(&self) {
        self.fails_next_stream.store(true, Ordering::SeqCst);
    }

    /// Returns how often a stream was read.
    #[must_use]
    pub fn streams(&self) -> u64 {
        self.streams.load(Ordering::SeqCst)
    }

    /// Hands on what is committed.
    #[must_use]
    pub fn copied(mut self) -> (Self, UnboundedReceiver<(Instant, ChangeSet)>) {
        let (copies, committed) = unbounded_channel();
        self.copies = Some(tokio::sync::Mutex::new(copies));
        (self, committed)
    }

    /// Lets the first look at directories after the next commit fail: the change is durable, and
    /// reading it back is what fails.
    pub fn fail_reading_back(&self) {
        self.fails_reading_back.store(true, Ordering::SeqCst);
    }

    /// Lets the next list be read and wait for [`FaultyStore::release`]: what it shows is old then.
    pub fn hold_next_list(&self) {
        self.holds_next_list.store(true, Ordering::SeqCst);
    }

    /// Lets the next look at a transcript wait for [`FaultyStore::release`] before it is read: it
    /// is newer then than what the reader knew.
    pub fn hold_next_transcript(&self) {
        self.holds_next_transcript.store(true, Ordering::SeqCst);
    }

    /// Waits to be released when it is held.
    async fn hold(&self, is_held: &AtomicBool) {
        if is_held.swap(false, Ordering::SeqCst) {
            self.fired.fetch_add(1, Ordering::SeqCst);
            self.held.notify_one();
            self.released.notified().await;
        }
    }

    /// Makes a record unreadable from now on: lists leave it out, and loads of it fail.
    pub fn make_unreadable(&self, key: Key) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Lets somebody else commit one of these before each page of a list that is read.
    pub fn commit_between_lists(&self, changes: impl IntoIterator<Item = ChangeSet>) {
        self.between_lists.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
    }

    /// Tells how many of these are left.
    pub fn left_between_lists(&self) -> usize {
        self.between_lists.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn is_readable(&self, key: &Key) -> bool {
        let is_readable =
            !self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).contains(key);
        self.fired.fetch_add(u64::from(!is_readable), Ordering::SeqCst);
        is_readable
    }

    /// Tells how many faults fired.
    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::SeqCst)
    }

    /// Tells how many commits failed on a guard.
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::SeqCst)
    }

    /// Tells how often records were loaded by key.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    /// Tells how many pages of lists were read.
    pub fn lists(&self) -> u64 {
        self.lists.load(Ordering::SeqCst)
    }

    /// Tells how many pages of interactions were read.
    pub fn interactions_read(&self) -> u64 {
        self.interactions.load(Ordering::SeqCst)
    }

    /// Tells how many records of directories were read because they had changed.
    pub fn read_anew(&self) -> u64 {
        self.read_anew.load(Ordering::SeqCst)
    }

    /// Tells how many commits were tried.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// Tells how often versions, who was told of what, or receipts were looked at.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Waits until something took place whose answer is held.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Lets the answer go that is held.
    pub fn release(&self) {
        self.released.notify_one();
    }
}

impl Default for FaultyStore {
    fn default() -> Self {
        Self::over(Arc::new(MemoryStore::new()))
    }
}

impl FaultyStore {
    /// The lock keeps the order of the copies that of the commits.
    async fn commit_and_copy(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        let Some(copies) = &self.copies else { return self.inner.commit(change).await };
        let copies = copies.lock().await;
        let committed = self.inner.commit(change.clone()).await?;
        // Whoever took them may have ended.
        let _ = copies.send((Instant::now(), change));
        Ok(committed)
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        self.reached().await;
        self.commits.fetch_add(1, Ordering::SeqCst);
        let planned =
            self.planned.lock().unwrap_or_else(PoisonError::into_inner).pop_front().flatten();
        if self.is_slow.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let mut change = self.meddle(change).await;
        self.rely_on_desks(&mut change).await?;
        let Some(fault) = planned else {
            let committed = self.commit_and_copy(change).await;
            self.note_desks(&committed);
            let is_conflict = matches!(committed, Err(CommitError::Conflict { .. }));
            self.conflicts.fetch_add(u64::from(is_conflict), Ordering::SeqCst);
            let mut committed = committed?;
            if self.hides_gaps.load(Ordering::SeqCst) {
                committed.rows.iter_mut().for_each(|added| added.after = 0);
            }
            let fails = self.fails_reading_back.swap(false, Ordering::SeqCst);
            self.fails_next_look.fetch_or(fails, Ordering::SeqCst);
            return Ok(committed);
        };
        self.fired.fetch_add(1, Ordering::SeqCst);
        match fault {
            Fault::AfterCommit => drop(self.inner.commit(change).await?),
            Fault::Held => {
                let committed = self.inner.commit(change).await;
                self.held.notify_one();
                self.released.notified().await;
                return committed;
            }
            Fault::BeforeCommit | Fault::Lost => {}
        }
        Err(failure(fault))
    }

    async fn head(&self, owner: Owner) -> Result<Head, StoreError> {
        self.inner.head(owner).await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        self.reached().await;
        self.loads.fetch_add(1, Ordering::SeqCst);
        if let Some(key) = keys.iter().find(|key| !self.is_readable(key)) {
            return Err(StoreError::Corrupt { what: format!("{key:?}") });
        }
        self.inner.load(keys).await
    }

    async fn contact_words(&self, query: &WordQuery) -> Result<Page<FoundWord>, StoreError> {
        self.inner.contact_words(query).await
    }

    async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.versions(keys).await
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        let between = self.between_lists.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(change) = between {
            self.inner.commit(change).await.expect("a planned commit must succeed");
        }
        let mut page = self.inner.list(kind, after, limit).await?;
        self.lists.fetch_add(1, Ordering::SeqCst);
        page.items.retain(|item| self.is_readable(&item.value.key()));
        self.hold(&self.holds_next_list).await;
        Ok(page)
    }

    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        if self.fails_next_look.swap(false, Ordering::SeqCst) {
            self.fired.fetch_add(1, Ordering::SeqCst);
            let attempted = "reading how often directories were changed";
            return Err(StoreError::Unavailable {
                attempted,
                source: "planned by the test".into(),
            });
        }
        self.inner.directory_versions().await
    }

    async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError> {
        let mut page = self.inner.directory_after(center, version, limit).await?;
        self.read_anew.fetch_add(page.entries.len() as u64, Ordering::SeqCst);
        for entry in &mut page.entries {
            let key = entry.key();
            if !self.is_readable(&key) {
                *entry = DirectoryEntry::Unreadable(key);
            }
        }
        Ok(page)
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.interactions.fetch_add(1, Ordering::SeqCst);
        let mut page = self.inner.interactions(query).await?;
        let all = page.items.len();
        page.items.retain(|item| self.is_readable(&Key::Interaction(item.value.id)));
        if query.strict && page.items.len() < all {
            return Err(StoreError::Corrupt { what: "an interaction".to_owned() });
        }
        Ok(page)
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.inner.census(center).await
    }

    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        self.reached().await;
        self.cut.timers_read.fetch_add(1, Ordering::SeqCst);
        self.cut.lets_read_timers()?;
        self.inner.timers(now, limit).await
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        self.inner.log_end().await
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError> {
        self.inner.log_after(position, limit).await
    }

    async fn told_after(&self, position: u64, limit: usize) -> Result<Page<Told>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        // No store answers at once, and whoever asks meanwhile waits.
        tokio::task::yield_now().await;
        self.inner.told_after(position, limit).await
    }

    async fn renew_generation(&self) -> Result<LogEnd, StoreError> {
        self.inner.renew_generation().await
    }

    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        self.streams.fetch_add(1, Ordering::SeqCst);
        if self.fails_next_stream.swap(false, Ordering::SeqCst) {
            self.fired.fetch_add(1, Ordering::SeqCst);
            let attempted = "reading a stream";
            let source = "planned by the test".into();
            return Err(StoreError::Unavailable { attempted, source });
        }
        self.inner.stream(owner, after, limit).await
    }

    async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        self.streams.fetch_add(1, Ordering::SeqCst);
        if self.is_stalled.load(Ordering::SeqCst) {
            self.stalled.notify_one();
            std::future::pending::<()>().await;
        }
        self.inner.missed(owner, after, limit).await
    }

    async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        self.inner.promised(user, after, limit).await
    }

    async fn promised_after(&self, number: u64) -> Result<PromisedEnd, StoreError> {
        self.inner.promised_after(number).await
    }

    async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        self.inner.history(subject, after, limit).await
    }

    async fn transcript(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.hold(&self.holds_next_transcript).await;
        self.inner.transcript(interaction, after, limit).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.receipt(scope, key).await
    }

    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.inner.receipts_beginning(scope, beginning, limit).await
    }

    async fn erase_words(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        self.inner.erase_words(interaction, after, limit, deed).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.inner.scrub().await
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        self.reached().await;
        self.cut.sweeps.fetch_add(1, Ordering::SeqCst);
        self.inner.sweep(now, streams_before, logins_before, limit).await
    }

    fn set_aside(&self) -> Vec<SetAside> {
        let unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        unreadable
            .iter()
            .map(|key| SetAside {
                row: format!("{} {key:?}", key.kind().table()),
                why: "planned by the test".to_owned(),
            })
            .collect()
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        self.inner.latest().await
    }

    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError> {
        self.reached().await;
        self.inner.begin_lease(node, for_ms).await
    }

    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError> {
        self.reached().await;
        self.inner.renew_lease(node, for_ms).await
    }

    async fn end_lease(&self, node: Incarnation) -> Result<(), StoreError> {
        self.inner.end_lease(node).await
    }

    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        self.inner.living().await
    }

    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        Ok(*self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take_duties(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        self.reached().await;
        if self.cut.shares_no_duties.load(Ordering::SeqCst) {
            return Ok(wanted.iter().copied().map(str::to_owned).collect());
        }
        self.inner.take_duties(node, wanted).await
    }

    async fn leave_duties(&self, node: Incarnation, names: &[&str]) -> Result<(), StoreError> {
        self.inner.leave_duties(node, names).await
    }

    async fn describe_node(&self, node: Incarnation, about: AboutNode) -> Result<(), StoreError> {
        self.inner.describe_node(node, about).await
    }

    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        self.inner.nodes().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
