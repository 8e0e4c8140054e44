//! The reference document's operations: what each answers, and what it does.

use serde_json::{Value, json};

use crate::api::{Api, Reply, has};

/// The three envelopes of the contract's table (section 5).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Envelope {
    Plain,
    StatusText,
    StatusZero,
}

use Envelope::{Plain, StatusText, StatusZero};

impl Envelope {
    fn assert_success(self, reply: &Reply) {
        let mut body = reply.json();
        let reference = body["referenceId"].take();
        assert!(reference.as_i64().is_some_and(|number| number >= 1), "{}", reply.text);
        let wanted = match self {
            Plain => json!({"statusCode": 0, "referenceId": null}),
            StatusText => json!({"statusCode": 0, "status": "ok", "referenceId": null}),
            StatusZero => json!({"statusCode": 0, "status": 0, "referenceId": null}),
        };
        assert_eq!((reply.status.as_u16(), body), (200, wanted), "{}", reply.text);
    }

    fn assert_failure(self, reply: &Reply, status: u16, code: i64) {
        let body = reply.json();
        let sentence = &body["statusMessage"];
        assert!(sentence.as_str().is_some_and(|sentence| sentence.len() > 10), "{}", reply.text);
        let wanted = match self {
            Plain | StatusZero => json!({"statusCode": code, "statusMessage": sentence}),
            StatusText => json!({
                "statusCode": code, "statusMessage": sentence, "status": "error", "errorDescription": sentence
            }),
        };
        assert_eq!((reply.status.as_u16(), &body), (status, &wanted), "{}", reply.text);
    }
}

/// One operation: its body, and what it makes of a work item that kate owns; `state` is what she
/// sees afterwards.
struct Case {
    body: Value,
    envelope: Envelope,
    state: &'static str,
}

fn case(body: Value, envelope: Envelope, state: &'static str) -> Case {
    Case { body, envelope, state }
}

fn cases() -> Vec<Case> {
    vec![
        case(json!({"operationName": "Complete"}), Plain, "Completed"),
        case(json!({"operationName": "StopProcessing"}), Plain, "Completed"),
        case(json!({"operationName": "Complete", "queueName": "sales"}), Plain, "Queued"),
        case(json!({"operationName": "Complete", "saveLAR": true}), Plain, "Completed"),
        case(json!({"operationName": "PlaceInQueue", "queueName": "sales"}), StatusText, "Queued"),
        case(
            json!({"operationName": "UpdateUserData", "userData": {"a": 1}}),
            StatusText,
            "Processing",
        ),
        case(
            json!({"operationName": "AttachUserData", "userData": {"a": 1}}),
            StatusText,
            "Processing",
        ),
        case(
            json!({"operationName": "DeleteUserData", "userData": {"a": 1}}),
            StatusText,
            "Processing",
        ),
        case(json!({"operationName": "DeleteUserData", "keys": ["a"]}), StatusText, "Processing"),
        case(
            json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"}),
            StatusText,
            "InWorkbin",
        ),
        case(
            json!({"operationName": "GetWorkbinContent", "workbin": "Team"}),
            StatusText,
            "Processing",
        ),
        case(json!({"operationName": "Transfer", "queueName": "sales"}), Plain, "Queued"),
        case(json!({"operationName": "SingleStepTransfer", "skill": "english"}), Plain, "Queued"),
        case(json!({"operationName": "AddComment", "comment": "call back"}), Plain, "Processing"),
        case(
            json!({"operationName": "SetDisposition", "disposition": "sold"}),
            Plain,
            "Processing",
        ),
        case(json!({"operationName": "SetInFocus"}), Plain, "Processing"),
    ]
}

#[tokio::test]
async fn every_operation_answers_in_its_envelope_and_does_what_it_says() {
    for case in cases() {
        let api = Api::start().await;
        api.ready("kate").await;
        let id = api.owned("kate", "workitem", "tasks").await;
        let reply = api.by("kate").does(&id, case.body.clone()).await;
        case.envelope.assert_success(&reply);
        assert_eq!(api.by("kate").sees(&id).await["state"], case.state, "{}", case.body);
    }
}

