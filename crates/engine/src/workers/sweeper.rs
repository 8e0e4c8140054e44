//! The sweeper: forgets what nobody can ask for any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::Time;
use handoff_store::{Key, Record, StoreError, WebhookState};

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

    /// Removes expired notifications, receipts and login sessions. What a webhook has not read yet
    /// is kept for it, for as long as it may be sent.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.core.now();
        let before = |ms: u64| Time(now.0.saturating_sub_unsigned(ms));
        let kept = before(self.core.options.stream_retention_ms);
        let sent = before(self.core.options.webhook_give_up_ms);
        let streams = self.read_by_webhooks().await?.map_or(kept, |read| kept.min(read.max(sent)));
        let logins = before(self.core.options.login_idle_ms);
        loop {
            let report = self.core.store.sweep(now, streams, logins, PAGE).await?;
            if report.total() == 0 {
                return Ok(());
            }
        }
    }

    /// Returns when the last entry of the log was that every webhook has read; `None` without any.
    async fn read_by_webhooks(&self) -> Result<Option<Time>, StoreError> {
        let directory = self.core.directory();
        let enabled = directory.webhooks.values().filter(|webhook| webhook.enabled);
        let keys: Vec<Key> = enabled.map(|webhook| Key::WebhookState(webhook.id)).collect();
        let states = self.core.store.load(&keys).await?;
        let reached = states.into_iter().flatten().filter_map(|found| match found.value {
            Record::WebhookState(WebhookState { reached, .. }) => Some(reached),
            _ => None,
        });
        Ok(reached.min())
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
