//! A rebuild gives way: the longer its rounds take, the longer it rests between them.

use std::sync::Arc;

use handoff_domain::Time;
use handoff_engine::Worker as _;
use handoff_store::LogEntry;
use handoff_testkit::ManualClock;

use super::deeds::Deed;
use super::rig::Rig;
use super::{counters, feed, reader};
use crate::{Counters, News, Projection, ProjectionError, Standing};

/// Counters that take a while for everything that they take in.
struct Slow {
    counters: Counters,
    clock: Arc<ManualClock>,
    ms: u32,
}

impl Projection for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.counters.standing()
    }

    fn reads(&self, entry: &LogEntry) -> bool {
        self.counters.reads(entry)
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        self.clock.advance_ms(self.ms);
        self.counters.apply(news, from, to)
    }

    fn rebuild(&self, from: Standing, to: Standing, settled: Time) -> Result<(), ProjectionError> {
        self.counters.rebuild(from, to, settled)
    }
}

/// Returns how long a rebuild rests after a round that took so long, in ms.
async fn rest(rig: &Rig, ms: u32) -> u128 {
    feed(rig, counters(rig)).await;
    counters(rig).ask_for_rebuild().unwrap();
    let slow = Slow { counters: counters(rig), clock: rig.clock.clone(), ms };
    let reader = reader(rig, slow);
    // The first round begins it.
    for _ in 0..2 {
        reader.round().await.unwrap();
    }
    reader.pause().as_millis()
}

#[tokio::test]
async fn a_rebuild_rests_longer_than_it_worked() {
    let mut rig = Rig::new().await;
    for _ in 0..60 {
        rig.carry_out(Deed::Submit { queue: 0 }).await;
    }
    let quick = rest(&rig, 0).await;
    assert!(quick > 0, "commands have the store for themselves in between");
    assert_eq!(rest(&rig, 100).await, 300);
    assert_eq!(rest(&rig, 50_000).await, 1_000, "and goes on within a second");
    feed(&rig, counters(&rig)).await;
    let following = reader(&rig, counters(&rig));
    following.round().await.unwrap();
    assert!(following.pause().as_millis() > quick);
}
