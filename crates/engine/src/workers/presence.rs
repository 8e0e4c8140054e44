//! Says that this node lives, and removes what those who are dead said of themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_store::{Lease, StoreError};

use crate::core::Core;
use crate::delivery::Delivery;
use crate::desks::Desks;
use crate::worker::Worker;

/// How often a node says that it lives while its lease lasts.
const RENEWALS: u64 = 5;

/// Renews this node's lease, and removes from desks what dead nodes said.
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
        if self.core.renew_lease().await? == Lease::Lost {
            tracing::warn!(
                "the lease of this node was over, so it counted as dead; its agents' sessions go on"
            );
            self.core.begin_incarnation().await?;
            self.delivery.record_missed_reach().await?;
        }
        self.desks.forget_dead().await
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

    async fn round(&self) -> Result<(), StoreError> {
        self.keep().await
    }
}
