//! `bench grow`: what a store is like when much was done with it (docs/performance.md#growth).
//!
//! The engine alone lets work items live from their coming to their end. After each step everything
//! that may be swept is swept, and the program is started on that store: how long until it listens,
//! how long lists take, and how large the store is. Nothing of it may grow with what is finished
//! but the size.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;
use handoff_domain::Action;
use handoff_domain::interaction::open::Placement;
use handoff_store::SqliteOptions;
use handoff_testkit::center::{ADMIN, agent};
use handoff_testkit::figures::{median, ms};
use handoff_testkit::program::build;
use handoff_testkit::{Program, Settings, Site, Start};

use crate::alone::{Agents, Alone, To, bytes_in_use};
use crate::lean::Line;

/// The database's name in the data directory.
const DATABASE: &str = "handoff.db";
/// As many work items at once, each with an agent of its own.
const AT_ONCE: Agents = Agents { count: 128, room: 1 };
/// What waits all the time, so that lists have something to show.
const WAITING: usize = 50;
/// How often each list is asked for.
const ASKED: usize = 200;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many work items are finished in the end.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    items: u32,
    /// In how many steps, each of them measured.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    steps: u8,
}

/// What is measured after a step.
struct Row {
    finished: usize,
    per_second: f64,
    start_ms: f64,
    waiting_ms: f64,
    own_ms: f64,
    history_ms: f64,
    bytes_each: f64,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let site = Site::configure(home.path(), Settings::default())?;
    std::fs::create_dir_all(&site.data).context("make the data directory")?;
    let step = usize::try_from(options.items)?.div_ceil(options.steps.into());
    let (mut finished, mut one) = (0, String::new());
    println!("  finished  items/s  start ms  waiting ms  own ms  history ms  bytes each");
    for _ in 0..options.steps {
        let waiting = if finished == 0 { WAITING } else { 0 };
        let (more, per_second) = fill(&site, AT_ONCE, (waiting, step), &mut one).await?;
        finished += more;
        let bytes_each = bytes_in_use(&site.data.join(DATABASE))? / count(finished);
        let mut row = Row {
            finished,
            per_second,
            start_ms: 0.0,
            waiting_ms: 0.0,
            own_ms: 0.0,
            history_ms: 0.0,
            bytes_each,
        };
        serve(&binary, &site, &one, &mut row).await?;
        print(&row);
    }
    Ok(())
}

/// Lets work items live in a new data directory, and starts the program on it.
pub(crate) async fn worked(
    binary: &Path,
    home: &Path,
    agents: Agents,
    finished: usize,
) -> Result<Program> {
    let site = Site::configure(home, Settings::default())?;
    std::fs::create_dir_all(&site.data).context("make the data directory")?;
    println!("finishing {finished} work items…");
    fill(&site, agents, (0, finished), &mut String::new()).await?;
    Program::start(binary, Start::Serve(site.config.clone()), site.log.clone()).await
}

/// Lets so many work items wait and so many live, and sweeps. Returns how many lived, and how many
/// a second.
async fn fill(
    site: &Site,
    agents: Agents,
    (waiting, step): (usize, usize),
    one: &mut String,
) -> Result<(usize, f64)> {
    let place = SqliteOptions::new(site.data.join(DATABASE));
    let alone = Alone::open(place, agents, |_, _| Vec::new()).await?;
    alone.bring_in().await?;
    alone.open_some(waiting, To::Nobody, &Placement::InQueue).await?;
    let rounds = step.div_ceil(agents.count);
    let begun = Instant::now();
    for _ in 0..rounds {
        alone.open_some(agents.count, To::Everybody, &Placement::InQueue).await?;
        let offered = alone.offered().await?;
        alone.all_do(&offered, &Action::Accept { nickname: None }).await?;
        alone.all_do(&offered, &Action::Complete { queue: None }).await?;
        *one = offered.first().context("nothing was offered")?.1.to_string();
    }
    let took = begun.elapsed().as_secs_f64();
    alone.sweep().await?;
    alone.close().await?;
    let lived = rounds * agents.count;
    Ok((lived, count(lived) / took))
}

/// Starts the program, and asks for lists.
async fn serve(binary: &Path, site: &Site, one: &str, row: &mut Row) -> Result<()> {
    let start = Start::Serve(site.config.clone());
    let mut program = Program::start(binary, start, site.log.clone()).await?;
    program.terminate().await?;
    program.ended().await?;
    // The second start: the first one also took on a store that it had not seen.
    row.start_ms = ms(program.restart().await?);
    let server = program.server()?;
    row.waiting_ms = ask(server, ADMIN, "/interactions?limit=50").await?;
    row.own_ms = ask(server, &agent(0), "/me/interactions").await?;
    row.history_ms = ask(server, ADMIN, &format!("/interactions/{one}/events")).await?;
    program.terminate().await?;
    program.ended().await?;
    Ok(())
}

/// Asks for something many times, and returns the median of how long it took, in ms.
async fn ask(server: std::net::SocketAddr, user: &str, path: &str) -> Result<f64> {
    let line = Line::open(server, user).await?;
    let request = line.get(&format!("/api/v2{path}"));
    let requests = vec![request; ASKED];
    let latencies = line.ask_all(requests).await.with_context(|| format!("ask for {path}"))?;
    Ok(median(&latencies))
}

fn print(row: &Row) {
    let Row { finished, per_second, start_ms, waiting_ms, own_ms, history_ms, bytes_each } = row;
    println!(
        "{finished:>10} {per_second:>8.0} {start_ms:>9.0} {waiting_ms:>11.2} {own_ms:>7.2} \
         {history_ms:>11.2} {bytes_each:>11.0}"
    );
}

fn count(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of some millions")]
    let count = count as f64;
    count
}
