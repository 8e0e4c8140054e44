//! Files: what is in them, kept beside the store.
//!
//! What a file is called, who sent it and whether it was deleted is a record of the store
//! ([`FileRecord`](crate::record::FileRecord)). Here are only the bytes, under the file's random
//! id; nothing that a sender chose becomes part of a path. The bytes come first and the record
//! after them, so a record never speaks of bytes that are not there; what a crash leaves between
//! the two is found by [`sweep_files`].
//!
//! It deliberately knows no limits of a service, no types and no scanner: that is decided before
//! [`Incoming::keep`].

mod arriving;
mod bucket;
mod carry;
mod disk;
#[cfg(feature = "conformance")]
pub mod faults;
mod memory;
mod notes;
mod places;
mod segments;
mod spool;
mod sweep;

use async_trait::async_trait;
use handoff_domain::{FileId, Time};

use crate::query::Page;

pub use bucket::{BucketFiles, BucketOptions};
pub use carry::{CarryError, FilesCarried, carry_files};
pub use disk::{DiskFiles, FilesOptions, Sharing};
pub(crate) use disk::{is_shelf, make_directory, sync_directory};
pub use memory::MemoryFiles;
pub(crate) use notes::MARK;
pub(crate) use places::Places;
pub(crate) use spool::{Spool, Spools};
pub use sweep::{FilesSwept, FilesTerms, SweepFilesError, TrashSwept, sweep_files, sweep_trash};

/// The most bytes that one read gives: what is held in memory for each download that is under way.
pub const READ_BYTES_MAX: usize = 256 * 1024;

/// Files could not do what they were asked.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// They cannot be reached or have no room; the same call may work later. What was not
    /// acknowledged may be there all the same, and a sweep removes it.
    #[error("files are unavailable while {attempted}")]
    Unavailable {
        /// What was attempted.
        attempted: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// More came than was allowed. Nothing of the file is kept.
    #[error("the file has more than {bytes_max} bytes")]
    TooLarge {
        /// How many bytes were allowed.
        bytes_max: u64,
    },
    /// What was kept of it is not what is there, or cannot be read.
    #[error("the file {id} is damaged")]
    Damaged { id: FileId },
    /// There is a file of that id.
    #[error("there is a file {id} already")]
    Exists { id: FileId },
}

impl FilesError {
    /// Says why, to anybody: without names and addresses. The error's own text has those.
    #[must_use]
    pub fn in_short(&self) -> &'static str {
        let Self::Unavailable { source, .. } = self else { return "a file was refused" };
        match source.downcast_ref::<bucket::trouble::Trouble>() {
            Some(trouble) => trouble.in_short,
            None => "files are unavailable",
        }
    }

    pub(crate) fn unavailable(
        attempted: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { attempted, source: source.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptFile {
    pub id: FileId,
    /// When it began to arrive.
    pub at: Time,
}

/// How far a list of files has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListedUntil {
    /// The segment; 0 is none: files of their own.
    segment: u64,
    /// The last file of it.
    pub(crate) id: Option<FileId>,
}

impl ListedUntil {
    /// Returns how far a list has come that knows no segments.
    pub(crate) const fn of(id: Option<FileId>) -> Self {
        Self { segment: 0, id }
    }
}

/// Some of the files that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesPage {
    pub items: Vec<KeptFile>,
    /// After what to go on; `None` at the end.
    pub next: Option<ListedUntil>,
}

/// A file that a sweep took, until it is removed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trashed {
    pub id: FileId,
    /// When it was taken.
    pub since: Time,
}

/// A file that is about to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its id, made of random bits by the caller.
    pub id: FileId,
    /// Now.
    pub at: Time,
    /// How many bytes it may have.
    pub bytes_max: u64,
}

/// Where files are kept. Every method may be called from any task at any time.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Begins a file. Nobody can read it before [`Incoming::keep`] has returned.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]; [`FilesError::Exists`], unless keeping it tells.
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError>;

    /// Returns the bytes from an offset on, at most `bytes_max` and at most [`READ_BYTES_MAX`];
    /// none at the end of the file, and `None` when there is no such file. Fewer bytes than asked
    /// for do not mean the end.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError>;

    /// Removes a file; one that is not there is no error. A power cut may bring it back, whole or
    /// damaged, which is no harm as nobody gets it without its record.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn delete(&self, id: FileId) -> Result<(), FilesError>;

    /// Takes a file out of use without removing what is in it, and tells whether it did; one that
    /// is not there is no error, nor is one that is damaged, which stays. Nobody can read it until
    /// it is put back.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn put_in_trash(&self, file: Trashed) -> Result<bool, FilesError>;

    /// Returns the files in the trash in order, after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn trash(
        &self,
        after: Option<Trashed>,
        limit: usize,
    ) -> Result<Page<Trashed>, FilesError>;

    /// Puts a file of the trash back into use; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn put_back(&self, file: Trashed) -> Result<(), FilesError>;

    /// Removes a file of the trash for good; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError>;

    /// Returns files that are kept, after those that a list came to, at most `limit`. Page by page
    /// it gives each file once that is kept all the while.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn list(&self, after: Option<ListedUntil>, limit: usize)
    -> Result<FilesPage, FilesError>;

    /// Frees the room of what was removed, where removing it did not.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn reclaim(&self) -> Result<(), FilesError>;

    /// Returns what tells this place from every other; `None` when it has no mark.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn mark(&self) -> Result<Option<String>, FilesError>;

    /// Marks a place that has no mark; another node may do so at the same time, and one of the two
    /// marks stays. Durable on return.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn set_mark(&self, mark: String) -> Result<(), FilesError>;

    /// Returns what a store wrote here last that sweeps this place; `None` when none has.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn swept_by(&self) -> Result<Option<String>, FilesError>;

    /// Writes that a store sweeps this place, over what was written before.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    async fn set_swept_by(&self, word: String) -> Result<(), FilesError>;

    /// Does all that is done with files, with something that is none, and leaves nothing of it.
    /// Where whoever may do some of it may do all, this does what [`Files::ready`] does.
    ///
    /// # Errors
    ///
    /// What the place does not do, or who uses it may not.
    async fn try_out(&self) -> Result<(), FilesError> {
        self.ready().await
    }

    /// Expects that files can be kept and read now; answers within seconds.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`], with what is wrong in one sentence.
    async fn ready(&self) -> Result<(), FilesError>;
}

/// A file that arrives piece by piece. Dropping it before it is kept leaves nothing.
#[async_trait]
pub trait Incoming: Send {
    /// Adds bytes. After an error, or when the returned future was dropped, the file cannot be gone
    /// on with.
    ///
    /// # Errors
    ///
    /// [`FilesError::TooLarge`], [`FilesError::Unavailable`].
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError>;

    /// Keeps what has arrived. When it returns `Ok` the file is on stable storage, whole, and
    /// survives a power cut. When the returned future is dropped the file may be kept or not.
    ///
    /// # Errors
    ///
    /// [`FilesError::Exists`], [`FilesError::Unavailable`].
    async fn keep(self: Box<Self>) -> Result<(), FilesError>;
}
