//! The life that this node leads in the store: what it says of itself there stands under it.

use std::sync::{Mutex, PoisonError};

use handoff_domain::Incarnation;
use handoff_store::{Lease, StoreError};

use super::Core;

/// The incarnation of this node, which changes when its lease was lost.
#[derive(Debug)]
pub(super) struct Life(Mutex<Incarnation>);

impl Life {
    pub(super) const fn new(incarnation: Incarnation) -> Self {
        Self(Mutex::new(incarnation))
    }
}

impl Core {
    /// Returns the life that this node leads in the store.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        *self.life.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a life, the first or another one: what was said under the one before is left to those
    /// who find it dead.
    ///
    /// # Errors
    ///
    /// The store's own; the node then still has its former life.
    pub(crate) async fn begin_life(&self) -> Result<(), StoreError> {
        let incarnation = Incarnation(self.ids.random());
        self.store.begin_lease(incarnation, self.options.lease_ms).await?;
        *self.life.0.lock().unwrap_or_else(PoisonError::into_inner) = incarnation;
        Ok(())
    }

    /// Tells the store that this node lives.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn keep_life(&self) -> Result<Lease, StoreError> {
        self.store.renew_lease(self.incarnation(), self.options.lease_ms).await
    }

    /// Tells the store that this node stops.
    ///
    /// # Errors
    ///
    /// The store's own; the lease then ends by itself.
    pub(crate) async fn end_life(&self) -> Result<(), StoreError> {
        self.store.end_lease(self.incarnation()).await
    }
}
