//! One webhook on the node that sends its events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use handoff_domain::{InteractionId, Time, WebhookId};
use handoff_engine::Directory;
use handoff_store::{
    ChangeSet, CommitError, DeliveryOutcome, HeldBack, Key, LogEntry, Put, Record, StoreError,
    SubjectKey, Version, Webhook, WebhookDelivery, WebhookState,
};
use tokio::sync::Notify;

use crate::delivery::Sending;
use crate::walk::{Walk, Walked, queue_of, wanted};

/// Entries of the log read at once.
const PAGE: usize = 200;
/// The shortest time between two times that the state is stored, in ms: after something was sent,
/// and after entries were passed that are nothing to send. It bounds what is sent again after a
/// crash.
const KEPT_MS: u64 = 1_000;
const PASSED_MS: u64 = 10_000;
/// How long a receiver takes nothing until it counts as having been away, in ms.
const AWAY_MS: u64 = 60_000;
/// Tests that wait at most; of more the first are left out.
const TESTS_MAX: u64 = 5;

/// What has not been stored yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unstored {
    Nothing,
    /// That entries were passed.
    Passed,
    /// What was sent, or is to be.
    Sent,
}

/// Something that was being sent.
enum Sent {
    Walk(Walked),
    Test(u64, WebhookDelivery),
}

/// What another node did ends this one's part.
pub(crate) enum Ended {
    Overtaken,
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One webhook, as far as it has come.
pub(crate) struct Line {
    sending: Arc<Sending>,
    state: WebhookState,
    version: Version,
    unstored: Unstored,
    stored_at: Time,
    /// Interactions whose events are being sent.
    out: BTreeSet<InteractionId>,
    is_testing: bool,
    under_way: FuturesUnordered<BoxFuture<'static, Sent>>,
    wakes: Arc<Notify>,
}

impl Line {
    /// Reads how far a webhook has come.
    pub(crate) async fn open(
        sending: Arc<Sending>,
        webhook: &Webhook,
        wakes: Arc<Notify>,
    ) -> Result<Self, StoreError> {
        let found = sending.core.store().load_one(&Key::WebhookState(webhook.id)).await?;
        let version = found.as_ref().map_or(0, |found| found.version);
        let state = match found.map(|found| found.value) {
            Some(Record::WebhookState(state)) => state,
            _ => WebhookState::begin(webhook),
        };
        Ok(Self {
            sending,
            state,
            version,
            unstored: Unstored::Passed,
            stored_at: Time(0),
            out: BTreeSet::new(),
            is_testing: false,
            under_way: FuturesUnordered::new(),
            wakes,
        })
    }

    /// Does what there is to do without waiting for a receiver.
    pub(crate) async fn advance(&mut self, webhook: &Arc<Webhook>) -> Result<(), Ended> {
        if self.state.follow(webhook) {
            self.under_way.clear();
            self.out.clear();
            self.is_testing = false;
            self.unstored = Unstored::Sent;
        }
        self.read_on(webhook).await?;
        self.send_test(webhook);
        self.send_due(webhook);
        self.sending.standing.note(&self.state);
        self.keep().await
    }

