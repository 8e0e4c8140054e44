//! What a batch locks and reads before anything is decided.
//!
//! Everybody locks in one order, so nobody waits for somebody who waits for them: numbers, in their
//! order; then the records that are written or checked, by kind and key; timers; heads; and the end
//! of the log, which is taken last. A number stands for something that is no row: a contact
//! center's directory (shared by who relies on it, alone for who changes it), a record that must
//! not exist, a receipt, and the batch itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::change_set::Timer;
use crate::hash::fnv1a;
use crate::postgres::pipeline::{Call, call};
use crate::postgres::statements::{self as text, table};
use crate::postgres::text::clean;
use crate::record::{Kind, Part};
use crate::sql::encode::{EncodedChange, Step, Write};
use crate::sql::timers::TimerName;

/// Most numbers that a batch of several change sets takes: the server has room for some thousands,
/// for all nodes together.
pub(super) const NUMBERS_MAX: usize = 256;

/// A timer's name, in the order in which timers are locked.
pub(super) type TimerColumns = (String, i64, i64);

pub(super) fn columns_of(name: &TimerName) -> TimerColumns {
    (name.subject.clone(), name.kind, name.number)
}

/// Everything that a batch looks at.
#[derive(Debug, Default)]
pub(super) struct Needs<'a> {
    /// Each with whether it is taken alone.
    numbers: BTreeMap<i64, bool>,
    centers: BTreeSet<&'a str>,
    rows: BTreeMap<Kind, BTreeSet<&'a str>>,
    /// Records of directories that are read only where a directory is not as it was seen.
    checked: BTreeMap<Kind, BTreeSet<&'a str>>,
    receipts: BTreeSet<(&'a str, &'a str)>,
    timers: BTreeSet<TimerColumns>,
    owners: BTreeSet<Arc<str>>,
}

/// Returns about how many numbers a change set takes.
pub(super) fn numbers_of(change: &EncodedChange) -> usize {
    let absent = change.steps.iter().filter(|step| is_locked_by_number(step)).count();
    absent + change.receipts.len() + change.directory_changes.len()
}

/// A record that does not exist cannot be locked as a row.
fn is_locked_by_number(step: &Step) -> bool {
    step.expected == 0 && step.key.kind().part() == Part::Work
}

impl<'a> Needs<'a> {
    /// Finds what change sets need. `salt` tells this cluster's numbers from those of others in the
    /// same database.
    pub(super) fn of(changes: &[&'a EncodedChange], salt: &str, batch: &str) -> Self {
        let mut needs = Self::default();
        let number = |what: &str, key: &str| fnv1a(&format!("{salt} {what} {key}")).cast_signed();
        needs.numbers.insert(number("batch", batch), true);
        for change in changes {
            if let Some(seen) = &change.directory {
                needs.centers.insert(&seen.center);
                needs.numbers.entry(number("center", &seen.center)).or_default();
            }
            for changed in &change.directory_changes {
                needs.centers.insert(&changed.center);
                needs.numbers.insert(number("center", &changed.center), true);
            }
            for step in &change.steps {
                let kind = step.key.kind();
                if is_locked_by_number(step) {
                    needs.numbers.insert(number(kind.table(), &step.id), true);
                }
                let is_seen = step.is_check_of_directory() && change.directory.is_some();
                let rows = if is_seen { &mut needs.checked } else { &mut needs.rows };
                rows.entry(kind).or_default().insert(&step.id);
            }
            for receipt in &change.receipts {
                let key = format!("{} {}", receipt.scope, receipt.key);
                needs.numbers.insert(number("receipt", &key), true);
                needs.receipts.insert((&receipt.scope, &receipt.key));
            }
            needs.timers.extend(timers_of(change));
            needs.owners.extend(change.growths.iter().map(|growth| Arc::clone(&growth.owner)));
        }
        needs
    }

    /// Returns the statements that lock and read all of it, in the order of locking.
    pub(super) fn calls(&self) -> Vec<Call<'_>> {
        let (numbers, alone): (Vec<i64>, Vec<bool>) = self.numbers.iter().unzip();
        let mut calls = vec![call!(text::NUMBERS_LOCK, numbers, alone)];
        if !self.centers.is_empty() {
            calls.push(call!(text::DIRECTORIES_READ, Vec::from_iter(self.centers.iter().copied())));
        }
        if !self.receipts.is_empty() {
            let clean = self.receipts.iter().map(|(scope, key)| (clean(scope), clean(key)));
            let (scopes, keys): (Vec<_>, Vec<_>) = clean.unzip();
            calls.push(call!(text::RECEIPTS_READ, scopes, keys));
        }
        for (kind, ids) in &self.rows {
            calls.push(call!(&table(*kind).guard, ids_of(ids)));
        }
        if !self.timers.is_empty() {
            calls.push(timers_call(text::TIMERS_LOCK, self.timers.iter()));
        }
        if !self.owners.is_empty() {
            calls.push(self.heads_call(text::HEADS_LOCK));
        }
        calls
    }

