//! The reads, each over one connection.

use std::collections::BTreeMap;

use handoff_domain::event::Subject;
use handoff_domain::{CenterId, Entry, Event, Interaction, InteractionId, Time, Topic, UserId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::change_set::{Receipt, Timer};
use crate::codec::{self, CodecError, SubjectKind};
use crate::error::StoreError;
use crate::query::{Head, HeadChange, HistoryEntry, InteractionQuery, PLACES, Page, StreamRow, said};
use crate::record::{Key, Kind, Record, Version, Versioned};
use crate::sql::encode::id_text;
use crate::sql::lists::{center_of, lists_read};
use crate::sql::statements::{self as text, COUNTERS, table};
use crate::sql::timers::TimerName;
use crate::sqlite::failure::{corrupt, failed};
use crate::store::first_entries;

/// A row cannot be read: the database failed, or what is in it makes no sense.
#[derive(Debug)]
enum Unread {
    Database(rusqlite::Error),
    Row(StoreError),
}

impl From<rusqlite::Error> for Unread {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        Self::Row(error)
    }
}

fn told<T>(attempted: &'static str, result: Result<T, Unread>) -> Result<T, StoreError> {
    result.map_err(|error| match error {
        Unread::Database(error) => failed(attempted, error),
        Unread::Row(error) => error,
    })
}

/// Several statements that must see the same commits.
fn snapshot(connection: &Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
}

fn undecodable(table: &str, key: &str, error: &CodecError) -> Unread {
    Unread::Row(corrupt(&format!("{table} {key}"), error))
}

fn senseless(table: &str, key: &str, what: &str) -> Unread {
    Unread::Row(StoreError::Corrupt { what: format!("{table} {key}: {what}") })
}

pub(super) fn load(
    connection: &Connection,
    keys: &[Key],
) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
    let work = || {
        let _together = if keys.len() > 1 { Some(snapshot(connection)?) } else { None };
        keys.iter().map(|key| load_one(connection, key.kind(), &id_text(key))).collect()
    };
    told("loading records", work())
}

fn load_one(connection: &Connection, kind: Kind, id: &str) -> Result<Option<Versioned<Record>>, Unread> {
    let table = table(kind);
    let mut statement = connection.prepare_cached(table.load)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    record_of(kind, table.name, id, row.get(0)?, row, 1).map(Some)
}

/// Reads a record from a row whose form and body are the columns `at` and `at + 1`.
fn record_of(
    kind: Kind,
    table: &str,
    id: &str,
    version: Version,
    row: &Row<'_>,
    at: usize,
) -> Result<Versioned<Record>, Unread> {
    let body = row.get_ref(at + 1)?.as_str().map_err(rusqlite::Error::from)?;
    let value =
        codec::decode_record(kind, row.get(at)?, body).map_err(|error| undecodable(table, id, &error))?;
    Ok(Versioned { value, version })
}

pub(super) fn list(
    connection: &Connection,
    kind: Kind,
    after: Option<&Key>,
    limit: usize,
) -> Result<Page<Versioned<Record>>, StoreError> {
    let after = match after {
        Some(key) if key.kind() > kind => return Ok(Page { items: Vec::new(), more: false }),
        Some(key) if key.kind() == kind => id_text(key),
        // Every key of an earlier kind comes before the first of this one, whose text is not empty.
        _ => String::new(),
    };
    let work = || {
        let table = table(kind);
        let mut statement = connection.prepare_cached(table.list)?;
        let mut rows = statement.query(params![after, one_more(limit)])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            if items.len() == limit {
                return Ok(Page { items, more: true });
            }
            let id: String = row.get(0)?;
            items.push(record_of(kind, table.name, &id, row.get(1)?, row, 2)?);
        }
        Ok(Page { items, more: false })
    };
    told("listing records", work())
}

/// One row more than asked for tells whether there are more.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(super) fn interactions(
    connection: &Connection,
    query: &InteractionQuery,
) -> Result<Page<Versioned<Interaction>>, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        let mut ids = Vec::new();
        for list in lists_read(query) {
            read_list(connection, &list, query, &mut ids)?;
        }
        // An interaction may be in several of the lists.
        ids.sort_unstable();
        ids.dedup();
        if query.scope.is_newest_first() {
            ids.reverse();
        }
        let more = ids.len() > query.limit;
        ids.truncate(query.limit);
        let items = ids.iter().map(|id| load_interaction(connection, id)).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    };
    told("querying interactions", work())
}

