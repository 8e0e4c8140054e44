//! The floor of the store: the rows that a command writes, by bare SQLite.
//!
//! Statements are prepared once, a transaction has as many commands as meet in one of the program's
//! with 64 clients, and each is synced. Nothing is encoded, guarded, looked up or handed over.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, Statement, params};

/// Commands in one transaction, as with 64 clients on two processors.
const BATCH: usize = 16;
/// Transactions in one measurement.
const BATCHES: usize = 64;
/// Interactions that are written, one after the other and then again.
const INTERACTIONS: usize = 4_096;

/// The store's tables without what this floor does not fill.
const TABLES: &str = "
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;
CREATE TABLE records (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE history (subject TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (subject, position)) WITHOUT ROWID;
CREATE TABLE recent (position INTEGER NOT NULL PRIMARY KEY, subject TEXT NOT NULL,
  snapshot TEXT NOT NULL);
CREATE TABLE streams (owner TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (owner, position)) WITHOUT ROWID;
CREATE TABLE heads (owner TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
";
const WRITES: [&str; 5] = [
    "INSERT INTO records (id, version, body) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET version = $2, body = $3",
    "INSERT INTO history (subject, position, body) VALUES ($1, $2, $3)",
    "INSERT INTO recent (subject, position, snapshot) VALUES ($1, $2, $3)",
    "INSERT INTO streams (owner, position, body) VALUES ($1, $2, $3)",
    "INSERT INTO heads (owner, last) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET last = $2",
];
/// Bytes of a record, of its snapshot, of an event and of a stream's row.
const RECORD: usize = 800;
const EVENT: usize = 150;
const NOTICE: usize = 100;

/// A database with those tables.
pub(crate) struct Rows {
    connection: Connection,
    position: usize,
}

impl Rows {
    pub(crate) fn open(home: &Path) -> Result<Self> {
        let connection = Connection::open(home.join("rows.db")).context("open a database")?;
        connection.execute_batch(TABLES).context("make its tables")?;
        Ok(Self { connection, position: 0 })
    }

    /// Returns the processor time of one command's rows, in µs.
    pub(crate) fn measure(&mut self) -> Result<f64> {
        let mut writes = Vec::with_capacity(WRITES.len());
        for text in WRITES {
            writes.push(self.connection.prepare(text).context("prepare a statement")?);
        }
        let before = own_time_ns()?;
        for _ in 0..BATCHES {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..BATCH {
                self.position += 1;
                write(&mut writes, self.position)?;
            }
            self.connection.execute_batch("COMMIT")?;
        }
        #[expect(clippy::cast_precision_loss, reason = "some seconds, and some thousands")]
        let each = (own_time_ns()? - before) as f64 / 1_000.0 / (BATCH * BATCHES) as f64;
        Ok(each)
    }
}

fn write(writes: &mut [Statement<'_>], position: usize) -> Result<()> {
    let text = |len: usize| "x".repeat(len);
    let subject = format!("{:032x}", position % INTERACTIONS);
    let owner = format!("u{:032x}", position % 64);
    writes[0].execute(params![subject, position, text(RECORD)])?;
    writes[1].execute(params![subject, position, text(EVENT)])?;
    writes[2].execute(params![subject, position, text(RECORD)])?;
    writes[3].execute(params![owner, position, text(NOTICE)])?;
    writes[4].execute(params![owner, position])?;
    Ok(())
}

/// Returns the processor time of this thread so far, in ns.
fn own_time_ns() -> Result<u64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat");
    let told = told.context("read the thread's times")?;
    let first = told.split_whitespace().next().context("the times have an unknown form")?;
    first.parse().context("the times have an unknown form")
}
