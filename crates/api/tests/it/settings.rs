//! What desktops are told by the contact center.

use handoff_domain::{Center, CenterId, Disposition, QueueId, Workspace};
use handoff_store::{ChangeSet, Put, Record, Store};
use serde_json::json;

use crate::api::{Api, store};

async fn told(workspace: Workspace) -> Api {
    let store = store().await;
    let center = Center {
        id: CenterId(1),
        name: "Demo".to_owned(),
        workspace,
        missed_offers_to_not_ready: None,
        retention_ms: std::collections::BTreeMap::new(),
        time_zone: None,
    };
    let puts = vec![Put { record: Record::Center(center), expected: 1 }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    Api::start_on(store, |_| {}).await
}

#[tokio::test]
async fn desktops_find_queue_addresses_and_dispositions() {
    let disposition = |key: &str, shown: &str| Disposition {
        key: key.to_owned(),
        display_name: shown.to_owned(),
        channels: std::collections::BTreeSet::new(),
        note_required: false,
    };
    let api = told(Workspace {
        outbound_queue: Some(QueueId(0x31)),
        from_addresses: vec!["support@demo.example".to_owned()],
        dispositions: vec![disposition("sold", "Sold"), disposition("lost", "Lost")],
        not_ready_reasons: Vec::new(),
        reason_names: std::collections::BTreeMap::new(),
        settings: [("chat.nickname".to_owned(), "$Agent.FirstName$".to_owned())].into(),
    })
    .await;
    let kate = api.by("kate");
    let options = json!({
        "chat.nickname": "$Agent.FirstName$", "email.outbound-queue": "support-email", "email.from-addresses": "FromAddresses",
        "interaction.disposition.key-name": "DISP_KEY",
        "interaction.disposition.value-business-attribute": "DispositionCode",
    });
    let me = kate.get("/me?subresources=settings").await.ok();
    assert_eq!(me["user"]["settings"]["interaction-workspace"], options);
    let section = kate.get("/settings/interaction-workspace").await.ok();
    assert_eq!(section["key"], "name");
    assert_eq!(section["settings"].as_array().unwrap().len(), options.as_object().unwrap().len());
    assert!(
        section["settings"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "email.outbound-queue", "value": "support-email"}))
    );
    let dispositions = kate.get("/settings/dispositions").await.ok();
    crate::api::has(&dispositions["settings"][0], json!({"key": "sold", "displayName": "Sold"}));
    let below = kate.get("/internal-api/business-attributes").await.ok();
    let values =
        json!([{"name": "sold", "displayName": "Sold"}, {"name": "lost", "displayName": "Lost"}]);
    assert_eq!(below["businessAttributes"][0]["name"], "DispositionCode");
    assert_eq!(below["businessAttributes"][0]["values"], values);
    assert_eq!(below["businessAttributes"][1]["values"][0]["name"], "support@demo.example");
    let request = axum::http::Request::get("/internal-api/business-attributes");
    let request = request.header("authorization", crate::api::basic("kate", crate::api::PASSWORD));
    let beside = api.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(beside.ok(), below, "beside the root as well as below it");
    let request = axum::http::Request::get("/internal-api/business-attributes");
    api.send(request.body(axum::body::Body::empty()).unwrap()).await.refused(401, 20);
}

#[tokio::test]
async fn a_center_that_says_nothing_has_sections_without_values() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let sections = kate.get("/settings").await.ok();
    for section in sections["settings"].as_array().unwrap() {
        let path = section["path"].as_str().unwrap();
        kate.get(path).await.ok();
    }
    let me = kate.get("/me?subresources=settings").await.ok();
    assert_eq!(
        me["user"]["settings"],
        json!({"htcc": {}, "interaction-workspace": {"interaction.disposition.key-name": "DISP_KEY"}})
    );
    kate.get("/settings/nothing").await.refused(404, 6);
}

#[tokio::test]
async fn reasons_for_being_not_ready_are_states_of_their_own() {
    let reasons = ["Break", "Lunch"].map(str::to_owned).into();
    let api = told(Workspace { not_ready_reasons: reasons, ..Workspace::default() }).await;
    let kate = api.by("kate");
    let states = kate.get("/settings/agent-states").await.ok();
    let states = states["settings"].as_array().unwrap();
    let names: Vec<&str> =
        states.iter().map(|state| state["displayName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ready", "Not Ready", "Break", "Lunch", "Logged Out"]);
    let lunch = &states[3];
    let wanted = json!({"state": "NotReady", "operationName": "NotReady", "reason": "Lunch"});
    crate::api::has(lunch, wanted);
    api.ready("kate").await;
    let wish = json!({"operationName": lunch["operationName"], "reason": lunch["reason"]});
    kate.post("/me/channels/chat", wish).await.ok();
    let chat = kate.get("/me/channels/chat").await.ok();
    crate::api::has(&chat["channel"]["userState"], json!({"state": "NotReady", "reason": "Lunch"}));
}

