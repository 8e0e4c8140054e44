//! What a batch writes, as statements of many rows each.

use crate::codec::{self, newest, write_numbers};
use crate::error::StoreError;
use crate::postgres::needs::timers_call;
use crate::postgres::pipeline::{Call, Parameter, call};
use crate::postgres::statements::{self as text, table};
use crate::postgres::text::clean;
use crate::postgres::world::{PlacedEvent, TimerState, Touched, World};
use crate::promised::{PROMISED_BYTES_MAX, PROMISED_MAX};
use crate::record::Kind;
use crate::sql::columns::{self, Value, is_number};
use crate::sql::lists::only_in;

/// Where in the statements of a batch the end of the log is taken.
pub(super) struct Writes<'a> {
    pub(super) calls: Vec<Call<'a>>,
    /// The place of the statement that gives the last position and the last number.
    pub(super) end: usize,
}

impl Writes<'_> {
    /// Takes positions from plain sequences. That is wrong on purpose.
    #[cfg(feature = "conformance")]
    pub(super) fn by_sequences(mut self) -> Self {
        for call in &mut self.calls {
            call.sql = text::by_sequences(call.sql);
        }
        self
    }
}

impl World<'_> {
    /// Returns the statements that write everything, in the order of locking.
    pub(super) fn writes<'w>(&'w self, batch: &'w str) -> Result<Writes<'w>, StoreError> {
        let mut calls = Vec::new();
        for (kind, rows) in &self.touched {
            write_records(*kind, rows.iter().map(|(id, touched)| (*id, touched)), &mut calls);
        }
        self.write_lists(&mut calls);
        self.write_directories(&mut calls);
        self.write_timers_to(&mut calls);
        self.write_receipts(&mut calls);
        calls.push(call!(text::END_LOCK));
        let end = calls.len();
        let (positions, numbers) = (count(self.events.len()), count(self.promised.len()));
        calls.push(call!(text::END_TAKE, positions, numbers, batch));
        self.write_log(positions, &mut calls);
        self.write_rows(positions, &mut calls);
        self.write_heads(positions, &mut calls)?;
        self.write_promised(numbers, &mut calls);
        Ok(Writes { calls, end })
    }

    fn write_lists<'w>(&'w self, calls: &mut Vec<Call<'w>>) {
        let (mut left, mut entered) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (id, Touched { before, now, .. }) in self.touched.values().flatten() {
            for list in only_in(&before.lists, &now.lists) {
                left.0.push(list);
                left.1.push(*id);
            }
            // The lists of a row are cleaned as a whole, so the names are as they are stored.
            for list in only_in(&now.lists, &before.lists) {
                entered.0.push(list);
                entered.1.push(*id);
            }
        }
        if !left.0.is_empty() {
            calls.push(call!(text::LISTS_LEAVE, left.0, left.1));
        }
        if !entered.0.is_empty() {
            calls.push(call!(text::LISTS_ENTER, entered.0, entered.1));
        }
    }

    fn write_directories<'w>(&'w self, calls: &mut Vec<Call<'w>>) {
        if self.grown.is_empty() {
            return;
        }
        let (centers, versions): (Vec<&str>, Vec<i64>) =
            self.grown.iter().map(|(center, version)| (*center, version.cast_signed())).unzip();
        calls.push(call!(text::DIRECTORIES_WRITE, centers, versions));
        let of = |(center, kind, id): &(&'w str, Kind, &'w str)| (*center, kind.table(), *id);
        let keys: Vec<_> = self.changed.keys().map(of).collect();
        calls.push(call!(
            text::CHANGES_NOTE,
            keys.iter().map(|key| key.0).collect::<Vec<_>>(),
            keys.iter().map(|key| key.1).collect::<Vec<_>>(),
            keys.iter().map(|key| key.2).collect::<Vec<_>>(),
            self.changed.values().map(|version| version.cast_signed()).collect::<Vec<_>>(),
        ));
    }

    fn write_timers_to<'w>(&'w self, calls: &mut Vec<Call<'w>>) {
        let touched = || self.timers.iter().filter(|(_, state)| state.is_touched);
        let is_gone = |state: &TimerState| state.now.is_none();
        // One that was locked cannot have been set meanwhile.
        let is_put_off = |state: &TimerState| state.stored.is_none() && state.is_put_off;
        let gone: Vec<_> = touched().filter(|(_, it)| is_gone(it)).map(|(name, _)| name).collect();
        if !gone.is_empty() {
            calls.push(timers_call(text::TIMERS_REMOVE, gone.into_iter()));
        }
        for (sql, wanted) in [(text::TIMERS_WRITE, false), (text::TIMERS_PUT_OFF, true)] {
            let written = || touched().filter(|(_, it)| !is_gone(it) && is_put_off(it) == wanted);
            if written().next().is_some() {
                let mut call = timers_call(sql, written().map(|(name, _)| name));
                let due: Vec<i64> = written().filter_map(|(_, state)| state.now).collect();
                call.parameters.push(Box::new(due));
                calls.push(call);
            }
        }
    }

    fn write_receipts<'w>(&'w self, calls: &mut Vec<Call<'w>>) {
        let forgotten = || self.receipts_forgotten.iter();
        if !self.receipts_forgotten.is_empty() {
            calls.push(call!(
                text::RECEIPTS_FORGET,
                forgotten().map(|(scope, _)| clean(scope)).collect::<Vec<_>>(),
                forgotten().map(|(_, key)| clean(key)).collect::<Vec<_>>(),
            ));
        }
        if self.receipts.is_empty() {
            return;
        }
        let all = || self.receipts.iter();
        calls.push(call!(
            text::RECEIPTS_WRITE,
            all().map(|it| clean(&it.scope)).collect::<Vec<_>>(),
            all().map(|it| clean(&it.key)).collect::<Vec<_>>(),
            all().map(|it| it.fingerprint.as_str()).collect::<Vec<_>>(),
            all().map(|it| it.answer.as_str()).collect::<Vec<_>>(),
            all().map(|it| it.expires.map(|expires| expires.0)).collect::<Vec<_>>(),
        ));
    }

    /// The history of events, and what is recent.
    fn write_log<'w>(&'w self, positions: i64, calls: &mut Vec<Call<'w>>) {
        if self.events.is_empty() {
            return;
        }
        let kept = || self.events.iter().filter_map(|it| Some((it, it.event.history.as_ref()?)));
        if kept().next().is_some() {
            calls.push(call!(
                text::HISTORY_WRITE,
                positions,
                kept().map(|(it, _)| it.place.cast_signed()).collect::<Vec<_>>(),
                kept().map(|(it, _)| it.event.subject.as_str()).collect::<Vec<_>>(),
                kept().map(|(it, _)| it.event.at).collect::<Vec<_>>(),
                kept().map(|(_, history)| history.epoch).collect::<Vec<_>>(),
                vec![newest::EVENT; kept().count()],
                kept().map(|(it, _)| it.event.body.as_str()).collect::<Vec<_>>(),
                kept().map(|(_, history)| history.last_entry).collect::<Vec<_>>(),
            ));
        }
        let all = || self.events.iter();
        // The body is written once: here only where no history has it.
        let body =
            |it: &'w PlacedEvent<'_>| it.event.history.is_none().then_some(it.event.body.as_str());
        calls.push(call!(
            text::RECENT_WRITE,
            positions,
            all().map(|it| it.place.cast_signed()).collect::<Vec<_>>(),
            all().map(|it| it.event.at).collect::<Vec<_>>(),
            all().map(|it| it.event.subject.as_str()).collect::<Vec<_>>(),
            all().map(|it| it.event.kind.text()).collect::<Vec<_>>(),
            all().map(|it| it.event.kind.newest()).collect::<Vec<_>>(),
            all().map(|it| it.event.snapshot.as_deref()).collect::<Vec<_>>(),
            all().map(|it| body(it).map(|_| newest::EVENT)).collect::<Vec<_>>(),
            all().map(body).collect::<Vec<_>>(),
            all().map(|it| &*it.event.told).collect::<Vec<_>>(),
        ));
    }

    fn write_rows<'w>(&'w self, positions: i64, calls: &mut Vec<Call<'w>>) {
        let rows = || {
            self.events.iter().flat_map(|event| {
                (0_i64..)
                    .zip(&event.rows)
                    .map(|(ordinal, row)| (event.place.cast_signed(), ordinal, row))
            })
        };
        if rows().next().is_none() {
            return;
        }
        let numbers = rows().map(|(_, _, row)| {
            let mut text = String::new();
            write_numbers(&mut text, &row.numbers);
            text
        });
        calls.push(call!(
            text::ROWS_WRITE,
            positions,
            rows().map(|(_, _, it)| &*it.row.owner).collect::<Vec<_>>(),
            rows().map(|(place, _, _)| place).collect::<Vec<_>>(),
            rows().map(|(_, ordinal, _)| ordinal).collect::<Vec<_>>(),
            numbers.collect::<Vec<_>>(),
            vec![newest::NOTICE; rows().count()],
            rows().map(|(_, _, it)| it.row.body.as_str()).collect::<Vec<_>>(),
        ));
    }

    fn write_heads<'w>(
        &'w self,
        positions: i64,
        calls: &mut Vec<Call<'w>>,
    ) -> Result<(), StoreError> {
        let (mut owners, mut places, mut all) = (Vec::new(), Vec::new(), Vec::<String>::new());
        for (owner, place, numbers) in self.heads.grown() {
            owners.push(owner);
            places.push(place.cast_signed());
            let text = codec::encode("a head", numbers);
            all.push(
                text.map_err(|error| crate::sql::decode::undecodable("heads", owner, &error))?,
            );
        }
        if !owners.is_empty() {
            calls.push(call!(text::HEADS_WRITE, positions, owners, places, all));
        }
        Ok(())
    }

    fn write_promised<'w>(&'w self, numbers: i64, calls: &mut Vec<Call<'w>>) {
        if self.promised.is_empty() {
            return;
        }
        let all = || self.promised.iter();
        calls.push(call!(
            text::PROMISED_WRITE,
            numbers,
            all().map(|it| it.to.stored()).collect::<Vec<_>>(),
            all().map(|it| it.topic.name()).collect::<Vec<_>>(),
            all().map(|it| it.until.0).collect::<Vec<_>>(),
            all().map(|it| count(it.body.len())).collect::<Vec<_>>(),
            all().map(|it| &*it.body).collect::<Vec<_>>(),
        ));
        for (user, first) in &self.promised_first {
            calls.push(call!(
                text::PROMISED_TRIM,
                user,
                numbers,
                first.cast_signed(),
                count(PROMISED_MAX),
                count(PROMISED_BYTES_MAX),
            ));
        }
    }
}

