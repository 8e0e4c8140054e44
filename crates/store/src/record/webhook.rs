//! Webhooks: where a contact center's events are sent, and how far each has come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use handoff_domain::{CenterId, InteractionId, QueueId, Time, WebhookId};
use serde::{Deserialize, Serialize};

/// A webhook of a contact center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: WebhookId,
    pub center: CenterId,
    /// Unique in the contact center.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// The types of the events that are sent; empty is all.
    pub events: BTreeSet<String>,
    /// The queues whose events are sent; empty is all, and what is in no queue as well.
    pub queues: BTreeSet<QueueId>,
    pub enabled: bool,
    /// What events are signed by.
    pub secret: WebhookSecret,
    /// What they are signed by as well until a time, because the secret was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<(WebhookSecret, Time)>,
    /// Where sending began, or began again.
    pub start: WebhookStart,
    /// How many tests were asked for.
    pub tests: u64,
}

impl Webhook {
    /// Returns the secrets that it signs by at a time, the present one first.
    pub fn secrets(&self, now: Time) -> impl Iterator<Item = &WebhookSecret> {
        let previous = self.previous.iter().filter(move |(_, until)| now < *until);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }

    /// Tells whether it wants events of a type.
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.events.is_empty() || self.events.contains(event)
    }

    /// Tells whether it wants events of what is in a queue.
    #[must_use]
    pub fn wants_queue(&self, queue: Option<QueueId>) -> bool {
        self.queues.is_empty() || queue.is_some_and(|queue| self.queues.contains(&queue))
    }
}

/// What a webhook's events are signed by.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecret(pub [u8; 32]);

impl fmt::Debug for WebhookSecret {
    /// Without the secret: what is debugged may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// Where a webhook begins to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookStart {
    /// How many times it began.
    pub number: u64,
    /// Events after this position of the log are sent.
    pub after: u64,
    /// When that was decided.
    pub at: Time,
}

/// How far a webhook has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookState {
    pub webhook: WebhookId,
    /// Which of its starts it follows.
    pub start: u64,
    /// Every event of the log up to here was sent or given up, or is held back.
    pub position: u64,
    /// When the last event up to there was.
    pub reached: Time,
    /// The interactions with an event that was not delivered yet.
    pub held: BTreeMap<InteractionId, HeldBack>,
    /// How many tests were sent.
    pub tests: u64,
    /// How many attempts failed in a row, of whatever interaction.
    pub failures: u32,
    /// When the first of these did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Time>,
    /// When an event was taken last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Time>,
    /// What became of the last attempts, the newest last.
    pub deliveries: VecDeque<WebhookDelivery>,
}

impl WebhookState {
    /// Attempts that are remembered, and how many that went well are among them at least while
    /// others fail: neither makes the other forgotten.
    const DELIVERIES_MAX: usize = 100;
    const OF_EITHER_KIND: usize = 50;
    /// How many attempts fail in a row until the webhook counts as failing.
    const FAILING: u32 = 5;

    /// Returns that of a webhook that begins.
    #[must_use]
    pub fn begin(webhook: &Webhook) -> Self {
        Self {
            webhook: webhook.id,
            start: webhook.start.number,
            position: webhook.start.after,
            reached: webhook.start.at,
            held: BTreeMap::new(),
            tests: 0,
            failures: 0,
            failing_since: None,
            delivered: None,
            deliveries: VecDeque::new(),
        }
    }

    /// Has it begin again where its webhook says, unless it does already, or earlier: what waits to
    /// be sent is not passed over. Tells whether it had to.
    pub fn follow(&mut self, webhook: &Webhook) -> bool {
        if self.start == webhook.start.number {
            return false;
        }
        let before = std::mem::replace(self, Self::begin(webhook));
        (self.tests, self.delivered) = (before.tests, before.delivered);
        self.deliveries = before.deliveries;
        // What waits was not taken yet, and neither was what nobody has read.
        self.held = before.held;
        if before.position < self.position {
            (self.position, self.reached) = (before.position, before.reached);
        }
        true
    }

    /// Tells whether its receiver takes nothing.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures >= Self::FAILING
    }

    /// Remembers what became of an attempt, and forgets an older one where there are enough.
    pub fn note(&mut self, delivery: WebhookDelivery) {
        let is_well = |delivery: &WebhookDelivery| delivery.outcome == DeliveryOutcome::Delivered;
        self.deliveries.push_back(delivery);
        while self.deliveries.len() > Self::DELIVERIES_MAX {
            let well = self.deliveries.iter().filter(|delivery| is_well(delivery)).count();
            let too_many = well > Self::OF_EITHER_KIND;
            let oldest = self.deliveries.iter().position(|delivery| is_well(delivery) == too_many);
            self.deliveries.remove(oldest.unwrap_or(0));
        }
    }
}

/// An interaction whose events wait to be sent, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The position up to which they were sent or given up.
    pub after: u64,
    /// How many messages of the entry behind that were.
    pub done: u32,
    /// The position of the last that waits.
    pub last: u64,
    /// When the first was that waits.
    pub since: Time,
    /// How often that was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Time,
}

/// What became of one attempt to send something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDelivery {
    /// The message's id, the same for each attempt.
    pub message: String,
    /// The event's type.
    pub event: String,
    /// What it is about, and its place in the log; `None` of a test.
    pub about: Option<(InteractionId, u64)>,
    pub at: Time,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    pub outcome: DeliveryOutcome,
    /// What the receiver answered, where it did.
    pub status: Option<u16>,
    pub took_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
    /// When it is tried next.
    pub next: Option<Time>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryOutcome {
    /// The receiver took it.
    Delivered,
    Failed,
    /// It failed, and is not tried any more.
    GivenUp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(number: u64, outcome: DeliveryOutcome) -> WebhookDelivery {
        WebhookDelivery {
            message: number.to_string(),
            event: String::new(),
            about: None,
            at: Time(0),
            attempt: 1,
            outcome,
            status: None,
            took_ms: 0,
            error: None,
            next: None,
        }
    }

    #[test]
    fn neither_what_went_well_nor_what_failed_makes_the_other_forgotten() {
        use DeliveryOutcome::{Delivered, Failed};
        let webhook = crate::conformance::samples::webhooks::webhook(1);
        let mut state = WebhookState::begin(&webhook);
        let counts = |state: &WebhookState| {
            let well = state.deliveries.iter().filter(|it| it.outcome == Delivered).count();
            (well, state.deliveries.len() - well)
        };
        (0..3).for_each(|number| state.note(delivery(number, Failed)));
        (3..500).for_each(|number| state.note(delivery(number, Delivered)));
        assert_eq!(counts(&state), (97, 3));
        (500..900).for_each(|number| state.note(delivery(number, Failed)));
        assert_eq!(counts(&state), (50, 50));
        assert_eq!(state.deliveries.back().unwrap().message, "899");
        assert_eq!(state.deliveries.front().unwrap().message, "450");
    }
}
