//! An offer is seen by whoever made it and whoever has it, with what was said along with it; nobody
//! else sees it.

use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::Customer;

async fn transferred(api: &Api, note: Value) -> String {
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.ready("ben").await;
    let body = json!({"operationName": "Transfer", "userName": "ben", "note": note});
    api.by("kate").does(&id, body).await.ok();
    id
}

#[tokio::test]
async fn the_owner_and_the_target_see_a_transfer_until_it_ends() {
    let api = Api::start().await;
    let id = transferred(&api, json!("She knows you from\nlast week.")).await;
    let brief = |name: &str| {
        let id = api.user_id(name).to_string();
        json!({"id": id, "userName": name, "firstName": name, "lastName": "Lund"})
    };
    let wanted = json!({
        "kind": "Transfer", "from": brief("kate"), "to": brief("ben"), "at": "2026-01-09 12:00:00.000+0000",
        "expires": "2026-01-09 12:00:30.000+0000", "note": "She knows you from\nlast week.",
    });
    for name in ["kate", "ben"] {
        assert_eq!(api.by(name).sees(&id).await["offer"], wanted, "{name}");
        let list = api.by(name).get("/me/workitems?fields=*").await.ok();
        assert_eq!(list["workitems"][0]["offer"], wanted, "{name}, at the medium's door");
        let told = api.told_to(name, "/v2/me/interactions").await;
        assert_eq!(told.last().unwrap()["offer"], wanted, "{name} is told");
    }
    assert_eq!(api.by("sam").sees(&id).await["offer"], Value::Null, "it is nobody else's");
    api.by("ben").does(&id, json!({"operationName": "Reject"})).await.ok();
    assert_eq!(api.by("kate").sees(&id).await["offer"], Value::Null);
    let told = api.told_to("kate", "/v2/me/interactions").await;
    has(&told[0], json!({"notificationType": "Error", "offer": null}));
}

#[tokio::test]
async fn a_routed_offer_says_until_when_and_is_from_nobody() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.offered("workitem", "tasks").await;
    let offer = api.by("kate").sees(&id).await["offer"].clone();
    has(&offer, json!({"kind": "Routed", "from": null, "note": null}));
    assert_eq!(offer["expires"], "2026-01-09 12:00:30.000+0000");
    api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    assert_eq!(api.by("kate").sees(&id).await["offer"], Value::Null);
}

#[tokio::test]
async fn an_invitation_and_a_consultation_take_a_note_and_a_supervisors_is_their_own() {
    for (name, kind) in
        [("Invite", "Invite"), ("Consult", "Consult"), ("StartChatConsultation", "Consult")]
    {
        let api = Api::start().await;
        api.ready("kate").await;
        let id = Customer::with(&api, "kate").await.id;
        api.ready("ben").await;
        api.ready("sam").await;
        let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
        let intrude = json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"});
        api.by("sam").post(&path, intrude).await.ok();
        assert_eq!(
            api.by("kate").sees(&id).await["offer"],
            Value::Null,
            "a supervisor's is not the owner's offer"
        );
        let offer = api.by("sam").sees(&id).await["offer"].clone();
        has(&offer, json!({"kind": "Monitor", "from": null}));
        let body = json!({"operationName": name, "userName": "ben", "note": "billing?"});
        api.by("kate").does(&id, body).await.ok();
        for reader in ["kate", "ben"] {
            let offer = api.by(reader).sees(&id).await["offer"].clone();
            assert_eq!(
                (&offer["kind"], &offer["note"]),
                (&json!(kind), &json!("billing?")),
                "{reader}"
            );
        }
        let offer = api.by("sam").sees(&id).await["offer"].clone();
        assert_eq!(offer["kind"], "Monitor", "each sees what is theirs");
    }
}

#[tokio::test]
async fn a_note_is_bounded() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.ready("ben").await;
    let with = |note: Value| json!({"operationName": "Transfer", "userName": "ben", "note": note});
    let kate = api.by("kate");
    kate.does(&id, with(json!("x".repeat(1_001)))).await.refused(400, 10);
    kate.does(&id, with(json!(7))).await.refused(400, 10);
    kate.does(&id, with(json!("x".repeat(1_000)))).await.ok();
    kate.does(&id, with(json!("  "))).await.ok();
    assert_eq!(kate.sees(&id).await["offer"]["note"], Value::Null, "blanks say nothing");
}
