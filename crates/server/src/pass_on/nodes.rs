//! Which other nodes live, and where they are reached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use handoff_domain::Time;
use handoff_engine::Core;
use handoff_store::StoreError;
use memchr::memmem;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

/// How often it is looked who lives.
const PERIOD: Duration = Duration::from_secs(1);
/// How much time is between two looks, in ms: anybody can name a session that no known node has.
const PAUSE_MS: u64 = 250;
/// How long a request waits for such a look. Without a database nobody new can have come.
const LOOK_PATIENCE: Duration = Duration::from_secs(1);

/// Another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// What the ids of its sessions begin with.
    pub(super) prefix: String,
    /// Where it is reached, as `host:port`, by TLS as `https://host:port`.
    pub(super) address: String,
}

/// Whose a session is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whose {
    This,
    Other(Other),
    /// Of no node that is known to live and to be reached.
    Unknown,
}

/// The other nodes that live and can be reached, by their prefixes.
pub(super) struct Nodes {
    core: Arc<Core>,
    others: watch::Sender<BTreeMap<String, String>>,
    /// When it was looked last. Held meanwhile, so that whoever needs to know waits for the look.
    looked: Mutex<Option<Time>>,
}

impl Nodes {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, others: watch::Sender::default(), looked: Mutex::default() }
    }

    /// Looks again and again; dropping it ends that.
    pub(super) async fn follow(&self) {
        loop {
            // What was known stays known while the database is away: sessions go on without it.
            if let Err(error) = self.look_after(self.core.now()).await {
                tracing::debug!(%error, "it could not be read which nodes live");
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Reads who lives, unless somebody began to after that time.
    ///
    /// # Errors
    ///
    /// The store's own; what was known stays.
    pub(super) async fn look_after(&self, time: Time) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        if let Some(at) = *looked {
            if at > time {
                return Ok(());
            }
            let pause = PAUSE_MS.saturating_sub(self.core.now().ms_since(at));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        *looked = Some(self.core.now());
        let living = self.core.store().nodes().await?;
        let told = living.into_iter().map(|node| (node.about.session_prefix, node.about.address));
        let is_other = |(prefix, address): &(String, String)| {
            !prefix.is_empty()
                && !address.is_empty()
                && *prefix != self.core.options().session_prefix
        };
        let found: BTreeMap<String, String> = told.filter(is_other).collect();
        self.others.send_if_modified(|known| {
            let is_new = *known != found;
            *known = found;
            is_new
        });
        Ok(())
    }

    /// Tells whether a text has this node's prefix in it and no other's.
    pub(super) fn is_own_alone(&self, text: &[u8]) -> bool {
        let has = |prefix: &str| memmem::find(text, prefix.as_bytes()).is_some();
        has(&self.core.options().session_prefix)
            && !self.others.borrow().keys().any(|prefix| has(prefix))
    }

    /// Tells whose a session is.
    pub(super) fn whose(&self, session: &str) -> Whose {
        if session.starts_with(&self.core.options().session_prefix) {
            return Whose::This;
        }
        let others = self.others.borrow();
        let found = others.iter().find(|(prefix, _)| session.starts_with(prefix.as_str()));
        found.map_or(Whose::Unknown, |(prefix, address)| {
            Whose::Other(Other { prefix: prefix.clone(), address: address.clone() })
        })
    }

    /// Looks whether a node that came just now has a session.
    pub(super) async fn look_for(&self, session: &str) -> Option<Other> {
        timeout(LOOK_PATIENCE, self.look_after(self.core.now())).await.ok()?.ok()?;
        match self.whose(session) {
            Whose::Other(node) => Some(node),
            Whose::This | Whose::Unknown => None,
        }
    }

    /// Waits until a node lives no more.
    pub(super) async fn until_gone(&self, prefix: &str) {
        let mut others = self.others.subscribe();
        // The sender is this one's own, so it is there.
        _ = others.wait_for(|others| !others.contains_key(prefix)).await;
    }
}
