//! How often directories were changed, and when each of their records last was.

use std::collections::BTreeMap;

use handoff_domain::CenterId;

use crate::change_set::{ChangeSet, DirectoryGuard};
use crate::record::{Key, Version};

#[derive(Debug, Default)]
pub(super) struct Directories {
    pub(super) versions: BTreeMap<CenterId, Version>,
    changed: BTreeMap<(CenterId, Key), Version>,
}

impl Directories {
    fn version(&self, center: CenterId) -> Version {
        self.versions.get(&center).copied().unwrap_or(0)
    }

    /// Tells whether the directory is as it was seen.
    pub(super) fn is_as_seen(&self, guard: &DirectoryGuard) -> bool {
        self.version(guard.center) == guard.version
    }

    /// Counts what a change set does to directories.
    pub(super) fn note(&mut self, change: &ChangeSet) {
        let mut grown = BTreeMap::new();
        for (center, key) in change.directory_changes() {
            let version = *grown.entry(center).or_insert_with(|| self.version(center) + 1);
            self.changed.insert((center, key), version);
        }
        self.versions.extend(grown);
    }

    /// Returns what was changed after a version, with the version that it was changed to, and
    /// whether there is more. What was changed together is together.
    pub(super) fn changed_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> (Version, Vec<Key>, bool) {
        let of_center = self.changed.iter().filter(|((of, _), at)| *of == center && **at > version);
        let mut all: Vec<_> = of_center.map(|((_, key), at)| (*at, key.clone())).collect();
        all.sort();
        let Some((last, _)) = all.get(limit.max(1) - 1).cloned() else {
            let keys = all.into_iter().map(|(_, key)| key).collect();
            return (self.version(center), keys, false);
        };
        let more = all.iter().any(|(at, _)| *at > last);
        let keys = all.into_iter().take_while(|(at, _)| *at <= last).map(|(_, key)| key).collect();
        (if more { last } else { self.version(center) }, keys, more)
    }
}
