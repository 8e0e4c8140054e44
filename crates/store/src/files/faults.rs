//! Places where a test makes the keeping of small files fail, and what was on stable storage when.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the thread does that keeps files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It makes a segment.
    Begin,
    /// It writes files behind each other.
    Append,
    /// It syncs them.
    Sync,
    /// It writes a segment's index.
    Close,
}

#[derive(Debug, Default)]
struct Plan {
    planned: VecDeque<(Step, ErrorKind)>,
    fired: usize,
    answers_early: bool,
    synced: BTreeMap<u64, u64>,
}

/// A plan of failures, shared between a test and the files that it tests.
#[derive(Clone, Debug, Default)]
pub struct FilesFaults(Arc<Mutex<Plan>>);

impl FilesFaults {
    fn state(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a step fail the next time, once the failures planned before have happened.
    pub fn plan(&self, step: Step, kind: ErrorKind) {
        self.state().planned.push_back((step, kind));
    }

    /// Returns how many failures have happened. A test that sees none has tested nothing.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.state().fired
    }

    /// Lets everybody be answered before anything is written: for tests of tests.
    pub fn answer_early(&self) {
        self.state().answers_early = true;
    }

    pub(super) fn answers_early(&self) -> bool {
        self.state().answers_early
    }

    /// Returns how many bytes of each segment are on stable storage.
    #[must_use]
    pub fn synced(&self) -> BTreeMap<u64, u64> {
        self.state().synced.clone()
    }

    pub(super) fn note_synced(&self, segment: u64, bytes: u64) {
        self.state().synced.insert(segment, bytes);
    }

    /// Fails if that is planned for this step and nothing is planned before it.
    pub(super) fn strike(&self, step: Step) -> io::Result<()> {
        let mut plan = self.state();
        match plan.planned.pop_front_if(|(planned, _)| *planned == step) {
            Some((_, kind)) => {
                plan.fired += 1;
                Err(kind.into())
            }
            None => Ok(()),
        }
    }
}
