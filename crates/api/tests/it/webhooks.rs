//! Webhooks as admins make, change and remove them. Nothing is sent here.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::{Api, Client, has};

const URL: &str = "https://crm.example/hook";

async fn made(admin: &Client<'_>, name: &str) -> Value {
    admin.post("/webhooks", json!({"name": name, "url": URL})).await.ok()
}

fn path_of(made: &Value) -> String {
    made["path"].as_str().unwrap().to_owned()
}

async fn shown(admin: &Client<'_>, path: &str) -> Value {
    admin.get(path).await.ok()["webhook"].clone()
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_removed_and_its_secret_is_shown_once() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let made = made(&ada, "crm").await;
    let (path, secret) = (path_of(&made), made["secret"].as_str().unwrap().to_owned());
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let first = shown(&ada, &path).await;
    has(&first, json!({"name": "crm", "url": URL, "enabled": true, "events": [], "queues": []}));
    has(&first, json!({"state": "Active", "secrets": 1, "heldBack": 0, "version": 1}));
    let listed = ada.get("/webhooks?fields=*").await.ok();
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
    for answer in [&first, &listed] {
        assert!(!answer.to_string().contains(&secret[6..]), "{answer}");
    }
    let change = json!({"events": ["interaction.queued"], "queues": ["tasks"], "version": 1});
    ada.put(&path, change.clone()).await.ok();
    has(&shown(&ada, &path).await, json!({"queues": ["tasks"], "version": 2}));
    ada.put(&path, change).await.refused(409, 2);
    // What was read is sent back.
    ada.put(&path, shown(&ada, &path).await).await.ok();
    let queue = format!("/queues/{}", api.queue_id("tasks"));
    assert!(ada.delete(&queue).await.refused(409, 19).contains("webhook \"crm\""));
    ada.delete(&path).await.ok();
    ada.get(&path).await.refused(404, 6);
    ada.delete(&path).await.refused(404, 6);
}

#[tokio::test]
async fn what_a_webhook_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = path_of(&made(&ada, "crm").await);
    let table = [
        (json!({"name": "x"}), 400, 1),
        (json!({"url": URL}), 400, 1),
        (json!({"name": "", "url": URL}), 400, 10),
        (json!({"name": "x", "url": "ftp://crm.example"}), 400, 10),
        (json!({"name": "x", "url": "https://kate:word@crm.example"}), 400, 10),
        (json!({"name": "x", "url": URL, "events": ["interaction.exploded"]}), 400, 10),
        (json!({"name": "x", "url": URL, "events": "interaction.queued"}), 400, 10),
        (json!({"name": "x", "url": URL, "queues": ["nothing"]}), 404, 6),
        (json!({"name": "crm", "url": URL}), 409, 18),
    ];
    for (body, status, code) in table {
        ada.post("/webhooks", body).await.refused(status, code);
    }
    for operation in [
        json!({"operationName": "Explode"}),
        json!({"operationName": "Replay", "from": "x"}),
        json!({"operationName": "Replay", "since": "yesterday"}),
        json!({"operationName": "Replay", "from": 0, "since": "2026-01-09T00:00:00Z"}),
        json!({"operationName": "RotateSecret", "lost": "yes"}),
    ] {
        ada.post(&path, operation).await.refused(400, 10);
    }
    ada.post(&path, json!({"operationName": "Replay"})).await.refused(400, 1);
    ada.post(&path, json!({"operationName": "Replay", "from": 1_000_000})).await.refused(409, 2);
    for n in 1..16 {
        made(&ada, &format!("crm {n}")).await;
    }
    let more = ada.post("/webhooks", json!({"name": "more", "url": URL})).await.refused(409, 2);
    assert!(more.contains("16"), "{more}");
}

#[tokio::test]
async fn another_contact_centers_webhook_is_not_there() {
    let api = Api::start().await;
    let path = path_of(&made(&api.by("ada"), "crm").await);
    let zoe = api.by("zoe");
    zoe.get(&path).await.refused(404, 6);
    zoe.get(&format!("{path}/deliveries")).await.refused(404, 6);
    zoe.put(&path, json!({"enabled": false})).await.refused(404, 6);
    zoe.delete(&path).await.refused(404, 6);
    for operation in ["Enable", "Disable", "Test", "RotateSecret"] {
        zoe.post(&path, json!({"operationName": operation})).await.refused(404, 6);
    }
    let replay = json!({"operationName": "Replay", "from": 1_000_000});
    zoe.post(&path, replay).await.refused(404, 6);
    assert_eq!(zoe.get("/webhooks").await.ok()["uris"], json!([]));
}

#[tokio::test]
async fn operations_do_what_they_say() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let made = made(&ada, "crm").await;
    let path = path_of(&made);
    let tested = ada.post(&path, json!({"operationName": "Test"})).await.ok();
    let message = tested["messageId"].as_str().unwrap();
    assert!(message.starts_with("msg_test_") && message.ends_with("_1"), "{message}");
    ada.post(&path, json!({"operationName": "Disable"})).await.ok();
    has(&shown(&ada, &path).await, json!({"enabled": false, "state": "Disabled"}));
    ada.post(&path, json!({"operationName": "Test"})).await.refused(409, 2);
    ada.post(&path, json!({"operationName": "Enable"})).await.ok();

    let rotate = || json!({"operationName": "RotateSecret"});
    let rotated = ada.post(&path, rotate()).await.ok();
    assert_ne!(rotated["secret"], made["secret"]);
    let shown_after = shown(&ada, &path).await;
    has(&shown_after, json!({"secrets": 2}));
    assert_eq!(shown_after["previousSecretUntil"], rotated["previousSecretUntil"]);
    assert!(ada.post(&path, rotate()).await.refused(409, 2).contains("lost"));
    let lost = json!({"operationName": "RotateSecret", "lost": true});
    let again = ada.post(&path, lost).await.ok();
    assert_ne!(again["secret"], rotated["secret"]);
    assert_eq!(again["previousSecretUntil"], rotated["previousSecretUntil"]);

    let position = shown(&ada, &path).await["position"].as_u64().unwrap();
    let id = api.submitted("workitem", "tasks").await;
    ada.post(&path, json!({"operationName": "Replay", "from": position + 1})).await.ok();
    has(&shown(&ada, &path).await, json!({"position": position + 1}));
    let since = json!({"operationName": "Replay", "since": "2020-01-01T00:00:00Z"});
    ada.post(&path, since).await.ok();
    has(&shown(&ada, &path).await, json!({"position": 0}));
    let late = json!({"operationName": "Replay", "since": "2999-01-01T00:00:00Z"});
    ada.post(&path, late).await.ok();
    assert!(shown(&ada, &path).await["position"].as_u64().unwrap() > position, "{id}");
    assert_eq!(ada.get(&format!("{path}/deliveries")).await.ok()["deliveries"], json!([]));
}

#[tokio::test]
async fn a_repeated_change_has_one_effect_and_no_secret_is_kept_for_a_repetition() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = path_of(&made(&ada, "crm").await);
    let key = [("idempotency-key", "k1")];
    let test = json!({"operationName": "Test"});
    let first = ada.send(Method::POST, &path, Some(test.to_string()), &key).await.ok();
    let second = ada.send(Method::POST, &path, Some(test.to_string()), &key).await.ok();
    assert_eq!(first, second);
    let body = json!({"name": "other", "url": URL}).to_string();
    ada.send(Method::POST, "/webhooks", Some(body.clone()), &key).await.ok();
    ada.send(Method::POST, "/webhooks", Some(body), &key).await.refused(409, 18);
}
