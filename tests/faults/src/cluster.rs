//! `cluster`: three nodes over one database, while everything that can break does
//! (docs/testing.md#cluster).
//!
//! Nodes, PostgreSQL with a synchronous standby, NATS and the balancer are real programs. Clients
//! work through all nodes all the time; their calls are written down with the moments of question
//! and answer. Faults come one after the other, each kind once in a round, in an order that the
//! seed decides; after each one it is measured how long service takes to come back. There are three
//! acts: faults after which the database is where it was; promotions of the standby, after which
//! clients are told to look at everything again; and returns to an earlier state, which lose what
//! was acknowledged since, and must say so to everybody. At the end of each act all is compared.

mod audit;
mod bus;
mod controls;
mod databases;
mod door;
mod kinds;
mod load;
mod network;
mod pulse;
mod scene;
mod streams;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use handoff_testkit::center::ADMIN;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tokio_util::task::AbortOnDropHandle;

use crate::campaign::{Campaign, DOUBLED, Findings, MISSING, demand_noticed, lock};
use crate::chats::{self, Scene as Chats};
use crate::contention::{Histories, check_histories};
use audit::{MISPLACED, OFFERS, OVERFULL};
use controls::LogReader;
use kinds::{Act, Kind, Over, Stage, Then};
use load::{Listeners, Load};
use pulse::Pulse;
use scene::{NARROW_AGENTS, Scene, narrow};

const NOT_LINEARIZABLE: &str = "not linearizable";
const UNDECIDED: &str = "undecided";
const DOUBLE_OWNERS: &str = "double owners";
const NOT_TOLD: &str = "not told what they should be";
const PASSED: &str = "entries of the log at positions that were passed";
const LATE: &str = "service later than it may come";
const SLOW: &str = "notifications later than they may come";
const PANICS: &str = "panics";
const KINDS: [&str; 12] = [
    MISSING,
    DOUBLED,
    MISPLACED,
    OVERFULL,
    OFFERS,
    NOT_LINEARIZABLE,
    UNDECIDED,
    DOUBLE_OWNERS,
    NOT_TOLD,
    PASSED,
    LATE,
    SLOW,
];
/// The longest time from the end of a fault to service.
const SERVICE_WITHIN: Duration = Duration::from_secs(10);
/// The most that the 99th percentile may be from an acknowledgement to its notification while the
/// bus does not carry hints, in ms: nodes look every second.
const HINTLESS_MS_MAX: f64 = 1_500.0;
/// How long all may take to begin, and how long it works before the first fault.
const BEGUN_WITHIN: Duration = Duration::from_secs(30);
/// How often the reader of the log looks; in its control.
const LOOK: Duration = Duration::from_millis(150);
const LOOK_CLOSELY: Duration = Duration::from_millis(20);

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Control {
    /// Guards are read without their locks.
    Locks,
    /// Positions come from a plain sequence.
    Sequence,
    /// A commit waits for the primary's disk alone, and the primary dies.
    Commit,
}

impl Control {
    /// Returns the fault of what stands in for the program, where something does.
    const fn fault(self) -> Option<&'static str> {
        match self {
            Self::Locks => Some("locks"),
            Self::Sequence => Some("sequences"),
            Self::Commit => None,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The kinds of faults, in this order; all of them, in an order of chance, when none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// How often each kind comes.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// How long a foreign transaction holds what it holds, in s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    held: u64,
    /// How many agents fight over work items, each by two clients.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(2..=60))]
    agents: u16,
    /// How many work items they fight over at a time.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=500))]
    interactions: u16,
    /// The longest pause between two calls of a client, in ms; half of it on average.
    #[arg(long, default_value_t = 120)]
    pause_ms: u64,
    /// How many chats go on meanwhile.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(0..=200))]
    chats: u16,
    /// How long it works between two faults, in ms.
    #[arg(long, default_value_t = 2_000)]
    calm_ms: u64,
    /// How long a control goes on, in s.
    #[arg(long, default_value_t = 25)]
    seconds: u64,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Do something wrong, and demand that it is noticed.
    #[arg(long, value_enum)]
    control: Option<Control>,
}

impl Options {
    /// Returns the server's own setting. With `off` nodes are on their own: they must not leave it
    /// at that. `local` they do leave, because whoever writes it knows what it is.
    const fn synchronous_commit(&self) -> &'static str {
        match self.control {
            Some(Control::Commit) => "local",
            Some(Control::Locks | Control::Sequence) | None => "off",
        }
    }
}

