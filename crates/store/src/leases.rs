//! Leases of nodes, for stores that one process holds: in memory, by a clock that only moves on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handoff_domain::Incarnation;
use tokio::time::Instant;

use crate::nodes::{AboutNode, LivingNode};
use crate::store::Lease;

/// The nodes that live. What is over is removed when it is come upon, so there are as many as nodes
/// live.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<BTreeMap<Incarnation, Standing>>);

/// A lease, and what stands with it.
#[derive(Debug)]
struct Standing {
    until: Instant,
    about: AboutNode,
    duties: BTreeSet<String>,
}

impl Leases {
    /// Returns those that are not over.
    fn standing(&self) -> MutexGuard<'_, BTreeMap<Incarnation, Standing>> {
        let now = Instant::now();
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|_, standing| standing.until > now);
        leases
    }

    pub(crate) fn begin(&self, node: Incarnation, for_ms: u64) {
        let until = Instant::now() + Duration::from_millis(for_ms);
        let (about, duties) = (AboutNode::default(), BTreeSet::new());
        self.standing().insert(node, Standing { until, about, duties });
    }

    pub(crate) fn renew(&self, node: Incarnation, for_ms: u64) -> Lease {
        match self.standing().get_mut(&node) {
            Some(standing) => {
                standing.until = Instant::now() + Duration::from_millis(for_ms);
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

    pub(crate) fn take_duties(&self, node: Incarnation, wanted: &[&str]) -> BTreeSet<String> {
        let mut leases = self.standing();
        let wanted: BTreeSet<String> = wanted.iter().copied().map(str::to_owned).collect();
        let others = leases.iter().filter(|(other, _)| **other != node);
        let had: BTreeSet<String> =
            others.flat_map(|(_, standing)| standing.duties.iter().cloned()).collect();
        let Some(standing) = leases.get_mut(&node) else { return BTreeSet::new() };
        standing.duties.extend(wanted.difference(&had).cloned());
        standing.duties.intersection(&wanted).cloned().collect()
    }

    pub(crate) fn leave_duties(&self, node: Incarnation, names: &[&str]) {
        if let Some(standing) = self.standing().get_mut(&node) {
            standing.duties.retain(|duty| !names.contains(&duty.as_str()));
        }
    }

    pub(crate) fn describe(&self, node: Incarnation, about: AboutNode) {
        if let Some(standing) = self.standing().get_mut(&node) {
            standing.about = about;
        }
    }

    pub(crate) fn nodes(&self) -> Vec<LivingNode> {
        let living = |(node, standing): (&Incarnation, &Standing)| LivingNode {
            node: *node,
            about: standing.about.clone(),
            duties: standing.duties.clone(),
        };
        self.standing().iter().map(living).collect()
    }
}
