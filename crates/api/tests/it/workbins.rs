//! Workbins: who sees which, putting in, taking out, and being told.

use std::collections::BTreeSet;

use serde_json::json;

use crate::api::{Api, has};

#[tokio::test]
async fn everybody_is_shown_those_that_he_may_use() {
    let api = Api::start().await;
    let table: [(&str, &[(&str, &str)]); 4] = [
        (
            "kate",
            &[
                ("In Progress", "Agent"),
                ("Drafts", "Agent"),
                ("Team", "AgentGroup"),
                ("Shared", "AgentGroup"),
            ],
        ),
        ("mia", &[("In Progress", "Agent"), ("Drafts", "Agent"), ("Shared", "AgentGroup")]),
        ("ada", &[]),
        ("zoe", &[("Elsewhere", "Agent")]),
    ];
    for (user, wanted) in table {
        for path in ["/workbins?fields=*", "/me/workbins?fields=*"] {
            let list = api.by(user).get(path).await.ok();
            let found: BTreeSet<(&str, &str)> = list["workbins"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (one["workbinName"].as_str().unwrap(), one["type"].as_str().unwrap()))
                .collect();
            assert_eq!(found, wanted.iter().copied().collect(), "{user}");
        }
    }
    // An admin changes all of them, and uses none.
    let ada = api.by("ada");
    let defined = ada.get("/workbins?definitions=true").await.ok();
    assert_eq!(defined["uris"].as_array().unwrap().len(), 5);
    let shown = ada.get("/workbins?definitions=true&fields=name,version&name=Shared").await.ok();
    assert!(shown["workbins"][0]["version"].as_u64().is_some_and(|it| it > 0), "{shown}");
    ada.get("/workbins?definitions=yes").await.refused(400, 10);
    api.by("kate").get("/workbins?definitions=true").await.refused(400, 10);
    let (kates, bens) =
        (api.workbin("kate", "In Progress").await, api.workbin("ben", "In Progress").await);
    assert_ne!(kates, bens, "one id per definition and owner");
    api.by("kate").get(&format!("/workbins/{kates}")).await.ok();
    api.by("ben").get(&format!("/workbins/{kates}")).await.refused(404, 6);
    api.by("sam").get(&format!("/workbins/{kates}")).await.ok();
    api.by("zoe").get(&format!("/workbins/{kates}")).await.refused(404, 6);
}

#[tokio::test]
async fn work_is_put_in_and_taken_out_again() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let team = api.workbin("kate", "Team").await;
    let (kate, ben) = (api.by("kate"), api.by("ben"));
    let path = format!("/workbins/{team}");
    let uri = format!("http://127.0.0.1:8090/api/v2/workitems/{id}");
    let reply = kate
        .post(&path, json!({"operationName": "AddWorkitem", "uri": uri, "saveLAR": true}))
        .await
        .ok();
    assert_eq!(reply.as_object().unwrap().len(), 2, "statusCode and referenceId: {reply}");
    assert_eq!(kate.sees(&id).await["state"], "InWorkbin");

    let list = ben.get(&format!("{path}/interactions?fields=*")).await.ok();
    has(&list["interactions"][0], json!({"id": id, "capabilities": []}));
    let items = ben.get(&format!("{path}/workitems?fields=*")).await.ok();
    has(&items["workitems"][0], json!({"id": id, "state": "InWorkbin"}));
    assert_eq!(ben.get(&format!("{path}/emails?fields=*")).await.ok()["emails"], json!([]));
    ben.get(&format!("{path}/faxes")).await.refused(404, 6);
    let whole = ben.get(&format!("{path}?subresources=*")).await.ok()["workbin"].clone();
    assert_eq!((&whole["workitems"][0]["id"], &whole["chats"]), (&json!(id), &json!([])));
    let some =
        ben.get(&format!("{path}?subresources=email&fields=name")).await.ok()["workbin"].clone();
    assert_eq!(some, json!({"name": "Team", "emails": []}));

    let pull = json!({"operationName": "PullInteraction", "id": id});
    ben.post(&path, pull.clone()).await.refused(409, 2);
    api.start_session("ben").await;
    ben.post(&path, pull.clone()).await.ok();
    assert_eq!(ben.sees(&id).await["assignedTo"], json!(api.user_id("ben").to_string()));
    let late = kate.post(&path, pull).await;
    assert!(late.refused(409, 2).contains("Processing"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let (team, own) = (api.workbin("kate", "Team").await, api.workbin("kate", "In Progress").await);
    let kate = api.by("kate");
    let add = |name: &str, id: &str| json!({"operationName": name, "id": id});
    kate.post(&format!("/workbins/{team}"), add("AddEmail", &id)).await.refused(404, 6);
    kate.post(&format!("/workbins/{team}"), add("AddInteraction", &api.no_id()))
        .await
        .refused(404, 6);
    kate.post("/workbins/nothing", add("AddInteraction", &id)).await.refused(404, 6);
    api.by("ben")
        .post(&format!("/workbins/{team}"), add("AddInteraction", &id))
        .await
        .refused(403, 3);
    kate.post(&format!("/me/workbins/{own}"), add("AddInteraction", &id)).await.ok();
    let elsewhere = kate.post(&format!("/workbins/{team}"), add("PullInteraction", &id)).await;
    assert!(elsewhere.refused(409, 2).contains("InWorkbin"));
    api.by("ben")
        .post(&format!("/workbins/{own}"), add("PullInteraction", &id))
        .await
        .refused(404, 6);
}

#[tokio::test]
async fn a_supervisor_takes_work_out_of_an_agents_workbin() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let own = api.workbin("kate", "In Progress").await;
    api.by("kate").does(&id, json!({"operationName": "PlaceInWorkbin", "workbin": own})).await.ok();
    api.start_session("sam").await;
    let kate_id = api.user_id("kate");
    let path = format!("/users/{kate_id}/workbins/{own}");
    let pull = json!({"operationName": "PullInteraction", "id": id});
    let add = json!({"operationName": "AddInteraction", "id": id});
    api.by("sam").post(&path, add).await.refused(400, 10);
    let bens = api.workbin("ben", "In Progress").await;
    api.by("sam")
        .post(&format!("/users/{kate_id}/workbins/{bens}"), pull.clone())
        .await
        .refused(404, 6);
    api.by("sam").post(&path, pull).await.ok();
    assert_eq!(api.by("kate").sees(&id).await["assignedTo"], json!(api.user_id("sam").to_string()));
}

