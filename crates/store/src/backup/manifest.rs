//! What a backup consists of: `backups/<milliseconds since 1970>.json`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use handoff_domain::Time;
use serde::{Deserialize, Serialize};

use super::{Backup, BackupError, Digest, sync_directory};
use crate::files::make_directory;

const BACKUPS: &str = "backups";
/// The form of these files.
const FORM: u32 = 1;

/// Something that is divided into chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub bytes: u64,
    pub chunks: Vec<Digest>,
}

/// A file in the directory of files, or beside the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BackedUpFile {
    /// Below that directory.
    pub path: PathBuf,
    /// When it was written last, in ns since 1970, by which it is known to be unchanged.
    pub modified_ns: u128,
    pub piece: Piece,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    form: u32,
    pub taken: Time,
    pub database: Piece,
    pub files: Vec<BackedUpFile>,
    /// Beside the database.
    pub keys: Vec<BackedUpFile>,
}

impl Manifest {
    pub(super) fn new(
        taken: Time,
        database: Piece,
        files: Vec<BackedUpFile>,
        keys: Vec<BackedUpFile>,
    ) -> Self {
        Self { form: FORM, taken, database, files, keys }
    }

    pub(super) fn backup(&self) -> Backup {
        Backup {
            taken: self.taken,
            database_bytes: self.database.bytes,
            files: self.files.len() as u64,
            files_bytes: self.files.iter().map(|file| file.piece.bytes).sum(),
        }
    }

    /// Returns all chunks that it needs, some of them more than once.
    pub(super) fn digests(&self) -> impl Iterator<Item = Digest> {
        let files = self.files.iter().chain(&self.keys).flat_map(|file| &file.piece.chunks);
        self.database.chunks.iter().chain(files).cloned()
    }
}

fn path(root: &Path, taken: Time) -> PathBuf {
    root.join(BACKUPS).join(format!("{:015}.json", taken.0))
}

pub(super) fn prepare(root: &Path) -> Result<(), BackupError> {
    let directory = root.join(BACKUPS);
    make_directory(&directory).map_err(BackupError::io("made", &directory))?;
    sync_directory(root)
}

/// Returns the moments that there are backups of, the oldest first.
pub(super) fn times(root: &Path) -> Result<Vec<Time>, BackupError> {
    let directory = root.join(BACKUPS);
    let unread = || BackupError::io("read", &directory);
    let mut times = Vec::new();
    for entry in fs::read_dir(&directory).map_err(unread())? {
        let path = entry.map_err(unread())?.path();
        if path.extension().is_some_and(|it| it == "json") {
            times.extend(path.file_stem().and_then(|it| it.to_str()?.parse().ok()).map(Time));
        }
    }
    times.sort_unstable();
    Ok(times)
}

pub(super) fn read(root: &Path, taken: Time) -> Result<Manifest, BackupError> {
    let path = path(root, taken);
    let text = fs::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => BackupError::Damaged(path.clone()),
        _ => BackupError::io("read", &path)(error),
    })?;
    match serde_json::from_slice::<Manifest>(&text) {
        Ok(manifest) if manifest.form == FORM && manifest.is_sound() => Ok(manifest),
        _ => Err(BackupError::Damaged(path)),
    }
}

impl Manifest {
    /// Tells whether it names chunks by what can be a name, and files below the directory alone.
    fn is_sound(&self) -> bool {
        use std::path::Component::Normal;
        let is_digest =
            |it: &Digest| it.len() == 64 && it.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_below = |it: &PathBuf| it.components().all(|part| matches!(part, Normal(_)));
        self.digests().all(|it| is_digest(&it))
            && self.files.iter().chain(&self.keys).all(|it| is_below(&it.path))
    }
}

/// Lists a backup, durably: whole or not at all.
pub(super) fn write(root: &Path, incoming: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = path(root, manifest.taken);
    let arriving = incoming.join("manifest");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&arriving)?;
        file.write_all(&serde_json::to_vec(manifest)?)?;
        file.sync_all()?;
        fs::rename(&arriving, &path)
    };
    write().map_err(BackupError::io("written", &path))?;
    sync_directory(&root.join(BACKUPS))
}

/// Takes backups off the list, durably.
pub(super) fn remove(root: &Path, taken: &[Time]) -> Result<(), BackupError> {
    for taken in taken {
        let path = path(root, *taken);
        fs::remove_file(&path).map_err(BackupError::io("removed", &path))?;
    }
    sync_directory(&root.join(BACKUPS))
}
