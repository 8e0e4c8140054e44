//! Feeding a projection: from the records and the kept history when it has to be rebuilt, then from
//! the log.
//!
//! A reader remembers nothing: where to go on is in the projection, so it may end at any point, and
//! two of them may feed the same projection.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::{Center, Interaction, InteractionId, Time};
use handoff_engine::{Clock, Worker};
use handoff_store::{
    Key, Kind, LogEnd, LogEntry, Record, Store, StoreError, SubjectKey, Versioned, with_causes,
};
use tokio::sync::Notify;

use crate::projection::{Cursor, News, Projection, ProjectionError, Standing};

/// A day, in ms.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Entries read at once.
const PAGE: usize = 500;
/// Interactions whose histories are read in one round of a rebuild, and after how many entries of
/// them the round ends. Between two rounds commands have the store for themselves; one that comes
/// in the middle waits for less than a round.
const REBUILT_AT_ONCE: usize = 25;
const REBUILT_ENTRIES: usize = 250;
/// Entries whose interactions are read together, and after how many bytes of these no more are: a
/// letter may be a thousand times as large as a chat.
const READ_AT_ONCE: usize = 25;
const READ_BYTES_MAX: usize = 8 << 20;
/// How far the log may be ahead: more costs longer than a rebuild. An entry takes about a kilobyte,
/// so this is a gigabyte of log.
const BEHIND_MAX: u64 = 1_000_000;
const BEHIND_MAX_MS: u64 = 24 * 60 * 60 * 1_000;
/// The longest time between two rounds; hints come with every commit.
const PERIOD: Duration = Duration::from_secs(1);
/// The shortest time between two rounds. Figures need not be newer than this, and one transaction
/// for many commits costs less than many.
const PAUSE: Duration = Duration::from_millis(250);
/// The same while it is rebuilt: a round takes a millisecond or two when nothing else is done, and
/// a rebuild of a million interactions ten minutes.
const PAUSE_REBUILDING: Duration = Duration::from_millis(12);
/// How many times as long as its last round took a rebuild rests, up to a period, when that is
/// longer: rounds take long when commands have much to do, and then they have three quarters of the
/// time for themselves.
const RESTS: u32 = 3;
/// After how many interactions of a rebuild it is said how far it is.
const TOLD_EVERY: u64 = 10_000;

/// What anybody is told of a projection that cannot go on.
const STUCK: &str = "it cannot go on and tries again; the log says why";

/// Why a projection is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Outdated,
    OtherGeneration,
    TooFarBehind,
    Swept,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outdated => "it is new, or somebody asked for it",
            Self::OtherGeneration => "the store was restored or copied",
            Self::TooFarBehind => "it was too far behind the log",
            Self::Swept => "the log was swept beyond it",
        })
    }
}

/// What a round left to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    More,
}

/// A round did not get on.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

/// Feeds one projection.
pub struct Reader {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    projection: Arc<dyn Projection>,
    is_rebuilding: AtomicBool,
    /// Up to where it has taken in the log; zero while it is rebuilt.
    reached: AtomicU64,
    /// How long the last round of a rebuild took, in ms.
    worked_ms: AtomicU64,
    /// What there is to say of it: that it is being rebuilt, or what keeps it from going on.
    detail: Mutex<Option<String>>,
    /// What keeps the projection from going on, as it was logged.
    stuck: Mutex<Option<String>>,
    wakes: Arc<Notify>,
}

