//! When a connect is held, for how long, and what its reply tells.

use handoff_cometd::Limits;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Bench, data, settle, text, wait_ms};

fn standing_advice() -> Value {
    json!({"reconnect": "retry", "interval": 0, "timeout": 30_000})
}

#[tokio::test(start_paused = true)]
async fn the_first_connect_is_answered_at_once_and_the_next_is_held() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.client(None);
    client.handshake(Value::Null).await;
    let started = Instant::now();
    let reply = client.connect().await;
    let expected = json!([{"id": "2", "channel": "/meta/connect", "successful": true, "advice": standing_advice()}]);
    assert_eq!(Value::from(reply), expected);
    assert_eq!(started.elapsed().as_millis(), 0);
    let reply = client.connect().await;
    assert_eq!(
        Value::from(reply),
        json!([{"id": "3", "channel": "/meta/connect", "successful": true}])
    );
    assert!((30_000..30_100).contains(&started.elapsed().as_millis()));
}

#[tokio::test(start_paused = true)]
async fn a_clients_advice_holds_for_one_connect_and_is_answered_with_ours() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let started = Instant::now();
    let reply = client.send(json!([{"channel": "/meta/connect", "advice": {"timeout": 0}}])).await;
    assert_eq!((&reply[0]["advice"], started.elapsed().as_millis()), (&standing_advice(), 0));
    client.send(json!([{"channel": "/meta/connect", "advice": {"timeout": 5_000}}])).await;
    assert!((5_000..5_100).contains(&started.elapsed().as_millis()));
    let started = Instant::now();
    let reply =
        client.send(json!([{"channel": "/meta/connect", "advice": {"timeout": 9_000_000}}])).await;
    assert_eq!(reply[0]["successful"], true);
    assert!(
        (30_000..30_100).contains(&started.elapsed().as_millis()),
        "nobody is held longer than we like"
    );
    let started = Instant::now();
    let reply = client.connect().await;
    assert_eq!(reply[0].get("advice"), None);
    assert!((30_000..30_100).contains(&started.elapsed().as_millis()));
}

#[tokio::test(start_paused = true)]
async fn an_advised_interval_keeps_the_session_alive_for_so_long() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client
        .send(json!([{"channel": "/meta/connect", "advice": {"timeout": 0, "interval": 15_000}}]))
        .await;
    wait_ms(24_000).await;
    assert_eq!(client.connect().await[0]["successful"], true);
    wait_ms(10_100).await;
    assert_eq!(client.connect().await[0]["successful"], false);
}

#[tokio::test(start_paused = true)]
async fn a_connect_among_other_messages_is_not_held() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let started = Instant::now();
    let replies = client
        .send(json!([{"channel": "/meta/connect"}, {"channel": "/meta/subscribe", "subscription": "/a"}]))
        .await;
    assert_eq!(started.elapsed().as_millis(), 0);
    let channels: Vec<&str> =
        replies.iter().map(|reply| reply["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, ["/meta/connect", "/meta/subscribe"]);
    assert!(replies.iter().all(|reply| reply["successful"] == true));
}

#[tokio::test(start_paused = true)]
async fn a_message_releases_the_held_connect() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let held = client.hold().await;
    assert_eq!(bench.server.stats().held_polls, 1);
    let started = Instant::now();
    bench.server.deliver(&client.session(), "/a", text("x"));
    let response = held.await.unwrap();
    assert_eq!(response[0], json!({"channel": "/a", "data": "x"}));
    assert_eq!(response[1]["channel"], "/meta/connect");
    assert_eq!((response.len(), started.elapsed().as_millis()), (2, 0));
    bench.server.deliver(&client.session(), "/a", text("y"));
    assert_eq!(
        data(&client.connect().await),
        ["y"],
        "what was queued meanwhile is answered at once"
    );
}

#[tokio::test(start_paused = true)]
async fn the_older_of_two_connects_is_answered_without_messages() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let older = client.hold().await;
    let newer = client.hold().await;
    let older = older.await.unwrap();
    assert_eq!(older.len(), 1);
    assert_eq!(older[0]["successful"], true);
    assert_eq!(
        older[0]["advice"]["interval"], 2_000,
        "a client with two live connects must not spin"
    );
    bench.server.deliver(&client.session(), "/a", text("x"));
    let newer = newer.await.unwrap();
    assert_eq!(data(&newer), ["x"]);
    assert_eq!(newer[1]["advice"], standing_advice(), "the newer takes the interval back");
}

