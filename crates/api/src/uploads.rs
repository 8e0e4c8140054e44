//! Files that come in forms (RFC 7578): read piece by piece into the keeper of files, which never
//! has a whole one in memory.

mod room;

use axum::body::Bytes;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request};
use handoff_content::{Arrived, FileError, FileKeeper, check_name};

use crate::body_memory::TooMuchAtOnce;
use room::{Room, bounded, broken};

/// Why a form with files was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// There is no form.
    #[error("A file comes as multipart/form-data, in a part named {part}; send it so.")]
    NotThere {
        /// The name of the part.
        part: &'static str,
    },
    /// The body broke off or is not what it says.
    #[error("The body could not be read; send the request again.")]
    Broken,
    #[error("The fields beside the file are too large or too many; send less.")]
    FieldsTooLarge,
    /// More is sent from one address at the same time than is read.
    #[error("{}", TooMuchAtOnce::ADVICE)]
    TooMuchAtOnce,
    #[error("An e-mail may have {files_max} files; send fewer.")]
    TooMany {
        /// How many are allowed.
        files_max: usize,
    },
    /// One of the files was not taken.
    #[error("{}", sentence_of(.0))]
    File(#[from] FileError),
}

/// Returns what whoever sent a file should do.
pub(crate) fn sentence_of(error: &FileError) -> String {
    match error {
        FileError::TooLarge { bytes_max } => {
            format!("A file may have {bytes_max} bytes; send a smaller one.")
        }
        FileError::Type { taken } => {
            let taken = taken.join(", ");
            format!("Only files of these types are taken, by what is in them: {taken}.")
        }
        FileError::Empty => "The file is empty; send one with something in it.".to_owned(),
        FileError::NameTooLong { bytes_max } => {
            format!("The name of a file may have {bytes_max} bytes; give it a shorter one.")
        }
        FileError::Infected => {
            "The file was refused by the virus scanner; do not send it.".to_owned()
        }
        FileError::NotWhole { .. } => {
            "The file is damaged on the server; ask whoever sent it for another copy.".to_owned()
        }
        FileError::NotScanned(_) | FileError::NotKept(_) | FileError::NotRead(_) => {
            "The server cannot do this at the moment; try again shortly.".to_owned()
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
    keeper: &FileKeeper,
    request: Request,
    file_part: &'static str,
    bytes_max: u64,
) -> Result<Received, UploadError> {
    let not_there = |_| UploadError::NotThere { part: file_part };
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
            received.file = Some(receive_file(keeper, part, &file_name, first, bytes_max).await?);
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
) -> Result<Option<Bytes>, UploadError> {
    let mut piece = Some(Bytes::new());
    // The reader gives empty pieces too.
    while piece.as_ref().is_some_and(Bytes::is_empty) {
        piece = part.chunk().await.map_err(|error| broken(&error, bytes_max))?;
    }
    Ok(if file_name.is_empty() { piece } else { Some(piece.unwrap_or_default()) })
}

async fn receive_file(
    keeper: &FileKeeper,
    mut part: Field<'_>,
    file_name: &str,
    first: Bytes,
    bytes_max: u64,
) -> Result<Arrived, UploadError> {
    check_name(file_name)?;
    let mut arrival = keeper.begin(file_name, bytes_max).await?;
    arrival.take(&first).await?;
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error, bytes_max))? {
        arrival.take(&piece).await?;
    }
    Ok(arrival.end().await?)
}

/// What a form with several files may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormBounds {
    pub(crate) files_max: usize,
    /// How many bytes of all files together.
    pub(crate) bytes_max: u64,
}

/// Receives a form with files in any of its parts: every part that names a file is one.
pub(crate) async fn receive_all(
    keeper: &FileKeeper,
    request: Request,
    bounds: FormBounds,
) -> Result<(Vec<(String, String)>, Vec<Arrived>), UploadError> {
    let FormBounds { files_max, bytes_max } = bounds;
    let (mut fields, mut files, mut room) = (Vec::new(), Vec::<Arrived>::new(), Room::of(&request));
    let request = bounded(request, bytes_max);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| UploadError::Broken)?;
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
            return Err(UploadError::TooMany { files_max });
        }
        let left = bytes_max.saturating_sub(files.iter().map(|file| file.bytes).sum());
        files.push(receive_file(keeper, part, &file_name, first, left).await?);
    }
    Ok((fields, files))
}
