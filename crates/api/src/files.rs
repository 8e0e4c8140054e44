//! Files on their way in and out, whoever sends them and whatever they belong to.
//!
//! A file is written down while it arrives and kept only when everything about it is right: its
//! sender, its size, its type by what is in it, the scanner's word. Until then nobody can read it,
//! and a refused one leaves nothing.

mod arrival;
mod clamd;
mod kind;
mod parts;
mod room;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response as HttpResponse};
use axum::response::Response;
use futures_util::stream;
use handoff_domain::{FileId, Interaction};
use handoff_store::{FileRecord, Files, FilesError, Key, Record, StoreError, Versioned};

use crate::customer::TooMuchAtOnce;
use crate::shared::Shared;
use arrival::Arrival;
pub(crate) use arrival::Arrived;
pub(crate) use kind::{Taken, clean_name};
pub use parts::{keep_part, keep_raw};
use room::{Room, bounded, broken};

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// There is none.
    #[error("A file comes as multipart/form-data, in a part named {part}; send it so.")]
    NotThere {
        /// The name of the part.
        part: &'static str,
    },
    /// The body broke off or is not what it says.
    #[error("The body could not be read; send the request again.")]
    Broken,
    /// The fields beside it are too large, or too many.
    #[error("The fields beside the file are too large or too many; send less.")]
    FieldsTooLarge,
    /// More is sent from one address at the same time than is read.
    #[error("{}", TooMuchAtOnce::ADVICE)]
    TooMuchAtOnce,
    /// It is too large.
    #[error("A file may have {bytes_max} bytes; send a smaller one.")]
    TooLarge {
        /// What is allowed.
        bytes_max: u64,
    },
    /// There are too many.
    #[error("An e-mail may have {files_max} files; send fewer.")]
    TooMany {
        /// How many are allowed.
        files_max: usize,
    },
    /// It is of a type that is not taken.
    #[error("Only files of these types are taken, by what is in them: {taken}.")]
    Type {
        /// What is taken.
        taken: String,
    },
    /// There is nothing in it.
    #[error("The file is empty; send one with something in it.")]
    Empty,
    /// Its name is too long.
    #[error("The name of a file may have {bytes_max} bytes; give it a shorter one.")]
    NameTooLong {
        /// What is allowed.
        bytes_max: usize,
    },
    /// The scanner found something.
    #[error("The file was refused by the virus scanner; do not send it.")]
    Infected,
    /// It could not be scanned or kept. Why is in the log.
    #[error("The server cannot do this at the moment; try again shortly.")]
    Unavailable,
}

impl From<FilesError> for FileFault {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            FilesError::Unavailable { .. } | FilesError::Exists { .. } => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a file could not be kept"
                );
                Self::Unavailable
            }
        }
    }
}

/// A form with a file that was received.
pub(crate) struct Received {
    /// The other fields, in order.
    pub(crate) fields: Vec<(String, String)>,
    /// The file; `None` when none came.
    pub(crate) file: Option<Arrived>,
}

/// Receives a form with a file in the part of that name; a second one is a field like any other.
pub(crate) async fn receive(
    shared: &Shared,
    request: Request,
    file_part: &'static str,
    bytes_max: u64,
) -> Result<Received, FileFault> {
    let not_there = |_| FileFault::NotThere { part: file_part };
    let (mut received, mut room) =
        (Received { fields: Vec::new(), file: None }, Room::of(&request));
    let request = bounded(request, bytes_max);
    let mut parts = Multipart::from_request(request, &()).await.map_err(not_there)?;
    while let Some(mut part) =
        parts.next_field().await.map_err(|error| broken(&error, bytes_max))?
    {
        room.enter(&part).await?;
        let name = part.name().unwrap_or_default().to_owned();
        if name != file_part || received.file.is_some() {
            received.fields.push((name, room.read_text(part, bytes_max).await?));
            continue;
        }
        let file_name = part.file_name().unwrap_or("file").to_owned();
        if let Some(first) = first_piece(&mut part, &file_name, bytes_max).await? {
            received.file = Some(receive_file(shared, part, &file_name, first, bytes_max).await?);
        }
    }
    Ok(received)
}

/// Returns the first piece of a file before anything is made ready for it; `None` when there is no
/// file. A browser sends an empty one without a name where nothing was chosen.
async fn first_piece(
    part: &mut Field<'_>,
    file_name: &str,
    bytes_max: u64,
) -> Result<Option<Bytes>, FileFault> {
    let mut piece = Some(Bytes::new());
    // The reader gives empty pieces too.
    while piece.as_ref().is_some_and(Bytes::is_empty) {
        piece = part.chunk().await.map_err(|error| broken(&error, bytes_max))?;
    }
    Ok(if file_name.is_empty() { piece } else { Some(piece.unwrap_or_default()) })
}

async fn receive_file(
    shared: &Shared,
    mut part: Field<'_>,
    file_name: &str,
    first: Bytes,
    bytes_max: u64,
) -> Result<Arrived, FileFault> {
    kind::check_name(file_name)?;
    let mut arrival = Arrival::begin(shared, kind::clean_name(file_name), bytes_max).await?;
    arrival.take(&first).await?;
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error, bytes_max))? {
        arrival.take(&piece).await?;
    }
    arrival.end().await
}

