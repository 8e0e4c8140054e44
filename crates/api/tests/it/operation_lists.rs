//! `operations`: what is listed is accepted at the door, and what is not is refused with the
//! sentence that was told before.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::chat_bench::Customer;
use crate::rest_bench::{Bench, Reply};

/// One of the states that an agent meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scene {
    Offered,
    Workitem,
    Transferring,
    Email,
    Answered,
    Draft,
    Chat,
    Company,
    Consulted,
    Watching,
    Over,
    Strangers,
}

use Scene::{
    Answered, Chat, Company, Consulted, Draft, Email, Offered, Over, Strangers, Transferring,
    Watching, Workitem,
};

const SCENES: [Scene; 12] = [
    Offered,
    Workitem,
    Transferring,
    Email,
    Answered,
    Draft,
    Chat,
    Company,
    Consulted,
    Watching,
    Over,
    Strangers,
];

/// Leads there; gives the interaction, and who looks at it.
async fn play(bench: &Bench, scene: Scene) -> (String, &'static str) {
    bench.ready("kate").await;
    let kate = bench.by("kate");
    let op = |name: &str| json!({"operationName": name});
    match scene {
        Offered => (bench.offered("workitem", "tasks").await, "kate"),
        Workitem => (bench.owned("kate", "workitem", "tasks").await, "kate"),
        Transferring => {
            let id = bench.owned("kate", "workitem", "tasks").await;
            bench.ready("ben").await;
            kate.does(&id, json!({"operationName": "Transfer", "userName": "ben"})).await.ok();
            (id, "kate")
        }
        Email => (bench.owned("kate", "email", "support-email").await, "kate"),
        Answered | Draft => {
            let id = bench.owned("kate", "email", "support-email").await;
            kate.does(&id, op("Reply")).await.ok();
            let list = kate.get("/me/interactions?fields=id&state=Composing").await.ok();
            let draft = list["interactions"][0]["id"].as_str().unwrap().to_owned();
            (if scene == Draft { draft } else { id }, "kate")
        }
        Chat => (Customer::with(bench, "kate").await.id, "kate"),
        Company | Consulted => {
            let id = Customer::with(bench, "kate").await.id;
            bench.ready("ben").await;
            kate.does(&id, json!({"operationName": "Consult", "userName": "ben"})).await.ok();
            bench.by("ben").does(&id, op("Accept")).await.ok();
            (id, if scene == Company { "kate" } else { "ben" })
        }
        Watching => {
            let id = Customer::with(bench, "kate").await.id;
            bench.ready("sam").await;
            let path = format!("/users/{}/chats/{id}", bench.user_id("kate"));
            let intrude =
                json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"});
            bench.by("sam").post(&path, intrude).await.ok();
            bench.by("sam").does(&id, op("Accept")).await.ok();
            (id, "sam")
        }
        Over => {
            let id = Customer::with(bench, "kate").await.id;
            kate.does(&id, op("EndChatSession")).await.ok();
            (id, "kate")
        }
        Strangers => (bench.owned("kate", "workitem", "tasks").await, "ben"),
    }
}

/// Uses an operation with arguments that exist, as well as it can be.
async fn uses(bench: &Bench, user: &str, id: &str, name: &str) -> Reply {
    let with = |fields: Value| {
        let mut body = json!({"operationName": name});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let seen = bench.by(user).sees(id).await;
    let queue = match seen["channel"].as_str() {
        Some("email") => "support-email",
        Some("chat") => "support-chat",
        _ => "tasks",
    };
    let mail = json!({"to": ["eve@example.com"], "from": "support@demo.example"});
    let fields = match name {
        "PlaceInQueue" | "Transfer" => json!({"queueName": queue}),
        "PlaceInWorkbin" => json!({"workbin": "In Progress"}),
        "AttachUserData" | "UpdateUserData" => json!({"userData": {"a": 1}}),
        "DeleteUserData" => json!({"keys": ["a"]}),
        "SetDisposition" => json!({"disposition": "done"}),
        "AddComment" => json!({"comment": "seen"}),
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
        "JoinThread" => json!({"parentId": bench.no_id()}),
        _ => json!({}),
    };
    bench.by(user).does(id, with(fields)).await
}

/// Tells whether an answer is what somebody gets who may do it: a yes, or a no to what it named,
/// which is nothing.
fn is_allowed(name: &str, reply: &Reply) -> bool {
    let (_, code) = reply.codes();
    code == 0 || (matches!(name, "AddAttachment" | "JoinThread") && code == 6)
}

async fn listed(bench: &Bench, user: &str, id: &str) -> Vec<(String, Option<String>)> {
    let list = bench.by(user).get(&format!("/interactions/{id}/operations")).await.ok();
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
        let bench = Bench::start().await;
        let (id, user) = play(&bench, scene).await;
        for (name, sentence) in listed(&bench, user, &id).await {
            // Another one each time: most of them change what is there.
            let bench = Bench::start().await;
            let (id, user) = play(&bench, scene).await;
            bench.ready("sam").await;
            let reply = uses(&bench, user, &id, &name).await;
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
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "email", "support-email").await;
    let allowed: Vec<Value> = listed(&bench, "kate", &id)
        .await
        .into_iter()
        .filter(|(_, sentence)| sentence.is_none())
        .map(|(name, _)| json!(name))
        .collect();
    let seen = bench.by("kate").sees(&id).await;
    assert_eq!(seen["operations"], Value::Array(allowed.clone()));
    for capability in seen["capabilities"].as_array().unwrap() {
        assert!(allowed.contains(capability), "{capability}");
    }
    assert!(allowed.contains(&json!("PlaceInQueue")) && allowed.contains(&json!("Forward")));
    let resource = bench.by("kate").get(&format!("/emails/{id}")).await.ok();
    assert_eq!(resource["email"]["operations"], Value::Array(allowed.clone()));
    let told = bench.told_to("kate", "/v2/me/emails").await;
    assert_eq!(told.last().unwrap()["email"]["operations"], Value::Array(allowed));
    bench.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
    let told = bench.told_to("kate", "/v2/me/interactions").await;
    assert_eq!(told.last().unwrap()["operations"], json!([]), "it is over");
}

#[tokio::test]
async fn each_refusal_says_why_and_roles_come_first() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "email", "support-email").await;
    bench.by("kate").does(&id, json!({"operationName": "Reply"})).await.ok();
    let why = |list: Vec<(String, Option<String>)>, name: &str| {
        list.into_iter().find(|(listed, _)| listed == name).unwrap().1.unwrap_or_default()
    };
    assert!(why(listed(&bench, "kate", &id).await, "Complete").contains("draft"));
    assert!(why(listed(&bench, "kate", &id).await, "Accept").contains("Processing"));
    assert!(
        why(listed(&bench, "ben", &id).await, "Complete").contains("draft"),
        "the state comes first"
    );
    assert!(why(listed(&bench, "ben", &id).await, "Transfer").contains("owner"));
    let admin = listed(&bench, "ada", &id).await;
    assert!(
        admin.iter().all(|(_, why)| why.as_ref().is_some_and(|why| why.contains("roles"))),
        "{admin:?}"
    );
    assert_eq!(bench.by("ada").sees(&id).await["operations"], json!([]));
    bench.by("mia").get(&format!("/interactions/{id}/operations")).await.refused(404, 6);
}
