//! The reads of the log: its end, its entries, histories, streams and their heads.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::{Entry, InteractionId, Owner, Time, Topic};
use tokio_postgres::Row;

use super::{BYTES, Reads, found_of, one_more, position_of};
use crate::error::StoreError;
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::postgres::heads::numbers_of;
use crate::postgres::pipeline::{Call, call};
use crate::postgres::statements as text;
use crate::query::{Head, HistoryEntry, PAGE_BYTES_MAX, Page, StreamRow};
use crate::sql::decode::{self, SqlRow, integer_at, text_at};
use crate::sql::keys::{owner_text, subject_text};
use crate::sql::log as shared;
use crate::store::first_entries;

/// Reads the end of the log from a row of [`text::LOG_END_READ`].
pub(in crate::postgres) fn end_of(row: &Row) -> Result<LogEnd, StoreError> {
    let number = |column| Ok(integer_at(row, column, "log_end", "1")?.cast_unsigned());
    Ok(LogEnd { generation: number(0)?, position: number(1)?, floor: number(2)? })
}

fn first(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first().ok_or_else(|| decode::senseless("log_end", "1", "there is no end of the log"))
}

/// The column of [`text::STREAM_READ`] that says whether there are rows behind those found: rows of
/// one position stay together, so more may have been found than was asked for.
const LATER: usize = 10;

/// Returns the statement that reads a page of a stream.
pub(super) fn stream_call(owner: &str, after: u64, limit: usize) -> Call<'_> {
    call!(text::STREAM_READ, owner, position_of(after), one_more(limit), BYTES)
}

/// A page of a stream that is being put together.
#[derive(Debug)]
pub(super) struct StreamPage<'a> {
    owner: &'a str,
    limit: usize,
    items: Vec<StreamRow>,
    bytes: usize,
}

/// What was on the page after rows were put on it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taken {
    /// All of them, and there are no more.
    All,
    /// As many as there is room for.
    Enough,
    /// None of them could be read; they end at that position.
    None(u64),
}

impl<'a> StreamPage<'a> {
    pub(super) const fn new(owner: &'a str, limit: usize) -> Self {
        Self { owner, limit, items: Vec::new(), bytes: 0 }
    }

    pub(super) fn end(self, more: bool) -> Page<StreamRow> {
        Page { items: self.items, more }
    }

    /// Takes the rows of [`text::STREAM_READ`].
    pub(super) fn take(&mut self, reads: &Reads, rows: &[Row]) -> Result<Taken, StoreError> {
        let mut after = 0;
        for row in rows {
            let position = integer_at(row, 0, "streams", self.owner)?.cast_unsigned();
            let last = self.items.last().filter(|last| last.position == position);
            let same = last.map(|last| Arc::clone(&last.event));
            let is_full = self.items.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX;
            if is_full && same.is_none() {
                return Ok(Taken::Enough);
            }
            after = position;
            let event = same.map_or_else(|| decode::event_of(position, row), Ok);
            let Some(event) = reads.or_aside(|| format!("recent {position}"), event)? else {
                continue;
            };
            let read = decode::notice_of(self.owner, position, row);
            let name = || format!("streams {} {position}", self.owner);
            let Some((notice, numbers)) = reads.or_aside(name, read)? else { continue };
            let row = StreamRow { position, notice, numbers, event };
            self.bytes += row.weight();
            self.items.push(row);
        }
        let all = rows.first().map_or(0, found_of);
        let later = rows.first().map_or(Ok(0), |row| integer_at(row, LATER, "streams", self.owner));
        Ok(if all == rows.len() && later? == 0 {
            Taken::All
        } else if self.items.is_empty() {
            Taken::None(after)
        } else {
            Taken::Enough
        })
    }
}

impl Reads {
    pub(in crate::postgres) async fn log_end(&self) -> Result<LogEnd, StoreError> {
        let rows = self.ask_one("reading the end of the log", call!(text::LOG_END_READ)).await?;
        end_of(first(&rows)?)
    }

    /// Reads rows of `recent` after a position. `read` makes an item of a row and its position.
    async fn recent<T>(
        &self,
        (attempted, sql): (&'static str, &'static str),
        (position, limit): (u64, usize),
        read: impl Fn(u64, &Row) -> Result<T, StoreError>,
        weight: impl Fn(&T) -> usize,
    ) -> Result<Page<T>, StoreError> {
        let (mut items, mut bytes, mut after) = (Vec::new(), 0_usize, position);
        loop {
            let calls =
                [call!(text::LOG_END_READ), call!(sql, position_of(after), one_more(limit), BYTES)];
            let found = self.ask(attempted, &calls).await?;
            let floor = end_of(first(&found[0])?)?.floor;
            if position < floor {
                return Err(StoreError::Swept { position, floor });
            }
            let rows = &found[1];
            for row in rows {
                if items.len() >= limit || bytes >= PAGE_BYTES_MAX {
                    return Ok(Page { items, more: true });
                }
                after = integer_at(row, 0, "recent", "position")?.cast_unsigned();
                let item = self.or_aside(|| format!("recent {after}"), read(after, row))?;
                bytes += item.as_ref().map_or(0, &weight);
                items.extend(item);
            }
            let all = rows.first().map_or(0, found_of);
            if all > rows.len() && !items.is_empty() {
                return Ok(Page { items, more: true });
            }
            // Where some were set aside, there may be more behind the last.
            if all <= limit && all == rows.len() {
                return Ok(Page { items, more: false });
            }
        }
    }

