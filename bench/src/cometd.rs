//! `bench cometd`: what a CometD session costs while nothing happens, and what a delivery costs, in
//! memory and processor time.
//!
//! Ten thousand agents in one thread are connected to one server at a time: to the crate behind its
//! example's accept loop, to axum without a protocol as the floor, and to other Bayeux servers, all
//! with the same work (bayeux.md 3): the server has the first processor, the agents the second;
//! messages carry 200 bytes. One-to-one: 64 publications are on their way at any time, each from
//! one agent to another. Fanned out: everybody gets each message, and the next one is published
//! when the last one has it. Processor time is the server's alone, and includes taking in the
//! publication and, with long-polling, the next poll.
//!
//! The last part measures the program as a whole: one event to everybody, and everybody's return
//! after a SIGKILL.

mod crowd;
mod dialect;
mod floor;
pub(crate) mod members;
pub(crate) mod product;
mod report;
mod servers;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tokio::task::LocalSet;

use crowd::Crowd;
use handoff_testkit::Transport;
use handoff_testkit::figures::{median, percentile};
use handoff_testkit::process::processor_time;
use report::{Deliveries, Idle, Row};
use servers::{Kind, Server};

pub(super) use floor::serve as serve_floor;

/// How many agents the first memory reading is taken with: they also pay for what is loaded once.
const FIRST: usize = 1_000;
/// How long a server has to come to rest before its memory is read.
const REST: Duration = Duration::from_millis(1_500);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Memory of sessions without work.
    Idle,
    /// Processor time of deliveries.
    Deliveries,
    /// The program as a whole.
    Product,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The part to measure; without it all of them.
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// The server to measure; without it all of them.
    #[arg(long, value_enum)]
    server: Vec<Kind>,
    /// How many agents.
    #[arg(
        long,
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u16).range(128..=18_000)
    )]
    agents: u16,
    /// How many agents for the other projects' servers.
    #[arg(
        long,
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u16).range(128..=18_000)
    )]
    peer_agents: u16,
    /// How many rounds, of which the medians are taken.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=50))]
    rounds: u16,
    /// How long a round takes, in ms.
    #[arg(
        long,
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u16).range(100..=10_000)
    )]
    round_ms: u16,
}

impl Options {
    fn has(&self, part: Part) -> bool {
        self.part.is_empty() || self.part.contains(&part)
    }

    fn servers(&self) -> Vec<Kind> {
        let is_wanted = |kind: &Kind| self.server.is_empty() || self.server.contains(kind);
        Kind::ALL.into_iter().filter(is_wanted).collect()
    }
}

pub(super) async fn run(root: &Path, options: &Options) -> Result<()> {
    if options.has(Part::Idle) || options.has(Part::Deliveries) {
        servers::prepare(root, &options.servers())?;
    }
    servers::take_second_processor();
    let (root, options) = (root.to_owned(), options.clone());
    // The agents share one thread: it has one processor anyway, and they need no locks then.
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, measure(root, options))
    });
    measured.await.context("measuring was interrupted")?
}

async fn measure(root: PathBuf, options: Options) -> Result<()> {
    let mut rows = Vec::new();
    if options.has(Part::Idle) || options.has(Part::Deliveries) {
        for kind in options.servers() {
            for transport in kind.transports() {
                rows.push(measure_server(&root, &options, kind, *transport).await?);
            }
        }
    }
    let product = match options.has(Part::Product) {
        true => Some(product::measure(&root, options.agents.into(), options.rounds).await),
        false => None,
    };
    if !rows.is_empty() {
        report::print(&rows, &options);
    }
    if let Some(outcome) = product {
        product::print(&outcome?);
    }
    Ok(())
}

/// Measures a server on one transport, in a process of its own.
async fn measure_server(
    root: &Path,
    options: &Options,
    kind: Kind,
    transport: Transport,
) -> Result<Row> {
    let agents = usize::from(if kind.is_peer() { options.peer_agents } else { options.agents });
    println!("{}, {}: opening {agents} sessions…", kind.name(), transport.name());
    let server = Server::start(root, kind).await?;
    let mut crowd = Crowd::new(kind, transport);
    let idle = measure_idle(&server, &mut crowd, agents).await?;
    let mut row = Row { kind, transport, agents, idle, one_to_one: None, fan_out: None };
    if options.has(Part::Deliveries) {
        println!("{}, {}: delivering…", kind.name(), transport.name());
        row.one_to_one = Some(measure_deliveries(options, &server, &crowd, Work::OneToOne).await?);
        row.fan_out = Some(measure_deliveries(options, &server, &crowd, Work::FanOut).await?);
    }
    Ok(row)
}

async fn measure_idle(server: &Server, crowd: &mut Crowd, agents: usize) -> Result<Idle> {
    tokio::time::sleep(REST).await;
    let empty = server.resident().await?;
    crowd.grow(server, FIRST.min(agents)).await?;
    tokio::time::sleep(REST).await;
    let first = server.resident().await?;
    crowd.grow(server, agents).await?;
    tokio::time::sleep(REST).await;
    let all = server.resident().await?;
    let per = |bytes: u64, sessions: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a figure with one decimal")]
        let each = bytes as f64 / 1_024.0 / sessions as f64;
        if sessions == 0 { 0.0 } else { each }
    };
    Ok(Idle {
        growth_kib: per(all.saturating_sub(empty), crowd.len()),
        slope_kib: per(all.saturating_sub(first), crowd.len() - FIRST.min(agents)),
    })
}

#[derive(Clone, Copy)]
enum Work {
    OneToOne,
    FanOut,
}

async fn measure_deliveries(
    options: &Options,
    server: &Server,
    crowd: &Crowd,
    work: Work,
) -> Result<Deliveries> {
    let time = Duration::from_millis(options.round_ms.into());
    let (mut cpu_us, mut rates, mut latencies, mut load) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let used =
            || anyhow::Ok((processor_time(server.id()?)?, processor_time(std::process::id())?));
        let (server_before, own_before) = used()?;
        let begun = std::time::Instant::now();
        let (count, times) = match work {
            Work::OneToOne => crowd.one_to_one(server, time).await?,
            Work::FanOut => crowd.fan_out(server, time).await?,
        };
        let elapsed = begun.elapsed().as_secs_f64();
        let (server_after, own_after) = used()?;
        #[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
        let count = count as f64;
        cpu_us.push(server_after.saturating_sub(server_before).as_secs_f64() * 1e6 / count);
        load.push(own_after.saturating_sub(own_before).as_secs_f64() / elapsed);
        rates.push(count / elapsed);
        latencies.extend(times);
    }
    Ok(Deliveries {
        cpu_us: median(&cpu_us),
        per_second: median(&rates),
        p50_ms: percentile(&mut latencies, 50.0),
        p99_ms: percentile(&mut latencies, 99.0),
        clients_load: median(&load),
    })
}
