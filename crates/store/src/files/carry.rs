//! Carries files from one place to another.
//!
//! What is in a file never changes, so one that is there is not looked at again, and whoever is
//! broken off goes on with the same call. Each one that is carried is read back. What lies in the
//! trash stays.

use crc32fast::Hasher;
use handoff_domain::FileId;

use super::{Files, FilesError, KeptFile, NewFile, READ_BYTES_MAX};

/// Files listed at once.
const PAGE: usize = 200;

/// Why files are not carried on. What was until then is there, and whole.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// One of the places did not do what it was asked.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file was read back otherwise than it was written, and was removed again.
    #[error("the file {id} was read back otherwise than it was written")]
    Differs { id: FileId },
}

/// What was carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilesCarried {
    /// How many files came.
    pub carried: u64,
    /// How many were there before.
    pub there: u64,
    /// How many bytes came.
    pub bytes: u64,
}

/// Carries all files that are not there yet, and calls `tell` with each page that is through.
///
/// # Errors
///
/// When either place fails, or a file that was carried is not what it was.
pub async fn carry_files(
    from: &dyn Files,
    to: &dyn Files,
    tell: &(dyn Fn(&FilesCarried) + Sync),
) -> Result<FilesCarried, CarryError> {
    let (mut done, mut after) = (FilesCarried::default(), None);
    loop {
        let page = from.list(after, PAGE).await?;
        for kept in &page.items {
            if to.read(kept.id, 0, 1).await?.is_some() {
                done.there += 1;
            } else if let Some(bytes) = carry(from, to, *kept).await? {
                done.carried += 1;
                done.bytes += bytes;
            }
        }
        tell(&done);
        after = page.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

/// Carries a file; returns how many bytes it has, `None` when it was removed meanwhile.
async fn carry(
    from: &dyn Files,
    to: &dyn Files,
    KeptFile { id, at }: KeptFile,
) -> Result<Option<u64>, CarryError> {
    let mut incoming = to.begin(NewFile { id, at, bytes_max: u64::MAX }).await?;
    let (mut bytes, mut hasher) = (0, Hasher::new());
    loop {
        let Some(piece) = from.read(id, bytes, READ_BYTES_MAX).await? else { return Ok(None) };
        if piece.is_empty() {
            break;
        }
        bytes += piece.len() as u64;
        hasher.update(&piece);
        incoming.write(&piece).await?;
    }
    incoming.keep().await?;
    if hash_of(to, id).await? != Some((bytes, hasher.finalize())) {
        to.delete(id).await?;
        return Err(CarryError::Differs { id });
    }
    Ok(Some(bytes))
}

/// Returns length and hash of a file.
async fn hash_of(files: &dyn Files, id: FileId) -> Result<Option<(u64, u32)>, FilesError> {
    let (mut bytes, mut hasher) = (0, Hasher::new());
    loop {
        let Some(piece) = files.read(id, bytes, READ_BYTES_MAX).await? else { return Ok(None) };
        if piece.is_empty() {
            return Ok(Some((bytes, hasher.finalize())));
        }
        bytes += piece.len() as u64;
        hasher.update(&piece);
    }
}
