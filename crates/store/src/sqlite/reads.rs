//! The reads, each over one connection.

use std::collections::BTreeMap;

use handoff_domain::event::Subject;
use handoff_domain::{
    CenterId, Entry, Event, Interaction, InteractionId, Notice, Time, Topic, UserId,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::change_set::{Receipt, Timer};
use crate::codec::{self, CodecError, SubjectKind};
use crate::error::StoreError;
use crate::query::{
    Head, HeadChange, HistoryEntry, InteractionQuery, Numbering, PAGE_BYTES_MAX, PLACES, Page,
    StreamRow, said,
};
use crate::record::{Key, Kind, Record, Version, Versioned};
use crate::sql::encode::id_text;
use crate::sql::lists::{center_of, lists_read};
use crate::sql::statements::{self as text, COUNTERS, table};
use crate::sql::timers::TimerName;
use crate::sqlite::aside::Aside;
use crate::sqlite::failure::{corrupt, failed};
use crate::store::first_entries;

/// A row cannot be read: the database failed, or what is in it makes no sense.
#[derive(Debug)]
pub(super) enum Unread {
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

pub(super) fn told<T>(attempted: &'static str, result: Result<T, Unread>) -> Result<T, StoreError> {
    result.map_err(|error| match error {
        Unread::Database(error) => failed(attempted, error),
        Unread::Row(error) => error,
    })
}

/// Several statements that must see the same commits.
fn snapshot(connection: &Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
}

pub(super) fn undecodable(table: &str, key: &str, error: &CodecError) -> Unread {
    Unread::Row(corrupt(&format!("{table} {key}"), error))
}

fn senseless(table: &str, key: &str, what: &str) -> Unread {
    Unread::Row(StoreError::Corrupt { what: format!("{table} {key}: {what}") })
}

/// Goes on without a row that makes no sense, which is written down; `None` for it. A database that
/// fails is an error as ever.
pub(super) fn or_aside<T>(
    aside: &Aside,
    row: impl FnOnce() -> String,
    read: Result<T, Unread>,
) -> Result<Option<T>, Unread> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Unread::Row(why)) => {
            aside.note(&row(), &why);
            Ok(None)
        }
        Err(failure @ Unread::Database(_)) => Err(failure),
    }
}

/// Returns a column's text. One that is no text is the row's fault and not the database's.
fn text_at<'r>(row: &'r Row<'_>, column: usize, table: &str, key: &str) -> Result<&'r str, Unread> {
    row.get_ref(column)?.as_str().map_err(|_| senseless(table, key, "what should be text is none"))
}

pub(super) fn load(
    connection: &Connection,
    aside: &Aside,
    keys: &[Key],
) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
    let one = |key: &Key| {
        let id = id_text(key);
        let read = load_one(connection, key.kind(), &id);
        if let Err(Unread::Row(why)) = &read {
            aside.note(&row_name(table(key.kind()).name, &id), why);
        }
        read
    };
    let work = || {
        let _together = if keys.len() > 1 { Some(snapshot(connection)?) } else { None };
        keys.iter().map(one).collect()
    };
    told("loading records", work())
}

fn row_name(table: &str, key: &str) -> String {
    format!("{table} {key}")
}

fn load_one(
    connection: &Connection,
    kind: Kind,
    id: &str,
) -> Result<Option<Versioned<Record>>, Unread> {
    let table = table(kind);
    let mut statement = connection.prepare_cached(table.load)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    record_of(kind, table.name, id, row.get(0)?, row, 1).map(Some)
}

/// Reads a record from a row whose form and body are the columns `at` and `at + 1`.
pub(super) fn record_of(
    kind: Kind,
    table: &str,
    id: &str,
    version: Version,
    row: &Row<'_>,
    at: usize,
) -> Result<Versioned<Record>, Unread> {
    let body = text_at(row, at + 1, table, id)?;
    let value = codec::decode_record(kind, row.get(at)?, body)
        .map_err(|error| undecodable(table, id, &error))?;
    Ok(Versioned { value, version })
}

pub(super) fn list(
    connection: &Connection,
    aside: &Aside,
    kind: Kind,
    after: Option<&Key>,
    limit: usize,
) -> Result<Page<Versioned<Record>>, StoreError> {
    let mut after = match after {
        Some(key) if key.kind() > kind => return Ok(Page { items: Vec::new(), more: false }),
        Some(key) if key.kind() == kind => id_text(key),
        // Every key of an earlier kind comes before the first of this one, whose text is not empty.
        _ => String::new(),
    };
    let mut work = || {
        let table = table(kind);
        let mut statement = connection.prepare_cached(table.list)?;
        let mut items = Vec::new();
        loop {
            let mut rows = statement.query(params![after, one_more(limit)])?;
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                let id: String = row.get(0)?;
                let read = record_of(kind, table.name, &id, row.get(1)?, row, 2);
                items.extend(or_aside(aside, || row_name(table.name, &id), read)?);
                after = id;
                seen += 1;
            }
            // Where some were set aside, there may be more behind the last.
            if seen <= limit {
                return Ok(Page { items, more: false });
            }
        }
    };
    told("listing records", work())
}

