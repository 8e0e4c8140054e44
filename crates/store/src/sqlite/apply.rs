//! Applies one change set inside the batch's transaction.
//!
//! The receipts are tried first, then every guard is read and compared, and only when all of them
//! hold is anything written. A change set that fails has therefore written nothing and drops out of
//! its batch without a savepoint, and one that comes later reads what the earlier ones of the batch
//! wrote.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params, params_from_iter};

use crate::change_set::{Receipt, Timer};
use crate::codec::{newest, write_numbers};
use crate::committed::Added;
use crate::error::CommitError;
use crate::promised::{PROMISED_BYTES_MAX, PROMISED_MAX, PromisedAnswer};
use crate::query::Numbering;
use crate::record::{Key, Kind};
use crate::sql::columns::{self, Value};
use crate::sql::decode::receipt_of;
use crate::sql::directories::SeenDirectory;
use crate::sql::encode::{
    EncodedChange, EventRows, NoticeRow, Row, RowPlace, Step, TimerRow, Write,
};
use crate::sql::lists::only_in;
use crate::sql::statements::{self as text, table};
use crate::sql::timers::TimerName;
use crate::sql::{log, promised};
use crate::sqlite::directories::Directories;
use crate::sqlite::guarded::{Before, Guarded};
use crate::sqlite::heads::{Grown, Heads};

/// What became of a change set that was applied.
#[derive(Debug)]
pub(super) struct Written {
    /// The end of the log after it.
    pub(super) position: u64,
    /// What became of each notice, in their order.
    pub(super) added: Vec<Added>,
}

/// Why a change set was not applied.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It alone failed, and wrote nothing.
    Alone(CommitError),
    /// The database failed, and with it the whole batch.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

#[derive(Debug)]
struct TableStatements<'c> {
    guard: Statement<'c>,
    put: Statement<'c>,
    /// Of kinds that are in lists.
    put_last: Option<Statement<'c>>,
    remove: Statement<'c>,
}

impl<'c> TableStatements<'c> {
    const fn put(&mut self, place: RowPlace) -> &mut Statement<'c> {
        match (place, &mut self.put_last) {
            (RowPlace::Last, Some(last)) => last,
            _ => &mut self.put,
        }
    }
}

fn prepared<'c>(
    connection: &'c Connection,
    text: Option<&str>,
) -> Result<Option<Statement<'c>>, rusqlite::Error> {
    text.map(|text| connection.prepare(text)).transpose()
}

/// The writer's statements, prepared once.
#[derive(Debug)]
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    /// Each kind's, at the place of `kind as usize`.
    tables: Vec<TableStatements<'c>>,
    list_enter: Statement<'c>,
    list_leave: Statement<'c>,
    recent_insert: Statement<'c>,
    history_insert: Statement<'c>,
    history_forget: Statement<'c>,
    guarded: Guarded,
    heads: Heads<'c>,
    directories: Directories<'c>,
    row_insert: Statement<'c>,
    timer_read: Statement<'c>,
    timer_set: Statement<'c>,
    timer_put_off: Statement<'c>,
    timer_clear: Statement<'c>,
    timer_done: Statement<'c>,
    promised_insert: Statement<'c>,
    promised_trim: Statement<'c>,
    receipt_read: Statement<'c>,
    receipt_insert: Statement<'c>,
    receipt_forget: Statement<'c>,
    /// The text of the numbers that are being written.
    numbers: String,
}

