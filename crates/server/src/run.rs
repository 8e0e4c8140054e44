//! A running server: store, engine, API and accept loop put together, and taken apart again.
//!
//! The order of a stop is the reverse of what depends on what: first nobody may come in, then
//! whoever waits is answered, then the loops end, then the store is closed. All of it is bounded,
//! because whoever runs the server kills it after some seconds anyway.

mod entry;
pub(crate) mod files;
pub(crate) mod options;
mod signals;
mod troubles;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use handoff_api::comet::Comet;
use handoff_api::customer::CustomerDoors;
use handoff_api::wire::letters::Cleaner;
use handoff_api::{Assembly, DemoAccounts, Setup};
use handoff_content::directory::Adopt;
use handoff_content::{FileKeeper, sweep};
use handoff_engine::{
    CommitTally, Core, Engine, Finder, Outward, Parts, Statistics, SystemClock, SystemIds, Worker,
};
use handoff_postoffice::PostOffice;
use handoff_projections::counters::Fold;
use handoff_projections::{Counters, Reader, Search, Sweep};
use handoff_store::{Files, Store};
use handoff_web::Pages;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::accept::{self, Acceptor};
use crate::bus::NodeBus;
use crate::config::Config;
use crate::mail::{self, MailLetters};
use crate::metrics::{self, Sources};
use crate::pass_on::PassOn;
use crate::stored::{Kept, Stored};
use crate::{alerts, copy, local, pages, supervisor, tls, traces, webhooks};
use signals::Signals;

/// How long held polls and requests under way have at a stop. With what follows it is less than the
/// 10 s that a stop may take (docs/compat/center.md#demo).
const ANSWERING: Duration = Duration::from_millis(6_500);
/// How long the engine's workers have to finish their round.
const ENGINE_STOPPING: Duration = Duration::from_millis(1_500);
/// How long the store has to empty its log. What is acknowledged is durable without it.
const STORE_CLOSING: Duration = Duration::from_millis(1_500);

/// Opens the counters in a data directory; the file is made if there is none.
///
/// # Errors
///
/// When it can be neither opened nor made.
pub(crate) async fn open_counters(directory: &Path) -> anyhow::Result<Arc<Counters>> {
    let path = directory.join(Counters::FILE);
    let opened = tokio::task::spawn_blocking(move || Counters::open(&path)).await;
    let counters = opened.context("opening the counters was interrupted")?;
    Ok(Arc::new(
        counters
            .with_context(|| format!("the counters in {} cannot be opened", directory.display()))?,
    ))
}

/// Makes an engine over a store that no server has, for a command. Whoever made it stops it.
///
/// # Errors
///
/// When the store cannot be read.
pub(crate) async fn engine_alone(
    config: &Config,
    store: Arc<dyn Store>,
) -> anyhow::Result<Arc<Engine>> {
    let bus = NodeBus::Alone(Arc::default());
    let core = Core::open(parts(config, store, &bus, Arc::default(), None))
        .await
        .context("the store cannot be read")?;
    Engine::build(core, Outward::default(), Vec::new()).await.context("the store cannot be read")
}

/// Opens the index of search in a data directory; the file is made if there is none.
///
/// # Errors
///
/// When it can be neither opened nor made.
pub(crate) async fn open_search(directory: &Path) -> anyhow::Result<Arc<Search>> {
    let path = directory.join(Search::FILE);
    let opened = tokio::task::spawn_blocking(move || Search::open(&path)).await;
    let search = opened.context("opening the index of search was interrupted")?;
    let failed = || format!("the index of search in {} cannot be opened", directory.display());
    Ok(Arc::new(search.with_context(failed)?))
}

fn parts(
    config: &Config,
    store: Arc<dyn Store>,
    bus: &NodeBus,
    clock: Arc<SystemClock>,
    listening: Option<SocketAddr>,
) -> Parts {
    let ids = Arc::new(SystemIds::default());
    let options = options::engine(config, &*ids, listening);
    Parts { store, bus: bus.bus(), clock, ids, options }
}

