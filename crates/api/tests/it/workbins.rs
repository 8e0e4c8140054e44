//! Workbins: who sees which, putting in, taking out, and being told.

use std::collections::BTreeSet;

use serde_json::json;

use crate::rest_bench::Bench;

#[tokio::test]
async fn everybody_is_shown_those_that_he_may_use() {
    let bench = Bench::start().await;
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
            let list = bench.by(user).get(path).await.ok();
            let found: BTreeSet<(&str, &str)> = list["workbins"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (one["workbinName"].as_str().unwrap(), one["type"].as_str().unwrap()))
                .collect();
            assert_eq!(found, wanted.iter().copied().collect(), "{user}");
        }
    }
    let (kates, bens) =
        (bench.workbin("kate", "In Progress").await, bench.workbin("ben", "In Progress").await);
    assert_ne!(kates, bens, "one id per definition and owner");
    bench.by("kate").get(&format!("/workbins/{kates}")).await.ok();
    bench.by("ben").get(&format!("/workbins/{kates}")).await.refused(404, 6);
    bench.by("sam").get(&format!("/workbins/{kates}")).await.ok();
    bench.by("zoe").get(&format!("/workbins/{kates}")).await.refused(404, 6);
}

#[tokio::test]
async fn work_is_put_in_and_taken_out_again() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    let team = bench.workbin("kate", "Team").await;
    let (kate, ben) = (bench.by("kate"), bench.by("ben"));
    let path = format!("/workbins/{team}");
    let uri = format!("http://127.0.0.1:8090/api/v2/workitems/{id}");
    let reply = kate
        .post(&path, json!({"operationName": "AddWorkitem", "uri": uri, "saveLAR": true}))
        .await
        .ok();
    assert_eq!(reply.as_object().unwrap().len(), 2, "statusCode and referenceId: {reply}");
    assert_eq!(kate.sees(&id).await["state"], "InWorkbin");

    let list = ben.get(&format!("{path}/interactions?fields=*")).await.ok();
    assert_eq!(
        (&list["interactions"][0]["id"], &list["interactions"][0]["capabilities"]),
        (&json!(id), &json!([]))
    );
    let items = ben.get(&format!("{path}/workitems?fields=*")).await.ok();
    assert_eq!(
        (&items["workitems"][0]["id"], &items["workitems"][0]["state"]),
        (&json!(id), &json!("InWorkbin"))
    );
    assert_eq!(ben.get(&format!("{path}/emails?fields=*")).await.ok()["emails"], json!([]));
    ben.get(&format!("{path}/faxes")).await.refused(404, 6);
    let whole = ben.get(&format!("{path}?subresources=*")).await.ok()["workbin"].clone();
    assert_eq!((&whole["workitems"][0]["id"], &whole["chats"]), (&json!(id), &json!([])));
    let some =
        ben.get(&format!("{path}?subresources=email&fields=name")).await.ok()["workbin"].clone();
    assert_eq!(some, json!({"name": "Team", "emails": []}));

    let pull = json!({"operationName": "PullInteraction", "id": id});
    ben.post(&path, pull.clone()).await.refused(409, 2);
    bench.start_session("ben").await;
    ben.post(&path, pull.clone()).await.ok();
    assert_eq!(ben.sees(&id).await["assignedTo"], json!(bench.user_id("ben").to_string()));
    let late = kate.post(&path, pull).await;
    assert!(late.refused(409, 2).contains("Processing"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    let (team, own) =
        (bench.workbin("kate", "Team").await, bench.workbin("kate", "In Progress").await);
    let kate = bench.by("kate");
    let add = |name: &str, id: &str| json!({"operationName": name, "id": id});
    kate.post(&format!("/workbins/{team}"), add("AddEmail", &id)).await.refused(404, 6);
    kate.post(&format!("/workbins/{team}"), add("AddInteraction", &bench.no_id()))
        .await
        .refused(404, 6);
    kate.post("/workbins/nothing", add("AddInteraction", &id)).await.refused(404, 6);
    bench
        .by("ben")
        .post(&format!("/workbins/{team}"), add("AddInteraction", &id))
        .await
        .refused(403, 3);
    kate.post(&format!("/me/workbins/{own}"), add("AddInteraction", &id)).await.ok();
    let elsewhere = kate.post(&format!("/workbins/{team}"), add("PullInteraction", &id)).await;
    assert!(elsewhere.refused(409, 2).contains("InWorkbin"));
    bench
        .by("ben")
        .post(&format!("/workbins/{own}"), add("PullInteraction", &id))
        .await
        .refused(404, 6);
}

#[tokio::test]
async fn a_supervisor_takes_work_out_of_an_agents_workbin() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    let own = bench.workbin("kate", "In Progress").await;
    bench
        .by("kate")
        .does(&id, json!({"operationName": "PlaceInWorkbin", "workbin": own}))
        .await
        .ok();
    bench.start_session("sam").await;
    let kate_id = bench.user_id("kate");
    let path = format!("/users/{kate_id}/workbins/{own}");
    let pull = json!({"operationName": "PullInteraction", "id": id});
    let add = json!({"operationName": "AddInteraction", "id": id});
    bench.by("sam").post(&path, add).await.refused(400, 10);
    let bens = bench.workbin("ben", "In Progress").await;
    bench
        .by("sam")
        .post(&format!("/users/{kate_id}/workbins/{bens}"), pull.clone())
        .await
        .refused(404, 6);
    bench.by("sam").post(&path, pull).await.ok();
    assert_eq!(
        bench.by("kate").sees(&id).await["assignedTo"],
        json!(bench.user_id("sam").to_string())
    );
}

