//! How sessions begin, to whom they belong, and how they end.

use axum::http::StatusCode;
use handoff_cometd::{Delivery, EndAdvice, Identity, Limits, Login};
use serde_json::{Value, json};

use crate::support::{Bench, settle, text, wait_ms};

const UNKNOWN: &str = "402::session_unknown";

#[tokio::test(start_paused = true)]
async fn a_handshake_gives_a_session_and_a_cookie() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.client(None);
    let reply = client.handshake(json!({"ack": true, "surprise": 1})).await;
    assert_eq!(
        reply,
        json!({
            "id": "1", "channel": "/meta/handshake", "successful": true, "version": "1.0", "minimumVersion": "1.0",
            "clientId": client.id, "supportedConnectionTypes": ["websocket", "long-polling"],
            "advice": {"reconnect": "retry", "interval": 0, "timeout": 30_000}, "ext": {"ack": true},
        })
    );
    assert_eq!(client.id.len(), 26);
    let cookie = client.cookie.clone().unwrap();
    assert!(cookie.starts_with("BAYEUX_BROWSER="));
    let (_, headers, _) = client.raw(r#"[{"channel":"/meta/handshake"}]"#).await;
    assert!(!headers.contains_key("set-cookie"), "a browser that is known keeps its cookie");
}

#[tokio::test(start_paused = true)]
async fn a_session_id_begins_as_its_server_is_told_and_is_as_unpredictable() {
    let bench = Bench::new(Limits { session_prefix: "east1".into(), ..Limits::default() });
    let mut client = bench.client(None);
    client.handshake(json!({})).await;
    assert_eq!(client.id.strip_prefix("east1").map(str::len), Some(26), "{}", client.id);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_alone_in_its_request() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.client(None);
    let replies =
        client.send(json!([{"channel": "/a", "data": 1}, {"channel": "/meta/handshake"}])).await;
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0]["channel"], "/meta/handshake");
}

#[tokio::test(start_paused = true)]
async fn a_refused_handshake_tells_whether_to_try_again() {
    let bench = Bench::new(Limits { sessions_per_identity: 2, ..Limits::default() });
    for (identity, reconnect) in [("banned", "none"), ("expired", "handshake")] {
        let reply = bench.client(Some(identity)).handshake(Value::Null).await;
        assert_eq!(reply["error"], "403::handshake_denied");
        assert_eq!(
            (&reply["successful"], &reply["advice"]["reconnect"]),
            (&json!(false), &json!(reconnect))
        );
    }
    for expected in [true, true, false] {
        assert_eq!(bench.client(Some("kate")).handshake(Value::Null).await["successful"], expected);
    }
    assert_eq!(bench.client(Some("ben")).handshake(Value::Null).await["successful"], true);
}

