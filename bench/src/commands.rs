//! `bench commands`: durable commands a second (docs/testing.md#figures).
//!
//! Before each round every agent is offered that round's work; what is measured is clients that
//! each accept and complete one work item after the other over a kept-alive connection with Basic
//! credentials, each change told by long-polling. Rounds of the program and of the floors
//! alternate, so that whatever else the machine does hits all of them. The floors are a bare server
//! that takes the same requests, the rows of a command by bare SQLite, and one sync after the
//! other.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tokio::task::{JoinSet, LocalSet};
use tokio_util::task::AbortOnDropHandle;

use handoff_testkit::center;
use handoff_testkit::comet::be_reachable;
use handoff_testkit::figures::{median, ms, percentile};
use handoff_testkit::process::processor_time;
use handoff_testkit::program::build;
use handoff_testkit::{Call, Client, Program, Transport};

use crate::alone::Agents;
use crate::bare::{self, Bare};
use crate::desks::{self, ACCEPT, COMPLETE};
use crate::disk::{self, Disk};
use crate::grow;
use crate::lean::{self, Line, Told};
use crate::rows::Rows;

/// How many requests the bare server gets for one command: they are cheap, and processor time is
/// counted in steps of 10 ms.
const BARE_REQUESTS: usize = 8;
/// How long the disk is measured in each round.
const DISK_TIME: Duration = Duration::from_millis(300);
/// What an agent is told of one work item: offered, accepted, completed.
const TOLD_EACH: usize = 3;

/// Who makes the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Driver {
    /// Requests written beforehand, all clients in one thread.
    Lean,
    /// The test client, as costly as the program.
    Full,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many clients work, each as an agent of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    clients: u16,
    /// How many rounds.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// How many work items each client does in a round. They hold as many at once, so more than an
    /// agent would have in real life makes their desk larger than it would be.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    items: u16,
    #[arg(long, value_enum, default_value_t = Driver::Lean)]
    driver: Driver,
    /// How many work items were finished before, and swept: how large the store is.
    #[arg(long, default_value_t = 0)]
    finished: u32,
}

/// One round's figures of one server.
struct Round {
    per_second: f64,
    /// Processor time for each request: the server's, and the clients'.
    cpu_us: f64,
    driver_us: f64,
    latencies: Vec<f64>,
}

struct Rounds {
    commands: Round,
    bare: Round,
    rows_us: f64,
    disk: Disk,
}

impl Rounds {
    fn floor_us(&self) -> f64 {
        self.bare.cpu_us + self.rows_us
    }
}

/// What an agent does: a path and a body, one after the other.
type Work = Vec<(String, &'static str)>;

/// The agents, as they make requests.
enum Crew {
    Lean { told: Rc<Told>, awaited: usize },
    Full,
}

struct Stage {
    program: Program,
    clients: Vec<Client>,
    crew: Crew,
    /// An agent who is out of reach is offered nothing.
    _polls: Vec<AbortOnDropHandle<()>>,
    bare: Bare,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    if options.driver == Driver::Full {
        return measure(binary, options.clone()).await;
    }
    let options = options.clone();
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, measure(binary, options))
    });
    measured.await.context("measuring was interrupted")?
}

async fn measure(binary: PathBuf, options: Options) -> Result<()> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut stage = Stage::open(&binary, home.path(), &options).await?;
    let mut rows = Rows::open(home.path())?;
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let work = stage.prepare(number, options.items.into()).await?;
        let commands = stage.commands(work).await?;
        let bare = stage.bare_requests(usize::from(options.items) * 2 * BARE_REQUESTS).await?;
        let (rows_us, disk) = (rows.measure()?, disk::measure(home.path(), DISK_TIME)?);
        rounds.push(Rounds { commands, bare, rows_us, disk });
    }
    print(rounds, &options);
    Ok(())
}

impl Stage {
    /// Brings the agents to work.
    async fn open(binary: &Path, home: &Path, options: &Options) -> Result<Self> {
        let (agents, each) = (usize::from(options.clients), usize::from(options.items));
        let program = match usize::try_from(options.finished)? {
            0 => desks::open(binary, home, agents, each).await?.1,
            finished => {
                grow::worked(binary, home, Agents { count: agents, room: each }, finished).await?
            }
        };
        let bare = Bare::start("bare-server").await?;
        println!("opening {agents} agents' sessions…");
        let (mut clients, mut polls) = (Vec::new(), Vec::new());
        let told = Rc::new(Told::default());
        for name in (0..agents).map(center::agent) {
            let client = program.client(&name);
            polls.push(match options.driver {
                Driver::Full => be_reachable(client.clone(), Transport::LongPolling),
                Driver::Lean => {
                    let server = program.server()?;
                    let polling = lean::listen(&client, server, &name, told.clone()).await?;
                    AbortOnDropHandle::new(tokio::task::spawn_local(polling))
                }
            });
            client.start_work(&["workitem"]).await?;
            clients.push(client);
        }
        let crew = match options.driver {
            Driver::Full => Crew::Full,
            Driver::Lean => Crew::Lean { told, awaited: 0 },
        };
        Ok(Self { program, clients, crew, _polls: polls, bare })
    }

    /// Waits until every agent is offered their share, and returns what they will do.
    async fn prepare(&self, round: u16, each: usize) -> Result<Vec<Work>> {
        let all = self.clients.len() * each;
        println!("round {round}: offering {all} work items…");
        desks::submit(&self.program.address(), all).await?;
        let mut work = Vec::with_capacity(self.clients.len());
        for client in &self.clients {
            let offers = desks::offers(client, each).await?;
            let steps = offers.into_iter().flat_map(|id| {
                let path = format!("/me/interactions/{id}");
                [(path.clone(), ACCEPT), (path, COMPLETE)]
            });
            work.push(steps.collect());
        }
        Ok(work)
    }

