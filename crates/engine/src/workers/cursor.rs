//! The cursor of a reactor: up to where it has acted on what the log says.
//!
//! It is stored after what it passes was acted on, never before. Whoever goes on from a stored one
//! acts on some entries again and leaves none out, so what a reactor does may be done twice and
//! takes effect once.

use handoff_domain::Time;
use handoff_store::{ChangeSet, Key, Put, ReaderCursor, Record, StoreError, Version};

use crate::commands::Commands;
use crate::core::Core;

/// The shortest time between two times that it is stored, in ms. It bounds what is acted on again
/// after a crash; the store is not to be written to each time that somebody reads.
const REST_MS: u64 = 10_000;

/// How far a reactor has come.
#[derive(Debug)]
pub(super) struct Cursor {
    reader: &'static str,
    generation: u64,
    position: u64,
    /// The position that is stored, in which version and since when.
    stored: u64,
    version: Version,
    stored_at: Time,
}

impl Cursor {
    /// Reads a reactor's cursor. One that is not there, or of another generation of the log, is
    /// before everything.
    pub(super) async fn read(core: &Core, reader: &'static str) -> Result<Self, StoreError> {
        let generation = core.store.log_end().await?.generation;
        let key = Key::ReaderCursor(reader.to_owned());
        let found = core.store.load_one(&key).await?;
        let version = found.as_ref().map_or(0, |found| found.version);
        let stored = match found.map(|found| found.value) {
            Some(Record::ReaderCursor(cursor)) if cursor.generation == generation => {
                cursor.position
            }
            _ => 0,
        };
        Ok(Self { reader, generation, position: stored, stored, version, stored_at: core.now() })
    }

    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Notes that everything up to a position was acted on.
    pub(super) fn pass(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    /// Stores it, unless that was done just now.
    ///
    /// # Errors
    ///
    /// The store's own; it is stored another time.
    pub(super) async fn keep(
        &mut self,
        core: &Core,
        commands: &Commands,
    ) -> Result<(), StoreError> {
        let now = core.now();
        if self.position == self.stored || now.ms_since(self.stored_at) < REST_MS {
            return Ok(());
        }
        let record = Record::ReaderCursor(ReaderCursor {
            reader: self.reader.to_owned(),
            generation: self.generation,
            position: self.position,
        });
        let puts = vec![Put { record, expected: self.version }];
        match commands.commits().make(ChangeSet { puts, ..ChangeSet::default() }).await {
            Ok(_) => {
                (self.stored, self.stored_at) = (self.position, now);
                self.version += 1;
                Ok(())
            }
            // Another node has acted as well, and this one goes on from whichever came further.
            Err(error) => {
                error.into_conflict()?;
                let reached = self.position;
                *self = Self::read(core, self.reader).await?;
                self.pass(reached);
                Ok(())
            }
        }
    }
}
