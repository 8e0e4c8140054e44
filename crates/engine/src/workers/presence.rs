//! Says that this node lives and what it is doing, takes the duties that nobody has, and removes
//! what those who are dead said of themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_store::{Lease, StoreError};
use tokio::time::Instant;

use crate::core::{Core, Duty, Trial, Went};
use crate::delivery::Delivery;
use crate::desks::Desks;
use crate::worker::Worker;

/// How often a node says that it lives while its lease lasts.
const RENEWALS: u64 = 5;

/// Renews this node's lease, takes duties, and removes from desks what dead nodes said.
pub struct Presence {
    core: Arc<Core>,
    desks: Arc<Desks>,
    delivery: Arc<Delivery>,
}

impl Presence {
    pub(super) const fn new(core: Arc<Core>, desks: Arc<Desks>, delivery: Arc<Delivery>) -> Self {
        Self { core, desks, delivery }
    }

    /// Does so. A node that lost its lease begins another incarnation and records under it what
    /// its sessions listen to.
    ///
    /// # Errors
    ///
    /// The store's own; what was not done is done in the next round.
    pub async fn keep(&self) -> Result<(), StoreError> {
        let mut began = Instant::now();
        if self.core.renew_lease().await? == Lease::Lost {
            tracing::warn!(
                "the lease of this node was over, so it counted as dead; its agents' sessions go on"
            );
            began = Instant::now();
            self.core.begin_incarnation().await?;
            self.delivery.record_missed_reach().await?;
        }
        self.core.take_duties(began).await?;
        let mut forgotten = Ok(());
        if self.core.has_duty(Duty::DeadNodes) {
            forgotten = self.desks.forget_dead().await;
            let went = if forgotten.is_ok() { Went::Well } else { Went::Wrong };
            self.core.note_duty(Duty::DeadNodes, Trial::Round, went).await;
        }
        self.describe().await?;
        forgotten
    }

    /// Says what this node is, and how it is doing.
    async fn describe(&self) -> Result<(), StoreError> {
        let end = self.core.store.log_end().await?;
        let behind = self.core.readers.behind(end.position);
        self.core.describe(self.delivery.sessions_open(), behind).await
    }
}

#[async_trait]
impl Worker for Presence {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.lease_ms / RENEWALS)
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Nodes) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.keep().await
    }
}
