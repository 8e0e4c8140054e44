//! The engine: everything that the loops share, and the one way to start and stop them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};
use handoff_bus::{Bus, Heard, Hint, Listener};
use handoff_domain::{Desk, Time, UserId};
use handoff_store::{Kind, Record, Store, StoreError, Timer, TimerKey};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents::{Activity, AgentError};
use crate::board::Board;
use crate::chats::{Chats, Customers};
use crate::delivery::{Delivery, Publisher};
use crate::directory::Directory;
use crate::execute::Lanes;
use crate::mail::{AcknowledgementLimits, Mail, Mailboxes, Post};
use crate::ports::{AheadClock, Clock, IdSource};
use crate::router::NextChange;
use crate::timers::Watch;
use crate::worker::{StatusCell, WorkerStatus, next_round, report, status_cell};

/// Records read in one page at start.
const PAGE: usize = 1_000;
/// Desks whose change is on its way at the same time at start. Far below the places of a store's
/// queue, and enough for a batch to be worth its sync.
const FORGOTTEN_AT_ONCE: usize = 512;
const ROUTER: &str = "router";
const TIMERS: &str = "timers";
const OUTBOX: &str = "outbox";

/// Every number the loops depend on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rules' own.
    pub rules: handoff_domain::Options,
    /// How long an agent may be out of reach before they count as gone, in ms; default 60,000
    /// (docs/compat/agents.md#reach, `agent.disconnect_grace`).
    pub disconnect_grace_ms: u64,
    /// How long notifications are kept for replay, in ms; default 86,400,000
    /// (docs/compat/notifications.md#replay).
    pub stream_retention_ms: u64,
    /// How long a login session may go unused, in ms; default 1,800,000
    /// (docs/compat/conventions.md#logins).
    pub login_idle_ms: u64,
    /// How often a worker looks without a hint, in ms; default 1,000. It bounds the delay of a lost
    /// hint.
    pub period_ms: u64,
    /// How often the board is read anew from the store, in ms; default 60,000. It bounds the life
    /// of a wrong entry.
    pub reload_ms: u64,
    /// How often old rows are swept, in ms; default 60,000.
    pub sweep_ms: u64,
    /// How often the outbox is looked through without a reason, in ms; default 30,000. It bounds
    /// the delay of a wake-up that was lost.
    pub outbox_ms: u64,
    /// How long a mail is tried before it goes back to who sent it, in ms; default 172,800,000: two
    /// days, less than the four or five of RFC 5321, section 4.5.4.1, because a customer waits for
    /// it.
    pub mail_give_up_ms: u64,
    /// How long a mail rests after each attempt that failed, in ms; the last counts from then on.
    /// At least one; by default 1, 2, 5, 15, 30 and 60 minutes: most mail servers begin as fast and
    /// end slower, but here somebody waits for an answer.
    pub mail_rests_ms: Vec<u64>,
    /// How many acknowledgements go out.
    pub acknowledgements: AcknowledgementLimits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rules: handoff_domain::Options::default(),
            disconnect_grace_ms: 60_000,
            stream_retention_ms: 24 * 60 * 60 * 1_000,
            login_idle_ms: 30 * 60 * 1_000,
            period_ms: 1_000,
            reload_ms: 60_000,
            sweep_ms: 60_000,
            outbox_ms: 30_000,
            mail_give_up_ms: 48 * 60 * 60 * 1_000,
            mail_rests_ms: [1, 2, 5, 15, 30, 60].map(|minutes| minutes * 60_000).to_vec(),
            acknowledgements: AcknowledgementLimits::default(),
        }
    }
}

/// What an engine is made of.
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

/// The flags of the workers that hints wake. Many hints while a worker is busy become one more
/// round.
struct Flags {
    router: Arc<Notify>,
    timers: Arc<Notify>,
    directory: Arc<Notify>,
}

/// The engine of one node. Shared by reference; every method may be called from any task.
pub struct Engine {
    /// Itself, for tasks that outlive the call that began them.
    pub(crate) this: Weak<Self>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    ahead_ms: u64,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) options: Options,
    pub(crate) board: Board,
    pub(crate) activity: Activity,
    pub(crate) timers_watch: Watch,
    pub(crate) delivery: Delivery,
    pub(crate) chats: Chats,
    pub(crate) lanes: Lanes,
    pub(crate) mail: Mail,
    pub(crate) next_change: NextChange,
    directory: RwLock<Arc<Directory>>,
    references: Mutex<HashMap<UserId, i32>>,
    pub(crate) tasks: TaskTracker,
    stop: CancellationToken,
    statuses: Mutex<Vec<StatusCell>>,
}

