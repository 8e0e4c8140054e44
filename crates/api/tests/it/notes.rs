//! Notes: one does not overwrite another.

use serde_json::{Value, json};

use crate::api::Api;

async fn notes(api: &Api, user: &str, id: &str) -> Vec<Value> {
    let list = api.by(user).get(&format!("/interactions/{id}/notes")).await.ok();
    list["notes"].as_array().unwrap().clone()
}

fn texts(notes: &[Value]) -> Vec<&str> {
    notes.iter().map(|note| note["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_way_to_comment_puts_a_note_behind_the_others() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    assert_eq!(notes(&api, "kate", &id).await, [] as [Value; 0]);
    let (kate, path) = (api.by("kate"), format!("/interactions/{id}/notes"));
    kate.does(&id, json!({"operationName": "AddComment", "comment": "first"})).await.ok();
    api.clock.advance_s(60);
    kate.put(&format!("/interactions/{id}"), json!({"comment": "second"})).await.ok();
    let reply = kate.post(&path, json!({"text": "third\nin two lines"})).await.ok();
    assert!(reply["referenceId"].is_i64(), "{reply}");
    api.by("sam").post(&path, json!({"text": "fourth"})).await.ok();
    let list = notes(&api, "kate", &id).await;
    assert_eq!(texts(&list), ["first", "second", "third\nin two lines", "fourth"]);
    assert_eq!((&list[0]["id"], &list[3]["id"]), (&json!(1), &json!(4)));
    assert_eq!(
        (&list[0]["by"]["userName"], &list[3]["by"]["userName"]),
        (&json!("kate"), &json!("sam"))
    );
    assert_eq!(list[0]["at"], "2026-01-09 12:00:00.000+0000");
    assert_eq!(list[1]["at"], "2026-01-09 12:01:00.000+0000");
    assert_eq!(kate.sees(&id).await["comment"], "fourth", "the newest");
    kate.put(&format!("/interactions/{id}"), json!({"comment": ""})).await.ok();
    assert_eq!(kate.sees(&id).await["comment"], "");
    assert_eq!(notes(&api, "kate", &id).await.len(), 4, "what was written stays");
}

#[tokio::test]
async fn notes_go_with_the_work_and_not_with_its_answer() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    let kate = api.by("kate");
    kate.does(&id, json!({"operationName": "AddComment", "comment": "calls back"})).await.ok();
    kate.does(&id, json!({"operationName": "Reply"})).await.ok();
    let list = kate.get("/me/interactions?fields=id&state=Composing").await.ok();
    let draft = list["interactions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(notes(&api, "kate", &draft).await, [] as [Value; 0]);
    kate.does(&id, json!({"operationName": "PlaceInQueue", "queueName": "support-email"}))
        .await
        .ok();
    assert_eq!(texts(&notes(&api, "ben", &id).await), ["calls back"]);
}

#[tokio::test]
async fn who_may_write_and_how_much() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/interactions/{id}/notes");
    let text = |text: &str| json!({"text": text});
    api.by("ben").post(&path, text("x")).await.refused(403, 3);
    api.by("intake").post(&path, text("x")).await.refused(403, 5);
    api.by("mia").post(&path, text("x")).await.refused(404, 6);
    api.by("mia").get(&path).await.refused(404, 6);
    let kate = api.by("kate");
    kate.post(&path, json!({})).await.refused(400, 1);
    kate.post(&path, text(" ")).await.refused(400, 10);
    kate.post(&path, text("a\0b")).await.refused(400, 10);
    kate.post(&path, text(&"x".repeat(4_001))).await.refused(400, 10);
    let long = json!({"operationName": "AddComment", "comment": "x".repeat(4_001)});
    kate.does(&id, long).await.refused(400, 10);
    kate.put(&format!("/interactions/{id}"), json!({"comment": "x".repeat(4_001)}))
        .await
        .refused(400, 10);
    for _ in 0..100 {
        kate.post(&path, text("again")).await.ok();
    }
    let full = kate.post(&path, text("one more")).await.refused(409, 2);
    assert!(full.contains("notes"), "{full}");
    let operations = kate.sees(&id).await["operations"].clone();
    assert!(!operations.as_array().unwrap().contains(&json!("AddComment")), "{operations}");
    assert_eq!(notes(&api, "kate", &id).await.len(), 100);
    kate.does(&id, json!({"operationName": "Complete"})).await.ok();
    api.by("sam").post(&path, text("late")).await.refused(409, 2);
}

#[tokio::test]
async fn all_notes_together_have_a_size() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/interactions/{id}/notes");
    // 4,000 characters of three bytes: five of them fit into 64 KiB.
    let text = json!({"text": "語".repeat(4_000)});
    for _ in 0..5 {
        api.by("kate").post(&path, text.clone()).await.ok();
    }
    api.by("kate").post(&path, text).await.refused(409, 2);
}
