//! Reads the board anew: it bounds the life of a wrong entry.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_store::StoreError;

use crate::core::Core;
use crate::worker::Worker;

pub(super) struct BoardReader {
    core: Arc<Core>,
}

impl BoardReader {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

#[async_trait]
impl Worker for BoardReader {
    fn name(&self) -> &'static str {
        "board"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.reload_ms)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.core.reload_board().await
    }
}
