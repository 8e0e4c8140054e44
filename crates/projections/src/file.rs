//! The file of a projection on a single server: a SQLite database with the standing in it.
//!
//! It is written without waiting for the disk: a power cut may take the last transactions, and with
//! each of them goes the standing that it brought, so what they had is read again from the log.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handoff_domain::InteractionId;
use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};

use crate::projection::{Cursor, ProjectionError, Standing};

/// How long one of two processes waits for the other: the program that serves, and a command.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const STANDING: &str = "
    CREATE TABLE standing (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      generation INTEGER, position INTEGER, after TEXT, done INTEGER, total INTEGER
    ) STRICT;
    INSERT INTO standing (id) VALUES (1);";
const READ: &str = "SELECT generation, position, after, done, total FROM standing";
// `?`, because SQLite numbers `$` in the order in which they come.
const MOVE: &str = "UPDATE standing \
    SET generation = ?6, position = ?7, after = ?8, done = ?9, total = ?10 \
    WHERE generation IS ?1 AND position IS ?2 AND after IS ?3 AND done IS ?4 AND total IS ?5";
const OUTDATE: &str = "UPDATE standing SET generation = NULL, position = NULL, after = NULL, done = NULL, total = NULL";

/// The columns of a standing.
type Columns = (Option<u64>, Option<u64>, Option<String>, Option<u64>, Option<u64>);

/// What a projection's file is made of.
pub(crate) struct Shape {
    /// It is raised when the tables change, or what is counted: a file of another form is made
    /// anew.
    pub(crate) form: u32,
    pub(crate) tables: &'static str,
    /// Whether it has what nothing else has any more: a file that is replaced is put aside.
    pub(crate) is_for_good: bool,
}

/// The file of a projection.
#[derive(Debug)]
pub(crate) struct ProjectionFile(Mutex<Connection>);

impl ProjectionFile {
    /// Opens a file, and makes it if there is none. One that is damaged or of another form is made
    /// anew of records, history and log.
    pub(crate) fn open(path: &Path, shape: &Shape) -> Result<Self, ProjectionError> {
        if let Some(connection) = opened(path, shape)? {
            return Ok(Self(Mutex::new(connection)));
        }
        tracing::warn!(path = %path.display(), "a projection's file is of another form or damaged and is made anew");
        if shape.is_for_good {
            put_aside(path)?;
        } else {
            remove(path)?;
        }
        let connection = opened(path, shape)?;
        let connection = connection.ok_or_else(|| unreadable("a file that was just made"))?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn standing(&self) -> Result<Standing, ProjectionError> {
        standing(&self.connection())
    }

    /// Says that nothing that is kept counts any more, whatever is being done to it.
    pub(crate) fn outdate(&self) -> Result<(), ProjectionError> {
        self.connection().execute(OUTDATE, [])?;
        Ok(())
    }

    /// Changes what is kept and moves on, or does neither.
    pub(crate) fn change(
        &self,
        from: Standing,
        to: Standing,
        change: impl FnOnce(&Transaction<'_>) -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let mut connection = self.connection();
        // Immediate: whoever comes second waits, and then sees that it was overtaken.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        move_on(&transaction, from, to)?;
        change(&transaction)?;
        Ok(transaction.commit()?)
    }
}

/// The connections by which a file is read, beside the one that writes.
#[derive(Debug)]
pub(crate) struct Reading {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reading {
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    pub(crate) fn connection(&self) -> Result<Connection, ProjectionError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Opens a database of a shape, an empty one included; `None` when it is another or damaged.
fn opened(path: &Path, shape: &Shape) -> Result<Option<Connection>, ProjectionError> {
    create(path)?;
    match shaped(path, shape) {
        Ok(connection) => Ok(connection),
        Err(error) if is_damaged(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn shaped(path: &Path, shape: &Shape) -> Result<Option<Connection>, rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Without it SQLite prepares some statements anew each time that something is bound to them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let form: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if form == 0 {
        transaction.execute_batch(STANDING)?;
        transaction.execute_batch(shape.tables)?;
        transaction.pragma_update(None, "user_version", shape.form)?;
    }
    transaction.commit()?;
    Ok([0, shape.form].contains(&form).then_some(connection))
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Makes an empty file for its owner alone; SQLite gives the same mode to those beside it.
fn create(path: &Path) -> Result<(), io::Error> {
    let mut options: OpenOptions = File::options();
    options.write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

fn remove(path: &Path) -> Result<(), io::Error> {
    for part in parts(path) {
        unless_missing(fs::remove_file(part))?;
    }
    Ok(())
}

/// Keeps a file that is replaced beside its place, in the place of one that was kept before.
fn put_aside(path: &Path) -> Result<(), io::Error> {
    let aside = path.with_extension("aside.db");
    remove(&aside)?;
    for (from, to) in parts(path).into_iter().zip(parts(&aside)) {
        unless_missing(fs::rename(from, to))?;
    }
    tracing::warn!(path = %aside.display(), "the file of before is kept: it may have what is nowhere else");
    Ok(())
}

/// Returns the files of a database.
fn parts(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn unless_missing(done: Result<(), io::Error>) -> Result<(), io::Error> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn standing(connection: &Connection) -> Result<Standing, ProjectionError> {
    let number = |row: &rusqlite::Row<'_>, at| {
        row.get::<_, Option<i64>>(at).map(|number| number.map(i64::cast_unsigned))
    };
    let read: Result<Columns, _> = connection.query_row(READ, [], |row| {
        Ok((number(row, 0)?, number(row, 1)?, row.get(2)?, number(row, 3)?, number(row, 4)?))
    });
    Ok(match read.optional()?.unwrap_or_default() {
        (Some(generation), Some(position), after, Some(done), Some(total)) => {
            Standing::Rebuilding {
                end: Cursor { generation, position },
                after: after
                    .map(|id: String| id.parse())
                    .transpose()
                    .map_err(|_| unreadable("an id"))?,
                done,
                total,
            }
        }
        (Some(generation), Some(position), ..) => {
            Standing::Following(Cursor { generation, position })
        }
        _ => Standing::Outdated,
    })
}

/// Moves on from where it is believed to stand.
pub(crate) fn move_on(
    connection: &Connection,
    from: Standing,
    to: Standing,
) -> Result<(), ProjectionError> {
    let (from, to) = (columns(from), columns(to));
    let signed = |number: Option<u64>| number.map(u64::cast_signed);
    let moved = connection.prepare_cached(MOVE)?.execute(params![
        signed(from.0),
        signed(from.1),
        from.2,
        signed(from.3),
        signed(from.4),
        signed(to.0),
        signed(to.1),
        to.2,
        signed(to.3),
        signed(to.4),
    ])?;
    if moved == 1 { Ok(()) } else { Err(ProjectionError::Overtaken) }
}

fn columns(standing: Standing) -> Columns {
    match standing {
        Standing::Outdated => Columns::default(),
        Standing::Rebuilding { end, after, done, total } => (
            Some(end.generation),
            Some(end.position),
            after.map(InteractionId::stored),
            Some(done),
            Some(total),
        ),
        Standing::Following(at) => (Some(at.generation), Some(at.position), None, None, None),
    }
}

pub(crate) fn unreadable(what: &str) -> ProjectionError {
    ProjectionError::Unreadable(what.to_owned())
}
