//! Supervisors in agents' chats: coming in, changing their part, and being offered what an agent
//! takes.

use handoff_domain::{Role, User};
use handoff_store::{ChangeSet, Key, Put, Record};
use serde_json::{Value, json};

use crate::api::Api;
use crate::customer::{CHATS, Customer, INTERACTIONS, Log, op};

/// Kate is ready, Sam is logged in and takes no work.
async fn floor() -> Api {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("sam").await;
    api.start_session("sam").await;
    api
}

async fn follow(api: &Api, body: Value) {
    let path = format!("/users/{}/channels/chat", api.user_id("kate"));
    api.by("sam").post(&path, body).await.ok();
}

#[tokio::test]
async fn a_supervisor_changes_his_part_and_the_chat_goes_on_without_him() {
    let api = floor().await;
    let customer = Customer::with(&api, "kate").await;
    let id = customer.id.as_str();
    let sam = api.by("sam");
    let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
    let intrude = op("Intrude", json!({"supervisorVisibilityMode": "Coach", "nickname": "Chief"}));
    let reference = sam.post(&path, intrude).await.ok()["referenceId"].clone();
    let told = api.told_to("sam", CHATS).await;
    assert_eq!(
        (&told[0]["chat"]["state"], &told[0]["referenceId"]),
        (&json!("Invited"), &reference)
    );
    sam.post(&format!("/me/chats/{id}"), op("Accept", json!({}))).await.ok();
    sam.does(id, op("Send", json!({"text": "Offer a refund"}))).await.ok();
    let mut log = Log::default();
    let heard = log.hear(&api, "kate").await;
    assert_eq!(
        heard[2..],
        ["Chief ParticipantJoined [Agents]", "Chief Text Offer a refund [Agents]"]
    );
    let capabilities = sam.sees(id).await["capabilities"].clone();
    assert!(capabilities.as_array().unwrap().contains(&json!("SwitchBargeIn")), "{capabilities}");
    assert_eq!(customer.reads().await.len(), 2, "the customer knows nothing of them");

    sam.does(id, op("SwitchToMonitor", json!({}))).await.ok();
    assert_eq!(log.hear(&api, "kate").await, ["Chief ParticipantLeft [Agents]"]);
    sam.does(id, op("SendStartTypingNotification", json!({}))).await.ok();
    assert_eq!(api.told_to("kate", CHATS).await, [Value::Null; 0]);
    sam.does(id, op("SwitchToBargeIn", json!({}))).await.ok();
    sam.does(id, op("Send", json!({"text": "Hello, I am the chief"}))).await.ok();
    assert_eq!(
        customer.reads().await[2..],
        ["Chief ParticipantJoined", "Chief Text Hello, I am the chief"]
    );
    sam.does(id, op("SwitchBargeIn", json!({}))).await.ok();
    assert_eq!(customer.reads().await.len(), 4, "the same part again changes nothing");
    api.told_to("sam", INTERACTIONS).await;
    api.by("kate").does(id, op("EndChatSession", json!({}))).await.ok();
    let states: Vec<Value> =
        api.told_to("sam", INTERACTIONS).await.iter().map(|data| data["state"].clone()).collect();
    assert!(states.contains(&json!("Revoked")), "{states:?}");
}

