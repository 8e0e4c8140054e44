//! The second generation's doors: the same operations, one medium each, one envelope.

use serde_json::{Value, json};

use crate::rest_bench::Bench;

#[tokio::test]
async fn each_medium_has_its_door_and_its_resource() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    bench.by("kate").post("/me/channels/sms", json!({"operationName": "Ready"})).await;
    let kate = bench.by("kate");
    let table = [
        ("email", "support-email", "emails", "Processing"),
        ("chat", "support-chat", "chats", "Chatting"),
        ("workitem", "tasks", "workitems", "Processing"),
    ];
    for (channel, queue, plural, state) in table {
        let id = bench.offered(channel, queue).await;
        let door = format!("/me/{plural}");
        let list = kate.get(&format!("{door}?fields=*")).await.ok();
        assert_eq!(
            (&list[plural][0]["id"], &list[plural][0]["state"]),
            (&json!(id), &json!("Invited")),
            "{list}"
        );
        let reply = kate.post(&format!("{door}/{id}"), json!({"operationName": "Accept"})).await.ok();
        let reference = reply["referenceId"].as_i64().unwrap();
        assert_eq!(reply, json!({"statusCode": 0, "referenceId": reference}), "no older keys here");
        let uri = kate.get(&door).await.ok()["uris"][0].as_str().unwrap().to_owned();
        assert_eq!(uri, format!("http://127.0.0.1:8090/api/v2/{plural}/{id}"));
        let one = kate.get(&format!("/{plural}/{id}")).await.ok();
        assert_eq!(one[channel]["state"], state);
        let refused = kate.post(&format!("{door}/{id}"), json!({"operationName": "Accept"})).await;
        refused.refused(409, 2);
        assert_eq!(refused.json().as_object().unwrap().len(), 2, "{}", refused.text);
    }
}

#[tokio::test]
async fn an_open_media_type_has_a_door_of_its_name() {
    let bench = Bench::start().await;
    bench.listen("kate").await;
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["sms"]});
    bench.by("kate").post("/me", start).await.ok();
    bench.by("kate").post("/me", json!({"operationName": "Ready"})).await.ok();
    let id = bench.offered("sms", "messages").await;
    let kate = bench.by("kate");
    kate.post(&format!("/me/openmedia/sms/{id}"), json!({"operationName": "Accept"})).await.ok();
    assert_eq!(kate.get("/me/openmedia/sms?fields=*").await.ok()["openmedia"][0]["mediaType"], "sms");
    assert_eq!(kate.get(&format!("/openmedia/sms/{id}")).await.ok()["openmedia"]["id"], json!(id));
    assert_eq!(kate.get("/me/openmedia/fax?fields=*").await.ok()["openmedia"], json!([]));
    kate.get(&format!("/openmedia/fax/{id}")).await.refused(404, 6);
    for built_in in ["email", "chat", "workitem"] {
        kate.get(&format!("/me/openmedia/{built_in}")).await.refused(404, 6);
    }
}

#[tokio::test]
async fn behind_a_door_there_is_one_medium() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    let kate = bench.by("kate");
    for door in ["emails", "chats", "openmedia/sms"] {
        kate.post(&format!("/me/{door}/{id}"), json!({"operationName": "Complete"})).await.refused(404, 6);
        kate.get(&format!("/{door}/{id}")).await.refused(404, 6);
        assert_eq!(kate.get(&format!("/me/{door}")).await.ok()["uris"], Value::Array(Vec::new()));
    }
    assert_eq!(kate.sees(&id).await["state"], "Processing");
}
