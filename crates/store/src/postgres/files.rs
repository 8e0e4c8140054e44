//! Files in the database, for nodes that share nothing else.
//!
//! A file arrives at its node ([`spool`](crate::files)) and is written in one transaction when it
//! is kept, in pieces of 256 KiB; so it is there whole or not at all, whatever ends when, and no
//! half-sent file takes room. It has connections of its own, because a large file must not hold up
//! those who read records.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{Client, Object, Pool};
use handoff_domain::{FileId, Time};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row};

use super::connect::Server;
use super::explain::Sentence;
use super::pipeline::{Call, Prepared, call, together};
use super::reads::{ANSWER_MAX, Ended};
use super::until::Until;
use super::{PostgresOptions, StoreError};
use crate::files::{
    Files, FilesError, FilesPage, Incoming, KeptFile, ListedUntil, NewFile, Places, READ_BYTES_MAX,
    Spool, Spools, Trashed,
};
use crate::query::Page;

/// Bytes of each piece but a file's last. It is what one read gives, and small enough that a node
/// has sent it long before its silence counts as an end.
const PIECE_BYTES: u64 = READ_BYTES_MAX as u64;
/// Connections that a node has for files: as many are kept or read at the same moment, and who
/// comes later waits.
const CONNECTIONS: usize = 4;
/// Of these, how many at most are taken by files of several pieces, which may take long.
const LARGE_MAX: usize = 2;

const RECEIVING: &str = "receiving a file";
const KEEPING: &str = "keeping a file";
const READING: &str = "reading a file";
const REMOVING: &str = "removing a file";
const LISTING: &str = "listing files";
const MOVING: &str = "taking a file out of use or putting it back";
const MARKING: &str = "marking the files of the database";

/// id, at, bytes, first piece → content
const FILE_ADD: &str = "WITH file AS ( \
         INSERT INTO kept_files (id, at, bytes) VALUES ($1, $2, $3) RETURNING content \
     ), first AS (INSERT INTO file_pieces SELECT content, 0, $4::BYTEA FROM file) \
     SELECT content FROM file";
/// content, number, piece
const PIECE_ADD: &str = "INSERT INTO file_pieces (content, number, piece) VALUES ($1, $2, $3)";
/// id → whether there is one
const FILE_HAS: &str = "SELECT 1 FROM kept_files WHERE id = $1 AND trashed IS NULL";
/// id, number of the piece, first byte of it (from 1), how many → bytes of the file, what was asked
const PIECE_READ: &str = "SELECT bytes, substring(piece FROM $3::INT FOR $4::INT) FROM kept_files \
     LEFT JOIN file_pieces ON file_pieces.content = kept_files.content AND number = $2 \
     WHERE id = $1 AND trashed IS NULL";
/// id
const FILE_REMOVE: &str = "DELETE FROM kept_files WHERE id = $1 AND trashed IS NULL";
/// id, since → a row if it was there
const TRASH_ADD: &str = "UPDATE kept_files SET trashed = $2 \
     WHERE id = $1 AND trashed IS NULL RETURNING 1";
/// id, since, limit → id, since
const TRASH_LIST: &str = "SELECT id, trashed FROM kept_files \
     WHERE trashed IS NOT NULL AND (id, trashed) > ($1, $2) ORDER BY id, trashed LIMIT $3";
/// id, since: of two files of one id the one in use stays
const TRASH_BACK: &str = "UPDATE kept_files SET trashed = NULL WHERE content = ( \
         SELECT MIN(content) FROM kept_files WHERE id = $1 AND trashed = $2 \
     ) AND NOT EXISTS (SELECT 1 FROM kept_files WHERE id = $1 AND trashed IS NULL)";
/// id, since
const TRASH_REMOVE: &str = "DELETE FROM kept_files WHERE id = $1 AND trashed = $2";
/// after id, limit → id, at
const FILES_LIST: &str = "SELECT id, at FROM kept_files \
     WHERE trashed IS NULL AND id > $1 ORDER BY id LIMIT $2";
