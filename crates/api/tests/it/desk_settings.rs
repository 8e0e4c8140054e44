//! What somebody has set at the desk is theirs on every computer.

use axum::http::Method;
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::nodes::{HINTS, Node, next_on};

const PATH: &str = "/me/settings/desk";
const ME: &str = "/v2/me";

async fn settings(api: &Api, user: &str) -> Value {
    api.by(user).get(PATH).await.ok()["settings"].clone()
}

#[tokio::test]
async fn what_is_put_is_got_by_its_user_alone() {
    let api = Api::start().await;
    assert_eq!(settings(&api, "kate").await, json!({}), "before anything was set");
    let first = json!({"sound": false, "nested": {"a": [1, null, 0.5]}, "big": u64::MAX});
    let answer = api.by("kate").put(PATH, first.clone()).await.ok();
    assert!(answer["referenceId"].is_i64(), "{answer}");
    assert_eq!(settings(&api, "kate").await, first);
    api.by("kate").put(PATH, json!({"theme": "dark"})).await.ok();
    assert_eq!(settings(&api, "kate").await, json!({"theme": "dark"}), "all of it anew");
    for other in ["ben", "vera", "ada", "intake", "zoe"] {
        assert_eq!(settings(&api, other).await, json!({}), "{other}");
    }
}

#[tokio::test]
async fn settings_are_an_object_of_at_most_sixteen_kilobytes() {
    let api = Api::start().await;
    let of = |bytes: usize| json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())});
    let kate = api.by("kate");
    kate.put(PATH, of(16 << 10)).await.ok();
    kate.put(PATH, of((16 << 10) + 1)).await.refused(400, 10);
    kate.put(PATH, json!([1])).await.refused(400, 10);
    kate.put(PATH, json!("text")).await.refused(400, 10);
    assert_eq!(settings(&api, "kate").await, of(16 << 10), "a refused change changes nothing");
}

#[tokio::test]
async fn every_session_of_a_user_is_told_on_whichever_node() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let mut kate = here.listening("kate").await;
        let mut ben = here.listening("ben").await;
        for client in [&mut kate, &mut ben] {
            client.subscribe(ME, Value::Null).await;
        }
        let put = |user, body: Value| {
            Call::new(Method::PUT, PATH).by(user, PASSWORD).json(body.to_string())
        };
        there.calls(put("ben", json!({"theme": "dark"}))).await.ok();
        let answer = there.calls(put("kate", json!({"sound": false}))).await.ok();
        let told = next_on(&mut kate, ME).await;
        assert_eq!(
            told,
            json!({"messageType": "SettingsChangedMessage", "kind": "desk",
                "referenceId": answer["referenceId"]}),
            "of others' nothing is told, and it has no number"
        );
        has(&next_on(&mut ben, ME).await, json!({"messageType": "SettingsChangedMessage"}));
        assert_eq!(here.get("kate", PATH).await["settings"], json!({"sound": false}));
        here.stop().await;
        there.stop().await;
    }
}