/// Runs the test. It fails when a promise is broken, or too little happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let scene = Scene::open(&campaign, options).await?;
    if options.control == Some(Control::Locks) {
        // Already what clients begin with may be lost.
        return match without_locks(scene, options, campaign.seed).await {
            Ok(found) => demand_noticed(found > 0, WITHOUT_LOCKS),
            Err(error) => demand_noticed(true, &format!("{WITHOUT_LOCKS}: {error:#}")),
        };
    }
    let mut test = Test::begin(scene, options, campaign.seed).await?;
    match options.control {
        Some(Control::Sequence) => test.by_sequence().await,
        Some(Control::Commit) => test.without_standby().await,
        Some(Control::Locks) | None => {
            for act in [Act::Steady, Act::Promotions, Act::Restores] {
                test.play(act).await?;
            }
            test.conclude()
        }
    }
}

/// Works with nodes that read guards without their locks; returns how much is wrong.
async fn without_locks(scene: Scene, options: &Options, seed: u64) -> Result<usize> {
    let mut test = Test::begin(scene, options, seed).await?;
    let (load, listeners) = test.begin_load().await?;
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    test.end_load(load, listeners).await?;
    test.findings.print();
    Ok(test.findings.total())
}

const WITHOUT_LOCKS: &str = "guards were read without their locks";

/// What happened in one fault.
struct Struck {
    kind: Kind,
    /// From its end to service.
    service: Duration,
    figures: pulse::Figures,
}

struct Test<'a> {
    scene: Scene,
    options: &'a Options,
    random: StdRng,
    seed: u64,
    pulse: Arc<Pulse>,
    _beating: Vec<AbortOnDropHandle<()>>,
    findings: Findings,
    struck: Vec<Struck>,
    /// Calls, commands carried out, refused and not answered.
    calls: [usize; 4],
    interactions: usize,
    repeated: u64,
    chat_messages: u64,
    told: u64,
    resyncs: u64,
    log_entries: u64,
    sessions: u64,
    /// Whether the log is of another generation than at the beginning: then nobody can be told all
    /// from the first number on.
    is_renewed: bool,
    /// How many loads there were.
    loads: u64,
}

impl<'a> Test<'a> {
    async fn begin(scene: Scene, options: &'a Options, seed: u64) -> Result<Self> {
        let took = scene.ready(BEGUN_WITHIN).await?;
        println!("three nodes are ready after {} ms", took.as_millis());
        let (pulse, beating) = Pulse::begin(&scene).await?;
        Ok(Self {
            scene,
            options,
            random: StdRng::seed_from_u64(seed),
            seed,
            pulse,
            _beating: beating,
            findings: Findings::of(&KINDS),
            struck: Vec::new(),
            calls: [0; 4],
            interactions: 0,
            repeated: 0,
            chat_messages: 0,
            told: 0,
            resyncs: 0,
            log_entries: 0,
            sessions: 0,
            is_renewed: false,
            loads: 0,
        })
    }