#[tokio::test(start_paused = true)]
async fn a_session_belongs_to_its_identity_with_or_without_a_cookie() {
    let bench = Bench::new(Limits::default());
    let kate = bench.connected(Some("kate")).await;
    for (identity, cookie, admitted) in [
        (Some("kate"), None, true),
        (Some("kate"), Some("BAYEUX_BROWSER=foreign"), true),
        (Some("ben"), kate.cookie.as_deref(), false),
        (None, kate.cookie.as_deref(), false),
    ] {
        let mut other = kate.clone();
        other.identity = identity;
        other.cookie = cookie.map(str::to_owned);
        let reply = other.subscribe(json!("/a")).await;
        assert_eq!(reply["successful"], admitted, "{identity:?} {cookie:?}");
        assert_eq!(reply.get("error").is_some(), !admitted);
    }
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_session_belongs_to_its_browser() {
    let bench = Bench::new(Limits::default());
    let client = bench.connected(None).await;
    let own = client.cookie.clone().unwrap();
    for (cookie, admitted) in [
        (Some(format!("{own}; Path=/")), true),
        (Some("BAYEUX_BROWSER=foreign".to_owned()), false),
        (None, false),
    ] {
        let mut other = client.clone();
        other.cookie = cookie.clone();
        assert_eq!(other.subscribe(json!("/a")).await["successful"], admitted, "{cookie:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_session_is_advised_on_connects_only() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.client(None);
    client.id = "nobody".to_owned();
    let replies = client
        .send(json!([
            {"channel": "/meta/connect"}, {"channel": "/meta/subscribe", "subscription": ["/a"]},
            {"channel": "/a", "data": 1}, {"channel": "/meta/disconnect"},
        ]))
        .await;
    let advice = json!({"reconnect": "handshake", "interval": 0});
    assert_eq!(
        replies[0],
        json!({"id": "1", "channel": "/meta/connect", "successful": false, "error": UNKNOWN, "advice": advice})
    );
    for reply in &replies[1..] {
        assert_eq!((&reply["error"], reply.get("advice")), (&json!(UNKNOWN), None));
    }
    assert_eq!(replies[1]["subscription"], json!(["/a"]));
}

#[tokio::test(start_paused = true)]
async fn a_silent_session_expires() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    wait_ms(9_000).await;
    client.subscribe(json!("/a")).await;
    wait_ms(9_000).await;
    assert_eq!(
        client.subscribe(json!("/b")).await["successful"],
        true,
        "any message puts the end off"
    );
    wait_ms(10_100).await;
    assert_eq!(client.connect().await[0]["error"], UNKNOWN);
    assert_eq!(bench.notebook.lines().last().unwrap(), "removed kate Expired");
    assert_eq!(bench.server.publish("/a", text("x")), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_without_a_connect_dies_soon() {
    let bench = Bench::new(Limits::default());
    bench.client(None).handshake(Value::Null).await;
    assert_eq!(bench.server.stats().sessions, 1);
    wait_ms(10_100).await;
    assert_eq!(bench.server.stats().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_releases_the_held_connect() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    let replies = client.send(json!([{"channel": "/meta/disconnect", "id": "9"}])).await;
    assert_eq!(replies, [json!({"id": "9", "channel": "/meta/disconnect", "successful": true})]);
    let released = held.await.unwrap();
    assert_eq!(released[0]["successful"], true);
    assert_eq!(released[0]["advice"], json!({"reconnect": "none"}));
    settle().await;
    assert_eq!(bench.notebook.lines(), ["opened kate", "removed kate Disconnected"]);
    assert_eq!(client.connect().await[0]["error"], UNKNOWN);
    assert_eq!(bench.server.deliver(&client.session(), "/a", text("x")), Delivery::Gone);
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_told_whether_to_come_back() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    assert!(bench.server.end_session(&client.session(), EndAdvice::None));
    let released = held.await.unwrap();
    assert_eq!(released[0], json!({"channel": "/meta/disconnect", "successful": true}));
    assert_eq!(released[1]["advice"], json!({"reconnect": "none"}));
    assert!(!bench.server.end_session(&client.session(), EndAdvice::None));

    let mut first = bench.connected(Some("kate")).await;
    let second = bench.connected(Some("kate")).await;
    let other = bench.connected(Some("ben")).await;
    let held = first.hold().await;
    assert_eq!(bench.server.sessions_of(&Identity::new("kate")).len(), 2);
    assert_eq!(bench.server.end_identity(&Identity::new("kate")), 2);
    let released = held.await.unwrap();
    assert_eq!(
        (&released[0]["error"], &released[0]["advice"]["reconnect"]),
        (&json!(UNKNOWN), &json!("handshake"))
    );
    assert_eq!(bench.server.deliver(&second.session(), "/a", text("x")), Delivery::Gone);
    assert_eq!(bench.server.deliver(&other.session(), "/a", text("x")), Delivery::Delivered);
}

#[tokio::test(start_paused = true)]
async fn what_was_opened_by_a_login_ends_with_it_and_nothing_else() {
    let bench = Bench::new(Limits::default());
    let kate = Identity::new("kate");
    let by = |identity, login| {
        let mut client = bench.client(Some(identity));
        client.login = login;
        client
    };
    let mut by_it = by("kate", Some("first"));
    by_it.handshake(Value::Null).await;
    by_it.connect().await;
    let mut others = [by("kate", Some("second")), by("kate", None), by("ben", Some("first"))];
    for other in &mut others {
        other.handshake(Value::Null).await;
        other.connect().await;
    }
    assert_eq!(bench.server.open_logins().len(), 3);
    let held = by_it.hold().await;
    assert_eq!(bench.server.end_login(&kate, &Login::new("first")), 1);
    let released = held.await.unwrap();
    assert_eq!(
        (&released[0]["error"], &released[0]["advice"]["reconnect"]),
        (&json!(UNKNOWN), &json!("handshake"))
    );
    for other in &others {
        let delivery = bench.server.deliver(&other.session(), "/a", text("x"));
        assert_eq!(delivery, Delivery::Delivered);
    }
    assert_eq!(bench.server.open_logins().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_cuts_the_session_off() {
    let bench = Bench::new(Limits { queued_messages: 3, queued_bytes: 200, ..Limits::default() });
    for (count, size) in [(3, 1), (1, 150)] {
        let mut client = bench.connected(Some("kate")).await;
        for _ in 0..count {
            assert_eq!(
                bench.server.deliver(&client.session(), "/a", text(&"x".repeat(size))),
                Delivery::Delivered
            );
        }
        assert_eq!(
            bench.server.deliver(&client.session(), "/a", text(&"x".repeat(size))),
            Delivery::CutOff
        );
        assert_eq!(bench.server.deliver(&client.session(), "/a", text("x")), Delivery::Gone);
        let reply = client.connect().await.remove(0);
        assert_eq!(
            (&reply["error"], &reply["advice"]["reconnect"]),
            (&json!(UNKNOWN), &json!("handshake"))
        );
        settle().await;
        assert_eq!(bench.notebook.lines().last().unwrap(), "removed kate Overflow");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_answers_held_connects_and_sends_the_rest_elsewhere() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    bench.server.shutdown().await;
    let released = held.await.unwrap();
    assert_eq!(released[0]["successful"], true);
    assert_eq!(released[0]["advice"], json!({"reconnect": "retry", "interval": 1_000}));
    let late = client.connect().await.remove(0);
    assert_eq!(
        (&late["error"], &late["advice"]["reconnect"]),
        (&json!(UNKNOWN), &json!("handshake"))
    );
    let (status, _, again) = client.raw(r#"[{"channel":"/meta/handshake"}]"#).await;
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(
        (status, &again[0]["successful"], &again[0]["advice"]),
        (StatusCode::OK, &json!(false), &json!({"reconnect": "handshake", "interval": 1_000}))
    );
    let notebook = std::sync::Arc::clone(&bench.notebook);
    bench.stop().await;
    assert_eq!(notebook.lines().last().unwrap(), "removed kate ShutDown");
}
