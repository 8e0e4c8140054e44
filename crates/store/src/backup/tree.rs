//! The files of a backup: the directory of files as it is, without what arrives and what was taken
//! out of use. A segment that is being added to is copied as far as it is; what is torn off at its
//! end was acknowledged to nobody when the database was copied.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::BackupError;
use super::chunks::Writing;
use super::manifest::BackedUpFile;
use crate::files::{MARK, is_shelf};

/// Copies the directory of files, if there is one, but for what is among those of `before`.
pub(super) fn back_up(
    directory: Option<&Path>,
    before: &[BackedUpFile],
    writing: &mut Writing<'_>,
) -> Result<Vec<BackedUpFile>, BackupError> {
    match directory {
        Some(directory) => copy(directory, list(directory)?, before, writing),
        None => Ok(Vec::new()),
    }
}

/// Copies what is there of some files in a directory.
pub(super) fn copy(
    directory: &Path,
    paths: Vec<PathBuf>,
    before: &[BackedUpFile],
    writing: &mut Writing<'_>,
) -> Result<Vec<BackedUpFile>, BackupError> {
    let before: BTreeMap<_, _> = before.iter().map(|file| (&file.path, file)).collect();
    let mut files = Vec::new();
    for path in paths {
        let whole = directory.join(&path);
        let opened = File::open(&whole).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            // Swept meanwhile, or not made yet.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(BackupError::io("read", &whole))?,
        };
        let modified = metadata.modified().map_err(BackupError::io("read", &whole))?;
        let modified_ns = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let known = before.get(&path).filter(|known| {
            known.modified_ns == modified_ns
                && known.piece.bytes == metadata.len()
                && writing.have(&known.piece)
        });
        let piece = match known {
            Some(known) => known.piece.clone(),
            None => writing.add(file, metadata.len(), &whole)?,
        };
        files.push(BackedUpFile { path, modified_ns, piece });
    }
    Ok(files)
}

/// Returns what either of two passes found; of what both did, as the second one did.
pub(super) fn united(early: Vec<BackedUpFile>, late: Vec<BackedUpFile>) -> Vec<BackedUpFile> {
    let all = early.into_iter().chain(late).map(|file| (file.path.clone(), file));
    all.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Lists all files below a directory. The list is made before any is copied: so an index that is in
/// it is of a segment to which nothing is added any more.
fn list(directory: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    let unread = || BackupError::io("read", directory);
    for entry in fs::read_dir(directory).map_err(unread())? {
        let entry = entry.map_err(unread())?;
        let name = PathBuf::from(entry.file_name());
        if is_shelf(&name) {
            found.extend(list_one(directory, &name)?);
        } else if name == Path::new(MARK) {
            found.push(name);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn list_one(directory: &Path, below: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let path = directory.join(below);
    let work = || -> io::Result<_> {
        let names = fs::read_dir(&path)?.map(|entry| Ok(below.join(entry?.file_name())));
        names.filter(|name| name.as_ref().is_ok_and(|it| !directory.join(it).is_dir())).collect()
    };
    work().map_err(BackupError::io("read", &path))
}
