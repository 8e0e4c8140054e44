//! The incarnation of this node: what it says of itself in the store stands under it.

use std::sync::PoisonError;

use handoff_domain::Incarnation;
use handoff_store::{Lease, StoreError};

use super::Core;

impl Core {
    /// Returns the incarnation of this node; it has another one when its lease was lost.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        *self.incarnation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an incarnation, the first or another one: what was said under the one before is left
    /// to those who find it dead.
    ///
    /// # Errors
    ///
    /// The store's own; the node then is still what it was.
    pub(crate) async fn begin_incarnation(&self) -> Result<(), StoreError> {
        let incarnation = Incarnation(self.ids.random());
        self.store.begin_lease(incarnation, self.options.lease_ms).await?;
        *self.incarnation.write().unwrap_or_else(PoisonError::into_inner) = incarnation;
        Ok(())
    }

    /// Tells the store that this node lives.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn renew_lease(&self) -> Result<Lease, StoreError> {
        self.store.renew_lease(self.incarnation(), self.options.lease_ms).await
    }

    /// Tells the store that this node stops.
    ///
    /// # Errors
    ///
    /// The store's own; the lease then ends by itself.
    pub(crate) async fn end_lease(&self) -> Result<(), StoreError> {
        self.store.end_lease(self.incarnation()).await
    }
}