impl Engine {
    /// Reads what a starting node must know. Whoever had a contact-center session counts as
    /// unreachable since now, so the grace of agents who do not come back runs from here
    /// (docs/compat/agents.md#reach).
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn open_on(parts: Parts) -> Result<Arc<Self>, StoreError> {
        let (clock, ahead_ms) = never_back(parts.clock, &*parts.store).await?;
        let directory = Directory::load(&*parts.store).await?;
        let chats = Chats::new(clock.now());
        let engine = Arc::new_cyclic(|this| Self {
            this: this.clone(),
            store: parts.store,
            bus: parts.bus,
            clock,
            ahead_ms,
            ids: parts.ids,
            options: parts.options,
            board: Board::default(),
            activity: Activity::default(),
            timers_watch: Watch::default(),
            delivery: Delivery::default(),
            chats,
            lanes: Lanes::default(),
            mail: Mail::default(),
            next_change: NextChange::default(),
            directory: RwLock::new(Arc::new(directory)),
            references: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            statuses: Mutex::default(),
        });
        engine.reload_board().await?;
        engine.forget_presence().await?;
        Ok(engine)
    }

    /// Says who speaks to the agents. Only the first call counts.
    pub fn publish_with(&self, publisher: Arc<dyn Publisher>) {
        self.delivery.publish_with(publisher);
    }

    /// Says who speaks to the customers. Only the first call counts.
    pub fn speak_to_customers(&self, customers: Arc<dyn Customers>) {
        self.chats.speak_through(customers);
    }

    /// Says which addresses the contact centers have. Only the first call counts.
    pub fn send_from(&self, mailboxes: Arc<dyn Mailboxes>) {
        self.mail.send_from(mailboxes);
    }

    /// Says who posts mails. Only the first call counts; until then whatever is sent waits.
    pub fn post_with(&self, post: Arc<dyn Post>) {
        self.mail.post_with(post);
    }

    /// Starts the workers. `publisher` is who speaks to the agents.
    pub fn start(self: &Arc<Self>, publisher: Arc<dyn Publisher>) {
        self.publish_with(publisher);
        let every = |ms: u64| Duration::from_millis(ms);
        let period = every(self.options.period_ms);
        let router = self.spawn(ROUTER, period, |engine| async move { engine.route().await });
        let timers = self
            .spawn(TIMERS, period, |engine| async move { engine.fire_timers().await.map(drop) });
        self.spawn("delivery", period, |engine| async move { engine.deliver_missed().await });
        let reload = every(self.options.reload_ms);
        let directory = self.spawn("directory", reload, |engine| async move {
            engine.reload_directory().await?;
            engine.retire_disabled().await
        });
        self.spawn("board", reload, |engine| async move { engine.reload_board().await });
        let sweep = every(self.options.sweep_ms);
        self.spawn("sweeper", sweep, |engine| async move { engine.sweep().await });
        let outbox = every(self.options.outbox_ms);
        let wakes = self.mail.wakes();
        self.spawn_woken(OUTBOX, outbox, wakes, |engine| async move {
            engine.start_posts().await.map(drop)
        });
        let flags = Flags { router, timers, directory };
        self.tasks.spawn(Self::hear(self.clone(), self.bus.listen(), flags, self.stop.clone()));
    }

