//! The floor of the store: the rows that a command writes, in the store's own tables, by bare
//! SQLite.
//!
//! Statements are prepared once, a transaction has as many commands as meet in one of the program's
//! with 64 clients, and each is synced. Nothing is encoded, guarded, looked up or handed over.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use handoff_store::{SqliteOptions, SqliteStore};
use rusqlite::{Connection, Statement, params};

/// Commands in one transaction, as with 64 clients on two processors.
const BATCH: usize = 16;
/// Transactions in one measurement.
const BATCHES: usize = 64;
/// Agents that are told.
const AGENTS: usize = 64;

/// As the store opens its file.
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;
PRAGMA wal_autocheckpoint = 4000;";
const PUT: &str = "INSERT INTO interactions \
    (id, version, lists, center, place, media, queue, form, body) \
    VALUES ($1, $2, '', $3, 'handling', 'workitem', $3, 1, $4) \
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, lists = excluded.lists, \
    place = excluded.place, body = excluded.body";
const DESK: &str = "INSERT INTO desks (id, version, form, body) VALUES ($1, $2, 1, $3) \
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body";
const ENTER: &str = "INSERT INTO interaction_lists (list, id) VALUES ($1, $2)";
const LEAVE: &str = "DELETE FROM interaction_lists WHERE list = $1 AND id = $2";
const HISTORY: &str = "INSERT INTO history (subject, position, at, epoch, form, body) \
    VALUES ($1, $2, $2, 1, 1, $3)";
const RECENT: &str = "INSERT INTO recent (position, at, subject, told, kind, form, snapshot) \
    VALUES ($1, $1, $2, $3, 'interaction', 1, $4)";
const STREAM: &str = "INSERT INTO streams (owner, position, ordinal, numbers, form, body) \
    VALUES ($1, $2, 0, '[[\"Interactions\",314],[\"Workitems\",314]]', 1, $3)";

/// Bytes of an interaction, of a desk, of an event and of what one agent is told, as `bench counts`
/// left them.
const INTERACTION: usize = 650;
const DESK_BYTES: usize = 580;
const EVENT: usize = 125;
const NOTICE: usize = 83;

/// A store's database.
pub(crate) struct Rows {
    connection: Connection,
    position: usize,
}

struct Writes<'c> {
    put: Statement<'c>,
    desk: Statement<'c>,
    enter: Statement<'c>,
    leave: Statement<'c>,
    history: Statement<'c>,
    recent: Statement<'c>,
    stream: Statement<'c>,
}

impl Rows {
    pub(crate) fn open(home: &Path) -> Result<Self> {
        let path = home.join("rows.db");
        // Its tables are there then.
        drop(SqliteStore::open(SqliteOptions::new(&path))?);
        let connection = Connection::open(path).context("open a database")?;
        connection.execute_batch(SETTINGS).context("settle a database")?;
        Ok(Self { connection, position: 0 })
    }

    /// Returns the processor time of one command's rows, in µs: of every second one it is an
    /// Accept, of the others a Complete.
    pub(crate) fn measure(&mut self) -> Result<f64> {
        let connection = &self.connection;
        let mut writes = Writes::prepare(connection).context("prepare statements")?;
        let first = self.position;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for number in (0..BATCH * BATCHES).step_by(2) {
            writes.open(first + number)?;
        }
        connection.execute_batch("COMMIT")?;
        let before = own_time_ns()?;
        for _ in 0..BATCHES {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..BATCH {
                writes.command(self.position)?;
                self.position += 1;
            }
            connection.execute_batch("COMMIT")?;
        }
        #[expect(clippy::cast_precision_loss, reason = "some seconds, and some thousands")]
        let each = (own_time_ns()? - before) as f64 / 1_000.0 / (BATCH * BATCHES) as f64;
        Ok(each)
    }
}

impl<'c> Writes<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            put: connection.prepare(PUT)?,
            desk: connection.prepare(DESK)?,
            enter: connection.prepare(ENTER)?,
            leave: connection.prepare(LEAVE)?,
            history: connection.prepare(HISTORY)?,
            recent: connection.prepare(RECENT)?,
            stream: connection.prepare(STREAM)?,
        })
    }

    /// Writes an interaction that two commands will be about, and the lists that it is in.
    fn open(&mut self, position: usize) -> Result<()> {
        let (id, agent) = names(position);
        self.put.execute(params![id, 1, agent, text(INTERACTION)])?;
        for list in lists(&agent) {
            self.enter.execute([list, id.clone()])?;
        }
        Ok(())
    }

    fn command(&mut self, position: usize) -> Result<()> {
        let (id, agent) = names(position);
        self.put.execute(params![id, position, agent, text(INTERACTION)])?;
        if position % 2 == 1 {
            self.desk.execute(params![agent, position, text(DESK_BYTES)])?;
            for list in lists(&agent) {
                self.leave.execute([list, id.clone()])?;
            }
        }
        // The log of a new store is not empty.
        let at = position + 1_000;
        let owner = format!("u{agent}");
        self.history.execute(params![id, at, text(EVENT)])?;
        self.recent.execute(params![at, id, owner, text(INTERACTION)])?;
        self.stream.execute(params![owner, at, text(NOTICE)])?;
        Ok(())
    }
}

/// Returns the ids of an interaction and of who has it. Two commands in a row are about the same.
fn names(position: usize) -> (String, String) {
    (format!("{:016x}", position / 2), format!("{:032x}", position / 2 % AGENTS))
}

/// Returns the lists that an interaction leaves at its end: active, held, submitted, queue.
fn lists(agent: &str) -> [String; 4] {
    ["a", "h", "u", "q"].map(|list| format!("{list}{agent}"))
}

fn text(len: usize) -> String {
    "x".repeat(len)
}

/// Returns the processor time of this thread so far, in ns.
fn own_time_ns() -> Result<u64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat");
    let told = told.context("read the thread's times")?;
    let first = told.split_whitespace().next().context("the times have an unknown form")?;
    first.parse().context("the times have an unknown form")
}
