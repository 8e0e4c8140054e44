//! Submitting, reading and changing interactions.

use handoff_store::{ChangeSet, Key, Put, Receipt, Record, Store as _};
use serde_json::{Value, json};

use crate::api::{Api, has, keys, store};

fn create(mut fields: Value) -> Value {
    fields["operationName"] = json!("Create");
    fields
}

#[tokio::test]
async fn an_interaction_enters_as_it_was_submitted() {
    let api = Api::start().await;
    let body = create(json!({
        "channel": "workitem", "queueName": "tasks", "interactionType": "Inbound", "interactionSubType": "InboundCustom",
        "externalId": "case-1", "subject": "A case", "priority": -3, "skills": {"billing": 2},
        "userData": {"a": {"b": [1, null]}}, "contactId": "c-1",
    }));
    let reply = api.by("intake").post("/interactions", body).await.ok();
    assert_eq!(keys(&reply), ["statusCode", "id", "uri", "path"].into());
    let id = reply["id"].as_str().unwrap();
    assert_eq!((reply["path"].as_str().unwrap(), id.len()), (&*format!("/interactions/{id}"), 16));
    assert_eq!(reply["uri"], json!(format!("http://127.0.0.1:8090/api/v2/interactions/{id}")));
    let seen = api.by("kate").sees(id).await;
    let wanted = json!({
        "id": id, "channel": "workitem", "interactionType": "Workitem", "interactionSubType": "InboundCustom",
        "direction": "Inbound", "state": "Queued", "currentQueue": "tasks", "priority": -3, "subject": "A case",
        "externalId": "case-1", "contactId": "c-1", "assignedTo": null, "parentId": null,
        "userData": {"a": {"b": [1, null]}}, "receivedDate": "2026-01-09 12:00:00.000+0000",
    });
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&seen[key], value, "{key}");
    }
    let some = api.by("kate").get(&format!("/interactions/{id}?fields=state,id")).await.ok();
    assert_eq!(some["interaction"], json!({"id": id, "state": "Queued"}));
}

#[tokio::test]
async fn the_same_external_id_is_the_same_interaction() {
    let api = Api::start().await;
    let body = |subject: &str| {
        create(
            json!({"channel": "workitem", "queueName": "tasks", "externalId": "case-1", "subject": subject}),
        )
    };
    let first = api.by("intake").post("/interactions", body("first")).await;
    let again = api.by("intake").post("/interactions", body("second")).await;
    assert_eq!(first.text, again.text);
    assert_eq!(api.by("ada").get("/interactions").await.ok()["uris"].as_array().unwrap().len(), 1);
    assert_eq!(api.by("ada").sees(first.ok()["id"].as_str().unwrap()).await["subject"], "first");
    let by_ada = api.by("ada").post("/interactions", body("third")).await;
    assert_ne!(by_ada.text, again.text, "another account has ids of its own");
    assert_eq!(by_ada.text, api.by("ada").post("/interactions", body("fourth")).await.text);
    let elsewhere =
        create(json!({"channel": "workitem", "queueName": "elsewhere", "externalId": "case-1"}));
    let other = api.by("zoe").post("/interactions", elsewhere).await;
    assert_ne!(other.text, again.text, "another center has ids of its own");
}

#[tokio::test]
async fn an_agent_cannot_take_an_external_id_that_a_server_uses() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let body =
        |key: &str| create(json!({"channel": "workitem", "queueName": "sales", "externalId": key}));
    let of = |reply: Value| reply["id"].as_str().unwrap().to_owned();
    // The server came first: the agent is refused, and learns nothing of what it is.
    let server = of(api.by("intake").post("/interactions", body("order-1")).await.ok());
    let refused = api.by("kate").post("/me/interactions", body("order-1")).await;
    refused.refused(409, 18);
    assert!(!refused.text.contains(&server), "{}", refused.text);
    assert_eq!(of(api.by("intake").post("/interactions", body("order-1")).await.ok()), server);
    // The agent came first: the server gets an interaction of its own, and goes on getting it.
    let own = of(api.by("kate").post("/me/interactions", body("order-2")).await.ok());
    assert_eq!(of(api.by("kate").post("/me/interactions", body("order-2")).await.ok()), own);
    let server = of(api.by("intake").post("/interactions", body("order-2")).await.ok());
    assert_ne!(server, own);
    assert_eq!(of(api.by("intake").post("/interactions", body("order-2")).await.ok()), server);
    // An agent who does not see any more what they made is not told its id.
    api.by("kate").does(&own, json!({"operationName": "Complete"})).await.ok();
    assert_eq!(of(api.by("kate").post("/me/interactions", body("order-2")).await.ok()), own);
    api.clock.advance_s(24 * 60 * 60 + 1);
    api.by("kate").get(&format!("/interactions/{own}")).await.refused(404, 6);
    let late = api.by("kate").post("/me/interactions", body("order-2")).await;
    late.refused(409, 18);
    assert!(!late.text.contains(&own), "{}", late.text);
}

