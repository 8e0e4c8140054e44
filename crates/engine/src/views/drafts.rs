//! The texts that a draft had.

use handoff_domain::{DraftVersion, InteractionId};
use handoff_store::{Key, Record, StoreError, Versioned};

use super::Views;

impl Views {
    /// Returns the texts that a draft had before the one that it has, the oldest first.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn versions_of(&self, draft: InteractionId) -> Result<Vec<DraftVersion>, StoreError> {
        let found = self.core.store.load_one(&Key::DraftVersions(draft)).await?;
        Ok(match found {
            Some(Versioned { value: Record::DraftVersions(kept), .. }) => kept.versions,
            _ => Vec::new(),
        })
    }
}
