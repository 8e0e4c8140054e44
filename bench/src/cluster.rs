//! `bench cluster`: several nodes over one PostgreSQL (docs/operations/cluster.md#sizing).
//!
//! With one, two and three nodes in turn agents accept and complete work items, as in `bench
//! commands`. Their CometD session is at one node and their requests go to the next one, so that
//! each notification crosses nodes. Beside it `pgbench` writes the rows of as many commands on the
//! same server: one command to a transaction, and sixteen.
//!
//! Where there are fewer processors than nodes nothing can show that nodes add up. What a command
//! takes of the nodes' and of the database's processors says it instead, and from that comes the
//! model of a large center.

mod floor;
mod model;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_domain::Media;
use handoff_store::conformance::server::PostgresServer;
use handoff_testkit::center;
use handoff_testkit::figures::{median, ms, percentile};
use handoff_testkit::process::processor_time;
use handoff_testkit::program::build;
use handoff_testkit::{Center, Client, Program, Settings, Site, Start};
use tokio::task::LocalSet;
use tokio_util::task::AbortOnDropHandle;

use self::model::Measured;
use crate::desks::{self, ACCEPT, COMPLETE};
use crate::lean::{self, Line, Told};

/// What an agent is told of one work item before they do anything: that it is offered.
const TOLD_BEFORE: usize = 1;
/// What they are told of it while they work: accepted, completed.
const TOLD_MEANWHILE: usize = 2;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many nodes at most; each number from one on is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    nodes: u16,
    /// How many clients work, each as an agent of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    clients: u16,
    /// How many rounds of each number of nodes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// How many work items each client does in a round.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    items: u16,
    /// How long pgbench runs, each time, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    floor_s: u16,
    #[command(flatten)]
    center: model::Size,
}

/// One round's figures.
struct Round {
    per_second: f64,
    /// Processor time of a command, in µs: of all nodes, and of the database's processes.
    nodes_us: f64,
    database_us: f64,
    /// From a request until its notification is there, in ms.
    told: Vec<f64>,
    latencies: Vec<f64>,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let (binary, options) = (build(root)?, options.clone());
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, measure(&binary, &options))
    });
    measured.await.context("measuring was interrupted")?
}

async fn measure(binary: &Path, options: &Options) -> Result<()> {
    // As an operator's: what is answered is on the disk.
    let settings = ["fsync=on", "synchronous_commit=on", "shared_buffers=512MB"];
    let server = PostgresServer::start(&settings.map(str::to_owned));
    let processors = available_parallelism().context("count processors")?.get();
    println!(
        "{processors} processors, load {} before it began: figures of a busy machine say little of \
         a quiet one",
        load()?
    );
    let mut all = Vec::new();
    for count in 1..=usize::from(options.nodes) {
        let home = tempfile::tempdir().context("make a temporary directory")?;
        let mut stage = Stage::open(binary, home.path(), &server, count, options).await?;
        let mut rounds = Vec::new();
        for number in 1..=options.rounds {
            println!("{count} nodes, round {number}…");
            rounds.push(stage.round(usize::from(options.items)).await?);
        }
        all.push(print(count, processors, rounds));
    }
    let floors =
        [1, 16].map(|at_once| floor::measure(&server, options.clients, options.floor_s, at_once));
    let [one, many] = floors;
    let (one, many) = (one?, many?);
    let best = all.iter().map(|it| it.per_second).fold(0.0, f64::max);
    println!(
        "pgbench with the same rows: {:.0} commands/s one to a transaction ({:.0} us of the \
         database), {:.0}/s sixteen to one ({:.0} us)",
        one.per_second, one.database_us, many.per_second, many.database_us
    );
    println!(
        "commands/s / pgbench: {:.2} (one to a transaction), {:.2} (sixteen)",
        best / one.per_second,
        best / many.per_second
    );
    if let (Some(first), Some(second)) = (all.first(), all.get(1)) {
        println!(
            "two nodes / one: {:.2} by commands/s, {:.2} by what the nodes' processors would do alone",
            second.per_second / first.per_second,
            2.0 * first.nodes_us / second.nodes_us
        );
    }
    if let Some(last) = all.last() {
        model::print(&options.center, last);
    }
    Ok(())
}

/// Returns how many programs wanted a processor in the last minute.
fn load() -> Result<String> {
    let told = std::fs::read_to_string("/proc/loadavg").context("read the load")?;
    Ok(told.split(' ').next().unwrap_or_default().to_owned())
}

/// An agent, who hears at one node and acts at another.
struct Worker {
    name: String,
    client: Client,
    told: Rc<Told>,
    awaited: usize,
    acts_at: usize,
    _polling: AbortOnDropHandle<()>,
}

struct Stage<'a> {
    server: &'a PostgresServer,
    nodes: Vec<Program>,
    workers: Vec<Worker>,
}

