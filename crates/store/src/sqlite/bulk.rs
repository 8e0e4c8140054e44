//! A SQLite database as a copy needs it: read and written table by table, beside everything else
//! that a store does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, OptionalExtension, Row, ToSql, Transaction, TransactionBehavior, params,
    params_from_iter,
};

use super::failure::failed;
use super::heads::stored_numbers;
use super::reads::log::end;
use super::{SqliteOptions, files, migrate};
use crate::copy::{Bulk, Cell, Cells, Column, Ends, Seen, StreamHead, Table, UNFINISHED, refused};
use crate::error::StoreError;
use crate::sql::log as text;

const READING: &str = "reading what is copied";
const WRITING: &str = "writing what is copied";

const PROMISED_READ: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'promised_answers'";
const UNFINISHED_IS: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";

/// A SQLite database that is copied from or into.
#[derive(Debug)]
pub struct SqliteBulk {
    name: String,
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Keeps everybody else from opening it; `None` beside a server that has it open.
    _lock: Option<File>,
}

impl SqliteBulk {
    /// Opens a database that nobody has open, makes it if there is none, and brings its schema up
    /// to date.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStore::open`](super::SqliteStore::open).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let lock = files::prepare(&path)?;
        let connection = files::open_writer(&path)?;
        migrate::migrate(&connection)?;
        // What a newer program added is not known here, and would not be carried.
        migrate::expect_current(&connection)?;
        Ok(Self::of(&path, connection, Some(lock)))
    }

    /// Opens a database to read from it beside a server that has it open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when its schema is another program's, or the store's own.
    pub fn open_beside(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let connection = files::open_reader(&SqliteOptions::new(&path))?;
        migrate::expect_current(&connection)?;
        Ok(Self::of(&path, connection, None))
    }

    fn of(path: &Path, connection: Connection, lock: Option<File>) -> Self {
        // However it was named, a copy that is gone on with is known by it.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = format!("sqlite:{}", path.display());
        Self { name, path, connection: Mutex::new(connection), _lock: lock }
    }

    /// Notes durably that all it has was moved: [`SqliteStore::open`](super::SqliteStore::open)
    /// refuses it from then on, and says where it is now.
    ///
    /// # Errors
    ///
    /// When that could not be written.
    pub fn mark_moved(&self, to: &str) -> Result<(), StoreError> {
        files::mark_moved(&self.path, to).map_err(|source| StoreError::Unavailable {
            attempted: "noting where the store was moved",
            source: source.into(),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Nothing => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => text.as_str().into(),
        }))
    }
}

fn cell(row: &Row<'_>, place: usize) -> Result<Cell, rusqlite::Error> {
    Ok(match row.get_ref(place)? {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(number) => Cell::Integer(number),
        other => Cell::Text(other.as_str()?.to_owned()),
    })
}

fn cells(row: &Row<'_>, places: std::ops::Range<usize>) -> Result<Cells, rusqlite::Error> {
    places.map(|place| cell(row, place)).collect()
}

fn names<'a>(columns: impl IntoIterator<Item = &'a Column>) -> String {
    columns.into_iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Returns `$first, …`, so many.
fn holes(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// Returns the condition that a row has the key that is bound first.
fn has_key(table: &Table) -> String {
    let each = table.key.iter().zip(1..).map(|(column, n)| format!("{} = ${n}", column.name));
    each.collect::<Vec<_>>().join(" AND ")
}

/// Returns what of a row is compared, in the order of keys, after the one that is bound.
fn seen_sql(table: &Table, has_after: bool) -> String {
    let (key, count) = (names(&table.key), table.key.len());
    let shown = names(table.key.iter().chain(&table.state));
    let bytes = table.body.map_or("0".to_owned(), |body| format!("octet_length({body})"));
    let (after, limit) = match has_after {
        true => (format!("WHERE ({key}) > ({})", holes(1, count)), count + 1),
        false => (String::new(), 1),
    };
    let name = table.name;
    format!("SELECT {shown}, {bytes} FROM {name} {after} ORDER BY {key} LIMIT ${limit}")
}

fn seen(
    connection: &Connection,
    table: &Table,
    after: &[Cell],
    limit: usize,
) -> Result<Vec<Seen>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(&seen_sql(table, !after.is_empty()))?;
    let limit = Cell::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
    let bound = params_from_iter(after.iter().chain([&limit]));
    let (key, all) = (table.key.len(), table.key.len() + table.state.len());
    let read = |row: &Row<'_>| {
        Ok(Seen { key: cells(row, 0..key)?, state: cells(row, key..all)?, bytes: row.get(all)? })
    };
    statement.query_map(bound, read)?.collect()
}

fn rows(
    connection: &Connection,
    table: &Table,
    keys: &[Cells],
) -> Result<Vec<Cells>, rusqlite::Error> {
    let (shown, count) = (names(table.columns()), table.columns().count());
    let sql = format!("SELECT {shown} FROM {} WHERE {}", table.name, has_key(table));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let read = |row: &Row<'_>| cells(row, 0..count);
        found.extend(statement.query_row(params_from_iter(key), read).optional()?);
    }
    Ok(found)
}

