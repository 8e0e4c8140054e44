//! What a contact center says of itself.

use std::collections::BTreeMap;

use handoff_domain::{Center, Media};
use handoff_store::Record;

use super::{Edit, Editor};

impl Editor<'_> {
    /// Changes how long finished work is kept.
    #[must_use]
    pub fn change_retention(&self, retention_ms: BTreeMap<Media, u64>) -> Edit {
        let before = self.directory.centers.get(&self.center);
        let Some(center) = before else { return Edit::default() };
        self.write(before, Center { retention_ms, ..center.clone() }, Record::Center)
    }
}