/// One row more than asked for tells whether there are more.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(super) fn interactions(
    connection: &Connection,
    aside: &Aside,
    query: &InteractionQuery,
) -> Result<Page<Versioned<Interaction>>, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        let mut after = query.after.map(|id| id.to_string());
        loop {
            let mut ids = ids_of(connection, query, after.as_deref())?;
            let more = ids.len() > query.limit;
            ids.truncate(query.limit);
            let (mut items, mut bytes) = (Vec::new(), 0_usize);
            for id in &ids {
                if bytes >= PAGE_BYTES_MAX {
                    return Ok(Page { items, more: true });
                }
                let read = load_interaction(connection, id);
                if let Some(item) = or_aside(aside, || row_name("interactions", id), read)? {
                    bytes += item.value.weight();
                    items.push(item);
                }
            }
            // The last is where whoever reads on goes on, so a page must not be empty while there
            // are more.
            if !items.is_empty() || !more {
                return Ok(Page { items, more });
            }
            after = ids.pop();
        }
    };
    told("querying interactions", work())
}

/// Returns the ids of a query after one, in its order, at most one more than it asks for of each
/// list.
fn ids_of(
    connection: &Connection,
    query: &InteractionQuery,
    after: Option<&str>,
) -> Result<Vec<String>, Unread> {
    let mut ids = Vec::new();
    for list in lists_read(query) {
        read_list(connection, &list, query, after, &mut ids)?;
    }
    // An interaction may be in several of the lists.
    ids.sort_unstable();
    ids.dedup();
    if query.scope.is_newest_first() {
        ids.reverse();
    }
    Ok(ids)
}

/// A text that comes after the text of every interaction's id, whose last character is `z`.
const BEHIND_EVERY_ID: &str = "~";

fn read_list(
    connection: &Connection,
    list: &str,
    query: &InteractionQuery,
    after: Option<&str>,
    ids: &mut Vec<String>,
) -> Result<(), Unread> {
    let (statement, end) = match query.scope.is_newest_first() {
        true => (text::LIST_READ_BACK, BEHIND_EVERY_ID),
        false => (text::LIST_READ, ""),
    };
    let parameters = params![
        list,
        after.unwrap_or(end),
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
        Some(Versioned { value: Record::Interaction(value), version }) => {
            Ok(Versioned { value, version })
        }
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
            let (_, count) =
                slot.ok_or_else(|| senseless("interactions", &place, "no such place"))?;
            *count = row.get(1)?;
        }
        Ok(counts.to_vec())
    };
    told("counting interactions", work())
}

pub(super) fn timers(
    connection: &Connection,
    aside: &Aside,
    now: Time,
    limit: usize,
) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
    let work = || {
        let mut due_now = Vec::new();
        let mut statement = connection.prepare_cached(text::TIMERS_FIRST)?;
        let mut rows = statement.query([one_more(limit)])?;
        let (mut seen, mut last) = (0_usize, now);
        while let Some(row) = rows.next()? {
            let due = Time(row.get(3)?);
            if due > now || due_now.len() == limit {
                return Ok((due_now, Some(due)));
            }
            let subject: String = row.get(0)?;
            let key = TimerName::read(&subject, row.get(1)?, row.get(2)?);
            let key = key.ok_or_else(|| senseless("timers", &subject, "no such timer"));
            let key = or_aside(aside, || row_name("timers", &subject), key)?;
            due_now.extend(key.map(|key| Timer { key, due }));
            (seen, last) = (seen + 1, due);
        }
        // Where some were set aside, there may be more behind the last.
        Ok((due_now, (seen > limit).then_some(last)))
    };
    told("reading timers", work())
}

pub(super) fn stream(
    connection: &Connection,
    aside: &Aside,
    user: UserId,
    after: u64,
    limit: usize,
) -> Result<Page<StreamRow>, StoreError> {
    let work = || {
        let (mut items, mut bytes) = (Vec::<StreamRow>::new(), 0_usize);
        let mut statement = connection.prepare_cached(text::STREAM_READ)?;
        let mut rows = statement.query(params![user.stored(), position_of(after)])?;
        while let Some(row) = rows.next()? {
            let position = row.get(0)?;
            let same = items
                .last()
                .filter(|last| last.position == position)
                .map(|last| last.event.clone());
            let is_full = items.len() >= limit || bytes >= PAGE_BYTES_MAX;
            if is_full && same.is_none() {
                return Ok(Page { items, more: true });
            }
            let event = match same {
                Some(event) => Some(event),
                None => or_aside(
                    aside,
                    || row_name("events", &format!("{position}")),
                    event_of(position, row),
                )?,
            };
            let Some(event) = event else { continue };
            let read = stream_row_of(user, position, row, event);
            if let Some(stream_row) =
                or_aside(aside, || row_name("stream_rows", &format!("{user} {position}")), read)?
            {
                bytes += stream_row.weight();
                items.push(stream_row);
            }
        }
        Ok(Page { items, more: false })
    };
    told("reading a stream", work())
}

