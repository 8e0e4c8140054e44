//! Ids have one form in every answer, and both forms are understood.

use handoff_domain::{GroupId, QueueId, UserId, WorkbinId};
use serde_json::{Value, json};

use crate::api::Api;

/// Finds every text that is a UUID without hyphens, as a whole or as a segment of an address.
fn plain_ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let segments =
                text.split('/').filter(|part| part.len() == 32 && part.parse::<UserId>().is_ok());
            found.extend(segments.map(str::to_owned));
        }
        Value::Array(values) => values.iter().for_each(|value| plain_ids(value, found)),
        Value::Object(values) => values.values().for_each(|value| plain_ids(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_answer_and_every_notification_prints_ids_with_hyphens() {
    let api = Api::start().await;
    api.ready("kate").await;
    let work = api.owned("kate", "workitem", "tasks").await;
    let chat = api.owned("kate", "chat", "support-chat").await;
    api.ready("ben").await;
    api.by("kate").does(&work, json!({"operationName": "Transfer", "userName": "ben"})).await.ok();
    let (kate, ben) = (api.user_id("kate"), api.user_id("ben"));
    let paths = [
        "/me?subresources=*".to_owned(),
        "/me/interactions?fields=*".to_owned(),
        "/me/interactions".to_owned(),
        "/interactions?fields=*".to_owned(),
        format!("/interactions/{work}"),
        format!("/interactions/{work}/events"),
        format!("/interactions/{work}/routing"),
        format!("/chats/{chat}"),
        format!("/workitems/{work}"),
        "/users?fields=*&subresources=*".to_owned(),
        "/users".to_owned(),
        format!("/users/{ben}/skills?fields=*"),
        "/queues?fields=*".to_owned(),
        "/groups?fields=*".to_owned(),
        "/skills?fields=*".to_owned(),
        "/workbins?fields=*".to_owned(),
    ];
    let mut found = Vec::new();
    for path in &paths {
        let answer = api.by("kate").get(path).await.ok();
        assert!(answer.to_string().len() > 40, "{path} shows something: {answer}");
        plain_ids(&answer, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{path}");
    }
    for message in api.told_to("kate", "/v2/me/interactions").await {
        plain_ids(&message, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{message}");
    }
    let mut control = Vec::new();
    plain_ids(&json!([{"uri": format!("http://x/users/{}", kate.stored())}]), &mut control);
    assert_eq!(control, [kate.stored()], "one that had no hyphens would be found");
}

#[tokio::test]
async fn both_forms_are_understood_in_paths_bodies_and_filters() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.ready("ben").await;
    let plain = |id: u128| format!("{id:032x}");
    let shouted = |id: u128| UserId(id).to_string().to_uppercase();
    let queue: QueueId = api.queue_id("tasks").parse().unwrap();
    let workbin: WorkbinId = api.workbin("kate", "Team").await.parse().unwrap();
    let group = GroupId(0x10);
    let things = [
        ("users", api.user_id("ben").0),
        ("queues", queue.0),
        ("groups", group.0),
        ("skills", 0x20),
        ("workbins", workbin.0),
    ];
    for (plural, id) in things {
        let shown = UserId(id).to_string();
        for text in [shown.clone(), plain(id), shouted(id)] {
            let one = api.by("kate").get(&format!("/{plural}/{text}")).await.ok();
            assert!(one.to_string().contains(&shown), "/{plural}/{text}: {one}");
            let list = api.by("kate").get(&format!("/{plural}?fields=id&id={text}")).await.ok();
            assert_eq!(list[plural], json!([{"id": shown}]), "{plural} by {text}");
        }
    }
    let (ben, kate) = (api.user_id("ben").0, api.user_id("kate").0);
    for (target, text) in [("userId", plain(ben)), ("userUri", format!("/users/{}", plain(ben)))] {
        api.by("ben").post("/me", json!({"operationName": "NotReady"})).await.ok();
        let id = api.owned("kate", "workitem", "tasks").await;
        api.by("ben").post("/me", json!({"operationName": "Ready"})).await.ok();
        let body = json!({"operationName": "Transfer", target: text});
        api.by("kate").does(&id, body).await.ok();
        assert_eq!(api.by("ben").sees(&id).await["state"], "Invited");
        for text in [plain(kate), shouted(kate), UserId(kate).to_string()] {
            let list = api
                .by("kate")
                .get(&format!("/interactions?fields=id&assignedTo={text}"))
                .await
                .ok();
            assert!(list.to_string().contains(&id), "{text}: {list}");
        }
    }
    api.by("ben").post("/me", json!({"operationName": "NotReady"})).await.ok();
    let id = api.owned("kate", "workitem", "tasks").await;
    let place = json!({"operationName": "PlaceInWorkbin", "workbin": plain(workbin.0)});
    api.by("kate").does(&id, place).await.ok();
}
