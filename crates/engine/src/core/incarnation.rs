//! The incarnation of this node: what it says of itself in the store stands under it, and its
//! duties with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use handoff_bus::Hint;
use handoff_domain::Incarnation;
use handoff_store::{AboutNode, Lease, StoreError};
use tokio::time::Instant;

use super::{Core, Duty, Trial, Went};

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
        // Before anybody is served: others have to find this node by what it hands out.
        self.describe(0, BTreeMap::new()).await
    }

    /// Says what this node is, with how many sessions it has and by how many entries its readers
    /// are behind the log.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn describe(
        &self,
        sessions: u64,
        behind: BTreeMap<String, u64>,
    ) -> Result<(), StoreError> {
        let about = AboutNode {
            name: self.options.node_name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_ms: self.started.0,
            session_prefix: self.options.session_prefix.clone(),
            address: self.options.node_address.clone(),
            sessions,
            behind,
            resting: self.resting_duties().iter().map(|it| it.name().to_owned()).collect(),
        };
        self.store.describe_node(self.incarnation(), about).await
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

    /// Tells whether this node has a duty. A node that could not renew its lease in time has none,
    /// whatever it had.
    #[must_use]
    pub fn has_duty(&self, duty: Duty) -> bool {
        self.duties.has(duty)
    }

    /// Waits until this node has a duty.
    pub async fn until_duty(&self, duty: Duty) {
        self.duties.until(duty).await;
    }

    /// Takes the duties that nobody has. Its lease was renewed after `began`.
    ///
    /// # Errors
    ///
    /// The store's own; the node has what it had, until its lease is over.
    pub(crate) async fn take_duties(&self, began: Instant) -> Result<(), StoreError> {
        let until = began + Duration::from_millis(self.options.lease_ms);
        self.duties.take(&*self.store, self.incarnation(), until).await
    }

    /// Notes how something went that is a duty of this node's. One that has gone wrong for too long
    /// is handed back, as long as there is a node that it could be: tells whether it was.
    pub(crate) async fn note_duty(&self, duty: Duty, trial: Trial, went: Went) -> bool {
        if !self.duties.note(duty, trial, went) {
            return false;
        }
        let given_back = async {
            let is_accompanied = self.is_accompanied().await?;
            if is_accompanied {
                self.duties.rest_from(&*self.store, self.incarnation(), duty).await?;
            }
            Ok::<_, StoreError>(is_accompanied)
        };
        // Where not even that can be done, the lease ends by itself.
        let is_given_back = given_back.await.unwrap_or(false);
        if is_given_back {
            tracing::warn!(
                duty = duty.name(),
                "a duty failed here again and again; another node may take it"
            );
            self.bus.wake(Hint::Nodes);
        }
        is_given_back
    }

    /// Tells whether another node lives, which could do what this one cannot.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn is_accompanied(&self) -> Result<bool, StoreError> {
        Ok(self.store.living().await?.len() > 1)
    }

    /// Returns the duties that failed here again and again, and are left to other nodes for now.
    #[must_use]
    pub fn resting_duties(&self) -> BTreeSet<Duty> {
        self.duties.resting()
    }

    /// Hands all duties back, for good: another node takes them at once.
    ///
    /// # Errors
    ///
    /// The store's own; they are another's when the lease is over.
    pub(crate) async fn leave_duties(&self) -> Result<(), StoreError> {
        self.duties.leave(&*self.store, self.incarnation()).await?;
        self.bus.wake(Hint::Nodes);
        Ok(())
    }
}
