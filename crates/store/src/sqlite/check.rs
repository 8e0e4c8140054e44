//! Reads every stored row, to find those that cannot be read before somebody needs them.

use rusqlite::{Connection, params};

use super::reads::{self, Unread};
use crate::aside::Aside;
use crate::error::StoreError;
use crate::record::Kind;
use crate::sql::{decode, log as text, statements};
use crate::store::SetAside;

/// Rows read at once.
const PAGE: usize = 1_000;

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read.
    pub table: &'static str,
    /// How many of its rows were read so far.
    pub rows: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many rows were read, the unreadable ones among them.
    pub rows: u64,
    /// The rows that cannot be read; the first thousand of them.
    pub unreadable: Vec<SetAside>,
}

pub(super) fn check(
    connection: &Connection,
    progress: &dyn Fn(Progress),
) -> Result<Checked, StoreError> {
    let aside = Aside::default();
    let work = || {
        let mut rows = 0;
        for kind in Kind::ALL {
            rows += records(connection, &aside, *kind, progress)?;
        }
        rows += recent(connection, &aside, progress)?;
        rows += histories(connection, &aside, progress)?;
        rows += streams(connection, &aside, progress)?;
        Ok(rows)
    };
    let rows = reads::told("checking every record", work())?;
    Ok(Checked { rows, unreadable: aside.all() })
}

/// Reads a table page by page. `page` reads the rows after the last one that it was given, and
/// gives how many there were.
fn pages(
    table: &'static str,
    progress: &dyn Fn(Progress),
    mut page: impl FnMut() -> Result<usize, Unread>,
) -> Result<u64, Unread> {
    let mut rows = 0;
    loop {
        let read = page()?;
        rows += read as u64;
        progress(Progress { table, rows });
        if read < PAGE {
            return Ok(rows);
        }
    }
}

fn records(
    connection: &Connection,
    aside: &Aside,
    kind: Kind,
    progress: &dyn Fn(Progress),
) -> Result<u64, Unread> {
    let table = statements::table(kind);
    let mut after = String::new();
    pages(table.name, progress, || {
        let mut statement = connection.prepare_cached(&table.list)?;
        let mut rows = statement.query(params![after, limit()])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let record = decode::record_of(kind, &id, row, 1);
            reads::or_aside(aside, || format!("{} {id}", table.name), record)?;
            (after, read) = (id, read + 1);
        }
        Ok(read)
    })
}

fn recent(
    connection: &Connection,
    aside: &Aside,
    progress: &dyn Fn(Progress),
) -> Result<u64, Unread> {
    let mut after = 0_i64;
    pages("recent", progress, || {
        let mut statement = connection.prepare_cached(text::LOG_CHECK)?;
        let mut rows = statement.query(params![after, limit()])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            (after, read) = (row.get(0)?, read + 1);
            let position = after.cast_unsigned();
            let entry =
                decode::entry_of(position, row).and_then(|_| decode::snapshot_of(position, row));
            reads::or_aside(aside, || format!("recent {after}"), entry)?;
        }
        Ok(read)
    })
}

fn histories(
    connection: &Connection,
    aside: &Aside,
    progress: &dyn Fn(Progress),
) -> Result<u64, Unread> {
    let mut after = (String::new(), 0_i64);
    pages("history", progress, || {
        let mut statement = connection.prepare_cached(text::HISTORY_CHECK)?;
        let mut rows = statement.query(params![after.0, after.1, limit()])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            (after, read) = ((row.get(5)?, row.get(0)?), read + 1);
            let name = || format!("{} {}", after.0, after.1);
            let entry = decode::history_entry_of(&after.0, row);
            reads::or_aside(aside, || format!("history {}", name()), entry)?;
        }
        Ok(read)
    })
}

fn streams(
    connection: &Connection,
    aside: &Aside,
    progress: &dyn Fn(Progress),
) -> Result<u64, Unread> {
    let mut after = (String::new(), 0_i64, -1_i64);
    pages("streams", progress, || {
        let mut statement = connection.prepare_cached(text::STREAM_CHECK)?;
        let mut rows = statement.query(params![after.0, after.1, after.2, limit()])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            (after, read) = ((row.get(4)?, row.get(0)?, row.get(5)?), read + 1);
            let notice = decode::notice_of(&after.0, after.1.cast_unsigned(), row);
            reads::or_aside(aside, || format!("streams {} {}", after.0, after.1), notice)?;
        }
        Ok(read)
    })
}

fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX)
}
