//! `chats`: everybody in a chat is told one sequence, whenever the program is killed
//! (docs/testing.md#chats).
//!
//! Every chat has three parties, a customer over CometD, the agent who accepted and one whom they
//! brought in, half of them for the customer to see and half not. All talk while the program is
//! killed (SIGKILL) and started again, and say again with the same id (`messageId`,
//! `Idempotency-Key`) what was not acknowledged. The bar's 20 messages a second are read as those
//! of one chat, so 200 chats make 4,000 a second; everybody waits for their acknowledgement before
//! they go on, so on a small machine fewer are reached, and how many is printed. After a last kill
//! the transcripts are read from the store, and `book` says precisely what is compared.
//!
//! Both controls must be noticed, and the command fails if not: `log` removes the write-ahead log
//! after each kill, as a program loses it that acknowledges too early; `ids` repeats messages
//! without their ids.

mod agent;
mod book;
mod customer;
pub mod site;
mod transcripts;
mod view;

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::{Address, Client, Program, Settings, Site};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::campaign::{Campaign, DOUBLED, Findings, Kill, MISSING, demand_noticed, lock};
use agent::Agent;
use book::{Book, Party};
use customer::Customer;

pub(crate) const CHATS_PER_AGENT: usize = 10;
const PARTIES: u64 = 3;
/// How long all chats may take to begin, and what was begun to end.
const GATHER_BOUND: Duration = Duration::from_secs(60);
const FINISH_BOUND: Duration = Duration::from_secs(30);
/// How long clients have to be told the rest, once all is quiet.
const CATCH_UP: Duration = Duration::from_secs(20);
/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_millis(20);
/// How long a kill waits for a message that is under way, and how long one that was is given to be
/// sent again.
const MET_WITHIN: Duration = Duration::from_millis(500);
/// How many kills there may be beyond those that were asked for, while none has met a message.
const KILLS_MORE_MAX: u32 = 10;
/// Everybody is on this machine, in a few addresses, and each agent has a connection of their own
/// for each chat.
const LIMITS: &str = "[limits]\nconnections_per_address = 20000\nconnections_per_user = 1000\n\
                      [chat]\nchats_per_address = 20000\nrequests_per_second = 100000\n";

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Control {
    /// The write-ahead log is removed after each kill.
    Log,
    /// Messages are repeated without their ids.
    Ids,
}

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many chats.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    chats: u16,
    /// How many messages a second in each chat, by all its parties together.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=60))]
    rate: u16,
    /// How long everybody talks, in s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(2..=300))]
    seconds: u16,
    /// How often the program is killed meanwhile.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=100))]
    kills: u16,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Do something wrong, and demand that it is noticed.
    #[arg(long, value_enum)]
    control: Option<Control>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The parties come together.
    Gather,
    /// Everybody talks.
    Talk,
    /// Nobody begins anything.
    Finish,
    /// Clients end.
    Over,
}

pub(crate) struct Scene {
    address: Address,
    book: Book,
    phase: watch::Sender<Phase>,
    /// How long a party waits between two messages.
    pace: Duration,
    /// Whether what is repeated says that it is.
    has_ids: bool,
    /// How many agents' parts in chats have begun.
    talking: AtomicUsize,
    /// How many messages and commands were sent more than once.
    repeated: AtomicU64,
    /// How many customers wait to see what they said.
    unanswered: AtomicU64,
    talks: Mutex<JoinSet<Result<()>>>,
}

impl Scene {
    /// Makes one in which each chat has so many messages a second; `has_ids` tells whether what is
    /// repeated says that it is.
    pub(crate) fn new(address: Address, rate: u16, has_ids: bool) -> Arc<Self> {
        Arc::new(Self {
            address,
            book: Book::default(),
            phase: watch::Sender::new(Phase::Gather),
            pace: Duration::from_secs(PARTIES).div_f64(rate.into()),
            has_ids,
            talking: AtomicUsize::new(0),
            repeated: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            talks: Mutex::default(),
        })
    }

    /// Lets everybody talk.
    pub(crate) fn talk(&self) {
        self.phase.send_replace(Phase::Talk);
    }

