//! Restores a backup.
//!
//! The database arrives under a name of its own, which is there from the beginning: as long as it
//! is, no store is opened there. The database comes last, and its getting its name is the end.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::chunks::Chunks;
use super::manifest::{Manifest, Piece};
use super::{BackupError, BackupProgress, BackupSource, Tell, sync_directory};
use crate::files::make_directory;
use crate::sqlite::restoring;

pub(super) fn restore(
    chunks: &Chunks,
    manifest: &Manifest,
    to: BackupSource<'_>,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    let home = to.home();
    let arriving = restoring(to.database);
    if !arriving.exists() {
        for place in std::iter::once(home).chain(to.files) {
            expect_empty(place)?;
            make_directory(place).map_err(BackupError::io("made", place))?;
        }
        write(&arriving, |_| Ok(()))?;
        sync_directory(home)?;
    }
    let mut done = 0;
    let mut write_piece = |piece: &Piece, path: &Path| {
        write(path, |file| {
            for digest in &piece.chunks {
                let bytes = chunks.read(digest)?;
                file.write_all(&bytes).map_err(BackupError::io("written", path))?;
                done += bytes.len() as u64;
                tell(BackupProgress::Bytes(done));
            }
            Ok(())
        })
    };
    if let Some(directory) = to.files {
        for file in &manifest.files {
            let path = directory.join(&file.path);
            let above = path.parent().unwrap_or(directory);
            make_directory(above).map_err(BackupError::io("made", above))?;
            write_piece(&file.piece, &path)?;
        }
        sync_all(directory)?;
    }
    for key in &manifest.keys {
        write_piece(&key.piece, &home.join(&key.path))?;
    }
    write_piece(&manifest.database, &arriving)?;
    fs::rename(&arriving, to.database).map_err(BackupError::io("written", to.database))?;
    sync_directory(home)
}

/// Writes a file durably, instead of what there was.
fn write(
    path: &Path,
    content: impl FnOnce(&mut fs::File) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let unwritten = || BackupError::io("written", path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(unwritten())?;
    content(&mut file)?;
    file.sync_all().map_err(unwritten())
}

/// Expects that there is nothing, or no directory.
fn expect_empty(directory: &Path) -> Result<(), BackupError> {
    match fs::read_dir(directory).map(|mut entries| entries.next()) {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(BackupError::NotEmpty(directory.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io("read", directory)(error)),
    }
}

/// Syncs the names in a directory and in those that it has.
fn sync_all(directory: &Path) -> Result<(), BackupError> {
    let below = || -> io::Result<Vec<_>> { fs::read_dir(directory)?.collect() };
    for entry in below().map_err(BackupError::io("read", directory))? {
        if entry.path().is_dir() {
            sync_directory(&entry.path())?;
        }
    }
    sync_directory(directory)
}
