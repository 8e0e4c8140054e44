//! Where files are kept.

use std::path::{Path, PathBuf};

/// What `chat.files` says for the database of `store.url`. A directory of that name is
/// `./database`.
const DATABASE: &str = "database";

/// A place of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilesIn {
    /// A directory, which the nodes of a cluster share.
    Directory(PathBuf),
    /// The database that `store.url` names.
    Database,
}

impl FilesIn {
    /// Returns the place that `chat.files` names; `None` when it names none.
    pub(super) fn named(name: &Path) -> Option<Self> {
        match name.to_str() {
            Some("") => None,
            Some(DATABASE) => Some(Self::Database),
            _ => Some(Self::Directory(name.to_owned())),
        }
    }

    /// Returns what messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Database => "the database".to_owned(),
        }
    }
}