#[tokio::test]
async fn admins_add_reasons_name_them_otherwise_and_remove_them() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    let list = "/settings/agent-states";
    let body = json!({"displayName": "Lunch / 50% + a bit", "reason": "lunch?"});
    let made = ada.post(list, body.clone()).await.ok();
    let path = made["path"].as_str().unwrap();
    assert_eq!(made["id"], "900D55CC-2BB0-431F-8BF9-D3525B383BE6:lunch?");
    assert!(path.ends_with("%3Alunch%3F"), "{path}");
    let shown = kate.get(path).await.ok()["agentState"].clone();
    crate::api::has(&shown, body.clone());
    crate::api::has(&shown, json!({"id": made["id"], "path": path, "operationName": "NotReady"}));
    assert_eq!(kate.get(list).await.ok()["settings"][2], shown);
    ada.post(list, body).await.refused(409, 18);

    // It is sent back as it was read, in its address as it stands there, and changed.
    let mut said = shown.clone();
    said["displayName"] = "Lunch".into();
    ada.put(path, said.clone()).await.ok();
    ada.put(path, said).await.refused(409, 2);
    assert_eq!(kate.get(path).await.ok()["agentState"]["displayName"], "Lunch");
    // A name may be longer than a reason.
    let long = json!({"displayName": "L".repeat(230)});
    ada.put(path, long).await.ok();
    ada.put(path, json!({"displayName": "Lunch"})).await.ok();
    ada.put(path, json!({"reason": "dinner"})).await.refused(400, 11);
    let file = ada.get("/center").await.text;
    assert!(file.contains("[workspace.reasonNames]\n\"lunch?\" = \"Lunch\"\n"), "{file}");

    // Whoever is in it stays there when it is removed.
    api.ready("kate").await;
    kate.post("/me/channels/chat", json!({"operationName": "lunch?"})).await.ok();
    kate.post("/me", json!({"operationName": made["id"]})).await.ok();
    ada.delete(path).await.ok();
    let chat = kate.get("/me/channels/chat").await.ok();
    crate::api::has(
        &chat["channel"]["userState"],
        json!({"state": "NotReady", "reason": "lunch?"}),
    );
    ada.delete(path).await.refused(404, 6);
    kate.post("/me/channels/chat", json!({"operationName": "lunch?"})).await.refused(400, 10);
    // The file has nothing of it any more.
    assert!(!ada.get("/center").await.text.contains("lunch?"));
}

#[tokio::test]
async fn what_an_agent_state_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let list = "/settings/agent-states";
    let (long, own) = ("x".repeat(201), "MissedOffers");
    for wrong in [
        json!({"displayName": ""}),
        json!({"displayName": "two\nlines"}),
        json!({"displayName": "x", "reason": long}),
        json!({"displayName": own}),
        json!({"displayName": "x", "state": "Ready"}),
        json!({"displayName": 7}),
    ] {
        ada.post(list, wrong).await.refused(400, 10);
    }
    ada.post(list, json!({"reason": "x"})).await.refused(400, 1);
    // Those that the server has for everybody stay as they are.
    for state in ada.get(list).await.ok()["settings"].as_array().unwrap() {
        let path = format!("{list}/{}", state["id"].as_str().unwrap());
        ada.put(&path, json!({"displayName": "x"})).await.refused(400, 11);
        ada.delete(&path).await.refused(409, 19);
    }
    ada.put(&format!("{list}/x"), json!({"displayName": "x"})).await.refused(404, 6);
    let reasons = (0..500).map(|number| format!("r{number}")).collect();
    let full = told(Workspace { not_ready_reasons: reasons, ..Workspace::default() }).await;
    full.by("ada").post(list, json!({"displayName": "one more"})).await.refused(409, 2);
    full.by("ada").post(list, json!({"displayName": "r7"})).await.refused(409, 18);
}

#[tokio::test]
async fn how_long_finished_work_is_kept_is_set_by_admins_and_seen_by_all() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    let before = kate.get("/settings/retention").await.ok();
    assert_eq!(before["retention"], json!({}));
    let kept = json!({"chat": 31_536_000, "workitem": 259_200});
    let said = json!({"retention": kept, "version": before["version"]});
    ada.put("/settings/retention", said.clone()).await.ok();
    let after = kate.get("/settings/retention").await.ok();
    assert_eq!(after["retention"], kept);
    ada.put("/settings/retention", said.clone()).await.refused(409, 2);
    for wrong in [
        json!({"chat": 86_400}),
        json!({"chat": "1d"}),
        json!({"a b": 259_200}),
        json!({"Chat": 259_200}),
        json!([]),
    ] {
        ada.put("/settings/retention", json!({"retention": wrong})).await.refused(400, 10);
    }
    ada.put("/settings/retention", json!({})).await.refused(400, 1);
    assert_eq!(kate.get("/settings/retention").await.ok(), after, "nothing was changed");
    // The rest of the center is as it was, and what the file says of it is the same.
    let file = ada.get("/center").await.text;
    assert!(file.contains("retention = { chat = \"365d\", workitem = \"3d\" }"), "{file}");
    let contacts = json!({"contacts": 63_072_000});
    ada.put("/settings/retention", json!({"retention": contacts})).await.ok();
    assert_eq!(kate.get("/settings/retention").await.ok()["retention"], contacts);
    ada.put("/settings/retention", json!({"retention": {}})).await.ok();
    assert_eq!(kate.get("/settings/retention").await.ok()["retention"], json!({}));
}