impl Reader {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        projection: Arc<dyn Projection>,
    ) -> Self {
        Self {
            store,
            clock,
            projection,
            is_rebuilding: AtomicBool::new(false),
            reached: AtomicU64::new(0),
            worked_ms: AtomicU64::new(0),
            detail: Mutex::default(),
            stuck: Mutex::default(),
            wakes: Arc::default(),
        }
    }

    /// Feeds it until it has everything, without pauses: for a store that serves nobody. `progress`
    /// is told where it stands.
    ///
    /// # Errors
    ///
    /// The store's own and the projection's.
    pub async fn catch_up(
        &self,
        progress: impl Fn(Standing) + Send + Sync,
    ) -> Result<(), StoreError> {
        loop {
            match self.step().await {
                Ok(Left::Nothing) => return Ok(()),
                Ok(Left::More) => progress(self.standing().await.map_err(failed)?),
                Err(StepError::Projection(ProjectionError::Overtaken)) => {}
                Err(StepError::Projection(error)) => return Err(failed(error)),
                Err(StepError::Store(error)) => return Err(error),
            }
        }
    }

    /// Does a bounded piece of what is to be done.
    async fn step(&self) -> Result<Left, StepError> {
        let standing = self.standing().await?;
        let end = self.store.log_end().await?;
        match standing {
            Standing::Outdated => self.begin(standing, end, Reason::Outdated).await,
            Standing::Rebuilding { end: Cursor { generation, .. }, .. }
            | Standing::Following(Cursor { generation, .. })
                if generation != end.generation =>
            {
                self.begin(standing, end, Reason::OtherGeneration).await
            }
            Standing::Rebuilding { end, after, done, total } => {
                self.rebuild(end, after, done, total).await
            }
            Standing::Following(at) => self.follow(at, end).await,
        }
    }

    /// Drops what the projection has and begins to rebuild it, up to where the log ends now.
    async fn begin(&self, from: Standing, end: LogEnd, reason: Reason) -> Result<Left, StepError> {
        let end = Cursor { generation: end.generation, position: end.position };
        let total = self.interactions().await?;
        let to = Standing::Rebuilding { end, after: None, done: 0, total };
        tracing::info!(reader = self.projection.name(), %reason, interactions = total, "a reader of the log is rebuilt");
        // A day for the rebuild itself: what is old enough goes on being removed meanwhile.
        let kept_at_least = Center::RETENTION_MS_MIN - DAY_MS;
        let settled = Time(self.clock.now().0.saturating_sub_unsigned(kept_at_least));
        self.ask(move |projection| projection.rebuild(from, to, settled)).await?;
        self.tell(to);
        Ok(Left::More)
    }

    /// Counts the interactions of all contact centers.
    async fn interactions(&self) -> Result<u64, StoreError> {
        let (mut total, mut after) = (0, None);
        loop {
            let page = self.store.list(Kind::Center, after.take(), PAGE).await?;
            after = page.items.last().map(|last| last.value.key());
            for center in page.items {
                if let Record::Center(center) = center.value {
                    let census = self.store.census(center.id).await?;
                    total += census.iter().map(|(_, count)| count).sum::<u64>();
                }
            }
            if !page.more {
                return Ok(total);
            }
        }
    }

    /// Takes in the histories of the next interactions, as far as the log went when it began. What
    /// came later is in the log.
    async fn rebuild(
        &self,
        end: Cursor,
        after: Option<InteractionId>,
        done: u64,
        total: u64,
    ) -> Result<Left, StepError> {
        let from = Standing::Rebuilding { end, after, done, total };
        let key = after.map(Key::Interaction);
        let page = self.store.list(Kind::Interaction, key, REBUILT_AT_ONCE).await?;
        let (mut entries, mut after, mut taken) = (Vec::new(), after, 0);
        let listed = page.items.len();
        let mut interactions = BTreeMap::new();
        for item in page.items {
            let Record::Interaction(interaction) = item.value else { continue };
            let id = interaction.id;
            entries.extend(self.history(id, end.position).await?);
            interactions.insert(id, Some(interaction));
            (after, taken) = (Some(id), taken + 1);
            if entries.len() >= REBUILT_ENTRIES {
                break;
            }
        }
        let is_last = taken == listed && !page.more;
        let to = if is_last {
            Standing::Following(end)
        } else {
            Standing::Rebuilding { end, after, done: done + taken as u64, total }
        };
        let news = News { entries, interactions };
        self.ask(move |projection| projection.apply(&news, from, to)).await?;
        self.tell(to);
        if is_last {
            let reader = self.projection.name();
            tracing::info!(reader, "a reader of the log is rebuilt and follows the log again");
        } else if done / TOLD_EVERY != (done + taken as u64) / TOLD_EVERY {
            let reader = self.projection.name();
            tracing::info!(reader, done, total, "a reader of the log is being rebuilt");
        }
        Ok(Left::More)
    }

    /// Returns what happened to an interaction, up to a position.
    async fn history(&self, id: InteractionId, until: u64) -> Result<Vec<LogEntry>, StoreError> {
        let subject = SubjectKey::Interaction(id);
        let mut found: Vec<LogEntry> = Vec::new();
        let mut after = 0;
        loop {
            let page = self.store.history(subject, after, PAGE).await?;
            let Some(last) = page.items.last() else { return Ok(found) };
            after = last.position;
            let known = page.items.into_iter().take_while(|entry| entry.position <= until);
            found.extend(known.map(|entry| LogEntry {
                position: entry.position,
                at: entry.at,
                subject,
                told: Vec::new(),
                cause: entry.cause,
                facts: entry.facts,
                epoch: entry.epoch,
            }));
            if !page.more || after >= until {
                return Ok(found);
            }
        }
    }

    /// Takes in the next entries of the log.
    async fn follow(&self, at: Cursor, end: LogEnd) -> Result<Left, StepError> {
        let from = Standing::Following(at);
        if at.position > end.position {
            return self.begin(from, end, Reason::OtherGeneration).await;
        }
        if end.position - at.position > BEHIND_MAX {
            return self.begin(from, end, Reason::TooFarBehind).await;
        }
        let page = match self.store.log_after(at.position, PAGE).await {
            Err(StoreError::Swept { .. }) => return self.begin(from, end, Reason::Swept).await,
            page => page?,
        };
        let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
            self.tell(from);
            return Ok(Left::Nothing);
        };
        // A few entries are read sooner than everything, whatever their age.
        if page.more && self.is_too_old(first.at) {
            return self.begin(from, end, Reason::TooFarBehind).await;
        }
        let (end, more) = (last.position, page.more);
        let news = self.with_interactions(page.items).await?;
        let position = news.entries.last().map_or(at.position, |last| last.position);
        let to = Standing::Following(Cursor { position, ..at });
        let left = if more || position < end { Left::More } else { Left::Nothing };
        self.ask(move |projection| projection.apply(&news, from, to)).await?;
        self.tell(to);
        Ok(left)
    }

    /// Reads the interactions that entries are about, for a projection that asks for them. What
    /// takes too much at once is left for the next time.
    async fn with_interactions(&self, mut entries: Vec<LogEntry>) -> Result<News, StoreError> {
        let mut interactions = BTreeMap::new();
        let (mut taken, mut bytes) = (0, 0);
        while taken < entries.len() && bytes < READ_BYTES_MAX {
            let next = entries[taken..].iter().take(READ_AT_ONCE);
            taken += next.len();
            let about: BTreeSet<InteractionId> = next
                .filter(|entry| self.projection.reads(entry))
                .filter_map(|entry| match entry.subject {
                    SubjectKey::Interaction(id) => Some(id),
                    SubjectKey::Desk(_) | SubjectKey::Center(_) => None,
                })
                .filter(|id| !interactions.contains_key(id))
                .collect();
            if about.is_empty() {
                continue;
            }
            for (id, interaction) in self.interactions_of(about).await? {
                bytes += interaction.as_ref().map_or(0, Interaction::weight);
                interactions.insert(id, interaction);
            }
        }
        entries.truncate(taken);
        Ok(News { entries, interactions })
    }

    /// Reads interactions: `None` of one that is gone. Of one that cannot be read nothing is said,
    /// and what a projection has of it stays: another program may be able to.
    async fn interactions_of(
        &self,
        ids: BTreeSet<InteractionId>,
    ) -> Result<Vec<(InteractionId, Option<Interaction>)>, StoreError> {
        let keys: Vec<Key> = ids.iter().copied().map(Key::Interaction).collect();
        let records = match self.store.load(&keys).await {
            Err(error) if error.is_unreadable() => {
                let mut all = Vec::with_capacity(keys.len());
                for key in &keys {
                    all.push(match self.store.load_one(key).await {
                        Err(error) if error.is_unreadable() => None,
                        loaded => Some(loaded?),
                    });
                }
                all
            }
            loaded => loaded?.into_iter().map(Some).collect(),
        };
        let interaction = |found: Option<Versioned<Record>>| match found?.value {
            Record::Interaction(interaction) => Some(interaction),
            _ => None,
        };
        let read = ids.into_iter().zip(records);
        Ok(read.filter_map(|(id, record)| Some((id, interaction(record?)))).collect())
    }

    fn is_too_old(&self, at: Time) -> bool {
        self.clock.now().ms_since(at) > BEHIND_MAX_MS
    }

    async fn standing(&self) -> Result<Standing, ProjectionError> {
        self.ask(|projection| projection.standing()).await
    }

    /// Asks the projection on a thread that may wait for a disk.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Projection) -> Result<T, ProjectionError> + Send + 'static,
    ) -> Result<T, ProjectionError> {
        let projection = self.projection.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&*projection)).await;
        asked.unwrap_or_else(|error| Err(ProjectionError::Unreadable(error.to_string())))
    }

    fn tell(&self, standing: Standing) {
        let reached = match standing {
            Standing::Following(at) => at.position,
            Standing::Outdated | Standing::Rebuilding { .. } => 0,
        };
        self.reached.store(reached, Ordering::Relaxed);
        let rebuilding = match standing {
            Standing::Rebuilding { done, total, .. } => {
                Some(format!("rebuilding: {done} of {total} interactions"))
            }
            Standing::Outdated | Standing::Following(_) => None,
        };
        self.is_rebuilding.store(rebuilding.is_some(), Ordering::Relaxed);
        self.set_detail(rebuilding);
        *self.stuck.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set_detail(&self, detail: Option<String>) {
        *self.detail.lock().unwrap_or_else(PoisonError::into_inner) = detail;
    }

    /// Tells what keeps the projection from going on. Nothing else stands on it, so the server goes
    /// on without.
    fn note(&self, error: &ProjectionError) {
        let text = with_causes(error);
        // Anybody may be shown it, and what the library says names files.
        self.set_detail(Some(STUCK.to_owned()));
        let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        // A lasting failure is logged once.
        if stuck.as_ref() != Some(&text) {
            tracing::warn!(reader = self.projection.name(), error = %text, "a reader of the log cannot go on; it tries again");
            *stuck = Some(text);
        }
    }
}

