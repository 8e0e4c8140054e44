//! Applies one change set inside the batch's transaction.
//!
//! The receipts are tried first, then every guard is read and compared, and only when all of them
//! hold is anything written. A change set that fails has therefore written nothing and drops out of
//! its batch without a savepoint, and one that comes later reads what the earlier ones of the batch
//! wrote.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::change_set::Receipt;
use crate::codec::{encode_numbers, newest};
use crate::error::CommitError;
use crate::query::Numbering;
use crate::record::{Kind, Version};
use crate::sql::encode::{
    Columns, EncodedChange, EventRows, Growth, Notified, Row, Step, TimerRow, Write,
};
use crate::sql::lists::only_in;
use crate::sql::statements::{self as text, COUNTERS, counter, table};
use crate::sqlite::failure::corrupt;

/// The kinds, each at the place that `Kind as usize` gives.
pub(super) const KINDS: [Kind; 14] = [
    Kind::Center,
    Kind::User,
    Kind::Skill,
    Kind::Group,
    Kind::Queue,
    Kind::Workbin,
    Kind::Service,
    Kind::Desk,
    Kind::Interaction,
    Kind::File,
    Kind::Contact,
    Kind::MailboxMark,
    Kind::LoginSession,
    Kind::FilesDirectory,
];

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
    remove: Statement<'c>,
}

/// The writer's statements, prepared once.
#[derive(Debug)]
pub(super) struct Statements<'c> {
    tables: [TableStatements<'c>; KINDS.len()],
    list_enter: Statement<'c>,
    list_leave: Statement<'c>,
    event_insert: Statement<'c>,
    history_insert: Statement<'c>,
    head_grow: Statement<'c>,
    head_grown: Statement<'c>,
    row_insert: Statement<'c>,
    timer_set: Statement<'c>,
    timer_clear: Statement<'c>,
    timer_done: Statement<'c>,
    receipt_read: Statement<'c>,
    receipt_insert: Statement<'c>,
}

