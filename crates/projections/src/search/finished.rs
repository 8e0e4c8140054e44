//! Listing what is over by when it ended, the last first.

use std::cmp::Reverse;

use handoff_domain::Time;
use handoff_engine::{Hit, Hits, Narrowed, SearchPlace, Wanted};
use rusqlite::{Connection, ToSql};

use super::find::{LOOKED_AT_MAX, SEEN_MAX, is_wanted};
use super::kept::Doc;
use crate::projection::ProjectionError;

/// Returns a page of what a contact center has finished.
pub(super) fn find(
    connection: &Connection,
    center: i64,
    wanted: &Wanted,
) -> Result<Hits, ProjectionError> {
    let from = wanted.from.map_or(i64::MIN, |from| from.0);
    let (before, number) = wanted.after.map_or((i64::MAX, i64::MAX), |after| {
        (after.ended.map_or(i64::MAX, |ended| ended.0), after.number)
    });
    let before_time = wanted.to.map_or(i64::MAX, |to| to.0);
    let finished = Finished { connection, wanted, bound: [from, before, number, before_time] };
    match &wanted.narrowed {
        Narrowed::All => finished.read("center = ?5", &center, LOOKED_AT_MAX),
        // Of what ended lately all that may be read is, so that pages seldom end at what is hidden.
        Narrowed::To { user, ended_after, .. } => {
            let Finished { bound: [from, rest @ ..], .. } = finished;
            let lately = Finished { bound: prepend(from.max(ended_after.0), rest), ..finished };
            let lately = lately.read("center = ?5", &center, SEEN_MAX)?;
            let own = finished.read("submitter = ?5", &user.stored(), LOOKED_AT_MAX)?;
            Ok(joined(lately, own, wanted.limit))
        }
    }
}

const fn prepend(first: i64, [a, b, c]: [i64; 3]) -> [i64; 4] {
    [first, a, b, c]
}

struct Finished<'f> {
    connection: &'f Connection,
    wanted: &'f Wanted,
    /// From which time on; before which time and number; before which time.
    bound: [i64; 4],
}

impl Finished<'_> {
    fn read(&self, whose: &str, who: &dyn ToSql, most: usize) -> Result<Hits, ProjectionError> {
        let sql = format!(
            "SELECT {} FROM docs WHERE {whose} AND ended >= ?1 AND (ended, number) < (?2, ?3) \
            AND ended < ?4 ORDER BY ended DESC, number DESC",
            Doc::COLUMNS
        );
        let [from, before, number, before_time] = &self.bound;
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([from, before, number, before_time, who as &dyn ToSql])?;
        let (mut hits, mut last) = (Vec::<Hit>::new(), None);
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            if looked_at == most {
                return Ok(Hits { hits, next: last });
            }
            let doc = Doc::read(row)?;
            looked_at += 1;
            let place = SearchPlace { number: doc.number, ended: doc.ended };
            if is_wanted(&doc, self.wanted) {
                if hits.len() == self.wanted.limit {
                    let next = hits.last().map(|last| last.place);
                    return Ok(Hits { hits, next });
                }
                hits.push(Hit { id: doc.id, place, owner: doc.owner });
            }
            last = Some(place);
        }
        Ok(Hits { hits, next: None })
    }
}

/// Joins two lists into a page of at most so many.
fn joined(one: Hits, other: Hits, limit: usize) -> Hits {
    let key = |place: SearchPlace| Reverse((place.ended.unwrap_or(Time(i64::MIN)), place.number));
    // Beyond where either ends there may be more of it.
    let ends = [one.next, other.next].into_iter().flatten().map(key);
    let horizon = ends.min();
    let mut hits: Vec<Hit> = one.hits.into_iter().chain(other.hits).collect();
    hits.sort_by_key(|hit| key(hit.place));
    hits.dedup_by_key(|hit| hit.id);
    let all = hits.len();
    hits.retain(|hit| horizon.is_none_or(|horizon| key(hit.place) <= horizon));
    hits.truncate(limit);
    let is_whole = horizon.is_none() && hits.len() == all;
    let last = hits.last().map(|hit| hit.place);
    let next = match (horizon, is_whole) {
        (_, true) => None,
        (Some(Reverse((ended, number))), false) if hits.len() < limit => {
            Some(SearchPlace { number, ended: Some(ended) })
        }
        _ => last,
    };
    Hits { hits, next }
}