const MARK_READ: &str = "SELECT mark FROM files_mark WHERE id = 1";
/// mark
const MARK_WRITE: &str = "INSERT INTO files_mark (id, mark) VALUES (1, $1) ON CONFLICT DO NOTHING";
/// A row beside the mark's.
const SWEPT_BY_READ: &str = "SELECT mark FROM files_mark WHERE id = 2";
/// what
const SWEPT_BY_WRITE: &str = "INSERT INTO files_mark (id, mark) VALUES (2, $1) \
     ON CONFLICT (id) DO UPDATE SET mark = EXCLUDED.mark";

/// Files in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresFiles {
    pool: Pool,
    large: Arc<Places>,
    spools: Spools,
}

impl PostgresFiles {
    /// Keeps files in the database of a store that was opened before, which has the tables. They
    /// arrive in a directory of this node's, which exists. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the address cannot be understood.
    pub fn new(options: &PostgresOptions, directory: &Path) -> Result<Self, StoreError> {
        let server = Server::of(options).map_err(Sentence::into_error)?;
        let (pool, large) = (server.pool(CONNECTIONS)?, Arc::new(Places::new(LARGE_MAX)));
        Ok(Self { pool, large, spools: Spools::new(directory) })
    }

    /// Asks one thing. What was asked may be asked twice, when a connection was lost.
    async fn ask(&self, attempted: &'static str, call: Call<'_>) -> Result<Vec<Row>, FilesError> {
        let (until, mut ended) = (Until::after(ANSWER_MAX), Ended::default());
        loop {
            let asked = async {
                let mut lent = Lent::from(&self.pool, until).await?;
                lent.ask(until, None, std::slice::from_ref(&call), None).await
            };
            match asked.await {
                Ok(mut rows) => return Ok(rows.pop().unwrap_or_default()),
                Err(Failure::Database(error)) if ended.is_why(&error) => {}
                Err(failure) => return Err(failure.of(attempted)),
            }
        }
    }

    /// Reads what a row of the marks says.
    async fn noted(&self, sql: &'static str) -> Result<Option<String>, FilesError> {
        let rows = self.ask(MARKING, call!(sql)).await?;
        let noted = rows.first().map(|row| row.try_get(0)).transpose();
        noted.map_err(|error| FilesError::unavailable(MARKING, error))
    }
}

/// Why the database did not do what it was asked.
enum Failure {
    Database(Error),
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::Other(error.into())
    }
}

impl Failure {
    fn of(self, attempted: &'static str) -> FilesError {
        match self {
            Self::Database(error) => FilesError::unavailable(attempted, error),
            Self::Other(error) => FilesError::unavailable(attempted, error),
        }
    }

    fn is_because_it_exists(&self) -> bool {
        matches!(self, Self::Database(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION))
    }
}

/// A connection of the pool. One that something is still open on, or may still be answered over,
/// is closed when it is dropped, also with the future of whoever stopped waiting.
struct Lent {
    client: Option<Client>,
    is_open: bool,
}

impl Lent {
    async fn from(pool: &Pool, until: Until) -> Result<Self, Failure> {
        let client =
            until.wait(pool.get()).await.map_err(|silent| Failure::Other(silent.into()))?;
        let client = client.map_err(|error| Failure::Other(error.into()))?;
        Ok(Self { client: Some(client), is_open: false })
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until it is dropped")
    }

