//! What a form may cost beside its files. Whoever sends one may be anybody, and names, fields without content and parts without anything in
//! them take memory and time just as content does.

use axum::body::Body;
use axum::extract::Request;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use http_body_util::Limited;

use super::FileFault;

/// Bytes of all the fields beside a file, their names included.
const FIELDS_BYTES_MAX: usize = 256 * 1024;
/// Bytes that a part is counted with beside its names and content: about what it takes to keep an empty one.
const PART_BYTES: usize = 64;
/// Parts of a form, files included. No page has a form with so many fields.
const PARTS_MAX: usize = 1_000;
/// Bytes of a body beyond its files and fields: boundaries and headers, and what of a file that is too large is read at once before anybody
/// can say so.
const SLACK_BYTES: usize = 256 * 1024;

/// What is left for the fields of a form.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
    parts: usize,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self { bytes: FIELDS_BYTES_MAX, parts: PARTS_MAX }
    }

    /// Counts a part that begins.
    pub(super) fn enter(&mut self, part: &Field<'_>) -> Result<(), FileFault> {
        self.parts = self.parts.checked_sub(1).ok_or(FileFault::FieldsTooLarge)?;
        let names = part.name().map_or(0, str::len).saturating_add(part.file_name().map_or(0, str::len));
        self.take(names.saturating_add(PART_BYTES))
    }

    /// Reads a field.
    pub(super) async fn read_text(
        &mut self,
        mut part: Field<'_>,
        bytes_max: u64,
    ) -> Result<String, FileFault> {
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error, bytes_max))? {
            self.take(chunk.len())?;
            text.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn take(&mut self, bytes: usize) -> Result<(), FileFault> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(FileFault::FieldsTooLarge)?;
        Ok(())
    }
}

/// Bounds a body by what its files and fields may have.
pub(super) fn bounded(request: Request, bytes_max: u64) -> Request {
    let files = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let most = files.saturating_add(FIELDS_BYTES_MAX + SLACK_BYTES);
    request.map(|body| Body::new(Limited::new(body, most)))
}

/// Tells what went wrong. A body beyond its bound is nearly always one with too large a file, of which more was read at once than is counted.
pub(super) fn broken(error: &MultipartError, bytes_max: u64) -> FileFault {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        FileFault::TooLarge { bytes_max }
    } else {
        FileFault::Broken
    }
}
