//! What is put aside until a time: what says so, and that it comes back, in every medium that lies
//! in workbins.

use serde_json::{Value, json};

use crate::api::{Api, has};

const HOUR_MS: u32 = 60 * 60 * 1_000;

fn place(until: &str) -> Value {
    json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress", "until": until})
}

#[tokio::test]
async fn what_is_put_aside_until_a_time_says_so_and_comes_back() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    let of_kate = api.user_id("kate").to_string();
    for (channel, queue) in
        [("workitem", "tasks"), ("email", "support-email"), ("chat", "support-chat")]
    {
        let id = api.owned("kate", channel, queue).await;
        if channel == "chat" {
            kate.does(&id, json!({"operationName": "EndChatSession"})).await.ok();
        }
        for wrong in ["2026-01-09T12:00:00Z", "2020-01-01T00:00:00Z", "2027-01-12T00:00:00Z"] {
            let sentence = kate.does(&id, place(wrong)).await.refused(400, 10);
            assert!(sentence.contains("until"), "{sentence}");
        }
        let now = api.engine.core().now();
        let until = json!(handoff_api::wire::date::print(now.plus_ms(HOUR_MS.into())));
        let text = until.as_str().unwrap().replacen(' ', "T", 1);
        kate.does(&id, place(&text)).await.ok();
        let reminder = json!({"at": until, "for": of_kate});
        has(&kate.sees(&id).await, json!({"state": "InWorkbin", "reminder": reminder}));
        let list = kate.get("/me/workbins/In%20Progress/interactions?fields=*").await.ok();
        assert_eq!(list["interactions"][0]["reminder"], reminder, "{list}");
        api.clock.advance_ms(HOUR_MS);
        api.engine.workers().timers().fire_due().await.unwrap();
        let seen = kate.sees(&id).await;
        assert_eq!((&seen["state"], &seen["offer"]["kind"]), (&json!("Invited"), &json!("Routed")));
        assert_eq!(seen.get("reminder"), None);
        let history = kate.get(&format!("/interactions/{id}/events")).await.ok();
        let [.., placed, back] = &history["events"].as_array().unwrap()[..] else { panic!() };
        has(&placed["facts"][0], json!({"fact": "PlacedInWorkbin", "until": until}));
        has(&back["facts"][0], json!({"fact": "Reminded", "for": of_kate}));
        kate.does(&id, json!({"operationName": "Accept"})).await.ok();
        kate.does(&id, json!({"operationName": "Complete"})).await.ok();
    }
}

/// By the older door, for the team; who takes it out ends it.
#[tokio::test]
async fn a_reminder_ends_with_who_takes_it_out() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.ready("ben").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let add =
        json!({"operationName": "AddInteraction", "id": id, "until": "2026-01-09T13:30:00+01:00"});
    api.by("kate").post("/me/workbins/Team", add).await.ok();
    assert_eq!(api.by("ben").sees(&id).await["reminder"]["at"], "2026-01-09 12:30:00.000+0000");
    let pull = json!({"operationName": "PullInteraction", "id": id});
    api.by("ben").post("/me/workbins/Team", pull).await.ok();
    api.clock.advance_ms(HOUR_MS);
    api.engine.workers().timers().fire_due().await.unwrap();
    has(
        &api.by("ben").sees(&id).await,
        json!({"state": "Processing", "assignedTo": api.user_id("ben").to_string()}),
    );
}
