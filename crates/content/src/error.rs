//! Why a file does not get in.

use std::io;

use handoff_store::FilesError;

/// Why a file was not taken. Nothing of it stays.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file has more than {bytes_max} bytes")]
    TooLarge {
        /// How many bytes are allowed.
        bytes_max: u64,
    },
    /// It is of a type that is not taken.
    #[error("the file is of none of the types {}", .taken.join(", "))]
    Type {
        /// The types that are taken.
        taken: Vec<String>,
    },
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    #[error("the file's name has more than {bytes_max} bytes")]
    NameTooLong {
        /// How many bytes are allowed.
        bytes_max: usize,
    },
    /// The scanner found something.
    #[error("the virus scanner refused the file")]
    Infected,
    /// The scanner said nothing that lets it in. The same file may get in later.
    #[error("the virus scanner did not answer; the file is refused")]
    NotScanned(#[source] io::Error),
    /// The disk did not take it. The same file may get in later.
    #[error("a file could not be kept")]
    NotKept(#[source] FilesError),
    /// It is not to be had now.
    #[error("a file could not be read")]
    NotRead(#[source] FilesError),
    /// What is kept of it is less than what arrived.
    #[error("of a file with {expected} bytes {bytes} are there")]
    NotWhole {
        /// How many are there.
        bytes: u64,
        /// How many there were.
        expected: u64,
    },
}

impl From<FilesError> for FileError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            FilesError::Unavailable { .. }
            | FilesError::Damaged { .. }
            | FilesError::Exists { .. } => Self::NotKept(error),
        }
    }
}