#[tokio::test]
async fn who_looks_on_is_hidden_from_the_agents_history_and_list() {
    let api = floor().await;
    let customer = Customer::with(&api, "kate").await;
    let id = customer.id.as_str();
    let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
    let intrude = || op("Intrude", json!({"supervisorVisibilityMode": "Monitor"}));
    for kind in [CHATS, INTERACTIONS] {
        api.told_to("kate", kind).await;
    }
    api.by("sam").post(&path, intrude()).await.ok();
    api.by("sam").does(id, op("Accept", json!({}))).await.ok();
    api.by("sam").post(&path, intrude()).await.refused(409, 2);
    for kind in [CHATS, INTERACTIONS] {
        assert_eq!(api.told_to("kate", kind).await, [Value::Null; 0]);
    }
    let sam = api.user_id("sam").to_string();
    for shown in [
        format!("/interactions/{id}"),
        format!("/interactions/{id}/events"),
        format!("/chats/{id}"),
    ] {
        let seen = api.by("kate").get(&shown).await.ok().to_string();
        assert!(!seen.contains(&sam) && !seen.contains("Monitor"), "{shown}: {seen}");
    }
    let seen = api.by("sam").get(&format!("/chats/{id}")).await.ok();
    assert!(seen.to_string().contains("Supervisors"), "{seen}");
    api.by("sam").does(id, op("Leave", json!({}))).await.ok();
    assert_eq!(api.by("kate").sees(id).await["state"], "Chatting");
    assert_eq!(api.told_to("kate", CHATS).await, [Value::Null; 0]);
}

#[tokio::test]
async fn what_is_not_for_him_is_refused() {
    let api = floor().await;
    api.ready("ben").await;
    let customer = Customer::begin(&api).await;
    let id = customer.id.as_str();
    let of = |name: &str| format!("/users/{}/chats/{id}", api.user_id(name));
    let intrude = || op("Intrude", json!({"supervisorVisibilityMode": "Monitor"}));
    api.by("sam").post(&of("kate"), intrude()).await.refused(404, 6);
    api.engine.workers().router().route().await.unwrap();
    let invited = if api.by("kate").sees(id).await["state"] == "Invited" { "kate" } else { "ben" };
    api.by("sam").post(&of(invited), intrude()).await.refused(409, 2);
    api.by(invited).does(id, op("Accept", json!({}))).await.ok();
    api.by("sam").post(&of("mia"), intrude()).await.refused(404, 6);
    api.by("vera").post(&of(invited), intrude()).await.refused(409, 2);
    api.by("kate").post(&of(invited), intrude()).await.refused(403, 5);
    let table = [
        (op("Intrude", json!({})), 1),
        (op("Intrude", json!({"supervisorVisibilityMode": "Whisper"})), 10),
        (op("Intrude", json!({"supervisorVisibilityMode": "Coach", "nickname": ""})), 10),
        (op("Fly", json!({})), 10),
    ];
    for (body, code) in table {
        api.by("sam").post(&of(invited), body).await.refused(400, code);
    }
    let channel =
        |name: &str, channel: &str| format!("/users/{}/channels/{channel}", api.user_id(name));
    let mode = |mode: &str| op("Coach", json!({"supervisorMonitoringMode": mode}));
    api.by("sam").post(&channel("kate", "chat"), mode("Sometimes")).await.refused(400, 10);
    api.by("sam").post(&channel("kate", "email"), mode("AllChats")).await.refused(400, 10);
    api.by("sam").post(&channel("sam", "chat"), mode("AllChats")).await.refused(409, 2);
    api.by("vera").post(&channel("kate", "chat"), mode("AllChats")).await.refused(409, 2);
    api.by("kate").post(&channel("ben", "chat"), mode("AllChats")).await.refused(403, 5);
}