    /// Every client does its work. The notifications of it belong to it.
    async fn commands(&mut self, work: Vec<Work>) -> Result<Round> {
        let process = self.program.id()?;
        let Crew::Lean { told, awaited } = &mut self.crew else {
            return measured(process, full(&self.clients, work)).await;
        };
        *awaited += work.iter().map(Vec::len).sum::<usize>() / 2 * TOLD_EACH;
        let (server, mut lists) = (self.program.server()?, Vec::new());
        for (number, work) in work.into_iter().enumerate() {
            // A new one: the program closes those that wait too long for their first request.
            let line = Line::open(server, &center::agent(number)).await?;
            let write = |(path, body): (String, &str)| line.post(&format!("/api/v2{path}"), body);
            let requests = work.into_iter().map(write).collect();
            lists.push((line, requests));
        }
        measured(process, async {
            let latencies = lean::ask_all(lists).await?;
            told.all(*awaited).await?;
            Ok(latencies)
        })
        .await
    }

    /// The same number of clients sends the same to the bare server.
    async fn bare_requests(&self, requests: usize) -> Result<Round> {
        let process = self.bare.id()?;
        if matches!(self.crew, Crew::Full) {
            let client = Client::anonymous(&self.bare.address());
            let clients = vec![client; self.clients.len()];
            let work = vec![vec![(bare::PATH.to_owned(), ACCEPT); requests]; clients.len()];
            return measured(process, full(&clients, work)).await;
        }
        let mut lists = Vec::new();
        for name in (0..self.clients.len()).map(center::agent) {
            let line = Line::open(self.bare.server, &name).await?;
            let request = line.post(&format!("/api/v2{}", bare::PATH), ACCEPT);
            lists.push((line, vec![request; requests]));
        }
        measured(process, lean::ask_all(lists)).await
    }
}

/// Lets every client make its requests, and returns how long each took, in ms.
async fn full(clients: &[Client], work: Vec<Work>) -> Result<Vec<f64>> {
    let mut running = JoinSet::new();
    for (client, work) in clients.iter().cloned().zip(work) {
        running.spawn(async move {
            let mut latencies = Vec::with_capacity(work.len());
            for (path, body) in work {
                let call = Call::post(&path, &serde_json::from_str(body)?);
                let begun = Instant::now();
                client.send(&call).await?.ok()?;
                latencies.push(ms(begun.elapsed()));
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies.extend(ended??);
    }
    Ok(latencies)
}

/// Measures what a server and this process use meanwhile.
async fn measured(process: u32, work: impl Future<Output = Result<Vec<f64>>>) -> Result<Round> {
    let used = || anyhow::Ok((processor_time(process)?, processor_time(std::process::id())?));
    let (server, driver) = used()?;
    let started = Instant::now();
    let latencies = work.await?;
    let elapsed = started.elapsed().as_secs_f64();
    let (server_after, driver_after) = used()?;
    #[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
    let count = latencies.len() as f64;
    let each = |after: Duration, before| after.saturating_sub(before).as_secs_f64() * 1e6 / count;
    Ok(Round {
        per_second: count / elapsed,
        cpu_us: each(server_after, server),
        driver_us: each(driver_after, driver),
        latencies,
    })
}

fn print(rounds: Vec<Rounds>, options: &Options) {
    let middle =
        |value: &dyn Fn(&Rounds) -> f64| median(&rounds.iter().map(value).collect::<Vec<f64>>());
    let [rate, cpu, driver] = [
        middle(&|round| round.commands.per_second),
        middle(&|round| round.commands.cpu_us),
        middle(&|round| round.commands.driver_us),
    ];
    let [bare, bare_rate, rows] = [
        middle(&|round| round.bare.cpu_us),
        middle(&|round| round.bare.per_second),
        middle(&|round| round.rows_us),
    ];
    let floor = middle(&Rounds::floor_us);
    let ratio = middle(&|round| round.commands.cpu_us / round.floor_us());
    let syncs = middle(&|round| round.disk.per_second);
    let per_sync = middle(&|round| round.commands.per_second / round.disk.per_second);
    let mut latencies: Vec<f64> = Vec::new();
    let mut syncing: Vec<f64> = Vec::new();
    for round in rounds {
        latencies.extend(round.commands.latencies);
        syncing.extend(round.disk.latencies);
    }
    println!(
        "{} clients ({:?}), {} commands, medians of {} rounds, each change told by CometD",
        options.clients,
        options.driver,
        latencies.len(),
        options.rounds
    );
    println!(
        "durable commands {rate:.0}/s, p50 {:.2} ms, p99 {:.2} ms; one fdatasync at a time \
         {syncs:.0}/s, p99 {:.2} ms; ratio {per_sync:.1}",
        percentile(&mut latencies, 50.0),
        percentile(&mut latencies, 99.0),
        percentile(&mut syncing, 99.0)
    );
    println!(
        "processor time a command {cpu:.0} us, of the clients {driver:.0} us; floor {floor:.0} us: \
         a bare POST {bare:.0} us ({bare_rate:.0}/s) and the same rows by bare SQLite {rows:.0} us"
    );
    println!("processor time a command / its floor: {ratio:.2}");
}
