//! Letters: a message as it came, and the files within it.

use futures_util::future::{try_join, try_join_all};
use handoff_domain::{Attachment, FileId, Part};

use crate::arrival::Arrived;
use crate::error::FileError;
use crate::keeper::FileKeeper;
use crate::kind::{self, Taken, UNKNOWN};

/// What was kept of a letter. No record speaks of it yet; a sweep removes it if none ever does.
#[derive(Debug)]
pub struct KeptLetter {
    /// The message as it came.
    pub raw: FileId,
    pub attachments: Vec<Attachment>,
    /// The names of the parts that the scanner refused; nothing of these was kept.
    pub infected: Vec<Option<String>>,
}

impl FileKeeper {
    /// Keeps a message as it came, and its parts as files. The message is not scanned: nobody is
    /// given it but as so many bytes, and what is wrong with it is evidence.
    ///
    /// # Errors
    ///
    /// When scanner or disk do not answer, and then the same letter may be kept later.
    pub async fn keep_letter(&self, raw: &[u8], parts: &[Part]) -> Result<KeptLetter, FileError> {
        let message = self.receive_message(raw).await?;
        let (mut attachments, mut infected) = (Vec::new(), Vec::new());
        let mut arrived = Vec::new();
        for part in parts {
            match self.receive_part(part).await {
                Ok(file) => {
                    attachments.push(attachment(part, &file)?);
                    arrived.push(file);
                }
                Err(FileError::Infected) => infected.push(part.name.clone()),
                Err(error) => return Err(error),
            }
        }
        let raw = message.id;
        // Together: they share a sync.
        try_join(message.keep(), try_join_all(arrived.into_iter().map(Arrived::keep))).await?;
        Ok(KeptLetter { raw, attachments, infected })
    }

    async fn receive_part(&self, part: &Part) -> Result<Arrived, FileError> {
        let bytes = part.content.len() as u64;
        let mut arrival = self.begin(part.name.as_deref().unwrap_or_default(), bytes).await?;
        arrival.take(&part.content).await?;
        arrival.end().await
    }
}

fn attachment(part: &Part, arrived: &Arrived) -> Result<Attachment, FileError> {
    let found = arrived.content_type(Taken::Any)?;
    let named =
        (found == UNKNOWN).then(|| kind::of_letter(&part.content_type, &part.content)).flatten();
    Ok(Attachment {
        file: arrived.id,
        name: arrived.name.clone(),
        bytes: arrived.bytes,
        content_type: named.unwrap_or(found).to_owned(),
        content_id: part.content_id.clone(),
        inline: part.inline,
    })
}
