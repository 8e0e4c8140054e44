//! How work can end: the list that admins keep, the queues that ask for it, and what agents say.

use serde_json::json;

use crate::api::{Api, has};

const LIST: &str = "/settings/dispositions";

fn set(key: &str) -> serde_json::Value {
    json!({"operationName": "SetDisposition", "disposition": key})
}

#[tokio::test]
async fn admins_add_dispositions_change_and_remove_them() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    let body = json!({"key": "sold/1", "displayName": "Sold", "channels": ["workitem"],
        "noteRequired": true});
    let made = ada.post(LIST, body.clone()).await.ok();
    let path = made["path"].as_str().unwrap();
    assert!(path.ends_with("/sold%2F1"), "{path}");
    let shown = kate.get(path).await.ok()["disposition"].clone();
    has(&shown, body.clone());
    let listed = kate.get(LIST).await.ok();
    assert_eq!((&listed["key"], &listed["settings"][0]), (&json!("key"), &shown));
    ada.post(LIST, body).await.refused(409, 18);
    let mut said = shown.clone();
    said["displayName"] = "Sold it".into();
    ada.put(path, said.clone()).await.ok();
    ada.put(path, said).await.refused(409, 2);
    ada.put(path, json!({"key": "other"})).await.refused(400, 11);

    // A queue offers it: it stays, and stays for the queue's channel.
    let tasks = format!("/queues/{}", api.queue_id("tasks"));
    let asks = json!({"dispositions": ["sold/1"], "dispositionRequired": true});
    ada.put(&tasks, asks.clone()).await.ok();
    has(&kate.get(&tasks).await.ok()["queue"], asks);
    ada.delete(path).await.refused(409, 19);
    ada.put(path, json!({"channels": ["chat"]})).await.refused(409, 19);
    ada.put(path, json!({"channels": ["chat", "workitem"]})).await.ok();
    let file = ada.get("/center").await.text;
    for part in [
        "dispositions = [\"sold/1\"]\ndispositionRequired = true\n",
        "key = \"sold/1\"\ndisplayName = \"Sold it\"\nchannels = [\"chat\", \"workitem\"]\n\
         noteRequired = true\n",
    ] {
        assert!(file.contains(part), "{file}");
    }
    ada.put(&tasks, json!({"dispositions": [], "dispositionRequired": false})).await.ok();
    ada.delete(path).await.ok();
    ada.delete(path).await.refused(404, 6);
}

#[tokio::test]
async fn what_a_disposition_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    for wrong in [
        json!({"displayName": " "}),
        json!({"displayName": "x", "key": "two\nlines"}),
        json!({"displayName": "x", "channels": ["a b"]}),
        json!({"displayName": "x", "channels": "chat"}),
        json!({"displayName": "x", "channels": vec!["chat"; 101]}),
        json!({"displayName": "x", "noteRequired": "yes"}),
    ] {
        ada.post(LIST, wrong).await.refused(400, 10);
    }
    ada.post(LIST, json!({"key": "x"})).await.refused(400, 1);
    ada.post(LIST, json!({"displayName": "lost", "channels": ["chat"]})).await.ok();
    let tasks = format!("/queues/{}", api.queue_id("tasks"));
    ada.put(&tasks, json!({"dispositions": ["lost"]})).await.refused(400, 10);
    ada.put(&tasks, json!({"dispositions": ["nowhere"]})).await.refused(404, 6);
}

#[tokio::test]
async fn a_queue_asks_what_came_of_it_and_the_answer_is_told_and_kept() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    api.ready("kate").await;
    ada.post(LIST, json!({"displayName": "Sold", "key": "sold"})).await.ok();
    // Where none is asked for, whatever is said counts, and nothing need be.
    let free = api.owned("kate", "workitem", "tasks").await;
    kate.does(&free, set("whatever")).await.ok();
    assert_eq!(kate.sees(&free).await["disposition"], "whatever");
    kate.does(&free, json!({"operationName": "Complete"})).await.ok();

    let asks = json!({"dispositions": ["sold"], "dispositionRequired": true});
    ada.put(&format!("/queues/{}", api.queue_id("tasks")), asks).await.ok();
    let id = api.owned("kate", "workitem", "tasks").await;
    assert!(kate.sees(&id).await.get("disposition").is_none());
    let complete = || json!({"operationName": "Complete"});
    let refused = kate.does(&id, complete()).await;
    let sentence = refused.json()["statusMessage"].as_str().unwrap().to_owned();
    refused.refused(409, 2);
    assert!(sentence.contains("\"sold\" with SetDisposition"), "{sentence}");
    kate.does(&id, set("whatever")).await.ok();
    kate.does(&id, complete()).await.refused(409, 2);
    // Desktops of before set it as user data.
    let data = json!({"operationName": "AttachUserData", "userData": {"DISP_KEY": "sold"}});
    kate.does(&id, data).await.ok();
    let told = api.told_to("kate", "/v2/me/interactions").await;
    has(
        told.last().unwrap(),
        json!({"notificationType": "PropertiesUpdated", "disposition": "sold",
            "userData": {"DISP_KEY": "sold"}}),
    );
    kate.does(&id, complete()).await.ok();
    let events = kate.get(&format!("/interactions/{id}/events")).await.text;
    assert!(events.contains(r#""fact":"DispositionSet""#), "{events}");
    assert_eq!(kate.sees(&id).await["disposition"], "sold");
}