async fn open_core(
    config: &Config,
    store: &Arc<dyn Store>,
    bus: &NodeBus,
    clock: &Arc<SystemClock>,
    listening: SocketAddr,
) -> anyhow::Result<Arc<Core>> {
    let parts = parts(config, store.clone(), bus, clock.clone(), Some(listening));
    Core::open(parts).await.context("the engine cannot be started")
}

/// A server that accepts connections.
pub(crate) struct Server {
    address: SocketAddr,
    parts: Running,
    signals: Signals,
}

/// What a stop takes apart.
struct Running {
    stored: Stored,
    /// What it has until the end: its data directory, and the bus, by which it hands over.
    _kept: (Kept, AbortOnDropHandle<()>),
    engine: Arc<Engine>,
    comet: Comet,
    doors: Arc<CustomerDoors>,
    acceptor: Arc<Acceptor>,
    /// How long it goes on serving after it was told to stop.
    drain: Duration,
    /// Ends what runs beside the requests.
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// What a demo has beside what every server has.
pub(crate) struct Demonstration {
    /// Its pages.
    pub(crate) pages: Router,
    /// The accounts that its sign-in page offers to everybody.
    pub(crate) accounts: DemoAccounts,
}

impl Server {
    /// Starts a server on an open store, with what a demo adds. When it returns, connections are
    /// accepted.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or the store cannot be read.
    pub(crate) async fn start(
        config: &Config,
        (stored, kept): (Stored, Kept),
        adopt: Adopt,
        demonstration: Option<Demonstration>,
    ) -> anyhow::Result<Self> {
        let signals = Signals::listen().context("signals cannot be listened for")?;
        let (clock, store) = (Arc::new(SystemClock::default()), stored.store());
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let (entry, certificate) = entry::open(config, clock.clone(), (&tasks, &stopping))?;
        let (listener, address) = listen(config)?;
        let (opened, bus) = (files::open(config).await?, NodeBus::new(config)?);
        let core = open_core(config, &store, &bus, &clock, address).await?;
        files::take_on(&core, &opened, adopt).await?;
        let (files, space) = (opened.files, options::space(config));
        let content = options::content(config, space.clone());
        let keeper = FileKeeper::new(core.clone(), files.clone(), content);
        let office = PostOffice::new(&core, &keeper, mail::settings(config, &core).await?);
        let (demo_pages, accounts) = demonstration.map(|it| (it.pages, it.accounts)).unzip();
        let api = handoff_api::Options { demo: accounts, ..options::api(config, address)? };
        let limits = options::sessions(config, &core);
        let watch = alerts::tell(config, &core, (&tasks, &stopping));
        let troubles = troubles::all(&watch, office.fetching(), space.clone(), certificate.clone());
        let webhooks = webhooks::sender(config, &core);
        let others = troubles.chain(traces::sender(config, &core)?).chain([webhooks.clone() as _]);
        let readers = readers(config, &store, &clock, (&bus, &files), others).await;
        let setup = Setup {
            agents: limits.0.clone(),
            customers: options::customers(config),
            customer_sessions: limits.1.clone(),
            letters: Arc::new(Cleaner::new(Arc::new(MailLetters))),
            mailboxes: Some(office.mailboxes()),
            post: Some(office.post()),
            ..readers.set_up(Setup::new(api, keeper))
        };
        let assembly = Assembly::build(core.clone(), setup).await;
        let Assembly { engine, comet, doors, router, operator } =
            assembly.context("the engine cannot be started")?;
        let router = with_pages(router).merge(demo_pages.unwrap_or_default());
        let router = passing_on(config, &core, limits, router, (&tasks, &stopping)).await?;
        let observer = options::observer(config, &core);
        let acceptor = Acceptor::new(router, options::accept(config), entry, observer);
        let sources = Sources {
            engine: engine.clone(),
            comet: comet.clone(),
            doors: doors.clone(),
            space: space.clone(),
            fetching: office.fetching(),
            webhooks: webhooks.standing(),
            batches: stored.batches(),
            certificate,
            acceptor: acceptor.clone(),
            started: core.now(),
        };
        metrics::tell(config, sources, (&tasks, &stopping))?;
        engine.start();
        office.start(&engine, &tasks, &stopping);
        let kept = (kept, AbortOnDropHandle::new(tokio::spawn(bus.run())));
        tasks.spawn(space.keep_watched(stopping.clone()));
        tasks.spawn(sweep::keep_swept(engine.core().clone(), files, stopping.clone()));
        serve_for_good(&tasks, (&comet, &doors), &acceptor, listener);
        listen_locally(config, &stored, operator, (&tasks, &stopping));
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "the server accepts connections");
        let drain = config.server.drain.duration();
        let parts =
            Running { stored, _kept: kept, engine, comet, doors, acceptor, drain, stopping, tasks };
        Ok(Self { address, parts, signals })
    }

