//! Restores a backup.
//!
//! A mark beside the database says which backup is being restored, and where its files go: as long
//! as it is there, no store is opened, and another backup is refused. The database comes last, then
//! the mark goes.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

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
    let mark = restoring(to.database);
    let begun = format!("{} {}\n", manifest.taken.0, to.files.unwrap_or(home).display());
    match fs::read_to_string(&mark) {
        Ok(text) if text == begun => {}
        Ok(_) => return Err(BackupError::BegunWithAnother(mark)),
        Err(_) => begin(to, &mark, &begun)?,
    }
    let mut done = 0;
    let mut write_piece = |piece: &Piece, path: &Path, modified_ns: Option<u128>| {
        write(path, |file| {
            for digest in &piece.chunks {
                let bytes = chunks.read(digest)?;
                file.write_all(&bytes).map_err(BackupError::io("written", path))?;
                done += bytes.len() as u64;
                tell(BackupProgress::Bytes(done));
            }
            // By its time a file is told from what a sweep may take.
            let modified = modified_ns.map_or(Ok(()), |ns| file.set_modified(time_of(ns)));
            modified.map_err(BackupError::io("written", path))
        })
    };
    if let Some(directory) = to.files {
        for file in &manifest.files {
            let path = directory.join(&file.path);
            let above = path.parent().unwrap_or(directory);
            make_directory(above).map_err(BackupError::io("made", above))?;
            write_piece(&file.piece, &path, Some(file.modified_ns))?;
        }
        sync_all(directory)?;
    }
    for key in &manifest.keys {
        write_piece(&key.piece, &home.join(&key.path), None)?;
    }
    write_piece(&manifest.database, to.database, None)?;
    sync_directory(home)?;
    fs::remove_file(&mark).map_err(BackupError::io("removed", &mark))?;
    sync_directory(home)
}

/// Makes sure that there is nothing, and says what is about to be.
fn begin(to: BackupSource<'_>, mark: &Path, begun: &str) -> Result<(), BackupError> {
    let home = to.home();
    for place in std::iter::once(home).chain(to.files) {
        expect_empty(place)?;
        make_directory(place).map_err(BackupError::io("made", place))?;
    }
    let arriving = mark.with_extension("new");
    write(&arriving, |file| {
        file.write_all(begun.as_bytes()).map_err(BackupError::io("written", &arriving))
    })?;
    fs::rename(&arriving, mark).map_err(BackupError::io("written", mark))?;
    sync_directory(home)
}

fn time_of(modified_ns: u128) -> SystemTime {
    let since = Duration::from_nanos(u64::try_from(modified_ns).unwrap_or(u64::MAX));
    SystemTime::UNIX_EPOCH + since
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

/// Expects that there is nothing but what a file system has of its own, or no directory.
fn expect_empty(directory: &Path) -> Result<(), BackupError> {
    let is_something = |entry: io::Result<fs::DirEntry>| {
        entry.map_or(true, |entry| entry.file_name() != "lost+found")
    };
    match fs::read_dir(directory).map(|mut entries| entries.any(is_something)) {
        Ok(false) => Ok(()),
        Ok(true) => Err(BackupError::NotEmpty(directory.to_owned())),
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
