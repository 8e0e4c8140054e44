//! What a store's connections did, counted for figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Statements of the writer, those that begin and end its transactions included.
    pub written: u64,
    /// Statements of the readers.
    pub read: u64,
    /// Pages written to the write-ahead log.
    pub pages: u64,
}

#[derive(Debug, Default)]
struct Inner {
    written: AtomicU64,
    read: AtomicU64,
    pages: AtomicU64,
    /// How long the write-ahead log was after the last commit.
    length: AtomicU64,
}

/// The counters of one store, shared between it and whoever looks.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Inner>);

impl Counts {
    /// Returns what was done so far.
    #[must_use]
    pub fn now(&self) -> Count {
        let [written, read, pages] = [&self.0.written, &self.0.read, &self.0.pages]
            .map(|counter| counter.load(Ordering::Relaxed));
        Count { written, read, pages }
    }

    /// Counts the statements of the connection that writes.
    pub(super) fn count_written(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        let inner = Arc::clone(&self.0);
        count(connection, move || inner.written.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts the statements of a connection that reads.
    pub(super) fn count_read(
        &self,
        mut connection: Connection,
    ) -> Result<Connection, rusqlite::Error> {
        let inner = Arc::clone(&self.0);
        count(&mut connection, move || inner.read.fetch_add(1, Ordering::Relaxed))?;
        Ok(connection)
    }

    /// Notes how long the write-ahead log is after a commit. One that is shorter was begun anew.
    pub(super) fn note_length(&self, length: u32) {
        let length = u64::from(length);
        let before = self.0.length.swap(length, Ordering::Relaxed);
        let more = if length < before { length } else { length - before };
        self.0.pages.fetch_add(more, Ordering::Relaxed);
    }
}

fn count(
    connection: &mut Connection,
    one_more: impl Fn() -> u64 + Send + 'static,
) -> Result<(), rusqlite::Error> {
    let count = move |_: TraceEvent<'_>| {
        one_more();
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(count))
}
