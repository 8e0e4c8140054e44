//! A file on its way in: written down piece by piece, and shown to the scanner as it comes.

use handoff_domain::FileId;
use handoff_store::Incoming;

use crate::clamd::{Scan, Verdict};
use crate::error::FileError;
use crate::kind::{self, Taken};

/// Bytes of a file's beginning that are looked at to find out its type; the longest signature that
/// is known lies within them.
const HEAD_BYTES: usize = 8 * 1024;

/// A file that arrives. Dropping it leaves nothing.
pub struct Arrival {
    id: FileId,
    name: String,
    bytes: u64,
    /// The beginning of it.
    head: Vec<u8>,
    incoming: Box<dyn Incoming>,
    scan: Option<Scan>,
}

/// A file that has arrived and is not kept yet. Dropping it leaves nothing.
pub struct Arrived {
    /// The id that it will have.
    pub id: FileId,
    /// Its name as it may be shown.
    pub name: String,
    pub bytes: u64,
    /// The beginning of it.
    head: Vec<u8>,
    incoming: Box<dyn Incoming>,
}

impl Arrival {
    pub(crate) fn new(
        id: FileId,
        name: String,
        incoming: Box<dyn Incoming>,
        scan: Option<Scan>,
    ) -> Self {
        Self { id, name, bytes: 0, head: Vec::new(), incoming, scan }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// When it is too large by now, or disk or scanner do not take the piece.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), FileError> {
        self.bytes += piece.len() as u64;
        self.head.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES - self.head.len())]);
        self.incoming.write(piece).await?;
        if let Some(scan) = &mut self.scan {
            scan.show(piece).await.map_err(FileError::NotScanned)?;
        }
        Ok(())
    }

    /// Ends it: the scanner has its say.
    ///
    /// # Errors
    ///
    /// [`FileError::Infected`], and [`FileError::NotScanned`]: without the scanner's word no file
    /// gets in.
    pub async fn end(self) -> Result<Arrived, FileError> {
        let verdict = match self.scan {
            Some(scan) => scan.verdict().await.map_err(FileError::NotScanned)?,
            None => Verdict::Clean,
        };
        if verdict == Verdict::Infected {
            return Err(FileError::Infected);
        }
        let Self { id, name, bytes, head, incoming, .. } = self;
        Ok(Arrived { id, name, bytes, head, incoming })
    }
}

impl Arrived {
    /// Returns its type, if that is taken.
    ///
    /// # Errors
    ///
    /// [`FileError::Type`] and [`FileError::Empty`].
    pub fn content_type(&self, taken: Taken<'_>) -> Result<&'static str, FileError> {
        kind::of(&self.head, &self.name, taken)
    }

    pub(crate) async fn keep(self) -> Result<(), FileError> {
        Ok(self.incoming.keep().await?)
    }
}
