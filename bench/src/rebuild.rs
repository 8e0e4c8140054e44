//! `bench rebuild`: what commands notice of a projection that is rebuilt (docs/testing.md#figures).
//!
//! The engine without HTTP opens interactions at a fixed rate, first while the counters follow the
//! log, then while they are rebuilt, over and over. The two are measured in turns, and what is
//! printed is the ratio of their 99th percentiles.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use handoff_domain::Filing;
use handoff_domain::interaction::open::Placement;
use handoff_projections::{Counters, Projection as _, Reader, Standing};
use handoff_store::SqliteOptions;
use handoff_testkit::figures::{median, ms, percentile};
use tokio::task::JoinSet;

use crate::alone::{Agents, Alone, To};

/// On file at once, so that nobody has to do anything.
const FILED: Placement = Placement::Filed(Filing::Report);
/// Interactions opened at once while there is nothing to measure.
const AT_ONCE: usize = 256;
/// How often it is looked whether a rebuild is over and the next one may begin.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many interactions there are.
    #[arg(long, default_value_t = 20_000)]
    interactions: usize,
    /// Commands a second.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    rate: u16,
    /// How long each measurement lasts, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// How often both are measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
}

struct Stage {
    alone: Alone,
    counters: Arc<Counters>,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let stage = Stage::open(home.path()).await?;
    println!("opening {} interactions…", options.interactions);
    for _ in 0..options.interactions.div_ceil(AT_ONCE) {
        stage.alone.open_some(AT_ONCE, To::Everybody, &FILED).await?;
    }
    stage.alone.engine.start();
    let (mut quiet, mut rebuilding) = (Vec::new(), Vec::new());
    println!("round  p99 ms  rebuilding   ratio");
    for round in 1..=options.rounds {
        stage.until_rebuilt().await?;
        let without = stage.measure(options).await?;
        let keeping = tokio::spawn(keep_rebuilding(stage.counters.clone()));
        let with = stage.measure(options).await?;
        keeping.abort();
        println!("{round:<5} {without:>8.2} {with:>11.2} {:>7.2}", with / without);
        quiet.push(without);
        rebuilding.push(with);
    }
    let ratios: Vec<f64> = quiet.iter().zip(&rebuilding).map(|(one, other)| other / one).collect();
    println!(
        "medians: {:.2} ms, {:.2} ms while rebuilding, ratio {:.2} ({} commands a second)",
        median(&quiet),
        median(&rebuilding),
        median(&ratios),
        options.rate
    );
    stage.alone.close().await
}

/// Asks for the next rebuild whenever one is over.
async fn keep_rebuilding(counters: Arc<Counters>) -> Result<()> {
    loop {
        if matches!(counters.standing()?, Standing::Following(_)) {
            counters.ask_for_rebuild()?;
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Stage {
    async fn open(home: &Path) -> Result<Self> {
        let counters = Arc::new(Counters::open(&home.join(Counters::FILE))?);
        let counted = counters.clone();
        let place = SqliteOptions::new(home.join("db"));
        let alone = Alone::open(place, Agents { count: 1, room: 1 }, |store, clock| {
            vec![Arc::new(Reader::new(store, clock, counted))]
        });
        Ok(Self { alone: alone.await?, counters })
    }

    /// Opens interactions at the rate and returns the 99th percentile of how long each took, in ms.
    async fn measure(&self, options: &Options) -> Result<f64> {
        let commands = u32::from(options.rate) * u32::from(options.seconds);
        let mut due = tokio::time::interval(Duration::from_secs(1) / u32::from(options.rate));
        let mut opening = JoinSet::new();
        for _ in 0..commands {
            due.tick().await;
            let engine = self.alone.engine.clone();
            let new = self.alone.opening(To::Everybody, FILED);
            opening.spawn(async move {
                let begun = Instant::now();
                engine.commands().open(&new).await.map(|_| ms(begun.elapsed()))
            });
        }
        let mut took = Vec::new();
        while let Some(opened) = opening.join_next().await {
            took.push(opened??);
        }
        Ok(percentile(&mut took, 99.0))
    }

    async fn until_rebuilt(&self) -> Result<()> {
        while !matches!(self.counters.standing()?, Standing::Following(_)) {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
