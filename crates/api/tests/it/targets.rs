//! `/contacts`: whom work can be handed to, and handing it there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::Customer;

async fn contacts(api: &Api, query: &str) -> Vec<Value> {
    let list = api.by("kate").get(&format!("/contacts?fields=*&{query}")).await.ok();
    list["contacts"].as_array().unwrap().clone()
}

async fn names(api: &Api, query: &str) -> BTreeSet<String> {
    let all = contacts(api, query).await;
    all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn id_of(api: &Api, name: &str) -> String {
    contacts(api, &format!("name={name}")).await[0]["id"].as_str().unwrap().to_owned()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn agents_queues_and_groups_are_listed_and_found_by_name() {
    let api = Api::start().await;
    let agents = ["kate Lund", "ben Lund", "mia Lund", "sam Lund"];
    assert_eq!(names(&api, "type=User").await, set(&agents), "who takes no work is no target");
    assert_eq!(names(&api, "type=AgentGroup").await, set(&["Support", "Sales"]));
    let queues = names(&api, "type=Queue").await;
    assert!(
        queues.contains("tasks") && !queues.contains("elsewhere"),
        "another center's are not there"
    );
    assert_eq!(names(&api, "channel=chat").await, set(&["support-chat"]));
    assert_eq!(names(&api, "userName=ben").await, set(&["ben Lund"]));
    assert_eq!(
        names(&api, "name=SUPPORT*").await,
        set(&["Support", "support-email", "support-chat"])
    );
    assert_eq!(names(&api, "search=ale").await, set(&["Sales", "sales"]));
    let filter = "filterName=NamesOrPhoneNumberMatches&filterParameters=b*,mia";
    assert_eq!(names(&api, &format!("{filter}&type=User")).await, set(&["ben Lund", "mia Lund"]));
    assert_eq!(names(&api, &format!("{filter}&type=Queue")).await, set(&["billing"]));
    api.by("kate").get("/contacts?filterName=Nothing&filterParameters=x").await.refused(400, 10);
    api.by("kate").get("/contacts?filterName=NamesOrPhoneNumberMatches").await.refused(400, 1);
    api.by("kate").get("/contacts?colour=red").await.refused(400, 10);
    let some = api.by("kate").get("/contacts?fields=name,type&name=tasks").await.ok();
    assert_eq!(some["contacts"], json!([{"name": "tasks", "type": "Queue"}]));
    let page = api.by("kate").get("/contacts?limit=5").await.ok();
    assert_eq!(page["uris"].as_array().unwrap().len(), 5);
    assert!(page["nextCursor"].is_string());
}

#[tokio::test]
async fn each_shows_how_it_stands_now() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.start_session("ben").await;
    api.submitted("workitem", "sales").await;
    let one = async |name: &str| {
        let id = id_of(&api, name).await;
        api.by("kate").get(&format!("/contacts/{id}")).await.ok()["contact"].clone()
    };
    let kate = one("kate*").await;
    assert_eq!(kate["path"], json!(format!("/contacts/{}", kate["id"].as_str().unwrap())));
    let states: BTreeSet<&str> = kate["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["userState"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["Ready"].into());
    let tasks = one("tasks").await;
    has(&tasks, json!({"waiting": 0, "agents": {"loggedIn": 2, "ready": 1}}));
    let sales = one("sales&type=Queue").await;
    has(&sales, json!({"waiting": 1, "agents": {"loggedIn": 0, "ready": 0}}));
    assert_eq!(one("Support").await["agents"], json!({"loggedIn": 2, "ready": 1}));
    for id in ["nothing", "00000000-0000-0000-0000-0000000000ff", &api.user_id("zoe").to_string()] {
        api.by("kate").get(&format!("/contacts/{id}")).await.refused(404, 6);
    }
}

#[tokio::test]
async fn work_is_handed_to_a_contact_of_any_kind() {
    let (ben, tasks, support) = ("ben*", "tasks", "Support");
    for (name, field, wanted) in [
        (ben, "targetUri", "Invited"),
        (ben, "targetPath", "Invited"),
        (ben, "userUri", "Invited"),
        (tasks, "targetUri", "Queued"),
        (tasks, "targetPath", "Queued"),
        (support, "targetUri", "Invited"),
    ] {
        let api = Api::start().await;
        api.ready("kate").await;
        let id = api.owned("kate", "workitem", "tasks").await;
        api.ready("ben").await;
        let contact = id_of(&api, name).await;
        let text = if field == "targetPath" {
            format!("/contacts/{contact}")
        } else {
            format!("http://127.0.0.1:8090/api/v2/contacts/{contact}")
        };
        let body = json!({"operationName": "Transfer", field: text});
        api.by("kate").does(&id, body).await.ok();
        assert_eq!(api.by("ben").sees(&id).await["state"], wanted, "{name} by {field}");
    }
}

#[tokio::test]
async fn a_groups_target_is_whoever_of_it_can_take_it() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let to = |contact: &str| json!({"operationName": "Transfer", "targetPath": format!("/contacts/{contact}")});
    let (support, sales) = (id_of(&api, "Support").await, id_of(&api, "Sales").await);
    let refused = api.by("kate").does(&id, to(&support)).await;
    refused.refused(409, 2);
    api.start_session("ben").await;
    api.ready("sam").await;
    api.by("kate").does(&id, to(&support)).await.ok();
    assert_eq!(api.by("sam").sees(&id).await["offer"]["to"]["userName"], "sam", "ben is not ready");
    api.by("sam").does(&id, json!({"operationName": "Reject"})).await.ok();
    api.by("mia").get("/me").await.ok();
    api.ready("mia").await;
    api.by("sam").post("/me", json!({"operationName": "NotReady"})).await.ok();
    api.by("kate").does(&id, to(&sales)).await.ok();
    assert_eq!(api.by("kate").sees(&id).await["offer"]["to"]["userName"], "mia");
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    api.by("kate").does(&id, to(nobody)).await.refused(404, 6);
}

#[tokio::test]
async fn a_contact_is_invited_and_asked_for_advice() {
    for (name, contact, wanted) in [
        ("Invite", "ben*", "Invite"),
        ("Consult", "ben*", "Consult"),
        ("Consult", "support-chat", "Consult"),
        ("Consult", "Support", "Consult"),
        ("Invite", "Support", "Invite"),
    ] {
        let api = Api::start().await;
        api.ready("kate").await;
        let chat = Customer::with(&api, "kate").await.id;
        api.ready("ben").await;
        for field in ["targetUri", "targetPath"] {
            let path = format!("/contacts/{}", id_of(&api, contact).await);
            let text = if field == "targetUri" { format!("http://x/api/v2{path}") } else { path };
            api.by("kate").does(&chat, json!({"operationName": name, field: text})).await.ok();
            assert_eq!(
                api.by("ben").sees(&chat).await["offer"]["kind"],
                wanted,
                "{name} {contact}"
            );
            api.by("ben").does(&chat, json!({"operationName": "Reject"})).await.ok();
        }
    }
    let api = Api::start().await;
    api.ready("kate").await;
    let chat = Customer::with(&api, "kate").await.id;
    let path = format!("/contacts/{}", id_of(&api, "support-chat").await);
    let queue = json!({"operationName": "Invite", "targetPath": path});
    api.by("kate").does(&chat, queue).await.refused(404, 6);
}
