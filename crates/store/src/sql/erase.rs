//! Takes the words out of rows of the log.
//!
//! The rows are found by the history of the interaction, which has the position of each of its
//! events, and not by what they are about, which no index knows. What agents were shown who came
//! into a chat, or were taken out of it, is in no history, and lies beside an event of the same
//! commit.

use std::ops::RangeInclusive;

use handoff_domain::Fact;

use crate::codec::{self, CodecError, SubjectKind};
use crate::error::StoreError;
use crate::sql::decode::{SqlRow, integer_at, senseless, text_at, undecodable};
use crate::sql::keys::owner_of;

/// How far from an event, in positions, what else its commit wrote of the interaction may lie: one
/// entry for each agent in a chat.
const NEAR: i64 = 64;

/// form, body, subject, position
pub(crate) const HISTORY_REWRITE: &str =
    "UPDATE history SET form = $1, body = $2 WHERE subject = $3 AND position = $4";
/// subject, from position, to position → position, told, kind, form, snapshot, event's form, event
pub(crate) const RECENT_NEAR: &str = "SELECT position, told, kind, form, snapshot, event_form, event \
     FROM recent WHERE subject = $1 AND position BETWEEN $2 AND $3";
/// form, snapshot, event's form, event, position
pub(crate) const RECENT_REWRITE: &str = "UPDATE recent \
     SET form = $1, snapshot = $2, event_form = $3, event = $4 WHERE position = $5";
/// owner, position → ordinal, form, body
pub(crate) const ROWS_AT: &str =
    "SELECT ordinal, form, body FROM streams WHERE owner = $1 AND position = $2";
/// form, body, owner, position, ordinal
pub(crate) const ROW_REWRITE: &str = "UPDATE streams SET form = $1, body = $2 \
     WHERE owner = $3 AND position = $4 AND ordinal = $5";

/// Every statement of this file.
#[cfg(test)]
pub(crate) const ALL: [&str; 5] =
    [HISTORY_REWRITE, RECENT_NEAR, RECENT_REWRITE, ROWS_AT, ROW_REWRITE];

/// A row of the history, less its words.
pub(crate) struct HistoryRow {
    pub(crate) position: i64,
    pub(crate) body: String,
}

/// A row of what is recent, less its words.
pub(crate) struct RecentRow {
    pub(crate) position: i64,
    pub(crate) told: String,
    pub(crate) form: i64,
    pub(crate) snapshot: Option<String>,
    pub(crate) event_form: Option<i64>,
    pub(crate) event: Option<String>,
}

/// Returns where rows of an interaction may lie whose events are at these positions, all of them
/// after one: each at most once, in order. `more` tells whether there are later events.
pub(crate) fn places(after: i64, events: &[i64], more: bool) -> Vec<RangeInclusive<i64>> {
    let Some(last) = events.last() else { return Vec::new() };
    let end = if more { *last } else { last.saturating_add(NEAR) };
    let mut places: Vec<RangeInclusive<i64>> = Vec::new();
    for event in std::iter::once(&after).chain(events) {
        let from = event.saturating_sub(NEAR).max(after + 1);
        let to = event.saturating_add(NEAR).min(end);
        match places.last_mut() {
            Some(before) if from <= before.end() + 1 => *before = *before.start()..=to,
            _ if from <= to => places.push(from..=to),
            _ => {}
        }
    }
    places
}

fn event(form: i64, body: &str) -> Result<String, CodecError> {
    let mut read = codec::decode_event(form, body)?;
    read.facts.iter_mut().for_each(Fact::erase);
    codec::encode_event_body(&read)
}

/// Reads a row of [`HISTORY_READ`](crate::sql::log::HISTORY_READ).
pub(crate) fn history_row(subject: &str, row: &impl SqlRow) -> Result<HistoryRow, StoreError> {
    const TABLE: &str = "history";
    let position = integer_at(row, 0, TABLE, subject)?;
    let key = format!("{subject} {position}");
    let body = event(integer_at(row, 3, TABLE, &key)?, text_at(row, 4, TABLE, &key)?)
        .map_err(|error| undecodable(TABLE, &key, &error))?;
    Ok(HistoryRow { position, body })
}

/// Reads a row of [`RECENT_NEAR`].
pub(crate) fn recent_row(row: &impl SqlRow) -> Result<RecentRow, StoreError> {
    const TABLE: &str = "recent";
    let position = integer_at(row, 0, TABLE, "position")?;
    let key = position.to_string();
    let kind = SubjectKind::from_text(text_at(row, 2, TABLE, &key)?)
        .ok_or_else(|| senseless(TABLE, &key, "no such kind of subject"))?;
    let form = integer_at(row, 3, TABLE, &key)?;
    let bad = |error: CodecError| undecodable(TABLE, &key, &error);
    let snapshot = row.text_or_null(4).flatten().map(|text| {
        let mut subject = codec::decode_subject(kind, form, text)?;
        subject.erase();
        codec::encode_subject(&subject)
    });
    let body = row.text_or_null(6).flatten();
    let body = body.zip(row.integer_or_null(5).flatten()).map(|(body, form)| event(form, body));
    Ok(RecentRow {
        position,
        told: text_at(row, 1, TABLE, &key)?.to_owned(),
        form: if snapshot.is_some() { kind.newest() } else { form },
        snapshot: snapshot.transpose().map_err(bad)?,
        event_form: body.as_ref().map(|_| codec::newest::EVENT),
        event: body.transpose().map_err(bad)?,
    })
}

/// Reads a row of [`ROWS_AT`]: its ordinal, and its body without words where it has some.
pub(crate) fn stream_row(
    owner: &str,
    row: &impl SqlRow,
) -> Result<(i64, Option<String>), StoreError> {
    const TABLE: &str = "streams";
    let ordinal = integer_at(row, 0, TABLE, owner)?;
    let told = owner_of(owner).ok_or_else(|| senseless(TABLE, owner, "no such owner"))?;
    let form = integer_at(row, 1, TABLE, owner)?;
    let body = text_at(row, 2, TABLE, owner)?;
    let bad = |error: CodecError| undecodable(TABLE, owner, &error);
    let mut notice = codec::decode_notice(told, form, body).map_err(bad)?;
    if notice.error.is_none() {
        return Ok((ordinal, None));
    }
    notice.erase();
    Ok((ordinal, Some(codec::encode_notice(&notice).map_err(bad)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_events_is_looked_at_once() {
        let near = |after, events: &[i64], more| places(after, events, more);
        assert!(near(0, &[], false).is_empty());
        assert_eq!(near(0, &[1], false), [1..=65]);
        assert_eq!(near(0, &[1, 3], true), [1..=3]);
        assert_eq!(near(0, &[1_000, 2_000], false), [1..=64, 936..=1_064, 1_936..=2_064]);
        // What lies behind the last of a page is looked at with the next one.
        assert_eq!(near(0, &[1_000], true), [1..=64, 936..=1_000]);
        assert_eq!(near(1_000, &[2_000], true), [1_001..=1_064, 1_936..=2_000]);
    }
}
