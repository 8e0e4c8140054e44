//! What supervisors do with anybody's work.

use serde_json::{Value, json};

use crate::api::{Api, Reply, has};
use crate::customer::Customer;

async fn act(api: &Api, id: &str, body: Value) -> Reply {
    api.by("vera").post(&format!("/interactions/{id}"), body).await
}

fn op(name: &str, fields: Value) -> Value {
    let mut body = json!({"operationName": name});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

async fn seen(api: &Api, id: &str) -> Value {
    api.by("vera").sees(id).await
}

/// Returns what happened to an interaction, by name.
async fn facts(api: &Api, id: &str) -> Vec<String> {
    let events = api.by("vera").get(&format!("/interactions/{id}/events")).await.ok();
    let entries = events["events"].as_array().unwrap().iter();
    let facts = entries.flat_map(|entry| entry["facts"].as_array().unwrap().clone());
    facts.map(|fact| fact["fact"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn work_is_pulled_from_wherever_it_is() {
    let api = Api::start().await;
    let ben = json!({"userName": "ben"});
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    act(&api, &id, op("Pull", ben.clone())).await.refused(409, 2);
    assert_eq!(seen(&api, &id).await["state"], "Processing", "ben is not there");
    api.ready("ben").await;
    let answer = act(&api, &id, op("Pull", ben.clone())).await.ok();
    assert!(answer["referenceId"].is_number());
    has(&seen(&api, &id).await, json!({"state": "Processing"}));
    assert_eq!(seen(&api, &id).await["assignedTo"], api.user_id("ben").to_string());
    let told = api.told_to("kate", "/v2/me/interactions").await;
    assert_eq!(told.last().unwrap()["state"], "Revoked", "it was taken from her");
    act(&api, &id, op("Pull", ben.clone())).await.refused(409, 2);

    // From a workbin, a queue, and while it is offered.
    let parked = op("PlaceInWorkbin", json!({"workbin": "In Progress", "userName": "kate"}));
    act(&api, &id, parked).await.ok();
    assert_eq!(seen(&api, &id).await["state"], "InWorkbin");
    let path = format!("/users/{}/workbins", api.user_id("kate"));
    let bins = api.by("vera").get(&format!("{path}?fields=*&name=In%20Progress")).await.ok();
    let bin = bins["workbins"][0]["id"].as_str().unwrap().to_owned();
    let content = api.by("vera").get(&format!("{path}/{bin}/interactions?fields=id")).await.ok();
    assert_eq!(content["interactions"], json!([{"id": id}]), "kate's own");
    act(&api, &id, op("Pull", ben.clone())).await.ok();
    act(&api, &id, op("PlaceInQueue", json!({"queueName": "parking"}))).await.ok();
    assert_eq!(seen(&api, &id).await["state"], "Queued");
    act(&api, &id, op("Pull", ben.clone())).await.ok();
    assert!(facts(&api, &id).await.contains(&"Taken".to_owned()));
    act(&api, &id, op("PlaceInQueue", json!({"queueName": "parking"}))).await.ok();
    act(&api, &id, op("Transfer", json!({"userName": "kate", "note": "yours"}))).await.ok();
    let offered = api.by("kate").sees(&id).await;
    has(&offered, json!({"state": "Invited"}));
    assert_eq!(offered["offer"]["note"], "yours");
    act(&api, &id, op("Pull", ben)).await.ok();
    assert_eq!(seen(&api, &id).await["assignedTo"], api.user_id("ben").to_string());
    // What the agent is asked by name, and declines, goes on waiting.
    act(&api, &id, op("PlaceInQueue", json!({"queueName": "parking"}))).await.ok();
    act(&api, &id, op("Transfer", json!({"userName": "kate"}))).await.ok();
    api.by("kate").does(&id, op("Reject", json!({}))).await.ok();
    assert_eq!(seen(&api, &id).await["state"], "Queued");
}

#[tokio::test]
async fn a_live_chat_changes_hands_and_its_customer_stays() {
    let api = Api::start().await;
    api.ready("kate").await;
    let chat = Customer::with(&api, "kate").await;
    for name in ["ben", "sam"] {
        api.ready(name).await;
    }
    act(&api, &chat.id, op("PlaceInWorkbin", json!({"workbin": "Team"}))).await.refused(409, 2);
    api.by("sam").post(&format!("/interactions/{}", chat.id), op("Pull", json!({}))).await.ok();
    let now = seen(&api, &chat.id).await;
    has(&now, json!({"state": "Chatting"}));
    assert_eq!(now["assignedTo"], api.user_id("sam").to_string());
    act(&api, &chat.id, op("Transfer", json!({"userName": "ben"}))).await.ok();
    api.by("ben").does(&chat.id, op("Accept", json!({}))).await.ok();
    assert_eq!(seen(&api, &chat.id).await["assignedTo"], api.user_id("ben").to_string());
    act(&api, &chat.id, op("PlaceInQueue", json!({"queueName": "support-chat"}))).await.ok();
    let over = api.by("ben").does(&chat.id, op("EndChatSession", json!({}))).await;
    assert_ne!(over.codes().1, 0, "it is ben's no more");
}

#[tokio::test]
async fn priority_and_steps_are_changed_while_it_waits() {
    let api = Api::start().await;
    let id = api.submitted("workitem", "tasks").await;
    act(&api, &id, op("SetPriority", json!({"priority": 7}))).await.ok();
    assert_eq!(seen(&api, &id).await["priority"], 7);
    act(&api, &id, op("Widen", json!({}))).await.refused(409, 2);
    let queue = api.queue_id("tasks");
    let steps = json!({"steps": [{"after": 3_600, "groups": ["Sales"]}]});
    api.by("ada").put(&format!("/queues/{queue}"), steps).await.ok();
    let step = async || {
        let why = api.by("vera").get(&format!("/interactions/{id}/routing")).await.ok();
        why["routing"]["waiting"]["step"].clone()
    };
    assert_eq!(step().await, 0);
    // Mia is of Sales: nobody else is there.
    api.ready("mia").await;
    assert_eq!(seen(&api, &id).await["state"], "Queued", "the control");
    act(&api, &id, op("Widen", json!({}))).await.ok();
    assert_eq!(step().await, 1);
    api.engine.workers().router().route().await.unwrap();
    assert_eq!(api.by("mia").sees(&id).await["state"], "Invited");
    act(&api, &id, op("Widen", json!({}))).await.refused(409, 2);
}

#[tokio::test]
async fn nobody_else_acts_for_others_and_nothing_else_is_done() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/interactions/{id}");
    for name in ["ben", "ada", "intake"] {
        api.by(name).post(&path, op("Widen", json!({}))).await.refused(403, 5);
    }
    api.by("zoe").post(&path, op("Widen", json!({}))).await.refused(404, 6);
    act(&api, &id, op("Complete", json!({}))).await.refused(400, 10);
    let list = api.by("vera").get(&format!("{path}/operations")).await.ok();
    let allowed = list["operations"].as_array().unwrap().iter().filter(|it| it["allowed"] == true);
    let names: Vec<&str> = allowed.map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Transfer", "PlaceInQueue", "PlaceInWorkbin", "Pull", "SetPriority"]);
    let stale = act(&api, &id, op("Pull", json!({"userName": "ben", "epoch": 1}))).await;
    stale.refused(409, 2);
}

#[tokio::test]
async fn a_supervisor_ends_an_agents_session_and_their_work_goes_on() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/users/{}", api.user_id("kate"));
    let end = || op("EndContactCenterSession", json!({}));
    for name in ["ben", "ada"] {
        api.by(name).post(&path, end()).await.refused(403, 5);
    }
    api.by("vera").post(&path, end()).await.ok();
    let channel = api.by("kate").get("/me/channels/workitem").await.ok();
    assert_eq!(channel["channel"]["userState"]["state"], "LoggedOut");
    assert_eq!(seen(&api, &id).await["state"], "InWorkbin", "as when she ends it herself");
    api.by("vera").post(&path, end()).await.refused(409, 2);
}
