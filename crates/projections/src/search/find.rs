//! Finding a page: of each word the newest interactions that have it, as many as are read at once;
//! then those that are in all of these lists.
//!
//! A list that was cut off cannot tell of what lies beyond its end: whether the word is there is
//! then seen from the text. So a word that is everywhere costs no more than one that is nowhere,
//! and what one question may look at has a bound. Where it is reached the page is short, and says
//! where to go on.

use std::cmp::Reverse;

use handoff_engine::{Among, Hit, Hits, Narrowed, Order, SearchError, SearchPlace, Wanted};
use rusqlite::{Connection, params};

use super::finished;
use super::kept::{Doc, mark_of, number_at, number_of_piece, pieces_between};
use super::question::{Question, Term};
use super::words::words;
use crate::projection::ProjectionError;

/// Interactions that are read of one word, or of one list.
const LISTED_MAX: usize = 10_000;
/// The same of what somebody sees who does not see everything: their lists are all that they have.
pub(super) const SEEN_MAX: usize = 100_000;
/// Interactions looked at for one page.
pub(super) const LOOKED_AT_MAX: usize = 10_000;
/// Bytes of text looked at for one page.
const TEXT_BYTES_MAX: usize = 2 << 20;

const TEXTS: &str = "SELECT text FROM pieces WHERE piece BETWEEN ?1 AND ?2 AND hidden <= ?3";

/// A question could not be answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum FindError {
    #[error(transparent)]
    Question(#[from] SearchError),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl From<rusqlite::Error> for FindError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Projection(error.into())
    }
}

/// Finds a page.
pub(super) fn find(connection: &Connection, wanted: &Wanted) -> Result<Hits, FindError> {
    let question = wanted.words.as_deref().map(Question::read).transpose()?;
    let Some((center, mark)) = mark_of(connection, wanted.center)? else {
        return Ok(Hits::default());
    };
    if wanted.order == Order::LastEnded {
        return Ok(finished::find(connection, center, wanted)?);
    }
    let Some(range) = Range::of(wanted) else { return Ok(Hits::default()) };
    let mut search = Search { connection, wanted, range, terms: Vec::new(), lists: Vec::new() };
    if let Some(question) = &question {
        search.list_terms(question, mark)?;
    }
    search.list_rest(center)?;
    let excluded: Vec<&Term> = question.iter().flat_map(|question| question.excluded()).collect();
    Ok(search.page(&excluded)?)
}

/// The numbers that are looked at, both ends included.
#[derive(Clone, Copy)]
struct Range {
    first: i64,
    last: i64,
    is_falling: bool,
}

impl Range {
    /// Returns the range of a question; `None` when nothing can be in it.
    fn of(wanted: &Wanted) -> Option<Self> {
        let is_falling = wanted.order != Order::Oldest;
        let mut first = wanted.from.map_or(0, number_at);
        let mut last = wanted.to.map_or(SearchPlace::NUMBER_MAX, |to| number_at(to) - 1);
        match wanted.after {
            Some(after) if is_falling => last = last.min(after.number - 1),
            Some(after) => first = first.max(after.number + 1),
            None => {}
        }
        (first <= last).then_some(Self { first, last, is_falling })
    }

    const fn order(self) -> &'static str {
        if self.is_falling { "DESC" } else { "ASC" }
    }
}

/// Numbers in the order in which they are listed.
struct List {
    numbers: Vec<i64>,
    /// Where it was cut off; `None` when it is all that there is.
    end: Option<i64>,
}

impl List {
    /// Tells whether a number is in it; `None` when it lies beyond its end.
    fn has(&self, number: i64, is_falling: bool) -> Option<bool> {
        let found = if is_falling {
            self.numbers.binary_search_by_key(&Reverse(number), |one| Reverse(*one))
        } else {
            self.numbers.binary_search(&number)
        };
        match found {
            Ok(_) => Some(true),
            Err(at) if at == self.numbers.len() && self.end.is_some() => None,
            Err(_) => Some(false),
        }
    }
}

struct Search<'s> {
    connection: &'s Connection,
    wanted: &'s Wanted,
    range: Range,
    /// What has to be there, each with its list.
    terms: Vec<(&'s Term, List)>,
    /// What else what is found has to be in. Of these the first leads.
    lists: Vec<List>,
}

impl<'s> Search<'s> {
    const fn sees_all(&self) -> bool {
        matches!(self.wanted.narrowed, Narrowed::All)
    }

