//! What the counters show of all that they have.

use std::collections::BTreeMap;

use handoff_domain::{QueueId, Time};
use handoff_engine::Tally;
use rusqlite::Connection;

use super::{Key, Quarter, kept};
use crate::file::{standing, unreadable};
use crate::projection::{ProjectionError, Standing};

const WAITING: &str = "SELECT queue, count(*), min(since) FROM places \
    WHERE since IS NOT NULL GROUP BY queue";
const QUARTERS: &str = "SELECT center, kind, quarter, counted, tally FROM quarters \
    WHERE quarter >= ?1";

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
    pub quarters: BTreeMap<Key, Tally>,
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
        let count = row.get::<_, i64>(1)?.cast_unsigned();
        found.insert(queue, Waiting { count, oldest: Time(row.get(2)?) });
    }
    Ok(found)
}

fn quarters(
    connection: &Connection,
    since: Quarter,
) -> Result<BTreeMap<Key, Tally>, ProjectionError> {
    let mut statement = connection.prepare_cached(QUARTERS)?;
    let mut rows = statement.query([since])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (key, tally) = kept::row_of(row)?;
        found.insert(key, tally);
    }
    Ok(found)
}
