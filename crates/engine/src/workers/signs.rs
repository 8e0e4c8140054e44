//! Records signs of life: puts off the timers of those whom this node has heard of.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::Time;
use handoff_store::{ChangeSet, StoreError};

use crate::commands::Commands;
use crate::core::Core;
use crate::worker::Worker;

/// Timers put off in one commit.
const PAGE: usize = 256;

/// Records signs of life.
pub struct SignsOfLife {
    core: Arc<Core>,
    commands: Arc<Commands>,
}

impl SignsOfLife {
    pub(super) const fn new(core: Arc<Core>, commands: Arc<Commands>) -> Self {
        Self { core, commands }
    }

    /// Records what is to be recorded by now.
    ///
    /// # Errors
    ///
    /// The store's own; what was not recorded is recorded in the next round.
    pub async fn record(&self) -> Result<(), StoreError> {
        self.record_until(self.core.now()).await
    }

    /// Records everything: no other node knows of it when this one has stopped.
    pub(crate) async fn record_all(&self) -> Result<(), StoreError> {
        self.record_until(Time(i64::MAX)).await
    }

    async fn record_until(&self, until: Time) -> Result<(), StoreError> {
        loop {
            let timers = self.core.activity.take(until, PAGE);
            if timers.is_empty() {
                return Ok(());
            }
            let change = ChangeSet { timers_put_off: timers.clone(), ..ChangeSet::default() };
            if let Err(error) = self.commands.commits().make_of_timers(change).await {
                self.core.activity.give_back(&timers, self.core.now());
                return Err(error);
            }
        }
    }
}

#[async_trait]
impl Worker for SignsOfLife {
    fn name(&self) -> &'static str {
        "signs of life"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.record().await
    }
}
