//! The keys that tickets are signed with where several nodes serve: one node lets in whoever logged
//! in at another.
//!
//! They lie in the store, and whoever reads it could make tickets with them. So each signs for an
//! hour, and is kept for as long as a ticket that it signed may come back for the first time: then
//! what is in a backup opens nothing any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::Time;
use handoff_engine::{Core, KeyTerms, Worker};
use handoff_store::StoreError;
use tokio::sync::Mutex;

use super::ticket::Signer;

/// Its name in the store.
const NAME: &str = "tickets";
/// How long a key signs, in ms.
const SIGNS_MS: u64 = 60 * 60 * 1_000;
/// How often it is looked whether there is a newer one.
const PERIOD: Duration = Duration::from_secs(60);
/// How often at most it is looked because of a ticket that no known key has signed, in ms: anybody
/// can send such.
const LOOK_MS: u64 = 1_000;

/// Keeps the keys of a node those of all.
pub(crate) struct SharedKeys {
    core: Arc<Core>,
    signer: Arc<Signer>,
    /// When they were last looked at. Held meanwhile, so that whoever has a ticket that was just
    /// signed waits for the look.
    looked: Mutex<Option<Time>>,
}

impl SharedKeys {
    pub(crate) fn new(core: Arc<Core>, signer: Arc<Signer>) -> Self {
        Self { core, signer, looked: Mutex::default() }
    }

    /// Looks at them, unless that was done just now.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        let now = self.core.now();
        if looked.is_some_and(|at| now.ms_since(at) < LOOK_MS) {
            return Ok(());
        }
        let kept_ms = SIGNS_MS.saturating_add(self.core.options().login_idle_ms);
        let terms = KeyTerms { renewed_ms: SIGNS_MS, kept_ms };
        self.signer.use_keys(self.core.shared_keys(NAME, terms).await?);
        *looked = Some(now);
        Ok(())
    }
}

#[async_trait]
impl Worker for SharedKeys {
    fn name(&self) -> &'static str {
        "login keys"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.look().await
    }
}
