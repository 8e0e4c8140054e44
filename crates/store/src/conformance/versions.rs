//! Embedded stores of other versions of the program, made of this one's.

use std::path::Path;

use rusqlite::Connection;

/// A database file, whose list of steps is changed.
#[derive(Debug)]
pub struct SchemaList(Connection);

impl SchemaList {
    /// Opens a database that nobody else writes.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    #[must_use]
    pub fn of(database: &Path) -> Self {
        Self(Connection::open(database).expect("the database is there"))
    }

    /// Returns the last step, by number and name.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn last(&self) -> (i64, String) {
        let text = "SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1";
        self.0.query_row(text, [], |row| row.try_into()).expect("a step")
    }

    /// Takes the last step out of the list, as if the program before had made the store.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn take_last(&self) {
        let text = "DELETE FROM schema_migrations WHERE version = $1";
        self.0.execute(text, [self.last().0]).expect("the list is written");
    }

    /// Adds a step of a newer program, and from which schema on programs work with it.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn add(&self, version: i64, readable_from: i64) {
        let text = "INSERT OR REPLACE INTO schema_migrations VALUES ($1, 'later', '', $2)";
        self.0.execute(text, [version, readable_from]).expect("the list is written");
    }
}