/// How a decision saw the directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// As it is.
    Present,
    /// As it was earlier, or not at all.
    Older,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let mut tables = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let table = table(*kind);
            tables.push(TableStatements {
                guard: connection.prepare(&table.guard)?,
                put: connection.prepare(&table.put)?,
                put_last: prepared(connection, table.put_last.as_deref())?,
                remove: connection.prepare(&table.remove)?,
            });
        }
        Ok(Self {
            connection,
            tables,
            list_enter: connection.prepare(text::LIST_ENTER)?,
            list_leave: connection.prepare(text::LIST_LEAVE)?,
            recent_insert: connection.prepare(log::RECENT_INSERT)?,
            history_insert: connection.prepare(log::HISTORY_INSERT)?,
            history_forget: connection.prepare(log::HISTORY_FORGET)?,
            guarded: Guarded::default(),
            heads: Heads::prepare(connection)?,
            directories: Directories::prepare(connection)?,
            row_insert: connection.prepare(log::ROW_INSERT)?,
            timer_read: connection.prepare(text::TIMER_READ)?,
            timer_set: connection.prepare(text::TIMER_SET)?,
            timer_put_off: connection.prepare(text::TIMER_PUT_OFF)?,
            timer_clear: connection.prepare(text::TIMER_CLEAR)?,
            timer_done: connection.prepare(text::TIMER_DONE)?,
            promised_insert: connection.prepare(promised::INSERT)?,
            promised_trim: connection.prepare(promised::TRIM)?,
            receipt_read: connection.prepare(text::RECEIPT_READ)?,
            receipt_insert: connection.prepare(text::RECEIPT_INSERT)?,
            receipt_forget: connection.prepare(text::RECEIPT_FORGET)?,
            numbers: String::new(),
        })
    }

    /// Forgets what is remembered of a batch that was undone.
    pub(super) fn forget(&mut self) {
        self.guarded.forget();
        self.heads.forget();
        self.directories.forget();
    }

    /// Applies a change set after `position`, the end of the log so far.
    pub(super) fn apply(
        &mut self,
        change: &EncodedChange,
        position: u64,
    ) -> Result<Written, Refusal> {
        self.refuse_receipts(change)?;
        let directory = self.directory(change.directory.as_ref())?;
        let before = self.guard(&change.steps, directory)?;
        self.check_timers(&change.timers_checked)?;
        for (step, before) in change.steps.iter().zip(&before) {
            self.write(step, before)?;
        }
        for change in &change.directory_changes {
            self.directories.grow(change)?;
        }
        self.write_timers(change)?;
        for (scope, key) in &change.receipts_forgotten {
            self.receipt_forget.execute([scope, key])?;
        }
        for receipt in &change.receipts {
            let Receipt { scope, key, fingerprint, answer, expires } = receipt;
            let expires = expires.map(|expires| expires.0);
            self.receipt_insert.execute(params![scope, key, fingerprint, answer, expires])?;
        }
        let mut grown = self.heads.grow_all(&change.growths, position)?;
        let mut added =
            Vec::with_capacity(change.events.iter().map(|event| event.rows.len()).sum());
        for (event, position) in change.events.iter().zip(position + 1..) {
            self.write_event(event, position)?;
            self.write_rows(&event.rows, position, &mut grown, &mut added)?;
        }
        self.write_promised(&change.promised)?;
        Ok(Written { position: position + change.events.len() as u64, added })
    }

    /// Writes promised answers, and lets the oldest go of those who have too many then.
    fn write_promised(&mut self, answers: &[PromisedAnswer]) -> Result<(), rusqlite::Error> {
        let mut first = BTreeMap::new();
        for PromisedAnswer { to, topic, body, until } in answers {
            let (user, bytes) = (to.stored(), body.len());
            self.promised_insert.execute(params![user, topic.name(), until.0, bytes, &**body])?;
            first.entry(*to).or_insert_with(|| self.connection.last_insert_rowid());
        }
        for (user, first) in first {
            let most = (PROMISED_MAX, PROMISED_BYTES_MAX);
            self.promised_trim.execute(params![user.stored(), first, most.0, most.1])?;
        }
        Ok(())
    }

    fn refuse_receipts(&mut self, change: &EncodedChange) -> Result<(), Refusal> {
        for receipt in &change.receipts {
            let Receipt { scope, key, .. } = receipt;
            let mut rows = self.receipt_read.query([scope, key])?;
            if let Some(row) = rows.next()? {
                let existing = receipt_of(scope, key, row, 0);
                return Err(Refusal::Alone(existing.map_or_else(CommitError::from, |existing| {
                    CommitError::Receipt(Box::new(existing))
                })));
            }
        }
        Ok(())
    }

    /// Tells whether the directory is as it was seen.
    fn directory(&mut self, seen: Option<&SeenDirectory>) -> Result<Sight, Refusal> {
        let Some(seen) = seen else { return Ok(Sight::Older) };
        let version = self.directories.version(&seen.center)?;
        if seen.refuses(version) {
            let key = Key::Center(seen.guard.center);
            return Err(Refusal::Alone(CommitError::Conflict { key }));
        }
        Ok(if version == seen.guard.version { Sight::Present } else { Sight::Older })
    }

    fn guard(&mut self, steps: &[Step], directory: Sight) -> Result<Vec<Before>, Refusal> {
        let mut all = Vec::with_capacity(steps.len());
        for step in steps {
            if directory == Sight::Present && step.is_check_of_directory() {
                all.push(Before::default());
                continue;
            }
            let before = self.before(step)?;
            if before.version != step.expected {
                return Err(Refusal::Alone(CommitError::Conflict { key: step.key.clone() }));
            }
            all.push(before);
        }
        Ok(all)
    }

    /// Returns how a record is, read first if it is not remembered.
    fn before(&mut self, step: &Step) -> Result<Before, rusqlite::Error> {
        if let Some(known) = self.guarded.get(&step.key) {
            return Ok(known.clone());
        }
        let statement = &mut self.tables[step.key.kind() as usize].guard;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Before { version: row.get(0)?, lists: row.get_ref(1)?.as_str()?.into() })
        };
        let before = statement.query_row([&step.id], read).optional()?.unwrap_or_default();
        self.guarded.note(&step.key, &before);
        Ok(before)
    }

    fn check_timers(&mut self, checked: &[Timer]) -> Result<(), Refusal> {
        for timer in checked {
            let TimerName { subject, kind, number } = TimerName::of(timer.key);
            let due: Option<i64> = self
                .timer_read
                .query_row(params![subject, kind, number], |row| row.get(0))
                .optional()?;
            if due != Some(timer.due.0) {
                return Err(Refusal::Alone(CommitError::Timer(timer.key)));
            }
        }
        Ok(())
    }

    fn write(&mut self, step: &Step, before: &Before) -> Result<(), rusqlite::Error> {
        let statements = &mut self.tables[step.key.kind() as usize];
        let now = match &step.write {
            Write::Nothing => return Ok(()),
            Write::Remove => {
                statements.remove.execute([&step.id])?;
                if step.key.kind() == Kind::Interaction {
                    self.history_forget.execute([&step.id])?;
                }
                Before::default()
            }
            Write::Put(row) => {
                put(statements.put(row.place), step, row)?;
                let lists = columns::lists(step.key.kind(), &row.columns);
                let is_same = *before.lists == *lists;
                let lists = if is_same { Arc::clone(&before.lists) } else { lists.into() };
                Before { version: step.expected + 1, lists }
            }
        };
        self.guarded.note(&step.key, &now);
        for list in only_in(&before.lists, &now.lists) {
            self.list_leave.execute([list, &step.id])?;
        }
        for list in only_in(&now.lists, &before.lists) {
            self.list_enter.execute([list, &step.id])?;
        }
        Ok(())
    }

    fn write_timers(&mut self, change: &EncodedChange) -> Result<(), rusqlite::Error> {
        for name in &change.timers_cleared {
            self.timer_clear.execute(params![name.subject, name.kind, name.number])?;
        }
        for (timers, statement) in [
            (&change.timers_done, &mut self.timer_done),
            (&change.timers_set, &mut self.timer_set),
            (&change.timers_put_off, &mut self.timer_put_off),
        ] {
            for TimerRow { name, due } in timers {
                statement.execute(params![name.subject, name.kind, name.number, due])?;
            }
        }
        Ok(())
    }

    fn write_event(&mut self, event: &EventRows, position: u64) -> Result<(), rusqlite::Error> {
        if let Some(history) = &event.history {
            self.history_insert.execute(params![
                event.subject,
                position,
                event.at,
                history.epoch,
                newest::EVENT,
                event.body,
                history.last_entry
            ])?;
        }
        // The body is written once: here only where no history has it.
        let body = event.history.is_none().then_some(&event.body);
        self.recent_insert.execute(params![
            position,
            event.at,
            event.subject,
            &*event.told,
            event.kind.text(),
            event.kind.newest(),
            event.snapshot.as_deref(),
            body.map(|_| newest::EVENT),
            body
        ])?;
        Ok(())
    }

    /// Writes the rows of an event, and notes what became of each.
    fn write_rows(
        &mut self,
        rows: &[NoticeRow],
        position: u64,
        grown: &mut [Grown],
        added: &mut Vec<Added>,
    ) -> Result<(), rusqlite::Error> {
        for (ordinal, row) in (0_i64..).zip(rows) {
            let row_added = add(row, grown);
            self.numbers.clear();
            write_numbers(&mut self.numbers, &row_added.numbers);
            let (owner, numbers, form) = (&*row.owner, &self.numbers, newest::NOTICE);
            self.row_insert.execute(params![owner, position, ordinal, numbers, form, row.body])?;
            added.push(row_added);
        }
        Ok(())
    }
}

/// Takes the numbers of a row.
fn add(row: &NoticeRow, grown: &mut [Grown]) -> Added {
    let mut added = Added { after: 0, numbers: Numbering::with_capacity(row.topics.len()) };
    for (topic, growth) in &row.topics {
        let Grown { last, after } = &mut grown[*growth];
        *last += 1;
        added.numbers.push((*topic, *last));
        added.after = *after;
    }
    added
}

fn put(statement: &mut Statement<'_>, step: &Step, row: &Row) -> Result<usize, rusqlite::Error> {
    let (version, body) = (step.expected + 1, &*row.body);
    let first: [&dyn ToSql; 4] = [&step.id, &version, &row.form, &body];
    let own = row.columns.iter().map(|value| value as &dyn ToSql);
    statement.execute(params_from_iter(first.into_iter().chain(own)))
}

impl ToSql for Value {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => text.as_str().into(),
            Self::Word(word) => (*word).into(),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Nothing => ValueRef::Null,
        }))
    }
}