    /// Returns the address that is listened on.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until a signal asks it to stop, and stops. A second signal ends the process at once.
    ///
    /// # Errors
    ///
    /// When the store stopped after a failed write: nothing can be served any more, and only a new
    /// process may open it again.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        tokio::select! {
            name = self.signals.next() => {
                tracing::info!(signal = name, "the server stops");
                supervisor::stopping();
            }
            () = self.parts.stored.stopped() => {
                tracing::error!("a write to the store failed for good; the process ends and has to be started anew");
                self.parts.acceptor.stop();
                self.parts.acceptor.abort();
                anyhow::bail!("the store is stopped after a failed write; check the disk, then start the server again");
            }
        }
        tokio::select! {
            () = async {
                self.parts.drain().await;
                self.parts.stop().await;
            } => Ok(()),
            name = self.signals.next() => {
                tracing::warn!(signal = name, "the server ends at once");
                #[expect(clippy::disallowed_methods, reason = "a return waits for threads, and who asks twice does not")]
                std::process::exit(1);
            }
        }
    }
}

/// Accepts connections, and looks after those that last, until each of them is stopped.
fn serve_for_good(
    tasks: &TaskTracker,
    (comet, doors): (&Comet, &Arc<CustomerDoors>),
    acceptor: &Arc<Acceptor>,
    listener: TcpListener,
) {
    let (timers, receiving, accepting) = (comet.clone(), doors.clone(), acceptor.clone());
    tasks.spawn(async move { timers.run().await });
    tasks.spawn(async move { receiving.run().await });
    tasks.spawn(async move { accepting.run(listener).await });
}

/// Listens where the server is asked.
fn listen(config: &Config) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let wanted = config.server.listen;
    let cannot_listen = || format!("server.listen: {wanted} cannot be listened on");
    let listener = accept::listen(wanted).with_context(cannot_listen)?;
    let address = listener.local_addr().with_context(cannot_listen)?;
    Ok((listener, address))
}

/// Adds the pages that every server has.
fn with_pages(router: Router) -> Router {
    let built = Pages::of_this_build();
    router.merge(pages::widget(&built)).merge(pages::desk(&built))
}

/// Answers whoever operates this machine, where its data directory takes a socket.
fn listen_locally(
    config: &Config,
    stored: &Stored,
    operator: Router,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) {
    let operator = match stored {
        Stored::Embedded(store) => operator.merge(copy::rest::routes(store.clone())),
        Stored::Shared(_) => operator,
    };
    match local::listen(&config.store.path) {
        Ok(listener) => drop(tasks.spawn(local::serve(listener, operator, stopping.clone()))),
        Err(error) => {
            tracing::warn!(%error, "`handoff apply` reaches this server by --url alone, and `handoff copy` not at all: its data directory takes no socket")
        }
    }
}

