//! The sweeper: forgets what nobody can ask for any more.

use handoff_domain::Time;
use handoff_store::StoreError;

use crate::engine::Engine;

/// Rows of each kind removed in one commit, so that a sweep never holds others up for long.
const PAGE: usize = 1_000;

impl Engine {
    /// Removes expired notifications, receipts and login sessions.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let before = |ms: u64| Time(now.0.saturating_sub_unsigned(ms));
        let streams = before(self.options.stream_retention_ms);
        let logins = before(self.options.login_idle_ms);
        loop {
            let report = self.store.sweep(now, streams, logins, PAGE).await?;
            let full =
                [report.stream_rows, report.snapshots, report.receipts, report.login_sessions];
            if full.iter().all(|count| *count < PAGE as u64) {
                return Ok(());
            }
        }
    }
}
