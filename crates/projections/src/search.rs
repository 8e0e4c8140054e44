//! The index of search: every word of interactions, finished ones included, in a file of this
//! node's.
//!
//! It is made of the log and of the records as they are when their entries are read (ADR 0044).
//! What is removed without an entry, as what is no longer kept, a [`Sweep`] finds. Who may see what
//! is found is not decided here: the index narrows by what it knows, and the engine's views have
//! the last word.

#[cfg(test)]
pub(crate) mod contents;
mod find;
mod finished;
mod kept;
mod marks;
mod question;
mod sweep;
mod texts;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{InteractionId, Time};
use handoff_engine::{Finder, Highlight, Hit, Hits, SearchError, Wanted};
use handoff_store::{LogEnd, LogEntry};
use rusqlite::Connection;
use tokio::sync::{Semaphore, watch};

use crate::file::{ProjectionFile, Reading, Shape};
use crate::projection::{News, Projection, ProjectionError, Standing, reaches};
use find::FindError;

pub use sweep::Sweep;

/// How many questions are answered at once; the others wait. Each holds a connection with up to two
/// megabytes of pages.
const AT_ONCE: usize = 4;

const SHAPE: Shape = Shape { form: 2, tables: kept::TABLES, is_for_good: false };
const IDS_AFTER: &str = "SELECT id FROM docs WHERE id > ?1 ORDER BY id LIMIT ?2";

/// The index, in a file of its own.
#[derive(Debug)]
pub struct Search {
    file: ProjectionFile,
    reading: Arc<Reading>,
    places: Arc<Semaphore>,
    standing: watch::Sender<Standing>,
}

impl Search {
    pub const NAME: &str = "search";
    /// The file's name in the data directory.
    pub const FILE: &str = "search.db";

    /// Opens the file, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// When it can be neither opened nor made.
    pub fn open(path: &Path) -> Result<Self, ProjectionError> {
        let file = ProjectionFile::open(path, &SHAPE)?;
        // What is deleted is written over.
        file.connection().pragma_update(None, "secure_delete", true)?;
        // Whoever was killed before they could do it left in the log what they had deleted.
        empty_log(&file.connection())?;
        let standing = watch::Sender::new(file.standing()?);
        let reading = Arc::new(Reading::of(path));
        Ok(Self { file, reading, places: Arc::new(Semaphore::new(AT_ONCE)), standing })
    }

    #[cfg(test)]
    pub(crate) const fn file(&self) -> &ProjectionFile {
        &self.file
    }

    /// Says that it is to be rebuilt, as [`Counters::ask_for_rebuild`](crate::Counters) does.
    ///
    /// # Errors
    ///
    /// The file's.
    pub fn ask_for_rebuild(&self) -> Result<(), ProjectionError> {
        self.file.outdate()
    }

    /// Returns interactions that it has after one, in order of their ids.
    ///
    /// # Errors
    ///
    /// The file's.
    pub(crate) fn ids_after(
        &self,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Vec<InteractionId>, ProjectionError> {
        let connection = self.reading.connection()?;
        let ids = {
            let mut statement = connection.prepare_cached(IDS_AFTER)?;
            let after = after.map(InteractionId::stored).unwrap_or_default();
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let ids = statement
                .query_map(rusqlite::params![after, limit], |row| row.get::<_, String>(0))?;
            ids.map(|id| id?.parse().map_err(|_| crate::file::unreadable("an id"))).collect()
        };
        self.reading.give_back(connection);
        ids
    }

    /// Removes what is no more. Nothing of its text stays in the file, or in the log beside it.
    ///
    /// # Errors
    ///
    /// The file's.
    pub(crate) fn forget(&self, gone: &[InteractionId]) -> Result<(), ProjectionError> {
        let mut connection = self.file.connection();
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for id in gone {
            kept::forget(&transaction, *id)?;
        }
        transaction.commit()?;
        empty_log(&connection)
    }

    /// Asks on a thread that may wait for a disk.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, FindError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let place = self.places.clone().acquire_owned().await;
        let reading = self.reading.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Held until the thread is done, also when nobody waits for the answer any more.
            let _place = place;
            let mut connection = reading.connection()?;
            let answer = {
                // All that one question reads is of one moment.
                let transaction = connection.transaction()?;
                ask(&transaction)
            };
            reading.give_back(connection);
            answer
        });
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(FindError::Question(error))) => Err(error),
            Ok(Err(FindError::Projection(error))) => {
                let error = handoff_store::with_causes(&error);
                tracing::warn!(%error, "the index of search cannot be asked");
                Err(SearchError::NoIndex)
            }
            Err(error) => {
                tracing::error!(%error, "a search was interrupted");
                Err(SearchError::NoIndex)
            }
        }
    }

    fn tell(
        &self,
        changed: Result<(), ProjectionError>,
        to: Standing,
    ) -> Result<(), ProjectionError> {
        if changed.is_ok() {
            self.standing.send_replace(to);
        }
        changed
    }
}

/// Empties the log of pages beside the file, which has what was deleted. Whoever reads for longer
/// than is waited for keeps it from that; later writes do it then.
fn empty_log(connection: &Connection) -> Result<(), ProjectionError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

impl Projection for Search {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.file.standing()
    }

    fn reads(&self, _entry: &LogEntry) -> bool {
        true
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        let changed = self.file.change(from, to, |transaction| kept::take_in(transaction, news));
        self.tell(changed, to)?;
        if news.entries.iter().any(kept::is_erasure) {
            empty_log(&self.file.connection())?;
        }
        Ok(())
    }

    fn rebuild(&self, from: Standing, to: Standing, _settled: Time) -> Result<(), ProjectionError> {
        let changed = self.file.change(from, to, |transaction| {
            transaction.execute_batch(kept::DROP)?;
            Ok(transaction.execute_batch(kept::TABLES)?)
        });
        self.tell(changed, to)
    }
}

#[async_trait]
impl Finder for Search {
    async fn reaches(&self, end: LogEnd, patience: Duration) -> bool {
        reaches(&self.standing, end, patience).await
    }

    async fn find(&self, wanted: Wanted) -> Result<Hits, SearchError> {
        self.ask(move |connection| find::find(connection, &wanted)).await
    }

    async fn highlights(
        &self,
        words: String,
        hits: Vec<Hit>,
        all_lines: bool,
    ) -> Result<Vec<Vec<Highlight>>, SearchError> {
        self.ask(move |connection| marks::all(connection, &words, &hits, all_lines)).await
    }
}
