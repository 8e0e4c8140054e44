//! Ids that count up instead of being random, so that a failing test fails the same way again.

use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::{InteractionId, Time};
use handoff_engine::IdSource;

/// Ids that count up.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl CountingIds {
    /// Makes them begin at a number, for nodes that must not give the same ones.
    #[must_use]
    pub const fn from(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }
}

impl IdSource for CountingIds {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn interaction(&self, now: Time) -> InteractionId {
        InteractionId::compose(now.0.unsigned_abs(), self.0.fetch_add(1, Ordering::Relaxed))
    }
}
