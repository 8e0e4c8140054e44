//! How often commits went through, and over what they were refused.

use std::sync::atomic::{AtomicU64, Ordering};

use handoff_store::{CommitError, Key, Kind};

/// Counts since the node began.
#[derive(Debug)]
pub(crate) struct CommitCounts {
    commits: AtomicU64,
    /// At the place of `kind as usize`.
    conflicts: Vec<AtomicU64>,
}

impl Default for CommitCounts {
    fn default() -> Self {
        let conflicts = Kind::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self { commits: AtomicU64::new(0), conflicts }
    }
}

impl CommitCounts {
    /// Counts what became of a commit.
    pub(crate) fn count<T>(&self, committed: &Result<T, CommitError>) {
        match committed {
            Ok(_) => drop(self.commits.fetch_add(1, Ordering::Relaxed)),
            Err(CommitError::Conflict { key }) => self.count_conflict(key),
            Err(_) => {}
        }
    }

    fn count_conflict(&self, key: &Key) {
        self.conflicts[key.kind() as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many commits went through.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Returns how many were refused because a record of a kind had changed, of each kind of which
    /// there were any.
    pub(crate) fn conflicts(&self) -> Vec<(Kind, u64)> {
        let counts = self.conflicts.iter().map(|count| count.load(Ordering::Relaxed));
        Kind::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}
