//! Webhooks: where events are sent to.

use serde_json::json;

use super::super::operation::{Operation, delete, get, list_of, post, put, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    let change = || json!({"name": "crm", "url": "https://crm.example/hook", "events": []});
    vec![
        get("/webhooks", "Lists the webhooks").list(
            "webhooks",
            "Webhook",
            &["id", "name", "enabled"],
        ),
        post("/webhooks", "Makes a webhook").takes("WebhookChange", change()).gives("WebhookMade"),
        get("/webhooks/{id}", "Shows a webhook").one("webhook", "Webhook"),
        put("/webhooks/{id}", "Changes a webhook").takes("WebhookChange", change()),
        post("/webhooks/{id}", "Enables, disables, tests or replays it, or rotates its secret")
            .takes("WebhookOperation", json!({"operationName": "Test"}))
            .gives_one_of(&["Done", "TestSent", "SecretMade"]),
        delete("/webhooks/{id}", "Removes a webhook"),
        get("/webhooks/{id}/deliveries", "Lists what was tried to deliver, newest first")
            .answers(with("deliveries", list_of(schema("Delivery")))),
        get("/webhook-events", "Lists the types of events")
            .answers(with("events", list_of(json!({"type": "string"})))),
    ]
}
