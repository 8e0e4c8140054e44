//! Tokens for programs: made, used, and what they open when they are gone.

use axum::http::Method;
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::{Api, Reply, has};

const DAY_S: u32 = 24 * 60 * 60;

/// Makes a token as its user; returns its address and it.
async fn made(api: &Api, user: &str, scopes: Value) -> (String, String) {
    let name = format!("{scopes} of {user}");
    let reply = api.by(user).post("/me/tokens", json!({"name": name, "scopes": scopes})).await;
    let made = reply.ok();
    let id = made["id"].as_str().unwrap();
    (format!("/me/tokens/{id}"), made["token"].as_str().unwrap().to_owned())
}

async fn by_token(api: &Api, token: &str, call: Call) -> Reply {
    api.calls(call.header("authorization", &format!("Bearer {token}"))).await
}

async fn gets_me(api: &Api, token: &str) -> Reply {
    by_token(api, token, Call::get("/me")).await
}

#[tokio::test]
async fn a_token_stands_for_its_user_and_is_shown_once() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let made = kate.post("/me/tokens", json!({"name": "crm", "scopes": ["work", "read"]})).await;
    let made = made.ok();
    let token = made["token"].as_str().unwrap();
    let reply = gets_me(&api, token).await;
    assert!(
        reply.headers.get("set-cookie").is_none() && reply.headers.get("x-csrf-token").is_none()
    );
    assert_eq!(reply.ok()["user"]["userName"], "kate");
    // A change needs no token against forged requests, whatever cookie comes along.
    let settings =
        Call::put("/me/settings/desk", &json!({"a": 1})).header("cookie", "JSESSIONID=x");
    by_token(&api, token, settings).await.ok();
    let listed = kate.get("/me/tokens").await;
    assert!(!listed.text.contains(token) && !listed.text.contains("hash"), "{}", listed.text);
    let listed = listed.ok();
    has(&listed["tokens"][0], json!({"id": made["id"], "name": "crm", "expired": false}));
    assert_eq!(listed["tokens"][0]["scopes"], json!(["read", "work"]));
    assert!(listed["tokens"][0]["lastUsed"].is_string());
    kate.post("/me/tokens", json!({"name": "crm", "scopes": ["read"]})).await.refused(409, 18);
    let other = if token.as_bytes()[9] == b'A' { 'B' } else { 'A' };
    let wrong = format!("{}{other}{}", &token[..9], &token[10..]);
    for wrong in [&*wrong, "hnd_", "x"] {
        gets_me(&api, wrong).await.refused(401, 20);
    }
}

#[tokio::test]
async fn the_last_use_is_written_once_in_some_minutes() {
    let api = Api::start().await;
    let (_, token) = made(&api, "kate", json!(["read"])).await;
    let used =
        async || api.by("kate").get("/me/tokens").await.ok()["tokens"][0]["lastUsed"].clone();
    assert_eq!(used().await, Value::Null);
    gets_me(&api, &token).await.ok();
    let first = used().await;
    api.clock.advance_s(4 * 60);
    gets_me(&api, &token).await.ok();
    assert_eq!(used().await, first);
    api.clock.advance_s(2 * 60);
    gets_me(&api, &token).await.ok();
    assert_ne!(used().await, first);
}

#[tokio::test]
async fn what_no_token_can_be_is_refused() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let table = [
        (json!({"scopes": ["read"]}), 1),
        (json!({"name": "x"}), 1),
        (json!({"name": " ", "scopes": ["read"]}), 10),
        (json!({"name": "n".repeat(101), "scopes": ["read"]}), 10),
        (json!({"name": "x", "scopes": []}), 10),
        (json!({"name": "x", "scopes": ["king"]}), 10),
        (json!({"name": "x", "scopes": ["read"], "expiresInDays": 0}), 10),
        (json!({"name": "x", "scopes": ["read"], "expiresInDays": 366}), 10),
    ];
    for (body, code) in table {
        kate.post("/me/tokens", body).await.refused(400, code);
    }
    for number in 0..20 {
        let body = json!({"name": format!("{number}"), "scopes": ["read"], "expiresInDays": 1});
        kate.post("/me/tokens", body).await.ok();
    }
    let one_more = json!({"name": "more", "scopes": ["read"]});
    kate.post("/me/tokens", one_more.clone()).await.refused(409, 2);
    // What opens nothing any more makes room.
    api.clock.advance_s(DAY_S);
    kate.post("/me/tokens", one_more).await.ok();
    assert_eq!(kate.get("/me/tokens").await.ok()["tokens"].as_array().unwrap().len(), 1);
    kate.delete("/me/tokens/x").await.refused(404, 6);
}

#[tokio::test]
async fn a_token_opens_nothing_once_it_is_removed_or_over_or_its_user_disabled() {
    let api = Api::start().await;
    let (path, token) = made(&api, "kate", json!(["read"])).await;
    let (_, other) = made(&api, "kate", json!(["work"])).await;
    gets_me(&api, &token).await.ok();
    api.by("kate").delete(&path).await.ok();
    gets_me(&api, &token).await.refused(401, 20);
    api.by("kate").delete(&path).await.refused(404, 6);
    gets_me(&api, &other).await.ok();
    let kate = format!("/users/{}", api.user_id("kate"));
    api.by("ada").put(&kate, json!({"enabled": false})).await.ok();
    gets_me(&api, &other).await.refused(401, 20);
    api.by("ada").put(&kate, json!({"enabled": true})).await.ok();
    gets_me(&api, &other).await.ok();
    let must = json!({"password": "correct horse 7", "changePasswordOnFirstLogin": true});
    api.by("ada").put(&kate, must).await.ok();
    by_token(&api, &other, Call::get("/users")).await.refused(403, 8);
    api.clock.advance_s(90 * DAY_S);
    gets_me(&api, &other).await.refused(401, 20);
}