#[tokio::test]
async fn every_operation_refuses_in_its_envelope_whoever_is_not_the_owner() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    // Whoever sees it may look at it, and at what lies in a workbin of theirs.
    let is_anybodys = |case: &Case| {
        ["GetWorkbinContent", "SetInFocus"].map(Value::from).contains(&case.body["operationName"])
    };
    for case in cases().into_iter().filter(|case| !is_anybodys(case)) {
        // Ben serves the same queue, so they may see it.
        let reply = api.by("ben").does(&id, case.body.clone()).await;
        case.envelope.assert_failure(&reply, 403, 3);
        let reply = api.by("mia").does(&id, case.body.clone()).await;
        case.envelope.assert_failure(&reply, 404, 6);
        assert_eq!(api.by("kate").sees(&id).await["state"], "Processing", "{}", case.body);
    }
    for (name, envelope) in [("Accept", StatusText), ("Reject", StatusText), ("Cancel", StatusZero)]
    {
        let reply = api.by("kate").does(&id, json!({"operationName": name})).await;
        envelope.assert_failure(&reply, 409, 2);
        assert!(
            reply.text.contains("Processing"),
            "code 2 says which state it is in: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn accept_and_reject_answer_an_offer() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.offered("workitem", "tasks").await;
    let kate = api.by("kate");
    let offered = kate.sees(&id).await;
    has(&offered, json!({"state": "Invited", "capabilities": ["Accept", "Reject"]}));
    StatusText.assert_failure(
        &api.by("ben").does(&id, json!({"operationName": "Accept"})).await,
        403,
        3,
    );
    StatusText.assert_success(&kate.does(&id, json!({"operationName": "Accept"})).await);
    let owned = kate.sees(&id).await;
    assert_eq!(owned["assignedTo"], json!(api.user_id("kate").to_string()));

    let second = api.offered("workitem", "tasks").await;
    StatusText.assert_success(&kate.does(&second, json!({"operationName": "Reject"})).await);
    assert_eq!(kate.sees(&second).await["state"], "Queued");
}

#[tokio::test]
async fn an_envelope_does_not_depend_on_what_is_wrong() {
    let api = Api::start().await;
    let id = api.no_id();
    let accept = || json!({"operationName": "Accept"});
    StatusText.assert_failure(&api.anonymous().does(&id, accept()).await, 401, 20);
    StatusText.assert_failure(&api.by("ada").does(&id, accept()).await, 403, 5);
    StatusText.assert_failure(&api.by("kate").does(&id, accept()).await, 404, 6);
    let without = json!({"operationName": "PlaceInQueue"});
    StatusText.assert_failure(&api.by("kate").does(&id, without).await, 400, 1);
    let cancel = json!({"operationName": "Cancel"});
    StatusZero.assert_failure(&api.by("kate").does(&id, cancel).await, 404, 6);
    Plain.assert_failure(
        &api.by("kate").does(&id, json!({"operationName": "Nothing"})).await,
        400,
        10,
    );
}

#[tokio::test]
async fn user_data_is_updated_attached_and_deleted_each_by_its_rule() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    let steps = [
        (
            "UpdateUserData",
            json!({"a": 1, "n": {"x": 1, "y": 2}, "z": null}),
            0,
            json!({"a": 1, "n": {"x": 1, "y": 2}, "z": null}),
        ),
        ("UpdateUserData", json!({"n": {"x": 3}}), 0, json!({"a": 1, "n": {"x": 3}, "z": null})),
        (
            "AttachUserData",
            json!({"b": "2", "a": 1}),
            0,
            json!({"a": 1, "b": "2", "n": {"x": 3}, "z": null}),
        ),
        (
            "AttachUserData",
            json!({"c": 3, "a": 2}),
            0,
            json!({"a": 2, "b": "2", "c": 3, "n": {"x": 3}, "z": null}),
        ),
        (
            "DeleteUserData",
            json!({"n": {"x": 0}, "b": "whatever"}),
            0,
            json!({"a": 2, "c": 3, "n": {}, "z": null}),
        ),
        ("DeleteUserData", json!({"missing": 1}), 0, json!({"a": 2, "c": 3, "n": {}, "z": null})),
    ];
    for (name, user_data, code, wanted) in steps {
        let reply = kate.does(&id, json!({"operationName": name, "userData": user_data})).await;
        assert_eq!(reply.codes().1, code, "{}", reply.text);
        assert_eq!(kate.sees(&id).await["userData"], wanted, "{name} {user_data}");
    }
    kate.does(&id, json!({"operationName": "DeleteUserData", "keys": ["a", "c", "z"]})).await.ok();
    assert_eq!(kate.sees(&id).await["userData"], json!({"n": {}}));
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let sent = r#"{"big":9007199254740993,"max":18446744073709551615,"min":-9223372036854775808,"tenth":0.1}"#;
    let body = format!(r#"{{"operationName":"UpdateUserData","userData":{sent}}}"#);
    let path = format!("/me/interactions/{id}");
    let kate = api.by("kate");
    kate.send(axum::http::Method::POST, &path, Some(body), &[]).await.ok();
    let reply = kate.get(&format!("/interactions/{id}")).await;
    assert!(reply.text.contains(&format!(r#""userData":{sent}"#)), "{}", reply.text);
}

#[tokio::test]
async fn a_transfer_goes_where_its_one_target_says() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.ready("ben").await;
    let (kate, ben) = (api.by("kate"), api.by("ben"));
    let ben_id = api.user_id("ben").to_string();
    let targets = [
        json!({"userId": ben_id}),
        json!({"userName": "ben"}),
        json!({"userUri": format!("http://127.0.0.1:8090/api/v2/users/{ben_id}")}),
        json!({"targetUri": format!("/users/{ben_id}")}),
    ];
    for target in targets {
        let mut body = target.clone();
        body["operationName"] = json!("Transfer");
        Plain.assert_success(&kate.does(&id, body).await);
        assert_eq!(ben.sees(&id).await["state"], "Invited", "{target}");
        assert_eq!(
            kate.sees(&id).await["state"],
            "Processing",
            "the owner keeps it until it is accepted"
        );
        ben.does(&id, json!({"operationName": "Reject"})).await.ok();
    }
    let uri = format!("/queues/{}", api.queue_id("sales"));
    kate.does(&id, json!({"operationName": "Transfer", "targetUri": uri})).await.ok();
    assert_eq!(kate.sees(&id).await["currentQueue"], "sales");
}

#[tokio::test]
async fn a_transfer_that_cannot_be_is_refused_and_changes_nothing() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    let (kate_id, mia_id) = (api.user_id("kate").to_string(), api.user_id("mia").to_string());
    let zoe_id = api.user_id("zoe").to_string();
    let table = [
        (json!({}), 1),
        (json!({"userId": null}), 1),
        (json!({"userId": mia_id, "queueName": "sales"}), 10),
        (json!({"userId": 7}), 10),
        (json!({"userUri": "nonsense"}), 10),
        (json!({"queueName": "support-email"}), 10),
        (json!({"userId": kate_id}), 2),
        (json!({"userId": mia_id}), 2),
        (json!({"userId": zoe_id}), 6),
        (json!({"userId": "nobody"}), 6),
        (json!({"userName": "zoe"}), 6),
        (json!({"queueName": "elsewhere"}), 6),
        (json!({"skill": "juggling"}), 6),
        (json!({"userId": mia_id, "epoch": 0}), 2),
    ];
    let before = kate.sees(&id).await;
    for (mut body, code) in table {
        body["operationName"] = json!("Transfer");
        let reply = kate.does(&id, body.clone()).await;
        assert_eq!(reply.codes().1, code, "{body}: {}", reply.text);
        assert!(
            code != 2 || reply.text.contains("Processing") || reply.text.contains("epoch"),
            "{}",
            reply.text
        );
    }
    assert_eq!(kate.sees(&id).await, before);
}

#[tokio::test]
async fn a_chat_ends_and_is_then_completed() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "chat", "support-chat").await;
    let kate = api.by("kate");
    assert_eq!(kate.sees(&id).await["state"], "Chatting");
    let reply =
        kate.does(&id, json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"})).await;
    StatusText.assert_failure(&reply, 409, 2);
    Plain.assert_success(&kate.does(&id, json!({"operationName": "EndChatSession"})).await);
    assert_eq!(kate.sees(&id).await["state"], "LeftChat");
    Plain.assert_failure(&kate.does(&id, json!({"operationName": "EndChatSession"})).await, 409, 2);
    Plain.assert_success(&kate.does(&id, json!({"operationName": "Complete"})).await);
    assert_eq!(kate.sees(&id).await["state"], "Completed");
}

#[tokio::test]
async fn the_content_of_a_workbin_comes_to_the_caller_whatever_the_id() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    kate.does(&id, json!({"operationName": "PlaceInWorkbin", "workbin": "Team"})).await.ok();
    let team = api.workbin("kate", "Team").await;
    for (path_id, workbin) in [("-", "Team"), (&*id, &*team), ("anything", "Team")] {
        api.told.take("/v2/me/interactions");
        let reply = kate
            .does(path_id, json!({"operationName": "GetWorkbinContent", "workbin": workbin}))
            .await
            .ok();
        let told = api.told.take("/v2/me/interactions");
        let [message] = told.as_slice() else { panic!("one message: {told:?}") };
        assert_eq!(message["messageTypeName"], "WorkbinContentMessage");
        has(message, json!({"referenceId": reply["referenceId"], "workbin": team}));
        assert_eq!(message["interactions"][0]["id"], json!(id));
    }
    for (workbin, code) in [("Nothing", 6), ("Shared", 0)] {
        let reply =
            kate.does("-", json!({"operationName": "GetWorkbinContent", "workbin": workbin})).await;
        assert_eq!(reply.codes().1, code, "{workbin}: {}", reply.text);
    }
    let ambiguous = api
        .by("sam")
        .does("-", json!({"operationName": "GetWorkbinContent", "workbin": "Shared"}))
        .await;
    assert_eq!(ambiguous.codes().1, 10, "sam is in both groups");
}