    /// Sends statements together and waits for their answers, but not for ever.
    async fn ask(
        &mut self,
        until: Until,
        begin: Option<&str>,
        calls: &[Call<'_>],
        end: Option<&str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let client = self.client();
        let asked = async {
            let mut prepared = Prepared::default();
            for call in calls {
                prepared.insert(call.sql, client.prepare_cached(call.sql).await?);
            }
            together(client, &prepared, begin, calls, end).await
        };
        let answer = until.wait(asked).await;
        if answer.is_err() {
            self.is_open = true;
        }
        Ok(answer.map_err(|silent| Failure::Other(silent.into()))??)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_open {
            drop(self.client.take().map(Object::take));
        }
    }
}

/// A file that arrives.
struct Arriving {
    pool: Pool,
    large: Arc<Places>,
    spool: Spool,
}

impl Arriving {
    /// Writes the file in one transaction, each step of which has to be answered in time.
    async fn store(&self) -> Result<(), Failure> {
        let new = self.spool.new;
        let is_small = self.spool.bytes <= PIECE_BYTES;
        let (_place, until) = match is_small {
            true => (None, Until::after(ANSWER_MAX)),
            false => {
                let waited = self.large.wait(ANSWER_MAX).await;
                let (place, until) = waited.map_err(|stuck| Failure::Other(stuck.into()))?;
                (Some(place), Until::at(until))
            }
        };
        let first = self.spool.piece(0, READ_BYTES_MAX).await?;
        let add = call!(FILE_ADD, new.id.to_string(), new.at.0, wide(self.spool.bytes), first);
        let mut lent = Lent::from(&self.pool, until).await?;
        if is_small {
            return lent.ask(until, None, &[add], None).await.map(drop);
        }
        lent.is_open = true;
        let begun = lent.ask(until, Some("BEGIN"), &[add], None).await?;
        let row = begun.first().and_then(|rows| rows.first());
        let row = row.ok_or_else(|| Failure::Other("nothing was said of a new file".into()))?;
        let content: i64 = row.try_get(0)?;
        self.large.get_on();
        let mut from = PIECE_BYTES;
        while from < self.spool.bytes {
            let piece = self.spool.piece(from, READ_BYTES_MAX).await?;
            let number = wide(from / PIECE_BYTES);
            let add = call!(PIECE_ADD, content, number, piece);
            lent.ask(Until::after(ANSWER_MAX), None, &[add], None).await?;
            self.large.get_on();
            from += PIECE_BYTES;
        }
        lent.ask(Until::after(ANSWER_MAX), None, &[], Some("COMMIT")).await?;
        lent.is_open = false;
        self.large.get_on();
        Ok(())
    }
}

#[async_trait]
impl Incoming for Arriving {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.spool.write(bytes).await
    }

    async fn keep(self: Box<Self>) -> Result<(), FilesError> {
        self.store().await.map_err(|failure| match failure.is_because_it_exists() {
            true => FilesError::Exists { id: self.spool.new.id },
            false => failure.of(KEEPING),
        })
    }
}

