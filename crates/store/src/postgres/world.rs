//! What a batch found, and what its change sets make of it: the decision, in memory.
//!
//! Everything that is looked at is locked, so it is as it was read until the batch has ended. A
//! change set that is refused changes nothing, and one that comes later finds what the earlier ones
//! of the batch did.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio_postgres::Row;

use crate::change_set::Receipt;
use crate::error::{CommitError, StoreError};
use crate::postgres::heads::{Heads, Place};
use crate::postgres::needs::{Needs, TimerColumns, columns_of};
use crate::postgres::text::clean;
use crate::query::Numbering;
use crate::record::{Key, Kind, Version};
use crate::sql::columns;
use crate::sql::decode::{SqlRow, integer_at, receipt_of, text_at};
use crate::sql::directories::SeenDirectory;
use crate::sql::encode::{self, EncodedChange, EventRows, NoticeRow, Step, Write};
use crate::sql::timers::TimerName;

/// How a record is.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Zero when it does not exist.
    pub(super) version: Version,
    pub(super) lists: Arc<str>,
}

/// A record that the batch writes or removes.
#[derive(Debug)]
pub(super) struct Touched<'a> {
    /// How it was before the batch.
    pub(super) before: State,
    pub(super) now: State,
    /// `None` when it is removed.
    pub(super) row: Option<&'a encode::Row>,
}

/// A timer that the batch looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimerState {
    pub(super) stored: Option<i64>,
    pub(super) now: Option<i64>,
    pub(super) is_touched: bool,
    /// Whether it was only put off: then one that another node sets meanwhile may be later.
    pub(super) is_put_off: bool,
}

/// An event, at its place among those of the batch, from 1 on.
#[derive(Debug)]
pub(super) struct PlacedEvent<'a> {
    pub(super) place: u64,
    pub(super) rows: Vec<PlacedRow<'a>>,
    pub(super) event: &'a EventRows,
}

#[derive(Debug)]
pub(super) struct PlacedRow<'a> {
    pub(super) row: &'a NoticeRow,
    pub(super) numbers: Numbering,
}

/// What became of a change set that may be applied.
#[derive(Debug)]
pub(super) struct Applied {
    /// How many events the batch has with it.
    pub(super) place: u64,
    /// Of each notice: where its stream was before the change set, and its numbers.
    pub(super) added: Vec<(Place, Numbering)>,
}

/// Everything that was read, and what is to be written.
#[derive(Debug, Default)]
pub(super) struct World<'a> {
    pub(super) directories: HashMap<String, Version>,
    records: HashMap<Kind, HashMap<String, State>>,
    pub(super) touched: BTreeMap<Kind, BTreeMap<&'a str, Touched<'a>>>,
    found_receipts: HashMap<(String, String), Receipt>,
    pub(super) receipts: Vec<&'a Receipt>,
    pub(super) receipts_forgotten: Vec<&'a (String, String)>,
    pub(super) timers: BTreeMap<TimerColumns, TimerState>,
    pub(super) heads: Heads,
    /// The directories that are changed, and the records that are, each with the version at which.
    pub(super) grown: BTreeMap<&'a str, Version>,
    pub(super) changed: BTreeMap<(&'a str, Kind, &'a str), Version>,
    pub(super) events: Vec<PlacedEvent<'a>>,
    pub(super) promised: Vec<&'a crate::promised::PromisedAnswer>,
    /// Of each user with promised answers: the place of the first that stays in any case.
    pub(super) promised_first: BTreeMap<String, u64>,
}

/// How a decision saw the directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// As it is.
    Present,
    /// As it was earlier, or not at all.
    Older,
}

