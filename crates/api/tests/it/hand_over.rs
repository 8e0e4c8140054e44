//! `/interactions/{id}/targets`: to whom one interaction can be handed now.

use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::Customer;

async fn targets(api: &Api, user: &str, id: &str, query: &str) -> Vec<Value> {
    let list = api.by(user).get(&format!("/interactions/{id}/targets?{query}")).await.ok();
    list["targets"].as_array().unwrap().clone()
}

fn names(targets: &[Value]) -> Vec<&str> {
    targets
        .iter()
        .map(|one| one["user"]["userName"].as_str().or(one["queue"]["name"].as_str()).unwrap())
        .collect()
}

#[tokio::test]
async fn who_can_take_it_comes_first_and_of_others_it_is_said_why_not() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.ready("sam").await;
    api.start_session("mia").await;
    api.listen("mia").await;
    api.submitted("workitem", "sales").await;
    let all = targets(&api, "kate", &id, "").await;
    assert_eq!(
        names(&all),
        ["sam", "billing", "sales", "tasks", "ben", "mia", "parking"],
        "not kate, whose it is; nor queues of other channels"
    );
    has(&all[0], json!({"kind": "User", "able": true, "used": 0, "rule": null}));
    has(&all[0]["channelState"], json!({"channel": "workitem", "dndState": "Off"}));
    assert_eq!(all[0]["channelState"]["userState"]["state"], "Ready");
    has(&all[2], json!({"kind": "Queue", "able": 1, "waiting": 1}));
    has(&all[3], json!({"kind": "Queue", "able": 2, "waiting": 0}));
    has(&all[4], json!({"able": false, "rule": "NoSession"}));
    assert_eq!(all[4]["channelState"]["userState"]["state"], "LoggedOut");
    has(&all[5], json!({"able": false, "rule": "NotReady"}));
    let to = |user: &str| json!({"operationName": "Transfer", "userName": user});
    api.by("kate").does(&id, to("ben")).await.refused(409, 2);
    api.by("kate").does(&id, to("mia")).await.refused(409, 2);
    api.by("kate").does(&id, to("sam")).await.ok();
}

#[tokio::test]
async fn they_are_found_by_words_and_come_in_pages() {
    let api = Api::start().await;
    let id = api.submitted("workitem", "tasks").await;
    for (query, wanted) in [
        ("search=be", vec!["ben"]),
        ("search=lund+KA", vec!["kate"]),
        ("search=ales", vec!["sales"]),
        ("search=sa", vec!["sam", "sales"]),
        ("search=nobody", vec![]),
        ("kind=Queue", vec!["billing", "parking", "sales", "tasks"]),
        ("kind=User", vec!["ben", "kate", "mia", "sam"]),
    ] {
        assert_eq!(names(&targets(&api, "kate", &id, query).await), wanted, "{query}");
    }
    let kate = api.by("kate");
    let path = format!("/interactions/{id}/targets?kind=User&fields=kind,user&limit=3");
    let first = kate.get(&path).await.ok();
    assert_eq!(names(first["targets"].as_array().unwrap()), ["ben", "kate", "mia"]);
    assert_eq!(first["targets"][0].as_object().unwrap().len(), 2);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = kate.get(&format!("{path}&cursor={cursor}")).await.ok();
    assert_eq!(
        (names(rest["targets"].as_array().unwrap()), rest.get("nextCursor")),
        (vec!["sam"], None)
    );
    kate.get(&format!("{path}&cursor=x")).await.refused(400, 10);
    kate.get(&format!("/interactions/{id}/targets?colour=red")).await.refused(400, 10);
    let search = |len| format!("/interactions/{id}/targets?search={}", "%C3%A9".repeat(len));
    kate.get(&search(100)).await.ok();
    let refused = kate.get(&search(101)).await.refused(400, 10);
    assert!(refused.contains("at most 100 characters"), "{refused}");
}

#[tokio::test]
async fn they_are_shown_to_who_sees_the_interaction() {
    let api = Api::start().await;
    let id = api.submitted("workitem", "tasks").await;
    let path = format!("/interactions/{id}/targets");
    for user in ["kate", "vera", "ada"] {
        api.by(user).get(&path).await.ok();
    }
    for nobody in ["mia", "zoe"] {
        api.by(nobody).get(&path).await.refused(404, 6);
    }
}

#[tokio::test]
async fn whoever_has_its_slot_already_needs_no_room_for_it() {
    let api = Api::start().await;
    api.ready("kate").await;
    let chat = Customer::with(&api, "kate").await.id;
    api.ready("ben").await;
    let ask = json!({"operationName": "Consult", "userName": "ben"});
    api.by("kate").does(&chat, ask).await.ok();
    api.by("ben").does(&chat, json!({"operationName": "Accept"})).await.ok();
    api.by("kate").post("/me", json!({"operationName": "NotReady"})).await.ok();
    let one = async |search: &str| {
        targets(&api, "kate", &chat, &format!("kind=User&search={search}")).await.remove(0)
    };
    let ben = one("ben").await;
    has(&ben, json!({"able": true, "used": 1}));
    let capacity = ben["capacity"].as_u64().unwrap();
    let mut others = Vec::new();
    for _ in 1..capacity {
        others.push(Customer::with(&api, "ben").await.id);
    }
    has(&one("ben").await, json!({"able": true, "used": capacity}));
    let other = others.first().expect("a capacity of more than one");
    let full = api.by("vera").get(&format!("/interactions/{other}/targets?search=ben")).await.ok();
    assert_eq!(full["targets"], json!([]), "ben owns it");
}
