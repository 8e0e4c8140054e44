//! The audit: what is on record of sign-ins and of acts of administration, and who reads it.

use axum::http::Method;
use handoff_api::lost_password::{LostPassword, make};
use handoff_store::{AuditEntry, Kind};
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::{Api, has};

async fn entries(api: &Api, query: &str) -> Vec<Value> {
    // What came of a wrong password is put on record after its answer.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let page = api.by("ada").get(&format!("/audit{query}")).await.ok();
    page["entries"].as_array().unwrap().clone()
}

async fn actions(api: &Api, query: &str) -> Vec<String> {
    let name = |entry: &Value| {
        let on = entry["target"]["name"].as_str().unwrap_or("-");
        format!("{} {on}", entry["action"].as_str().unwrap())
    };
    entries(api, query).await.iter().map(name).collect()
}

#[tokio::test]
async fn each_act_of_an_admin_is_on_record_with_its_fields_and_without_values() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let skill = ada.makes("/skills", json!({"name": "danish"})).await;
    api.clock.advance_s(1);
    ada.put(&skill, json!({"name": "Danish"})).await.ok();
    // What is so already is not written, and leaves nothing.
    ada.put(&skill, json!({"name": "Danish"})).await.ok();
    api.clock.advance_s(1);
    let kate = format!("/users/{}", api.user_id("kate"));
    let change = json!({"password": "correct horse 7", "roles": ["agent", "supervisor"]});
    ada.put(&kate, change).await.ok();
    ada.put(&kate, json!({"nickname": 7})).await.refused(400, 10);
    api.clock.advance_s(1);
    ada.delete(&skill).await.ok();
    let told = entries(&api, "?action=Changed").await;
    has(&told[0]["by"], json!({"id": api.user_id("ada").to_string(), "userName": "ada"}));
    has(&told[0], json!({"fields": ["password", "roles"], "tool": "request", "token": null}));
    has(&told[0]["target"], json!({"kind": "user", "name": "kate"}));
    has(&told[1], json!({"fields": ["name"]}));
    let acts = ["Removed Danish", "Changed kate", "Changed Danish", "Added danish"];
    let by_ada = format!("?user={}", api.user_id("ada"));
    let mut seen = actions(&api, &by_ada).await;
    seen.retain(|act| !act.starts_with("Password"));
    assert_eq!(seen, acts);
    let text = api.by("ada").get("/audit").await.text;
    assert!(!text.contains("argon2") && !text.contains("correct horse"), "{text}");
}

#[tokio::test]
async fn what_one_signs_in_with_is_on_record() {
    let api = Api::start().await;
    let login = api.calls(Call::get("/me").by("kate", PASSWORD)).await;
    let (cookie, csrf) = (login.cookie().unwrap(), login.headers["x-csrf-token"].clone());
    api.clock.advance_s(1);
    api.calls(Call::get("/me").header("cookie", &cookie)).await.ok();
    api.clock.advance_s(1);
    let out = Call::new(Method::DELETE, "/me/session").header("cookie", &cookie);
    api.calls(out.header("x-csrf-token", csrf.to_str().unwrap())).await.ok();
    api.clock.advance_s(1);
    let new = json!({"name": "crm", "scopes": ["read"]});
    let made = api.by("kate").post("/me/tokens", new).await.ok();
    api.clock.advance_s(1);
    let path = format!("/me/tokens/{}", made["id"].as_str().unwrap());
    api.by("kate").delete(&path).await.ok();
    let query = format!("?target={}", api.user_id("kate"));
    let acts = ["TokenRemoved", "TokenMade", "SessionEnded", "SessionBegan", "PasswordRight"];
    let acts = acts.map(|act| format!("{act} kate"));
    assert_eq!(actions(&api, &query).await, acts);
    // The same pair at the same place is no news.
    api.clock.advance_s(6 * 60);
    api.by("kate").get("/me").await.ok();
    assert_eq!(actions(&api, &query).await, acts);
}

