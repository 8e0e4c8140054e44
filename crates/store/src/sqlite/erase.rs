//! Takes the words out of what the log says of an interaction, in the transaction that is open.

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use crate::codec::newest;
use crate::erased::{Deed, ErasedWords};
use crate::error::StoreError;
use crate::sql::{erase as text, log};
use crate::sqlite::failure::failed;

/// A row that cannot be read ends it; what was written before it stays.
type Read<T> = Result<Result<T, StoreError>, rusqlite::Error>;

/// What an erasure looks at.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The interaction, as its history has it.
    pub(super) subject: String,
    pub(super) after: i64,
    /// Most events of it.
    pub(super) limit: i64,
    pub(super) deed: Deed,
}

/// Reads all rows of a statement.
fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Read<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(one) => all.push(one),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(all))
}

/// Goes on where the row could be read.
macro_rules! readable {
    ($read:expr) => {
        match $read? {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        }
    };
}

/// Counts what an erasure would find, at one moment.
pub(super) fn count(connection: &Connection, wanted: &Wanted) -> Result<ErasedWords, StoreError> {
    let counted = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
        .and_then(|_together| erase(connection, wanted));
    counted.unwrap_or_else(|error| Err(failed("counting words", error)))
}

pub(super) fn erase(connection: &Connection, wanted: &Wanted) -> Read<ErasedWords> {
    let Wanted { subject, after, limit, deed } = wanted;
    let mut history =
        readable!(rows(connection, log::HISTORY_READ, params![subject, after, limit + 1], |row| {
            text::history_row(subject, row)
        }));
    let more = history.len() > usize::try_from(*limit).unwrap_or(usize::MAX);
    if more {
        history.pop();
    }
    if *deed == Deed::Erase {
        let mut rewrite = connection.prepare_cached(text::HISTORY_REWRITE)?;
        for row in &history {
            rewrite.execute(params![newest::EVENT, row.body, subject, row.position])?;
        }
    }
    let positions: Vec<i64> = history.iter().map(|row| row.position).collect();
    let next = positions.last().filter(|_| more).map(|last| last.cast_unsigned());
    let mut erased = ErasedWords { next, ..ErasedWords::default() };
    for place in text::places(*after, &positions, more) {
        let between = params![subject, place.start(), place.end()];
        let recent = readable!(rows(connection, text::RECENT_NEAR, between, |row| {
            text::recent_row(row)
        }));
        for row in recent {
            erased.log_entries += 1;
            let mut told: Vec<&str> = row.told.split_ascii_whitespace().collect();
            // One may be told twice of one event.
            told.sort_unstable();
            told.dedup();
            for owner in told {
                erased.stream_rows += readable!(erase_rows(connection, owner, row.position, *deed));
            }
            if *deed == Deed::Erase {
                let mut rewrite = connection.prepare_cached(text::RECENT_REWRITE)?;
                rewrite.execute(params![
                    row.form,
                    row.snapshot,
                    row.event_form,
                    row.event,
                    row.position
                ])?;
            }
        }
    }
    Ok(Ok(erased))
}

fn erase_rows(connection: &Connection, owner: &str, position: i64, deed: Deed) -> Read<u64> {
    let found = readable!(rows(connection, text::ROWS_AT, params![owner, position], |row| {
        text::stream_row(owner, row)
    }));
    let count = found.len() as u64;
    if deed == Deed::Erase {
        let mut rewrite = connection.prepare_cached(text::ROW_REWRITE)?;
        for (ordinal, body) in found {
            if let Some(body) = body {
                rewrite.execute(params![newest::NOTICE, body, owner, position, ordinal])?;
            }
        }
    }
    Ok(Ok(count))
}