/// Returns a router that passes on what belongs to other nodes where there may be such, and runs
/// what that needs.
async fn passing_on(
    config: &Config,
    core: &Arc<Core>,
    limits: (handoff_cometd::Limits, handoff_cometd::Limits),
    router: Router,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<Router> {
    if config.store.url.is_empty() {
        return Ok(router);
    }
    let trust = tls::trust(&config.tls)?;
    let made = PassOn::new(core, limits, trust, stopping.clone()).await;
    let pass_on = made.context("the keys that nodes share cannot be read")?;
    let following = pass_on.clone();
    tasks.spawn(async move { following.run().await });
    Ok(pass_on.before(router))
}

/// The readers of the log that a server has, with what tells of bus and files, and who answers with
/// what they keep.
struct Readers {
    readers: Vec<Arc<dyn Worker>>,
    finder: Option<Arc<dyn Finder>>,
    statistics: Option<Arc<dyn Statistics>>,
}

impl Readers {
    /// Has the server use them.
    fn set_up(self, setup: Setup) -> Setup {
        let Self { readers, finder, statistics } = self;
        Setup { readers, finder, statistics, ..setup }
    }
}

/// Nothing else stands on them, so it serves without one whose file cannot be used.
async fn readers(
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Arc<SystemClock>,
    (bus, files): (&NodeBus, &Arc<dyn Files>),
    others: impl Iterator<Item = Arc<dyn Worker>>,
) -> Readers {
    let watches = bus.watch().into_iter().chain(files::Watch::of(config, files));
    let readers = watches.chain(others).collect();
    let mut all = Readers { readers, finder: None, statistics: None };
    match open_counters(&config.store.path).await {
        Ok(counters) => {
            let (fed, folded) = (counters.clone(), counters.clone());
            all.readers.push(Arc::new(Reader::new(store.clone(), clock.clone(), fed)));
            all.readers.push(Arc::new(Fold::new(store.clone(), clock.clone(), folded)));
            all.statistics = Some(counters);
        }
        Err(error) => tracing::error!(error = format!("{error:#}"), "nothing is counted"),
    }
    match open_search(&config.store.path).await {
        Ok(search) => {
            let (added, removed) = (search.clone(), search.clone());
            all.readers.push(Arc::new(Reader::new(store.clone(), clock.clone(), added)));
            all.readers.push(Arc::new(Sweep::new(store.clone(), clock.clone(), removed)));
            all.finder = Some(search);
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "nothing can be searched");
        }
    }
    all
}

impl Running {
    /// Goes on serving until whoever spreads requests over nodes has seen that this one stops.
    async fn drain(&self) {
        self.engine.core().leave();
        self.acceptor.leave();
        tokio::time::sleep(self.drain).await;
    }

    async fn stop(&self) {
        // Before the polls are answered: their answers then also say that the connection closes.
        self.acceptor.stop();
        self.stopping.cancel();
        self.tasks.close();
        let answered = async {
            // Other nodes take over at once, however long the last answer takes here.
            tokio::join!(self.engine.hand_over(), self.comet.shutdown(), self.doors.shutdown());
            self.acceptor.drained().await;
            self.tasks.wait().await;
        };
        if timeout(ANSWERING, answered).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut off");
            self.acceptor.abort();
        }
        if timeout(ENGINE_STOPPING, self.engine.stop()).await.is_err() {
            tracing::warn!("the engine's workers did not end in time");
        }
        self.tell_commits();
        if timeout(STORE_CLOSING, self.stored.close()).await.is_err() {
            tracing::warn!("the store was not closed in time; the next start finishes it");
        }
        tracing::info!("the server has stopped");
    }

    /// Says what guards cost. The campaigns read this line (`testkit/src/tally.rs`), so its target
    /// is none that moves with the code.
    fn tell_commits(&self) {
        let CommitTally { commits, put_conflicts, check_conflicts } =
            self.engine.core().commit_tally();
        tracing::info!(
            target: "handoff::commits",
            commits,
            ?put_conflicts,
            ?check_conflicts,
            "how commits went"
        );
    }
}
