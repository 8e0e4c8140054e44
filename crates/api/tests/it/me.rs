//! The caller themselves, their contact-center session and their channels.

use handoff_domain::Media;
use serde_json::{Value, json};

use crate::api::{Api, has, keys};

const USER_KEYS: [&str; 10] = [
    "changePasswordOnFirstLogin",
    "emailAddress",
    "enabled",
    "firstName",
    "id",
    "lastName",
    "path",
    "roles",
    "uri",
    "userName",
];
const SUBRESOURCES: [&str; 12] = [
    "calls",
    "channelStates",
    "channels",
    "chats",
    "devices",
    "emails",
    "features",
    "groups",
    "interactions",
    "settings",
    "skills",
    "workitems",
];

fn start(channels: Value) -> Value {
    json!({"operationName": "StartContactCenterSession", "channels": channels, "place": "desk 7"})
}

async fn states(api: &Api, user: &str) -> Value {
    let list = api.by(user).get("/me/channels?fields=*").await.ok();
    let channels = list["channels"].as_array().unwrap();
    channels
        .iter()
        .map(|one| (one["channel"].as_str().unwrap().to_owned(), one["userState"]["state"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn the_caller_is_shown_with_everything_when_asked() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let user = kate.get("/me").await.ok()["user"].clone();
    assert_eq!(keys(&user), USER_KEYS.into());
    assert_eq!(user["roles"], json!(["ROLE_AGENT"]));
    assert_eq!(user["path"], json!(format!("/users/{}", user["id"].as_str().unwrap())));
    assert_eq!(
        user["uri"],
        json!(format!("http://127.0.0.1:8090/api/v2/users/{}", user["id"].as_str().unwrap()))
    );

    let whole = kate.get("/me?subresources=*").await.ok()["user"].clone();
    assert_eq!(
        keys(&whole),
        USER_KEYS.into_iter().chain(SUBRESOURCES).collect(),
        "all keys, whatever there is"
    );
    assert_eq!(whole["skills"][0]["level"], json!("5"), "a level is text");
    for key in ["devices", "calls", "features", "interactions", "chats", "emails", "workitems"] {
        assert_eq!(whole[key], json!([]), "{key}");
    }
    let some = kate.get("/me?subresources=skills,channels&fields=id").await.ok()["user"].clone();
    assert_eq!(keys(&some), ["id", "skills", "channels"].into());
}

#[tokio::test]
async fn what_the_caller_holds_comes_with_him() {
    let api = Api::start().await;
    api.ready("kate").await;
    let (work, chat) =
        (api.owned("kate", "workitem", "tasks").await, api.offered("chat", "support-chat").await);
    let user = api.by("kate").get("/me?subresources=*").await.ok()["user"].clone();
    assert_eq!(user["interactions"].as_array().unwrap().len(), 2);
    assert_eq!(user["interactions"][0]["messageTypeName"], "InteractionStateMessage");
    has(&user["workitems"][0], json!({"id": work, "state": "Processing"}));
    has(&user["chats"][0], json!({"id": chat, "state": "Invited"}));
    assert_eq!(user["channels"], user["channelStates"]);
    assert_eq!(user["channels"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_session_brings_its_channels_up_not_ready() {
    let api = Api::start().await;
    let kate = api.by("kate");
    assert_eq!(
        kate.post("/me", start(json!(["chat", "email", "voice"]))).await.text,
        r#"{"statusCode":0}"#
    );
    let new = json!({"chat": "NotReady", "email": "NotReady", "voice": "NotReady"});
    assert_eq!(states(&api, "kate").await, new);
    kate.post("/me", json!({"operationName": "Ready"})).await.ok();
    let ready = json!({"chat": "Ready", "email": "Ready", "voice": "Ready"});
    assert_eq!(states(&api, "kate").await, ready);
    kate.post("/me", start(json!(["chat", "email", "voice"]))).await.ok();
    assert_eq!(
        states(&api, "kate").await,
        ready,
        "a second start joins the session and changes no state"
    );
    kate.post("/me", start(json!(["workitem"]))).await.ok();
    let joined =
        json!({"chat": "Ready", "email": "Ready", "voice": "Ready", "workitem": "NotReady"});
    assert_eq!(states(&api, "kate").await, joined, "a channel that it had not comes up");
    kate.post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    let out = json!({"chat": "LoggedOut", "email": "LoggedOut", "voice": "LoggedOut", "workitem": "LoggedOut"});
    let shown = states(&api, "kate").await;
    for (channel, state) in out.as_object().unwrap() {
        assert_eq!(shown[channel], *state, "{channel}");
    }
}

#[tokio::test]
async fn after_a_session_the_channels_that_it_had_not_are_listed_again() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let all = states(&api, "kate").await;
    kate.post("/me", start(json!(["chat"]))).await.ok();
    assert_eq!(states(&api, "kate").await, json!({"chat": "NotReady"}), "a session has its own");
    kate.post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    assert_eq!(states(&api, "kate").await, all, "what the next one can name");
    assert!(all.as_object().unwrap().len() > 3, "{all}");
}

#[tokio::test]
async fn a_channel_that_is_not_configured_is_told_and_the_others_come_up() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let reply = kate.post("/me", start(json!(["chat", "pigeon", "sms"]))).await;
    assert_eq!(reply.codes(), (200, 7));
    assert!(reply.json()["statusMessage"].as_str().unwrap().contains("pigeon"));
    assert_eq!(states(&api, "kate").await, json!({"chat": "NotReady", "sms": "NotReady"}));
    kate.post("/me", start(json!(["pigeon"]))).await.refused(400, 10);
}

#[tokio::test]
async fn voice_has_a_state_and_nothing_comes_by_it() {
    let api = Api::start().await;
    let kate = api.by("kate");
    kate.post("/me", start(json!(["voice"]))).await.ok();
    kate.post("/me/channels/voice", json!({"operationName": "Ready"})).await.ok();
    let voice = kate.get("/me/channels/voice").await.ok()["channel"].clone();
    assert_eq!(
        (&voice["channel"], &voice["userState"]["state"]),
        (&json!("voice"), &json!("Ready"))
    );
    let path = format!("/users/{}/channels/voice", api.user_id("kate"));
    api.by("sam").post(&path, json!({"operationName": "NotReady"})).await.ok();
    assert_eq!(states(&api, "kate").await, json!({"voice": "NotReady"}));
    let create = json!({"operationName": "Create", "channel": "voice", "queueName": "tasks"});
    api.by("intake").post("/interactions", create).await.refused(400, 10);
    let create = json!({"operationName": "Create", "queueName": "tasks"});
    kate.post("/me/openmedia/voice", create).await.refused(404, 6);
}

/// Returns how much of a channel an agent may have at once when nothing else is said.
fn capacity(channel: &str) -> u32 {
    Media::from_name(channel).default_capacity()
}

#[tokio::test]
async fn before_the_first_session_the_channels_of_the_center_are_logged_out() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let logged_out = |channel: &str| {
        json!({"channel": channel, "dndState": "Off", "userState": {
            "id": "3f7a2a5e-6c1b-4f0e-9d57-0c1d0a5b7e21", "displayName": "Logged Out", "state": "LoggedOut"
        }, "capacity": capacity(channel), "used": 0})
    };
    let all: Vec<Value> =
        ["email", "chat", "workitem", "sms"].iter().map(|name| logged_out(name)).collect();
    assert_eq!(kate.get("/me/channels?fields=*").await.ok()["channels"], json!(all));
    assert_eq!(kate.get("/me?subresources=*").await.ok()["user"]["channels"], json!(all));
    assert_eq!(kate.get("/me/channels/sms").await.ok()["channel"], logged_out("sms"));
    kate.get("/me/channels/pigeon").await.refused(404, 6);
    kate.post("/me/channels/chat", json!({"operationName": "Ready"})).await.refused(409, 2);
    kate.post("/me", start(json!(["chat"]))).await.ok();
    assert_eq!(
        states(&api, "kate").await,
        json!({"chat": "NotReady"}),
        "from then on those of the session"
    );
}

#[tokio::test]
async fn channels_have_addresses_and_filters_hold_for_them() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let uri = |channel: &str| format!("http://127.0.0.1:8090/api/v2/me/channels/{channel}");
    let uris = async |query: &str| kate.get(&format!("/me/channels{query}")).await.ok();
    let before: Vec<String> =
        ["email", "chat", "workitem", "sms"].iter().map(|name| uri(name)).collect();
    assert_eq!(uris("").await, json!({"statusCode": 0, "uris": before}));
    api.start_session("kate").await;
    kate.post("/me/channels/chat", json!({"operationName": "DoNotDisturbOn"})).await.ok();
    assert_eq!(uris("?dndState=On").await, json!({"statusCode": 0, "uris": [uri("chat")]}));
    assert_eq!(uris("?channel=email&dndState=On").await["uris"], json!([]));
    let path = uri("email").replace("http://127.0.0.1:8090/api/v2", "");
    assert_eq!(
        kate.get(&path).await.ok()["channel"]["channel"],
        "email",
        "the address leads to it"
    );
}

#[tokio::test]
async fn a_channel_tells_since_when_it_is_so_and_what_there_is_room_for() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let kate = api.by("kate");
    let since = async || {
        let channel = kate.get("/me/channels/workitem").await.ok()["channel"].clone();
        channel["userState"]["since"].as_str().unwrap().to_owned()
    };
    let ready = || json!({"operationName": "Ready"});
    api.clock.advance_s(60);
    kate.post("/me", ready()).await.ok();
    let first = since().await;
    assert!(first.contains("12:01:00"), "{first}");
    api.clock.advance_s(60);
    kate.post("/me", ready()).await.ok();
    assert_eq!(since().await, first, "it is as it was");
    api.listen("kate").await;
    kate.post("/me/channels/workitem", json!({"operationName": "NotReady"})).await.ok();
    let told = api.told_to("kate", "/v2/me/channels").await;
    assert_eq!(told[0]["channels"][0]["userState"]["since"], since().await);
    assert_ne!(since().await, first);
    kate.post("/me/channels/workitem", ready()).await.ok();
    api.owned("kate", "workitem", "tasks").await;
    let channel = kate.get("/me/channels/workitem").await.ok()["channel"].clone();
    assert_eq!((&channel["capacity"], &channel["used"]), (&json!(capacity("workitem")), &json!(1)));
}

#[tokio::test]
async fn channels_are_set_together_or_one_by_one() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let kate = api.by("kate");
    kate.post("/me/channels/chat", json!({"operationName": "Ready"})).await.ok();
    assert_eq!(
        states(&api, "kate").await,
        json!({"chat": "Ready", "email": "NotReady", "workitem": "NotReady"})
    );
    kate.post("/me/channels/chat", json!({"operationName": "NotReady", "reason": "Lunch"}))
        .await
        .ok();
    let chat = kate.get("/me/channels/chat").await.ok()["channel"].clone();
    assert_eq!(
        chat,
        json!({"channel": "chat", "dndState": "Off", "userState": {
            "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady", "reason": "Lunch",
            "since": "2026-01-09 12:00:00.000+0000"
        }, "capacity": capacity("chat"), "used": 0})
    );
    kate.post("/me", json!({"operationName": "DoNotDisturbOn"})).await.ok();
    let list = kate.get("/me/channels?fields=channel,dndState&dndState=On").await.ok();
    assert_eq!(list["channels"].as_array().unwrap().len(), 3);
    assert_eq!(list["channels"][0], json!({"channel": "email", "dndState": "On"}));
    kate.post("/me", json!({"operationName": "DoNotDisturbOff"})).await.ok();
    let reply = kate.post("/me/channels/sms", json!({"operationName": "Ready"})).await;
    assert!(reply.refused(409, 2).contains("sms"));
    kate.get("/me/channels/sms").await.refused(404, 6);
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_set_or_end() {
    let api = Api::start().await;
    for name in
        ["Ready", "NotReady", "DoNotDisturbOn", "DoNotDisturbOff", "EndContactCenterSession"]
    {
        api.by("kate").post("/me", json!({"operationName": name})).await.refused(409, 2);
    }
}

#[tokio::test]
async fn a_supervisor_sets_an_agents_channel() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let ready = || json!({"operationName": "Ready"});
    let path = format!("/users/{}/channels/email", api.user_id("kate"));
    assert_eq!(api.by("sam").post(&path, ready()).await.text, r#"{"statusCode":0}"#);
    assert_eq!(states(&api, "kate").await["email"], "Ready");
    api.by("ben").post(&path, ready()).await.refused(403, 5);
    api.by("zoe").post(&path, ready()).await.refused(404, 6);
    for user in ["nobody", "00000000000000000000000000000000"] {
        api.by("sam").post(&format!("/users/{user}/channels/email"), ready()).await.refused(404, 6);
    }
}

#[tokio::test]
async fn the_end_of_the_session_takes_the_agents_work_from_him() {
    let api = Api::start().await;
    api.ready("kate").await;
    let (work, chat) = (
        api.owned("kate", "workitem", "tasks").await,
        api.owned("kate", "chat", "support-chat").await,
    );
    let offered = api.offered("workitem", "tasks").await;
    api.by("kate").post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    let state = async |id: &str| api.by("sam").sees(id).await["state"].clone();
    assert_eq!(state(&work).await, "InWorkbin");
    assert_eq!(state(&chat).await, "Queued");
    assert_eq!(state(&offered).await, "Queued");
    assert_eq!(api.by("kate").get("/me/interactions").await.ok()["uris"], json!([]));
}
