//! Removes from the index what the store no longer has: retention removes records without an entry
//! of the log.
//!
//! What was removed is not found from then on, because an answer shows records; this sees to it
//! that no text stays behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{InteractionId, Time};
use handoff_engine::{Clock, Worker};
use handoff_store::{Key, Store, StoreError};

use super::Search;
use crate::projection::ProjectionError;

/// Interactions compared in one round: a millisecond of the store's time each second.
const AT_ONCE: usize = 500;
const PERIOD: Duration = Duration::from_secs(1);
/// How long it rests after it went through all of them: as retention, which removes them.
const RESTS_MS: u64 = 60 * 60 * 1_000;

/// Where it is.
#[derive(Clone, Copy, Debug)]
enum Place {
    After(Option<InteractionId>),
    /// It went through all of them at a time.
    Done(Time),
}

/// Removes from the index what is no more.
pub struct Sweep {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    search: Arc<Search>,
    place: Mutex<Place>,
}

impl Sweep {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, search: Arc<Search>) -> Self {
        Self { store, clock, search, place: Mutex::new(Place::After(None)) }
    }

    /// Compares the next ones; returns where to go on.
    async fn step(&self, after: Option<InteractionId>) -> Result<Place, StoreError> {
        let ids = self.ask(move |search| search.ids_after(after, AT_ONCE)).await?;
        let keys: Vec<Key> = ids.iter().copied().map(Key::Interaction).collect();
        let versions = self.store.versions(&keys).await?;
        let is_last = ids.len() < AT_ONCE;
        let last = ids.last().copied();
        let gone: Vec<InteractionId> = ids
            .into_iter()
            .zip(versions)
            .filter(|(_, version)| *version == 0)
            .map(|(id, _)| id)
            .collect();
        if !gone.is_empty() {
            tracing::info!(removed = gone.len(), "what is no longer kept left the index of search");
            self.ask(move |search| search.forget(&gone)).await?;
        }
        Ok(if is_last { Place::Done(self.clock.now()) } else { Place::After(last) })
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Search) -> Result<T, ProjectionError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let search = self.search.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&search)).await;
        let asked =
            asked.unwrap_or_else(|error| Err(ProjectionError::Unreadable(error.to_string())));
        asked.map_err(crate::reader::failed)
    }
}

#[async_trait]
impl Worker for Sweep {
    fn name(&self) -> &'static str {
        "search-sweep"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        let place = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let after = match place {
            Place::After(after) => after,
            Place::Done(at) if self.clock.now().ms_since(at) >= RESTS_MS => None,
            Place::Done(_) => return Ok(()),
        };
        let next = self.step(after).await?;
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}
