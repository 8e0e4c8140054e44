//! The outbox: whatever is in `Sending` is given to the [`Post`] until it is out, back, or too old.
//!
//! There is no second table: the interaction itself is what waits, with the `Message-ID` that it
//! got when Send was given. Of several nodes one claims each attempt before it posts. A crash after
//! the next server took it and before that is durable posts it again, as the same message; nothing
//! can close that window from this side, and whoever receives it can tell by the `Message-ID`.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use handoff_domain::{Interaction, InteractionId, State, SystemAction, Time};
use handoff_store::{InteractionQuery, InteractionScope, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::commands::{CommandRequest, Commands, ExecuteError};
use crate::core::{Backlog, ClaimFor, Claiming, Core, Duty, Trial, Went, claim_of_attempt};
use crate::outward::{Post, Posted};
use crate::worker::Worker;

/// Mails that are given away at the same time. Each holds one connection of the next server, and
/// many of those allow about twenty.
const AT_ONCE: usize = 16;
/// Interactions read in one page.
const PAGE: usize = 256;
/// How long a mail rests when nothing else is said, in ms.
const REST_MS: u64 = 60_000;
/// How long a post may go on after the server was told to stop, in ms: what most of them need, and
/// less than a supervisor's patience.
const STOP_GRACE_MS: u64 = 5_000;
/// How long to wait before an outcome that could not be recorded is recorded again, in ms.
const RECORD_AGAIN_MS: u64 = 1_000;
/// What is noted of a post that panicked; the panic itself is in the log.
const PANICKED: &str = "posting it failed";
/// Characters kept of what the other server said.
const REPLY_CHARS_MAX: usize = 500;

/// Sends what is to be sent.
pub struct Outbox {
    post: Option<Arc<dyn Post>>,
    sending: Arc<Sending>,
}

/// What those who are giving a mail away share.
struct Sending {
    core: Arc<Core>,
    commands: Arc<Commands>,
    under_way: Mutex<HashSet<InteractionId>>,
    /// Mails that another node posts, and until when at least.
    left_to_others: Mutex<HashMap<InteractionId, Time>>,
}

/// Whether a mail was given to the next server, whatever that said.
enum HandedOver {
    Yes,
    No,
}

/// A mail that is being given away. It counts as such until this is dropped, however that comes
/// about.
struct UnderWay {
    sending: Arc<Sending>,
    id: InteractionId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.sending.lock().remove(&self.id);
        // There is room for another, and this one may be due again.
        self.sending.core.outgoing.notify_one();
    }
}

impl Outbox {
    pub(super) fn new(
        core: Arc<Core>,
        commands: Arc<Commands>,
        post: Option<Arc<dyn Post>>,
    ) -> Self {
        let (under_way, left_to_others) = (Mutex::default(), Mutex::default());
        let sending = Sending { core, commands, under_way, left_to_others };
        Self { post, sending: Arc::new(sending) }
    }

    /// Hands over every mail that is due, and waits until each is out, put off or back. Returns
    /// how many it were; those that somebody is giving away already, here or on another node, are
    /// not among them.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn post_due(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let started = self.start_posts().await?;
            if started.is_empty() {
                return Ok(count);
            }
            let mut handed_over = 0;
            for post in started {
                // Nothing is lost by a task that ends in another way: the mail stays where it is.
                handed_over += usize::from(matches!(post.await, Ok(HandedOver::Yes)));
            }
            if handed_over == 0 {
                return Ok(count);
            }
            count += handed_over;
        }
    }

    /// Begins to give away what is due, as much as fits at once.
    async fn start_posts(&self) -> Result<Vec<JoinHandle<HandedOver>>, StoreError> {
        let Some(post) = &self.post else { return Ok(Vec::new()) };
        let (mut started, mut next, mut after) = (Vec::new(), None::<Time>, None);
        let mut backlog = Backlog::default();
        // Until this round has read what is next, every mail that goes out must wake the worker.
        self.sending.core.outgoing_due.set(None);
        loop {
            let query =
                InteractionQuery { after, ..InteractionQuery::of(InteractionScope::Sending, PAGE) };
            let page = self.sending.core.store.interactions(&query).await?;
            after = page.items.last().map(|last| last.value.id);
            for mail in page.items.into_iter().map(|found| found.value) {
                let State::Sending { due, since, .. } = mail.state else { continue };
                let sendable_since = mail.state.held_until().unwrap_or(since);
                if sendable_since <= self.sending.core.now() {
                    backlog.add(sendable_since);
                }
                let rests_until = self.sending.left_until(mail.id).max(Some(due));
                if let Some(until) = rests_until.filter(|at| *at > self.sending.core.now()) {
                    next = next.into_iter().chain([until]).min();
                } else if self.sending.has_room() {
                    started.extend(self.sending.start(mail, post.clone()));
                }
            }
            if !page.more || !self.sending.has_room() {
                self.sending.core.outgoing_due.set(next);
                self.sending.core.backlog.note(backlog);
                return Ok(started);
            }
        }
    }
}

#[async_trait]
impl Worker for Outbox {
    fn name(&self) -> &'static str {
        "outbox"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Outbox)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.sending.core.options.outbox_ms)
    }

    fn next_due(&self) -> Option<Time> {
        Some(self.sending.core.outgoing_due.get())
    }

    fn wakes(&self) -> Arc<Notify> {
        self.sending.core.outgoing.clone()
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.start_posts().await.map(drop)
    }
}

