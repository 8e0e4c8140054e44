//! Changing one's own password.

use handoff_testkit::Call;
use serde_json::{Value, json};

use crate::api::{Api, PASSWORD, Reply};

const NEW: &str = "correct horse battery";

fn wish(present: &str, new: &str) -> Value {
    json!({"operationName": "ChangePassword", "password": present, "newPassword": new})
}

/// A browser that is signed in.
struct Browser<'a> {
    api: &'a Api,
    cookie: String,
    token: String,
}

impl<'a> Browser<'a> {
    async fn of(api: &'a Api, user: &str, password: &str) -> Self {
        let reply = api.calls(Call::get("/me").by(user, password)).await;
        Self { api, cookie: reply.cookie().unwrap(), token: token(&reply) }
    }

    async fn gets_me(&self) -> Reply {
        self.api.calls(Call::get("/me").header("cookie", &self.cookie)).await
    }

    async fn posts(&self, body: &Value) -> Reply {
        let call = Call::post("/me", body).header("cookie", &self.cookie);
        self.api.calls(call.header("x-csrf-token", &self.token)).await
    }
}

fn token(reply: &Reply) -> String {
    reply.headers["x-csrf-token"].to_str().unwrap().to_owned()
}

async fn signs_in(api: &Api, user: &str, password: &str) -> u16 {
    api.calls(Call::get("/me").by(user, password)).await.status.as_u16()
}

#[tokio::test]
async fn every_other_login_ends_and_the_callers_goes_on() {
    let api = Api::start().await;
    let (own, other) =
        (Browser::of(&api, "kate", PASSWORD).await, Browser::of(&api, "kate", PASSWORD).await);
    own.gets_me().await.ok();
    other.gets_me().await.ok();
    let reply = own.posts(&wish(PASSWORD, NEW)).await;
    let renewed =
        Browser { api: &api, cookie: reply.cookie().expect("a cookie"), token: token(&reply) };
    reply.ok();
    renewed.gets_me().await.ok();
    renewed
        .posts(&json!({"operationName": "StartContactCenterSession", "channels": ["chat"]}))
        .await
        .ok();
    for ended in [&own, &other] {
        ended.gets_me().await.refused(401, 20);
    }
    assert_eq!(signs_in(&api, "kate", PASSWORD).await, 401);
    assert_eq!(signs_in(&api, "kate", NEW).await, 200);
    assert_eq!(signs_in(&api, "ben", PASSWORD).await, 200, "nobody else's changed");
}

#[tokio::test]
async fn everybody_may_and_nothing_else_there_is_for_who_is_no_agent() {
    let api = Api::start().await;
    for user in ["vera", "ada", "intake"] {
        api.by(user).post("/me", wish(PASSWORD, NEW)).await.ok();
        assert_eq!(signs_in(&api, user, NEW).await, 200);
    }
    api.by("sam").post("/me", json!({"operationName": "Ready"})).await.refused(409, 2);
    api.anonymous().post("/me", wish(PASSWORD, NEW)).await.refused(401, 20);
}

#[tokio::test]
async fn what_is_easily_guessed_is_refused_and_changes_nothing() {
    let api = Api::start().await;
    let kate = api.by("kate");
    for (new, code) in [
        ("short", 10),
        ("Password2026!", 10),
        ("1234567890", 10),
        (PASSWORD, 10),
        ("kate-lund-1", 10),
        (&*"é1".repeat(70), 10),
    ] {
        kate.post("/me", wish(PASSWORD, new)).await.refused(400, code);
    }
    kate.post("/me", json!({"operationName": "ChangePassword", "password": "x"}))
        .await
        .refused(400, 1);
    kate.post("/me", wish("wrong", NEW)).await.refused(400, 10);
    assert_eq!(signs_in(&api, "kate", PASSWORD).await, 200);
}

#[tokio::test]
async fn whoever_found_a_browser_signed_in_guesses_no_faster_than_at_a_login() {
    let api = Api::start().await;
    let browser = Browser::of(&api, "kate", PASSWORD).await;
    let mut statuses = Vec::new();
    for guess in 0..100 {
        let reply = browser.posts(&wish(&format!("guess {guess}"), NEW)).await;
        statuses.push(reply.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_ne!(signs_in(&api, "kate", NEW).await, 200);
}
