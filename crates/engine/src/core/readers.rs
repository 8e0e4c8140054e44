//! How far the readers of the log that run here have come: for operators, and for nothing else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The position that each reader has reached, by its name.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<BTreeMap<&'static str, u64>>);

impl Readers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, reader: &'static str, position: u64) {
        self.lock().insert(reader, position);
    }

    /// Forgets a reader that runs on another node now.
    pub(crate) fn forget(&self, reader: &str) {
        self.lock().remove(reader);
    }

    /// Returns by how many entries each is behind a log that ends there.
    pub(crate) fn behind(&self, end: u64) -> BTreeMap<String, u64> {
        let behind =
            |(name, position): (&&str, &u64)| ((*name).to_owned(), end.saturating_sub(*position));
        self.lock().iter().map(behind).collect()
    }
}