#[tokio::test]
async fn requests_are_numbered_by_user_and_the_notices_repeat_the_number() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let mut last = 0;
    for value in 1..=3 {
        let body = json!({"operationName": "UpdateUserData", "userData": {"a": value}});
        let reference = api.by("kate").does(&id, body).await.ok()["referenceId"].as_i64().unwrap();
        assert!(reference > last, "{reference} comes after {last}");
        last = reference;
    }
    api.engine.delivery().deliver_missed().await.unwrap();
    let told = api.told.take("/v2/me/interactions");
    assert_eq!(told.last().unwrap()["referenceId"], json!(last));
}

#[tokio::test]
async fn refusals_are_tried_in_the_contracts_order() {
    let api = Api::start().await;
    api.ready("kate").await;
    let owned = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").post("/me", json!({"operationName": "NotReady"})).await.ok();
    let queued = api.submitted("workitem", "tasks").await;
    let to_nothing = |epoch: Option<u64>| json!({"operationName": "PlaceInQueue", "queueName": "nothing", "epoch": epoch});
    let epoch = api.by("kate").sees(&owned).await["epoch"].as_u64().unwrap();
    // Each row has every fault of the rows below it, and one more that is told first.
    let table: [(&str, &str, Value, i64); 9] = [
        ("", &queued, json!({"operationName": "PlaceInQueue", "queueName": 7, "epoch": 99}), 10),
        ("", &queued, json!({"operationName": "PlaceInQueue", "epoch": 99}), 1),
        ("", &queued, to_nothing(Some(99)), 20),
        ("vera", &queued, to_nothing(Some(99)), 5),
        ("mia", &queued, to_nothing(Some(99)), 6),
        ("ben", &queued, to_nothing(Some(99)), 2),
        ("ben", &queued, to_nothing(None), 2),
        ("ben", &owned, to_nothing(None), 3),
        ("kate", &owned, to_nothing(Some(epoch)), 6),
    ];
    for (user, id, body, code) in table {
        let client = if user.is_empty() { api.anonymous() } else { api.by(user) };
        let reply = client.does(id, body.clone()).await;
        assert_eq!(reply.codes().1, code, "{user} {body}: {}", reply.text);
    }
    let stale = api.by("ben").does(&queued, to_nothing(Some(99))).await;
    assert!(stale.text.contains("epoch"), "a stale epoch is told before the state: {}", stale.text);
}
