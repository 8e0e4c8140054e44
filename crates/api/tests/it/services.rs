//! Services as admins make, change and remove them.

use axum::http::Method;
use handoff_testkit::Call;
use serde_json::json;

use crate::api::{Api, has};
use crate::customer::{Customer, SERVICE, post};

#[tokio::test]
async fn a_chat_service_is_made_changed_and_removed() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let body = json!({
        "name": "help", "type": "chat", "queue": "support-chat", "idleAlert": 0, "maxWaiting": 9,
        "hours": {"timeZone": "UTC", "open": ["Mon-Fri 08:00-18:00", "Sat 10:00-14:00"],
                  "exceptions": ["2026-12-25 closed"]},
        "files": {"uploads": 1, "types": ["PDF"]}, "origins": ["https://www.example.com"],
    });
    let path = ada.makes("/services", body.clone()).await;
    let shown = api.by("kate").reads(&path).await;
    has(&shown, json!({"name": "help", "type": "chat", "queue": "support-chat", "version": 1}));
    has(&shown, json!({"enabled": true, "customerSilence": 45, "idleAlert": 0, "maxWaiting": 9}));
    has(&shown, json!({"hours": body["hours"], "leaveMessage": null, "withoutKey": false}));
    has(&shown["files"], json!({"uploads": 1, "types": ["pdf"], "downloads": 10}));
    ada.post("/services", body).await.refused(409, 18);
    let path_of_letters = ada.makes("/services", letters()).await;
    let change = json!({"leaveMessage": "contact", "enabled": false, "maxWaiting": 0, "hours": {},
                        "files": {"uploads": 2}, "type": "chat"});
    ada.put(&path, change).await.ok();
    let shown = ada.reads(&path).await;
    has(&shown, json!({"enabled": false, "leaveMessage": "contact", "maxWaiting": null}));
    has(&shown, json!({"hours": null, "origins": ["https://www.example.com"], "version": 2}));
    has(&shown["files"], json!({"uploads": 2, "types": ["pdf"]}));
    ada.put(&path, shown.clone()).await.ok();
    assert_eq!(ada.reads(&path).await, shown, "what was read can be sent back");
    let why = ada.delete(&path_of_letters).await.refused(409, 19);
    assert!(why.contains("the service \"help\""), "{why}");
    ada.post(&path, json!({"leaveMessage": ""})).await.ok();
    ada.delete(&path_of_letters).await.ok();
    ada.delete(&path).await.ok();
    ada.get(&path).await.refused(404, 6);
    let names = &ada.get("/services?fields=name").await.ok()["services"];
    assert_eq!(names, &json!([{"name": "customer-support"}]));
}

fn letters() -> serde_json::Value {
    json!({"name": "contact", "type": "email", "queue": "support-email",
           "mailbox": "help@demo.example"})
}

#[tokio::test]
async fn services_of_the_other_types_have_options_of_their_own() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = ada.makes("/services", letters()).await;
    has(&ada.reads(&path).await, json!({"mailbox": "help@demo.example", "type": "email"}));
    has(&ada.reads(&path).await["files"], json!({"uploads": 10, "totalBytes": 10_485_760}));
    let body = json!({"name": "texts", "type": "openmedia", "queue": "messages"});
    let path = ada.makes("/services", body).await;
    let shown = ada.reads(&path).await;
    has(&shown, json!({"mediaType": "sms", "interactionType": "Inbound"}));
    has(&shown, json!({"interactionSubType": "InboundNew", "allowOverwrite": false}));
    // Led elsewhere, what comes in is of that queue's channel.
    ada.put(&path, json!({"queue": "tasks", "interactionType": "Internal"})).await.ok();
    let shown = ada.reads(&path).await;
    has(&shown, json!({"mediaType": "workitem", "interactionType": "Internal"}));
}

