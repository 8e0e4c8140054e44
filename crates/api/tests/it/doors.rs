//! The second generation's doors: the same operations, one medium each, one envelope.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::{Api, has};

#[tokio::test]
async fn each_medium_has_its_door_and_its_resource() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.by("kate").post("/me/channels/sms", json!({"operationName": "Ready"})).await;
    let kate = api.by("kate");
    let table = [
        ("email", "support-email", "emails", "Processing"),
        ("chat", "support-chat", "chats", "Chatting"),
        ("workitem", "tasks", "workitems", "Processing"),
    ];
    for (channel, queue, plural, state) in table {
        let id = api.offered(channel, queue).await;
        let door = format!("/me/{plural}");
        let list = kate.get(&format!("{door}?fields=*")).await.ok();
        assert_eq!(
            (&list[plural][0]["id"], &list[plural][0]["state"]),
            (&json!(id), &json!("Invited")),
            "{list}"
        );
        let reply =
            kate.post(&format!("{door}/{id}"), json!({"operationName": "Accept"})).await.ok();
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
async fn a_slash_at_the_end_is_the_same_path() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    let create = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    kate.post("/me/interactions/", create).await.ok();
    for path in ["/me/interactions", "/queues", "/me/channels"] {
        assert_eq!(kate.get(&format!("{path}/")).await.ok(), kate.get(path).await.ok());
    }
    api.by("kate").get("/me/nothing/").await.refused(404, 6);
}

#[tokio::test]
async fn an_open_media_type_has_a_door_of_its_name() {
    let api = Api::start().await;
    api.listen("kate").await;
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["sms"]});
    api.by("kate").post("/me", start).await.ok();
    api.by("kate").post("/me", json!({"operationName": "Ready"})).await.ok();
    let id = api.offered("sms", "messages").await;
    let kate = api.by("kate");
    kate.post(&format!("/me/openmedia/sms/{id}"), json!({"operationName": "Accept"})).await.ok();
    assert_eq!(
        kate.get("/me/openmedia/sms?fields=*").await.ok()["openmedia"][0]["mediaType"],
        "sms"
    );
    assert_eq!(kate.get(&format!("/openmedia/sms/{id}")).await.ok()["openmedia"]["id"], json!(id));
    assert_eq!(kate.get("/me/openmedia/fax?fields=*").await.ok()["openmedia"], json!([]));
    kate.get(&format!("/openmedia/fax/{id}")).await.refused(404, 6);
    for built_in in ["email", "chat", "workitem"] {
        kate.get(&format!("/me/openmedia/{built_in}")).await.refused(404, 6);
    }
}

#[tokio::test]
async fn behind_a_door_there_is_one_medium() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    for door in ["emails", "chats", "openmedia/sms"] {
        kate.post(&format!("/me/{door}/{id}"), json!({"operationName": "Complete"}))
            .await
            .refused(404, 6);
        kate.get(&format!("/{door}/{id}")).await.refused(404, 6);
        assert_eq!(kate.get(&format!("/me/{door}")).await.ok()["uris"], Value::Array(Vec::new()));
    }
    assert_eq!(kate.sees(&id).await["state"], "Processing");
}

