//! Webhooks and what became of what they sent (docs/api/webhooks.md).

use handoff_domain::Time;
use handoff_store::{DeliveryOutcome, Webhook, WebhookDelivery, WebhookState};
use serde::Serialize;

use super::{Link, Lookup};
use crate::wire::date::print;

/// A webhook. Its secret is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookResource {
    pub id: String,
    pub name: String,
    pub url: String,
    pub enabled: bool,
    /// The types of the events that are sent; empty is all.
    pub events: Vec<String>,
    /// The names of the queues whose events are sent; empty is all.
    pub queues: Vec<String>,
    /// How many secrets it signs by.
    pub secrets: usize,
    /// Until when the one before the present one is good.
    pub previous_secret_until: Option<String>,
    /// `Active`, `Failing` or `Disabled`.
    pub state: &'static str,
    pub last_delivered: Option<String>,
    pub failing_since: Option<String>,
    /// What went wrong last, while it fails.
    pub last_error: Option<String>,
    /// All up to this position of the log was sent or given up, or is held back.
    pub position: u64,
    /// How many interactions have an event that waits.
    pub held_back: usize,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl WebhookResource {
    /// Shows a webhook as it is at a time; `state` is how far it has come, once it began.
    #[must_use]
    pub fn new(
        webhook: &Webhook,
        state: Option<&WebhookState>,
        now: Time,
        lookup: Lookup<'_>,
    ) -> Self {
        let queue = |id| lookup.directory.queues.get(id).map(|queue| queue.name.clone());
        let is_failing = state.is_some_and(WebhookState::is_failing);
        let previous = webhook.previous.filter(|(_, until)| now < *until);
        let begun = state.filter(|state| state.start == webhook.start.number);
        let failed = state.filter(|state| state.failures > 0);
        let last_error = failed.and_then(|state| {
            let mut newest = state.deliveries.iter().rev();
            newest.find_map(|delivery| delivery.error.clone())
        });
        Self {
            id: webhook.id.to_string(),
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            enabled: webhook.enabled,
            events: webhook.events.iter().cloned().collect(),
            queues: webhook.queues.iter().filter_map(queue).collect(),
            secrets: webhook.secrets(now).count(),
            previous_secret_until: previous.map(|(_, until)| print(until)),
            state: match (webhook.enabled, is_failing) {
                (false, _) => "Disabled",
                (true, true) => "Failing",
                (true, false) => "Active",
            },
            last_delivered: state.and_then(|state| state.delivered).map(print),
            failing_since: failed.and_then(|state| state.failing_since).map(print),
            last_error,
            position: begun.map_or(webhook.start.after, |state| state.position),
            held_back: begun.map_or(0, |state| state.held.len()),
            link: lookup.url.webhook(webhook.id),
        }
    }
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryResource {
    /// The `webhook-id` that it was sent under.
    pub message_id: String,
    pub event: String,
    pub interaction_id: Option<String>,
    pub position: Option<u64>,
    pub at: String,
    pub attempt: u32,
    /// `Delivered`, `Failed` or `GivenUp`.
    pub outcome: &'static str,
    /// What the receiver answered.
    pub status: Option<u16>,
    pub duration_ms: u64,
    pub error: Option<String>,
    pub next_attempt: Option<String>,
}

impl From<&WebhookDelivery> for DeliveryResource {
    fn from(delivery: &WebhookDelivery) -> Self {
        Self {
            message_id: delivery.message.clone(),
            event: delivery.event.clone(),
            interaction_id: delivery.about.map(|(id, _)| id.to_string()),
            position: delivery.about.map(|(_, position)| position),
            at: print(delivery.at),
            attempt: delivery.attempt,
            outcome: match delivery.outcome {
                DeliveryOutcome::Delivered => "Delivered",
                DeliveryOutcome::Failed => "Failed",
                DeliveryOutcome::GivenUp => "GivenUp",
            },
            status: delivery.status,
            duration_ms: delivery.took_ms,
            error: delivery.error.clone(),
            next_attempt: delivery.next.map(print),
        }
    }
}