impl Sending {
    fn lock(&self) -> MutexGuard<'_, HashSet<InteractionId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self) -> bool {
        self.lock().len() < AT_ONCE
    }

    fn start(
        self: &Arc<Self>,
        mail: Interaction,
        post: Arc<dyn Post>,
    ) -> Option<JoinHandle<HandedOver>> {
        if !self.lock().insert(mail.id) {
            return None;
        }
        let under_way = UnderWay { sending: self.clone(), id: mail.id };
        Some(self.core.tasks.spawn(async move { under_way.sending.hand_over(&mail, &*post).await }))
    }

    /// Claims a mail for this node and posts it. What another node has claimed is left alone until
    /// that claim ends.
    async fn hand_over(&self, mail: &Interaction, post: &dyn Post) -> HandedOver {
        let claimed = match self.core.claim(&claim_of_attempt(mail), ClaimFor::Attempt).await {
            Ok(Claiming::Ours(claimed)) => claimed,
            Ok(Claiming::Taken { until }) => {
                self.leave_until(mail.id, until);
                return HandedOver::No;
            }
            Err(error) => {
                tracing::warn!(
                    interaction.id = %mail.id,
                    error = %error,
                    "a mail could not be claimed; it is tried again"
                );
                self.leave_until(mail.id, self.core.now().plus_ms(RECORD_AGAIN_MS));
                return HandedOver::No;
            }
        };
        // What was read may have been out before it was claimed.
        if !self.is_still_due(mail).await {
            return HandedOver::No;
        }
        let mut kept = pin!(self.core.keep(claimed));
        // A post that panics at a mail would do so again at once; so it rests like one that nobody
        // took.
        let posting = AssertUnwindSafe(post.post(mail)).catch_unwind();
        let posted = tokio::select! {
            posted = posting => posted.unwrap_or_else(|_| panicked()),
            // Another node may post it now.
            () = &mut kept => return HandedOver::No,
            () = self.core.stopped_for(STOP_GRACE_MS) => return HandedOver::No,
        };
        let went = match posted {
            Posted::Sent { .. } | Posted::Never { .. } => Went::Well,
            Posted::Later { .. } | Posted::Unsure { .. } => Went::Wrong,
        };
        self.core.note_duty(Duty::Outbox, Trial::Mail, went).await;
        let mut recorded = pin!(self.record_post(mail, posted));
        tokio::select! {
            () = &mut recorded => {}
            // What happened is recorded, whoever has it now.
            () = kept => recorded.await,
        }
        HandedOver::Yes
    }

    /// Leaves a mail alone until a time.
    fn leave_until(&self, mail: InteractionId, until: Time) {
        let now = self.core.now();
        let mut left = self.left_to_others.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|_, until| *until > now);
        left.insert(mail, until);
    }

    fn left_until(&self, mail: InteractionId) -> Option<Time> {
        self.left_to_others.lock().unwrap_or_else(PoisonError::into_inner).get(&mail).copied()
    }

    async fn is_still_due(&self, mail: &Interaction) -> bool {
        let found = self.core.load_interaction(mail.id).await;
        let is_it = |now: &Interaction| now.state == mail.state && now.epoch == mail.epoch;
        found.is_ok_and(|found| found.is_some_and(|found| is_it(&found.value)))
    }

    /// Records what became of a mail, as often as it takes: until that is durable the mail must not
    /// be posted again.
    async fn record_post(&self, mail: &Interaction, posted: Posted) {
        let action = self.outcome(mail, posted);
        let request = CommandRequest::new(mail.id, action);
        loop {
            match self.commands.execute(&request).await {
                Ok(_) | Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => return,
                Err(
                    error @ (ExecuteError::Store(_)
                    | ExecuteError::Contended(_)
                    | ExecuteError::Overtaken(_)
                    | ExecuteError::KeyReused
                    | ExecuteError::NotDue),
                ) => {
                    tracing::warn!(
                        interaction.id = %mail.id,
                        error = %error,
                        "what became of a mail could not be recorded; it is tried again"
                    );
                }
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(RECORD_AGAIN_MS)) => {}
                () = self.core.stopped_for(0) => return,
            }
        }
    }

    fn outcome(&self, mail: &Interaction, posted: Posted) -> SystemAction {
        match posted {
            Posted::Sent { .. } => SystemAction::Delivered,
            Posted::Never { reply } => SystemAction::DeliveryFailed { reason: shortened(&reply) },
            Posted::Later { reply } | Posted::Unsure { reply } => {
                self.later(mail, shortened(&reply))
            }
        }
    }

    fn later(&self, mail: &Interaction, reply: String) -> SystemAction {
        let now = self.core.now();
        let State::Sending { since, attempt, .. } = mail.state else {
            return SystemAction::DeliveryFailed { reason: reply };
        };
        if now.ms_since(since) >= self.core.options.mail_give_up_ms {
            return SystemAction::DeliveryFailed { reason: reply };
        }
        let rests = &self.core.options.mail_rests_ms;
        let place =
            usize::try_from(attempt).unwrap_or(usize::MAX).min(rests.len().saturating_sub(1));
        let rest_ms = rests.get(place).copied().unwrap_or(REST_MS);
        // A server that was down gets what waits for it a little apart.
        let jitter_ms =
            u64::try_from(self.core.ids.random() % u128::from(rest_ms / 10 + 1)).unwrap_or(0);
        SystemAction::DeliveryDeferred { reply, next: now.plus_ms(rest_ms + jitter_ms) }
    }
}

fn panicked() -> Posted {
    Posted::Unsure { reply: PANICKED.to_owned() }
}

fn shortened(reply: &str) -> String {
    let printable = reply.chars().map(|one| if one.is_control() { ' ' } else { one });
    printable.take(REPLY_CHARS_MAX).collect()
}
