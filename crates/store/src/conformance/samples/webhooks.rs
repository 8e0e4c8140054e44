//! Webhooks and their states, made from small numbers.

use handoff_domain::WebhookId;

use super::{BEGIN, CENTER, interaction_id, queue_id};
use crate::record::{
    DeliveryOutcome, HeldBack, Webhook, WebhookDelivery, WebhookSecret, WebhookStart, WebhookState,
};

/// Returns the n-th webhook, whose secret was changed.
#[must_use]
pub fn webhook(n: u64) -> Webhook {
    Webhook {
        id: WebhookId(0x3e000 + u128::from(n)),
        center: CENTER,
        name: format!("crm {n}"),
        url: "https://crm.example.com/handoff".to_owned(),
        events: ["interaction.queued".to_owned()].into(),
        queues: [queue_id(1)].into(),
        enabled: true,
        secret: WebhookSecret([2; 32]),
        previous: Some((WebhookSecret([1; 32]), BEGIN.plus_ms(9))),
        start: WebhookStart { number: 2, after: 1_417, at: BEGIN },
        tests: 3,
    }
}

/// Returns how far the n-th webhook has come: one event waits.
#[must_use]
pub fn state(n: u64) -> WebhookState {
    let held = HeldBack {
        after: 1_500,
        done: 1,
        last: 1_600,
        since: BEGIN,
        attempts: 2,
        due: BEGIN.plus_ms(30_000),
    };
    let delivery = WebhookDelivery {
        message: "msg_1501_1767960000000_1".to_owned(),
        event: "interaction.queued".to_owned(),
        about: Some((interaction_id(1), 1_501)),
        at: BEGIN,
        attempt: 2,
        outcome: DeliveryOutcome::Failed,
        status: Some(500),
        took_ms: 12,
        error: Some("the receiver answered 500".to_owned()),
        next: Some(BEGIN.plus_ms(30_000)),
    };
    WebhookState {
        position: 1_700,
        held: [(interaction_id(1), held)].into(),
        tests: 3,
        failures: 2,
        failing_since: Some(BEGIN),
        delivered: Some(BEGIN),
        deliveries: [delivery].into(),
        ..WebhookState::begin(&webhook(n))
    }
}
