//! A file on its way in: written down piece by piece, and shown to the scanner as it comes.

use handoff_domain::FileId;
use handoff_store::{Incoming, NewFile};

use super::FileFault;
use super::clamd::{Scan, Verdict};
use super::kind::{self, Taken};
use crate::shared::Shared;

/// Bytes of a file's beginning that are looked at to find out its type; the longest signature that
/// is known lies within them.
const HEAD_BYTES: usize = 8 * 1024;

/// A file that arrives.
pub(super) struct Arrival {
    id: FileId,
    name: String,
    bytes: u64,
    /// The beginning of it.
    head: Vec<u8>,
    incoming: Box<dyn Incoming>,
    scan: Option<Scan>,
}

/// A file that has arrived and is not kept yet. Dropping it leaves nothing.
pub(crate) struct Arrived {
    pub(crate) id: FileId,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The beginning of it.
    head: Vec<u8>,
    incoming: Box<dyn Incoming>,
}

impl Arrival {
    pub(super) async fn begin(
        shared: &Shared,
        name: String,
        bytes_max: u64,
    ) -> Result<Self, FileFault> {
        let engine = shared.engine();
        let id = FileId(engine.core().ids().random());
        let reception = shared.reception();
        let scan = match &reception.options.scanner {
            Some(socket) => {
                Some(Scan::begin(socket).await.map_err(|error| scanner_failed(&error))?)
            }
            None => None,
        };
        let incoming =
            reception.files.begin(NewFile { id, at: engine.core().now(), bytes_max }).await?;
        Ok(Self { id, name, bytes: 0, head: Vec::new(), incoming, scan })
    }

    pub(super) async fn take(&mut self, chunk: &[u8]) -> Result<(), FileFault> {
        self.bytes += chunk.len() as u64;
        self.head.extend_from_slice(&chunk[..chunk.len().min(HEAD_BYTES - self.head.len())]);
        self.incoming.write(chunk).await?;
        if let Some(scan) = &mut self.scan {
            scan.show(chunk).await.map_err(|error| scanner_failed(&error))?;
        }
        Ok(())
    }

    pub(super) async fn end(self) -> Result<Arrived, FileFault> {
        let verdict = match self.scan {
            Some(scan) => scan.verdict().await.map_err(|error| scanner_failed(&error))?,
            None => Verdict::Clean,
        };
        if verdict == Verdict::Infected {
            return Err(FileFault::Infected);
        }
        let Self { id, name, bytes, head, incoming, .. } = self;
        Ok(Arrived { id, name, bytes, head, incoming })
    }
}

impl Arrived {
    /// Returns its type, if that is taken.
    pub(crate) fn content_type(&self, taken: Taken<'_>) -> Result<&'static str, FileFault> {
        kind::of(&self.head, &self.name, taken)
    }

    pub(super) async fn keep(self) -> Result<(), FileFault> {
        Ok(self.incoming.keep().await?)
    }
}

/// Without the scanner's word no file gets in.
fn scanner_failed(error: &std::io::Error) -> FileFault {
    tracing::error!(error = %error, "the virus scanner did not answer; the file is refused");
    FileFault::Unavailable
}
