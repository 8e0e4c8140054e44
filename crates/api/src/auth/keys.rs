//! The keys that tickets are signed with where several nodes serve: one node lets in whoever logged
//! in at another.
//!
//! They lie in the store, and whoever reads it could make tickets with them. So each signs for an
//! hour, and is kept for as long as a ticket that it signed may come back for the first time: then
//! what is in a backup opens nothing any more.
//!
//! A key signs only once every node has looked since it was made. What was signed with a key that a
//! node does not know, as when it could not look, makes it look at once; but anybody can send what
//! no key has signed, so that this is done once a second at most and nothing rests on it.

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
/// How old a key is before it signs, in ms: two of the others' looks, of which one may fail.
const SETTLED_MS: u64 = 2 * 60 * 1_000;
/// How often at most it is looked because of a ticket that no known key has signed, in ms: anybody
/// can send such.
const LOOK_MS: u64 = 1_000;

/// Keeps the keys of a node those of all.
pub(crate) struct SharedKeys {
    core: Arc<Core>,
    signer: Arc<Signer>,
    /// What came of the last look. Held meanwhile, so that whoever has a ticket that was just
    /// signed waits for the look.
    looked: Mutex<Option<Looked>>,
}

/// When keys were looked at, and whether they could be.
#[derive(Clone, Copy, Debug)]
struct Looked {
    at: Time,
    is_read: bool,
}

/// What keeps keys from being looked at just after that has failed.
#[derive(Debug, thiserror::Error)]
#[error("the keys could not be read a moment ago")]
struct JustFailed;

impl SharedKeys {
    pub(crate) fn new(core: Arc<Core>, signer: Arc<Signer>) -> Self {
        Self { core, signer, looked: Mutex::default() }
    }

    /// Looks at them, unless that was done just now.
    ///
    /// # Errors
    ///
    /// The store's own; for a moment everybody is told of one, and need not wait for it as well.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        let now = self.core.now();
        match *looked {
            Some(Looked { at, is_read }) if now.ms_since(at) < LOOK_MS => {
                let (attempted, source) = ("reading the keys of logins", Box::new(JustFailed));
                return if is_read {
                    Ok(())
                } else {
                    Err(StoreError::Unavailable { attempted, source })
                };
            }
            Some(_) | None => {}
        }
        let used_ms = SIGNS_MS + 2 * SETTLED_MS;
        let kept_ms = used_ms.saturating_add(self.core.options().login_idle_ms);
        let terms = KeyTerms { renewed_ms: SIGNS_MS, settled_ms: SETTLED_MS, kept_ms };
        let read = self.core.shared_keys(NAME, terms).await;
        *looked = Some(Looked { at: now, is_read: read.is_ok() });
        self.signer.use_keys(read?);
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
