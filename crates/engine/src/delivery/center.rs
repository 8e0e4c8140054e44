//! Telling those who watch a whole contact center how its agents and queues stand.
//!
//! Nothing of it is written: each node reads the log for the sessions that it has itself, looks at
//! its board, and tells the states that are others than it told before. What a message has is the
//! whole state of one agent or queue, so whoever comes back is told the present state of each that
//! changed since the place in the log up to which they know everything; where a node cannot say
//! what that is, it says so, and they read all of it again
//! (docs/adr/0032-the-center-live-is-states.md).

mod live;
mod picture;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::{CenterId, Time};
use handoff_store::{LogEnd, StoreError};
use tokio::sync::Notify;

use self::live::{Live, Mark};
use self::picture::{Seen, Subject};
use super::{Delivery, Replay};
use crate::core::{Board, Core, Directory};
use crate::outward::{AgentState, CenterTopic, QueueState};
use crate::views::{agents_of_center, queues_of_center};

/// How long it is remembered what was told of a center that nobody watches, in ms: somebody has
/// just read all of it and is about to watch, or comes back.
const KEPT_MS: u64 = 60_000;
/// The shortest time between two messages about one queue, in ms.
const QUEUE_PAUSE_MS: u64 = 1_000;

/// A session that is to be told how a contact center stands.
#[derive(Clone, Debug)]
pub struct WatchCenter {
    pub center: CenterId,
    pub topic: CenterTopic,
    /// The channel, as the client wrote it: messages go out under it.
    pub name: String,
    /// Where it begins: after a number that a message or an answer had.
    pub replay: Replay,
}

/// What is watched on this node.
#[derive(Default)]
pub(super) struct Centers {
    all: Mutex<BTreeMap<CenterId, Center>>,
    /// Held from a look until what it found is taken in, so that no older one is taken in later.
    looking: tokio::sync::Mutex<()>,
    /// Notified when somebody who is owed something may have room for it.
    room: Arc<Notify>,
    /// Whether somebody had no room.
    is_full: AtomicBool,
}

struct Center {
    agents: Live<AgentState>,
    queues: Live<QueueState>,
    /// When it was last asked about.
    asked: Time,
}

impl Center {
    fn new(asked: Time) -> Self {
        Self { agents: Live::default(), queues: Live::default(), asked }
    }

    fn is_watched(&self) -> bool {
        self.agents.is_watched() || self.queues.is_watched()
    }
}

/// What is told on a topic of a center.
trait Watched: Subject {
    /// The shortest time between two messages about one of them, in ms.
    const PAUSE_MS: u64;

    fn look(board: &Board, directory: &Arc<Directory>, center: CenterId) -> Vec<Self>;
    fn of(center: &mut Center) -> &mut Live<Self>;
}

impl Watched for AgentState {
    const PAUSE_MS: u64 = 0;

    fn look(board: &Board, directory: &Arc<Directory>, center: CenterId) -> Vec<Self> {
        agents_of_center(board, directory, center)
    }

    fn of(center: &mut Center) -> &mut Live<Self> {
        &mut center.agents
    }
}

impl Watched for QueueState {
    const PAUSE_MS: u64 = QUEUE_PAUSE_MS;

    fn look(board: &Board, directory: &Arc<Directory>, center: CenterId) -> Vec<Self> {
        queues_of_center(board, directory, center)
    }

    fn of(center: &mut Center) -> &mut Live<Self> {
        &mut center.queues
    }
}

impl Centers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CenterId, Center>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something about one topic of a center that is known here.
    fn with<S: Watched, T>(
        &self,
        center: CenterId,
        act: impl FnOnce(&mut Live<S>) -> T,
    ) -> Option<T> {
        self.lock().get_mut(&center).map(|center| act(S::of(center)))
    }
}

/// Looks at a center. Whatever was committed before is seen.
async fn look<S: Watched>(core: &Core, center: CenterId) -> Result<(Seen<S>, LogEnd), StoreError> {
    let board = core.current_board().await?;
    let from = core.followed.position();
    // What is known of the directory has a reader of its own, which may be behind the board's.
    core.reload_directory().await?;
    let states = S::look(&board, &core.directory(), center);
    // What is seen may be newer than `from`, and is stored in any case.
    let end = core.store.log_end().await?;
    Ok((Seen { states, from, to: end.position }, end))
}