impl<'a> World<'a> {
    /// Takes what the calls of `needs` found.
    pub(super) fn of(needs: &Needs<'_>, found: Vec<Vec<Row>>) -> Result<Self, StoreError> {
        let mut world = Self::default();
        let [centers, receipts, timers, heads] = needs.parts();
        // The first locked numbers.
        let mut found = found.into_iter().skip(1);
        let mut next =
            |is_there| if is_there { found.next().unwrap_or_default() } else { Vec::new() };
        for row in next(centers) {
            world.directories.insert(row.get(0), row.get::<_, i64>(1).cast_unsigned());
        }
        for row in next(receipts) {
            let (scope, key): (String, String) = (row.get(0), row.get(1));
            let receipt = receipt_of(&scope, &key, &row, 2)?;
            world.found_receipts.insert((scope, key), receipt);
        }
        for kind in needs.kinds() {
            world.take(kind, &next(true))?;
        }
        for row in next(timers) {
            let due = Some(row.get(3));
            let state = TimerState { stored: due, now: due, ..TimerState::default() };
            world.timers.insert((row.get(0), row.get(1), row.get(2)), state);
        }
        world.heads.take(&next(heads))?;
        Ok(world)
    }

    /// Takes rows of an id, a version, and maybe lists.
    pub(super) fn take(&mut self, kind: Kind, rows: &[Row]) -> Result<(), StoreError> {
        let records = self.records.entry(kind).or_default();
        for row in rows {
            let id = text_at(row, 0, kind.table(), "id")?;
            let version = integer_at(row, 1, kind.table(), id)?.cast_unsigned();
            let lists = if row.len() > 2 { text_at(row, 2, kind.table(), id)? } else { "" };
            records.insert(id.to_owned(), State { version, lists: lists.into() });
        }
        Ok(())
    }

    /// Tells whether records of directories must be compared one by one.
    pub(super) fn has_other_directory(&self, changes: &[&EncodedChange]) -> bool {
        let is_other =
            |seen: &SeenDirectory| self.directory_version(&seen.center) != seen.guard.version;
        changes.iter().any(|change| {
            change.directory.as_ref().is_some_and(is_other) || !change.directory_changes.is_empty()
        })
    }

    fn directory_version(&self, center: &str) -> Version {
        self.grown.get(center).or_else(|| self.directories.get(center)).copied().unwrap_or(0)
    }

    fn state(&self, step: &Step) -> State {
        let kind = step.key.kind();
        if let Some(touched) = self.touched.get(&kind).and_then(|all| all.get(&*step.id)) {
            return touched.now.clone();
        }
        let known = self.records.get(&kind).and_then(|all| all.get(&*clean(&step.id)));
        known.cloned().unwrap_or_default()
    }

    /// Decides on a change set, and notes what it writes.
    pub(super) fn apply(&mut self, change: &'a EncodedChange) -> Result<Applied, CommitError> {
        self.refuse(change)?;
        for step in &change.steps {
            self.write(step);
        }
        for directory in &change.directory_changes {
            let version = self.directory_version(&directory.center) + 1;
            self.grown.insert(&directory.center, version);
            for (kind, id) in &directory.records {
                self.changed.insert((&directory.center, *kind, id), version);
            }
        }
        self.write_timers(change);
        for name @ (scope, key) in &change.receipts_forgotten {
            self.found_receipts.remove(&(clean(scope).into_owned(), clean(key).into_owned()));
            self.receipts.retain(|it| it.scope != *scope || it.key != *key);
            self.receipts_forgotten.push(name);
        }
        for receipt in &change.receipts {
            let key = (clean(&receipt.scope).into_owned(), clean(&receipt.key).into_owned());
            self.found_receipts.insert(key, receipt.clone());
            self.receipts.push(receipt);
        }
        let added = self.write_events(change);
        self.promise(change);
        Ok(Applied { place: self.events.len() as u64, added })
    }

    /// Tries the receipts, then every guard.
    fn refuse(&self, change: &EncodedChange) -> Result<(), CommitError> {
        for Receipt { scope, key, .. } in &change.receipts {
            let name = (clean(scope).into_owned(), clean(key).into_owned());
            if let Some(found) = self.found_receipts.get(&name) {
                let found = Receipt { scope: scope.clone(), key: key.clone(), ..found.clone() };
                return Err(CommitError::Receipt(Box::new(found)));
            }
        }
        let sight = self.sight(change.directory.as_ref())?;
        for step in &change.steps {
            let is_seen = sight == Sight::Present && step.is_check_of_directory();
            if !is_seen && self.state(step).version != step.expected {
                return Err(CommitError::Conflict { key: step.key.clone() });
            }
        }
        for timer in &change.timers_checked {
            let name = columns_of(&TimerName::of(timer.key));
            let due = self.timers.get(&name).and_then(|state| state.now);
            if due != Some(timer.due.0) {
                return Err(CommitError::Timer(timer.key));
            }
        }
        Ok(())
    }

