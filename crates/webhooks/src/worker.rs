//! The webhooks of all contact centers, as far as this node sends their events.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::WebhookId;
use handoff_engine::{ClaimFor, Claiming, Core, Duty, Worker};
use handoff_outgoing::Client;
use handoff_store::{ChangeSet, Key, Kind, Removal, StoreError, Webhook};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::delivery::{Sending, Terms, Wire};
use crate::line::{Ended, Line};
use crate::standing::Standing;

/// The shortest time between two rounds: every commit is a reason for one.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a webhook rests whose state could not be read or written.
const AGAIN: Duration = Duration::from_secs(1);
/// States looked at for whether their webhooks are there, in one page.
const PAGE: usize = 100;

/// Sends the events of all webhooks: a line for each, so that none waits for another's receiver.
pub struct Webhooks {
    sending: Arc<Sending>,
    /// What wakes each line that is open.
    lines: Arc<Lines>,
    /// The webhooks that there were when it was looked last for what is left of others.
    tidied: Mutex<Option<BTreeSet<WebhookId>>>,
}

type Lines = Mutex<BTreeMap<WebhookId, Arc<Notify>>>;

/// A line that is open. It counts as such until this is dropped, however that comes about.
struct Open {
    sending: Arc<Sending>,
    lines: Arc<Lines>,
    webhook: WebhookId,
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.lines).remove(&self.webhook);
        self.sending.standing.forget(self.webhook);
    }
}

impl Webhooks {
    #[must_use]
    pub fn new(core: Arc<Core>, client: Client, wire: Arc<dyn Wire>, terms: Terms) -> Self {
        let standing = Arc::default();
        let sending = Arc::new(Sending { core, client, wire, terms, standing });
        Self { sending, lines: Arc::default(), tidied: Mutex::default() }
    }

    /// Returns how they are doing.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        self.sending.standing.clone()
    }

    /// Opens the lines that are not, and wakes those that are.
    fn open_lines(&self) {
        let directory = self.sending.core.directory();
        for webhook in directory.webhooks.values().filter(|webhook| webhook.enabled) {
            let mut lines = lock(&self.lines);
            if let Some(wakes) = lines.get(&webhook.id) {
                wakes.notify_one();
                continue;
            }
            let wakes = Arc::new(Notify::new());
            lines.insert(webhook.id, wakes.clone());
            let (sending, lines) = (self.sending.clone(), self.lines.clone());
            let open = Open { sending: sending.clone(), lines, webhook: webhook.id };
            let line = run(sending, webhook.clone(), wakes);
            self.sending.core.see_through(async move {
                line.await;
                drop(open);
            });
        }
    }

    /// Removes what is left of webhooks that are gone, once after each change of which there are.
    async fn tidy(&self) -> Result<(), StoreError> {
        let core = &self.sending.core;
        let present: BTreeSet<WebhookId> = core.directory().webhooks.keys().copied().collect();
        if self.tidied.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(&present) {
            return Ok(());
        }
        if self.remove_remains().await? {
            *self.tidied.lock().unwrap_or_else(PoisonError::into_inner) = Some(present);
        }
        Ok(())
    }

    /// Tells whether nothing is left: what was written meanwhile the next round looks at.
    async fn remove_remains(&self) -> Result<bool, StoreError> {
        let (core, mut after, mut is_tidy) = (&self.sending.core, None, true);
        loop {
            let page = core.store().list(Kind::WebhookState, after.take(), PAGE).await?;
            let directory = core.directory();
            for found in &page.items {
                let Key::WebhookState(id) = found.value.key() else { continue };
                if directory.webhooks.contains_key(&id) || !is_gone(core, id).await? {
                    continue;
                }
                let removal = Removal { key: found.value.key(), version: found.version };
                let change = ChangeSet { removals: vec![removal], ..ChangeSet::default() };
                if let Err(error) = core.store().commit(change).await {
                    drop(error.into_conflict()?);
                    is_tidy = false;
                }
            }
            after = page.items.last().map(|last| last.value.key());
            if !page.more {
                return Ok(is_tidy);
            }
        }
    }
}

/// Tells whether a webhook is gone: a directory that is behind does not know a new one.
async fn is_gone(core: &Core, id: WebhookId) -> Result<bool, StoreError> {
    Ok(core.store().load_one(&Key::Webhook(id)).await?.is_none())
}

/// Sends a webhook's events while it is there and they are this node's to send.
async fn run(sending: Arc<Sending>, webhook: Arc<Webhook>, wakes: Arc<Notify>) {
    let key = format!("webhook {}", webhook.id);
    let claimed = match sending.core.claim(&key, ClaimFor::Incarnation).await {
        Ok(Claiming::Ours(claimed)) => claimed,
        // Another node has it, or nobody knows; a later round asks again.
        Ok(Claiming::Taken { .. }) | Err(_) => return sending.core.or_stopped(sleep(AGAIN)).await,
    };
    let ended = {
        let mut lost = pin!(sending.core.keep(claimed.clone()));
        tokio::select! {
            ended = send(&sending, &webhook, wakes) => ended,
            () = &mut lost => Err(Ended::Overtaken),
        }
    };
    match ended {
        Ok(()) => {}
        Err(Ended::Overtaken) => sending.core.or_stopped(sleep(AGAIN)).await,
        Err(Ended::Store(error)) => {
            tracing::warn!(
                webhook.name = %webhook.name,
                error = %error,
                "a webhook cannot go on; it tries again"
            );
            sending.core.or_stopped(sleep(AGAIN)).await;
        }
    }
    // Without this the claim ends with the life of this node.
    let _released = sending.core.release(&claimed).await;
}

async fn send(sending: &Arc<Sending>, webhook: &Webhook, wakes: Arc<Notify>) -> Result<(), Ended> {
    let mut line = Line::open(sending.clone(), webhook, wakes).await?;
    loop {
        let directory = sending.core.directory();
        let present = directory.webhooks.get(&webhook.id).filter(|webhook| webhook.enabled);
        let is_ours = sending.core.has_duty(Duty::Webhooks) && !sending.core.is_stopping();
        let Some(present) = present.filter(|_| is_ours) else { return line.store().await };
        line.advance(present).await?;
        sending.core.or_stopped(line.wait()).await;
    }
}

#[async_trait]
impl Worker for Webhooks {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Webhooks)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.sending.terms.period_ms)
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        match received {
            Received::Hint(
                Hint::Streams { .. } | Hint::Routing | Hint::Chats(_) | Hint::Directory,
            )
            | Received::Missed => true,
            Received::Hint(Hint::Timers | Hint::Logins | Hint::Nodes | Hint::Promised(_))
            | Received::Closed => false,
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.open_lines();
        self.tidy().await
    }
}

fn lock(lines: &Lines) -> MutexGuard<'_, BTreeMap<WebhookId, Arc<Notify>>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
