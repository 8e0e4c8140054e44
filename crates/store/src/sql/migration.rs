//! A step of a schema, as both SQL stores have them.

use crate::hash::fnv1a;

/// One step of a schema, which is never changed once it was released.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// Counts from 1.
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

impl Migration {
    /// Returns a checksum that notices a change which nobody meant to hide.
    pub(crate) fn checksum(&self) -> String {
        format!("{:016x}", fnv1a(self.sql))
    }
}
