//! What a reader of a stream missed.

use std::collections::BTreeMap;

use handoff_domain::{Owner, Topic};
use rusqlite::Connection;

use super::log::{head_of, rows_after};
use super::{Unread, promised, snapshot, told};
use crate::aside::Aside;
use crate::codec;
use crate::error::StoreError;
use crate::missed::{Missed, Search};
use crate::query::{Head, Page};
use crate::sql::decode;
use crate::sql::keys::owner_text;
use crate::sql::log as text;

pub(in crate::sqlite) fn missed(
    connection: &Connection,
    aside: &Aside,
    owner: Owner,
    after: &BTreeMap<Topic, u64>,
    limit: usize,
) -> Result<Missed, StoreError> {
    let owner = owner_text(owner);
    let work = || {
        let _together = snapshot(connection)?;
        let head = head_of(connection, aside, &owner)?;
        let Search { oldest, first, .. } = search(connection, &owner, &head, after)?;
        let rows = match first {
            Some(first) => rows_after(connection, aside, &owner, first - 1, limit)?,
            None => Page { items: Vec::new(), more: false },
        };
        Ok(Missed { head, oldest, rows, promised: promised::last(connection)? })
    };
    told("reading what was missed", work())
}

fn search(
    connection: &Connection,
    owner: &str,
    head: &Head,
    after: &BTreeMap<Topic, u64>,
) -> Result<Search, Unread> {
    let mut search = Search::new(head, after);
    if search.is_over() {
        return Ok(search);
    }
    let mut statement = connection.prepare_cached(text::STREAM_BACK)?;
    let mut rows = statement.query([owner])?;
    while !search.is_over()
        && let Some(row) = rows.next()?
    {
        // Numbers that cannot be read are as good as gone; the reading of the stream notes it.
        let read = decode::text_at(row, 1, "streams", owner).map(codec::decode_numbers);
        if let Ok(Ok(numbers)) = read {
            search.see(row.get(0)?, &numbers);
        }
    }
    Ok(search)
}
