//! An offer is seen by whoever made it and whoever has it, with what was said along with it; nobody
//! else sees it.

use serde_json::{Value, json};

use crate::chat_bench::Customer;
use crate::rest_bench::Bench;

async fn transferred(bench: &Bench, note: Value) -> String {
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    bench.ready("ben").await;
    let body = json!({"operationName": "Transfer", "userName": "ben", "note": note});
    bench.by("kate").does(&id, body).await.ok();
    id
}

#[tokio::test]
async fn the_owner_and_the_target_see_a_transfer_until_it_ends() {
    let bench = Bench::start().await;
    let id = transferred(&bench, json!("She knows you from\nlast week.")).await;
    let brief = |name: &str| {
        let id = bench.user_id(name).to_string();
        json!({"id": id, "userName": name, "firstName": name, "lastName": "Lund"})
    };
    let wanted = json!({
        "kind": "Transfer", "from": brief("kate"), "to": brief("ben"), "at": "2026-01-09 12:00:00.000+0000",
        "expires": "2026-01-09 12:00:30.000+0000", "note": "She knows you from\nlast week.",
    });
    for name in ["kate", "ben"] {
        assert_eq!(bench.by(name).sees(&id).await["offer"], wanted, "{name}");
        let list = bench.by(name).get("/me/workitems?fields=*").await.ok();
        assert_eq!(list["workitems"][0]["offer"], wanted, "{name}, at the medium's door");
        let told = bench.told_to(name, "/v2/me/interactions").await;
        assert_eq!(told.last().unwrap()["offer"], wanted, "{name} is told");
    }
    assert_eq!(bench.by("sam").sees(&id).await["offer"], Value::Null, "it is nobody else's");
    bench.by("ben").does(&id, json!({"operationName": "Reject"})).await.ok();
    assert_eq!(bench.by("kate").sees(&id).await["offer"], Value::Null);
    let told = bench.told_to("kate", "/v2/me/interactions").await;
    assert_eq!((&told[0]["notificationType"], &told[0]["offer"]), (&json!("Error"), &Value::Null));
}

#[tokio::test]
async fn a_routed_offer_says_until_when_and_is_from_nobody() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.offered("workitem", "tasks").await;
    let offer = bench.by("kate").sees(&id).await["offer"].clone();
    assert_eq!(
        (&offer["kind"], &offer["from"], &offer["note"]),
        (&json!("Routed"), &Value::Null, &Value::Null)
    );
    assert_eq!(offer["expires"], "2026-01-09 12:00:30.000+0000");
    bench.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    assert_eq!(bench.by("kate").sees(&id).await["offer"], Value::Null);
}

#[tokio::test]
async fn an_invitation_and_a_consultation_take_a_note_and_a_supervisors_seat_is_their_own_business()
{
    for (name, kind) in
        [("Invite", "Invite"), ("Consult", "Consult"), ("StartChatConsultation", "Consult")]
    {
        let bench = Bench::start().await;
        bench.ready("kate").await;
        let id = Customer::with(&bench, "kate").await.id;
        bench.ready("ben").await;
        bench.ready("sam").await;
        let path = format!("/users/{}/chats/{id}", bench.user_id("kate"));
        let intrude = json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"});
        bench.by("sam").post(&path, intrude).await.ok();
        assert_eq!(
            bench.by("kate").sees(&id).await["offer"],
            Value::Null,
            "a seat is not the owner's offer"
        );
        let seat = bench.by("sam").sees(&id).await["offer"].clone();
        assert_eq!((&seat["kind"], &seat["from"]), (&json!("Monitor"), &Value::Null));
        let body = json!({"operationName": name, "userName": "ben", "note": "billing?"});
        bench.by("kate").does(&id, body).await.ok();
        for reader in ["kate", "ben"] {
            let offer = bench.by(reader).sees(&id).await["offer"].clone();
            assert_eq!(
                (&offer["kind"], &offer["note"]),
                (&json!(kind), &json!("billing?")),
                "{reader}"
            );
        }
        let seat = bench.by("sam").sees(&id).await["offer"].clone();
        assert_eq!(seat["kind"], "Monitor", "each sees what is theirs");
    }
}

#[tokio::test]
async fn a_note_is_bounded() {
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let id = bench.owned("kate", "workitem", "tasks").await;
    bench.ready("ben").await;
    let with = |note: Value| json!({"operationName": "Transfer", "userName": "ben", "note": note});
    let kate = bench.by("kate");
    kate.does(&id, with(json!("x".repeat(1_001)))).await.refused(400, 10);
    kate.does(&id, with(json!(7))).await.refused(400, 10);
    kate.does(&id, with(json!("x".repeat(1_000)))).await.ok();
    kate.does(&id, with(json!("  "))).await.ok();
    assert_eq!(kate.sees(&id).await["offer"]["note"], Value::Null, "blanks say nothing");
}