    /// Returns the kinds of an act, in the order in which they come.
    fn kinds(&mut self, act: Act) -> Vec<Kind> {
        let mut all = Vec::new();
        for _ in 0..self.options.rounds {
            let mut round = match self.options.kinds.as_slice() {
                [] => Kind::value_variants().to_vec(),
                named => named.to_vec(),
            };
            round.retain(|kind| kind.act() == act);
            if self.options.kinds.is_empty() {
                round.shuffle(&mut self.random);
            }
            all.extend(round);
        }
        let has_namespaces = self.scene.network.has_namespaces();
        all.retain(|kind| {
            let is_possible = has_namespaces || !kind.needs_namespaces();
            if !is_possible {
                println!("left out, because it takes a packet filter: {}", kind.name());
            }
            is_possible
        });
        all
    }

    /// Lets the faults of an act happen under load, and compares everything afterwards.
    async fn play(&mut self, act: Act) -> Result<()> {
        let kinds = self.kinds(act);
        if kinds.is_empty() {
            return Ok(());
        }
        println!("{} faults: {act:?}", kinds.len());
        match act {
            Act::Steady => {
                let chats = self.begin_chats().await?;
                let reader = LogReader::begin(&self.scene, LOOK).await?;
                let (mut load, listeners) = self.begin_load().await?;
                for kind in kinds {
                    self.strike(kind, &mut load).await?;
                }
                self.end_load(load, listeners).await?;
                self.end_chats(chats).await?;
                let read = reader.end().await?;
                self.log_entries += read.entries;
                for _ in 0..read.missed {
                    self.findings.find(PASSED, "found only later".to_owned());
                }
            }
            Act::Promotions => {
                let (mut load, listeners) = self.begin_load().await?;
                self.is_renewed = true;
                for kind in kinds {
                    listeners.book.restore();
                    self.strike(kind, &mut load).await?;
                }
                self.end_load(load, listeners).await?;
            }
            Act::Restores => {
                for kind in kinds {
                    self.lose(kind).await?;
                }
            }
        }
        Ok(())
    }

    async fn begin_load(&mut self) -> Result<(Load, Listeners)> {
        let seed = self.next_seed();
        let load = Load::begin(&self.scene, self.options, seed).await?;
        let listeners = Listeners::begin(&self.scene, self.options, seed);
        if self.is_renewed {
            listeners.book.restore();
        }
        self.calm().await;
        Ok((load, listeners))
    }

    /// Returns what another load starts from, after which its interactions are called.
    fn next_seed(&mut self) -> u64 {
        self.loads += 1;
        self.seed.wrapping_add(self.loads * 1_000)
    }

    async fn calm(&self) {
        tokio::time::sleep(Duration::from_millis(self.options.calm_ms)).await;
    }

    /// Lets one fault happen, and waits for service.
    async fn strike(&mut self, kind: Kind, load: &mut Load) -> Result<()> {
        let begun = Instant::now();
        let held = Duration::from_secs(self.options.held);
        let mut stage = Stage { scene: &mut self.scene, random: &mut self.random, held };
        let struck = stage.strike(kind).await;
        let Over { ended, then } = struck.with_context(|| format!("the fault {}", kind.name()))?;
        let service = self.pulse.service(&self.scene, ended).await;
        let service = service.with_context(|| format!("after {}", kind.name()))?;
        let figures = self.pulse.since(begun);
        println!(
            "{:20} {:5.1} s, service after {:5} ms; {} beats acknowledged, {} not; \
             notification p50 {:.0} ms, p99 {:.0} ms",
            kind.name(),
            (ended - begun).as_secs_f64(),
            service.as_millis(),
            figures.acknowledged,
            figures.failed,
            figures.half,
            figures.most
        );
        if service > SERVICE_WITHIN {
            self.findings.find(LATE, format!("{}: {} ms", kind.name(), service.as_millis()));
        }
        if kind.is_of_the_bus() && figures.most > HINTLESS_MS_MAX {
            self.findings.find(SLOW, format!("{}: p99 {:.0} ms", kind.name(), figures.most));
        }
        self.struck.push(Struck { kind, service, figures });
        if then == Then::Standby {
            self.scene.databases.join().await.with_context(|| format!("after {}", kind.name()))?;
        }
        self.calm().await;
        load.look_after()
    }

