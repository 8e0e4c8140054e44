//! Delivery's look for what was missed: streams whose hint was lost, reach that was not recorded.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::Received;
use handoff_store::StoreError;

use crate::core::Core;
use crate::delivery::Delivery;
use crate::worker::Worker;

/// The shortest time between two looks: where very many are told at once, hints are missed one
/// after the other.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct MissedStreams {
    core: Arc<Core>,
    delivery: Arc<Delivery>,
}

impl MissedStreams {
    pub(super) const fn new(core: Arc<Core>, delivery: Arc<Delivery>) -> Self {
        Self { core, delivery }
    }
}

#[async_trait]
impl Worker for MissedStreams {
    fn name(&self) -> &'static str {
        "delivery"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        *received == Received::Missed
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.delivery.deliver_missed().await
    }
}