/// Which scopes let which requests through, of what an admin may do who is an agent as well.
#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    let api = Api::start().await;
    let ada = format!("/users/{}", api.user_id("ada"));
    let roles = json!({"roles": ["admin", "agent", "supervisor"]});
    api.by("ada").put(&ada, roles).await.ok();
    let kate = format!("/users/{}", api.user_id("kate"));
    let no_id = api.no_id();
    let create = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    let ask = json!({"operationName": "Ask", "text": "x"});
    let change_password = json!({"operationName": "ChangePassword", "password": PASSWORD, "newPassword": "battery 9 x"});
    let new_token = json!({"name": "more", "scopes": ["admin"]});
    let remove = |path: &str| Call::new(Method::DELETE, path);
    let table = [
        (Call::get("/me"), "read work admin"),
        (Call::get("/mailboxes"), "read work admin"),
        (Call::get(&format!("/interactions/{no_id}")), "read work submit admin"),
        (Call::get("/interactions"), "read work admin"),
        (Call::post("/interactions", &create), "work submit"),
        (Call::put("/me/settings/desk", &json!({})), "work"),
        (Call::post("/me", &json!({"operationName": "Ready"})), "work"),
        (Call::post(&kate, &ask), "work"),
        (Call::post(&kate, &json!({"nickname": "K"})), "admin"),
        (Call::put(&kate, &json!({"nickname": "K"})), "admin"),
        (Call::post("/skills", &json!({"name": "danish"})), "admin"),
        (remove(&format!("/skills/{no_id}")), "admin"),
        (Call::post("/groups", &json!({"name": "x"})), "admin"),
        (Call::post("/me", &change_password), ""),
        (Call::get("/me/tokens"), ""),
        (Call::post("/me/tokens", &new_token), ""),
        (remove(&format!("/me/tokens/{no_id}")), ""),
        (Call::get("/me/sessions"), ""),
        (remove("/me/sessions/x"), ""),
        (Call::get(&format!("{kate}/tokens")), ""),
        (Call::post(&format!("{kate}/tokens"), &new_token), ""),
        (Call::get(&format!("{kate}/sessions")), ""),
    ];
    for scope in ["read", "work", "submit", "admin"] {
        let (_, token) = made(&api, "ada", json!([scope])).await;
        for (call, allowed) in &table {
            let reply = by_token(&api, &token, call.clone()).await;
            let is_through = reply.codes().1 != 5;
            assert_eq!(is_through, allowed.contains(scope), "{scope} {call:?}: {}", reply.text);
        }
    }
    // Roles go before scopes: a token never does what its user may not.
    let (_, all) = made(&api, "kate", json!(["read", "work", "submit", "admin"])).await;
    by_token(&api, &all, Call::post("/skills", &json!({"name": "x"}))).await.refused(403, 5);
}

#[tokio::test]
async fn admins_make_list_and_remove_the_tokens_of_their_users() {
    let api = Api::start().await;
    let path = format!("/users/{}/tokens", api.user_id("intake"));
    let new = json!({"name": "form", "scopes": ["submit"], "expiresInDays": 365});
    let made = api.by("ada").post(&path, new.clone()).await.ok();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let create = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    by_token(&api, token, Call::post("/interactions", &create)).await.ok();
    assert_eq!(api.by("ada").get(&path).await.ok()["tokens"][0]["name"], "form");
    // An admin of another center finds nobody.
    api.by("zoe").get(&path).await.refused(404, 6);
    api.by("zoe").post(&path, new).await.refused(404, 6);
    api.by("zoe").delete(&format!("{path}/{id}")).await.refused(404, 6);
    api.by("ada").delete(&format!("{path}/{id}")).await.ok();
    gets_me(&api, token).await.refused(401, 20);
    // Of who is made anew under a name nothing is left of before.
    api.by("ada").post(&path, json!({"name": "again", "scopes": ["read"]})).await.ok();
    let user = path.trim_end_matches("/tokens");
    api.by("ada").delete(user).await.ok();
    api.by("ada").get(&path).await.refused(404, 6);
}

#[tokio::test]
async fn nobody_fills_the_record_by_making_and_removing_tokens() {
    let api = Api::start().await;
    for _ in 0..30 {
        let (path, _) = made(&api, "kate", json!(["read"])).await;
        api.by("kate").delete(&path).await.ok();
    }
    let new = json!({"name": "more", "scopes": ["read"]});
    let reply = api.by("kate").post("/me/tokens", new.clone()).await;
    reply.refused(429, 2);
    assert_eq!(reply.headers["retry-after"], "3600");
    api.by("mia").post("/me/tokens", new.clone()).await.ok();
    api.clock.advance_s(60 * 60);
    api.by("kate").post("/me/tokens", new).await.ok();
}
