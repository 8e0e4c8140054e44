//! What the counters show.

use std::collections::BTreeMap;

use handoff_domain::{QueueId, Time};
use rusqlite::{Connection, Row};

use super::{Quarter, QueueOrAgent, Tally};
use crate::file::{standing, unreadable};
use crate::projection::{ProjectionError, Standing};

const WAITING: &str = "SELECT queue, count(*), min(since) FROM places \
    WHERE since IS NOT NULL GROUP BY queue";
const QUARTERS: &str = "SELECT quarter, counted, entered, offered, accepted, ended, \
    longest_wait_ms FROM quarters WHERE quarter >= $1";

/// What waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub count: u64,
    /// When what waits longest entered the queue.
    pub oldest: Time,
}

/// What the counters show at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How far they have come; while they are rebuilt they show what was counted so far.
    pub standing: Standing,
    /// What waits now; a queue that is missing is empty.
    pub waiting: BTreeMap<QueueId, Waiting>,
    pub quarters: BTreeMap<(Quarter, QueueOrAgent), Tally>,
}

pub(super) fn read(connection: &Connection, since: Quarter) -> Result<Figures, ProjectionError> {
    Ok(Figures {
        standing: standing(connection)?,
        waiting: waiting(connection)?,
        quarters: quarters(connection, since)?,
    })
}

fn waiting(connection: &Connection) -> Result<BTreeMap<QueueId, Waiting>, ProjectionError> {
    let mut statement = connection.prepare_cached(WAITING)?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let queue: String = row.get(0)?;
        let queue = queue.parse().map_err(|_| unreadable("a queue"))?;
        found.insert(queue, Waiting { count: number(row, 1)?, oldest: Time(row.get(2)?) });
    }
    Ok(found)
}

fn quarters(
    connection: &Connection,
    since: Quarter,
) -> Result<BTreeMap<(Quarter, QueueOrAgent), Tally>, ProjectionError> {
    let mut statement = connection.prepare_cached(QUARTERS)?;
    let mut rows = statement.query([since])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let whose: String = row.get(1)?;
        let whose = QueueOrAgent::read(&whose).ok_or_else(|| unreadable("a tally's name"))?;
        let tally = Tally {
            entered: number(row, 2)?,
            offered: number(row, 3)?,
            accepted: number(row, 4)?,
            ended: number(row, 5)?,
            longest_wait_ms: number(row, 6)?,
        };
        found.insert((row.get(0)?, whose), tally);
    }
    Ok(found)
}

fn number(row: &Row<'_>, at: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(at).map(i64::cast_unsigned)
}
