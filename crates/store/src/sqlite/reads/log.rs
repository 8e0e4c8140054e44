//! The reads of the log: its end, its entries, histories, streams and their heads.

use std::sync::Arc;

use handoff_domain::event::Subject;
use handoff_domain::{Entry, Event, InteractionId, Notice, Owner, Time};
use rusqlite::{Connection, Row, params};

use super::{
    Unread, one_more, or_aside, row_name, senseless, snapshot, text_at, told, undecodable,
};
use crate::codec::{self, CodecError, EventBody, SubjectKind};
use crate::error::StoreError;
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::query::{Head, HistoryEntry, Numbering, PAGE_BYTES_MAX, Page, StreamRow, said};
use crate::sql::keys::{owner_of, owner_text, owners_of, subject_of, subject_text};
use crate::sql::log as text;
use crate::sqlite::aside::Aside;
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
    read: impl Fn(u64, &Row<'_>) -> Result<T, Unread>,
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
    let page = after(connection, aside, text::LOG_READ, from, entry_of, LogEntry::weight);
    told("reading the log", page)
}

pub(in crate::sqlite) fn told_after(
    connection: &Connection,
    aside: &Aside,
    position: u64,
    limit: usize,
) -> Result<Page<Told>, StoreError> {
    let read = |position, row: &Row<'_>| {
        let (subject, owners) = keys_of(position, row)?;
        Ok(Told { position, subject, owners })
    };
    let from = (position, limit);
    let page = after(connection, aside, text::TOLD_READ, from, read, Told::weight);
    told("reading who was told", page)
}

/// Reads the second and third column of a row of [`text::LOG_READ`] or [`text::TOLD_READ`].
fn keys_of(position: u64, row: &Row<'_>) -> Result<(SubjectKey, Vec<Owner>), Unread> {
    let key = position.to_string();
    let subject = subject_of(text_at(row, 1, "recent", &key)?)
        .ok_or_else(|| senseless("recent", &key, "no such subject"))?;
    let owners = owners_of(text_at(row, 2, "recent", &key)?)
        .ok_or_else(|| senseless("recent", &key, "no such owner"))?;
    Ok((subject, owners))
}

/// Reads a row of [`text::LOG_READ`].
pub(in crate::sqlite) fn entry_of(position: u64, row: &Row<'_>) -> Result<LogEntry, Unread> {
    let (subject, told) = keys_of(position, row)?;
    let EventBody { cause, facts } = body_of(position, row)?;
    Ok(LogEntry {
        position,
        at: Time(row.get(4)?),
        subject,
        told,
        cause,
        facts,
        epoch: row.get::<_, i64>(3)?.cast_unsigned(),
        snapshot: snapshot_of(position, row)?,
    })
}

/// Reads the snapshot from the sixth to the eighth column of a row.
fn snapshot_of(position: u64, row: &Row<'_>) -> Result<Option<Subject>, Unread> {
    let key = || position.to_string();
    if row.get_ref(7)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    let kind = SubjectKind::from_text(text_at(row, 5, "recent", &key())?)
        .ok_or_else(|| senseless("recent", &key(), "no such kind of subject"))?;
    codec::decode_subject(kind, row.get(6)?, text_at(row, 7, "recent", &key())?)
        .map(Some)
        .map_err(|error| undecodable("recent", &key(), &error))
}

/// Reads what happened from the last two columns of a row.
fn body_of(position: u64, row: &Row<'_>) -> Result<EventBody, Unread> {
    let key = position.to_string();
    let body = text_at(row, 9, "recent", &key)?;
    codec::decode_event(row.get(8)?, body).map_err(|error| undecodable("recent", &key, &error))
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
                let event = event_of(position, row);
                or_aside(aside, || row_name("recent", &format!("{position}")), event)?
            }
        };
        let Some(event) = event else { continue };
        let read = notice_of(owner, position, row);
        let name = || row_name("streams", &format!("{owner} {position}"));
        if let Some((notice, numbers)) = or_aside(aside, name, read)? {
            let row = StreamRow { position, notice, numbers, event };
            bytes += row.weight();
            items.push(row);
        }
    }
    Ok(Page { items, more: false })
}

/// Reads a notice and its numbers from the second to the fourth column of a row.
pub(in crate::sqlite) fn notice_of(
    owner: &str,
    position: u64,
    row: &Row<'_>,
) -> Result<(Notice, Numbering), Unread> {
    let key = || format!("{owner} {position}");
    let text = |column: usize| text_at(row, column, "streams", &key());
    let bad = |error: CodecError| undecodable("streams", &key(), &error);
    let told = owner_of(owner).ok_or_else(|| senseless("streams", &key(), "no such owner"))?;
    let numbers = codec::decode_numbers(text(1)?).map_err(bad)?;
    Ok((codec::decode_notice(told, row.get(2)?, text(3)?).map_err(bad)?, numbers))
}

fn event_of(position: u64, row: &Row<'_>) -> Result<Arc<Event>, Unread> {
    let what = "nothing is told of what it was about";
    let subject = snapshot_of(position, row)?
        .ok_or_else(|| senseless("recent", &position.to_string(), what))?;
    Ok(Arc::new(codec::event_of(Time(row.get(4)?), body_of(position, row)?, subject)))
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
        let read: Result<(), _> = Err(senseless("heads", owner, "no such topic"));
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
                let read = history_entry_of(&subject, row);
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

pub(in crate::sqlite) fn history_entry_of(
    subject: &str,
    row: &Row<'_>,
) -> Result<HistoryEntry, Unread> {
    let position: u64 = row.get(0)?;
    let body = text_at(row, 4, "history", &format!("{subject} {position}"))?;
    let body = codec::decode_event(row.get(3)?, body)
        .map_err(|error| undecodable("history", &format!("{subject} {position}"), &error))?;
    let epoch = row.get::<_, i64>(2)?.cast_unsigned();
    Ok(HistoryEntry {
        position,
        at: Time(row.get(1)?),
        cause: body.cause,
        facts: body.facts,
        epoch,
    })
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
            let name = || format!("{interaction} {position}");
            let read = text_at(row, 2, "history", &name()).and_then(|body| {
                codec::decode_event(row.get(1)?, body)
                    .map_err(|error| undecodable("history", &name(), &error))
            });
            if let Some(body) = or_aside(aside, || row_name("history", &name()), read)? {
                items.extend(said(body.facts).filter(|entry| entry.number > after));
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
