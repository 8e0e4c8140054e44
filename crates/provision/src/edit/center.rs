//! What a contact center says of itself.

use std::collections::BTreeMap;

use handoff_domain::{Center, Media};
use handoff_store::Record;

use super::{Edit, Editor};
use crate::retention::RetentionDescription;

impl Editor<'_> {
    /// Returns a channel of a description that no queue has, and of which nothing was said before.
    #[must_use]
    pub fn channel_without_queue(&self, said: &RetentionDescription) -> Option<String> {
        let before = self.directory.centers.get(&self.center);
        let is_known = |media: &Media| {
            self.queues().any(|queue| queue.media == *media)
                || before.is_some_and(|center| center.retention_ms.contains_key(media))
        };
        let mut all = said.by_media().into_keys();
        all.find(|media| !is_known(media)).map(|media| media.to_string())
    }

    /// Changes how long finished work is kept.
    #[must_use]
    pub fn change_retention(&self, retention_ms: BTreeMap<Media, u64>) -> Edit {
        let before = self.directory.centers.get(&self.center);
        let Some(center) = before else { return Edit::default() };
        self.write(before, Center { retention_ms, ..center.clone() }, Record::Center)
    }
}
