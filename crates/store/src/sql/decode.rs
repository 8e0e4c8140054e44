//! What rows hold, read the same way whichever store they come from.

use std::sync::Arc;

use handoff_domain::event::Subject;
use handoff_domain::{Entry, Event, Notice, Owner, Time, Topic};

use crate::change_set::{Receipt, Timer};
use crate::codec::{self, CodecError, EventBody, SubjectKind};
use crate::error::{StoreError, with_causes};
use crate::log::{LogEntry, SubjectKey, Told};
use crate::promised::PromisedRow;
use crate::query::{HistoryEntry, Numbering, said};
use crate::record::{Kind, Record, Version, Versioned};
use crate::sql::keys::{owner_of, owners_of, subject_of};
use crate::sql::timers::TimerName;

/// A row that a statement found. A column that holds something else than it should is the row's
/// fault, and not the database's.
pub(crate) trait SqlRow {
    /// Returns a column's text, `Some(None)` where it is null; `None` when it is neither.
    fn text_or_null(&self, column: usize) -> Option<Option<&str>>;
    /// Returns a column's number, `Some(None)` where it is null; `None` when it is neither.
    fn integer_or_null(&self, column: usize) -> Option<Option<i64>>;
}

/// Makes the error for something that makes no sense.
pub(crate) fn senseless(table: &str, key: &str, what: &str) -> StoreError {
    StoreError::Corrupt { what: format!("{table} {key}: {what}") }
}

/// Makes the error for something that cannot be decoded. The causes are written out because the
/// variant carries none.
pub(crate) fn undecodable(table: &str, key: &str, error: &CodecError) -> StoreError {
    StoreError::Corrupt { what: format!("{table} {key}: {}", with_causes(error)) }
}

/// Returns a column's text.
pub(crate) fn text_at<'r>(
    row: &'r impl SqlRow,
    column: usize,
    table: &str,
    key: &str,
) -> Result<&'r str, StoreError> {
    let text = row.text_or_null(column).flatten();
    text.ok_or_else(|| senseless(table, key, "what should be text is none"))
}

/// Returns a column's number.
pub(crate) fn integer_at(
    row: &impl SqlRow,
    column: usize,
    table: &str,
    key: &str,
) -> Result<i64, StoreError> {
    let number = row.integer_or_null(column).flatten();
    number.ok_or_else(|| senseless(table, key, "what should be a number is none"))
}

/// Reads a record whose version, form and body are the columns from `at` on.
pub(crate) fn record_of(
    kind: Kind,
    id: &str,
    row: &impl SqlRow,
    at: usize,
) -> Result<Versioned<Record>, StoreError> {
    let table = kind.table();
    let version: Version = integer_at(row, at, table, id)?.cast_unsigned();
    let form = integer_at(row, at + 1, table, id)?;
    let value = codec::decode_record(kind, form, text_at(row, at + 2, table, id)?)
        .map_err(|error| undecodable(table, id, &error))?;
    Ok(Versioned { value, version })
}

const RECENT: &str = "recent";

/// Reads the second and third column of a row of [`LOG_READ`](crate::sql::log::LOG_READ) or
/// [`TOLD_READ`](crate::sql::log::TOLD_READ).
fn keys_of(position: u64, row: &impl SqlRow) -> Result<(SubjectKey, Vec<Owner>), StoreError> {
    let key = position.to_string();
    let subject = subject_of(text_at(row, 1, RECENT, &key)?)
        .ok_or_else(|| senseless(RECENT, &key, "no such subject"))?;
    let owners = owners_of(text_at(row, 2, RECENT, &key)?)
        .ok_or_else(|| senseless(RECENT, &key, "no such owner"))?;
    Ok((subject, owners))
}

/// Reads a row of [`TOLD_READ`](crate::sql::log::TOLD_READ).
pub(crate) fn told_of(position: u64, row: &impl SqlRow) -> Result<Told, StoreError> {
    let (subject, owners) = keys_of(position, row)?;
    Ok(Told { position, subject, owners })
}

/// Reads a row of [`LOG_READ`](crate::sql::log::LOG_READ) or
/// [`LOG_CHECK`](crate::sql::log::LOG_CHECK).
pub(crate) fn entry_of(position: u64, row: &impl SqlRow) -> Result<LogEntry, StoreError> {
    let (subject, told) = keys_of(position, row)?;
    let EventBody { cause, facts } = body_of(position, row)?;
    let key = position.to_string();
    Ok(LogEntry {
        position,
        at: Time(integer_at(row, 4, RECENT, &key)?),
        subject,
        told,
        cause,
        facts,
        epoch: integer_at(row, 3, RECENT, &key)?.cast_unsigned(),
    })
}

/// Reads the snapshot from the eighth to the tenth column of a row of
/// [`LOG_CHECK`](crate::sql::log::LOG_CHECK) or [`STREAM_READ`](crate::sql::log::STREAM_READ).
pub(crate) fn snapshot_of(position: u64, row: &impl SqlRow) -> Result<Option<Subject>, StoreError> {
    let key = || position.to_string();
    if row.text_or_null(9) == Some(None) {
        return Ok(None);
    }
    let kind = SubjectKind::from_text(text_at(row, 7, RECENT, &key())?)
        .ok_or_else(|| senseless(RECENT, &key(), "no such kind of subject"))?;
    let form = integer_at(row, 8, RECENT, &key())?;
    codec::decode_subject(kind, form, text_at(row, 9, RECENT, &key())?)
        .map(Some)
        .map_err(|error| undecodable(RECENT, &key(), &error))
}

