//! Whoever lets too many offers in a row pass by is set to NotReady.

use serde_json::{Value, json};

use crate::api::Api;

const CHANNELS: &str = "/v2/me/channels";

/// What waits is offered to kate, and passes by.
async fn misses(api: &Api) {
    api.engine.workers().router().route().await.unwrap();
    api.clock.advance_s(31);
    api.engine.workers().timers().fire_due().await.unwrap();
    // It is not offered to her again at once.
    api.clock.advance_s(31);
}

async fn state(api: &Api, channel: &str) -> Value {
    let path = format!("/me/channels/{channel}");
    api.by("kate").get(&path).await.ok()["channel"]["userState"].clone()
}

async fn is_ready(api: &Api) -> bool {
    state(api, "workitem").await["state"] == "Ready"
}

#[tokio::test]
async fn the_third_in_a_row_sets_all_channels_that_were_ready() {
    let api = Api::start().await;
    api.ready("kate").await;
    let lunch = json!({"operationName": "NotReady", "reason": "Lunch"});
    api.by("kate").post("/me/channels/email", lunch).await.ok();
    api.submitted("workitem", "billing").await;
    misses(&api).await;
    misses(&api).await;
    assert!(is_ready(&api).await, "two are not too many");
    api.told_to("kate", CHANNELS).await;
    misses(&api).await;
    for channel in ["workitem", "chat"] {
        let state = state(&api, channel).await;
        assert_eq!(
            (&state["state"], &state["reason"]),
            (&json!("NotReady"), &json!("MissedOffers"))
        );
    }
    assert_eq!(state(&api, "email").await["reason"], "Lunch", "it says still why");
    let told = api.told_to("kate", CHANNELS).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let channels = told[0]["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 2, "those that changed");
    assert!(channels.iter().all(|one| one["userState"]["reason"] == "MissedOffers"), "{told:?}");
    api.by("kate").post("/me", json!({"operationName": "Ready"})).await.ok();
    misses(&api).await;
    misses(&api).await;
    assert!(is_ready(&api).await, "the count began anew");
}

#[tokio::test]
async fn an_answer_or_going_ready_begins_the_count_anew() {
    let api = Api::start().await;
    api.ready("kate").await;
    let ready = json!({"operationName": "Ready"});
    for answer in ["Reject", "Ready", "Accept"] {
        let id = api.submitted("workitem", "billing").await;
        misses(&api).await;
        misses(&api).await;
        if answer == "Ready" {
            api.by("kate").post("/me/channels/chat", ready.clone()).await.ok();
        } else {
            api.engine.workers().router().route().await.unwrap();
            api.by("kate").does(&id, json!({"operationName": answer})).await.ok();
            api.clock.advance_s(31);
        }
        assert!(is_ready(&api).await, "{answer}");
        if answer == "Accept" {
            api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
        } else {
            api.engine.workers().router().route().await.unwrap();
            api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
            api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
        }
    }
    api.submitted("workitem", "billing").await;
    misses(&api).await;
    misses(&api).await;
    assert!(is_ready(&api).await);
    misses(&api).await;
    assert!(!is_ready(&api).await);
}