    /// Passes hints on as they come. One listener for all workers: a busy server gives thousands of
    /// hints a second.
    async fn hear(self: Arc<Self>, mut listener: Listener, flags: Flags, stop: CancellationToken) {
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = listener.hear() => heard,
            };
            match heard {
                Heard::Hint(Hint::Routing) => flags.router.notify_one(),
                Heard::Hint(Hint::Timers) => flags.timers.notify_one(),
                Heard::Hint(Hint::Directory) => {
                    flags.directory.notify_one();
                    flags.router.notify_one();
                }
                Heard::Hint(Hint::Streams(users)) => {
                    users.iter().for_each(|user| self.deliver_soon(UserId(*user)));
                }
                Heard::Hint(Hint::Chats(chats)) => self.chats.tell_changed(&chats),
                // Streams that were missed are found by the periodic look.
                Heard::Missed => {
                    for flag in [&flags.router, &flags.timers, &flags.directory] {
                        flag.notify_one();
                    }
                    self.chats.tell_missed();
                }
                Heard::Closed => return,
            }
        }
    }

    /// Starts a worker: a round, then another on a hint or after a period. Gives the flag that
    /// wakes it.
    fn spawn<F>(
        self: &Arc<Self>,
        name: &'static str,
        period: Duration,
        round: fn(Arc<Self>) -> F,
    ) -> Arc<Notify>
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let flag = Arc::new(Notify::new());
        self.spawn_woken(name, period, flag.clone(), round);
        flag
    }

    /// Starts a worker that a flag wakes which exists already.
    fn spawn_woken<F>(
        self: &Arc<Self>,
        name: &'static str,
        period: Duration,
        woken: Arc<Notify>,
        round: fn(Arc<Self>) -> F,
    ) where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let (engine, cell) = (self.clone(), status_cell(name));
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).push(cell.clone());
        self.tasks.spawn(async move {
            loop {
                let result = round(engine.clone()).await;
                report(&cell, &*engine.clock, result.as_ref().map(|&()| ()));
                // The next timer, or the next moment at which the router could find more, may come
                // before the period is over.
                let wait = match name {
                    TIMERS => engine.until(Some(engine.timers_watch.next_due()), period),
                    ROUTER => engine.until(engine.next_change.get(), period),
                    OUTBOX => engine.until(Some(engine.mail.next_due()), period),
                    _ => period,
                };
                if !next_round(&woken, wait, &engine.stop).await {
                    return;
                }
            }
        });
    }

    /// Returns how long a worker may sleep: until `due`, and at most a period.
    fn until(&self, due: Option<Time>, period: Duration) -> Duration {
        due.map_or(period, |due| period.min(Duration::from_millis(due.ms_since(self.clock.now()))))
    }

    /// Stops the workers and waits for what they have begun.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until the engine was told to stop, and then `ms` more.
    pub(crate) async fn stopped_for(&self, ms: u64) {
        self.stop.cancelled().await;
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Tells how the workers are doing.
    #[must_use]
    pub fn worker_statuses(&self) -> Vec<WorkerStatus> {
        let cells = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        cells
            .iter()
            .map(|cell| cell.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }

    /// Returns the time.
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

    /// Returns the board.
    #[must_use]
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// Returns the numbers.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the present directory.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the directory again.
    ///
    /// # Errors
    ///
    /// The store's own; the present directory then stays.
    pub async fn reload_directory(&self) -> Result<(), StoreError> {
        let fresh = Arc::new(Directory::load(&*self.store).await?);
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Returns the number of a user's next request, from 1. Numbers that notices repeated are not
    /// given again after a restart.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn next_reference(&self, user: UserId) -> Result<i32, StoreError> {
        let advance = |references: &mut HashMap<UserId, i32>| {
            let last = references.get_mut(&user)?;
            // 2^31−1 is the highest; then the count begins again at 1
            // (docs/compat/conventions.md#reference-ids).
            *last = last.checked_add(1).unwrap_or(1);
            Some(*last)
        };
        let lock = || self.references.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = advance(&mut lock()) {
            return Ok(next);
        }
        let highest = self.store.head(user).await?.reference;
        let mut references = lock();
        references.entry(user).or_insert(highest);
        Ok(advance(&mut references).unwrap_or(1))
    }

    /// Says that users, queues, skills, groups or workbins were changed, and reads them again on
    /// this node. On return nothing stays with a user who was disabled.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn directory_changed(&self) -> Result<(), StoreError> {
        self.reload_directory().await?;
        self.retire_disabled().await?;
        self.bus.wake(Hint::Directory);
        Ok(())
    }

    /// Reads all desks and all that waits from the store.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn reload_board(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.list(Kind::Desk, after.take(), PAGE).await?;
            after = page.items.last().map(|last| last.value.key());
            for item in page.items {
                if let Record::Desk(desk) = item.value {
                    self.board.enter_desk(Arc::new(desk), item.version);
                }
            }
            if !page.more {
                break;
            }
        }
        self.reload_waiting().await
    }

    /// Marks everybody as unreachable since now, with the grace running. Many desks are on their
    /// way at a time, so that the store makes them durable together: one after the other, ten
    /// thousand would wait for ten thousand syncs.
    async fn forget_presence(&self) -> Result<(), StoreError> {
        let mut desks = self.board.desks();
        desks.retain(|desk| desk.session.is_some() || !desk.reach.0.is_empty());
        if desks.len() > FORGOTTEN_AT_ONCE {
            tracing::info!(
                desks = desks.len(),
                "recording that the agents who were here are out of reach"
            );
        }
        let concurrently = Some(FORGOTTEN_AT_ONCE);
        stream::iter(desks.into_iter().map(Ok))
            .try_for_each_concurrent(
                concurrently,
                |desk| async move { self.forget_reach(&desk).await },
            )
            .await
    }

    async fn forget_reach(&self, desk: &Desk) -> Result<(), StoreError> {
        let (user, now) = (desk.user, self.clock.now());
        let grace = Timer {
            key: TimerKey::Grace(user),
            due: now.plus_ms(self.options.disconnect_grace_ms),
        };
        let forgotten = self.change_desk(user, desk.center, |desk, change| {
            desk.reach = handoff_domain::Reach::default();
            desk.unreachable_since = Some(now);
            // Without a session the timer, if there is one, stands for a desk that is still being
            // cleared: it stays as it is.
            change.timers_set.extend(desk.session.is_some().then_some(grace));
            Ok(Vec::new())
        });
        forgotten.await.or_else(AgentError::into_store_error)
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
        "the machine's clock shows less than what is stored: it was set back; the server's time goes on from what is stored until the clock \
         has caught up"
    );
    Ok((Arc::new(AheadClock { ahead_ms, inner: clock }), ahead_ms))
}
