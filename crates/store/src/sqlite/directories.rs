//! How often the writer has counted each directory, in memory.
//!
//! Nobody else writes these, so what was read or written once need not be read again: a commit that
//! relies on a directory costs no statement for it as long as nobody changes the center. When a
//! batch fails, what it counted is undone, and everything here is forgotten.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::record::Version;
use crate::sql::directories::{self as text, DirectoryChange};

/// Most contact centers that are remembered; beyond it all are forgotten and read anew. One takes
/// some 100 bytes.
const CENTERS_MAX: usize = 1_024;

/// The versions, and the statements that read and write them.
#[derive(Debug)]
pub(super) struct Directories<'c> {
    read: Statement<'c>,
    write: Statement<'c>,
    note: Statement<'c>,
    known: HashMap<String, Version>,
}

impl<'c> Directories<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            read: connection.prepare(text::VERSION_READ)?,
            write: connection.prepare(text::VERSION_WRITE)?,
            note: connection.prepare(text::CHANGE_NOTE)?,
            known: HashMap::new(),
        })
    }

    /// Forgets what was counted, because it may have been undone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Returns how often a directory was changed.
    pub(super) fn version(&mut self, center: &str) -> Result<Version, rusqlite::Error> {
        if let Some(version) = self.known.get(center) {
            return Ok(*version);
        }
        let version = self.read.query_row([center], |row| row.get(0)).optional()?.unwrap_or(0);
        self.remember(center, version);
        Ok(version)
    }

    /// Counts what a change set does to a directory.
    pub(super) fn grow(&mut self, change: &DirectoryChange) -> Result<(), rusqlite::Error> {
        let version = self.version(&change.center)? + 1;
        self.write.execute(params![change.center, version])?;
        for (kind, id) in &change.records {
            self.note.execute(params![change.center, kind.table(), id, version])?;
        }
        self.remember(&change.center, version);
        Ok(())
    }

    fn remember(&mut self, center: &str, version: Version) {
        if self.known.len() >= CENTERS_MAX && !self.known.contains_key(center) {
            self.known.clear();
        }
        self.known.insert(center.to_owned(), version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let tables = include_str!("../../migrations/sqlite/0009_directories.sql");
        connection.execute_batch(tables).unwrap();
        connection
    }

    fn change(center: usize) -> DirectoryChange {
        let records = vec![(Kind::User, "kate".to_owned())];
        DirectoryChange { center: center.to_string(), records }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_forgotten_is_counted_on() {
        let connection = database();
        let mut directories = Directories::prepare(&connection).unwrap();
        for center in 0..3 * CENTERS_MAX {
            directories.grow(&change(center)).unwrap();
            assert!(directories.known.len() <= CENTERS_MAX);
        }
        for center in [0, 3 * CENTERS_MAX - 1] {
            directories.grow(&change(center)).unwrap();
            assert_eq!(directories.version(&center.to_string()), Ok(2));
        }
    }

    #[test]
    fn what_was_undone_is_not_counted_once_it_is_forgotten() {
        let connection = database();
        let mut directories = Directories::prepare(&connection).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        directories.grow(&change(1)).unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(directories.version("1"), Ok(1), "the control");
        directories.forget();
        assert_eq!(directories.version("1"), Ok(0));
    }
}
