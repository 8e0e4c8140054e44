//! What clients of the reference server rely on and no other dialogue shows (bayeux.md 1.3 to
//! 1.13).

use axum::http::header;
use handoff_cometd::Limits;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Bench, data, text, wait_ms};

#[test]
fn the_defaults_are_those_of_the_reference() {
    let limits = Limits::default();
    let timers = (limits.timeout_ms, limits.interval_ms, limits.max_interval_ms);
    assert_eq!(timers, (30_000, 0, 10_000));
    assert_eq!((limits.max_lazy_ms, limits.multi_session_interval_ms), (5_000, 2_000));
    assert_eq!((limits.held_polls_per_browser, limits.websocket_message_bytes), (1, 65_536));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_succeeds_whatever_version_and_transports_it_names() {
    let bench = Bench::new(Limits::default());
    let table = [
        json!({}),
        json!({"version": "1.0", "minimumVersion": "0.9"}),
        json!({"version": "2.0", "minimumVersion": "2.0"}),
        json!({"version": 1, "minimumVersion": null}),
        json!({"supportedConnectionTypes": []}),
        json!({"supportedConnectionTypes": ["callback-polling"]}),
        json!({"advice": {"timeout": 60_000, "interval": 0}, "unknown": [1]}),
    ];
    for mut handshake in table {
        handshake["channel"] = json!("/meta/handshake");
        let reply = bench.client(None).send(json!([handshake])).await.remove(0);
        assert_eq!(reply["successful"], true, "{handshake}");
        assert_eq!((&reply["version"], &reply["minimumVersion"]), (&json!("1.0"), &json!("1.0")));
        assert_eq!(reply["supportedConnectionTypes"], json!(["websocket", "long-polling"]));
        assert_eq!(reply.get("ext"), None, "{handshake}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_handshake_opens_another_session_and_leaves_the_first_to_expire() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    client.subscribe(json!("/a")).await;
    let first = client.id.clone();
    client.handshake(Value::Null).await;
    assert_ne!(client.id, first);
    assert_eq!(bench.server.publish("/a", text("x")), 1, "the new session has no subscriptions");
    client.connect().await;
    wait_ms(9_000).await;
    client.connect().await;
    assert_eq!(bench.server.stats().sessions, 1);
    assert_eq!(bench.notebook.lines().last().unwrap(), "removed kate Expired");
}

#[tokio::test(start_paused = true)]
async fn replies_are_json_with_status_200_whatever_they_say() {
    let bench = Bench::new(Limits::default());
    for body in
        [r#"[{"channel":"/meta/handshake"}]"#, r#"[{"channel":"/meta/connect","clientId":"x"}]"#]
    {
        let (status, headers, _) = bench.client(None).raw(body).await;
        assert_eq!(
            (status.as_u16(), &headers[header::CONTENT_TYPE]),
            (200, &"application/json;charset=UTF-8".parse().unwrap())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn advice_tells_the_longest_silence_where_that_is_wished() {
    let bench = Bench::new(Limits { tells_max_interval: true, ..Limits::default() });
    let mut client = bench.client(None);
    let advice =
        json!({"reconnect": "retry", "interval": 0, "timeout": 30_000, "maxInterval": 10_000});
    assert_eq!(client.handshake(Value::Null).await["advice"], advice);
    assert_eq!(client.connect().await[0]["advice"], advice);
}

#[tokio::test(start_paused = true)]
async fn a_clients_interval_is_taken_back_by_its_next_connect() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client
        .send(json!([{"channel": "/meta/connect", "advice": {"timeout": 0, "interval": 40_000}}]))
        .await;
    wait_ms(49_000).await;
    client.send(json!([{"channel": "/meta/connect", "advice": {"timeout": 0}}])).await;
    wait_ms(10_100).await;
    assert_eq!(client.connect().await[0]["successful"], false);
}

#[tokio::test(start_paused = true)]
async fn nobody_keeps_a_session_by_asking_for_a_long_interval() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client
        .send(
            json!([{"channel": "/meta/connect", "advice": {"timeout": 0, "interval": 9_000_000}}]),
        )
        .await;
    wait_ms(70_100).await;
    assert_eq!(bench.server.stats().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn any_meta_message_may_ask_for_the_time() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.client(None);
    let question = json!({"timesync": {"tc": 5, "l": 0, "o": 0}});
    let opened = client.handshake(question.clone()).await;
    assert_eq!(opened["ext"]["timesync"]["tc"], 5);
    client.connect().await;
    for message in [
        json!({"channel": "/meta/subscribe", "subscription": "/a"}),
        json!({"channel": "/meta/unsubscribe", "subscription": "/a"}),
        json!({"channel": "/meta/disconnect"}),
    ] {
        let mut message = message;
        message["ext"] = question.clone();
        let reply = client.send(json!([message])).await.remove(0);
        assert_eq!(
            (&reply["successful"], &reply["ext"]["timesync"]["tc"]),
            (&json!(true), &json!(5))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lazy_messages_ride_along_with_whatever_answers_the_connect() {
    let bench = Bench::new(Limits { max_lazy_ms: 60_000, ..Limits::default() });
    let mut client = bench.connected(None).await;
    client.subscribe(json!("/a")).await;
    bench.server.publish_lazily("/a", text("lazy"));
    let started = Instant::now();
    assert_eq!(data(&client.connect().await), ["lazy"]);
    assert!(
        (30_000..30_100).contains(&started.elapsed().as_millis()),
        "it released nothing by itself"
    );
}

#[tokio::test(start_paused = true)]
async fn a_publication_reaches_its_publisher_with_a_connect_not_with_its_reply() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client.subscribe(json!("/a")).await;
    let held = client.hold().await;
    let replies = client.send(json!([{"channel": "/a", "data": 1}])).await;
    assert_eq!(data(&replies).len(), 0);
    assert_eq!(data(&held.await.unwrap()), [1]);
}

#[tokio::test(start_paused = true)]
async fn overlapping_connects_are_slowed_down_even_where_browsers_are_refused() {
    let bench = Bench::new(Limits { multi_session_interval_ms: 0, ..Limits::default() });
    let mut client = bench.connected(Some("kate")).await;
    client.cookie = None;
    let older = client.hold().await;
    let newer = client.hold().await;
    assert_eq!(older.await.unwrap()[0]["advice"]["interval"], 1_000);
    newer.abort();
}