    /// The same, and nothing is locked. That is wrong on purpose.
    #[cfg(feature = "conformance")]
    pub(super) fn calls_without_locks(&self) -> Vec<Call<'_>> {
        let mut calls = self.calls();
        for call in &mut calls {
            call.sql = text::without_lock(call.sql);
        }
        calls
    }

    pub(super) fn heads_call(&self, sql: &'static str) -> Call<'_> {
        call!(sql, self.owners.iter().map(|owner| &**owner).collect::<Vec<_>>())
    }

    /// Returns the statements that read the versions of checked records of directories.
    pub(super) fn checked_calls(&self) -> Vec<Call<'_>> {
        let calls = self.checked.iter();
        calls.map(|(kind, ids)| call!(&table(*kind).versions, ids_of(ids))).collect()
    }

    /// Returns the kinds of [`Needs::checked_calls`] in their order.
    pub(super) fn checked_kinds(&self) -> impl Iterator<Item = Kind> {
        self.checked.keys().copied()
    }

    /// Returns the kinds whose rows are locked, in their order.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.rows.keys().copied()
    }

    /// Tells which parts of [`Needs::calls`] there are: directories, receipts, timers, heads.
    pub(super) fn parts(&self) -> [bool; 4] {
        [
            !self.centers.is_empty(),
            !self.receipts.is_empty(),
            !self.timers.is_empty(),
            !self.owners.is_empty(),
        ]
    }

    pub(super) fn owners(&self) -> usize {
        self.owners.len()
    }
}

fn ids_of<'a>(ids: &BTreeSet<&'a str>) -> Vec<std::borrow::Cow<'a, str>> {
    ids.iter().map(|id| clean(id)).collect()
}

/// Returns a statement whose parameters are the names of timers.
pub(super) fn timers_call<'a>(
    sql: &'static str,
    timers: impl Iterator<Item = &'a TimerColumns>,
) -> Call<'a> {
    let (mut subjects, mut kinds, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for (subject, kind, number) in timers {
        subjects.push(subject.as_str());
        kinds.push(*kind);
        numbers.push(*number);
    }
    call!(sql, subjects, kinds, numbers)
}

fn timers_of(change: &EncodedChange) -> impl Iterator<Item = TimerColumns> {
    let rows =
        [&change.timers_done, &change.timers_set, &change.timers_put_off].into_iter().flatten();
    let checked = |timer: &Timer| columns_of(&TimerName::of(timer.key));
    change
        .timers_cleared
        .iter()
        .chain(rows.map(|row| &row.name))
        .map(columns_of)
        .chain(change.timers_checked.iter().map(checked))
}

/// Tells whether a change set writes anything at all.
pub(super) fn writes(change: &EncodedChange) -> bool {
    change.steps.iter().any(|step| !matches!(step.write, Write::Nothing))
        || !change.events.is_empty()
        || !change.receipts.is_empty()
        || !change.receipts_forgotten.is_empty()
        || !change.promised.is_empty()
        || timers_of(change).next().is_some()
}
