//! `operations`: what is listed is accepted at the door, and what is not is refused with the
//! sentence that was told before.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_api::wire::operation_lists::OperationLists;
use handoff_domain::{Media, Mode, Role, User};
use serde_json::{Value, json};

use crate::api::{Api, Reply};
use crate::customer::Customer;
use crate::samples::{BEN, CENTER, KATE, Names, conference, invited, owned};

/// One of the states that an agent meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scene {
    Offered,
    Workitem,
    Transferring,
    Email,
    Answered,
    Draft,
    Held,
    Chat,
    Company,
    Consulted,
    Watching,
    Over,
    Strangers,
}

use Scene::{
    Answered, Chat, Company, Consulted, Draft, Email, Held, Offered, Over, Strangers, Transferring,
    Watching, Workitem,
};

const SCENES: [Scene; 13] = [
    Offered,
    Workitem,
    Transferring,
    Email,
    Answered,
    Draft,
    Held,
    Chat,
    Company,
    Consulted,
    Watching,
    Over,
    Strangers,
];

/// Leads there; returns the interaction, and who looks at it.
async fn play(api: &Api, scene: Scene) -> (String, &'static str) {
    api.ready("kate").await;
    let kate = api.by("kate");
    let op = |name: &str| json!({"operationName": name});
    match scene {
        Offered => (api.offered("workitem", "tasks").await, "kate"),
        Workitem => (api.owned("kate", "workitem", "tasks").await, "kate"),
        Transferring => {
            let id = api.owned("kate", "workitem", "tasks").await;
            api.ready("ben").await;
            kate.does(&id, json!({"operationName": "Transfer", "userName": "ben"})).await.ok();
            (id, "kate")
        }
        Email => (api.owned("kate", "email", "support-email").await, "kate"),
        Answered | Draft | Held => {
            let id = api.owned("kate", "email", "support-email").await;
            kate.does(&id, op("Reply")).await.ok();
            let list = kate.get("/me/interactions?fields=id&state=Composing").await.ok();
            let draft = list["interactions"][0]["id"].as_str().unwrap().to_owned();
            if scene == Held {
                let email = json!({"to": ["eve@example.com"], "from": "support@demo.example"});
                let body = json!({"operationName": "Send", "email": email, "delay": 60});
                kate.does(&draft, body).await.ok();
            }
            (if scene == Answered { id } else { draft }, "kate")
        }
        Chat => (Customer::with(api, "kate").await.id, "kate"),
        Company | Consulted => {
            let id = Customer::with(api, "kate").await.id;
            api.ready("ben").await;
            kate.does(&id, json!({"operationName": "Consult", "userName": "ben"})).await.ok();
            api.by("ben").does(&id, op("Accept")).await.ok();
            (id, if scene == Company { "kate" } else { "ben" })
        }
        Watching => {
            let id = Customer::with(api, "kate").await.id;
            api.ready("sam").await;
            let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
            let intrude =
                json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"});
            api.by("sam").post(&path, intrude).await.ok();
            api.by("sam").does(&id, op("Accept")).await.ok();
            (id, "sam")
        }
        Over => {
            let id = Customer::with(api, "kate").await.id;
            kate.does(&id, op("EndChatSession")).await.ok();
            (id, "kate")
        }
        Strangers => (api.owned("kate", "workitem", "tasks").await, "ben"),
    }
}

