//! The sweeper: forgets what nobody can ask for any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::Time;
use handoff_store::StoreError;

use crate::core::{Core, Duty};
use crate::worker::Worker;

/// Rows of each kind removed in one commit, so that a sweep never holds others up for long.
const PAGE: usize = 1_000;

/// Removes old rows.
pub struct Sweeper {
    core: Arc<Core>,
}

impl Sweeper {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Removes expired notifications, receipts and login sessions.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.core.now();
        let before = |ms: u64| Time(now.0.saturating_sub_unsigned(ms));
        let streams = before(self.core.options.stream_retention_ms);
        let logins = before(self.core.options.login_idle_ms);
        loop {
            let report = self.core.store.sweep(now, streams, logins, PAGE).await?;
            if report.total() == 0 {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Worker for Sweeper {
    fn name(&self) -> &'static str {
        "sweeper"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Sweep)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.sweep_ms)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.sweep().await
    }
}