/// What a form with several files may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormBounds {
    /// How many files.
    pub(crate) files_max: usize,
    /// How many bytes of all files together.
    pub(crate) bytes_max: u64,
}

/// Receives a form with files in any of its parts: every part that names a file is one.
pub(crate) async fn receive_all(
    shared: &Shared,
    request: Request,
    bounds: FormBounds,
) -> Result<(Vec<(String, String)>, Vec<Arrived>), FileFault> {
    let FormBounds { files_max, bytes_max } = bounds;
    let (mut fields, mut files, mut room) = (Vec::new(), Vec::<Arrived>::new(), Room::of(&request));
    let request = bounded(request, bytes_max);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| FileFault::Broken)?;
    while let Some(mut part) =
        parts.next_field().await.map_err(|error| broken(&error, bytes_max))?
    {
        room.enter(&part).await?;
        let Some(file_name) = part.file_name().map(str::to_owned) else {
            let name = part.name().unwrap_or_default().to_owned();
            fields.push((name, room.read_text(part, bytes_max).await?));
            continue;
        };
        let Some(first) = first_piece(&mut part, &file_name, bytes_max).await? else { continue };
        if files.len() == files_max {
            return Err(FileFault::TooMany { files_max });
        }
        let left = bytes_max.saturating_sub(files.iter().map(|file| file.bytes).sum());
        files.push(receive_file(shared, part, &file_name, first, left).await?);
    }
    Ok((fields, files))
}

/// Keeps a file, and then commits what tells of it. When that is refused nothing of the file stays;
/// when it is not clear what became of it, which `is_unclear` tells of the error, the file stays
/// for a sweep to decide, because a record of it may be there.
pub(crate) async fn keep_and<T, E: From<FileFault>>(
    shared: &Shared,
    arrived: Arrived,
    commit: impl Future<Output = Result<T, E>>,
    is_unclear: impl FnOnce(&E) -> bool,
) -> Result<T, E> {
    keep_all_and(shared, vec![arrived], commit, is_unclear).await
}

/// The same with several files, of which all stay or none.
pub(crate) async fn keep_all_and<T, E: From<FileFault>>(
    shared: &Shared,
    arrived: Vec<Arrived>,
    commit: impl Future<Output = Result<T, E>>,
    is_unclear: impl FnOnce(&E) -> bool,
) -> Result<T, E> {
    let ids: Vec<FileId> = arrived.iter().map(|file| file.id).collect();
    for file in arrived {
        if let Err(fault) = file.keep().await {
            discard_all(shared, &ids).await;
            return Err(fault.into());
        }
    }
    let done = commit.await;
    if let Err(error) = &done
        && !is_unclear(error)
    {
        discard_all(shared, &ids).await;
    }
    done
}

async fn discard_all(shared: &Shared, ids: &[FileId]) {
    for id in ids {
        discard(shared, *id).await;
    }
}

/// Removes a file that nothing tells of. What cannot be removed now a sweep finds.
pub(crate) async fn discard(shared: &Shared, id: FileId) {
    if let Err(error) = shared.reception().files.delete(id).await {
        tracing::warn!(file.id = %id, error = &error as &dyn std::error::Error, "a refused file could not be removed");
    }
}

/// Returns the record of a file of this interaction. A deleted one, and one of another interaction,
/// read like one that does not exist.
pub(crate) async fn find(
    shared: &Shared,
    interaction: &Interaction,
    file: &str,
) -> Result<Option<Versioned<FileRecord>>, StoreError> {
    let Ok(id) = file.parse::<FileId>() else { return Ok(None) };
    let found = shared.engine().core().store().load(&[Key::File(id)]).await?.pop().flatten();
    Ok(found.and_then(|found| match found.value {
        Record::File(record)
            if record.interaction == interaction.id && record.deleted.is_none() =>
        {
            Some(Versioned { value: record, version: found.version })
        }
        _ => None,
    }))
}

/// Returns a file as a download: as an attachment, of the type that was found in it, never to be
/// shown or guessed at.
pub(crate) fn body_of(files: &Arc<dyn Files>, record: &FileRecord) -> Response {
    let (files, id) = (files.clone(), record.id);
    let pieces = stream::try_unfold(0_u64, move |offset| {
        let files = files.clone();
        async move {
            let piece = files.read(id, offset, handoff_store::files::READ_BYTES_MAX).await?;
            let piece = piece.filter(|piece| !piece.is_empty());
            Ok::<_, FilesError>(piece.map(|piece| {
                let next = offset + piece.len() as u64;
                (axum::body::Bytes::from(piece), next)
            }))
        }
    });
    let mut response = HttpResponse::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&record.content_type);
    headers
        .insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_LENGTH, record.bytes.into());
    headers.insert(CONTENT_DISPOSITION, kind::disposition(&record.name));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
