//! Copies the write-ahead log into the database.
//!
//! SQLite would do so by itself after a commit, but it drops the errors of that copying, among them
//! a failed sync of the database file, and would then overwrite the log that was the only sound
//! copy. So its automatic copying is off, and this does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use tracing::warn;

use crate::sqlite::SqliteOptions;
#[cfg(feature = "conformance")]
use crate::sqlite::counts::Counts;
use crate::sqlite::failure::{Verdict, judge};
#[cfg(feature = "conformance")]
use crate::sqlite::faults::{Faults, Place};
use crate::sqlite::files::BUSY_TIMEOUT;

/// A log of so many times the wanted length is being read all the time, so that it cannot be begun
/// anew in passing. Then the readers are waited for, for a moment.
const OVERLONG: u32 = 8;
/// How long that is: commits wait as well. Reads take less, and one that takes longer, as a backup
/// does, keeps the log growing until it has ended.
const RESTART_PATIENCE: Duration = Duration::from_millis(50);

/// The write-ahead log of one connection.
#[derive(Debug)]
pub(super) struct Log {
    /// How long it was after the last commit, in pages.
    pages: Arc<AtomicU32>,
    /// How much of it was in the database after the last copying.
    copied: u32,
    /// At how many pages more it is copied.
    wanted: u32,
    #[cfg(feature = "conformance")]
    faults: Faults,
    #[cfg(feature = "conformance")]
    counts: Counts,
}

impl Log {
    pub(super) fn new(options: &SqliteOptions) -> Self {
        Self {
            pages: Arc::default(),
            copied: 0,
            wanted: options.checkpoint_pages,
            #[cfg(feature = "conformance")]
            faults: options.faults.clone(),
            #[cfg(feature = "conformance")]
            counts: options.counts.clone(),
        }
    }

    /// Follows the commits of a connection.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        let pages = Arc::clone(&self.pages);
        #[cfg(feature = "conformance")]
        let counts = self.counts.clone();
        #[cfg(feature = "conformance")]
        counts.count_written(connection)?;
        connection.wal_hook(Some(move |_: &mut Wal, length| {
            let length = u32::try_from(length).unwrap_or(0);
            pages.store(length, Ordering::Relaxed);
            #[cfg(feature = "conformance")]
            counts.note_length(length);
            Ok(())
        }))
    }

    /// Tells whether anything is not in the database yet.
    pub(super) fn is_due_when_idle(&self) -> bool {
        self.new_pages() > 0
    }

    /// Copies the log if enough is new in it. An error is one after which nothing may be written
    /// any more.
    pub(super) fn copy_if_long(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        if self.new_pages() < self.wanted {
            return Ok(());
        }
        let overlong = self.pages.load(Ordering::Relaxed) / OVERLONG >= self.wanted;
        self.copy(
            connection,
            if overlong { CheckpointMode::RESTART } else { CheckpointMode::PASSIVE },
        )
    }

    /// Copies the log. An error is one after which nothing may be written any more.
    pub(super) fn copy(
        &mut self,
        connection: &Connection,
        mode: CheckpointMode,
    ) -> Result<(), rusqlite::Error> {
        #[cfg(feature = "conformance")]
        self.faults.strike(Place::Checkpoint)?;
        let patience = match mode {
            CheckpointMode::RESTART => RESTART_PATIENCE,
            _ => BUSY_TIMEOUT,
        };
        self.copy_within(connection, mode, patience).map(|_| ())
    }

    /// Copies the log and leaves nothing in it; tells whether it could, which nobody may read in.
    /// An error is one after which nothing may be written any more.
    pub(super) fn empty(&mut self, connection: &Connection) -> Result<bool, rusqlite::Error> {
        self.copy_within(connection, CheckpointMode::TRUNCATE, RESTART_PATIENCE)
    }

    fn copy_within(
        &mut self,
        connection: &Connection,
        mode: CheckpointMode,
        patience: Duration,
    ) -> Result<bool, rusqlite::Error> {
        connection.busy_timeout(patience)?;
        let copied = connection.wal_checkpoint_v2(Some(MAIN_DB), mode);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let is_done = copied.is_ok();
        match copied {
            Err(failure) if judge(&failure) == Verdict::Stop => return Err(failure),
            Err(failure) => warn!(
                error = &failure as &dyn std::error::Error,
                "the log could not be copied into the database and grows on"
            ),
            Ok(_) => {}
        }
        // Also when it could not be copied: it is tried again once as much has come, and not after
        // every commit.
        self.copied = self.pages.load(Ordering::Relaxed);
        Ok(is_done)
    }

    fn new_pages(&self) -> u32 {
        let pages = self.pages.load(Ordering::Relaxed);
        // A shorter log than before was begun anew.
        if pages < self.copied { pages } else { pages - self.copied }
    }
}
