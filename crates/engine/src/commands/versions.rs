//! Versions of a draft: the text that a command replaces is kept in its commit.

use handoff_domain::{DraftVersion, InteractionId};
use handoff_store::{DraftVersions, Key, Put, Record, StoreError, Versioned};

use super::Commands;

impl Commands {
    /// Returns the write that keeps a text which a draft had.
    pub(super) async fn keeping(
        &self,
        draft: InteractionId,
        version: DraftVersion,
    ) -> Result<Put, StoreError> {
        let found = self.core.store.load_one(&Key::DraftVersions(draft)).await?;
        let (mut kept, expected) = match found {
            Some(Versioned { value: Record::DraftVersions(kept), version }) => (kept, version),
            _ => (DraftVersions::of(draft), 0),
        };
        kept.add(version);
        Ok(Put { record: Record::DraftVersions(kept), expected })
    }
}
