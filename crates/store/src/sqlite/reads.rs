//! The reads, each over one connection.

pub(super) mod directories;
pub(super) mod log;
pub(super) mod missed;
pub(super) mod promised;

use handoff_domain::{CenterId, Interaction, Time, UserId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::aside::Aside;
use crate::change_set::{Receipt, Timer};
use crate::contact_words::{FoundWord, WordQuery};
use crate::error::StoreError;
use crate::query::{InteractionQuery, PAGE_BYTES_MAX, PLACES, Page};
use crate::record::{Key, Kind, LoginSession, Record, Version, Versioned};
use crate::sql::decode::{self, SqlRow};
use crate::sql::lists::{WordsRead, center_of, lists_read};
use crate::sql::statements::{self as text, table};
use crate::sqlite::failure::failed;
use crate::store::LookedUp;

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

/// Goes on without a row that makes no sense, which is written down; `None` for it. A database that
/// fails is an error as ever.
pub(super) fn or_aside<T>(
    aside: &Aside,
    row: impl FnOnce() -> String,
    read: Result<T, impl Into<Unread>>,
) -> Result<Option<T>, Unread> {
    match read.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(Unread::Row(why)) => {
            aside.note(&row(), &why);
            Ok(None)
        }
        Err(failure @ Unread::Database(_)) => Err(failure),
    }
}

impl SqlRow for Row<'_> {
    fn text_or_null(&self, column: usize) -> Option<Option<&str>> {
        self.get_ref(column).ok()?.as_str_or_null().ok()
    }

    fn integer_or_null(&self, column: usize) -> Option<Option<i64>> {
        self.get_ref(column).ok()?.as_i64_or_null().ok()
    }
}

pub(super) fn load(
    connection: &Connection,
    aside: &Aside,
    keys: &[Key],
) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
    let work = || {
        let _together = if keys.len() > 1 { Some(snapshot(connection)?) } else { None };
        records(connection, aside, keys)
    };
    told("loading records", work())
}

/// Reads records and receipts in one transaction: each of its own would take and give back the
/// locks of the write-ahead log.
pub(super) fn look_up(
    connection: &Connection,
    aside: &Aside,
    keys: &[Key],
    receipts: &[(String, String)],
) -> Result<LookedUp, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        let found = receipts.iter().map(|(scope, key)| stored(connection, scope, key));
        Ok((records(connection, aside, keys)?, found.collect::<Result<_, Unread>>()?))
    };
    told("looking up records and receipts", work())
}

fn records(
    connection: &Connection,
    aside: &Aside,
    keys: &[Key],
) -> Result<Vec<Option<Versioned<Record>>>, Unread> {
    let one = |key: &Key| {
        let id = key.id_text();
        let read = load_one(connection, key.kind(), &id);
        if let Err(Unread::Row(why)) = &read {
            aside.note(&row_name(table(key.kind()).name, &id), why);
        }
        read
    };
    keys.iter().map(one).collect()
}

pub(super) fn versions(connection: &Connection, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
    let one = |key: &Key| {
        let mut statement = connection.prepare_cached(&table(key.kind()).guard)?;
        Ok(statement.query_row([key.id_text()], |row| row.get(0)).optional()?.unwrap_or(0))
    };
    let work = || {
        let _together = if keys.len() > 1 { Some(snapshot(connection)?) } else { None };
        keys.iter().map(one).collect()
    };
    told("reading versions", work())
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
    let mut statement = connection.prepare_cached(&table.load)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(decode::record_of(kind, id, row, 0)?))
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
        Some(key) if key.kind() == kind => key.id_text(),
        // Every key of an earlier kind comes before the first of this one, whose text is not empty.
        _ => String::new(),
    };
    let mut work = || {
        let table = table(kind);
        let mut statement = connection.prepare_cached(&table.list)?;
        let mut items = Vec::new();
        loop {
            let mut rows = statement.query(params![after, one_more(limit)])?;
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                let id: String = row.get(0)?;
                let read = decode::record_of(kind, &id, row, 1);
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

pub(super) fn logins_of(
    connection: &Connection,
    aside: &Aside,
    user: UserId,
    limit: usize,
) -> Result<Vec<LoginSession>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::LOGINS_OF)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (mut rows, mut items) = (statement.query(params![user.stored(), limit])?, Vec::new());
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let read = decode::record_of(Kind::LoginSession, &id, row, 1);
            let read = or_aside(aside, || row_name("login_sessions", &id), read)?;
            if let Some(Versioned { value: Record::LoginSession(session), .. }) = read {
                items.push(session);
            }
        }
        Ok(items)
    };
    told("reading a user's login sessions", work())
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
                let item = if query.strict {
                    Some(read?)
                } else {
                    or_aside(aside, || row_name("interactions", id), read)?
                };
                if let Some(item) = item {
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
        _ => Err(decode::senseless("interaction_lists", id, "there is no such interaction").into()),
    }
}

pub(super) fn contact_words(
    connection: &Connection,
    query: &WordQuery,
) -> Result<Page<FoundWord>, StoreError> {
    let work = || {
        let read = WordsRead::of(query);
        let (list, id) = &read.after;
        let mut statement = connection.prepare_cached(text::WORDS_READ)?;
        let mut rows = statement.query(params![list, id, read.end, one_more(query.limit)])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            if items.len() == query.limit {
                return Ok(Page { items, more: true });
            }
            let (list, id): (String, String) = (row.get(0)?, row.get(1)?);
            let found = read.found(&list, &id);
            let no_contact = || decode::senseless("interaction_lists", &list, "no such contact");
            items.push(found.ok_or_else(no_contact)?);
        }
        Ok(Page { items, more: false })
    };
    told("looking for contacts", work())
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
                slot.ok_or_else(|| decode::senseless("interactions", &place, "no such place"))?;
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
            let timer = decode::timer_of(&subject, row);
            due_now.extend(or_aside(aside, || row_name("timers", &subject), timer)?);
            (seen, last) = (seen + 1, due);
        }
        // Where some were set aside, there may be more behind the last.
        Ok((due_now, (seen > limit).then_some(last)))
    };
    told("reading timers", work())
}

pub(super) fn receipt(
    connection: &Connection,
    scope: &str,
    key: &str,
) -> Result<Option<Receipt>, StoreError> {
    told("reading a receipt", stored(connection, scope, key))
}

pub(super) fn receipts_beginning(
    connection: &Connection,
    scope: &str,
    beginning: &str,
    limit: usize,
) -> Result<Vec<Receipt>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::RECEIPTS_BEGINNING)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows =
            statement.query(params![scope, beginning, text::beyond(beginning), limit])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let key = decode::text_at(row, 0, "receipts", scope)?;
            all.push(decode::receipt_of(scope, key, row, 1)?);
        }
        Ok(all)
    };
    told("looking for receipts", work())
}

fn stored(connection: &Connection, scope: &str, key: &str) -> Result<Option<Receipt>, Unread> {
    let mut statement = connection.prepare_cached(text::RECEIPT_READ)?;
    let mut rows = statement.query([scope, key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(decode::receipt_of(scope, key, row, 0)?))
}