    fn list_terms(&mut self, question: &'s Question, mark: char) -> Result<(), ProjectionError> {
        for term in question.needed() {
            let column = if self.sees_all() { "" } else { "{seen} : " };
            let asked = format!("{column}{}", term.asked(mark));
            let (first, last) = pieces_between(self.range.first, self.range.last);
            let sql = format!(
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 \
                ORDER BY rowid {}",
                self.range.order()
            );
            let list = self.list(&sql, params![asked, first, last], LISTED_MAX, number_of_piece)?;
            self.terms.push((term, list));
        }
        Ok(())
    }

    /// Lists what narrows a question beside its words.
    fn list_rest(&mut self, center: i64) -> Result<(), ProjectionError> {
        let Range { first, last, .. } = self.range;
        let order = self.range.order();
        let between = format!("number BETWEEN ?2 AND ?3 ORDER BY number {order}");
        if let Narrowed::To { user, ended_after, .. } = &self.wanted.narrowed {
            let sql = format!(
                "SELECT number FROM (\
                SELECT number FROM docs WHERE center = ?1 AND ended IS NULL UNION \
                SELECT number FROM docs WHERE center = ?1 AND ended > ?4 UNION \
                SELECT number FROM docs WHERE submitter = ?5 AND center = ?1) WHERE {between}"
            );
            let user = user.stored();
            let bound = params![center, first, last, ended_after.0, user];
            let list = self.list(&sql, bound, SEEN_MAX, |number| number)?;
            self.lists.push(self.in_sight(list)?);
        }
        if let Some(contact) = &self.wanted.contact {
            let sql =
                format!("SELECT number FROM docs WHERE center = ?1 AND contact = ?4 AND {between}");
            let bound = params![center, first, last, contact];
            self.lists.push(self.list(&sql, bound, LISTED_MAX, |number| number)?);
        }
        if self.lists.is_empty() && self.terms.is_empty() {
            let only = if self.wanted.among == Among::Active { "ended IS NULL AND" } else { "" };
            let sql = format!("SELECT number FROM docs WHERE center = ?1 AND {only} {between}");
            let bound = params![center, first, last];
            self.lists.push(self.list(&sql, bound, LISTED_MAX, |number| number)?);
        }
        Ok(())
    }

    /// Leaves of a list what its reader sees.
    fn in_sight(&self, list: List) -> Result<List, ProjectionError> {
        let mut numbers = Vec::new();
        for number in list.numbers {
            if self.doc(number)?.is_some_and(|doc| is_seen(&doc, &self.wanted.narrowed)) {
                numbers.push(number);
            }
        }
        Ok(List { numbers, end: list.end })
    }