    /// Puts the store back to an earlier state under load: what happened until then is compared,
    /// and so is what comes after; sessions must be told of what is lost.
    async fn lose(&mut self, kind: Kind) -> Result<()> {
        let (mut before, listeners) = self.begin_load().await?;
        let mut loss = kinds::Loss::prepare(kind, &self.scene).await?;
        self.calm().await;
        loss.lose_from(&self.scene).await?;
        self.calm().await;
        let begun = Instant::now();
        let moment = before.shared.moment();
        self.is_renewed = true;
        listeners.book.restore();
        let ended = loss.strike(&mut self.scene).await?;
        // What clients of before are answered now is about a past that never was.
        before.abandon().await;
        let history = std::mem::take(&mut *lock(&before.shared.history));
        self.check(audit::until(history, moment));
        self.pulse.begin_anew().await?;
        let service = self.pulse.service(&self.scene, ended).await?;
        println!(
            "{:20} {:5.1} s, service after {:5} ms",
            kind.name(),
            (ended - begun).as_secs_f64(),
            service.as_millis()
        );
        if service > SERVICE_WITHIN {
            self.findings.find(LATE, format!("{}: {} ms", kind.name(), service.as_millis()));
        }
        let figures = self.pulse.since(begun);
        self.struck.push(Struck { kind, service, figures });
        loss.settle(&mut self.scene).await?;
        let seed = self.next_seed();
        let after = Load::begin(&self.scene, self.options, seed).await?;
        self.calm().await;
        self.end_load(after, listeners).await
    }

    /// Waits until all is quiet, and compares what was answered and told with what there is.
    async fn end_load(&mut self, mut load: Load, listeners: Listeners) -> Result<()> {
        load.end().await?;
        let history = std::mem::take(&mut *lock(&load.shared.history));
        let node = self.scene.nodes[0].address();
        let agents = usize::from(self.options.agents);
        streams::settle(&listeners, &node, agents).await?;
        self.told += listeners.book.told().0;
        self.resyncs += listeners.book.resyncs();
        self.sessions += listeners.doings.handshakes.load(Ordering::Relaxed);
        if listeners.book.total() > 0 {
            listeners.book.print();
            self.findings.find(NOT_TOLD, listeners.book.summary());
        }
        let ids = lock(&load.shared.ids).clone();
        let narrow_ids = lock(&load.narrow.ids).clone();
        let all: Vec<String> = ids.values().chain(&narrow_ids).cloned().collect();
        println!("reading {} interactions back…", all.len());
        let shown = audit::read(&self.scene.client(ADMIN), all.clone()).await?;
        let calls = audit::by_number(&history);
        for (number, id) in &ids {
            let calls = calls.get(number).map_or(&[][..], Vec::as_slice);
            audit::weigh(id, calls, &load.shared.users, shown.get(id), &mut self.findings);
        }
        for id in all {
            match shown.get(&id) {
                Some(one) => audit::place(&id, one, &mut self.findings),
                None => self.findings.find(MISSING, format!("{id}: nothing there")),
            }
        }
        let mut people = Vec::new();
        for number in 0..NARROW_AGENTS {
            people.push(self.scene.client(&narrow(number)).own_id().await?);
        }
        audit::rooms(shown.iter(), &people, &mut self.findings);
        self.interactions += shown.len();
        self.repeated += load.shared.repeated.load(Ordering::Relaxed);
        self.check(history);
        Ok(())
    }

    /// Checks histories for linearizability.
    fn check(&mut self, history: Vec<(usize, crate::contention::Called)>) {
        let counts = audit::counts(&history);
        self.calls.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        let Histories { wrong, undecided, doubles } = check_histories(history);
        for (kind, count) in
            [(NOT_LINEARIZABLE, wrong), (UNDECIDED, undecided), (DOUBLE_OWNERS, doubles)]
        {
            (0..count).for_each(|_| self.findings.find(kind, "a history".to_owned()));
        }
    }