    /// Waits until there may be something to do: something was taken or refused, is due, or
    /// happened.
    pub(crate) async fn wait(&mut self) {
        let period = Duration::from_millis(self.sending.terms.period_ms);
        let now = self.sending.core.now();
        let waiting = self.state.held.iter().filter(|(id, _)| !self.out.contains(id));
        let due = waiting.map(|(_, held)| held.due).filter(|due| *due > now).min();
        let rest = due.map_or(period, |due| period.min(Duration::from_millis(due.ms_since(now))));
        tokio::select! {
            Some(sent) = self.under_way.next() => self.take(sent),
            () = self.wakes.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }

    /// Reads the log as far as there is room for what is found in it.
    async fn read_on(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let store = self.sending.core.store().clone();
        while self.has_room() {
            let page = match store.log_after(self.state.position, PAGE).await {
                Err(StoreError::Swept { floor, .. }) => {
                    self.skip(webhook, floor);
                    continue;
                }
                page => page?,
            };
            let directory = self.sending.core.directory();
            for entry in &page.items {
                if !self.pass(webhook, &directory, entry).await? {
                    return Ok(());
                }
            }
            if !page.more {
                return Ok(());
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.state.held.len() < self.sending.terms.held_max
    }

    /// Goes on behind what is not kept any more.
    fn skip(&mut self, webhook: &Webhook, floor: u64) {
        tracing::warn!(
            webhook.name = %webhook.name,
            from = self.state.position,
            to = floor,
            "events were given up that a webhook's receiver did not take while the log had them"
        );
        self.state.note(WebhookDelivery {
            message: format!("msg_{}_{floor}", self.state.position),
            event: "webhook.skipped".to_owned(),
            about: None,
            at: self.sending.core.now(),
            attempt: 0,
            outcome: DeliveryOutcome::GivenUp,
            status: None,
            took_ms: 0,
            error: Some(format!(
                "the log is not kept any more from position {} to {floor}",
                self.state.position
            )),
            next: None,
        });
        self.sending.standing.count(DeliveryOutcome::GivenUp);
        self.state.position = floor;
        self.unstored = Unstored::Sent;
    }

    /// Passes an entry; what is to be sent of it waits from then on. Tells whether there was room.
    async fn pass(
        &mut self,
        webhook: &Webhook,
        directory: &Directory,
        entry: &LogEntry,
    ) -> Result<bool, StoreError> {
        if let SubjectKey::Interaction(id) = entry.subject
            && wanted(&self.sending, webhook, &entry.facts).next().is_some()
        {
            if let Some(held) = self.state.held.get_mut(&id) {
                // It comes again after a replay.
                if entry.position <= held.after && !self.out.contains(&id) {
                    (held.after, held.done, held.attempts) = (entry.position - 1, 0, 0);
                }
                held.last = held.last.max(entry.position);
                self.unstored = Unstored::Sent;
            } else if is_of(&self.sending, webhook, directory, id, entry).await? {
                if !self.has_room() {
                    return Ok(false);
                }
                self.hold(id, entry);
            }
        }
        self.state.position = entry.position;
        self.state.reached = entry.at;
        self.unstored = self.unstored.max(Unstored::Passed);
        Ok(true)
    }

    fn hold(&mut self, id: InteractionId, entry: &LogEntry) {
        let now = self.sending.core.now();
        let held = HeldBack {
            after: entry.position - 1,
            done: 0,
            last: entry.position,
            since: entry.at,
            attempts: 0,
            due: now,
        };
        self.state.held.insert(id, held);
        self.unstored = Unstored::Sent;
    }

    /// Begins to send what is due, as much as may go at once.
    fn send_due(&mut self, webhook: &Arc<Webhook>) {
        let now = self.sending.core.now();
        let mut due: Vec<(Time, InteractionId)> = self
            .state
            .held
            .iter()
            .filter(|(id, held)| held.due <= now && !self.out.contains(id))
            .map(|(id, held)| (held.due, *id))
            .collect();
        due.sort_unstable();
        let room = self.sending.terms.at_once.saturating_sub(self.out.len());
        for (_, id) in due.into_iter().take(room) {
            let walk = Walk::new(self.sending.clone(), webhook.clone(), id, self.state.held[&id]);
            self.out.insert(id);
            self.under_way.push(Box::pin(async move { Sent::Walk(walk.go().await) }));
        }
    }

    /// Begins to send what somebody asked for to try the webhook, one after the other.
    fn send_test(&mut self, webhook: &Arc<Webhook>) {
        if self.is_testing || self.state.tests >= webhook.tests {
            return;
        }
        let number = (self.state.tests + 1).max((webhook.tests + 1).saturating_sub(TESTS_MAX));
        self.is_testing = true;
        let (sending, webhook) = (self.sending.clone(), webhook.clone());
        self.under_way.push(Box::pin(async move {
            let message = test_message(webhook.id, number);
            let (event, body) = sending.wire.test(&webhook, sending.core.now());
            let attempt = sending.attempt(&webhook, &message, body).await;
            let is_taken = attempt.error.is_none();
            let outcome =
                if is_taken { DeliveryOutcome::Delivered } else { DeliveryOutcome::GivenUp };
            let delivery = WebhookDelivery {
                message,
                event: event.to_owned(),
                about: None,
                at: attempt.at,
                attempt: 1,
                outcome,
                status: attempt.status,
                took_ms: attempt.took_ms,
                error: attempt.error,
                next: None,
            };
            Sent::Test(number, delivery)
        }));
    }

    /// Takes note of what became of something that was sent.
    fn take(&mut self, sent: Sent) {
        self.unstored = Unstored::Sent;
        match sent {
            Sent::Test(number, delivery) => {
                self.is_testing = false;
                self.state.tests = number;
                self.state.note(delivery);
            }
            Sent::Walk(walked) => {
                self.out.remove(&walked.id);
                for delivery in walked.deliveries {
                    self.judge(&delivery);
                    self.state.note(delivery);
                }
                self.put_back(walked.id, walked.held, walked.is_done);
            }
        }
    }

    /// Notes what an attempt says of the receiver.
    fn judge(&mut self, delivery: &WebhookDelivery) {
        let state = &mut self.state;
        if delivery.outcome != DeliveryOutcome::Delivered {
            state.failures = state.failures.saturating_add(1);
            state.failing_since.get_or_insert(delivery.at);
            return;
        }
        // Who was away is back: what waits need not rest. Of one that refuses some events and takes
        // others it would never rest.
        let now = self.sending.core.now();
        let was_away = state.failing_since.is_some_and(|since| now.ms_since(since) >= AWAY_MS);
        if state.is_failing() && was_away {
            state.held.values_mut().for_each(|held| held.due = held.due.min(now));
        }
        (state.failures, state.failing_since) = (0, None);
        state.delivered = Some(delivery.at);
    }

    /// Has an interaction wait on that was walked, unless all of it was sent.
    fn put_back(&mut self, id: InteractionId, walked: HeldBack, is_done: bool) {
        let Some(held) = self.state.held.get_mut(&id) else { return };
        let last = held.last;
        if !is_done {
            *held = HeldBack { last, ..walked };
        } else if last > walked.last {
            // More happened meanwhile.
            let due = self.sending.core.now();
            let (after, done, attempts) = (walked.last, 0, 0);
            *held = HeldBack { after, done, last, since: held.since, attempts, due };
        } else {
            self.state.held.remove(&id);
        }
    }

    /// Stores how far it has come, unless that was done just now.
    async fn keep(&mut self) -> Result<(), Ended> {
        let rest_ms = match self.unstored {
            Unstored::Nothing => return Ok(()),
            Unstored::Passed => PASSED_MS,
            Unstored::Sent => KEPT_MS,
        };
        if self.sending.core.now().ms_since(self.stored_at) < rest_ms {
            return Ok(());
        }
        self.store().await
    }

    /// Stores how far it has come.
    pub(crate) async fn store(&mut self) -> Result<(), Ended> {
        if self.unstored == Unstored::Nothing {
            return Ok(());
        }
        let record = Record::WebhookState(self.state.clone());
        let puts = vec![Put { record, expected: self.version }];
        let change = ChangeSet { puts, ..ChangeSet::default() };
        match self.sending.core.store().commit(change).await {
            Ok(_) => {
                self.version += 1;
                self.unstored = Unstored::Nothing;
                self.stored_at = self.sending.core.now();
                Ok(())
            }
            Err(CommitError::Store(error)) => Err(Ended::Store(error)),
            Err(_) => Err(Ended::Overtaken),
        }
    }
}

/// Tells whether an interaction is one whose events a webhook is for.
async fn is_of(
    sending: &Sending,
    webhook: &Webhook,
    directory: &Directory,
    id: InteractionId,
    entry: &LogEntry,
) -> Result<bool, StoreError> {
    // With one contact center nobody has to look.
    if directory.centers.len() == 1 && webhook.queues.is_empty() {
        return Ok(true);
    }
    let interaction = match sending.core.interaction(id).await {
        Err(error) if error.is_unreadable() => return Ok(false),
        found => found?,
    };
    Ok(interaction.is_some_and(|it| {
        it.center == webhook.center && webhook.wants_queue(queue_of(&entry.facts, &it))
    }))
}

/// Returns the id of a message that is sent to try a webhook.
pub(crate) fn test_message(webhook: WebhookId, number: u64) -> String {
    format!("msg_test_{webhook}_{number}")
}