fn write_records<'w>(
    kind: Kind,
    rows: impl Iterator<Item = (&'w str, &'w Touched<'w>)>,
    calls: &mut Vec<Call<'w>>,
) {
    let (mut put, mut removed) = (Vec::new(), Vec::new());
    for (id, touched) in rows {
        match touched.row {
            Some(row) => put.push((id, touched.now.version.cast_signed(), row)),
            // One that was made and removed in the batch was never there.
            None => removed.push(clean(id)),
        }
    }
    if !removed.is_empty() {
        if kind == Kind::Interaction {
            calls.push(call!(text::HISTORY_FORGET, removed.clone()));
        }
        calls.push(call!(&table(kind).remove, removed));
    }
    if put.is_empty() {
        return;
    }
    let mut parameters: Vec<Parameter<'w>> = vec![
        Box::new(put.iter().map(|(id, _, _)| clean(id)).collect::<Vec<_>>()),
        Box::new(put.iter().map(|(_, version, _)| *version).collect::<Vec<_>>()),
        Box::new(put.iter().map(|(_, _, row)| row.form).collect::<Vec<_>>()),
        Box::new(put.iter().map(|(_, _, row)| &*row.body).collect::<Vec<_>>()),
    ];
    for (place, name) in columns::names(kind).iter().enumerate() {
        let values = put.iter().map(|(_, _, row)| &row.columns[place]);
        parameters.push(if is_number(name) {
            Box::new(values.map(number).collect::<Vec<_>>())
        } else {
            Box::new(values.map(word).collect::<Vec<_>>())
        });
    }
    calls.push(Call { sql: &table(kind).put, parameters });
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(_) | Value::Word(_) | Value::Nothing => None,
    }
}

fn word(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(clean(text)),
        Value::Word(word) => Some((*word).into()),
        Value::Integer(_) | Value::Nothing => None,
    }
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