    pub(in crate::postgres) async fn log_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<Page<LogEntry>, StoreError> {
        let read = |position, row: &Row| decode::entry_of(position, row);
        let what = ("reading the log", text::LOG_READ);
        self.recent(what, (position, limit), read, LogEntry::weight).await
    }

    pub(in crate::postgres) async fn told_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<Page<Told>, StoreError> {
        let read = |position, row: &Row| decode::told_of(position, row);
        let what = ("reading who was told", text::TOLD_READ);
        self.recent(what, (position, limit), read, Told::weight).await
    }

    pub(in crate::postgres) async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        let key = owner_text(owner);
        let mut page = StreamPage::new(&key, limit);
        let mut after = after;
        loop {
            let rows = self.ask_one("reading a stream", stream_call(&key, after, limit)).await?;
            match page.take(self, &rows)? {
                Taken::All => return Ok(page.end(false)),
                Taken::Enough => return Ok(page.end(true)),
                // Nothing of what was read can be read; there may be more behind it.
                Taken::None(last) => after = last,
            }
        }
    }

    pub(in crate::postgres) async fn latest(&self) -> Result<Option<Time>, StoreError> {
        let rows = self.ask_one("reading the latest time", call!(text::LATEST_READ)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let told = row.integer_or_null(0).flatten();
        let id = row.text_or_null(1).flatten();
        let made = id.and_then(|id| id.parse::<InteractionId>().ok()).map(InteractionId::created);
        Ok(told.map(Time).into_iter().chain(made).max())
    }

    pub(in crate::postgres) async fn head(&self, owner: Owner) -> Result<Head, StoreError> {
        let key = owner_text(owner);
        let rows = self.ask_one("reading a head", call!(text::HEAD_READ, &key)).await?;
        self.head_of(&key, &rows)
    }

    /// Reads a head from the rows of [`text::HEAD_READ`].
    pub(super) fn head_of(&self, owner: &str, rows: &[Row]) -> Result<Head, StoreError> {
        let Some(row) = rows.first() else { return Ok(Head::default()) };
        let position = integer_at(row, 0, "heads", owner)?.cast_unsigned();
        let mut head = Head { position, numbers: BTreeMap::new() };
        for (name, last) in numbers_of(owner, text_at(row, 1, "heads", owner)?)? {
            let topic = Topic::named(&name)
                .ok_or_else(|| decode::senseless("heads", owner, "no such topic"));
            let topic = self.or_aside(|| format!("heads {owner}"), topic)?;
            head.numbers.extend(topic.map(|topic| (topic, last)));
        }
        Ok(head)
    }

    pub(in crate::postgres) async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let subject = subject_text(subject);
        let (mut items, mut after) = (Vec::new(), position_of(after));
        loop {
            let call = call!(shared::HISTORY_READ, &subject, after, one_more(limit));
            let rows = self.ask_one("reading a history", call).await?;
            for row in &rows {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                after = integer_at(row, 0, "history", &subject)?;
                let read = decode::history_entry_of(&subject, row);
                items.extend(self.or_aside(|| format!("history {subject} {after}"), read)?);
            }
            // Where some were set aside, there may be more behind the last.
            if rows.len() <= limit {
                return Ok(Page { items, more: false });
            }
        }
    }

    pub(in crate::postgres) async fn transcript(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        let call = call!(
            shared::TRANSCRIPT_READ,
            interaction.to_string(),
            position_of(after),
            one_more(limit)
        );
        // Every one of these events has an entry, so that many are enough.
        let rows = self.ask_one("reading a transcript", call).await?;
        let mut items = Vec::new();
        for row in &rows {
            if items.len() > limit {
                break;
            }
            let position = integer_at(row, 0, "history", "position")?;
            let name = format!("{interaction} {position}");
            let read = decode::said_in(&name, row);
            if let Some(said) = self.or_aside(|| format!("history {name}"), read)? {
                items.extend(said.filter(|entry| entry.number > after));
            }
        }
        let is_cut = rows.len() > limit;
        let mut page = first_entries(items, limit);
        // Where some were set aside, there may be more behind the last; a page without any has
        // nothing to go on from.
        page.more |= is_cut && !page.items.is_empty();
        Ok(page)
    }
}
