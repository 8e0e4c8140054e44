//! What is read of a database beside a process that has it open, or none.

use std::path::Path;

use crate::aside::Aside;
use crate::error::StoreError;
use crate::record::{Kind, Record};
use crate::schema::SchemaReport;
use crate::sqlite::{SqliteOptions, SqliteStore, files, migrate, reads};

impl SqliteStore {
    /// Reads all records of a kind beside a process that has the store open, or none: for a command
    /// that shows something. What cannot be read is left out.
    ///
    /// # Errors
    ///
    /// The store's own, as when the schema is another program's.
    pub fn read_beside(path: &Path, kind: Kind) -> Result<Vec<Record>, StoreError> {
        let connection = files::open_reader(&SqliteOptions::new(path))?;
        let page = reads::list(&connection, &Aside::default(), kind, None, usize::MAX)?;
        Ok(page.items.into_iter().map(|found| found.value).collect())
    }

    /// Says what [`SqliteStore::open`] would do to a file's schema, beside whoever has it open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when this program cannot work with the file, or the store's own.
    pub fn schema(path: &Path) -> Result<SchemaReport, StoreError> {
        files::refuse_restoring(path)?;
        files::refuse_moved(path)?;
        migrate::report(&files::open_reader(&SqliteOptions::new(path))?)
    }
}