/// Uses an operation with arguments that exist, as well as it can be.
async fn uses(api: &Api, user: &str, id: &str, name: &str) -> Reply {
    let with = |fields: Value| {
        let mut body = json!({"operationName": name});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let seen = api.by(user).sees(id).await;
    let queue = match seen["channel"].as_str() {
        Some("email") => "support-email",
        Some("chat") => "support-chat",
        _ => "tasks",
    };
    let mail = json!({"to": ["eve@example.com"], "from": "support@demo.example"});
    let fields = match name {
        "PlaceInQueue" | "Transfer" => json!({"queueName": queue}),
        "Pull" => json!({"userName": "ben"}),
        "SetPriority" => json!({"priority": 7}),
        "PlaceInWorkbin" => json!({"workbin": "In Progress"}),
        "AttachUserData" | "UpdateUserData" => json!({"userData": {"a": 1}}),
        "DeleteUserData" => json!({"keys": ["a"]}),
        "SetDisposition" => json!({"disposition": "done"}),
        "AddComment" => json!({"comment": "seen"}),
        "ReportResponseTemplateUsage" => json!({"responseTemplateId": api.no_id()}),
        "Save" if seen["channel"] == "chat" => json!({"text": "hello"}),
        "Save" => json!({"email": mail}),
        "Send" if seen["channel"] == "email" => json!({"email": mail}),
        "Send" | "SendMessage" | "SendToAgents" => json!({"text": "hello"}),
        "SendUrl" => json!({"url": "https://demo.example/"}),
        "SendCustomNotice" => json!({"noticeText": "x"}),
        "SendNotification" => json!({"notification": "TypingStarted"}),
        "Invite" | "Consult" => json!({"userName": "sam"}),
        "RemoveParticipantFromConference" => json!({"userName": "ben"}),
        "AddAttachment" => json!({"documentId": "00000000000000000000000000000007"}),
        "RemoveAttachment" => json!({"attachmentId": "00000000000000000000000000000007"}),
        "JoinThread" => json!({"parentId": api.no_id()}),
        _ => json!({}),
    };
    api.by(user).does(id, with(fields)).await
}

/// Operations that name here what is not there.
const NAMING_NOTHING: [&str; 3] = ["AddAttachment", "JoinThread", "ReportResponseTemplateUsage"];

/// Tells whether an answer is what somebody gets who may do it: a yes, or a no to what it named,
/// which is nothing.
fn is_allowed(name: &str, reply: &Reply) -> bool {
    let (_, code) = reply.codes();
    code == 0 || (NAMING_NOTHING.contains(&name) && code == 6)
}

async fn listed(api: &Api, user: &str, id: &str) -> Vec<(String, Option<String>)> {
    let list = api.by(user).get(&format!("/interactions/{id}/operations")).await.ok();
    let operations = list["operations"].as_array().unwrap().iter();
    operations
        .map(|one| {
            let sentence = one["statusMessage"].as_str().map(str::to_owned);
            assert_eq!(one["allowed"], json!(sentence.is_none()), "{one}");
            (one["name"].as_str().unwrap().to_owned(), sentence)
        })
        .collect()
}

#[tokio::test]
async fn what_is_listed_is_accepted_and_what_is_not_is_refused_at_the_door() {
    let mut accepted = BTreeSet::new();
    for scene in SCENES {
        let api = Api::start().await;
        let (id, user) = play(&api, scene).await;
        for (name, sentence) in listed(&api, user, &id).await {
            // Another one each time: most of them change what is there.
            let api = Api::start().await;
            let (id, user) = play(&api, scene).await;
            api.ready("sam").await;
            if name == "Pull" {
                api.ready("ben").await;
            }
            let reply = uses(&api, user, &id, &name).await;
            let allowed = is_allowed(&name, &reply);
            assert_eq!(
                allowed,
                sentence.is_none(),
                "{name} in {scene:?} by {user}: {}",
                reply.text
            );
            if allowed {
                accepted.insert(name);
            }
        }
    }
    assert!(accepted.len() > 38, "only these were ever accepted: {accepted:?}");
}

#[tokio::test]
async fn the_list_stands_beside_the_capabilities_wherever_they_are() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    let allowed: Vec<Value> = listed(&api, "kate", &id)
        .await
        .into_iter()
        .filter(|(_, sentence)| sentence.is_none())
        .map(|(name, _)| json!(name))
        .collect();
    let seen = api.by("kate").sees(&id).await;
    assert_eq!(seen["operations"], Value::Array(allowed.clone()));
    for capability in seen["capabilities"].as_array().unwrap() {
        assert!(allowed.contains(capability), "{capability}");
    }
    assert!(allowed.contains(&json!("PlaceInQueue")) && allowed.contains(&json!("Forward")));
    let resource = api.by("kate").get(&format!("/emails/{id}")).await.ok();
    assert_eq!(resource["email"]["operations"], Value::Array(allowed.clone()));
    let told = api.told_to("kate", "/v2/me/emails").await;
    assert_eq!(told.last().unwrap()["email"]["operations"], Value::Array(allowed));
    api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
    let told = api.told_to("kate", "/v2/me/interactions").await;
    assert_eq!(told.last().unwrap()["operations"], json!([]), "it is over");
}

#[tokio::test]
async fn each_refusal_says_why_and_roles_come_first() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    api.by("kate").does(&id, json!({"operationName": "Reply"})).await.ok();
    let why = |list: Vec<(String, Option<String>)>, name: &str| {
        list.into_iter().find(|(listed, _)| listed == name).unwrap().1.unwrap_or_default()
    };
    assert!(why(listed(&api, "kate", &id).await, "Complete").contains("draft"));
    assert!(why(listed(&api, "kate", &id).await, "Accept").contains("Processing"));
    assert!(
        why(listed(&api, "ben", &id).await, "Complete").contains("draft"),
        "the state comes first"
    );
    assert!(why(listed(&api, "ben", &id).await, "Transfer").contains("owner"));
    let admin = listed(&api, "ada", &id).await;
    assert!(
        admin.iter().all(|(_, why)| why.as_ref().is_some_and(|why| why.contains("roles"))),
        "{admin:?}"
    );
    assert_eq!(api.by("ada").sees(&id).await["operations"], json!([]));
    api.by("mia").get(&format!("/interactions/{id}/operations")).await.refused(404, 6);
}

#[tokio::test]
async fn a_remembered_list_is_of_one_state_and_of_one_record_of_its_reader() {
    let (names, lists) = (Names::load().await, OperationLists::default());
    let kate = names.directory().user(CENTER, KATE).unwrap();
    let chat = |by| owned(Media::Chat, by, Mode::Chatting);
    let states = [invited(Media::Chat, KATE), chat(KATE), chat(BEN), conference()];
    for state in states.iter().chain(&states).chain(&states[1..2]) {
        let anew = OperationLists::default().of(state, kate);
        assert_eq!(lists.of(state, kate), anew, "{:?}", state.state);
        assert_eq!(lists.of(state, kate), anew, "again, {:?}", state.state);
    }
    assert!(!lists.of(&chat(KATE), kate).is_empty());
    let roles = [Role::Supervisor].into();
    let no_agent = Arc::new(User { roles, ..(**kate).clone() });
    let of_supervisor = ["Transfer", "PlaceInQueue", "Pull", "SetPriority"];
    assert_eq!(*lists.of(&chat(KATE), &no_agent), of_supervisor);
    let roles = [Role::Admin].into();
    let admin = Arc::new(User { roles, ..(**kate).clone() });
    assert!(lists.of(&chat(KATE), &admin).is_empty());
    assert!(!lists.of(&chat(KATE), kate).is_empty());
}
