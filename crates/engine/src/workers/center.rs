//! Tells those who watch a whole contact center what changed. Where nobody does, it does nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::Time;
use handoff_store::StoreError;
use tokio::sync::Notify;

use crate::core::Core;
use crate::delivery::Delivery;
use crate::worker::Worker;

/// The shortest time between two looks at a center: fast enough for eyes, and slow enough that a
/// busy center costs those who watch it no more.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct CenterTeller {
    core: Arc<Core>,
    delivery: Arc<Delivery>,
}

impl CenterTeller {
    pub(super) const fn new(core: Arc<Core>, delivery: Arc<Delivery>) -> Self {
        Self { core, delivery }
    }
}

#[async_trait]
impl Worker for CenterTeller {
    fn name(&self) -> &'static str {
        "center"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn next_due(&self) -> Option<Time> {
        self.delivery.centers_due()
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn wakes(&self) -> Arc<Notify> {
        self.delivery.room_for_centers()
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        match received {
            Received::Hint(Hint::Streams { .. } | Hint::Routing | Hint::Directory)
            | Received::Missed => true,
            Received::Hint(
                Hint::Chats(_) | Hint::Timers | Hint::Logins | Hint::Nodes | Hint::Promised(_),
            )
            | Received::Closed => false,
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.delivery.tell_of_centers().await
    }
}