    /// Lets nobody begin anything, waits for what was begun, and compares it with what is stored
    /// and what was told; returns what is wrong and how many messages were acknowledged.
    pub(crate) async fn conclude(self: &Arc<Self>) -> Result<(Findings, u64)> {
        self.phase.send_replace(Phase::Finish);
        finish(self).await?;
        read_back(self).await?;
        self.phase.send_replace(Phase::Over);
        Ok((self.book.compare(), said(self)))
    }

    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    async fn wait_for(&self, phase: Phase) {
        // The sender is ours, so it does not end before.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    fn client(&self, user: &str) -> Client {
        Client::new(&self.address, user)
    }

    async fn wait_for_program(&self) {
        tokio::time::sleep(RETRY).await;
        let mut address = self.address.clone();
        tokio::select! {
            _ = address.wait_for(Option::is_some) => {}
            () = self.wait_for(Phase::Over) => {}
        }
    }

    fn spawn(&self, talk: impl Future<Output = Result<()>> + Send + 'static) {
        lock(&self.talks).spawn(talk);
    }
}

/// Runs the test. It fails when a view is not a prefix of the one sequence, something acknowledged
/// is missing or doubled, or too little happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let agents = usize::from(options.chats).div_ceil(CHATS_PER_AGENT);
    let made = site::center(agents, agents, CHATS_PER_AGENT);
    let settings = Settings { others: LIMITS, ..Settings::default() };
    let (binary, home) = (&campaign.binary, campaign.home());
    let (site, mut program) = Site::open(binary, home, &made, settings).await?;
    println!("{} chats of {PARTIES} parties…", options.chats);
    let has_ids = options.control != Some(Control::Ids);
    let scene = Scene::new(program.address(), options.rate, has_ids);
    let _clients = gather(&scene, options.chats).await?;
    let talked = talk(&scene, &mut program, &site.data, options, campaign.seed).await;
    let failed = match talked {
        Ok(()) => audit(&scene, &mut program).await,
        failed => failed,
    };
    scene.phase.send_replace(Phase::Over);
    let findings = scene.book.compare();
    print(&scene, &findings, options);
    match (options.control, failed) {
        (None, Ok(())) => conclude(&scene, &findings, options),
        (None, Err(error)) => {
            Err(error.context(format!("the program's log:\n{}", program.log_tail())))
        }
        (Some(control), failed) => conclude_control(control, &findings, failed),
    }
}

/// Brings everybody together; returns the clients, which end with this.
pub(crate) async fn gather(scene: &Arc<Scene>, chats: u16) -> Result<JoinSet<()>> {
    let agents = usize::from(chats).div_ceil(CHATS_PER_AGENT);
    let mut clients = JoinSet::new();
    for number in 0..agents {
        for party in [Party::Owner, Party::Helper] {
            let agent = Agent::new(Arc::clone(scene), party, number);
            scene.client(&agent.name()).start_work(&["chat"]).await?;
            clients.spawn(agent.run());
        }
    }
    for number in 0..usize::from(chats) {
        clients.spawn(Customer::new(Arc::clone(scene), number).run());
    }
    let end = Instant::now() + GATHER_BOUND;
    let all = 2 * usize::from(chats);
    while scene.talking.load(Ordering::Relaxed) < all {
        look_after(scene)?;
        let talking = scene.talking.load(Ordering::Relaxed);
        ensure!(Instant::now() < end, "only {talking} of {all} agents' parts have begun");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(clients)
}

/// Fails if an agent could not do their part.
fn look_after(scene: &Scene) -> Result<()> {
    let mut talks = lock(&scene.talks);
    while let Some(ended) = talks.try_join_next() {
        ended??;
    }
    Ok(())
}

/// Lets everybody talk, and kills and restarts the program meanwhile: once in each equal part of
/// the time, at a random moment.
async fn talk(
    scene: &Scene,
    program: &mut Program,
    data: &Path,
    options: &Options,
    seed: u64,
) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    let time = Duration::from_secs(options.seconds.into());
    let part = time / u32::from(options.kills).max(1);
    let mut returned = Vec::new();
    scene.phase.send_replace(Phase::Talk);
    for kill in 0..options.kills {
        let moment = begun + part * kill.into() + part.mul_f64(random.random_range(0.2..0.8));
        tokio::time::sleep_until(moment).await;
        returned.push(kill_one(scene, program, data, options).await?);
    }
    // A fast program has little under way. A kill that met nothing proves little, so it is repeated
    // until one does.
    for _ in 0..KILLS_MORE_MAX {
        tokio::time::sleep(MET_WITHIN).await;
        if options.kills == 0 || scene.repeated.load(Ordering::Relaxed) > 0 {
            break;
        }
        returned.push(kill_one(scene, program, data, options).await?);
    }
    tokio::time::sleep_until(begun + time).await;
    let all = said(scene);
    scene.phase.send_replace(Phase::Finish);
    let rate = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64();
    let wanted = u32::from(options.chats) * u32::from(options.rate);
    println!("{rate:.0} messages/s acknowledged of {wanted}/s, each told to three parties");
    println!("restart p50 {:.0} ms", percentile(&mut returned, 50.0));
    Ok(())
}

