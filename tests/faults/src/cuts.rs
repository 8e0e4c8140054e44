//! `cuts`: whatever connections break and however often the program is killed, every client is told
//! every number of its topics once and in order, and a number means the same to all
//! (docs/testing.md#cuts).
//!
//! Clients of both transports, with and without acknowledgements, work through a proxy that breaks
//! their connections in every way, while agents and submitters make changes and the program is
//! killed (SIGKILL) and started again. One client stays away for most of the run and comes back. At
//! the end everything up to the heads must have reached everybody; a control subscription gets it
//! all again; and who asks for numbers that were never given or are swept must be told so. `book`
//! says precisely what is checked.
//!
//! With `--control` the program is replaced by one that tells of changes before they are durable
//! (`early`): then numbers must be found that were taken back or given twice, and the command fails
//! if not.

pub(crate) mod audit;
pub(crate) mod book;
pub(crate) mod client;
pub(crate) mod early;
mod load;
mod proxy;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_domain::Media;
use handoff_testkit::{Center, Program, Settings, Site, Start, center};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::campaign::{Campaign, Kill, demand_noticed, lock};
use crate::stand_in::{HELD, PUBLIC_URL};
use audit::{Heads, Resyncs};
use book::{Book, CHANGED, Place, TAKEN_BACK};
use client::{Client, Doings, Plan};
use load::Load;
use proxy::Proxy;

/// The topics that clients may listen to: what the pattern covers. The first two are those that are
/// subscribed to by name.
pub(crate) const TOPICS: [&str; 7] = [
    "/v2/me/interactions",
    "/v2/me/workitems",
    "/v2/me/channels",
    "/v2/me/chats",
    "/v2/me/emails",
    "/v2/me/openmedia",
    "/v2/me/workbins",
];
/// Clients that work for one agent: their books are compared.
const CLIENTS_PER_AGENT: usize = 5;
/// How long notifications are kept. Long enough for everybody who comes back, and short enough that
/// a full run asks for what is swept.
const KEPT: Duration = Duration::from_secs(90);
/// How long after that a restart, which sweeps, has certainly swept the first notifications.
const SWEPT_AFTER: Duration = Duration::from_secs(100);
/// How long the one who stays away does so at most: their numbers must still be kept when they come
/// back.
const AWAY_MAX: Duration = Duration::from_secs(60);
/// The mean pause between two faults.
const PAUSE: Duration = Duration::from_millis(280);
/// How much longer than a held connect an answer may take: what the reference client calls its
/// network delay.
const NETWORK_DELAY: Duration = Duration::from_secs(10);
/// How long clients have to be told the rest, once all is quiet.
const CATCH_UP: Duration = Duration::from_secs(40);

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many clients listen.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..=500))]
    clients: u16,
    /// How many connections are cut.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    cuts: u64,
    /// How often the program is killed and started again, evenly among the cuts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    restarts: u64,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Test a program that tells of changes before they are durable, and demand that this is
    /// noticed.
    #[arg(long)]
    control: bool,
}

/// Runs the test. It fails when a client was not told what it should have been, or too little
/// happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let agents = usize::from(options.clients).div_ceil(CLIENTS_PER_AGENT).max(2);
    let made =
        Center::made().invites_for_s(5).agents((0..agents).map(center::agent), Media::Workitem, 5);
    let settings = Settings {
        server: &format!("public_url = \"{PUBLIC_URL}\""),
        store: &format!("notifications_kept = \"{}s\"", KEPT.as_secs()),
        others: &format!("[cometd]\ntimeout = \"{}s\"", HELD.as_secs()),
        ..Settings::default()
    };
    let site = Site::make(&campaign.binary, campaign.home(), &made, settings).await?;
    let own = std::env::current_exe().context("find this program")?;
    let (binary, start) = match options.control {
        true => (&own, Start::StandIn { fault: "early", data: site.data }),
        false => (&campaign.binary, Start::Serve(site.config)),
    };
    let mut program = Program::start(binary, start, site.log).await?;
    println!("{} clients of {agents} agents…", options.clients);
    let load = Load::prepare(program.address(), agents).await?;
    let mut test = Test::start(&program, load, options, campaign.seed).await?;
    let done = test.break_things(&mut program, options, campaign.seed).await;
    done.with_context(|| format!("the program's log:\n{}", program.log_tail()))?;
    if options.control {
        return test.conclude_control();
    }
    test.end_load().await?;
    let resyncs = test.audit(&program, agents).await?;
    test.conclude(options, resyncs)
}