impl<'a> Stage<'a> {
    /// Starts nodes over a schema of their own, and brings the agents to work.
    async fn open(
        binary: &Path,
        home: &Path,
        server: &'a PostgresServer,
        count: usize,
        options: &Options,
    ) -> Result<Self> {
        let url = server.fresh_schema();
        let (agents, each) = (usize::from(options.clients), usize::from(options.items));
        let names = (0..agents).map(center::agent);
        let made = Center::made().invites_for_s(86_400).agents(names, Media::Workitem, each);
        let store = format!("url = {url:?}");
        let settings = Settings { store: &store, ..Settings::default() };
        let mut nodes = Vec::new();
        for number in 0..count {
            let own: PathBuf = home.join(format!("node{number}"));
            let site = match number {
                0 => {
                    std::fs::create_dir_all(&own).context("make a directory")?;
                    Site::make(binary, &own, &made, settings).await?
                }
                _ => Site::configure(&own, settings)?,
            };
            nodes.push(Program::start(binary, Start::Serve(site.config), site.log).await?);
            pin(nodes[number].id()?, number)?;
        }
        let mut workers = Vec::new();
        for number in 0..agents {
            let (hears_at, acts_at) = (number % count, (number + 1) % count);
            let (node, name) = (&nodes[hears_at], center::agent(number));
            let (client, told) = (node.client(&name), Rc::new(Told::default()));
            let polling = lean::listen(&client, node.server()?, &name, told.clone()).await?;
            let polling = AbortOnDropHandle::new(tokio::task::spawn_local(polling));
            client.start_work(&["workitem"]).await?;
            workers.push(Worker { name, client, told, awaited: 0, acts_at, _polling: polling });
        }
        Ok(Self { server, nodes, workers })
    }

    /// Offers every agent their share, and lets them do it.
    async fn round(&mut self, each: usize) -> Result<Round> {
        desks::submit(&self.nodes[0].address(), self.workers.len() * each).await?;
        let mut lists = Vec::new();
        for worker in &mut self.workers {
            let offers = desks::offers(&worker.client, each).await?;
            worker.awaited += each * TOLD_BEFORE;
            worker.told.all(worker.awaited).await?;
            worker.told.forget_times();
            let line = Line::open(self.nodes[worker.acts_at].server()?, &worker.name).await?;
            let requests = offers.into_iter().flat_map(|id| {
                let path = format!("/api/v2/me/interactions/{id}");
                [line.post(&path, ACCEPT), line.post(&path, COMPLETE)]
            });
            let requests: Vec<_> = requests.collect();
            lists.push((line, requests));
        }
        let (nodes, database, begun) = (self.of_nodes()?, self.of_database()?, Instant::now());
        let work = lists.into_iter().map(|(line, requests)| async move {
            let began = Instant::now();
            Ok((began, line.ask_all(requests).await?))
        });
        let work = work.map(tokio::task::spawn_local).collect::<Vec<_>>();
        let mut done: Vec<(Instant, Vec<f64>)> = Vec::new();
        for one in work {
            let ended: Result<_> = one.await.context("an agent was interrupted")?;
            done.push(ended?);
        }
        for worker in &mut self.workers {
            worker.awaited += each * TOLD_MEANWHILE;
            worker.told.all(worker.awaited).await?;
        }
        let elapsed = begun.elapsed().as_secs_f64();
        let (nodes, database) = (self.of_nodes()? - nodes, self.of_database()? - database);
        let told = self.workers.iter().zip(&done).map(|(worker, (began, latencies))| {
            told_after(*began, latencies, &worker.told.times())
        });
        let told = told.collect::<Result<Vec<_>>>()?.concat();
        let latencies = done.into_iter().flat_map(|(_, latencies)| latencies).collect::<Vec<_>>();
        #[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
        let count = latencies.len() as f64;
        let each_us = |time: Duration| time.as_secs_f64() * 1e6 / count;
        Ok(Round {
            per_second: count / elapsed,
            nodes_us: each_us(nodes),
            database_us: each_us(database),
            told,
            latencies,
        })
    }

    fn of_nodes(&self) -> Result<Duration> {
        self.nodes.iter().map(|node| processor_time(node.id()?)).sum()
    }

    fn of_database(&self) -> Result<Duration> {
        floor::processor_time_of(self.server)
    }
}

/// Returns how long after each request its notification came, in ms. Requests went one after the
/// other, and each is told once, in the same order.
fn told_after(began: Instant, latencies: &[f64], times: &[Instant]) -> Result<Vec<f64>> {
    ensure!(times.len() == latencies.len(), "{} of {} told", times.len(), latencies.len());
    let starts = latencies.iter().scan(0.0, |start, latency| {
        let this = *start;
        *start += latency;
        Some(this)
    });
    let since = times.iter().map(|time| ms(time.saturating_duration_since(began)));
    Ok(since.zip(starts).map(|(came, start)| f64::max(came - start, 0.0)).collect())
}

/// Lets a node have one processor, so that more nodes are more processors as long as there are any.
fn pin(process: u32, number: usize) -> Result<()> {
    let processors = available_parallelism().context("count processors")?.get();
    let (processor, process) = ((number % processors).to_string(), process.to_string());
    let mut command = std::process::Command::new("taskset");
    command.args(["--all-tasks", "--cpu-list", "--pid", &processor, &process]);
    let pinned = command.stdout(std::process::Stdio::null()).status();
    ensure!(pinned.context("run taskset")?.success(), "a node cannot be given a processor");
    Ok(())
}

/// Prints what so many nodes did.
fn print(nodes: usize, processors: usize, rounds: Vec<Round>) -> Measured {
    let middle =
        |value: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<f64>>());
    let measured = Measured {
        per_second: middle(&|round| round.per_second),
        nodes_us: middle(&|round| round.nodes_us),
        database_us: middle(&|round| round.database_us),
    };
    let (mut told, mut latencies) = (Vec::new(), Vec::new());
    for round in rounds {
        told.extend(round.told);
        latencies.extend(round.latencies);
    }
    println!(
        "{nodes} nodes, each on one of {processors} processors: {:.0} commands/s, p99 {:.1} ms; \
         processor time of a command {:.0} us of the nodes and {:.0} us of the database; \
         notification p50 {:.1} ms, p99 {:.1} ms",
        measured.per_second,
        percentile(&mut latencies, 99.0),
        measured.nodes_us,
        measured.database_us,
        percentile(&mut told, 50.0),
        percentile(&mut told, 99.0)
    );
    measured
}