#[tokio::test]
async fn a_watch_is_confirmed_by_notification() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let team = bench.workbin("kate", "Team").await;
    for (name, path, state) in
        [("Subscribe", "workbins", "Subscribed"), ("Unsubscribe", "me/workbins", "Unsubscribed")]
    {
        bench.told.take("/v2/me/workbins");
        let reply = bench
            .by("kate")
            .post(&format!("/{path}/{team}"), json!({"operationName": name}))
            .await
            .ok();
        let told = bench.told.take("/v2/me/workbins");
        let [message] = told.as_slice() else { panic!("one message: {told:?}") };
        assert_eq!(message["messageType"], "WorkbinSubscriptionStateChangeMessage");
        assert_eq!((&message["stateResource"], &message["id"]), (&json!(state), &json!(team)));
        assert_eq!(message["referenceId"], reply["referenceId"]);
        let desk = bench.engine.core().desk(bench.user_id("kate")).unwrap();
        assert_eq!(desk.watched.is_empty(), state == "Unsubscribed");
    }
}

#[tokio::test]
async fn several_workbins_are_watched_by_one_request() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let kate = bench.by("kate");
    let (team, own) =
        (bench.workbin("kate", "Team").await, bench.workbin("kate", "In Progress").await);
    let watched = || bench.engine.core().desk(bench.user_id("kate")).unwrap().watched.len();
    for (name, path, state, count) in [
        ("Subscribe", "me/workbins", "Subscribed", 2),
        ("Unsubscribe", "workbins", "Unsubscribed", 0),
    ] {
        bench.told.take("/v2/me/workbins");
        let path = format!("/{path}?workbinIds={team},{own},{team}");
        let reply = kate.post(&path, json!({"operationName": name})).await.ok();
        assert_eq!(reply.as_object().unwrap().len(), 2, "{reply}");
        let references = reply["referenceIds"].as_object().unwrap();
        assert_eq!(references.keys().collect::<BTreeSet<_>>(), [&team, &own].into());
        let told = bench.told.take("/v2/me/workbins");
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
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let kate = bench.by("kate");
    let (team, bens) =
        (bench.workbin("kate", "Team").await, bench.workbin("ben", "In Progress").await);
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
    let told = bench.told.take("/v2/me/workbins");
    let [message] = told.as_slice() else { panic!("one message: {told:?}") };
    assert_eq!(
        (&message["id"], &message["referenceId"]),
        (&json!(team), &reply["referenceIds"][&team])
    );

    let none = format!("/me/workbins?workbinIds={bens},nothing");
    assert!(kate.post(&none, subscribe()).await.refused(404, 6).contains("nothing"));
    bench
        .by("zoe")
        .post(&format!("/workbins?workbinIds={team}"), subscribe())
        .await
        .refused(404, 6);
    let many = format!("/workbins?workbinIds={}", vec![team.as_str(); 101].join(","));
    assert!(kate.post(&many, subscribe()).await.refused(400, 10).contains("workbinIds"));
    for query in ["", "?workbinIds=", "?workbinIds=,"] {
        let missing = bench.anonymous().post(&format!("/me/workbins{query}"), subscribe()).await;
        assert!(missing.refused(400, 1).contains("workbinIds"));
    }
    let pull = json!({"operationName": "PullInteraction", "id": bench.no_id()});
    kate.post(&path, pull).await.refused(400, 10);
    assert_eq!(bench.told.take("/v2/me/workbins"), Vec::<serde_json::Value>::new());
}