#[tokio::test]
async fn receipts_of_the_time_when_ids_were_the_centers_go_on_counting() {
    let store = store().await;
    let api = Api::start_on(store.clone(), |_| {}).await;
    api.start_session("kate").await;
    let body = || create(json!({"channel": "workitem", "queueName": "sales", "externalId": "old"}));
    let plain = create(json!({"channel": "workitem", "queueName": "sales"}));
    let id =
        api.by("intake").post("/interactions", plain).await.ok()["id"].as_str().unwrap().to_owned();
    // As it was stored then: the submitter is not noted, and the receipt is the contact center's.
    let key = Key::Interaction(id.parse().unwrap());
    let found = store.load(std::slice::from_ref(&key)).await.unwrap().pop().flatten().unwrap();
    let Record::Interaction(mut old) = found.value else { panic!("an interaction") };
    let scope = format!("external:{}", old.center.stored());
    old.submitter = None;
    let receipt = Receipt {
        scope,
        key: "old".to_owned(),
        fingerprint: String::new(),
        answer: id.clone(),
        expires: None,
    };
    let puts = vec![Put { record: Record::Interaction(old), expected: found.version }];
    store
        .commit(ChangeSet { puts, receipts: vec![receipt], ..ChangeSet::default() })
        .await
        .unwrap();
    let api = Api::start_on(store, |_| {}).await;
    assert_eq!(api.by("intake").post("/interactions", body()).await.ok()["id"], json!(id));
    assert_eq!(api.by("intake").sees(&id).await["id"], json!(id));
    api.by("kate").post("/me/interactions", body()).await.refused(409, 18);
    assert_ne!(api.by("ada").post("/interactions", body()).await.ok()["id"], json!(id));
}

#[tokio::test]
async fn what_cannot_be_submitted_is_refused_and_creates_nothing() {
    let api = Api::start().await;
    let table = [
        (json!({"channel": "workitem", "queueName": "nothing"}), 6),
        (json!({"channel": "workitem", "queueName": "elsewhere"}), 6),
        (json!({"channel": "workitem", "queueName": "nothing", "skills": {"juggling": 1}}), 6),
        (json!({"channel": "workitem", "queueName": "tasks", "skills": {"juggling": 1}}), 6),
        (json!({"channel": "workitem", "queueName": "tasks", "parentId": api.no_id()}), 6),
        (json!({"channel": "email", "queueName": "tasks"}), 10),
        (json!({"channel": "pigeon", "queueName": "tasks"}), 10),
    ];
    for (body, code) in table {
        let reply = api.by("intake").post("/interactions", create(body.clone())).await;
        assert_eq!(reply.codes().1, code, "{body}: {}", reply.text);
    }
    let body = create(json!({"channel": "workitem", "queueName": "tasks"}));
    api.by("kate").post("/interactions", body).await.refused(403, 5);
    assert_eq!(api.by("ada").get("/interactions").await.ok()["uris"], json!([]));
}

#[tokio::test]
async fn an_agent_creates_work_for_himself() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let work = || create(json!({"channel": "workitem", "queueName": "sales", "subject": "mine"}));
    kate.post("/me/interactions", work()).await.refused(409, 2);
    api.start_session("kate").await;
    let reply = kate.post("/me/interactions", work()).await.ok();
    assert!(reply["referenceId"].is_i64());
    let seen = kate.sees(reply["id"].as_str().unwrap()).await;
    has(&seen, json!({"state": "Processing", "direction": "Internal"}));
    assert_eq!(seen["assignedTo"], json!(api.user_id("kate").to_string()));

    let mail = create(
        json!({"channel": "email", "queueName": "support-email", "email": {"to": ["x@example.com"], "subject": "News"}}),
    );
    let reply = kate.post("/me/interactions", mail).await.ok();
    let draft = kate.sees(reply["id"].as_str().unwrap()).await;
    has(&draft, json!({"state": "Composing", "subject": "News", "to": ["x@example.com"]}));

    let chat = create(json!({"channel": "chat", "queueName": "support-chat"}));
    kate.post("/me/interactions", chat).await.refused(400, 10);
    for _ in 0..4 {
        kate.post("/me/interactions", work()).await.ok();
    }
    let full = kate.post("/me/interactions", work()).await;
    assert!(full.refused(409, 2).contains("slot"));
}

