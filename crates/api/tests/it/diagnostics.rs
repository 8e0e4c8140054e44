//! Whether the server is well, and what it says of what it cannot read.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use handoff_engine::{Clock as _, Worker};
use handoff_store::{Key, Store as _, StoreError};
use handoff_testkit::FaultyStore;
use serde_json::{Value, json};

use crate::api::{Api, store};

async fn readiness(api: &Api) -> (u16, Value) {
    let reply = api.send(Request::get("/readyz").body(Body::empty()).unwrap()).await;
    (reply.status.as_u16(), reply.json())
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_a_detail_and_everybody_else_is_served() {
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    let (lost, sound) =
        (api.submitted("workitem", "tasks").await, api.submitted("workitem", "tasks").await);
    assert_eq!(
        readiness(&api).await,
        (200, json!({"statusCode": 0, "status": "ready"})),
        "the control"
    );
    let key = Key::Interaction(lost.parse().unwrap());
    store.make_unreadable(key.clone());
    let api = Api::start_on(store.clone(), |_| {}).await;
    let list = api.by("ada").get("/interactions?fields=id").await.ok();
    assert_eq!(list["interactions"], json!([{ "id": sound }]));
    assert_eq!(api.by("ada").sees(&sound).await["state"], "Queued");
    let refused = api.by("ada").get(&format!("/interactions/{lost}")).await;
    refused.refused(500, 4);
    let (status, body) = readiness(&api).await;
    assert_eq!(
        (status, &body["status"], &body["unreadable"]),
        (200, &json!("ready"), &json!([format!("interactions {key:?}")]))
    );
}

/// A reader of the log that is busy with something long.
struct Busy;

#[async_trait]
impl Worker for Busy {
    fn name(&self) -> &'static str {
        "busy"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn detail(&self) -> Option<String> {
        Some("rebuilding: 1 of 2".to_owned())
    }

    async fn round(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn what_a_reader_is_busy_with_is_a_detail() {
    let api = Api::start_on(store().await, |setup| setup.readers.push(Arc::new(Busy))).await;
    let details = json!(["busy: rebuilding: 1 of 2"]);
    let ready = json!({"statusCode": 0, "status": "ready", "details": details});
    assert_eq!(readiness(&api).await, (200, ready));
}

#[tokio::test]
async fn a_clock_that_is_far_from_the_databases_is_a_detail() {
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    let now = api.clock.now();
    store.show_time(now.plus_ms(2_000));
    let ready = json!({"statusCode": 0, "status": "ready"});
    assert_eq!(readiness(&api).await, (200, ready), "the control");
    let api = Api::start_on(store.clone(), |_| {}).await;
    store.show_time(now.plus_ms(2_001));
    let details = json!(["clock: 2001 ms behind the database's"]);
    let ready = json!({"statusCode": 0, "status": "ready", "details": details});
    assert_eq!(readiness(&api).await, (200, ready));
}

#[tokio::test]
async fn a_store_that_takes_no_commits_is_told_in_words_of_our_own() {
    let store = store().await;
    let api = Api::start_on(store.clone(), |_| {}).await;
    store.close().await;
    let (status, body) = readiness(&api).await;
    let told = &body["details"][0];
    assert_eq!((status, &body["failing"][0]), (503, &json!("store")));
    assert_eq!(told, "store: it takes no commits; the log says why");
}