fn write(
    connection: &Connection,
    table: &Table,
    rows: &[Cells],
    gone: &[Cells],
) -> Result<(), rusqlite::Error> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let remove = format!("DELETE FROM {} WHERE {}", table.name, has_key(table));
    let mut remove = transaction.prepare_cached(&remove)?;
    for key in gone {
        remove.execute(params_from_iter(key))?;
    }
    let (columns, count) = (names(table.columns()), table.columns().count());
    let put =
        format!("INSERT OR REPLACE INTO {} ({columns}) VALUES ({})", table.name, holes(1, count));
    let mut put = transaction.prepare_cached(&put)?;
    for row in rows {
        put.execute(params_from_iter(row))?;
    }
    drop((remove, put));
    transaction.commit()
}

fn ends(connection: &Connection) -> Result<Ends, rusqlite::Error> {
    let promised = connection.query_row(PROMISED_READ, [], |row| row.get(0)).optional()?;
    Ok(Ends { log: end(connection)?, promised: promised.unwrap_or(0) })
}

fn finish(
    connection: &Connection,
    ends: Ends,
    heads: &[StreamHead],
) -> Result<(), rusqlite::Error> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for table in ["heads", "streams", "recent", "promised_answers"] {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let mut write = transaction.prepare(text::HEAD_WRITE)?;
    for StreamHead { owner, position, numbers } in heads {
        for (topic, last) in numbers {
            write.execute(params![owner, topic, position, last])?;
        }
    }
    drop(write);
    transaction.execute(text::GENERATION_WRITE, [ends.log.generation])?;
    transaction.execute(text::LOG_FLOOR_WRITE, [ends.log.floor])?;
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'promised_answers'", [])?;
    let sequence = "INSERT INTO sqlite_sequence (name, seq) VALUES ('promised_answers', $1)";
    transaction.execute(sequence, [ends.promised])?;
    transaction.execute(&format!("DROP TABLE {UNFINISHED}"), [])?;
    transaction.commit()
}

/// Returns how far every stream is numbered, as if each head had been written last.
fn heads(connection: &Connection) -> Result<Vec<StreamHead>, rusqlite::Error> {
    let sql = "SELECT owner FROM heads UNION SELECT owner FROM streams ORDER BY owner";
    let mut statement = connection.prepare(sql)?;
    let owners = statement.query_map([], |row| row.get(0))?;
    let owners: Vec<String> = owners.collect::<Result<_, _>>()?;
    owners.into_iter().map(|owner| stored_numbers(connection, owner)).collect()
}

fn unfinished(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let is_there: bool = connection.query_row(UNFINISHED_IS, [UNFINISHED], |row| row.get(0))?;
    if !is_there {
        return Ok(None);
    }
    let sql = format!("SELECT source FROM {UNFINISHED}");
    Ok(Some(connection.query_row(&sql, [], |row| row.get(0)).optional()?.unwrap_or_default()))
}

/// Refuses a database that is a copy which is not finished.
pub(super) fn refuse_unfinished(connection: &Connection) -> Result<(), StoreError> {
    match unfinished(connection).map_err(|error| failed("opening the database", error))? {
        Some(source) => Err(refused(&source)),
        None => Ok(()),
    }
}

#[async_trait]
impl Bulk for SqliteBulk {
    fn name(&self) -> &str {
        &self.name
    }

    async fn take(&self) -> Result<bool, StoreError> {
        // Whoever has the lock has taken it, and without it nobody writes.
        Ok(true)
    }

    async fn is_served(&self) -> Result<bool, StoreError> {
        // Whoever has the lock is alone, and nothing is written without it.
        Ok(false)
    }

    async fn seen(
        &self,
        table: &'static Table,
        after: &[Cell],
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        seen(&self.connection(), table, after, limit).map_err(|error| failed(READING, error))
    }

    async fn rows(&self, table: &'static Table, keys: &[Cells]) -> Result<Vec<Cells>, StoreError> {
        rows(&self.connection(), table, keys).map_err(|error| failed(READING, error))
    }

    async fn write(
        &self,
        table: &'static Table,
        rows: &[Cells],
        gone: &[Cells],
    ) -> Result<(), StoreError> {
        write(&self.connection(), table, rows, gone).map_err(|error| failed(WRITING, error))
    }

    async fn heads(&self) -> Result<Vec<StreamHead>, StoreError> {
        heads(&self.connection()).map_err(|error| failed(READING, error))
    }

    async fn ends(&self) -> Result<Ends, StoreError> {
        ends(&self.connection()).map_err(|error| failed(READING, error))
    }

    async fn unfinished(&self) -> Result<Option<String>, StoreError> {
        unfinished(&self.connection()).map_err(|error| failed(READING, error))
    }

    async fn begin(&self, source: &str) -> Result<(), StoreError> {
        let connection = self.connection();
        let sql = format!("CREATE TABLE {UNFINISHED} (source TEXT NOT NULL) STRICT");
        let work = || {
            let begun = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
            begun.execute(&sql, [])?;
            begun.execute(&format!("INSERT INTO {UNFINISHED} (source) VALUES ($1)"), [source])?;
            begun.commit()
        };
        work().map_err(|error| failed(WRITING, error))
    }

    async fn finish(&self, ends: Ends, heads: &[StreamHead]) -> Result<(), StoreError> {
        // What lay here before may have been moved; this is another.
        files::unmark_moved(&self.path).map_err(|source| StoreError::Unavailable {
            attempted: WRITING,
            source: source.into(),
        })?;
        finish(&self.connection(), ends, heads).map_err(|error| failed(WRITING, error))
    }
}