/// A text that comes after the text of every interaction's id, whose last character is `z`.
const BEHIND_EVERY_ID: &str = "~";

fn read_list(
    connection: &Connection,
    list: &str,
    query: &InteractionQuery,
    ids: &mut Vec<String>,
) -> Result<(), Unread> {
    let (statement, end) = match query.scope.is_newest_first() {
        true => (text::LIST_READ_BACK, BEHIND_EVERY_ID),
        false => (text::LIST_READ, ""),
    };
    let parameters = params![
        list,
        query.after.map_or_else(|| end.to_owned(), |id| id.to_string()),
        center_of(&query.scope).map(|center| center.to_string()),
        query.media.as_ref().map(handoff_domain::Media::name),
        query.queue.map(|queue| queue.to_string()),
        query.owner.map(UserId::stored),
        query.external_id,
        query.contact,
        one_more(query.limit)
    ];
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        ids.push(row.get(0)?);
    }
    Ok(())
}

fn load_interaction(connection: &Connection, id: &str) -> Result<Versioned<Interaction>, Unread> {
    match load_one(connection, Kind::Interaction, id)? {
        Some(Versioned { value: Record::Interaction(value), version }) => Ok(Versioned { value, version }),
        _ => Err(senseless("interaction_lists", id, "there is no such interaction")),
    }
}

pub(super) fn census(
    connection: &Connection,
    center: CenterId,
) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let work = || {
        let mut counts = PLACES.map(|place| (place, 0));
        let mut statement = connection.prepare_cached(text::CENSUS)?;
        let mut rows = statement.query([center.to_string()])?;
        while let Some(row) = rows.next()? {
            let place: String = row.get(0)?;
            let slot = counts.iter_mut().find(|(name, _)| *name == place);
            let (_, count) = slot.ok_or_else(|| senseless("interactions", &place, "no such place"))?;
            *count = row.get(1)?;
        }
        Ok(counts.to_vec())
    };
    told("counting interactions", work())
}

pub(super) fn timers(
    connection: &Connection,
    now: Time,
    limit: usize,
) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
    let work = || {
        let mut due_now = Vec::new();
        let mut statement = connection.prepare_cached(text::TIMERS_FIRST)?;
        let mut rows = statement.query([one_more(limit)])?;
        while let Some(row) = rows.next()? {
            let due = Time(row.get(3)?);
            if due > now || due_now.len() == limit {
                return Ok((due_now, Some(due)));
            }
            let subject: String = row.get(0)?;
            let key = TimerName::read(&subject, row.get(1)?, row.get(2)?)
                .ok_or_else(|| senseless("timers", &subject, "no such timer"))?;
            due_now.push(Timer { key, due });
        }
        Ok((due_now, None))
    };
    told("reading timers", work())
}

pub(super) fn stream(
    connection: &Connection,
    user: UserId,
    after: u64,
    limit: usize,
) -> Result<Page<StreamRow>, StoreError> {
    let work = || {
        let mut items: Vec<StreamRow> = Vec::new();
        let mut statement = connection.prepare_cached(text::STREAM_READ)?;
        let mut rows = statement.query(params![user.stored(), position_of(after)])?;
        while let Some(row) = rows.next()? {
            let position = row.get(0)?;
            let same = items.last().filter(|last| last.position == position).map(|last| last.event.clone());
            if items.len() >= limit && same.is_none() {
                return Ok(Page { items, more: true });
            }
            let event = match same {
                Some(event) => event,
                None => event_of(position, row)?,
            };
            items.push(stream_row_of(user, position, row, event)?);
        }
        Ok(Page { items, more: false })
    };
    told("reading a stream", work())
}

fn stream_row_of(user: UserId, position: u64, row: &Row<'_>, event: Event) -> Result<StreamRow, Unread> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let bad = |error: CodecError| undecodable("stream_rows", &format!("{user} {position}"), &error);
    let numbers = codec::decode_numbers(text(1)?).map_err(bad)?;
    let notice = codec::decode_notice(user, row.get(2)?, text(3)?).map_err(bad)?;
    Ok(StreamRow { position, notice, numbers, event })
}

fn event_of(position: u64, row: &Row<'_>) -> Result<Event, Unread> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let bad = |error: CodecError| undecodable("events", &position.to_string(), &error);
    let body = codec::decode_event(row.get(5)?, text(6)?).map_err(bad)?;
    let kind = SubjectKind::from_text(text(7)?)
        .ok_or_else(|| senseless("events", &position.to_string(), "no such kind of subject"))?;
    let subject: Subject = codec::decode_subject(kind, row.get(8)?, text(9)?).map_err(bad)?;
    Ok(codec::event_of(Time(row.get(4)?), body, subject))
}

