//! What was changed in a contact center's directory, for whoever has an older one in memory.

use crate::record::{Key, Record, Version, Versioned};

/// What became of one record of a directory.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are the large one")]
pub enum DirectoryEntry {
    /// It is so.
    Is(Versioned<Record>),
    /// There is none.
    Gone(Key),
    /// It is there and cannot be read.
    Unreadable(Key),
}

impl DirectoryEntry {
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Is(record) => record.value.key(),
            Self::Gone(key) | Self::Unreadable(key) => key.clone(),
        }
    }
}

/// Records of one directory that were changed, all as they were at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryPage {
    /// The directory's version up to which all of them are here.
    pub version: Version,
    pub entries: Vec<DirectoryEntry>,
    /// Whether others were changed later. Until they were read, too, what is known of the directory
    /// may be of several moments.
    pub more: bool,
}
