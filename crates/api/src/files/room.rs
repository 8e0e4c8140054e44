//! What a form may cost beside its files. Whoever sends one may be anybody, and names, fields
//! without content and parts without anything in them take memory and time just as content does.

use axum::body::Body;
use axum::extract::Request;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use http_body_util::Limited;

use super::FileFault;
use crate::body_memory::LatePlace;

/// Bytes of all the fields beside a file, their names included.
const FIELDS_BYTES_MAX: usize = 256 * 1024;
/// Bytes that a part is counted with beside its names and content: about what it takes to keep an
/// empty one.
const PART_BYTES: usize = 64;
/// Parts of a form, files included. No page has a form with so many fields.
const PARTS_MAX: usize = 1_000;
/// Bytes of a body beyond its files and fields: boundaries and headers, and what of a file that is
/// too large is read at once before anybody can say so.
const SLACK_BYTES: usize = 256 * 1024;

/// What is left for the fields of a form.
pub(super) struct Room {
    /// Where the fields of a stranger's form wait for memory.
    place: Option<LatePlace>,
    bytes: usize,
    parts: usize,
}

impl Room {
    pub(super) fn of(request: &Request) -> Self {
        let place = request.extensions().get::<LatePlace>().cloned();
        Self { place, bytes: FIELDS_BYTES_MAX, parts: PARTS_MAX }
    }

    /// Counts a part that begins.
    pub(super) async fn enter(&mut self, part: &Field<'_>) -> Result<(), FileFault> {
        self.parts = self.parts.checked_sub(1).ok_or(FileFault::FieldsTooLarge)?;
        let names =
            part.name().map_or(0, str::len).saturating_add(part.file_name().map_or(0, str::len));
        self.take(names.saturating_add(PART_BYTES)).await
    }

    /// Reads a field.
    pub(super) async fn read_text(
        &mut self,
        mut part: Field<'_>,
        bytes_max: u64,
    ) -> Result<String, FileFault> {
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error, bytes_max))? {
            self.take(chunk.len()).await?;
            text.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    async fn take(&mut self, bytes: usize) -> Result<(), FileFault> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(FileFault::FieldsTooLarge)?;
        let Some(place) = &self.place else { return Ok(()) };
        place.hold(FIELDS_BYTES_MAX - self.bytes).await.map_err(|_| FileFault::TooMuchAtOnce)
    }
}

/// Bounds a body by what its files and fields may have.
pub(super) fn bounded(request: Request, bytes_max: u64) -> Request {
    let files = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let most = files.saturating_add(FIELDS_BYTES_MAX + SLACK_BYTES);
    request.map(|body| Body::new(Limited::new(body, most)))
}

/// Tells what went wrong. A body beyond its bound is nearly always one with too large a file, of
/// which more was read at once than is counted.
pub(super) fn broken(error: &MultipartError, bytes_max: u64) -> FileFault {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        FileFault::TooLarge { bytes_max }
    } else {
        FileFault::Broken
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::{FromRequest as _, Multipart};
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    /// Reads the only field of a form.
    async fn read(bytes: usize, place: Option<LatePlace>) -> Result<usize, FileFault> {
        let text = "x".repeat(bytes);
        let body =
            format!("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n{text}\r\n--x--\r\n");
        let request = Request::post("/").header(CONTENT_TYPE, "multipart/form-data; boundary=x");
        let mut request = request.body(Body::from(body)).unwrap();
        place.map(|place| request.extensions_mut().insert(place));
        let mut room = Room::of(&request);
        let mut parts = Multipart::from_request(request, &()).await.unwrap();
        let part = parts.next_field().await.unwrap().unwrap();
        room.enter(&part).await?;
        Ok(room.read_text(part, 0).await?.len())
    }

    #[tokio::test]
    async fn heavy_fields_beside_files_wait_for_their_turn_like_any_other_form() {
        let place = LatePlace::with_nothing_left().await;
        assert!(matches!(read(100, Some(place.clone())).await, Ok(100)));
        assert!(matches!(read(100_000, Some(place)).await, Err(FileFault::TooMuchAtOnce)));
        assert!(matches!(read(100_000, None).await, Ok(100_000)), "agents' forms do not wait");
    }
}
