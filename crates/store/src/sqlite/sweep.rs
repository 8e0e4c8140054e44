//! Forgets what nobody can ask for any more.

use std::collections::BTreeSet;

use handoff_domain::Time;
use rusqlite::Connection;

use crate::sql::{log, promised, statements as text};
use crate::sqlite::heads;
use crate::store::SweepReport;

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
    let (log_entries, stream_rows) = sweep_log(connection, bounds)?;
    let receipts =
        connection.prepare_cached(text::RECEIPTS_SWEEP)?.execute([bounds.now.0, limit])?;
    let login_sessions =
        connection.prepare_cached(text::LOGINS_SWEEP)?.execute([bounds.logins_before.0, limit])?;
    let claims = connection.prepare_cached(text::CLAIMS_SWEEP)?.execute([bounds.now.0, limit])?;
    let mut marks = connection.prepare_cached(text::CHAT_MARKS_SWEEP)?;
    let chat_marks = marks.execute([bounds.now.0, limit])?;
    let mut audit = connection.prepare_cached(text::AUDIT_SWEEP)?;
    let audit_entries = audit.execute([bounds.now.0, limit])?;
    let answers = connection.prepare_cached(promised::SWEEP)?.execute([bounds.now.0, limit])?;
    Ok(SweepReport {
        log_entries,
        stream_rows,
        receipts: receipts as u64,
        login_sessions: login_sessions as u64,
        promised: answers as u64,
        claims: claims as u64,
        chat_marks: chat_marks as u64,
        audit_entries: audit_entries as u64,
    })
}

/// A range of the log from its lower end.
#[derive(Debug, Default)]
struct Range {
    last: Option<i64>,
    owners: BTreeSet<String>,
}

fn sweep_log(connection: &Connection, bounds: &Bounds) -> Result<(u64, u64), rusqlite::Error> {
    let Range { last: Some(last), owners } = oldest(connection, bounds)? else {
        return Ok((0, 0));
    };
    let mut rows = 0;
    let mut sweep = connection.prepare_cached(log::STREAM_SWEEP)?;
    for owner in owners {
        heads::settle(connection, &owner, last.cast_unsigned())?;
        rows += sweep.execute((owner, last))? as u64;
    }
    let entries = connection.prepare_cached(log::RECENT_SWEEP)?.execute([last])?;
    connection.prepare_cached(log::LOG_FLOOR_WRITE)?.execute([last])?;
    Ok((entries as u64, rows))
}

/// Finds what may go at once: in the order of the log, up to the first entry that is not old
/// enough, and until enough stream rows go with it.
fn oldest(connection: &Connection, bounds: &Bounds) -> Result<Range, rusqlite::Error> {
    let mut range = Range::default();
    let mut rows_count = 0;
    let mut statement = connection.prepare_cached(log::RECENT_OLDEST)?;
    let mut rows = statement.query([i64::try_from(bounds.limit).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= bounds.streams_before.0 || rows_count >= bounds.limit {
            break;
        }
        range.last = Some(row.get(0)?);
        let told: String = row.get(2)?;
        rows_count += told.split_ascii_whitespace().count();
        range.owners.extend(told.split_ascii_whitespace().map(str::to_owned));
    }
    Ok(range)
}