#[tokio::test(start_paused = true)]
async fn a_second_held_poll_of_a_browser_is_told_of_multiple_clients() {
    for (interval_ms, successful, reconnect) in [(2_000, true, "retry"), (0, false, "none")] {
        let bench =
            Bench::new(Limits { multi_session_interval_ms: interval_ms, ..Limits::default() });
        let mut first = bench.connected(None).await;
        let mut second = bench.client(None);
        second.cookie = first.cookie.clone();
        second.handshake(Value::Null).await;
        second.connect().await;
        let held = first.hold().await;
        let reply = second.connect().await.remove(0);
        assert_eq!(reply["advice"]["multiple-clients"], true);
        assert_eq!(
            (&reply["successful"], &reply["advice"]["reconnect"]),
            (&json!(successful), &json!(reconnect))
        );
        first.send(json!([{"channel": "/meta/disconnect"}])).await;
        held.await.unwrap();
        let started = Instant::now();
        assert_eq!(second.connect().await[0]["advice"], standing_advice());
        assert!(started.elapsed().as_millis() >= 30_000, "alone again, it is held");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vanished_poll_loses_nothing_and_leaves_time_to_come_back() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    // The message and the break of the connection cross: the poll is woken and never answered.
    bench.server.deliver(&client.session(), "/a", text("1"));
    held.abort();
    assert!(held.await.is_err());
    assert_eq!(bench.server.stats().held_polls, 0);
    bench.server.deliver(&client.session(), "/a", text("2"));
    wait_ms(9_000).await;
    assert_eq!(data(&client.connect().await), ["1", "2"]);
    let held = client.hold().await;
    held.abort();
    wait_ms(10_100).await;
    assert_eq!(client.connect().await[0]["successful"], false);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_never_taken_puts_its_messages_back() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    bench.server.deliver(&client.session(), "/a", text("1"));
    let body = json!([{"channel": "/meta/connect", "clientId": client.id}]).to_string();
    let response = client.post(body).await;
    bench.server.deliver(&client.session(), "/a", text("2"));
    drop(response);
    assert_eq!(data(&client.connect().await), ["1", "2"]);
    assert_eq!(bench.server.stats().queued_messages, 0);
}

#[tokio::test(start_paused = true)]
async fn a_held_connect_waits_while_earlier_messages_are_on_their_way() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    bench.server.deliver(&client.session(), "/a", text("1"));
    let body = json!([{"channel": "/meta/connect", "clientId": client.id}]).to_string();
    let response = client.post(body).await;
    bench.server.deliver(&client.session(), "/a", text("2"));
    let held = client.hold().await;
    assert!(!held.is_finished(), "nothing overtakes");
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(data(&held.await.unwrap()), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_lazy_message_waits_for_company_or_for_its_time() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client.subscribe(json!("/a")).await;
    let held = client.hold().await;
    let started = Instant::now();
    assert_eq!(bench.server.publish_lazily("/a", text("lazy")), 1);
    settle().await;
    assert!(!held.is_finished());
    assert_eq!(data(&held.await.unwrap()), ["lazy"]);
    assert!((5_000..5_100).contains(&started.elapsed().as_millis()));
    let held = client.hold().await;
    bench.server.publish_lazily("/a", text("lazy"));
    bench.server.publish("/a", text("prompt"));
    assert_eq!(data(&held.await.unwrap()), ["lazy", "prompt"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_bounded_and_the_rest_follows() {
    let bench = Bench::new(Limits { reply_messages: 2, ..Limits::default() });
    let mut client = bench.connected(None).await;
    for number in ["1", "2", "3", "4", "5"] {
        bench.server.deliver(&client.session(), "/a", text(number));
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = client.connect().await;
        assert!(data(&response).len() <= 2);
        seen.extend(data(&response).into_iter().cloned());
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
}

#[tokio::test(start_paused = true)]
async fn timesync_counts_the_time_of_holding() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let question = json!({"timesync": {"tc": 5, "l": 0, "o": 0}});
    let reply = client.send(json!([{"channel": "/meta/connect", "ext": question}])).await.remove(0);
    let answer = &reply["ext"]["timesync"];
    assert_eq!(answer["tc"], 5);
    assert!((30_000..30_100).contains(&answer["p"].as_u64().unwrap()));
    assert_eq!(answer["a"].as_i64().unwrap(), 5 - answer["ts"].as_i64().unwrap());
}