#[tokio::test]
async fn an_agent_creates_work_at_its_mediums_door() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let channels = ["email", "workitem", "sms"];
    let start = json!({"operationName": "StartContactCenterSession", "channels": channels});
    kate.post("/me", start).await.ok();
    let parent = api.submitted("email", "support-email").await;
    let table = [
        ("emails", "emails", "support-email", "Composing"),
        ("workitems", "workitems", "tasks", "Processing"),
        ("openmedia/sms", "openmedia", "messages", "Processing"),
    ];
    for (door, plural, queue, state) in table {
        let door = format!("/me/{door}");
        let uri = format!("http://127.0.0.1:8090/api/v2/queues/{}", api.queue_id(queue));
        let by_uri = json!({
            "operationName": "Create", "queueUri": uri, "parentId": parent, "userData": {"a": 1}, "saveLAR": true,
        });
        let reply = kate.post(&door, by_uri).await.ok();
        let reference = reply["referenceId"].as_i64().unwrap();
        assert_eq!(reply, json!({"statusCode": 0, "referenceId": reference}), "{door}");
        let list = kate.get(&format!("{door}?fields=*")).await.ok();
        let [created] = list[plural].as_array().unwrap().as_slice() else { panic!("one: {list}") };
        assert_eq!(
            (&created["state"], &created["userData"]["a"]),
            (&json!(state), &json!(1)),
            "{created}"
        );
        let id = created["id"].as_str().unwrap();
        let seen = kate.sees(id).await;
        has(
            &seen,
            json!({"parentId": parent, "currentQueue": queue, "assignedTo": api.user_id("kate").to_string()}),
        );
        let by_name = json!({"operationName": "Create", "queueName": queue});
        let again = kate.post(&door, by_name).await.ok();
        assert!(again["referenceId"].as_i64().unwrap() > reference, "each request has its number");
        assert_eq!(kate.get(&door).await.ok()["uris"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn what_cannot_be_created_at_a_door_is_refused_and_creates_nothing() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let create = |queue: &str| json!({"operationName": "Create", "queueName": queue});
    kate.post("/me/workitems", create("tasks")).await.refused(409, 2);
    api.start_session("kate").await;
    let other_channel =
        json!({"operationName": "Create", "queueName": "tasks", "channel": "email"});
    let email = json!({"operationName": "Create", "queueName": "tasks", "email": {"to": ["x@example.com"]}});
    let orphan = json!({"operationName": "Create", "queueName": "tasks", "parentId": api.no_id()});
    let table = [
        ("workitems", create("nothing"), 404, 6),
        ("workitems", create("elsewhere"), 404, 6),
        ("workitems", create("support-email"), 400, 10),
        ("workitems", json!({"operationName": "Create"}), 400, 1),
        ("workitems", json!({"operationName": "Make", "queueName": "tasks"}), 400, 10),
        ("workitems", other_channel, 400, 10),
        ("workitems", email, 400, 10),
        ("workitems", orphan, 404, 6),
        ("chats", create("support-chat"), 400, 10),
        ("openmedia/fax", create("messages"), 404, 6),
        ("openmedia/workitem", create("tasks"), 404, 6),
    ];
    for (door, body, status, code) in table {
        kate.post(&format!("/me/{door}"), body.clone()).await.refused(status, code);
        assert_eq!(
            api.by("ada").get("/interactions").await.ok()["uris"],
            json!([]),
            "{door} {body}"
        );
    }
    let chat = create("support-chat");
    let by_all = json!({"operationName": "Create", "queueName": "support-chat", "channel": "chat"});
    assert_eq!(
        kate.post("/me/chats", chat).await.text,
        kate.post("/me/interactions", by_all).await.text,
        "one refusal"
    );
    // What is wrong with the body is told before who is calling.
    api.anonymous().post("/me/workitems", json!({"operationName": "Create"})).await.refused(400, 1);
    api.by("ada").post("/me/emails", json!({"operationName": "Make"})).await.refused(400, 10);
    api.by("ada").post("/me/openmedia/fax", create("messages")).await.refused(403, 5);
}

#[tokio::test]
async fn a_retry_at_a_door_creates_nothing_more() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let body = json!({"operationName": "Create", "queueName": "tasks"}).to_string();
    let headers = [("idempotency-key", "k")];
    let kate = api.by("kate");
    let first = kate.send(Method::POST, "/me/workitems", Some(body.clone()), &headers).await;
    let again = kate.send(Method::POST, "/me/workitems", Some(body), &headers).await;
    assert_eq!((first.codes(), &first.text), ((200, 0), &again.text));
    assert_eq!(kate.get("/me/workitems").await.ok()["uris"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_resource_is_behind_both_addresses() {
    let api = Api::start().await;
    let table = [
        ("email", "support-email", "emails"),
        ("chat", "support-chat", "chats"),
        ("workitem", "tasks", "workitems"),
        ("sms", "messages", "openmedia/sms"),
    ];
    for (channel, queue, door) in table {
        let id = api.submitted(channel, queue).await;
        for query in ["", "?fields=id,state"] {
            let mine = api.by("kate").get(&format!("/me/{door}/{id}{query}")).await;
            assert_eq!(mine.text, api.by("kate").get(&format!("/{door}/{id}{query}")).await.text);
            mine.ok();
        }
        api.by("mia").get(&format!("/me/{door}/{id}")).await.refused(404, 6);
        let other = if door == "emails" { "workitems" } else { "emails" };
        api.by("kate").get(&format!("/me/{other}/{id}")).await.refused(404, 6);
    }
}
