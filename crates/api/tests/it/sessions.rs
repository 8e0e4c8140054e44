//! Login sessions, listed and ended.

use axum::http::{Method, Request};
use handoff_api::PeerAddress;
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::{Api, Reply, has};

/// A browser that is signed in.
struct Browser<'a> {
    api: &'a Api,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    async fn of(api: &'a Api, user: &str) -> Self {
        let reply = api.calls(Call::get("/me").by(user, PASSWORD)).await;
        let csrf = reply.headers["x-csrf-token"].to_str().unwrap().to_owned();
        Self { api, cookie: reply.cookie().unwrap(), csrf }
    }

    async fn sends(&self, method: Method, path: &str) -> Reply {
        let call = Call::new(method, path).header("cookie", &self.cookie);
        let call = call.header("x-csrf-token", &self.csrf).header("user-agent", &"B".repeat(300));
        let mut request = Request::from(call);
        request.extensions_mut().insert(PeerAddress([192, 0, 2, 7].into()));
        self.api.send(request.map(axum::body::Body::new)).await
    }

    async fn gets(&self, path: &str) -> Reply {
        self.sends(Method::GET, path).await
    }

    async fn lists(&self, path: &str) -> Vec<Value> {
        self.gets(path).await.ok()["sessions"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_one() {
    let api = Api::start().await;
    let (first, second) = (Browser::of(&api, "kate").await, Browser::of(&api, "kate").await);
    Browser::of(&api, "mia").await.gets("/me").await.ok();
    first.gets("/me").await.ok();
    api.clock.advance_s(120);
    let listed = second.lists("/me/sessions").await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    has(&listed[0], json!({"current": true, "address": "192.0.2.7", "userAgent": "B".repeat(200)}));
    has(&listed[1], json!({"current": false}));
    assert!(listed[0]["lastSeen"].as_str() > listed[1]["lastSeen"].as_str());
    assert!(!listed.iter().any(|it| second.cookie.contains(it["id"].as_str().unwrap())));
    let other = format!("/me/sessions/{}", listed[1]["id"].as_str().unwrap());
    api.by("mia").delete(&other).await.refused(404, 6);
    second.sends(Method::DELETE, &other).await.ok();
    first.gets("/me").await.refused(401, 20);
    second.sends(Method::DELETE, &other).await.refused(404, 6);
    assert_eq!(second.lists("/me/sessions").await.len(), 1);
}

#[tokio::test]
async fn what_opens_nothing_any_more_is_not_listed() {
    let api = Api::start().await;
    let browser = Browser::of(&api, "kate").await;
    browser.gets("/me").await.ok();
    let path = format!("/users/{}/sessions", api.user_id("kate"));
    let count = async || api.by("ada").get(&path).await.ok()["sessions"].as_array().unwrap().len();
    assert_eq!(count().await, 1);
    let new = json!({"password": "correct horse 7"});
    api.by("ada").put(path.trim_end_matches("/sessions"), new).await.ok();
    assert_eq!(count().await, 0, "it was ended with the password");
    let idle = Browser::of(&api, "mia").await;
    idle.gets("/me").await.ok();
    api.clock.advance_s(31 * 60);
    assert_eq!(api.by("mia").get("/me/sessions").await.ok()["sessions"], json!([]));
}

#[tokio::test]
async fn admins_see_and_end_the_sessions_of_their_users_alone() {
    let api = Api::start().await;
    let kate = Browser::of(&api, "kate").await;
    kate.gets("/me").await.ok();
    let path = format!("/users/{}/sessions", api.user_id("kate"));
    let listed = api.by("ada").get(&path).await.ok()["sessions"].clone();
    let one = format!("{path}/{}", listed[0]["id"].as_str().unwrap());
    api.by("zoe").get(&path).await.refused(404, 6);
    api.by("zoe").delete(&one).await.refused(404, 6);
    let of_another = one.replace(&api.user_id("kate").to_string(), &api.user_id("mia").to_string());
    api.by("ada").delete(&of_another).await.refused(404, 6);
    kate.gets("/me").await.ok();
    api.by("ada").delete(&one).await.ok();
    kate.gets("/me").await.refused(401, 20);
}