struct Test {
    proxy: Proxy,
    load: Arc<Load>,
    working: JoinSet<Result<()>>,
    /// Aborted when this is dropped.
    _clients: JoinSet<()>,
    places: Vec<(Plan, Arc<Mutex<Place>>)>,
    book: Arc<Book>,
    doings: Arc<Doings>,
    /// Whether the one who stays away is present.
    away: watch::Sender<bool>,
    started: Instant,
    /// When the program was last started again.
    restarted: Option<Instant>,
}

impl Test {
    async fn start(
        program: &Program,
        load: Arc<Load>,
        options: &Options,
        seed: u64,
    ) -> Result<Self> {
        let proxy = Proxy::start(program.address()).await?;
        let (book, doings) = (Arc::new(Book::default()), Arc::new(Doings::default()));
        let agents = usize::from(options.clients).div_ceil(CLIENTS_PER_AGENT).max(2);
        let (away, present) = (watch::Sender::new(true), watch::Sender::new(true));
        let mut clients = JoinSet::new();
        let mut places = Vec::new();
        for number in 0..usize::from(options.clients) {
            let plan = Plan::mixed(number, agents);
            let client = Client::new(plan, proxy.address(), &book, &doings, seed);
            places.push((plan, client.place()));
            let leave = if number == 0 { away.subscribe() } else { present.subscribe() };
            clients.spawn(client.run(leave));
        }
        let working = load.start(seed);
        Ok(Self {
            proxy,
            load,
            working,
            _clients: clients,
            places,
            book,
            doings,
            away,
            started: Instant::now(),
            restarted: None,
        })
    }

    /// Cuts connections, kills the program, sends one client away and lets it come back, until all
    /// has happened often enough.
    async fn break_things(
        &mut self,
        program: &mut Program,
        options: &Options,
        seed: u64,
    ) -> Result<()> {
        let mut random = StdRng::seed_from_u64(seed);
        // Some faults wait for bytes that do not come before the connection ends, so there are more
        // orders than cuts.
        let deadline =
            self.started + PAUSE * u32::try_from(options.cuts)? * 2 + Duration::from_secs(30);
        let (mut restarts, mut shown) = (0, 0);
        let mut absence = Absence::default();
        loop {
            let cuts = self.proxy.cuts();
            if cuts >= options.cuts {
                break;
            }
            ensure!(
                Instant::now() < deadline,
                "only {cuts} of {} cuts took place in time",
                options.cuts
            );
            if restarts < options.restarts
                && cuts * (options.restarts + 1) >= options.cuts * (restarts + 1)
            {
                restarts += 1;
                let took = Kill::Plain.strike(program).await?;
                self.restarted = Some(Instant::now());
                println!("{cuts} cuts; restart {restarts}, back after {} ms", took.as_millis());
            }
            if cuts >= shown + (options.cuts / 10).max(1) {
                shown = cuts;
                self.show_progress(cuts);
            }
            absence.look(cuts, options.cuts, &self.away);
            self.proxy.strike(&mut random);
            tokio::time::sleep(PAUSE.mul_f64(random.random_range(0.2..1.8))).await;
        }
        ensure!(absence.is_over, "too few cuts for anybody to stay away meanwhile");
        ensure!(restarts == options.restarts, "only {restarts} restarts among so few cuts");
        Ok(())
    }

    fn show_progress(&self, cuts: u64) {
        let (told, numbers) = self.book.told();
        let done = self.load.done();
        println!(
            "{cuts} cuts, {done} commands done, {numbers} numbers told {told} times; {}",
            self.book.summary()
        );
    }

