//! Where files are kept.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// What `chat.files` says for the database of `store.url`. A directory of that name is
/// `./database`.
const DATABASE: &str = "database";
/// What `chat.files` begins with for a bucket.
pub(crate) const BUCKET: &str = "s3://";

/// A place of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilesIn {
    /// A directory, which the nodes of a cluster share.
    Directory(PathBuf),
    /// The database that `store.url` names.
    Database,
    /// A bucket, by its name and what all names in it begin with.
    Bucket { name: String, prefix: String },
}

impl FilesIn {
    /// Returns the place that `chat.files` names; `None` when it names none.
    pub(super) fn named(name: &Path) -> Option<Self> {
        match name.to_str() {
            Some("") => None,
            Some(DATABASE) => Some(Self::Database),
            text => Some(text.and_then(Self::bucket).unwrap_or(Self::Directory(name.to_owned()))),
        }
    }

    /// Reads the address of a bucket.
    pub(crate) fn bucket(address: &str) -> Option<Self> {
        let rest = address.strip_prefix(BUCKET)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, prefix) = (name.to_owned(), prefix.trim_matches('/').to_owned());
        Some(Self::Bucket { name, prefix })
    }

    /// Returns what messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Database => "the database".to_owned(),
            Self::Bucket { name, .. } => format!("the bucket {name}"),
        }
    }
}

/// A server that speaks S3's protocol, and who may use the bucket of files there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct S3 {
    /// Its address, such as `https://s3.example.com`. Empty (the default) is Amazon's there.
    pub endpoint: String,
    /// The bucket's region. Default `us-east-1`, which others than Amazon mostly take.
    pub region: String,
    /// The id of an access key.
    pub key: String,
    /// Its secret, rather from a variable than from the file. Default none.
    pub secret: Secret,
    /// A file with nothing but that secret. Empty (the default) is none.
    pub secret_file: PathBuf,
    /// A PEM file of authorities in place of the system's. Empty (the default) is none.
    pub authorities: PathBuf,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            key: String::new(),
            secret: Secret::default(),
            secret_file: PathBuf::new(),
            authorities: PathBuf::new(),
        }
    }
}
