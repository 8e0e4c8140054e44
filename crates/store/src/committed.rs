//! What a commit gives back.

use std::sync::Arc;

use handoff_domain::Event;

use crate::change_set::Put;
use crate::query::{Numbering, StreamRow};

/// What a commit did. What was handed in comes back, so that whoever remembers what they wrote
/// needs no copy of it, and with it the numbers that it was given, so that nobody has to read them.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The position of its last event in the log, or of the last one before it if it had none.
    pub position: u64,
    /// The records that it wrote.
    pub puts: Vec<Put>,
    /// Its events, without their notices.
    pub events: Vec<Arc<Event>>,
    /// What its events put into streams, in their order and in that of their notices.
    pub rows: Vec<AddedRow>,
}

/// A row that a commit put into a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedRow {
    /// The position of the stream's last row before the commit; zero when there was none. Whoever
    /// has all rows up to there misses none before this commit's.
    pub after: u64,
    pub row: StreamRow,
}

/// What a store finds out about a row when it adds it.
#[derive(Debug)]
pub(crate) struct Added {
    /// As in [`AddedRow`].
    pub(crate) after: u64,
    pub(crate) numbers: Numbering,
}

impl Committed {
    /// Joins what was handed in with what the store found out about each notice, in their order.
    pub(crate) fn of(
        position: u64,
        puts: Vec<Put>,
        events: Vec<Event>,
        added: impl IntoIterator<Item = Added>,
    ) -> Self {
        let first = position + 1 - events.len() as u64;
        let mut added = added.into_iter();
        let (mut told, mut rows) = (Vec::with_capacity(events.len()), Vec::new());
        for (mut event, position) in events.into_iter().zip(first..) {
            let notices = std::mem::take(&mut event.notices);
            let event = Arc::new(event);
            for (notice, Added { after, numbers }) in notices.into_iter().zip(added.by_ref()) {
                let row = StreamRow { position, notice, numbers, event: Arc::clone(&event) };
                rows.push(AddedRow { after, row });
            }
            told.push(event);
        }
        Self { position, puts, events: told, rows }
    }
}
