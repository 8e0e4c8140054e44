//! The eraser: goes on with the erasures of contacts that somebody asked for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_store::StoreError;
use tokio::sync::Notify;

use crate::core::Duty;
use crate::privacy::Erasures;
use crate::worker::Worker;

/// How often it looks for erasures that began on another node.
const PERIOD: Duration = Duration::from_secs(5);

pub(super) struct Eraser {
    erasures: Arc<Erasures>,
}

impl Eraser {
    pub(super) const fn new(erasures: Arc<Erasures>) -> Self {
        Self { erasures }
    }
}

#[async_trait]
impl Worker for Eraser {
    fn name(&self) -> &'static str {
        "erasure"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Erasure)
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn wakes(&self) -> Arc<Notify> {
        self.erasures.begun()
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.erasures.go_on().await.map(drop)
    }
}