#[tokio::test]
async fn who_follows_an_agent_is_offered_every_chat_that_he_takes_until_he_stops() {
    let api = floor().await;
    let earlier = Customer::with(&api, "kate").await;
    api.clock.advance_s(1);
    follow(&api, op("Monitor", json!({"nickname": "Chief"}))).await;
    api.by("kate").does(&earlier.id, op("Send", json!({"text": "Hello"}))).await.ok();
    api.engine.workers().followers().offer().await.unwrap();
    assert_eq!(api.by("sam").get("/me/chats").await.ok()["uris"], json!([]), "she had it before");
    let first = Customer::with(&api, "kate").await;
    assert_eq!(api.by("sam").sees(&first.id).await["state"], "Invited");
    api.by("sam").does(&first.id, op("Accept", json!({}))).await.ok();
    let chat = api.by("sam").get(&format!("/chats/{}", first.id)).await.ok();
    assert!(chat["chat"]["participants"].to_string().contains("Chief"), "{chat}");
    api.by("sam").does(&first.id, op("Leave", json!({}))).await.ok();
    api.by("kate").does(&first.id, op("Send", json!({"text": "Hello"}))).await.ok();
    api.engine.workers().followers().offer().await.unwrap();
    assert_ne!(
        api.by("sam").sees(&first.id).await["state"],
        "Invited",
        "nobody is offered a chat twice"
    );
    let second = Customer::with(&api, "kate").await;
    api.by("sam").does(&second.id, op("Reject", json!({}))).await.ok();
    follow(&api, op("StopMonitoring", json!({}))).await;
    follow(&api, op("StopMonitoring", json!({}))).await;
    api.by("kate").does(&second.id, op("Complete", json!({}))).await.ok();
    let third = Customer::with(&api, "kate").await;
    assert_eq!(api.by("sam").sees(&third.id).await["state"], "Chatting");
}

#[tokio::test]
async fn who_wants_the_next_chat_is_offered_one() {
    let api = floor().await;
    follow(
        &api,
        op("BargeIn", json!({"supervisorMonitoringMode": "NextChat", "nickname": "Chief"})),
    )
    .await;
    let first = Customer::with(&api, "kate").await;
    let second = Customer::with(&api, "kate").await;
    assert_eq!(api.by("sam").sees(&first.id).await["state"], "Invited");
    assert_eq!(api.by("sam").sees(&second.id).await["state"], "Chatting");
    api.by("sam").does(&first.id, op("Accept", json!({}))).await.ok();
    assert_eq!(first.reads().await.last().unwrap(), "Chief ParticipantJoined");
}

#[tokio::test]
async fn following_ends_with_the_session_in_which_it_began() {
    let api = floor().await;
    follow(&api, op("Coach", json!({}))).await;
    api.clock.advance_s(1);
    api.by("sam").post("/me", op("EndContactCenterSession", json!({}))).await.ok();
    api.start_session("sam").await;
    let customer = Customer::with(&api, "kate").await;
    assert_eq!(api.by("sam").sees(&customer.id).await["state"], "Chatting");
    let desk = api.engine.core().desk(api.user_id("kate")).unwrap();
    assert!(desk.supervised_by.is_empty(), "{desk:?}");
}

#[tokio::test]
async fn of_two_who_follow_each_is_offered_the_chat_and_the_owner_can_tell_neither() {
    let api = floor().await;
    follow(&api, op("Coach", json!({}))).await;
    let vera = api.user_id("vera");
    let directory = api.engine.core().directory();
    let mut user = User::clone(&directory.users[&vera]);
    user.roles.insert(Role::Agent);
    let expected = directory.version(&Key::User(vera));
    let puts = vec![Put { record: Record::User(user), expected }];
    api.engine.core().store().commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    api.engine.desks().directory_changed().await.unwrap();
    api.listen("vera").await;
    api.start_session("vera").await;
    let path = format!("/users/{}/channels/chat", api.user_id("kate"));
    api.by("vera").post(&path, op("Monitor", json!({}))).await.ok();
    let customer = Customer::with(&api, "kate").await;
    let states = async || {
        let state = async |name: &str| api.by(name).sees(&customer.id).await["state"].clone();
        [state("sam").await, state("vera").await]
    };
    assert_eq!(states().await, ["Invited", "Invited"]);
    api.by("sam").does(&customer.id, op("Reject", json!({}))).await.ok();
    assert_eq!(states().await, ["Chatting", "Invited"]);
    // Vera's offer is open still, and hinders nothing.
    api.ready("ben").await;
    let ben = json!({"userName": "ben"});
    api.by("kate").does(&customer.id, op("InviteUser", ben)).await.ok();
    api.by("ben").does(&customer.id, op("Accept", json!({}))).await.ok();
}
