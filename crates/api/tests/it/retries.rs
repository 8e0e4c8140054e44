//! Retries: the first successful answer, byte for byte, and nothing done twice.

use std::sync::Arc;

use axum::http::Method;
use handoff_testkit::{Fault, FaultyStore};
use serde_json::{Value, json};

use crate::api::{Api, Client, Reply, store};

async fn with_key(
    client: Client<'_>,
    method: Method,
    path: &str,
    key: &str,
    body: &Value,
) -> Reply {
    client.send(method, path, Some(body.to_string()), &[("idempotency-key", key)]).await
}

async fn active(api: &Api) -> usize {
    api.by("ada").get("/interactions").await.ok()["uris"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_and_does_nothing() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/me/interactions/{id}");
    let attach = json!({"operationName": "UpdateUserData", "userData": {"a": 1}});
    let first = with_key(api.by("kate"), Method::POST, &path, "k1", &attach).await;
    let undo = json!({"operationName": "UpdateUserData", "userData": {"a": 2}});
    api.by("kate").does(&id, undo).await.ok();
    let again = with_key(api.by("kate"), Method::POST, &path, "k1", &attach).await;
    assert_eq!((first.text, first.status), (again.text, again.status));
    assert_eq!(api.by("kate").sees(&id).await["userData"]["a"], 2, "it was not done again");
}

#[tokio::test]
async fn a_completed_interaction_stays_completed_for_the_retry() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/me/interactions/{id}");
    let complete = json!({"operationName": "Complete"});
    let first = with_key(api.by("kate"), Method::POST, &path, "k", &complete).await;
    let again = with_key(api.by("kate"), Method::POST, &path, "k", &complete).await;
    assert_eq!((first.codes(), first.text), ((200, 0), again.text));
    api.by("kate").does(&id, complete).await.refused(409, 2);
}

#[tokio::test]
async fn a_key_is_of_one_user_method_path_and_body() {
    let api = Api::start().await;
    let create = |subject: &str| json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks", "subject": subject});
    let post = async |user, body: Value| {
        with_key(api.by(user), Method::POST, "/interactions", "k", &body).await
    };
    let first = post("intake", create("a")).await;
    assert_eq!(post("intake", create("a")).await.text, first.text);
    post("intake", create("b")).await.refused(409, 2);
    assert_ne!(
        post("ada", create("a")).await.text,
        first.text,
        "another user's key is another key"
    );
    assert_eq!(active(&api).await, 2);
    api.clock.advance_s(23 * 3_600);
    assert_eq!(post("intake", create("a")).await.text, first.text);
}

#[tokio::test]
async fn a_refused_request_may_be_repeated_with_the_same_key() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.offered("workitem", "tasks").await;
    let path = format!("/me/interactions/{id}");
    let complete = json!({"operationName": "Complete"});
    with_key(api.by("kate"), Method::POST, &path, "k", &complete).await.refused(409, 2);
    api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    with_key(api.by("kate"), Method::POST, &path, "k", &complete).await.ok();
}

#[tokio::test]
async fn twins_at_the_same_time_are_one() {
    let api = Api::start().await;
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    let mut replies = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (router, text) = (api.router.clone(), body.to_string());
        replies.spawn(async move {
            use http_body_util::BodyExt;
            use tower::ServiceExt;
            let request = axum::http::Request::post("/api/v2/interactions")
                .header("authorization", crate::api::basic("intake", crate::api::PASSWORD))
                .header("content-type", "application/json")
                .header("idempotency-key", "twins")
                .body(axum::body::Body::from(text))
                .unwrap();
            let response = router.oneshot(request).await.unwrap();
            response.into_body().collect().await.unwrap().to_bytes()
        });
    }
    let mut texts = replies.join_all().await;
    texts.dedup();
    assert_eq!((texts.len(), active(&api).await), (1, 1));
}

