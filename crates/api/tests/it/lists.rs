//! Lists of interactions, and of users with theirs: fields, filters and pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::{Api, has};

async fn ids(api: &Api, user: &str, query: &str) -> Vec<String> {
    let list = api.by(user).get(&format!("{query}&fields=id")).await.ok();
    let shown = list["interactions"].as_array().unwrap().iter();
    shown.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_is_addresses_or_resources() {
    let api = Api::start().await;
    let id = api.submitted("workitem", "tasks").await;
    let kate = api.by("kate");
    let uri = format!("http://127.0.0.1:8090/api/v2/interactions/{id}");
    assert_eq!(kate.get("/interactions").await.ok(), json!({"statusCode": 0, "uris": [uri]}));
    let whole = kate.get("/interactions?fields=*").await.ok();
    let mut one = kate.sees(&id).await;
    let own = ["draft", "read"].map(|own| one.as_object_mut().unwrap().remove(own));
    assert_eq!(own, [Some(json!(null)), Some(json!(null))], "the list has no marks");
    assert_eq!(whole["interactions"][0], one);
    let some = kate.get("/interactions?fields=id,state").await.ok();
    assert_eq!(some["interactions"], json!([{"id": id, "state": "Queued"}]));
}

#[tokio::test]
async fn ones_own_list_has_what_is_offered_and_owned_and_nothing_else() {
    let api = Api::start().await;
    api.ready("kate").await;
    let owned = api.owned("kate", "email", "support-email").await;
    let kate = api.by("kate");
    kate.does(&owned, json!({"operationName": "Reply"})).await.ok();
    let parked = api.owned("kate", "workitem", "tasks").await;
    kate.does(&parked, json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"}))
        .await
        .ok();
    let over = api.owned("kate", "workitem", "tasks").await;
    kate.does(&over, json!({"operationName": "Complete"})).await.ok();
    let offered = api.offered("workitem", "tasks").await;
    let list = kate.get("/me/interactions?fields=*").await.ok();
    let list = list["interactions"].as_array().unwrap();
    let states: BTreeSet<&str> = list.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!((list.len(), states), (3, ["Processing", "Composing", "Invited"].into()));
    assert!(
        list.iter().all(|one| one["messageTypeName"] == "InteractionStateMessage"),
        "as the notifications"
    );
    let uris = kate.get("/me/interactions").await.ok();
    let uris: Vec<&str> =
        uris["uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()).collect();
    assert!(
        uris.iter().all(|uri| uri.starts_with("http://127.0.0.1:8090/api/v2/interactions/")),
        "{uris:?}"
    );
    assert!(uris.iter().any(|uri| uri.ends_with(&offered)));
}

#[tokio::test]
async fn filters_are_joined_by_and() {
    let api = Api::start().await;
    api.ready("kate").await;
    let owned = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").post("/me", json!({"operationName": "NotReady"})).await.ok();
    let mail = api.submitted("email", "support-email").await;
    let body = json!({
        "operationName": "Create", "channel": "workitem", "queueName": "tasks", "externalId": "case/1 ä", "contactId": "c 1"
    });
    let case =
        api.by("intake").post("/interactions", body).await.ok()["id"].as_str().unwrap().to_owned();
    let kate_id = api.user_id("kate");
    let table: [(String, Vec<&String>); 13] = [
        ("x".to_owned(), vec![]),
        (String::new(), vec![&owned, &mail, &case]),
        (format!("id={case}"), vec![&case]),
        ("channel=email".to_owned(), vec![&mail]),
        ("channel=workitem".to_owned(), vec![&owned, &case]),
        ("channel=workitem&state=Queued".to_owned(), vec![&case]),
        ("state=Processing".to_owned(), vec![&owned]),
        ("currentQueue=tasks".to_owned(), vec![&owned, &case]),
        ("currentQueue=support-email&channel=workitem".to_owned(), vec![]),
        (format!("assignedTo={kate_id}"), vec![&owned]),
        ("externalId=case%2F1%20%C3%A4".to_owned(), vec![&case]),
        ("contactId=c+1".to_owned(), vec![&case]),
        ("interactionType=Email".to_owned(), vec![&mail]),
    ];
    for (query, wanted) in table.into_iter().skip(1) {
        let found = ids(&api, "kate", &format!("/interactions?{query}")).await;
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted.into_iter().collect(), "{query}");
    }
    api.by("kate").get("/interactions?subject=x").await.refused(400, 10);
}

#[tokio::test]
async fn pages_join_without_gap_or_repetition_whatever_is_filtered() {
    let api = Api::start().await;
    let mut all = BTreeSet::new();
    for number in 0..23 {
        let (channel, queue) =
            if number % 3 == 0 { ("email", "support-email") } else { ("workitem", "tasks") };
        let id = api.submitted(channel, queue).await;
        if channel == "workitem" {
            all.insert(id);
        }
    }
    for (limit, filter) in [
        (1, "interactionType=Workitem"),
        (4, "interactionType=Workitem"),
        (15, "channel=workitem"),
        (16, "state=Queued&channel=workitem"),
    ] {
        let mut seen = Vec::new();
        let mut query = format!("/interactions?limit={limit}&{filter}");
        loop {
            let page = api.by("kate").get(&format!("{query}&fields=id")).await.ok();
            let items = page["interactions"].as_array().unwrap();
            assert!(items.len() <= limit);
            seen.extend(items.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
            let Value::String(next) = &page["nextCursor"] else { break };
            query = format!("/interactions?limit={limit}&{filter}&cursor={next}");
        }
        assert_eq!(seen.len(), all.len(), "{limit} {filter}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all);
    }
}

#[tokio::test]
async fn lists_of_configured_things_have_fields_filters_and_pages_too() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let queues = kate.get("/queues?fields=name,channel&channel=workitem").await.ok();
    let names: BTreeSet<&str> = queues["queues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|queue| queue["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["tasks", "billing", "sales", "parking"].into());
    let first = kate.get("/users?limit=4").await.ok();
    let next = first["nextCursor"].as_str().unwrap();
    let second = kate.get(&format!("/users?limit=4&cursor={next}")).await.ok();
    assert_eq!(
        (first["uris"].as_array().unwrap().len(), second["uris"].as_array().unwrap().len()),
        (4, 3)
    );
    assert_eq!(second.get("nextCursor"), None);
    let ben = kate.get("/users?fields=*&userName=ben&subresources=*").await.ok();
    assert_eq!(ben["users"][0]["groups"][0]["name"], "Support");
    let skills =
        kate.get(&format!("/users/{}/skills?fields=name,level", api.user_id("ben"))).await.ok();
    assert_eq!(
        skills["skills"],
        json!([{"level": "2", "name": "billing"}, {"level": "5", "name": "english"}])
    );
    let states = kate.get("/settings/agent-states").await.ok();
    assert_eq!(states["settings"][0]["id"], "9430250E-0A1B-421F-B372-F29E69366DED");
    for uri in first["uris"].as_array().unwrap() {
        let path = uri.as_str().unwrap().strip_prefix("http://127.0.0.1:8090/api/v2").unwrap();
        kate.get(path).await.ok();
    }
}

#[tokio::test]
async fn supervisors_list_users_with_what_they_have() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = "/users?fields=*&userName=kate&subresources=";
    let list = async |who: &'static str, what: &str| {
        let answer = api.by(who).get(&format!("{path}{what}")).await.ok();
        answer["users"][0].clone()
    };
    let kate = list("vera", "channels,interactions").await;
    let channels = kate["channels"].as_array().unwrap();
    let workitem = channels.iter().find(|it| it["channel"] == "workitem").unwrap();
    has(workitem, json!({"used": 1, "capacity": 5}));
    has(&kate["interactions"][0], json!({"id": id, "state": "Processing"}));
    assert_eq!(list("ada", "interactions").await["channels"], Value::Null);
    let all = list("vera", "*").await;
    assert!(all["channels"].is_array() && all["interactions"].is_null(), "{all}");
    assert_eq!(list("ben", "*").await["channels"], Value::Null, "it is for supervisors");
    for what in ["channels", "skills,interactions"] {
        api.by("ben").get(&format!("{path}{what}")).await.refused(403, 5);
    }
    api.by("vera").get(&format!("{path}interactions&limit=101")).await.refused(400, 10);
}
