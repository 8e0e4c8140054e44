//! `bench rebuild`: what commands notice of a projection that is rebuilt (docs/testing.md#figures).
//!
//! The engine without HTTP opens interactions at a fixed rate, first while the counters follow the
//! log, then while they are rebuilt, over and over. The two are measured in turns, and what is
//! printed is the ratio of their 99th percentiles.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use handoff_bus::LocalBus;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Actor, Caller, CenterId, Direction, Filing, Media, Medium, Named, Queue, Role, UserData, UserId,
};
use handoff_engine::{
    Core, Engine, Opening, Options as Numbers, Outward, Parts, SystemClock, SystemIds,
};
use handoff_projections::{Counters, Projection as _, Reader, Standing};
use handoff_store::{ChangeSet, Put, Record, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::Center;
use handoff_testkit::center::agent;
use handoff_testkit::figures::{median, ms, percentile};
use tokio::task::JoinSet;

const CENTER: CenterId = CenterId(1);
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
    engine: Arc<Engine>,
    counters: Arc<Counters>,
    maker: UserId,
    queue: Queue,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let stage = Stage::open(home.path()).await?;
    println!("opening {} interactions…", options.interactions);
    for _ in 0..options.interactions.div_ceil(AT_ONCE) {
        stage.fill().await?;
    }
    stage.engine.start();
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
    stage.engine.stop().await;
    Ok(())
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
        let made = Center::made().agents([agent(0)].into_iter(), Media::Workitem, 1);
        let maker = made.users.last().context("a made center has users")?.id;
        let queue = made.queues.first().context("a made center has a queue")?.clone();
        let store = Arc::new(SqliteStore::open(SqliteOptions::new(home.join("db")))?);
        let puts = made.records().map(|record: Record| Put { record, expected: 0 }).collect();
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
        let clock = Arc::new(SystemClock::default());
        let counters = Arc::new(Counters::open(&home.join(Counters::FILE))?);
        let reader = Reader::new(store.clone(), clock.clone(), counters.clone());
        let parts = Parts {
            store,
            bus: Arc::new(LocalBus::default()),
            clock,
            ids: Arc::new(SystemIds::default()),
            options: Numbers::default(),
        };
        let core = Core::open(parts).await?;
        let engine = Engine::build(core, Outward::default(), vec![Arc::new(reader)]).await?;
        Ok(Self { engine, counters, maker, queue })
    }

    /// Opens some interactions as fast as it goes.
    async fn fill(&self) -> Result<()> {
        let mut opening = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (engine, new) = (self.engine.clone(), self.opening());
            opening.spawn(async move { engine.commands().open(&new).await });
        }
        while let Some(opened) = opening.join_next().await {
            opened??;
        }
        Ok(())
    }

    /// Opens interactions at the rate and returns the 99th percentile of how long each took, in ms.
    async fn measure(&self, options: &Options) -> Result<f64> {
        let commands = u32::from(options.rate) * u32::from(options.seconds);
        let mut due = tokio::time::interval(Duration::from_secs(1) / u32::from(options.rate));
        let mut opening = JoinSet::new();
        for _ in 0..commands {
            due.tick().await;
            let (engine, new) = (self.engine.clone(), self.opening());
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

    /// Returns an interaction that is put on file at once, so that nobody has to do anything.
    fn opening(&self) -> Opening {
        let core = self.engine.core();
        let new = NewInteraction {
            id: core.ids().interaction(core.now()),
            center: CENTER,
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: "InboundNew".to_owned(),
            external_id: None,
            parent: None,
            contact: None,
            subject: Some("An order to check".to_owned()),
            priority: None,
            user_data: UserData::default(),
            queue: Named::Known(self.queue.clone()),
            skills: [].into(),
            placement: Placement::Filed(Filing::Report),
        };
        let caller = Caller::new(self.maker, BTreeSet::from([Role::ApiUser]), BTreeSet::new());
        let actor = Actor::User(caller);
        Opening { new, center: CENTER, actor, reference: None, receipts: Vec::new() }
    }
}
