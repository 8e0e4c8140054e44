//! Leases of nodes, for stores that one process holds: in memory, by a clock that only moves on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handoff_domain::Incarnation;
use tokio::time::Instant;

use crate::store::Lease;

/// Until when each node lives. What is over is removed when it is come upon, so there are as many
/// as nodes live.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<BTreeMap<Incarnation, Instant>>);

impl Leases {
    /// Returns those that are not over.
    fn standing(&self) -> MutexGuard<'_, BTreeMap<Incarnation, Instant>> {
        let now = Instant::now();
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|_, until| *until > now);
        leases
    }

    pub(crate) fn begin(&self, node: Incarnation, for_ms: u64) {
        self.standing().insert(node, Instant::now() + Duration::from_millis(for_ms));
    }

    pub(crate) fn renew(&self, node: Incarnation, for_ms: u64) -> Lease {
        match self.standing().get_mut(&node) {
            Some(until) => {
                *until = Instant::now() + Duration::from_millis(for_ms);
                Lease::Kept
            }
            None => Lease::Lost,
        }
    }

    pub(crate) fn end(&self, node: Incarnation) {
        self.standing().remove(&node);
    }

    pub(crate) fn living(&self) -> BTreeSet<Incarnation> {
        self.standing().keys().copied().collect()
    }
}
