//! The reads of promised answers.

use handoff_domain::UserId;
use rusqlite::{Connection, OptionalExtension, params};

use super::{one_more, or_aside, row_name, snapshot, told};
use crate::aside::Aside;
use crate::error::StoreError;
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{PAGE_BYTES_MAX, Page};
use crate::sql::{decode, promised as text};

const TABLE: &str = "promised_answers";
/// → the last number given
const LAST: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'promised_answers'";

pub(in crate::sqlite) fn of_user(
    connection: &Connection,
    aside: &Aside,
    user: UserId,
    after: u64,
    limit: usize,
) -> Result<Page<PromisedRow>, StoreError> {
    let work = || {
        let (mut items, mut bytes) = (Vec::new(), 0_usize);
        let mut statement = connection.prepare_cached(text::READ)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![user.stored(), after, one_more(limit)])?;
        while let Some(row) = rows.next()? {
            if items.len() >= limit || bytes >= PAGE_BYTES_MAX {
                return Ok(Page { items, more: true });
            }
            let number: u64 = row.get(0)?;
            let name = || row_name(TABLE, &number.to_string());
            let answer = or_aside(aside, name, decode::promised_of(row))?;
            bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            items.extend(answer);
        }
        Ok(Page { items, more: false })
    };
    told("reading promised answers", work())
}

/// Returns the number of the last answer; zero before the first.
pub(super) fn last(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let mut statement = connection.prepare_cached(LAST)?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or(0))
}

pub(in crate::sqlite) fn end(
    connection: &Connection,
    number: u64,
) -> Result<PromisedEnd, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        let last = last(connection)?;
        let mut statement = connection.prepare_cached(text::USERS)?;
        let after = i64::try_from(number).unwrap_or(i64::MAX);
        let mut rows = statement.query([after])?;
        let mut to = Vec::new();
        while let Some(row) = rows.next()? {
            let user = decode::text_at(row, 0, TABLE, "users")?;
            let user = user.parse().map_err(|_| decode::senseless(TABLE, user, "no such user"));
            to.push(user?);
        }
        Ok(PromisedEnd { last, to })
    };
    told("reading who was promised answers", work())
}
