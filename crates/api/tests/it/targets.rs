//! `/contacts`: whom work can be handed to, and handing it there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::chat_bench::Customer;
use crate::rest_bench::Bench;

async fn contacts(bench: &Bench, query: &str) -> Vec<Value> {
    let list = bench.by("kate").get(&format!("/contacts?fields=*&{query}")).await.ok();
    list["contacts"].as_array().unwrap().clone()
}

async fn names(bench: &Bench, query: &str) -> BTreeSet<String> {
    let all = contacts(bench, query).await;
    all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn id_of(bench: &Bench, name: &str) -> String {
    contacts(bench, &format!("name={name}")).await[0]["id"].as_str().unwrap().to_owned()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn agents_queues_and_groups_are_listed_and_found_by_name() {
    let bench = Bench::start().await;
    let agents = ["kate Lund", "ben Lund", "mia Lund", "sam Lund"];
    assert_eq!(names(&bench, "type=User").await, set(&agents), "who takes no work is no target");
    assert_eq!(names(&bench, "type=AgentGroup").await, set(&["Support", "Sales"]));
    let queues = names(&bench, "type=Queue").await;
    assert!(
        queues.contains("tasks") && !queues.contains("elsewhere"),
        "another center's are not there"
    );
    assert_eq!(names(&bench, "channel=chat").await, set(&["support-chat"]));
    assert_eq!(names(&bench, "userName=ben").await, set(&["ben Lund"]));
    assert_eq!(
        names(&bench, "name=SUPPORT*").await,
        set(&["Support", "support-email", "support-chat"])
    );
    assert_eq!(names(&bench, "search=ale").await, set(&["Sales", "sales"]));
    let filter = "filterName=NamesOrPhoneNumberMatches&filterParameters=b*,mia";
    assert_eq!(names(&bench, &format!("{filter}&type=User")).await, set(&["ben Lund", "mia Lund"]));
    assert_eq!(names(&bench, &format!("{filter}&type=Queue")).await, set(&["billing"]));
    bench.by("kate").get("/contacts?filterName=Nothing&filterParameters=x").await.refused(400, 10);
    bench.by("kate").get("/contacts?filterName=NamesOrPhoneNumberMatches").await.refused(400, 1);
    bench.by("kate").get("/contacts?colour=red").await.refused(400, 10);
    let some = bench.by("kate").get("/contacts?fields=name,type&name=tasks").await.ok();
    assert_eq!(some["contacts"], json!([{"name": "tasks", "type": "Queue"}]));
    let page = bench.by("kate").get("/contacts?limit=5").await.ok();
    assert_eq!(page["uris"].as_array().unwrap().len(), 5);
    assert!(page["nextCursor"].is_string());
}

#[tokio::test]
async fn each_shows_how_it_stands_now() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    bench.start_session("ben").await;
    bench.submitted("workitem", "sales").await;
    let one = async |name: &str| {
        let id = id_of(&bench, name).await;
        bench.by("kate").get(&format!("/contacts/{id}")).await.ok()["contact"].clone()
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
    assert_eq!(
        (&tasks["waiting"], &tasks["agents"]),
        (&json!(0), &json!({"loggedIn": 2, "ready": 1}))
    );
    let sales = one("sales&type=Queue").await;
    assert_eq!(
        (&sales["waiting"], &sales["agents"]),
        (&json!(1), &json!({"loggedIn": 0, "ready": 0}))
    );
    assert_eq!(one("Support").await["agents"], json!({"loggedIn": 2, "ready": 1}));
    for id in ["nothing", "00000000-0000-0000-0000-0000000000ff", &bench.user_id("zoe").to_string()]
    {
        bench.by("kate").get(&format!("/contacts/{id}")).await.refused(404, 6);
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
        let bench = Bench::start().await;
        bench.ready("kate").await;
        let id = bench.owned("kate", "workitem", "tasks").await;
        bench.ready("ben").await;
        let contact = id_of(&bench, name).await;
        let text = if field == "targetPath" {
            format!("/contacts/{contact}")
        } else {
            format!("http://127.0.0.1:8090/api/v2/contacts/{contact}")
        };
        let body = json!({"operationName": "Transfer", field: text});
        bench.by("kate").does(&id, body).await.ok();
        assert_eq!(bench.by("ben").sees(&id).await["state"], wanted, "{name} by {field}");
    }
}

#[tokio::test]
async fn a_groups_target_is_whoever_of_it_can_take_it() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    let to = |contact: &str| json!({"operationName": "Transfer", "targetPath": format!("/contacts/{contact}")});
    let (support, sales) = (id_of(&bench, "Support").await, id_of(&bench, "Sales").await);
    let refused = bench.by("kate").does(&id, to(&support)).await;
    refused.refused(409, 2);
    bench.start_session("ben").await;
    bench.ready("sam").await;
    bench.by("kate").does(&id, to(&support)).await.ok();
    assert_eq!(
        bench.by("sam").sees(&id).await["offer"]["to"]["userName"],
        "sam",
        "ben is not ready"
    );
    bench.by("sam").does(&id, json!({"operationName": "Reject"})).await.ok();
    bench.by("mia").get("/me").await.ok();
    bench.ready("mia").await;
    bench.by("sam").post("/me", json!({"operationName": "NotReady"})).await.ok();
    bench.by("kate").does(&id, to(&sales)).await.ok();
    assert_eq!(bench.by("kate").sees(&id).await["offer"]["to"]["userName"], "mia");
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    bench.by("kate").does(&id, to(nobody)).await.refused(404, 6);
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
        let bench = Bench::start().await;
        bench.ready("kate").await;
        let chat = Customer::with(&bench, "kate").await.id;
        bench.ready("ben").await;
        for field in ["targetUri", "targetPath"] {
            let path = format!("/contacts/{}", id_of(&bench, contact).await);
            let text = if field == "targetUri" { format!("http://x/api/v2{path}") } else { path };
            bench.by("kate").does(&chat, json!({"operationName": name, field: text})).await.ok();
            assert_eq!(
                bench.by("ben").sees(&chat).await["offer"]["kind"],
                wanted,
                "{name} {contact}"
            );
            bench.by("ben").does(&chat, json!({"operationName": "Reject"})).await.ok();
        }
    }
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let chat = Customer::with(&bench, "kate").await.id;
    let path = format!("/contacts/{}", id_of(&bench, "support-chat").await);
    let queue = json!({"operationName": "Invite", "targetPath": path});
    bench.by("kate").does(&chat, queue).await.refused(404, 6);
}
