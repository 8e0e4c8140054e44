//! Chunks: pieces of what is backed up, named by what is in them.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{BackupError, BackupProgress, Piece, Tell, sync_directory};
use crate::files::make_directory;

/// Bytes of a chunk; the last one of a piece is shorter. Small enough that a change here and there
/// brings little that is new, large enough that some gigabytes are some thousand files.
pub(super) const CHUNK_BYTES: usize = 512 * 1024;
const CHUNKS: &str = "chunks";

/// The SHA-256 of a chunk, in hexadecimal digits.
pub(super) type Digest = String;

/// The chunks in a directory of backups.
#[derive(Debug)]
pub(super) struct Chunks {
    root: PathBuf,
}

impl Chunks {
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.join(CHUNKS) }
    }

    /// Makes the directories that chunks are in.
    pub(super) fn prepare(&self) -> Result<(), BackupError> {
        for shelf in self.shelves() {
            make_directory(&shelf).map_err(BackupError::io("made", &shelf))?;
        }
        sync_directory(&self.root)
    }

    fn shelves(&self) -> impl Iterator<Item = PathBuf> {
        (0..=u8::MAX).map(|first| self.root.join(format!("{first:02x}")))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join(&digest[..2]).join(digest)
    }

    /// Returns the bytes of a chunk, which are what they were.
    pub(super) fn read(&self, digest: &Digest) -> Result<Vec<u8>, BackupError> {
        let path = self.path(digest);
        match fs::read(&path) {
            Ok(bytes) if digest_of(&bytes) == *digest => Ok(bytes),
            Ok(_) => {
                // The next backup of the same bytes writes it anew. Where nothing can be written it
                // stays, and is found again.
                let _ = fs::rename(&path, path.with_extension("damaged"));
                Err(BackupError::Damaged(path))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(BackupError::Damaged(path)),
            Err(error) => Err(BackupError::io("read", &path)(error)),
        }
    }

    /// Tells whether all chunks of something are there, as far as their lengths say.
    pub(super) fn have(&self, piece: &Piece) -> bool {
        let mut left = piece.bytes;
        piece.chunks.iter().all(|digest| {
            let bytes = left.min(CHUNK_BYTES as u64);
            left -= bytes;
            fs::metadata(self.path(digest)).is_ok_and(|there| there.len() == bytes)
        })
    }

    /// Begins to write chunks, each at `incoming` first.
    pub(super) fn write<'a>(&'a self, incoming: PathBuf, tell: Tell<'a>) -> Writing<'a> {
        Writing { chunks: self, incoming, tell, written: BTreeSet::new(), new_bytes: 0, bytes: 0 }
    }

    /// Removes what is not needed; returns how many bytes that is.
    pub(super) fn keep_only(&self, needed: &HashSet<Digest>) -> Result<u64, BackupError> {
        let mut removed = 0;
        for shelf in self.shelves() {
            let entries = fs::read_dir(&shelf).map_err(BackupError::io("read", &shelf))?;
            for entry in entries {
                let entry = entry.map_err(BackupError::io("read", &shelf))?;
                if entry.file_name().to_str().is_some_and(|name| !needed.contains(name)) {
                    let path = entry.path();
                    removed += entry.metadata().map_or(0, |metadata| metadata.len());
                    fs::remove_file(&path).map_err(BackupError::io("removed", &path))?;
                }
            }
        }
        Ok(removed)
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Chunks that are being written.
pub(super) struct Writing<'a> {
    chunks: &'a Chunks,
    incoming: PathBuf,
    tell: Tell<'a>,
    /// The directories that have some of them.
    written: BTreeSet<PathBuf>,
    new_bytes: u64,
    bytes: u64,
}

impl Writing<'_> {
    /// Returns where a copy may lie while it is divided into chunks.
    pub(super) fn incoming(&self) -> &Path {
        &self.incoming
    }

    /// Divides the first `limit` bytes of what is read into chunks, or all where it is shorter.
    pub(super) fn add(
        &mut self,
        from: impl Read,
        limit: u64,
        name: &Path,
    ) -> Result<Piece, BackupError> {
        let mut from = from.take(limit);
        let mut piece = Piece::default();
        loop {
            let mut bytes = Vec::with_capacity(CHUNK_BYTES);
            let read = from.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes);
            if read.map_err(BackupError::io("read", name))? == 0 {
                return Ok(piece);
            }
            piece.bytes += bytes.len() as u64;
            piece.chunks.push(self.keep(&bytes)?);
            self.bytes += bytes.len() as u64;
            (self.tell)(BackupProgress::Bytes(self.bytes));
        }
    }

    /// Tells whether all chunks of something are there.
    pub(super) fn have(&self, piece: &Piece) -> bool {
        self.chunks.have(piece)
    }

    /// Keeps a chunk. One of another length was cut short by a full disk or a loss of power.
    fn keep(&mut self, bytes: &[u8]) -> Result<Digest, BackupError> {
        let digest = digest_of(bytes);
        let path = self.chunks.path(&digest);
        // Also for one that is there: whoever wrote it may have been killed before the sync.
        self.written.extend(path.parent().map(Path::to_owned));
        if fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64) {
            return Ok(digest);
        }
        let arriving = self.incoming.join("chunk");
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&arriving)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&arriving, &path)
        };
        write().map_err(BackupError::io("written", &path))?;
        self.new_bytes += bytes.len() as u64;
        Ok(digest)
    }

    /// Makes all of them durable; returns how many bytes were new.
    pub(super) fn finish(self) -> Result<u64, BackupError> {
        for shelf in &self.written {
            sync_directory(shelf)?;
        }
        Ok(self.new_bytes)
    }
}