    fn sight(&self, seen: Option<&SeenDirectory>) -> Result<Sight, CommitError> {
        let Some(seen) = seen else { return Ok(Sight::Older) };
        let version = self.directory_version(&seen.center);
        if seen.refuses(version) {
            return Err(CommitError::Conflict { key: Key::Center(seen.guard.center) });
        }
        Ok(if version == seen.guard.version { Sight::Present } else { Sight::Older })
    }

    fn write(&mut self, step: &'a Step) {
        let kind = step.key.kind();
        let (now, row) = match &step.write {
            Write::Nothing => return,
            Write::Remove => (State::default(), None),
            Write::Put(row) => {
                let lists = clean(columns::lists(kind, &row.columns)).as_ref().into();
                (State { version: step.expected + 1, lists }, Some(row))
            }
        };
        let before = self.state(step);
        let all = self.touched.entry(kind).or_default();
        match all.get_mut(&*step.id) {
            Some(touched) => (touched.now, touched.row) = (now, row),
            None => {
                all.insert(&step.id, Touched { before, now, row });
            }
        }
    }

    fn write_timers(&mut self, change: &EncodedChange) {
        let mut touch = |name: &TimerName, change: &dyn Fn(&mut TimerState)| {
            let state = self.timers.entry(columns_of(name)).or_default();
            state.is_touched = true;
            change(state);
        };
        for name in &change.timers_cleared {
            touch(name, &|state| (state.now, state.is_put_off) = (None, false));
        }
        // One that is not as it was read, or not there, is not this change's to remove: another
        // node may set it meanwhile.
        for row in &change.timers_done {
            let state = self.timers.get_mut(&columns_of(&row.name));
            if let Some(state) = state.filter(|state| state.now == Some(row.due)) {
                (state.now, state.is_put_off, state.is_touched) = (None, false, true);
            }
        }
        let mut touch = |name: &TimerName, change: &dyn Fn(&mut TimerState)| {
            let state = self.timers.entry(columns_of(name)).or_default();
            state.is_touched = true;
            change(state);
        };
        for row in &change.timers_set {
            touch(&row.name, &|state| (state.now, state.is_put_off) = (Some(row.due), false));
        }
        for row in &change.timers_put_off {
            touch(&row.name, &|state| {
                state.is_put_off |= state.now.is_none();
                state.now = state.now.max(Some(row.due));
            });
        }
    }

    /// Places the events behind those of earlier change sets.
    fn write_events(&mut self, change: &'a EncodedChange) -> Vec<(Place, Numbering)> {
        let before = self.events.len() as u64;
        let mut grown = self.heads.grow_all(&change.growths, before);
        let mut added = Vec::new();
        for (event, place) in change.events.iter().zip(before + 1..) {
            let mut rows = Vec::with_capacity(event.rows.len());
            for row in &event.rows {
                let (mut numbers, mut after) = (Numbering::new(), Place::Before(0));
                for (topic, growth) in &row.topics {
                    let grown = &mut grown[*growth];
                    grown.last += 1;
                    numbers.push((*topic, grown.last));
                    after = grown.after;
                }
                added.push((after, numbers.clone()));
                rows.push(PlacedRow { row, numbers });
            }
            self.events.push(PlacedEvent { place, rows, event });
        }
        added
    }

    fn promise(&mut self, change: &'a EncodedChange) {
        let mut first = BTreeMap::new();
        for answer in &change.promised {
            self.promised.push(answer);
            first.entry(answer.to.stored()).or_insert(self.promised.len() as u64);
        }
        self.promised_first.extend(first);
    }
}

impl SqlRow for Row {
    fn text_or_null(&self, column: usize) -> Option<Option<&str>> {
        self.try_get(column).ok()
    }

    fn integer_or_null(&self, column: usize) -> Option<Option<i64>> {
        self.try_get(column).ok()
    }
}