    async fn begin_chats(&self) -> Result<Option<(Arc<Chats>, tokio::task::JoinSet<()>)>> {
        if self.options.chats == 0 {
            return Ok(None);
        }
        let chats = Chats::new(self.scene.address(), CHAT_RATE, true);
        let clients = chats::gather(&chats, self.options.chats).await?;
        chats.talk();
        Ok(Some((chats, clients)))
    }

    async fn end_chats(
        &mut self,
        chats: Option<(Arc<Chats>, tokio::task::JoinSet<()>)>,
    ) -> Result<()> {
        let Some((chats, _clients)) = chats else { return Ok(()) };
        let (found, said) = chats.conclude().await?;
        self.chat_messages += said;
        self.findings.extend(found);
        Ok(())
    }

    /// Reads the log by its positions while they come from a plain sequence.
    async fn by_sequence(&mut self) -> Result<()> {
        let reader = LogReader::begin(&self.scene, LOOK_CLOSELY).await?;
        let (mut load, _listeners) = self.begin_load().await?;
        tokio::time::sleep(Duration::from_secs(self.options.seconds)).await;
        load.abandon().await;
        let read = reader.end().await?;
        println!("{} entries of the log were read, {} were passed", read.entries, read.missed);
        demand_noticed(read.missed > 0, "positions came from a plain sequence")
    }

    /// Lets the primary die while commits did not wait for the standby.
    async fn without_standby(&mut self) -> Result<()> {
        let (mut load, listeners) = self.begin_load().await?;
        listeners.book.restore();
        // What was acknowledged may be missing in many ways, of which one is that a client is
        // refused what it has to be able to do.
        let struck = self.strike(Kind::FailedOverBehind, &mut load).await;
        if let Err(error) = struck {
            println!("control: {error:#}");
        }
        self.end_load(load, listeners).await?;
        self.findings.print();
        let lost = self.findings.count(MISSING) + self.findings.count(NOT_LINEARIZABLE);
        demand_noticed(lost > 0, "commits did not wait for the standby")
    }

    fn conclude(&mut self) -> Result<()> {
        for _ in 0..self.scene.panics() {
            self.findings.find(PANICS, "see the nodes' logs".to_owned());
        }
        self.findings.print();
        let [calls, done, refused, open] = self.calls;
        let slowest = self.struck.iter().map(|it| it.service).max().unwrap_or_default();
        let of_bus = self.struck.iter().filter(|it| it.kind.is_of_the_bus());
        let hintless = of_bus.map(|it| it.figures.most).fold(0.0, f64::max);
        let mut kinds: Vec<Kind> = self.struck.iter().map(|it| it.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        println!(
            "{} faults of {} kinds; {calls} calls, {done} carried out, {refused} refused, {open} \
             not answered, {} answered only when repeated; {} interactions; {} chat messages; {} \
             notifications to {} sessions, {} resyncs; {} entries of the log read; service after at most {} ms; \
             without hints p99 {hintless:.0} ms; {} findings",
            self.struck.len(),
            kinds.len(),
            self.repeated,
            self.interactions,
            self.chat_messages,
            self.told,
            self.sessions,
            self.resyncs,
            self.log_entries,
            slowest.as_millis(),
            self.findings.total()
        );
        ensure!(self.findings.total() == 0, "a promise is broken");
        ensure!(!self.struck.is_empty(), "nothing went wrong");
        let least = self.struck.len() * CALLS_PER_FAULT_MIN;
        ensure!(calls >= least, "only {calls} calls, {least} are the fewest that count");
        Ok(())
    }
}

/// Messages a second in each chat, by all its parties together.
const CHAT_RATE: u16 = 2;
/// The fewest calls that count as a test, for each fault.
const CALLS_PER_FAULT_MIN: usize = 100;
