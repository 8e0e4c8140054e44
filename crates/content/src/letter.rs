//! Files that come within a message.

use handoff_domain::{Attachment, Part};

use crate::error::FileError;
use crate::keeper::FileKeeper;
use crate::kind::{self, Taken, UNKNOWN};

impl FileKeeper {
    /// Keeps a part of a message as a file that no record speaks of yet; a sweep removes it if none
    /// ever does.
    ///
    /// # Errors
    ///
    /// [`FileError::Infected`] for what must never be kept; others when scanner or disk do not
    /// answer, and then the same part may be kept later.
    pub async fn keep_part(&self, part: &Part) -> Result<Attachment, FileError> {
        let bytes = part.content.len() as u64;
        let mut arrival = self.begin(part.name.as_deref().unwrap_or_default(), bytes).await?;
        arrival.take(&part.content).await?;
        let arrived = arrival.end().await?;
        let found = arrived.content_type(Taken::Any)?;
        let named = (found == UNKNOWN)
            .then(|| kind::of_letter(&part.content_type, &part.content))
            .flatten();
        let content_type = named.unwrap_or(found).to_owned();
        let (file, name) = (arrived.id, arrived.name.clone());
        arrived.keep().await?;
        Ok(Attachment {
            file,
            name,
            bytes,
            content_type,
            content_id: part.content_id.clone(),
            inline: part.inline,
        })
    }
}
