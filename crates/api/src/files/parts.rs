//! Files that come within a message: its parts, and the message itself.

use handoff_domain::{Attachment, FileId, Part};
use handoff_store::NewFile;

use super::FileFault;
use super::arrival::Arrival;
use super::kind::{self, Taken, UNKNOWN};
use crate::shared::Shared;

/// Keeps a part of a message as a file that no record speaks of yet; a sweep removes it if none
/// ever does.
///
/// # Errors
///
/// [`FileFault::Infected`] for what must never be kept; [`FileFault::Unavailable`] when the scanner
/// or the disk does not answer, and then the same part may be kept later.
pub async fn keep_part(shared: &Shared, part: &Part) -> Result<Attachment, FileFault> {
    let name = kind::clean_name(part.name.as_deref().unwrap_or_default());
    let bytes = part.content.len() as u64;
    let mut arrival = Arrival::begin(shared, name, bytes).await?;
    arrival.take(&part.content).await?;
    let arrived = arrival.end().await?;
    let found = arrived.content_type(Taken::Any)?;
    let named =
        (found == UNKNOWN).then(|| kind::of_letter(&part.content_type, &part.content)).flatten();
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

/// Keeps a message as it came. It is not scanned: nobody is given it but as so many bytes, and what
/// is wrong with it is evidence.
///
/// # Errors
///
/// [`FileFault::Unavailable`] when the disk does not take it.
pub async fn keep_raw(shared: &Shared, raw: &[u8]) -> Result<FileId, FileFault> {
    let engine = shared.engine();
    let id = FileId(engine.core().ids().random());
    let new = NewFile { id, at: engine.core().now(), bytes_max: raw.len() as u64 };
    let mut incoming = shared.reception().files.begin(new).await?;
    incoming.write(raw).await?;
    incoming.keep().await?;
    Ok(id)
}
