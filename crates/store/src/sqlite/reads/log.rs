//! The reads of the log: its end, its entries, histories, streams and their heads.

use std::sync::Arc;

use handoff_domain::{Entry, InteractionId, Owner, Time};
use rusqlite::{Connection, Row, params};

use super::{Unread, one_more, or_aside, row_name, snapshot, told};
use crate::aside::Aside;
use crate::error::StoreError;
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::query::{Head, HistoryEntry, PAGE_BYTES_MAX, Page, StreamRow};
use crate::sql::decode;
use crate::sql::keys::{owner_text, subject_text};
use crate::sql::log as text;

use crate::sqlite::heads::{self, Stored};
use crate::store::first_entries;

pub(in crate::sqlite) fn log_end(connection: &Connection) -> Result<LogEnd, StoreError> {
    told("reading the end of the log", end(connection).map_err(Unread::from))
}

/// Returns the end of the log, as whoever else has the connection needs it.
pub(in crate::sqlite) fn end(connection: &Connection) -> Result<LogEnd, rusqlite::Error> {
    connection.prepare_cached(text::LOG_END_READ)?.query_row([], |row| {
        Ok(LogEnd { generation: row.get(0)?, position: row.get(1)?, floor: row.get(2)? })
    })
}

/// Reads rows of `recent` after a position. `read` makes an item of a row and its position.
fn after<T>(
    connection: &Connection,
    aside: &Aside,
    statement: &'static str,
    (position, limit): (u64, usize),
    read: impl Fn(u64, &Row<'_>) -> Result<T, StoreError>,
    weight: impl Fn(&T) -> usize,
) -> Result<Page<T>, Unread> {
    let _together = snapshot(connection)?;
    let floor = end(connection)?.floor;
    if position < floor {
        return Err(Unread::Row(StoreError::Swept { position, floor }));
    }
    let (mut items, mut bytes, mut after) = (Vec::new(), 0_usize, position_of(position));
    let mut statement = connection.prepare_cached(statement)?;
    loop {
        let mut rows = statement.query([after, one_more(limit)])?;
        let mut seen = 0_usize;
        while let Some(row) = rows.next()? {
            if items.len() >= limit || bytes >= PAGE_BYTES_MAX {
                return Ok(Page { items, more: true });
            }
            after = row.get(0)?;
            seen += 1;
            let item = read(after.cast_unsigned(), row);
            let item = or_aside(aside, || row_name("recent", &after.to_string()), item)?;
            bytes += item.as_ref().map_or(0, &weight);
            items.extend(item);
        }
        // Where some were set aside, there may be more behind the last.
        if seen <= limit {
            return Ok(Page { items, more: false });
        }
    }
}

pub(in crate::sqlite) fn log_after(
    connection: &Connection,
    aside: &Aside,
    position: u64,
    limit: usize,
) -> Result<Page<LogEntry>, StoreError> {
    let from = (position, limit);
    let read = |position, row: &Row<'_>| decode::entry_of(position, row);
    let page = after(connection, aside, text::LOG_READ, from, read, LogEntry::weight);
    told("reading the log", page)
}

pub(in crate::sqlite) fn told_after(
    connection: &Connection,
    aside: &Aside,
    position: u64,
    limit: usize,
) -> Result<Page<Told>, StoreError> {
    let read = |position, row: &Row<'_>| decode::told_of(position, row);
    let from = (position, limit);
    let page = after(connection, aside, text::TOLD_READ, from, read, Told::weight);
    told("reading who was told", page)
}

pub(in crate::sqlite) fn stream(
    connection: &Connection,
    aside: &Aside,
    owner: Owner,
    after: u64,
    limit: usize,
) -> Result<Page<StreamRow>, StoreError> {
    told("reading a stream", rows_after(connection, aside, &owner_text(owner), after, limit))
}

pub(super) fn rows_after(
    connection: &Connection,
    aside: &Aside,
    owner: &str,
    after: u64,
    limit: usize,
) -> Result<Page<StreamRow>, Unread> {
    let (mut items, mut bytes) = (Vec::<StreamRow>::new(), 0_usize);
    let mut statement = connection.prepare_cached(text::STREAM_READ)?;
    let mut rows = statement.query(params![owner, position_of(after)])?;
    while let Some(row) = rows.next()? {
        let position = row.get(0)?;
        let same = items
            .last()
            .filter(|last| last.position == position)
            .map(|last| Arc::clone(&last.event));
        let is_full = items.len() >= limit || bytes >= PAGE_BYTES_MAX;
        if is_full && same.is_none() {
            return Ok(Page { items, more: true });
        }
        let event = match same {
            Some(event) => Some(event),
            None => {
                let event = decode::event_of(position, row);
                or_aside(aside, || row_name("recent", &format!("{position}")), event)?
            }
        };
        let Some(event) = event else { continue };
        let read = decode::notice_of(owner, position, row);
        let name = || row_name("streams", &format!("{owner} {position}"));
        if let Some((notice, numbers)) = or_aside(aside, name, read)? {
            let row = StreamRow { position, notice, numbers, event };
            bytes += row.weight();
            items.push(row);
        }
    }
    Ok(Page { items, more: false })
}

pub(in crate::sqlite) fn latest(connection: &Connection) -> Result<Option<Time>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::LATEST_READ)?;
        let (told, id): (Option<i64>, Option<String>) =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let made = id.and_then(|id| id.parse::<InteractionId>().ok()).map(InteractionId::created);
        Ok(told.map(Time).into_iter().chain(made).max())
    };
    told("reading the latest time", work())
}