/// What a guarded record was before the change set.
#[derive(Debug, Default)]
struct Before {
    version: Version,
    lists: String,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let mut tables = Vec::with_capacity(KINDS.len());
        for kind in KINDS {
            let table = table(kind);
            tables.push(TableStatements {
                guard: connection.prepare(table.guard)?,
                put: connection.prepare(table.put)?,
                remove: connection.prepare(table.remove)?,
            });
        }
        Ok(Self {
            tables: tables.try_into().expect("one for each of KINDS"),
            list_enter: connection.prepare(text::LIST_ENTER)?,
            list_leave: connection.prepare(text::LIST_LEAVE)?,
            event_insert: connection.prepare(text::EVENT_INSERT)?,
            history_insert: connection.prepare(text::HISTORY_INSERT)?,
            head_grow: connection.prepare(text::HEAD_GROW)?,
            head_grown: connection.prepare(text::HEAD_GROWN)?,
            row_insert: connection.prepare(text::ROW_INSERT)?,
            timer_set: connection.prepare(text::TIMER_SET)?,
            timer_clear: connection.prepare(text::TIMER_CLEAR)?,
            timer_done: connection.prepare(text::TIMER_DONE)?,
            receipt_read: connection.prepare(text::RECEIPT_READ)?,
            receipt_insert: connection.prepare(text::RECEIPT_INSERT)?,
        })
    }

    /// Applies a change set after `position`, the end of the log so far; returns the new end.
    pub(super) fn apply(&mut self, change: &EncodedChange, position: u64) -> Result<u64, Refusal> {
        self.refuse_receipts(change)?;
        let before = self.guard(&change.steps)?;
        for (step, before) in change.steps.iter().zip(&before) {
            self.write(step, before)?;
        }
        self.write_timers(change)?;
        for receipt in &change.receipts {
            let Receipt { scope, key, fingerprint, answer, expires } = receipt;
            let expires = expires.map(|expires| expires.0);
            self.receipt_insert.execute(params![scope, key, fingerprint, answer, expires])?;
        }
        let mut last = self.grow(&change.growths, position)?;
        for (event, position) in change.events.iter().zip(position + 1..) {
            self.write_event(event, position, &change.growths, &mut last)?;
        }
        Ok(position + change.events.len() as u64)
    }

    fn refuse_receipts(&mut self, change: &EncodedChange) -> Result<(), Refusal> {
        for receipt in &change.receipts {
            let existing = self
                .receipt_read
                .query_row(params![receipt.scope, receipt.key], |row| {
                    crate::sqlite::reads::receipt_of(&receipt.scope, &receipt.key, row)
                })
                .optional()?;
            if let Some(existing) = existing {
                return Err(Refusal::Alone(CommitError::Receipt(Box::new(existing))));
            }
        }
        Ok(())
    }

    fn guard(&mut self, steps: &[Step]) -> Result<Vec<Before>, Refusal> {
        let mut all = Vec::with_capacity(steps.len());
        for step in steps {
            let kind = step.key.kind();
            let statement = &mut self.tables[kind as usize].guard;
            let before = statement
                .query_row([&step.id], |row| {
                    let lists = if kind == Kind::Interaction { row.get(1)? } else { String::new() };
                    Ok(Before { version: row.get(0)?, lists })
                })
                .optional()?
                .unwrap_or_default();
            if before.version != step.expected {
                return Err(Refusal::Alone(CommitError::Conflict { key: step.key.clone() }));
            }
            all.push(before);
        }
        Ok(all)
    }

    fn write(&mut self, step: &Step, before: &Before) -> Result<(), rusqlite::Error> {
        let statements = &mut self.tables[step.key.kind() as usize];
        let lists = match &step.write {
            Write::Nothing => return Ok(()),
            Write::Remove => {
                statements.remove.execute([&step.id])?;
                ""
            }
            Write::Put(row) => {
                put(&mut statements.put, step, row)?;
                match &row.columns {
                    Columns::Interaction(columns) => &columns.lists,
                    Columns::None | Columns::LoginSession { .. } => "",
                }
            }
        };
        for list in only_in(&before.lists, lists) {
            self.list_leave.execute([list, &step.id])?;
        }
        for list in only_in(lists, &before.lists) {
            self.list_enter.execute([list, &step.id])?;
        }
        Ok(())
    }

    fn write_timers(&mut self, change: &EncodedChange) -> Result<(), rusqlite::Error> {
        for name in &change.timers_cleared {
            self.timer_clear.execute(params![name.subject, name.kind, name.number])?;
        }
        for TimerRow { name, due } in &change.timers_done {
            self.timer_done.execute(params![name.subject, name.kind, name.number, due])?;
        }
        for TimerRow { name, due } in &change.timers_set {
            self.timer_set.execute(params![name.subject, name.kind, name.number, due])?;
        }
        Ok(())
    }

    /// Takes the numbers for everybody who is told; returns the last number before them on each
    /// topic.
    fn grow(
        &mut self,
        growths: &[Growth],
        position: u64,
    ) -> Result<Vec<[u64; COUNTERS]>, rusqlite::Error> {
        let mut all = Vec::with_capacity(growths.len());
        for growth in growths {
            let n = &growth.counts;
            let parameters = params![
                growth.user,
                position + growth.last_event,
                growth.reference,
                n[0],
                n[1],
                n[2],
                n[3],
                n[4],
                n[5],
                n[6],
                n[7],
                n[8]
            ];
            self.head_grow.execute(parameters)?;
            let last = self.head_grown.query_row([&growth.user], |row| {
                let mut last = [0; COUNTERS];
                for (place, number) in last.iter_mut().enumerate() {
                    *number = row.get::<_, u64>(place)? - n[place];
                }
                Ok(last)
            })?;
            all.push(last);
        }
        Ok(all)
    }

    fn write_event(
        &mut self,
        event: &EventRows,
        position: u64,
        growths: &[Growth],
        last: &mut [[u64; COUNTERS]],
    ) -> Result<(), Refusal> {
        if let Some(history) = &event.history {
            self.history_insert.execute(params![
                history.interaction,
                position,
                event.at,
                history.epoch,
                newest::EVENT,
                event.body,
                history.last_entry
            ])?;
        }
        let Some(told) = &event.told else { return Ok(()) };
        let Notified { users, subject_kind, subject, rows } = told;
        self.event_insert.execute(params![
            position,
            event.at,
            users,
            newest::EVENT,
            event.body,
            subject_kind.text(),
            subject_kind.newest(),
            &**subject
        ])?;
        for (ordinal, row) in (0_i64..).zip(rows) {
            let last = &mut last[row.growth];
            let mut numbers = Numbering::with_capacity(row.topics.len());
            for topic in &row.topics {
                let number = &mut last[counter(*topic)];
                *number += 1;
                numbers.push((*topic, *number));
            }
            let numbers = encode_numbers(&numbers)
                .map_err(|error| Refusal::Alone(corrupt("a stream row", &error).into()))?;
            let user = &growths[row.growth].user;
            self.row_insert.execute(params![
                user,
                position,
                ordinal,
                numbers,
                newest::NOTICE,
                row.body
            ])?;
        }
        Ok(())
    }
}

fn put(statement: &mut Statement<'_>, step: &Step, row: &Row) -> Result<usize, rusqlite::Error> {
    let (id, version, body) = (&step.id, step.expected + 1, &*row.body);
    match &row.columns {
        Columns::None => statement.execute(params![id, version, row.form, body]),
        Columns::LoginSession { last_used } => {
            statement.execute(params![id, version, row.form, body, last_used])
        }
        Columns::Interaction(columns) => statement.execute(params![
            id,
            version,
            row.form,
            body,
            columns.lists,
            columns.center,
            columns.place,
            columns.media,
            columns.queue,
            columns.owner,
            columns.external_id,
            columns.contact
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_at_their_places() {
        assert_eq!(KINDS.map(|kind| kind as usize), std::array::from_fn(|place| place));
    }
}