impl Delivery {
    /// Returns how every agent of a contact center stands, and the number after which a watch tells
    /// what changes.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn agents_now(&self, center: CenterId) -> Result<(u64, Vec<AgentState>), StoreError> {
        self.all_now(center).await
    }

    /// The same of the queues.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn queues_now(&self, center: CenterId) -> Result<(u64, Vec<QueueState>), StoreError> {
        self.all_now(center).await
    }

    async fn all_now<S: Watched>(&self, center: CenterId) -> Result<(u64, Vec<S>), StoreError> {
        let _only_one = self.centers.looking.lock().await;
        let (seen, end) = look::<S>(&self.core, center).await?;
        let (mark, states) = (Mark::of(Some(seen.from), end.generation), seen.states.clone());
        self.take_in(center, seen, end);
        Ok((mark.0, states))
    }

    /// Lets a session be told how a contact center stands. On return it has been given what it
    /// missed, as far as it had room, and whatever changes from now on will come.
    ///
    /// # Errors
    ///
    /// The store's own; it is not told anything then.
    pub async fn watch_center(&self, session: &str, watch: WatchCenter) -> Result<(), StoreError> {
        match watch.topic {
            CenterTopic::Agents => self.watch::<AgentState>(session, watch).await,
            CenterTopic::Queues => self.watch::<QueueState>(session, watch).await,
        }
    }

    async fn watch<S: Watched>(&self, session: &str, watch: WatchCenter) -> Result<(), StoreError> {
        let _only_one = self.centers.looking.lock().await;
        let WatchCenter { center, name, replay, .. } = watch;
        loop {
            if self.centers.with::<S, _>(center, |live| live.has_begun()) != Some(true) {
                let (seen, end) = look::<S>(&self.core, center).await?;
                self.take_in(center, seen, end);
            }
            let end = self.core.store.log_end().await?;
            let publisher = &*self.publisher;
            let is_given = self.centers.with::<S, _>(center, |live| {
                live.watch(publisher, (session, name.clone()), (replay, end));
                live.give(publisher)
            });
            self.note_given(is_given);
            // It may have been forgotten meanwhile, because nobody had watched it for long.
            if is_given.is_some() {
                return Ok(());
            }
        }
    }

    /// Takes a look in, unless the one before was a moment ago, and tells what is new.
    fn take_in<S: Watched>(&self, center: CenterId, seen: Seen<S>, end: LogEnd) {
        let (now, publisher) = (self.core.now(), &*self.publisher);
        let mut all = self.centers.lock();
        let known = all.entry(center).or_insert_with(|| Center::new(now));
        known.asked = now;
        let live = S::of(known);
        if live.is_due(S::PAUSE_MS, now) {
            live.take_in(seen, end.generation, now, publisher);
        }
        let is_given = live.give(publisher);
        drop(all);
        self.note_given(Some(is_given));
    }

    fn note_given(&self, is_given: Option<bool>) {
        if is_given == Some(false) {
            self.centers.is_full.store(true, Ordering::Release);
        }
    }

    /// Takes away what a session was told of by one name, or of all.
    pub(super) fn unwatch_centers(&self, session: &str, name: Option<&str>) {
        for center in self.centers.lock().values_mut() {
            center.agents.unwatch(session, name);
            center.queues.unwatch(session, name);
        }
    }

    /// Notes that a session may have room for what it is owed.
    pub fn center_has_room(&self) {
        if self.centers.is_full.swap(false, Ordering::AcqRel) {
            self.centers.room.notify_one();
        }
    }

    /// Returns what is notified when somebody may have room again.
    pub(crate) fn room_for_centers(&self) -> Arc<Notify> {
        self.centers.room.clone()
    }

    /// Tells those who watch what changed, and forgets what nobody watches.
    ///
    /// # Errors
    ///
    /// The store's own; it is told with the next look.
    pub(crate) async fn tell_of_centers(&self) -> Result<(), StoreError> {
        let now = self.core.now();
        let watched: Vec<CenterId> = {
            let mut all = self.centers.lock();
            all.retain(|_, it| it.is_watched() || now.ms_since(it.asked) < KEPT_MS);
            all.iter().filter(|(_, it)| it.is_watched()).map(|(id, _)| *id).collect()
        };
        for center in watched {
            self.tell_center::<AgentState>(center).await?;
            self.tell_center::<QueueState>(center).await?;
        }
        Ok(())
    }

    /// Returns when a look is due that was put off.
    pub(crate) fn centers_due(&self) -> Option<Time> {
        let all = self.centers.lock();
        all.values().filter_map(|center| center.queues.due(QueueState::PAUSE_MS)).min()
    }

    async fn tell_center<S: Watched>(&self, center: CenterId) -> Result<(), StoreError> {
        let now = self.core.now();
        let is_due = self.centers.with::<S, _>(center, |live| {
            let is_due = live.is_due(S::PAUSE_MS, now);
            if !is_due {
                live.put_off();
            }
            live.is_watched() && is_due
        });
        if is_due != Some(true) {
            return Ok(());
        }
        let _only_one = self.centers.looking.lock().await;
        let (seen, end) = look::<S>(&self.core, center).await?;
        self.take_in(center, seen, end);
        Ok(())
    }
}