pub(super) fn head(connection: &Connection, user: UserId) -> Result<Head, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::HEAD_READ)?;
        let head = statement.query_row([user.stored()], head_of).optional()?;
        Ok(head.unwrap_or_default())
    };
    told("reading a head", work())
}

fn head_of(row: &Row<'_>) -> Result<Head, rusqlite::Error> {
    let mut numbers = BTreeMap::new();
    let mut oldest = BTreeMap::new();
    for (place, topic) in Topic::ALL.into_iter().enumerate() {
        let last: u64 = row.get(2 + place)?;
        let kept: u64 = row.get(2 + COUNTERS + place)?;
        if last > 0 {
            numbers.insert(topic, last);
        }
        if kept <= last {
            oldest.insert(topic, kept);
        }
    }
    Ok(Head { position: row.get(0)?, reference: row.get(1)?, numbers, oldest })
}

pub(super) fn heads_after(
    connection: &Connection,
    position: u64,
    limit: usize,
) -> Result<Vec<HeadChange>, StoreError> {
    let work = || {
        let mut heads: Vec<HeadChange> = Vec::new();
        let mut statement = connection.prepare_cached(text::HEADS_AFTER)?;
        let mut rows = statement.query([position_of(position)])?;
        while let Some(row) = rows.next()? {
            let position = row.get(1)?;
            if heads.len() >= limit && heads.last().is_none_or(|last| last.position != position) {
                break;
            }
            let user: String = row.get(0)?;
            let user = user.parse().map_err(|_| senseless("stream_heads", &user, "no user's id"))?;
            heads.push(HeadChange { user, position });
        }
        Ok(heads)
    };
    told("reading heads", work())
}

pub(super) fn history(
    connection: &Connection,
    interaction: InteractionId,
    after: u64,
    limit: usize,
) -> Result<Page<HistoryEntry>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::HISTORY_READ)?;
        let mut rows =
            statement.query(params![interaction.to_string(), position_of(after), one_more(limit)])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            if items.len() == limit {
                return Ok(Page { items, more: true });
            }
            items.push(history_entry_of(interaction, row)?);
        }
        Ok(Page { items, more: false })
    };
    told("reading a history", work())
}

fn history_entry_of(interaction: InteractionId, row: &Row<'_>) -> Result<HistoryEntry, Unread> {
    let position: u64 = row.get(0)?;
    let body = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
    let body = codec::decode_event(row.get(3)?, body)
        .map_err(|error| undecodable("history", &format!("{interaction} {position}"), &error))?;
    let epoch = row.get::<_, i64>(2)?.cast_unsigned();
    Ok(HistoryEntry { position, at: Time(row.get(1)?), cause: body.cause, facts: body.facts, epoch })
}

pub(super) fn transcript(
    connection: &Connection,
    interaction: InteractionId,
    after: u64,
    limit: usize,
) -> Result<Page<Entry>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::TRANSCRIPT_READ)?;
        // Every one of these events has an entry, so that many are enough.
        let mut rows =
            statement.query(params![interaction.to_string(), position_of(after), one_more(limit)])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            if items.len() > limit {
                break;
            }
            let position: u64 = row.get(0)?;
            let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let body = codec::decode_event(row.get(1)?, body)
                .map_err(|error| undecodable("history", &format!("{interaction} {position}"), &error))?;
            items.extend(said(body.facts).filter(|entry| entry.number > after));
        }
        Ok(first_entries(items, limit))
    };
    told("reading a transcript", work())
}

pub(super) fn receipt(
    connection: &Connection,
    scope: &str,
    key: &str,
) -> Result<Option<Receipt>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::RECEIPT_READ)?;
        Ok(statement.query_row([scope, key], |row| receipt_of(scope, key, row)).optional()?)
    };
    told("reading a receipt", work())
}

/// Reads a receipt from a row of [`text::RECEIPT_READ`].
pub(super) fn receipt_of(scope: &str, key: &str, row: &Row<'_>) -> Result<Receipt, rusqlite::Error> {
    Ok(Receipt {
        scope: scope.to_owned(),
        key: key.to_owned(),
        fingerprint: row.get(0)?,
        answer: row.get(1)?,
        expires: row.get::<_, Option<i64>>(2)?.map(Time),
    })
}

/// Positions and the numbers of entries are counted from 1 by this program and never come near the bound.
fn position_of(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