#[tokio::test]
async fn a_flood_of_wrong_passwords_leaves_few_entries_and_no_names_of_nobody() {
    let api = Api::start().await;
    for number in 0..60 {
        let guess = format!("guess {number}");
        api.calls(Call::get("/me").by("kate", &guess)).await;
        api.calls(Call::get("/me").by("my secret", &guess)).await;
    }
    let told = entries(&api, "").await;
    let of = |action: &str| told.iter().filter(|it| it["action"] == action).count();
    assert_eq!((of("PasswordWrong"), of("Throttled")), (5, 5), "{told:?}");
    assert!(told.iter().all(|it| it["by"].is_null() || it["by"]["userName"] == "ada"));
    assert!(!api.by("ada").get("/audit").await.text.contains("secret"));
}

#[tokio::test]
async fn what_the_operator_does_names_the_tool() {
    let api = Api::start().await;
    let core = api.engine.core();
    let lost = LostPassword { user_name: "kate".to_owned() };
    make(&**core.store(), &lost, 7, core.now()).await.unwrap();
    let told = entries(&api, "?action=Changed").await;
    has(&told[0], json!({"tool": "handoff password", "by": null, "address": null}));
    assert_eq!(told[0]["fields"], json!(["changePasswordOnFirstLogin", "password"]));
}

#[tokio::test]
async fn the_list_is_filtered_by_time_and_has_pages() {
    let api = Api::start().await;
    let ada = api.by("ada");
    for number in 0..5 {
        api.clock.advance_s(60);
        ada.post("/skills", json!({"name": format!("s{number}")})).await.ok();
    }
    let all = entries(&api, "?action=Added").await;
    assert_eq!(all.len(), 5);
    let time = |n: usize| {
        let at = all[n]["at"].as_str().unwrap();
        at.replacen(' ', "T", 1).replace("+0000", "Z")
    };
    let between = format!("?action=Added&from={}&until={}", time(3), time(1));
    assert_eq!(actions(&api, &between).await, ["Added s2", "Added s1"]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/audit?action=Added&limit=2{cursor}")).await.ok();
        seen.extend(page["entries"].as_array().unwrap().iter().map(|it| it["id"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all.iter().map(|it| it["id"].clone()).collect::<Vec<_>>());
    for wrong in ["?action=Sang", "?from=yesterday", "?cursor=*", "?colour=red", "?limit=0"] {
        ada.get(&format!("/audit{wrong}")).await.refused(400, 10);
    }
}

#[tokio::test]
async fn nobody_sees_what_was_done_in_another_center() {
    let api = Api::start().await;
    api.by("ada").post("/skills", json!({"name": "danish"})).await.ok();
    let seen = api.by("zoe").get("/audit").await.ok();
    let names: Vec<&Value> =
        seen["entries"].as_array().unwrap().iter().map(|it| &it["target"]["name"]).collect();
    assert_eq!(names, ["zoe"], "her own password alone");
    // What is behind a cursor of another center is not theirs, either.
    let page = api.by("ada").get("/audit?limit=1").await.ok();
    if let Some(cursor) = page["nextCursor"].as_str() {
        let seen = api.by("zoe").get(&format!("/audit?cursor={cursor}")).await.text;
        assert!(!seen.contains("danish") && !seen.contains("ada"), "{seen}");
    }
    api.by("kate").get("/audit").await.refused(403, 5);
}

/// An act that is not on record was not done: both are one commit.
#[tokio::test]
async fn entries_are_of_the_commit_that_they_tell_of() {
    let api = Api::start().await;
    let body = json!({"userName": "kate"});
    api.by("ada").post("/users", body).await.refused(409, 18);
    assert_eq!(entries(&api, "?action=Added").await, Vec::<Value>::new());
    let core = api.engine.core();
    let center = core.directory().user_by_name("ada").unwrap().center;
    let page = core.store().list(Kind::AuditEntry, Some(AuditEntry::before(center, None)), 9);
    assert_eq!(page.await.unwrap().items.len(), 1, "that ada signed in");
}

#[tokio::test]
async fn where_events_are_sent_to_is_on_record() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let hook = json!({"name": "crm", "url": "https://crm.example/hook"});
    let path = ada.makes("/webhooks", hook).await;
    api.clock.advance_s(1);
    ada.put(&path, json!({"url": "https://elsewhere.example/hook"})).await.ok();
    let told = entries(&api, "?action=Changed").await;
    has(&told[0], json!({"fields": ["url"]}));
    has(&told[0]["target"], json!({"kind": "webhook", "name": "crm"}));
    assert!(!api.by("ada").get("/audit").await.text.contains("elsewhere"));
}