    async fn end_load(&mut self) -> Result<()> {
        self.load.end();
        while let Some(ended) = self.working.join_next().await {
            ended?.context("the load gave up")?;
        }
        Ok(())
    }

    /// Waits until everybody was told everything, and asks the program itself.
    async fn audit(&self, program: &Program, agents: usize) -> Result<Resyncs> {
        println!("asking for the heads, and waiting until everybody has come to them…");
        let address = program.address();
        let mut resyncs = Resyncs::default();
        let mut heads = Vec::new();
        for user in 0..agents {
            heads.push(audit::heads(&address, user, &self.book, &mut resyncs).await?.0);
        }
        let until = Instant::now() + CATCH_UP;
        while Instant::now() < until
            && !self.places.iter().all(|(plan, place)| lock(place).has_all(&heads[plan.user]))
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.places.iter().for_each(|(plan, place)| lock(place).miss(&heads[plan.user]));
        for (user, heads) in heads.iter().enumerate() {
            audit::control(&address, user, &self.book).await?;
            let head = heads.get(TOPICS[0]).copied().unwrap_or(0);
            audit::early(&address, user, &self.book, head, &mut resyncs).await?;
        }
        let given: u64 = heads.iter().flat_map(Heads::values).sum();
        println!("{given} numbers given");
        Ok(resyncs)
    }

    fn conclude_control(&self) -> Result<()> {
        self.print_figures();
        let noticed = self.book.count(CHANGED) + self.book.count(TAKEN_BACK);
        demand_noticed(noticed > 0, "changes were told before they were durable")
    }

    fn conclude(&self, options: &Options, resyncs: Resyncs) -> Result<()> {
        self.print_figures();
        let (told, _) = self.book.told();
        println!(
            "{} numbers never given and {} no longer kept were asked for, and each was answered \
             by a Resync",
            resyncs.never_given, resyncs.too_old
        );
        ensure!(self.book.total() == 0, "clients were not told what they should have been");
        let least = 20 * u64::from(options.clients);
        ensure!(told >= least, "only {told} messages, {least} are the fewest that count");
        let resumed = self.doings.resumed.load(Ordering::Relaxed);
        ensure!(resumed > 0 || options.clients < 8, "no session went on over another connection");
        let is_swept =
            self.restarted.is_some_and(|restarted| restarted - self.started > SWEPT_AFTER);
        ensure!(
            !is_swept || resyncs.too_old > 0,
            "the first notifications are old and nothing was swept"
        );
        Ok(())
    }

    fn print_figures(&self) {
        self.book.print();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (told, numbers) = self.book.told();
        let fired: Vec<String> =
            self.proxy.fired().iter().map(|(name, times)| format!("{times} {name}")).collect();
        println!("{} cuts: {}", self.proxy.cuts(), fired.join(", "));
        println!(
            "{} sessions opened, {} went on over another connection, {} were not known any more",
            count(&self.doings.handshakes),
            count(&self.doings.resumed),
            count(&self.doings.unknown)
        );
        println!("{} commands done; {numbers} numbers told {told} times", self.load.done());
    }
}

/// The one who stays away: from a fifth of the run on, to four fifths or as long as their numbers
/// are certainly kept.
#[derive(Default)]
struct Absence {
    began: Option<Instant>,
    is_over: bool,
}

impl Absence {
    fn look(&mut self, cuts: u64, cuts_wanted: u64, away: &watch::Sender<bool>) {
        match self.began {
            None if cuts * 5 >= cuts_wanted => {
                self.began = Some(Instant::now());
                away.send_replace(false);
            }
            Some(began)
                if !self.is_over && (cuts * 5 >= cuts_wanted * 4 || began.elapsed() > AWAY_MAX) =>
            {
                self.is_over = true;
                println!("one client comes back after {} s", began.elapsed().as_secs());
                away.send_replace(true);
            }
            None | Some(_) => {}
        }
    }
}
