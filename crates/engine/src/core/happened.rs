//! What happened to interactions by this node's commits: plain counts, which whoever watches the
//! server reads. Every commit is one node's, so the counts of all nodes add up.

use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::Event;
use handoff_domain::event::Fact;

/// What happened since a node began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// How many interactions came into being.
    pub opened: u64,
    /// How many offers were accepted, rejected, not answered in time, and taken back.
    pub accepted: u64,
    pub rejected: u64,
    pub expired: u64,
    pub revoked: u64,
}

/// Counts since the node began.
#[derive(Debug, Default)]
pub(crate) struct HappenedCounts {
    opened: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    expired: AtomicU64,
    revoked: AtomicU64,
}

impl HappenedCounts {
    /// Counts what the events of a commit say.
    pub(crate) fn note<'e>(&self, events: impl IntoIterator<Item = &'e Event>) {
        for fact in events.into_iter().flat_map(|event| &event.facts) {
            let count = match fact {
                Fact::Opened => &self.opened,
                Fact::Accepted { .. } => &self.accepted,
                Fact::Rejected { .. } => &self.rejected,
                Fact::OfferExpired { .. } => &self.expired,
                Fact::OfferRevoked { .. } => &self.revoked,
                _ => continue,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn so_far(&self) -> Happened {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Happened {
            opened: read(&self.opened),
            accepted: read(&self.accepted),
            rejected: read(&self.rejected),
            expired: read(&self.expired),
            revoked: read(&self.revoked),
        }
    }
}