/// Reads what happened from the sixth and seventh column of a row of any of the three.
fn body_of(position: u64, row: &impl SqlRow) -> Result<EventBody, StoreError> {
    let key = position.to_string();
    let body = text_at(row, 6, RECENT, &key)?;
    codec::decode_event(integer_at(row, 5, RECENT, &key)?, body)
        .map_err(|error| undecodable(RECENT, &key, &error))
}

/// Reads the event from a row of [`STREAM_READ`](crate::sql::log::STREAM_READ).
pub(crate) fn event_of(position: u64, row: &impl SqlRow) -> Result<Arc<Event>, StoreError> {
    let key = position.to_string();
    let what = "nothing is told of what it was about";
    let subject = snapshot_of(position, row)?.ok_or_else(|| senseless(RECENT, &key, what))?;
    let at = Time(integer_at(row, 4, RECENT, &key)?);
    Ok(Arc::new(codec::event_of(at, body_of(position, row)?, subject)))
}

/// Reads a notice and its numbers from the second to the fourth column of a row.
pub(crate) fn notice_of(
    owner: &str,
    position: u64,
    row: &impl SqlRow,
) -> Result<(Notice, Numbering), StoreError> {
    const TABLE: &str = "streams";
    let key = || format!("{owner} {position}");
    let bad = |error: CodecError| undecodable(TABLE, &key(), &error);
    let told = owner_of(owner).ok_or_else(|| senseless(TABLE, &key(), "no such owner"))?;
    let numbers = codec::decode_numbers(text_at(row, 1, TABLE, &key())?).map_err(bad)?;
    let form = integer_at(row, 2, TABLE, &key())?;
    let notice = codec::decode_notice(told, form, text_at(row, 3, TABLE, &key())?);
    Ok((notice.map_err(bad)?, numbers))
}

/// Reads a row of [`HISTORY_READ`](crate::sql::log::HISTORY_READ).
pub(crate) fn history_entry_of(
    subject: &str,
    row: &impl SqlRow,
) -> Result<HistoryEntry, StoreError> {
    const TABLE: &str = "history";
    let position = integer_at(row, 0, TABLE, subject)?.cast_unsigned();
    let key = format!("{subject} {position}");
    let body = text_at(row, 4, TABLE, &key)?;
    let EventBody { cause, facts } = codec::decode_event(integer_at(row, 3, TABLE, &key)?, body)
        .map_err(|error| undecodable(TABLE, &key, &error))?;
    let at = Time(integer_at(row, 1, TABLE, &key)?);
    let epoch = integer_at(row, 2, TABLE, &key)?.cast_unsigned();
    Ok(HistoryEntry { position, at, cause, facts, epoch })
}

/// Reads what was said from a row of [`TRANSCRIPT_READ`](crate::sql::log::TRANSCRIPT_READ). `name`
/// is the row's.
pub(crate) fn said_in<R: SqlRow>(
    name: &str,
    row: &R,
) -> Result<impl Iterator<Item = Entry> + use<R>, StoreError> {
    const TABLE: &str = "history";
    let body = text_at(row, 2, TABLE, name)?;
    let body = codec::decode_event(integer_at(row, 1, TABLE, name)?, body)
        .map_err(|error| undecodable(TABLE, name, &error))?;
    Ok(said(body.facts))
}

/// Reads a timer from a row of [`TIMERS_FIRST`](crate::sql::statements::TIMERS_FIRST).
pub(crate) fn timer_of(subject: &str, row: &impl SqlRow) -> Result<Timer, StoreError> {
    const TABLE: &str = "timers";
    let number = |column| integer_at(row, column, TABLE, subject);
    let key = TimerName::read(subject, number(1)?, number(2)?)
        .ok_or_else(|| senseless(TABLE, subject, "no such timer"))?;
    Ok(Timer { key, due: Time(number(3)?) })
}

/// Reads a promised answer from a row of [`READ`](crate::sql::promised::READ).
pub(crate) fn promised_of(row: &impl SqlRow) -> Result<PromisedRow, StoreError> {
    const TABLE: &str = "promised_answers";
    let number = integer_at(row, 0, TABLE, "number")?.cast_unsigned();
    let key = number.to_string();
    let topic = Topic::named(text_at(row, 1, TABLE, &key)?)
        .ok_or_else(|| senseless(TABLE, &key, "no such topic"))?;
    Ok(PromisedRow { number, topic, body: text_at(row, 2, TABLE, &key)?.into() })
}

/// Reads a receipt whose fingerprint, answer and expiry are the columns from `at` on.
pub(crate) fn receipt_of(
    scope: &str,
    key: &str,
    row: &impl SqlRow,
    at: usize,
) -> Result<Receipt, StoreError> {
    const TABLE: &str = "receipts";
    let expires = row.integer_or_null(at + 2);
    let bad = || senseless(TABLE, key, "what should be a time is none");
    Ok(Receipt {
        scope: scope.to_owned(),
        key: key.to_owned(),
        fingerprint: text_at(row, at, TABLE, key)?.to_owned(),
        answer: text_at(row, at + 1, TABLE, key)?.to_owned(),
        expires: expires.ok_or_else(bad)?.map(Time),
    })
}
