//! What cannot be read: set aside, so that everything else can be.
//!
//! A list leaves it out and goes on, an explicit load of it fails, and both write it down here
//! once, with an error in the log. The row itself stays as it is: a newer program may understand
//! it, and an operator may mend it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::store::SetAside;

/// Most rows that are remembered. Where more are unreadable, it is the disk or the file as a whole,
/// and not a list of rows that helps.
const REMEMBERED_MAX: usize = 1_000;

/// The rows that could not be read since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Aside(Mutex<BTreeMap<String, String>>);

impl Aside {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that a row cannot be read. `row` is its table and key.
    pub(crate) fn note(&self, row: &str, why: &StoreError) {
        let mut rows = self.lock();
        if rows.contains_key(row) || rows.len() >= REMEMBERED_MAX {
            return;
        }
        tracing::error!(
            row,
            error = why as &dyn std::error::Error,
            "a stored record cannot be read and is set aside; run `handoff doctor --deep` on the stopped server to see all of them"
        );
        rows.insert(row.to_owned(), why.to_string());
    }

    /// Returns what was written down, in order of table and key.
    pub(crate) fn all(&self) -> Vec<SetAside> {
        let rows = self.lock();
        rows.iter().map(|(row, why)| SetAside { row: row.clone(), why: why.clone() }).collect()
    }
}