#[tokio::test]
async fn properties_are_changed_by_whoever_may() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/interactions/{id}");
    let (kate, sam) = (api.by("kate"), api.by("sam"));
    let reply = kate
        .put(
            &path,
            json!({"subject": "New", "comment": "call back", "userData": {"a": 1, "n": {"x": 1, "y": 2}}}),
        )
        .await;
    assert_eq!(reply.text, r#"{"statusCode":0}"#);
    kate.put(&path, json!({"userData": {"n": {"x": null}, "b": 2}})).await.ok();
    let seen = kate.sees(&id).await;
    assert_eq!(
        seen["userData"],
        json!({"a": 1, "b": 2, "n": {"y": 2}}),
        "a merge-patch (RFC 7396)"
    );
    has(&seen, json!({"subject": "New", "comment": "call back"}));
    kate.put(&path, json!({"priority": 5})).await.refused(403, 5);
    sam.put(&path, json!({"priority": 5})).await.ok();
    api.by("ada").put(&path, json!({"comment": "by ada"})).await.ok();
    api.by("ben").put(&path, json!({"comment": "by ben"})).await.refused(403, 3);
    api.by("intake").put(&path, json!({"comment": "by intake"})).await.refused(403, 5);
    kate.put(&path, json!({"comment": "x", "epoch": 0})).await.refused(409, 2);
    kate.does(&id, json!({"operationName": "Complete"})).await.ok();
    let over = sam.put(&path, json!({"comment": "late"})).await;
    assert!(over.refused(409, 2).contains("Completed"));
}

#[tokio::test]
async fn null_is_no_change_and_says_what_to_send() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/interactions/{id}");
    let kate = api.by("kate");
    kate.put(&path, json!({"comment": "c", "userData": {"a": 1}})).await.ok();
    let before = kate.sees(&id).await;
    for name in ["subject", "comment", "priority", "email", "userData"] {
        let mut body = json!({"comment": "other"});
        body[name] = Value::Null;
        let sentence = kate.put(&path, body).await.refused(400, 10);
        assert!(
            sentence.contains(&format!("field {name} ")) && sentence.contains("send"),
            "{sentence}"
        );
        assert_eq!(kate.sees(&id).await, before, "{name}");
    }
    kate.put(&path, json!({"comment": "", "epoch": null})).await.ok();
    assert_eq!(kate.sees(&id).await["comment"], "", "what the sentence advises does it");
}

#[tokio::test]
async fn a_channel_that_is_none_is_named() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let table =
        [("intake", "/interactions"), ("kate", "/me/interactions"), ("zoe", "/interactions")];
    for (user, path) in table {
        for queue in ["tasks", "nothing"] {
            let body =
                create(json!({"channel": "zork", "queueName": queue, "parentId": api.no_id()}));
            let sentence = api.by(user).post(path, body).await.refused(400, 10);
            assert!(sentence.contains("field channel ") && sentence.contains("zork"), "{sentence}");
        }
    }
    let sms = |queue: &str| create(json!({"channel": "sms", "queueName": queue}));
    api.by("intake").post("/interactions", sms("messages")).await.ok();
    let of_another_center = api.by("zoe").post("/interactions", sms("elsewhere")).await;
    assert!(of_another_center.refused(400, 10).contains("field channel "));
}

#[tokio::test]
async fn a_stale_epoch_is_fenced_off() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.offered("workitem", "tasks").await;
    let kate = api.by("kate");
    let epoch = kate.sees(&id).await["epoch"].as_u64().unwrap();
    kate.does(&id, json!({"operationName": "Accept", "epoch": epoch})).await.ok();
    let late = kate.does(&id, json!({"operationName": "Complete", "epoch": epoch})).await;
    assert!(late.refused(409, 2).contains("epoch"));
    assert_eq!(kate.sees(&id).await["state"], "Processing");
}

