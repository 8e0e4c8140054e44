//! Reads what was changed in the directory, by whichever node, and sees to it that it takes effect
//! on who is here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_store::StoreError;

use crate::core::Core;
use crate::desks::Desks;
use crate::worker::Worker;

/// Reads what was changed.
pub struct DirectoryReader {
    core: Arc<Core>,
    desks: Arc<Desks>,
}

impl DirectoryReader {
    pub(super) const fn new(core: Arc<Core>, desks: Arc<Desks>) -> Self {
        Self { core, desks }
    }

    /// Reads what was changed, and does what it asks for.
    ///
    /// # Errors
    ///
    /// The store's own; what was not done is done in the next round.
    pub async fn look(&self) -> Result<(), StoreError> {
        self.core.reload_directory().await?;
        self.desks.follow_directory().await
    }
}

#[async_trait]
impl Worker for DirectoryReader {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.directory_ms)
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Directory) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.look().await
    }
}
