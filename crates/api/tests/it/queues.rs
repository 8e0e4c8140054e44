//! Changing a queue.

use serde_json::{Value, json};

use crate::api::{Api, has};

#[tokio::test]
async fn the_given_fields_change_and_lists_are_replaced() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = format!("/queues/{}", api.queue_id("tasks"));
    let before = ada.get(&path).await.ok()["queue"].clone();
    has(&before, json!({"inviteTimeout": 30, "groups": ["Support"]}));
    let change = json!({
        "groups": ["Sales"], "skills": {"english": 2}, "inviteTimeout": 45, "priority": 7,
        "steps": [{"after": 60, "groups": ["Support", "Sales"], "skills": {}}], "unknown": true,
    });
    assert_eq!(ada.put(&path, change).await.text, r#"{"statusCode":0}"#);
    ada.put(&path, json!({"name": "work"})).await.ok();
    let after = ada.get(&path).await.ok()["queue"].clone();
    has(&after, json!({"name": "work", "channel": "workitem", "priority": 7}));
    has(&after, json!({"groups": ["Sales"], "skills": {"english": 2}}));
    has(&after, json!({"inviteTimeout": 45, "reofferAfter": 30}));
    // As one is shown that a file gave in ms.
    ada.put(&path, json!({"reofferAfter": 1.5})).await.ok();
    has(&ada.reads(&path).await, json!({"reofferAfter": 1.5}));
    ada.put(&path, json!({"reofferAfter": 1.0005})).await.refused(400, 10);
    assert_eq!(
        after["steps"],
        json!([{"after": 60, "groups": ["Support", "Sales"], "skills": {}}])
    );
    let id = api.submitted("workitem", "work").await;
    assert_eq!(api.by("ada").sees(&id).await["priority"], 7, "the engine knows at once");
}

#[tokio::test]
async fn what_a_queue_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = format!("/queues/{}", api.queue_id("tasks"));
    let before = ada.get(&path).await.ok();
    let table = [
        (json!({"channel": "email"}), 400, 11),
        (json!({"id": api.queue_id("sales"), "priority": 9}), 400, 11),
        (json!({"uri": "http://127.0.0.1:8090/api/v2/queues/x", "priority": 9}), 400, 11),
        (json!({"path": "/queues/x", "priority": 9}), 400, 11),
        (json!({"id": 1, "priority": 9}), 400, 10),
        (json!({"name": "sales"}), 409, 18),
        (json!({"groups": ["Nobody"]}), 404, 6),
        (json!({"skills": {"juggling": 1}}), 404, 6),
        (json!({"steps": [{"after": 1, "groups": ["Nobody"]}]}), 404, 6),
        (json!({"inviteTimeout": 0, "priority": 9}), 400, 10),
        (json!({"reofferAfter": 86_401, "priority": 9}), 400, 10),
        (json!({"name": " ", "priority": 9}), 400, 10),
        (json!({"steps": [{"after": 0}]}), 400, 10),
        (json!({"steps": [{"after": 9}, {"after": 1}, {"after": 9}]}), 400, 10),
        (json!({"steps": [{"after": 86_401}]}), 400, 10),
        (
            json!({"steps": (1..=101).map(|after| json!({"after": after})).collect::<Vec<_>>()}),
            400,
            10,
        ),
    ];
    for (body, status, code) in table {
        ada.put(&path, body.clone()).await.refused(status, code);
        assert_eq!(ada.get(&path).await.ok(), before, "{body}");
    }
    ada.put(&path, json!({"channel": "workitem", "name": "tasks"})).await.ok();
    ada.put(&path, before["queue"].clone()).await.ok();
    assert_eq!(ada.get(&path).await.ok(), before, "what was read can be sent back");
    api.by("sam").put(&path, json!({"priority": 1})).await.refused(403, 5);
    api.by("zoe").put(&path, json!({"priority": 1})).await.refused(404, 6);
}

#[tokio::test]
async fn letters_are_acknowledged_and_reviewed_as_requests_say() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = format!("/queues/{}", api.queue_id("support-email"));
    ada.makes("/queues", json!({"name": "review", "channel": "email"})).await;
    let said = json!({"acknowledge": {"subject": "We have it", "text": "Today."},
                      "reviewQueue": "review"});
    ada.put(&path, said.clone()).await.ok();
    let shown = ada.reads(&path).await;
    has(&shown, said);
    ada.put(&path, shown.clone()).await.ok();
    assert_eq!(ada.reads(&path).await, shown, "what was read can be sent back");
    for (body, status, code) in [
        (json!({"acknowledge": {"subject": "We have it"}}), 400, 1),
        (json!({"acknowledge": {"subject": " ", "text": "Today."}}), 400, 10),
        (json!({"acknowledge": "Today."}), 400, 10),
        (json!({"reviewQueue": "nowhere"}), 404, 6),
        (json!({"reviewQueue": "tasks"}), 400, 10),
        (json!({"reviewQueue": "support-email"}), 400, 10),
    ] {
        ada.put(&path, body.clone()).await.refused(status, code);
        assert_eq!(ada.reads(&path).await, shown, "{body}");
    }
    let tasks = format!("/queues/{}", api.queue_id("tasks"));
    for body in [json!({"acknowledge": shown["acknowledge"]}), json!({"reviewQueue": "review"})] {
        let why = ada.put(&tasks, body).await.refused(400, 10);
        assert!(why.contains("e-mail queue"), "{why}");
    }
    let hours = json!({"timeZone": "Europe/Paris", "open": ["Mon-Fri 08:00-18:00"],
                       "exceptions": ["2026-12-24 08:00-12:00", "2026-12-25 closed"]});
    let closed = json!({"subject": "We are closed", "text": "Until Monday."});
    ada.put(&path, json!({"closed": closed})).await.refused(400, 10);
    let said = json!({"hours": hours, "closed": closed});
    ada.put(&path, said.clone()).await.ok();
    has(&ada.reads(&path).await, said);
    for (member, wrong) in [
        ("exceptions", json!(["2026-02-30 closed"])),
        ("open", json!(["Monday 8-18"])),
        ("timeZone", json!("Nowhere")),
    ] {
        let mut body = hours.clone();
        body[member] = wrong;
        ada.put(&path, json!({"hours": body})).await.refused(400, 10);
    }
    ada.put(&path, json!({"hours": {"timeZone": "UTC", "open": ["Mon 08:00-18:00"]}})).await.ok();
    let kept = &ada.reads(&path).await["hours"];
    assert_eq!(kept["exceptions"], hours["exceptions"], "of what nothing is said, that stays");
    ada.put(&path, json!({"hours": {}})).await.refused(400, 10);
    ada.put(&path, json!({"acknowledge": {}, "hours": {}, "closed": {}, "reviewQueue": ""}))
        .await
        .ok();
    let shown = ada.reads(&path).await;
    for gone in ["acknowledge", "hours", "closed", "reviewQueue"] {
        assert_eq!(shown[gone], Value::Null, "{gone}");
    }
}
