//! One rate, kept up for some time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::people::People;
use super::report::Row;
use handoff_testkit::process::processor_time;

/// How long the last messages may take before they count as lost.
const LOST: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    /// Messages a second in each direction, altogether.
    pub(super) rate: u32,
    pub(super) time: Duration,
}

impl Stage {
    /// Keeps it up, and waits until everything has arrived.
    pub(super) async fn run(self, people: &People) -> Result<Row> {
        people.tally.check()?;
        let used = processor_time(people.process)?;
        let begun = Instant::now();
        let mut talking = self.begin(people, begun);
        while let Some(ended) = talking.join_next().await {
            ended??;
        }
        tokio::time::sleep_until(begun + self.time).await;
        let elapsed = begun.elapsed();
        while people.tally.under_way() > 0 {
            people.tally.check()?;
            ensure!(
                begun.elapsed() < elapsed + LOST,
                "{} messages did not arrive",
                people.tally.under_way()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let used = processor_time(people.process)?.saturating_sub(used);
        let [to_agents, to_customers] = people.tally.take();
        let refused = people.tally.take_refused();
        Ok(Row { rate: self.rate, elapsed, used, refused, to_agents, to_customers })
    }

    /// Each sends at an even pace, and they begin one after the other.
    fn begin(self, people: &People, begun: Instant) -> JoinSet<Result<()>> {
        let mut talking = JoinSet::new();
        if self.rate == 0 {
            return talking;
        }
        for (number, customer) in people.customers.iter().enumerate() {
            let pace = Pace::of(self, number, people.customers.len(), begun);
            let (customer, tally) = (Arc::clone(customer), Arc::clone(&people.tally));
            talking.spawn(async move {
                let mut tick = pace.ticks();
                while pace.next(&mut tick).await {
                    customer.say(&tally).await?;
                }
                Ok(())
            });
        }
        for (number, agent) in people.agents.iter().enumerate() {
            let pace = Pace::of(self, number, people.agents.len(), begun);
            let (agent, tally) = (Arc::clone(agent), Arc::clone(&people.tally));
            talking.spawn(async move {
                let mut tick = pace.ticks();
                let mut message = 0;
                while pace.next(&mut tick).await {
                    agent.say(message, &tally).await?;
                    message += 1;
                }
                Ok(())
            });
        }
        talking
    }
}

/// When one of many sends.
#[derive(Clone, Copy)]
struct Pace {
    first: Instant,
    every: Duration,
    end: Instant,
}

impl Pace {
    fn of(stage: Stage, number: usize, all: usize, begun: Instant) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "thousands of people")]
        let (number, all) = (number as f64, all as f64);
        let apart = 1.0 / f64::from(stage.rate);
        Self {
            first: begun + Duration::from_secs_f64(apart * number),
            every: Duration::from_secs_f64(apart * all),
            end: begun + stage.time,
        }
    }

    fn ticks(self) -> tokio::time::Interval {
        let mut ticks = interval_at(self.first, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Waits for the next moment to send; false when it lies behind the end.
    async fn next(self, ticks: &mut tokio::time::Interval) -> bool {
        tokio::time::timeout_at(self.end, ticks.tick()).await.is_ok() && Instant::now() < self.end
    }
}