#[tokio::test]
async fn what_a_service_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let listed = ada.get("/services?fields=*").await.ok();
    let path = listed["services"][0]["path"].as_str().unwrap().to_owned();
    let table = [
        (json!({"name": "other"}), 400, 11),
        (json!({"type": "email"}), 400, 11),
        (json!({"type": "fax"}), 400, 10),
        (json!({"queue": "nowhere"}), 404, 6),
        (json!({"queue": "tasks"}), 400, 10),
        (json!({"mailbox": "a@b.example"}), 400, 10),
        (json!({"customerSilence": 1_728_001}), 400, 10),
        (json!({"maxWaiting": 1_000_001}), 400, 10),
        (json!({"leaveMessage": "nowhere"}), 404, 6),
        (json!({"origins": ["www.example.com"]}), 400, 10),
        (json!({"hours": {"timeZone": "Mars", "open": ["Mon 08:00-18:00"]}}), 400, 10),
        (json!({"hours": {"timeZone": "UTC", "open": ["Mon 8-18"]}}), 400, 10),
        (json!({"hours": {"timeZone": "UTC"}}), 400, 1),
        (json!({"files": {"types": []}}), 400, 10),
        (json!({"files": {"uploads": 1_001}}), 400, 10),
        (json!({"version": 9}), 409, 2),
    ];
    for (body, status, code) in table {
        ada.put(&path, body.clone()).await.refused(status, code);
        assert_eq!(ada.get("/services?fields=*").await.ok(), listed, "{body}");
    }
    for (body, status, code) in [
        (json!({"name": "x", "type": "chat"}), 400, 1),
        (json!({"name": "x", "type": "email", "queue": "support-email"}), 400, 1),
        (json!({"name": "a b", "type": "chat", "queue": "support-chat"}), 400, 10),
        (json!({"name": "x", "type": "chat", "queue": "tasks"}), 400, 10),
    ] {
        ada.post("/services", body).await.refused(status, code);
    }
    // Its name is an address of the whole installation; whose it is, is nobody else's business.
    let zoe = api.by("zoe");
    zoe.get(&path).await.refused(404, 6);
    zoe.makes("/queues", json!({"name": "chats", "channel": "chat"})).await;
    let taken = json!({"name": "customer-support", "type": "chat", "queue": "chats"});
    zoe.post("/services", taken).await.refused(409, 18);
}

#[tokio::test]
async fn a_repeated_request_makes_one_service() {
    let api = Api::start().await;
    let body = json!({"name": "help", "type": "chat", "queue": "support-chat"});
    let call = || {
        let call = Call::new(Method::POST, "/services").by("ada", handoff_testkit::PASSWORD);
        call.json(body.to_string()).keyed("k1")
    };
    let first = api.calls(call()).await;
    assert_eq!((first.codes(), api.calls(call()).await.text), ((200, 0), first.text.clone()));
    assert_eq!(
        api.by("ada").get("/services?fields=*").await.ok()["services"].as_array().unwrap().len(),
        2
    );
}

/// What came in by a service goes on without it, as where a file removes it.
#[tokio::test]
async fn an_open_chat_goes_on_without_its_service() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let customer = Customer::begin(&api).await;
    let listed = ada.get("/services?fields=*").await.ok();
    ada.delete(listed["services"][0]["path"].as_str().unwrap()).await.ok();
    customer.says("still here").await;
    assert!(customer.reads().await.iter().any(|line| line.ends_with("still here")));
    let refused = post(&api, SERVICE, &[("nickname", "Eve")]).await;
    assert_ne!(refused["statusCode"], 0, "nobody comes in any more: {refused}");
}

/// The name is free then, for any contact center: what came in by it has nothing to do with that.
#[tokio::test]
async fn whoever_takes_the_name_of_a_service_has_nothing_of_its_chats() {
    let api = Api::start().await;
    let (ada, zoe, anonymous) = (api.by("ada"), api.by("zoe"), api.anonymous());
    let begun = json!({"operationName": "RequestChat", "nickname": "Ada"});
    let begun = anonymous.post("/chats", begun).await.ok();
    let path = format!("/chats/{}", begun["id"].as_str().unwrap());
    let listed = ada.get("/services?fields=*").await.ok();
    ada.delete(listed["services"][0]["path"].as_str().unwrap()).await.ok();
    zoe.makes("/queues", json!({"name": "chats", "channel": "chat"})).await;
    let same =
        json!({"name": "customer-support", "type": "chat", "queue": "chats", "withoutKey": true});
    zoe.makes("/services", same).await;
    anonymous.get(&path).await.refused(404, 6);
    anonymous.get(&format!("{path}/messages")).await.refused(404, 6);
}