fn stream_row_of(
    user: UserId,
    position: u64,
    row: &Row<'_>,
    event: Event,
) -> Result<StreamRow, Unread> {
    let (notice, numbers) = notice_of(&user.stored(), position, row)?;
    Ok(StreamRow { position, notice, numbers, event })
}

/// Reads a notice and its numbers from the second to the fourth column of a row.
pub(super) fn notice_of(
    user: &str,
    position: u64,
    row: &Row<'_>,
) -> Result<(Notice, Numbering), Unread> {
    let key = || format!("{user} {position}");
    let text = |column: usize| text_at(row, column, "stream_rows", &key());
    let bad = |error: CodecError| undecodable("stream_rows", &key(), &error);
    let told = user.parse().map_err(|_| senseless("stream_rows", &key(), "no user's id"))?;
    let numbers = codec::decode_numbers(text(1)?).map_err(bad)?;
    Ok((codec::decode_notice(told, row.get(2)?, text(3)?).map_err(bad)?, numbers))
}

pub(super) fn event_of(position: u64, row: &Row<'_>) -> Result<Event, Unread> {
    let text = |column: usize| text_at(row, column, "events", &position.to_string());
    let bad = |error: CodecError| undecodable("events", &position.to_string(), &error);
    let body = codec::decode_event(row.get(5)?, text(6)?).map_err(bad)?;
    let kind = SubjectKind::from_text(text(7)?)
        .ok_or_else(|| senseless("events", &position.to_string(), "no such kind of subject"))?;
    let subject: Subject = codec::decode_subject(kind, row.get(8)?, text(9)?).map_err(bad)?;
    Ok(codec::event_of(Time(row.get(4)?), body, subject))
}

pub(super) fn latest(connection: &Connection) -> Result<Option<Time>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::LATEST_READ)?;
        let (told, id): (Option<i64>, Option<String>) =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let made = id.and_then(|id| id.parse::<InteractionId>().ok()).map(InteractionId::created);
        Ok(told.map(Time).into_iter().chain(made).max())
    };
    told("reading the latest time", work())
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
    aside: &Aside,
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
            let read = user.parse().map_err(|_| senseless("stream_heads", &user, "no user's id"));
            let read = or_aside(aside, || row_name("stream_heads", &user), read)?;
            heads.extend(read.map(|user| HeadChange { user, position }));
        }
        Ok(heads)
    };
    told("reading heads", work())
}

pub(super) fn history(
    connection: &Connection,
    aside: &Aside,
    interaction: InteractionId,
    after: u64,
    limit: usize,
) -> Result<Page<HistoryEntry>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::HISTORY_READ)?;
        let (mut items, mut after) = (Vec::new(), position_of(after));
        let interaction = interaction.to_string();
        loop {
            let mut rows = statement.query(params![interaction, after, one_more(limit)])?;
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                after = row.get(0)?;
                let read = history_entry_of(&interaction, row);
                items.extend(or_aside(
                    aside,
                    || row_name("history", &format!("{interaction} {after}")),
                    read,
                )?);
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

pub(super) fn history_entry_of(interaction: &str, row: &Row<'_>) -> Result<HistoryEntry, Unread> {
    let position: u64 = row.get(0)?;
    let body = text_at(row, 4, "history", &format!("{interaction} {position}"))?;
    let body = codec::decode_event(row.get(3)?, body)
        .map_err(|error| undecodable("history", &format!("{interaction} {position}"), &error))?;
    let epoch = row.get::<_, i64>(2)?.cast_unsigned();
    Ok(HistoryEntry {
        position,
        at: Time(row.get(1)?),
        cause: body.cause,
        facts: body.facts,
        epoch,
    })
}

pub(super) fn transcript(
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
pub(super) fn receipt_of(
    scope: &str,
    key: &str,
    row: &Row<'_>,
) -> Result<Receipt, rusqlite::Error> {
    Ok(Receipt {
        scope: scope.to_owned(),
        key: key.to_owned(),
        fingerprint: row.get(0)?,
        answer: row.get(1)?,
        expires: row.get::<_, Option<i64>>(2)?.map(Time),
    })
}

/// Positions and the numbers of entries are counted from 1 by this program and never come near the
/// bound.
fn position_of(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
