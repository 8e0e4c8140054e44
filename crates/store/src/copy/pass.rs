//! One pass over one table: both sides are read in the order of their keys, beside each other.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::{Bulk, Carried, Cell, Cells, CopyError, CopyProgress, Seen, Table};
use crate::error::StoreError;
use crate::hash::{FNV_BEGIN, fnv1a_on};

/// Rows looked at together.
const LOOKED_AT_ONCE: usize = 1_000;
/// Most rows written together.
const WRITTEN_AT_ONCE: usize = 500;
/// About how many bytes are written together; one larger row is still written, alone.
const BYTES_AT_ONCE: u64 = 4 << 20;

/// A table of one of the stores, row by row.
struct Side<'a> {
    store: &'a dyn Bulk,
    table: &'static Table,
    page: VecDeque<Seen>,
    last: Cells,
    is_read: bool,
    rows: u64,
    hash: u64,
}

impl<'a> Side<'a> {
    fn of(store: &'a dyn Bulk, table: &'static Table) -> Self {
        let (page, last) = (VecDeque::new(), Vec::new());
        Self { store, table, page, last, is_read: false, rows: 0, hash: FNV_BEGIN }
    }

    /// Returns the next row without going on.
    async fn peek(&mut self) -> Result<Option<&Seen>, StoreError> {
        if self.page.is_empty() && !self.is_read {
            let page = self.store.seen(self.table, &self.last, LOOKED_AT_ONCE).await?;
            self.is_read = page.len() < LOOKED_AT_ONCE;
            self.page = page.into();
        }
        Ok(self.page.front())
    }

    /// Goes on behind the row that was peeked at.
    fn take(&mut self) -> Option<Seen> {
        let seen = self.page.pop_front()?;
        self.last.clone_from(&seen.key);
        self.rows += 1;
        for cell in seen.key.iter().chain(&seen.state) {
            self.hash = fnv1a_on(self.hash, &shown(cell));
        }
        Some(seen)
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => "-".to_owned(),
        Cell::Integer(number) => format!("{number} "),
        Cell::Text(text) => format!("{text}\n"),
    }
}

/// What is to be written together.
#[derive(Default)]
struct Batch {
    keys: Vec<Cells>,
    gone: Vec<Cells>,
    bytes: u64,
}

impl Batch {
    fn add(&mut self, seen: Seen) {
        self.bytes += seen.bytes;
        self.keys.push(seen.key);
    }

    const fn is_full(&self) -> bool {
        self.keys.len() + self.gone.len() >= WRITTEN_AT_ONCE || self.bytes >= BYTES_AT_ONCE
    }

    /// Writes all of it, and reads back what was written.
    async fn write(
        &mut self,
        (from, to): (&dyn Bulk, &dyn Bulk),
        table: &'static Table,
    ) -> Result<u64, CopyError> {
        let Self { keys, gone, .. } = std::mem::take(self);
        if keys.is_empty() && gone.is_empty() {
            return Ok(0);
        }
        // What is gone from the source meanwhile is found by the next pass.
        let rows = from.rows(table, &keys).await?;
        to.write(table, &rows, &gone).await?;
        let written: Vec<Cells> = rows.iter().map(|row| row[..table.key.len()].to_vec()).collect();
        let back = to.rows(table, &written).await?;
        let differs = rows.iter().enumerate().find(|(place, row)| back.get(*place) != Some(*row));
        if let Some((_, row)) = differs {
            let key: Vec<String> = row[..table.key.len()].iter().map(shown).collect();
            return Err(CopyError::CameBack { table: table.name, key: key.concat() });
        }
        Ok(rows.len() as u64)
    }
}

/// Makes a table of the target what it is in the source.
pub(super) async fn carry(
    from: &dyn Bulk,
    to: &dyn Bulk,
    table: &'static Table,
    progress: &(dyn Fn(CopyProgress) + Sync),
) -> Result<Carried, CopyError> {
    let (mut source, mut target) = (Side::of(from, table), Side::of(to, table));
    let (mut batch, mut written, mut removed) = (Batch::default(), 0, 0);
    loop {
        let order = match (source.peek().await?, target.peek().await?) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(here), Some(there)) => here.key.cmp(&there.key),
        };
        match order {
            Ordering::Less => batch.extend(source.take()),
            Ordering::Greater => {
                batch.gone.extend(target.take().map(|seen| seen.key));
                removed += 1;
            }
            Ordering::Equal => {
                let is_other = |(here, there): &(Seen, Seen)| {
                    here.state != there.state || here.bytes != there.bytes
                };
                let both = source.take().zip(target.take()).filter(is_other);
                batch.extend(both.map(|(here, _)| here));
            }
        }
        if batch.is_full() {
            written += batch.write((from, to), table).await?;
            progress(CopyProgress { table: table.name, rows: source.rows });
        }
    }
    written += batch.write((from, to), table).await?;
    progress(CopyProgress { table: table.name, rows: source.rows });
    let (rows, hash) = (source.rows, source.hash);
    let is_alike = written == 0 && removed == 0;
    if is_alike && (rows, hash) != (target.rows, target.hash) {
        return Err(CopyError::Differs { table: table.name });
    }
    Ok(Carried { table: table.name, rows, written, removed, hash })
}

impl Extend<Seen> for Batch {
    fn extend<T: IntoIterator<Item = Seen>>(&mut self, seen: T) {
        seen.into_iter().for_each(|seen| self.add(seen));
    }
}
