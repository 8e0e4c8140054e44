//! A file on its way in: written down piece by piece, and shown to the scanner as it comes.

use axum::extract::multipart::Field;
use handoff_domain::FileId;
use handoff_store::{Incoming, NewFile};

use super::clamd::{Scan, Verdict};
use crate::customer::trouble::{Kind, Trouble};
use crate::shared::Shared;

/// Bytes of a file's beginning that are looked at to find out its type; the longest signature that is known lies within them.
const HEAD_BYTES: usize = 8 * 1024;

/// A file that arrives.
pub(super) struct Arrival {
    id: FileId,
    name: String,
    incoming: Box<dyn Incoming>,
    scan: Option<Scan>,
}

/// A file that has arrived and is not kept yet. Dropping it leaves nothing.
pub(super) struct Arrived {
    pub(super) id: FileId,
    pub(super) name: String,
    pub(super) bytes: u64,
    /// The beginning of it.
    pub(super) head: Vec<u8>,
    incoming: Box<dyn Incoming>,
}

impl Arrival {
    pub(super) async fn begin(shared: &Shared, name: String, bytes_max: u64) -> Result<Self, Trouble> {
        let engine = shared.engine();
        let id = FileId(engine.ids().random());
        let reception = shared.reception();
        let scan = match &reception.options.scanner {
            Some(socket) => Some(Scan::begin(socket).await.map_err(|error| scanner_failed(&error))?),
            None => None,
        };
        let incoming = reception.files.begin(NewFile { id, at: engine.now(), bytes_max }).await?;
        Ok(Self { id, name, incoming, scan })
    }

    pub(super) async fn receive(mut self, mut part: Field<'_>) -> Result<Arrived, Trouble> {
        let (mut bytes, mut head) = (0_u64, Vec::new());
        let broken = |_| Trouble::invalid("The file broke off; send it again.");
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            bytes += chunk.len() as u64;
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD_BYTES - head.len())]);
            self.incoming.write(&chunk).await?;
            if let Some(scan) = &mut self.scan {
                scan.show(&chunk).await.map_err(|error| scanner_failed(&error))?;
            }
        }
        let verdict = match self.scan {
            Some(scan) => scan.verdict().await.map_err(|error| scanner_failed(&error))?,
            None => Verdict::Clean,
        };
        if verdict == Verdict::Infected {
            let advice = "The file was refused by the virus scanner; do not send it.";
            return Err(Trouble::new(Kind::Infected, advice));
        }
        Ok(Arrived { id: self.id, name: self.name, bytes, head, incoming: self.incoming })
    }
}

impl Arrived {
    pub(super) async fn keep(self) -> Result<(), Trouble> {
        Ok(self.incoming.keep().await?)
    }
}

/// Without the scanner's word no file gets in.
fn scanner_failed(error: &std::io::Error) -> Trouble {
    tracing::error!(error = %error, "the virus scanner did not answer; the file is refused");
    Trouble::unavailable()
}
