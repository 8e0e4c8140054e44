//! `bench costs`: what a command costs in the embedded store (docs/testing.md#figures).
//!
//! The engine alone, without HTTP and without workers, lives through work items: opened, offered,
//! accepted, changed, completed. What is printed are counts, so they are the same on every machine
//! but for how commits meet in one batch.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use handoff_domain::interaction::open::Placement;
use handoff_domain::{Action, UserData, Value};
use handoff_store::SqliteOptions;
use handoff_store::sqlite::counts::{Count, Counts};

use crate::alone::{Agents, Alone, To, bytes_in_use};

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many work items.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u16).range(1..))]
    items: u16,
    /// How many of them at once, each with an agent of its own: how large batches may become.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    at_once: u16,
}

/// The step that forgets what nobody can ask for any more.
const SWEEP: &str = "sweep";
/// Of this part of the work items a store is as large as its tables that never grow make it; what
/// is measured of it is by how much it grew with the rest.
const FIRST: u16 = 4;

/// One kind of step, with what all of its kind took.
struct Step {
    name: &'static str,
    count: Count,
    bytes: u64,
}

impl Step {
    fn new(name: &'static str) -> Self {
        Self { name, count: Count::default(), bytes: 0 }
    }

    const fn add(&mut self, more: Count, bytes: u64) {
        self.count.written += more.written;
        self.count.read += more.read;
        self.count.pages += more.pages;
        self.bytes += bytes;
    }
}

struct Stage {
    alone: Alone,
    counts: Counts,
    steps: Vec<Step>,
    database: PathBuf,
    /// Bytes that a finished work item takes after the sweep.
    finished: f64,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let stage = lived(options).await?;
    let rounds = options.items.div_ceil(options.at_once);
    stage.print(usize::from(rounds) * usize::from(options.at_once));
    Ok(())
}

/// Lets work items live, and returns what that took.
async fn lived(options: &Options) -> Result<Stage> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut stage = Stage::open(home.path(), usize::from(options.at_once)).await?;
    let rounds = options.items.div_ceil(options.at_once);
    let first = rounds.div_ceil(FIRST);
    let before = stage.work(0..first).await?;
    let after = stage.work(first..rounds).await?;
    stage.finished = (after - before) / f64::from((rounds - first) * options.at_once);
    stage.alone.engine.stop().await;
    Ok(stage)
}

/// What each command took of the store, on average.
pub(crate) struct Each {
    pub(crate) statements: f64,
    pub(crate) pages: f64,
    pub(crate) kb: f64,
    /// Bytes that a finished work item takes after the sweep.
    pub(crate) finished: f64,
}

/// Lets so many work items live, so many of them at once.
pub(crate) async fn each(items: u16, at_once: u16) -> Result<Each> {
    let stage = lived(&Options { items, at_once }).await?;
    let steps = || stage.steps.iter().filter(|step| step.name != SWEEP);
    let commands = steps().count() * usize::from(items.div_ceil(at_once) * at_once);
    let sum = |value: fn(&Step) -> u64| {
        #[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
        let sum = steps().map(value).sum::<u64>() as f64;
        #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
        let each = sum / commands as f64;
        each
    };
    Ok(Each {
        statements: sum(|step| step.count.written + step.count.read),
        pages: sum(|step| step.count.pages),
        kb: sum(|step| step.bytes) / 1_024.0,
        finished: stage.finished,
    })
}

/// Returns how many bytes this process has written so far, the copying of the log included.
pub(crate) fn written() -> Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io").context("read /proc/self/io")?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    bytes.context("no wchar in /proc/self/io")?.trim().parse().context("read wchar")
}

impl Stage {
    async fn open(home: &Path, at_once: usize) -> Result<Self> {
        let counts = Counts::default();
        let database = home.join("db");
        let place = SqliteOptions { counts: counts.clone(), ..SqliteOptions::new(&database) };
        let agents = Agents { count: at_once, room: 1 };
        let alone = Alone::open(place, agents, |_, _| Vec::new()).await?;
        alone.bring_in().await?;
        Ok(Self { alone, counts, steps: Vec::new(), database, finished: 0.0 })
    }

    /// Lets so many rounds of work items live, and sweeps. Returns the bytes of the store then.
    async fn work(&mut self, rounds: Range<u16>) -> Result<f64> {
        for number in rounds {
            self.live(i128::from(number)).await.with_context(|| format!("round {number}"))?;
        }
        let begun = self.begin()?;
        self.alone.sweep().await?;
        self.end(SWEEP, begun)?;
        bytes_in_use(&self.database)
    }

    /// Lets one work item for each agent live, all of them at once.
    async fn live(&mut self, number: i128) -> Result<()> {
        let begun = self.begin()?;
        let alone = &self.alone;
        alone.open_some(alone.agents(), To::Everybody, &Placement::InQueue).await?;
        self.end("open", begun)?;
        let begun = self.begin()?;
        let offered = self.alone.offered().await?;
        self.end("offer", begun)?;
        let data = UserData([("step".to_owned(), Value::Integer(number))].into());
        for (name, action) in [
            ("accept", Action::Accept { nickname: None }),
            ("change", Action::UpdateUserData(data)),
            ("complete", Action::Complete { queue: None }),
        ] {
            let begun = self.begin()?;
            self.alone.all_do(&offered, &action).await?;
            self.end(name, begun)?;
        }
        Ok(())
    }

    fn begin(&self) -> Result<(Count, u64)> {
        Ok((self.counts.now(), written()?))
    }

    fn end(&mut self, name: &'static str, (count, bytes): (Count, u64)) -> Result<()> {
        let (now, bytes) = (self.counts.now(), written()? - bytes);
        let place = self.steps.iter().position(|step| step.name == name);
        let place = place.unwrap_or_else(|| {
            self.steps.push(Step::new(name));
            self.steps.len() - 1
        });
        let more = Count {
            written: now.written - count.written,
            read: now.read - count.read,
            pages: now.pages - count.pages,
        };
        self.steps[place].add(more, bytes);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
    fn print(&self, items: usize) {
        println!("{items} work items, {} at once; for each command:", self.alone.agents());
        println!("step       statements   reads   pages      KB");
        let line = |step: &Step, commands: usize| {
            let each = |count: u64| count as f64 / commands as f64;
            println!(
                "{:<10} {:>10.2} {:>7.2} {:>7.2} {:>7.2}",
                step.name,
                each(step.count.written),
                each(step.count.read),
                each(step.count.pages),
                each(step.bytes) / 1_024.0
            );
        };
        let (sweeps, steps): (Vec<&Step>, Vec<&Step>) =
            self.steps.iter().partition(|step| step.name == SWEEP);
        let (mut all, commands) = (Step::new("all"), items * steps.len());
        for step in steps {
            line(step, items);
            all.add(step.count, step.bytes);
        }
        line(&all, commands);
        for sweep in sweeps {
            line(sweep, commands);
            all.add(sweep.count, sweep.bytes);
        }
        line(&Step { name: "with it", ..all }, commands);
        println!("a finished work item takes {:.0} bytes", self.finished);
    }
}