#[tokio::test]
async fn why_an_interaction_waits_is_told_by_agent_and_rule() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.start_session("ben").await;
    let id = api.submitted("workitem", "billing").await;
    api.clock.advance_s(7);
    let routing =
        api.by("sam").get(&format!("/interactions/{id}/routing")).await.ok()["routing"].clone();
    assert_eq!(routing["state"], "Queued");
    let waiting = &routing["waiting"];
    has(waiting, json!({"queue": "billing", "waitedMs": 7_000, "step": 0}));
    assert_eq!(waiting["eligible"].as_array().unwrap().len(), 1);
    assert_eq!(waiting["eligible"][0]["userName"], "kate");
    let rule = |name: &str| {
        let excluded = waiting["excluded"].as_array().unwrap();
        excluded.iter().find(|agent| agent["userName"] == name).unwrap().clone()
    };
    has(&rule("ben"), json!({"rule": "MissingSkill", "skill": "billing", "level": 4, "has": 2}));
    has(&rule("ben"), json!({"firstName": "ben", "used": 0, "capacity": 5}));
    assert_eq!(rule("ben")["channelState"]["userState"]["state"], "NotReady");
    has(
        waiting,
        json!({"place": 1, "offered": 0, "asks": {"groups": [], "skills": {"billing": 4}}}),
    );
    assert_eq!(waiting["verdict"]["code"], "CanBeTaken");
    assert_eq!(rule("ada")["rule"], "NotAnAgent");
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    let routing =
        api.by("kate").get(&format!("/interactions/{id}/routing")).await.ok()["routing"].clone();
    assert_eq!(routing, json!({"state": "Processing"}));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_in_a_word_and_whom_the_next_step_asks() {
    let api = Api::start().await;
    let step = json!({"steps": [{"after": 60, "groups": ["Sales"], "skills": {"english": 3}}]});
    api.by("ada").put(&format!("/queues/{}", api.queue_id("tasks")), step).await.ok();
    let first = api.submitted("workitem", "tasks").await;
    api.clock.advance_s(1);
    let id = api.submitted("workitem", "tasks").await;
    let why = async |id: &str| {
        let answer = api.by("sam").get(&format!("/interactions/{id}/routing")).await.ok();
        answer["routing"]["waiting"].clone()
    };
    let code = async |id: &str| why(id).await["verdict"]["code"].clone();
    assert_eq!(code(&id).await, "NobodyHere");
    let waiting = why(&id).await;
    assert_eq!((&waiting["place"], &waiting["asks"]["groups"]), (&json!(2), &json!(["Support"])));
    let next = &waiting["nextStep"];
    has(next, json!({"step": 1, "groups": ["Sales"], "skills": {"english": 3}}));
    let added: Vec<&str> = next["adds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["userName"].as_str().unwrap())
        .collect();
    assert_eq!(added, ["mia"], "sam is asked already");
    api.start_session("kate").await;
    api.listen("kate").await;
    assert_eq!(code(&id).await, "NobodyReady");
    api.by("kate").post("/me", json!({"operationName": "Ready"})).await.ok();
    assert_eq!(code(&id).await, "CanBeTaken");
    api.engine.workers().router().route().await.unwrap();
    let waiting = why(&first).await;
    assert_eq!(
        waiting["verdict"],
        json!({
            "code": "Offered", "statusMessage": "It is offered to kate."
        })
    );
    assert_eq!(waiting["offered"], 1);
    let parked = api.submitted("workitem", "parking").await;
    assert_eq!(code(&parked).await, "QueueUnserved");
}

#[tokio::test]
async fn all_that_is_active_is_listed_page_by_page() {
    let api = Api::start().await;
    api.ready("kate").await;
    let owned = api.owned("kate", "workitem", "tasks").await;
    let over = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").does(&over, json!({"operationName": "Complete"})).await.ok();
    let mut active = vec![owned.clone()];
    for _ in 0..4 {
        active.push(api.submitted("workitem", "parking").await);
    }
    active.sort();
    let list = async |query: &str| {
        let answer = api.by("vera").get(&format!("/interactions?fields=id&{query}")).await.ok();
        let ids = answer["interactions"].as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        (ids, answer["nextCursor"].as_str().map(str::to_owned))
    };
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let (page, next) = list(&format!("state=Active&limit=2{cursor}")).await;
        all.extend(page);
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
    }
    all.sort();
    assert_eq!(all, active);
    let by_queue = list("state=Active&currentQueue=parking").await.0;
    assert_eq!(by_queue.len(), 4);
    let owner = format!("state=Active&assignedTo={}", api.user_id("kate"));
    assert_eq!(list(&owner).await.0, [owned]);
}

#[tokio::test]
async fn the_history_of_an_interaction_is_told_in_order() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
    let path = format!("/interactions/{id}/events");
    let all = api.by("kate").get(&path).await.ok()["events"].clone();
    let facts: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|event| event["facts"].as_array().unwrap())
        .map(|fact| fact["fact"].as_str().unwrap())
        .collect();
    assert_eq!(facts, ["Opened", "Queued", "Offered", "Accepted", "Completed"]);
    assert_eq!(all[0]["cause"]["userName"], "intake");
    assert_eq!(all[1]["cause"]["kind"], "Router");
    assert_eq!(all[1]["facts"][0]["of"], 1, "{all}");
    let mut paged = Vec::new();
    let mut query = format!("{path}?limit=1");
    loop {
        let page = api.by("kate").get(&query).await.ok();
        paged.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        query = format!("{path}?limit=1&cursor={next}");
    }
    assert_eq!(json!(paged), all);
}