    fn list(
        &self,
        sql: &str,
        bound: &[&dyn rusqlite::ToSql],
        most: usize,
        number: impl Fn(i64) -> i64,
    ) -> Result<List, ProjectionError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(bound)?;
        let mut numbers: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            let found = number(row.get(0)?);
            if numbers.last() == Some(&found) {
                continue;
            }
            if numbers.len() == most {
                let end = numbers.last().copied();
                return Ok(List { numbers, end });
            }
            numbers.push(found);
        }
        Ok(List { numbers, end: None })
    }

    fn doc(&self, number: i64) -> Result<Option<Doc>, ProjectionError> {
        let sql = format!("SELECT {} FROM docs WHERE number = ?1", Doc::COLUMNS);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([number])?;
        rows.next()?.map(Doc::read).transpose()
    }

    /// Returns the list that is gone through: what somebody sees who does not see everything, so
    /// that no page ends at what is hidden from them; else the shortest, or the one that reaches
    /// furthest where none is whole.
    fn leading(&self) -> Option<&List> {
        if !self.sees_all() {
            return self.lists.first();
        }
        let all = || self.terms.iter().map(|(_, list)| list).chain(&self.lists);
        let reach = |list: &&List| {
            let end = list.end.unwrap_or_default();
            if self.range.is_falling { end } else { -end }
        };
        let shortest =
            all().filter(|list| list.end.is_none()).min_by_key(|list| list.numbers.len());
        shortest.or_else(|| all().min_by_key(reach))
    }

    fn page(&self, excluded: &[&Term]) -> Result<Hits, ProjectionError> {
        let Some(leading) = self.leading() else { return Ok(Hits::default()) };
        let (mut hits, mut looked_at, mut bytes) = (Vec::<Hit>::new(), 0, 0);
        for number in &leading.numbers {
            let place = SearchPlace { number: *number, ended: None };
            if looked_at >= LOOKED_AT_MAX || bytes >= TEXT_BYTES_MAX {
                // The one before was looked at last.
                let before = if self.range.is_falling { number + 1 } else { number - 1 };
                let next = Some(SearchPlace { number: before, ended: None });
                return Ok(Hits { hits, next });
            }
            let Some(unsure) = self.unsure_of(*number) else { continue };
            looked_at += 1;
            let Some(doc) = self.doc(*number)?.filter(|doc| is_wanted(doc, self.wanted)) else {
                continue;
            };
            let is_checked = unsure.is_empty() && excluded.is_empty();
            if !is_checked && !self.has_text(*number, &unsure, excluded, &mut bytes)? {
                continue;
            }
            if hits.len() == self.wanted.limit {
                let next = hits.last().map(|last| last.place);
                return Ok(Hits { hits, next });
            }
            hits.push(Hit { id: doc.id, place, owner: doc.owner });
        }
        let next = leading.end.map(|number| SearchPlace { number, ended: None });
        Ok(Hits { hits, next })
    }

    /// Returns the terms of which no list can tell whether an interaction has them; `None` when one
    /// tells that it does not.
    fn unsure_of(&self, number: i64) -> Option<Vec<&Term>> {
        let is_falling = self.range.is_falling;
        let mut unsure = Vec::new();
        for (term, list) in &self.terms {
            match list.has(number, is_falling) {
                Some(true) => {}
                Some(false) => return None,
                None => unsure.push(*term),
            }
        }
        let is_out = self.lists.iter().any(|list| list.has(number, is_falling) == Some(false));
        (!is_out).then_some(unsure)
    }

    /// Tells by its text whether an interaction has all of some terms and none of others.
    fn has_text(
        &self,
        number: i64,
        needed: &[&Term],
        excluded: &[&Term],
        bytes: &mut usize,
    ) -> Result<bool, ProjectionError> {
        let (first, last) = pieces_between(number, number);
        let mut missing = needed.to_vec();
        let mut statement = self.connection.prepare_cached(TEXTS)?;
        let mut rows = statement.query(params![first, last, self.sees_all()])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            *bytes += text.len();
            let words = words(&text);
            if excluded.iter().any(|term| term.is_in(&words)) {
                return Ok(false);
            }
            missing.retain(|term| !term.is_in(&words));
            if missing.is_empty() && excluded.is_empty() {
                return Ok(true);
            }
        }
        Ok(missing.is_empty())
    }
}

/// Tells whether an interaction is as it is wanted, words and times aside.
pub(super) fn is_wanted(doc: &Doc, wanted: &Wanted) -> bool {
    let is_among = match wanted.among {
        Among::All => true,
        Among::Active => doc.ended.is_none(),
        Among::Finished(None) => doc.ended.is_some(),
        Among::Finished(outcome) => doc.outcome == outcome,
    };
    is_among
        && wanted.media.as_ref().is_none_or(|media| doc.media == media.name())
        && wanted.queue.is_none_or(|queue| doc.queue.as_ref() == Some(&queue.stored()))
        && wanted.owner.is_none_or(|owner| doc.owner == Some(owner))
        && wanted.contact.as_ref().is_none_or(|contact| doc.contact.as_ref() == Some(contact))
        && is_seen(doc, &wanted.narrowed)
}

/// Tells whether somebody may see an interaction, as far as the index knows.
pub(super) fn is_seen(doc: &Doc, narrowed: &Narrowed) -> bool {
    let Narrowed::To { user, queues, workbins, ended_after } = narrowed else { return true };
    let name = user.stored();
    if doc.submitter.as_ref() == Some(&name) {
        return true;
    }
    let is_concerned = doc.people.contains(&format!(" {name} "));
    if let Some(ended) = doc.ended {
        return is_concerned && ended >= *ended_after;
    }
    is_concerned
        || match &doc.workbin {
            Some(workbin) => workbins.iter().any(|usable| usable.stored() == *workbin),
            None => queues.iter().any(|served| Some(served.stored()) == doc.queue),
        }
}

#[cfg(test)]
mod tests {
    use handoff_domain::{CenterId, Time};

    use super::*;

    #[test]
    fn without_an_end_what_comes_in_2080_is_in_the_range() {
        let range = Range::of(&Wanted::of(CenterId(1), 10)).unwrap();
        assert!(number_at(Time(3_471_292_800_000)) < range.last);
    }
}