pub(crate) fn failed(error: ProjectionError) -> StoreError {
    StoreError::Unavailable {
        attempted: "keeping what a reader made of the log",
        source: error.into(),
    }
}

#[async_trait]
impl Worker for Reader {
    fn name(&self) -> &'static str {
        self.projection.name()
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        match received {
            Received::Hint(Hint::Streams { .. } | Hint::Routing | Hint::Chats(_))
            | Received::Missed => true,
            Received::Hint(
                Hint::Timers | Hint::Directory | Hint::Logins | Hint::Nodes | Hint::Promised(_),
            )
            | Received::Closed => false,
        }
    }

    fn wakes(&self) -> Arc<Notify> {
        self.wakes.clone()
    }

    fn pause(&self) -> Duration {
        if !self.is_rebuilding.load(Ordering::Relaxed) {
            return PAUSE;
        }
        let worked = Duration::from_millis(self.worked_ms.load(Ordering::Relaxed));
        worked.saturating_mul(RESTS).clamp(PAUSE_REBUILDING, PERIOD)
    }

    fn reached(&self) -> Option<u64> {
        Some(self.reached.load(Ordering::Relaxed)).filter(|position| *position > 0)
    }

    fn detail(&self) -> Option<String> {
        self.detail.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what there is to do, and of a rebuild a piece: the next round has the next.
    async fn round(&self) -> Result<(), StoreError> {
        let begun = self.clock.now();
        loop {
            match self.step().await {
                Ok(Left::Nothing) => return Ok(()),
                Ok(Left::More) if self.is_rebuilding.load(Ordering::Relaxed) => {
                    let worked = self.clock.now().ms_since(begun);
                    self.worked_ms.store(worked, Ordering::Relaxed);
                    self.wakes.notify_one();
                    return Ok(());
                }
                Ok(Left::More) => {}
                // Somebody else feeds it as well; the next round looks again.
                Err(StepError::Projection(ProjectionError::Overtaken)) => return Ok(()),
                Err(StepError::Store(error)) => return Err(error),
                Err(StepError::Projection(error)) => {
                    self.note(&error);
                    return Ok(());
                }
            }
        }
    }
}