#[tokio::test]
async fn a_watch_is_confirmed_by_notification() {
    let api = Api::start().await;
    api.ready("kate").await;
    let team = api.workbin("kate", "Team").await;
    for (name, path, state) in
        [("Subscribe", "workbins", "Subscribed"), ("Unsubscribe", "me/workbins", "Unsubscribed")]
    {
        api.told.take("/v2/me/workbins");
        let reply = api
            .by("kate")
            .post(&format!("/{path}/{team}"), json!({"operationName": name}))
            .await
            .ok();
        let told = api.told.take("/v2/me/workbins");
        let [message] = told.as_slice() else { panic!("one message: {told:?}") };
        assert_eq!(message["messageType"], "WorkbinSubscriptionStateChangeMessage");
        has(message, json!({"stateResource": state, "id": team}));
        assert_eq!(message["referenceId"], reply["referenceId"]);
        let desk = api.engine.core().desk(api.user_id("kate")).unwrap();
        assert_eq!(desk.watched.is_empty(), state == "Unsubscribed");
    }
}

#[tokio::test]
async fn several_workbins_are_watched_by_one_request() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    let (team, own) = (api.workbin("kate", "Team").await, api.workbin("kate", "In Progress").await);
    let watched = || api.engine.core().desk(api.user_id("kate")).unwrap().watched.len();
    for (name, path, state, count) in [
        ("Subscribe", "me/workbins", "Subscribed", 2),
        ("Unsubscribe", "workbins", "Unsubscribed", 0),
    ] {
        api.told.take("/v2/me/workbins");
        let path = format!("/{path}?workbinIds={team},{own},{team}");
        let reply = kate.post(&path, json!({"operationName": name})).await.ok();
        assert_eq!(reply.as_object().unwrap().len(), 2, "{reply}");
        let references = reply["referenceIds"].as_object().unwrap();
        assert_eq!(references.keys().collect::<BTreeSet<_>>(), [&team, &own].into());
        let told = api.told.take("/v2/me/workbins");
        assert_eq!(told.len(), 2, "{told:?}");
        for message in told {
            assert_eq!(message["stateResource"], state);
            assert_eq!(message["referenceId"], references[message["id"].as_str().unwrap()]);
        }
        assert_ne!(references[&team], references[&own]);
        assert_eq!(watched(), count);
    }
}

#[tokio::test]
async fn workbins_that_are_not_his_are_left_out_and_named() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    let (team, bens) = (api.workbin("kate", "Team").await, api.workbin("ben", "In Progress").await);
    let subscribe = || json!({"operationName": "Subscribe"});
    let path = format!("/me/workbins?workbinIds={team},{bens},nothing");
    let reply = kate.post(&path, subscribe()).await;
    assert_eq!(reply.codes(), (200, 7), "{}", reply.text);
    let reply = reply.json();
    let sentence = reply["statusMessage"].as_str().unwrap();
    assert!(
        sentence.contains(&bens) && sentence.contains("nothing") && !sentence.contains(&team),
        "{sentence}"
    );
    assert_eq!(reply["referenceIds"].as_object().unwrap().keys().collect::<Vec<_>>(), [&team]);
    let told = api.told.take("/v2/me/workbins");
    let [message] = told.as_slice() else { panic!("one message: {told:?}") };
    has(message, json!({"id": team, "referenceId": reply["referenceIds"][&team]}));

    let none = format!("/me/workbins?workbinIds={bens},nothing");
    assert!(kate.post(&none, subscribe()).await.refused(404, 6).contains("nothing"));
    api.by("zoe").post(&format!("/workbins?workbinIds={team}"), subscribe()).await.refused(404, 6);
    let many = format!("/workbins?workbinIds={}", vec![team.as_str(); 101].join(","));
    assert!(kate.post(&many, subscribe()).await.refused(400, 10).contains("workbinIds"));
    for query in ["", "?workbinIds=", "?workbinIds=,"] {
        let missing = api.anonymous().post(&format!("/me/workbins{query}"), subscribe()).await;
        assert!(missing.refused(400, 1).contains("workbinIds"));
    }
    let pull = json!({"operationName": "PullInteraction", "id": api.no_id()});
    kate.post(&path, pull).await.refused(400, 10);
    assert_eq!(api.told.take("/v2/me/workbins"), Vec::<serde_json::Value>::new());
}