#[tokio::test]
async fn every_change_takes_a_key() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let queue = format!("/queues/{}", api.queue_id("tasks"));
    let change = json!({"comment": "once"});
    let path = format!("/interactions/{id}");
    let first = with_key(api.by("kate"), Method::PUT, &path, "k", &change).await;
    api.by("kate").put(&path, json!({"comment": "twice"})).await.ok();
    assert_eq!(with_key(api.by("kate"), Method::PUT, &path, "k", &change).await.text, first.text);
    assert_eq!(api.by("kate").sees(&id).await["comment"], "twice");

    let change = json!({"priority": 3});
    with_key(api.by("ada"), Method::PUT, &queue, "k", &change).await.ok();
    api.by("ada").put(&queue, json!({"priority": 4})).await.ok();
    with_key(api.by("ada"), Method::PUT, &queue, "k", &change).await.ok();
    assert_eq!(api.by("ada").get(&queue).await.ok()["queue"]["priority"], 4);
    with_key(api.by("ada"), Method::PUT, &queue, "k", &json!({"priority": 5}))
        .await
        .refused(409, 2);

    let team = api.workbin("kate", "Team").await;
    let add = json!({"operationName": "AddInteraction", "id": id});
    let path = format!("/workbins/{team}");
    let first = with_key(api.by("kate"), Method::POST, &path, "k", &add).await;
    let again = with_key(api.by("kate"), Method::POST, &path, "k", &add).await;
    assert_eq!((first.codes(), first.text), ((200, 0), again.text));

    let mine = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    let first = with_key(api.by("kate"), Method::POST, "/me/interactions", "k", &mine).await;
    let again = with_key(api.by("kate"), Method::POST, "/me/interactions", "k", &mine).await;
    assert_eq!((first.codes(), first.text), ((200, 0), again.text));
}

/// Tells whether an answer to a request whose outcome nobody knows says so, and what to do.
fn admits_that_it_is_unknown(reply: &Reply) -> bool {
    let sentence = reply.json()["statusMessage"].as_str().unwrap().to_owned();
    reply.codes() == (503, 4)
        && reply.headers.contains_key("retry-after")
        && sentence.contains("unknown")
        && sentence.contains("same Idempotency-Key")
        && !sentence.contains("nothing")
}

/// That somebody signs in is put on record with a commit of its own.
async fn signed_in(api: &Api, user: &str) {
    api.by(user).get("/me").await.ok();
}

#[tokio::test]
async fn a_request_whose_outcome_is_unknown_says_so_and_its_repetition_has_one_effect() {
    for fault in [Fault::AfterCommit, Fault::Lost] {
        let store = Arc::new(FaultyStore::over(store().await));
        let api = Api::start_on(store.clone(), |_| {}).await;
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
        signed_in(&api, "intake").await;
        store.fail_next(fault);
        let lost = with_key(api.by("intake"), Method::POST, "/interactions", "k", &body).await;
        assert!(admits_that_it_is_unknown(&lost), "{fault:?}: {}", lost.text);
        assert_eq!(
            (store.fired(), active(&api).await),
            (1, usize::from(fault == Fault::AfterCommit))
        );
        let done = with_key(api.by("intake"), Method::POST, "/interactions", "k", &body).await;
        let again = with_key(api.by("intake"), Method::POST, "/interactions", "k", &body).await;
        let id = done.json()["id"].clone();
        assert_eq!((done.codes(), done.text), ((200, 0), again.text));
        let list = api.by("ada").get("/interactions?fields=id").await.ok();
        assert_eq!(
            list["interactions"],
            json!([{ "id": id }]),
            "{fault:?}: one effect, and it is the one that was told"
        );
    }
    // The control: a store that is merely away, of which nothing of the kind may be said.
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    signed_in(&api, "intake").await;
    store.fail_next(Fault::BeforeCommit);
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    let away = with_key(api.by("intake"), Method::POST, "/interactions", "k", &body).await;
    assert!(away.codes() == (503, 4) && !admits_that_it_is_unknown(&away), "{}", away.text);
    assert_eq!(active(&api).await, 0);
}

#[tokio::test]
async fn what_follows_a_durable_change_does_not_take_the_answer_back() {
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    let path = format!("/queues/{}", api.queue_id("tasks"));
    signed_in(&api, "ada").await;
    store.fail_reading_back();
    api.by("ada").put(&path, json!({"priority": 7})).await.ok();
    assert_eq!(store.fired(), 1);
    api.engine.core().reload_directory().await.unwrap();
    assert_eq!(api.by("ada").get(&path).await.ok()["queue"]["priority"], 7);
}