/// Kills the program while a message is under way, if one comes soon, and starts it again; returns
/// how long that took, in ms.
async fn kill_one(
    scene: &Scene,
    program: &mut Program,
    data: &Path,
    options: &Options,
) -> Result<f64> {
    let end = Instant::now() + MET_WITHIN;
    while scene.unanswered.load(Ordering::Relaxed) == 0 && Instant::now() < end {
        tokio::task::yield_now().await;
    }
    let loses = options.control == Some(Control::Log);
    let took = Kill::losing_the_log_if(loses, data).strike(program).await?;
    println!("killed, back after {} ms; {} messages acknowledged", took.as_millis(), said(scene));
    look_after(scene)?;
    Ok(ms(took))
}

fn said(scene: &Scene) -> u64 {
    scene.book.figures().said
}

/// Waits until all is acknowledged, kills the program once more, reads what is stored, and waits
/// until everybody was told all of it.
async fn audit(scene: &Arc<Scene>, program: &mut Program) -> Result<()> {
    finish(scene).await?;
    Kill::Plain.strike(program).await?;
    read_back(scene).await
}

/// Waits until all that was said is acknowledged.
async fn finish(scene: &Scene) -> Result<()> {
    let end = Instant::now() + FINISH_BOUND;
    loop {
        look_after(scene)?;
        let (talks, customers) =
            (lock(&scene.talks).len(), scene.unanswered.load(Ordering::Relaxed));
        if talks == 0 && customers == 0 {
            break;
        }
        if Instant::now() > end {
            scene
                .book
                .fault(format!("{talks} agents' parts and {customers} customers are not answered"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Reads what is stored, and waits until everybody was told all of it.
async fn read_back(scene: &Arc<Scene>) -> Result<()> {
    println!("reading everything back…");
    transcripts::read(scene).await?;
    let end = Instant::now() + CATCH_UP;
    while Instant::now() < end && !scene.book.is_told() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn print(scene: &Scene, findings: &Findings, options: &Options) {
    findings.print();
    let figures = scene.book.figures();
    println!(
        "{} kills; {} messages acknowledged, {} of them sent more than once; {} entries stored, \
         told {} times, {} again",
        options.kills,
        figures.said,
        scene.repeated.load(Ordering::Relaxed),
        figures.entries,
        figures.told,
        figures.again
    );
}

fn conclude(scene: &Scene, findings: &Findings, options: &Options) -> Result<()> {
    ensure!(findings.total() == 0, "somebody was not told the one sequence");
    let figures = scene.book.figures();
    ensure!(figures.again == 0, "{} entries were told twice", figures.again);
    // Everybody says something in each second of at least half of the time.
    let least = u64::from(options.chats) * PARTIES * u64::from(options.seconds) / 2;
    ensure!(
        figures.said >= least,
        "only {} messages, {least} are the fewest that count",
        figures.said
    );
    let repeated = scene.repeated.load(Ordering::Relaxed);
    ensure!(options.kills == 0 || repeated > 0, "no kill met a message that was under way");
    Ok(())
}

fn conclude_control(control: Control, findings: &Findings, failed: Result<()>) -> Result<()> {
    let is_noticed = match control {
        Control::Ids => findings.count(DOUBLED) > 0,
        Control::Log => findings.count(MISSING) > 0 || failed.is_err(),
    };
    if let Err(error) = failed {
        println!("control: {error:#}");
    }
    demand_noticed(is_noticed, &format!("{control:?} was done wrong"))
}
