//! How values are distributed: counts below fixed bounds, as whoever watches a server wants them.
//!
//! Noting a value is two additions and takes no lock. It knows no format in which it is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of durations, in µs: from a sync of a fast disk to what nobody waits for.
pub const DURATIONS_US: &[u64] = &[
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// Counts of values below bounds.
#[derive(Debug)]
pub struct Distribution {
    /// The largest value of each count; one count more has what is larger.
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A distribution as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distributed {
    pub bounds: &'static [u64],
    /// How many values were at most each bound and larger than the one before it, and, last, how
    /// many were larger than all.
    pub counts: Vec<u64>,
    pub sum: u64,
}

impl Distribution {
    /// Begins one over ascending bounds.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn note(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn distributed(&self) -> Distributed {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Distributed { bounds: self.bounds, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// How the batches of a store's commits went since it was opened.
#[derive(Debug)]
pub struct BatchCounts {
    /// How many change sets each batch had.
    pub sizes: Distribution,
    /// How long each took, its sync included, in µs.
    pub durations_us: Distribution,
    /// How many batches were not written: each of their change sets was refused.
    pub failed: AtomicU64,
}

impl Default for BatchCounts {
    fn default() -> Self {
        Self {
            sizes: Distribution::new(&[1, 2, 5, 10, 20, 50, 100, 200, 500]),
            durations_us: Distribution::new(DURATIONS_US),
            failed: AtomicU64::new(0),
        }
    }
}

impl BatchCounts {
    /// Counts a batch that is durable.
    pub(crate) fn note_written(&self, size: usize, took: Duration) {
        self.sizes.note(size as u64);
        self.durations_us.note(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a batch that was not written.
    pub(crate) fn note_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_at_the_least_bound_that_it_does_not_exceed() {
        let distribution = Distribution::new(&[1, 10]);
        [0, 1, 2, 10, 11, 1_000].into_iter().for_each(|value| distribution.note(value));
        let found = distribution.distributed();
        assert_eq!((found.counts, found.sum), (vec![2, 2, 2], 1_024));
    }
}
