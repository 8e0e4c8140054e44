//! A store that takes no writes, for a while or for good.

use super::SqliteStore;
use super::files;
use super::health::Rest;
use super::writer::Job;
use crate::error::StoreError;

impl SqliteStore {
    /// Takes no writes as long as what is returned is there; reads are answered as ever. When it
    /// returns, everything that was taken before is written.
    ///
    /// # Errors
    ///
    /// The store's own; then writes are taken.
    pub async fn rest(&self) -> Result<Rest, StoreError> {
        const ATTEMPTED: &str = "taking no writes any more";
        let rest = Rest::of(&self.health);
        self.health.check(ATTEMPTED)?;
        // The writer does one thing after the other.
        self.writer.run(ATTEMPTED, 0, |reply| Job::Probe { reply }).await??;
        Ok(rest)
    }

    /// Takes no writes for good, and notes durably that all it has was moved, so that it is not
    /// opened again either: [`SqliteStore::open`] says where it is now. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// When that could not be written; then writes are taken again once nobody else has a rest.
    pub fn moved(&self, rest: Rest, to: &str) -> Result<(), StoreError> {
        files::mark_moved(&self.path, to).map_err(|source| StoreError::Unavailable {
            attempted: "noting where the store was moved",
            source: source.into(),
        })?;
        rest.for_good();
        Ok(())
    }
}
