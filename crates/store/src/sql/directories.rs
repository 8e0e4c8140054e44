//! The statements of directories, and what a change set does to them as rows.

use std::collections::BTreeMap;

use crate::change_set::{ChangeSet, DirectoryGuard, Extent};
use crate::record::{Kind, Version};

/// center → version
pub(crate) const VERSION_READ: &str = "SELECT version FROM directory_versions WHERE center = $1";
/// center, version
pub(crate) const VERSION_WRITE: &str = "INSERT INTO directory_versions (center, version) \
     VALUES ($1, $2) ON CONFLICT (center) DO UPDATE SET version = excluded.version";
/// → center, version
pub(crate) const VERSIONS_READ: &str = "SELECT center, version FROM directory_versions";
/// center, kind, id, version
pub(crate) const CHANGE_NOTE: &str = "INSERT INTO directory_changes (center, kind, id, version) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (center, kind, id) DO UPDATE SET version = excluded.version";
/// center, version after → kind, id, version. The reader stops by itself, because a limit could
/// split what was changed together.
pub(crate) const CHANGES_READ: &str = "SELECT kind, id, version FROM directory_changes \
     WHERE center = $1 AND version > $2 ORDER BY version";

/// Every statement of this file.
#[cfg(test)]
pub(crate) const ALL: [&str; 5] =
    [VERSION_READ, VERSION_WRITE, VERSIONS_READ, CHANGE_NOTE, CHANGES_READ];

/// The directory that a decision saw, as rows have it.
#[derive(Debug)]
pub(crate) struct SeenDirectory {
    pub(crate) guard: DirectoryGuard,
    pub(crate) center: String,
}

impl SeenDirectory {
    pub(crate) fn of(guard: DirectoryGuard) -> Self {
        Self { guard, center: guard.center.stored() }
    }

    /// Tells whether a change of the directory alone is a conflict.
    pub(crate) fn refuses(&self, version: Version) -> bool {
        self.guard.extent == Extent::Whole && self.guard.version != version
    }
}

/// What a change set does to one directory.
#[derive(Debug)]
pub(crate) struct DirectoryChange {
    pub(crate) center: String,
    /// The records that it writes or removes, by kind and key.
    pub(crate) records: Vec<(Kind, String)>,
}

impl DirectoryChange {
    pub(crate) fn all_of(change: &ChangeSet) -> Vec<Self> {
        let mut all = BTreeMap::new();
        for (center, key) in change.directory_changes() {
            let records: &mut Vec<_> = all.entry(center).or_default();
            records.push((key.kind(), key.id_text()));
        }
        let rows = |(center, records): (handoff_domain::CenterId, _)| Self {
            center: center.stored(),
            records,
        };
        all.into_iter().map(rows).collect()
    }
}
