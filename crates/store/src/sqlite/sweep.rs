//! Forgets what nobody can ask for any more.

use std::collections::BTreeMap;

use handoff_domain::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::decode_numbers;
use crate::query::Numbering;
use crate::sql::statements::{self as text, COUNTERS, counter};
use crate::store::SweepReport;

/// The length of a user's id as text.
const USER_LEN: usize = 32;

/// What may be forgotten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) now: Time,
    pub(super) streams_before: Time,
    pub(super) logins_before: Time,
    pub(super) limit: usize,
}

/// Sweeps in the transaction that is open.
pub(super) fn sweep(
    connection: &Connection,
    bounds: &Bounds,
) -> Result<SweepReport, rusqlite::Error> {
    let limit = i64::try_from(bounds.limit).unwrap_or(i64::MAX);
    let (stream_rows, snapshots) = sweep_streams(connection, bounds.streams_before, limit)?;
    let receipts =
        connection.prepare_cached(text::RECEIPTS_SWEEP)?.execute([bounds.now.0, limit])?;
    let login_sessions =
        connection.prepare_cached(text::LOGINS_SWEEP)?.execute([bounds.logins_before.0, limit])?;
    Ok(SweepReport {
        stream_rows,
        snapshots,
        receipts: receipts as u64,
        login_sessions: login_sessions as u64,
    })
}

/// The highest number forgotten on each topic, by user.
type Forgotten = BTreeMap<String, [u64; COUNTERS]>;

fn sweep_streams(
    connection: &Connection,
    before: Time,
    limit: i64,
) -> Result<(u64, u64), rusqlite::Error> {
    let oldest: Vec<(i64, i64, String)> = connection
        .prepare_cached(text::EVENTS_OLDEST)?
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut forgotten = Forgotten::new();
    let (mut rows, mut snapshots) = (0, 0);
    let room = limit.unsigned_abs();
    for (position, at, told) in oldest {
        if at >= before.0
            || !sweep_rows(connection, position, &told, room, &mut rows, &mut forgotten)?
        {
            break;
        }
        connection.prepare_cached(text::EVENT_DELETE)?.execute([position])?;
        snapshots += 1;
    }
    for (user, n) in forgotten {
        connection
            .prepare_cached(text::HEAD_FORGET)?
            .execute(params![n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], user])?;
    }
    Ok((rows, snapshots))
}

/// Removes the rows of one event; tells whether none is left. An earlier sweep may have removed the
/// first ones.
fn sweep_rows(
    connection: &Connection,
    position: i64,
    told: &str,
    room: u64,
    rows: &mut u64,
    forgotten: &mut Forgotten,
) -> Result<bool, rusqlite::Error> {
    let mut read = connection.prepare_cached(text::ROW_NUMBERS)?;
    let mut delete = connection.prepare_cached(text::ROW_DELETE)?;
    for ordinal in 0..told.len() / USER_LEN {
        if *rows == room {
            return Ok(false);
        }
        let user = &told[ordinal * USER_LEN..(ordinal + 1) * USER_LEN];
        let key = params![user, position, ordinal as u64];
        let numbers: Option<String> = read.query_row(key, |row| row.get(0)).optional()?;
        if let Some(numbers) = numbers {
            delete.execute(key)?;
            *rows += 1;
            forget(forgotten.entry(user.to_owned()).or_default(), &numbers);
        }
    }
    Ok(true)
}

fn forget(highest: &mut [u64; COUNTERS], numbers: &str) {
    // A numbering that cannot be read is going away anyway; the next one of its topic moves the
    // mark past it.
    let numbers: Numbering = decode_numbers(numbers).unwrap_or_default();
    for (topic, number) in numbers {
        let mark = &mut highest[counter(topic)];
        *mark = (*mark).max(number);
    }
}
