//! Reads the directory anew, and sees to it that nothing stays with users who were disabled.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_store::StoreError;

use crate::core::Core;
use crate::desks::Desks;
use crate::worker::Worker;

pub(super) struct DirectoryReader {
    core: Arc<Core>,
    desks: Arc<Desks>,
}

impl DirectoryReader {
    pub(super) const fn new(core: Arc<Core>, desks: Arc<Desks>) -> Self {
        Self { core, desks }
    }
}

#[async_trait]
impl Worker for DirectoryReader {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.reload_ms)
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Directory) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.core.reload_directory().await?;
        self.desks.retire_disabled().await
    }
}
