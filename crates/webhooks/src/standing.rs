//! What operators are told of the webhooks of this node.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{Time, WebhookId};
use handoff_store::{DeliveryOutcome, WebhookState};

/// How the webhooks of this node are doing.
#[derive(Debug, Default)]
pub struct Standing {
    delivered: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
    /// Of each that is sent from here: since when the oldest event waits, and whether it fails.
    lines: Mutex<BTreeMap<WebhookId, (Option<Time>, bool)>>,
}

impl Standing {
    /// Returns how many attempts ended in each way since the start.
    #[must_use]
    pub fn attempts(&self) -> [(&'static str, u64); 3] {
        [
            ("delivered", self.delivered.load(Ordering::Relaxed)),
            ("failed", self.failed.load(Ordering::Relaxed)),
            ("given_up", self.given_up.load(Ordering::Relaxed)),
        ]
    }

    /// Returns when the oldest event was that waits here.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.lock().values().filter_map(|(since, _)| *since).min()
    }

    /// Returns how many webhooks are sent from here whose receivers take nothing.
    #[must_use]
    pub fn failing(&self) -> usize {
        self.lock().values().filter(|(_, is_failing)| *is_failing).count()
    }

    pub(crate) fn count(&self, outcome: DeliveryOutcome) {
        let count = match outcome {
            DeliveryOutcome::Delivered => &self.delivered,
            DeliveryOutcome::Failed => &self.failed,
            DeliveryOutcome::GivenUp => &self.given_up,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note(&self, state: &WebhookState) {
        let oldest = state.held.values().map(|held| held.since).min();
        self.lock().insert(state.webhook, (oldest, state.is_failing()));
    }

    pub(crate) fn forget(&self, webhook: WebhookId) {
        self.lock().remove(&webhook);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<WebhookId, (Option<Time>, bool)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