pub(in crate::sqlite) fn head(
    connection: &Connection,
    aside: &Aside,
    owner: Owner,
) -> Result<Head, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        head_of(connection, aside, &owner_text(owner))
    };
    told("reading a head", work())
}

/// Reads a head, by several statements: they must see the same commits.
pub(super) fn head_of(connection: &Connection, aside: &Aside, owner: &str) -> Result<Head, Unread> {
    let Stored { position, numbers, unknown, .. } = heads::stored(connection, owner)?;
    if unknown > 0 {
        let read: Result<(), _> = Err(decode::senseless("heads", owner, "no such topic"));
        or_aside(aside, || row_name("heads", owner), read)?;
    }
    Ok(Head { position, numbers: numbers.into_iter().collect() })
}

pub(in crate::sqlite) fn history(
    connection: &Connection,
    aside: &Aside,
    subject: SubjectKey,
    after: u64,
    limit: usize,
) -> Result<Page<HistoryEntry>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::HISTORY_READ)?;
        let (mut items, mut after) = (Vec::new(), position_of(after));
        let subject = subject_text(subject);
        loop {
            let mut rows = statement.query(params![subject, after, one_more(limit)])?;
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                after = row.get(0)?;
                let read = decode::history_entry_of(&subject, row);
                let name = || row_name("history", &format!("{subject} {after}"));
                items.extend(or_aside(aside, name, read)?);
                seen += 1;
            }
            // Where some were set aside, there may be more behind the last.
            if seen <= limit {
                return Ok(Page { items, more: false });
            }
        }
    };
    told("reading a history", work())
}

pub(in crate::sqlite) fn transcript(
    connection: &Connection,
    aside: &Aside,
    interaction: InteractionId,
    after: u64,
    limit: usize,
) -> Result<Page<Entry>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::TRANSCRIPT_READ)?;
        // Every one of these events has an entry, so that many are enough.
        let mut rows = statement.query(params![
            interaction.to_string(),
            position_of(after),
            one_more(limit)
        ])?;
        let (mut items, mut seen) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next()? {
            if items.len() > limit {
                break;
            }
            seen += 1;
            let position: u64 = row.get(0)?;
            let name = format!("{interaction} {position}");
            let read = decode::said_in(&name, row);
            if let Some(said) = or_aside(aside, || row_name("history", &name), read)? {
                items.extend(said.filter(|entry| entry.number > after));
            }
        }
        let is_cut = seen > limit;
        let mut page = first_entries(items, limit);
        // Where some were set aside, there may be more behind the last; a page without any has
        // nothing to go on from.
        page.more |= is_cut && !page.items.is_empty();
        Ok(page)
    };
    told("reading a transcript", work())
}

/// Positions and the numbers of entries are counted from 1 by this program and never come near the
/// bound.
fn position_of(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
