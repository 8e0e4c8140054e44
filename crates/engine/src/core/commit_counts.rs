//! How often commits went through, and over what they were refused.

use std::sync::atomic::{AtomicU64, Ordering};

use handoff_store::{CommitError, Key, Kind};

/// How the commits of commands, desks, contacts, timers and cursors went since a node began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitTally {
    /// How many went through.
    pub commits: u64,
    /// How many were refused because somebody else had written a record that they write, of each
    /// kind of record of which there were any: what must be decided one after the other.
    pub put_conflicts: Vec<(Kind, u64)>,
    /// How many were refused because a record had changed that they only relied on: the price of
    /// the guards.
    pub check_conflicts: Vec<(Kind, u64)>,
}

/// Counts since the node began.
#[derive(Debug, Default)]
pub(crate) struct CommitCounts {
    commits: AtomicU64,
    put_conflicts: ByKind,
    check_conflicts: ByKind,
}

impl CommitCounts {
    /// Counts what became of a commit that writes these records.
    pub(crate) fn count<T>(&self, written: &[Key], committed: &Result<T, CommitError>) {
        match committed {
            Ok(_) => drop(self.commits.fetch_add(1, Ordering::Relaxed)),
            Err(CommitError::Conflict { key }) if written.contains(key) => {
                self.put_conflicts.count(key);
            }
            Err(CommitError::Conflict { key }) => self.check_conflicts.count(key),
            Err(_) => {}
        }
    }

    pub(crate) fn tally(&self) -> CommitTally {
        CommitTally {
            commits: self.commits.load(Ordering::Relaxed),
            put_conflicts: self.put_conflicts.counted(),
            check_conflicts: self.check_conflicts.counted(),
        }
    }
}

/// One count for each kind of record, at the place of `kind as usize`.
#[derive(Debug)]
struct ByKind(Vec<AtomicU64>);

impl Default for ByKind {
    fn default() -> Self {
        Self(Kind::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl ByKind {
    fn count(&self, key: &Key) {
        self.0[key.kind() as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the kinds of which there were any.
    fn counted(&self) -> Vec<(Kind, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        Kind::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}