/// Returns a number as the database has it; what is larger is as good as the largest.
fn wide(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn senseless(attempted: &'static str, what: &str) -> FilesError {
    FilesError::unavailable(attempted, format!("the database has {what}"))
}

fn id_at(row: &Row, attempted: &'static str) -> Result<FileId, FilesError> {
    let text: &str = row.try_get(0).map_err(|error| FilesError::unavailable(attempted, error))?;
    text.parse().map_err(|_| senseless(attempted, "a file whose id is none"))
}

fn time_at(row: &Row, attempted: &'static str) -> Result<Time, FilesError> {
    row.try_get(1).map(Time).map_err(|error| FilesError::unavailable(attempted, error))
}

#[async_trait]
impl Files for PostgresFiles {
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError> {
        if !self.ask(RECEIVING, call!(FILE_HAS, new.id.to_string())).await?.is_empty() {
            return Err(FilesError::Exists { id: new.id });
        }
        let spool = self.spools.begin(new).await?;
        Ok(Box::new(Arriving { pool: self.pool.clone(), large: self.large.clone(), spool }))
    }

    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        let (number, first) = (wide(offset / PIECE_BYTES), (offset % PIECE_BYTES) as i32 + 1);
        let count = bytes_max.min(READ_BYTES_MAX) as i32;
        let rows = self.ask(READING, call!(PIECE_READ, id.to_string(), number, first, count));
        let rows = rows.await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let told = |error| FilesError::unavailable(READING, error);
        let (bytes, piece): (i64, Option<Vec<u8>>) =
            (row.try_get(0).map_err(told)?, row.try_get(1).map_err(told)?);
        let piece = piece.unwrap_or_default();
        let is_missing = piece.is_empty() && count > 0 && wide(offset) < bytes;
        if is_missing {
            return Err(FilesError::Damaged { id });
        }
        Ok(Some(piece))
    }

    async fn delete(&self, id: FileId) -> Result<(), FilesError> {
        self.ask(REMOVING, call!(FILE_REMOVE, id.to_string())).await.map(drop)
    }

    async fn put_in_trash(&self, file: Trashed) -> Result<bool, FilesError> {
        let moved = self.ask(MOVING, call!(TRASH_ADD, file.id.to_string(), file.since.0)).await?;
        Ok(!moved.is_empty())
    }

    async fn trash(
        &self,
        after: Option<Trashed>,
        limit: usize,
    ) -> Result<Page<Trashed>, FilesError> {
        let (id, since) =
            after.map_or((String::new(), 0), |after| (after.id.to_string(), after.since.0));
        let one_more = wide(limit).saturating_add(1);
        let rows = self.ask(LISTING, call!(TRASH_LIST, id, since, one_more)).await?;
        let items = rows
            .iter()
            .take(limit)
            .map(|row| Ok(Trashed { id: id_at(row, LISTING)?, since: time_at(row, LISTING)? }));
        let items = items.collect::<Result<Vec<_>, FilesError>>()?;
        Ok(Page { more: rows.len() > items.len(), items })
    }

    async fn put_back(&self, file: Trashed) -> Result<(), FilesError> {
        let (id, since) = (file.id.to_string(), file.since.0);
        self.ask(MOVING, call!(TRASH_BACK, id, since)).await?;
        // What did not come back is there twice.
        self.remove_for_good(file).await
    }

    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError> {
        let (id, since) = (file.id.to_string(), file.since.0);
        self.ask(REMOVING, call!(TRASH_REMOVE, id, since)).await.map(drop)
    }

    async fn list(
        &self,
        after: Option<ListedUntil>,
        limit: usize,
    ) -> Result<FilesPage, FilesError> {
        let id = after.and_then(|after| after.id).map_or(String::new(), |id| id.to_string());
        let one_more = wide(limit).saturating_add(1);
        let rows = self.ask(LISTING, call!(FILES_LIST, id, one_more)).await?;
        let items = rows
            .iter()
            .take(limit)
            .map(|row| Ok(KeptFile { id: id_at(row, LISTING)?, at: time_at(row, LISTING)? }));
        let items = items.collect::<Result<Vec<_>, FilesError>>()?;
        let until = ListedUntil::of(items.last().map(|last| last.id));
        Ok(FilesPage { next: (rows.len() > items.len()).then_some(until), items })
    }

    /// The server reuses the room of removed rows by itself.
    async fn reclaim(&self) -> Result<(), FilesError> {
        Ok(())
    }

    async fn mark(&self) -> Result<Option<String>, FilesError> {
        self.noted(MARK_READ).await
    }

    async fn set_mark(&self, mark: String) -> Result<(), FilesError> {
        self.ask(MARKING, call!(MARK_WRITE, mark)).await.map(drop)
    }

    async fn swept_by(&self) -> Result<Option<String>, FilesError> {
        self.noted(SWEPT_BY_READ).await
    }

    async fn set_swept_by(&self, word: String) -> Result<(), FilesError> {
        self.ask(MARKING, call!(SWEPT_BY_WRITE, word)).await.map(drop)
    }

    async fn ready(&self) -> Result<(), FilesError> {
        self.mark().await.map(drop)
    }
}
