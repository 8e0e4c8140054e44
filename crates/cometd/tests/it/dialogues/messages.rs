//! Subscriptions, publications, services, and what comes in one request.

use handoff_cometd::Limits;
use serde_json::{Value, json};

use crate::support::{Bench, Client, data, settle, text};

const SUBSCRIBE_DENIED: &str = "403:denied_by_security_policy:subscribe_denied";

#[tokio::test(start_paused = true)]
async fn subscriptions_are_echoed_in_their_form_with_the_error() {
    let bench = Bench::new(Limits { subscriptions_per_session: 8, ..Limits::default() });
    let mut client = bench.connected(Some("kate")).await;
    let nine: Vec<String> = (0..9).map(|number| format!("/n/{number}")).collect();
    let table = [
        (json!("/a"), None),
        (json!("/a"), None),
        (json!("/a/"), None),
        (json!(["/b", "/c/*"]), None),
        (json!("/**"), None),
        (json!("/service/x"), None),
        (json!("/a/*/b"), Some("403::subscription_invalid")),
        (json!("a"), Some("403::subscription_invalid")),
        (json!(5), Some("403::subscription_invalid")),
        (json!(["/b", 5]), Some("403::subscription_invalid")),
        (json!([]), Some("403::subscription_missing")),
        (Value::Null, Some("403::subscription_missing")),
        (json!("/meta/connect"), Some(SUBSCRIBE_DENIED)),
        (json!("/meta/**"), Some(SUBSCRIBE_DENIED)),
        (json!("/forbidden"), Some(SUBSCRIBE_DENIED)),
        (json!("/service/forbidden"), Some(SUBSCRIBE_DENIED)),
        (json!("/uncreatable"), Some("403:denied_by_security_policy:create_denied")),
        (json!(["/d", "/forbidden", "/e"]), Some(SUBSCRIBE_DENIED)),
        (json!(nine), Some("403::subscribe_failed")),
        (json!(["/x", "/y", "/z"]), Some("403::subscribe_failed")),
    ];
    for (subscription, error) in table {
        let reply = client.subscribe(subscription.clone()).await;
        assert_eq!(reply["channel"], "/meta/subscribe");
        assert_eq!(reply.get("error").and_then(Value::as_str), error, "{subscription}");
        assert_eq!(reply["successful"], error.is_none());
        assert_eq!(reply["subscription"], subscription);
    }
    let subscriptions = bench.server.subscriptions_of(&client.session());
    assert_eq!(
        subscriptions,
        ["/a", "/a/", "/b", "/c/*", "/**", "/d", "/x", "/y"],
        "earlier members stay"
    );
    assert!(
        !bench.notebook.lines().iter().any(|line| line.contains("/service")),
        "services are not recorded"
    );
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_the_delivery() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    client.subscribe(json!(["/a", "/b"])).await;
    for (subscription, error) in [
        (json!("/a"), None),
        (json!("/service/x"), None),
        (json!("/a"), Some("400::channel_missing")),
        (json!(["/nowhere"]), Some("400::channel_missing")),
        (json!("x"), Some("403::subscription_invalid")),
        (Value::Null, Some("403::subscription_missing")),
    ] {
        let message = json!([{"channel": "/meta/unsubscribe", "subscription": subscription}]);
        let reply = client.send(message).await.remove(0);
        assert_eq!(reply.get("error").and_then(Value::as_str), error, "{subscription}");
        assert_eq!(reply["subscription"], subscription);
    }
    assert_eq!(
        (bench.server.publish("/a", text("x")), bench.server.publish("/b", text("x"))),
        (0, 1)
    );
    assert_eq!(bench.notebook.lines().last().unwrap(), "unsubscribed kate /a");
}

#[tokio::test(start_paused = true)]
async fn patterns_cover_what_they_should_and_give_one_copy() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    client.subscribe(json!(["/a/*", "/a/**", "/a/b", "/**"])).await;
    for channel in ["/a", "/a/b", "/a/b/c", "/z", "/service/x", "/meta/connect"] {
        bench.server.publish(channel, text(channel));
    }
    assert_eq!(data(&client.connect().await), ["/a", "/a/b", "/a/b/c", "/z"]);
    let mut narrow = bench.connected(None).await;
    narrow.subscribe(json!("/a/*")).await;
    for (channel, reached) in [("/a", 1), ("/a/b", 2), ("/a/b/c", 1), ("/a/", 1), ("/b/c", 1)] {
        assert_eq!(bench.server.publish(channel, text("x")), reached, "{channel}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_publication_is_stripped_and_comes_back_to_its_publisher() {
    let bench = Bench::new(Limits::default());
    let mut kate = bench.connected(Some("kate")).await;
    let mut ben = bench.connected(Some("ben")).await;
    kate.subscribe(json!("/a")).await;
    ben.subscribe(json!("/a")).await;
    let message = json!([{"channel": "/a", "id": 7, "data": {"x": 1}, "ext": {"secret": 1}}]);
    let reply = kate.send(message).await;
    assert_eq!(Value::from(reply), json!([{"channel": "/a", "id": 7, "successful": true}]));
    for mut client in [kate, ben] {
        assert_eq!(client.connect().await[0], json!({"channel": "/a", "data": {"x": 1}}));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_is_told_why() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    for (message, error) in [
        (json!({"channel": "/a", "data": "veto"}), "404::message_deleted"),
        (json!({"channel": "/service/echo", "data": "veto"}), "404::message_deleted"),
        (json!({"channel": "/forbidden"}), "403:denied_by_security_policy:publish_denied"),
        (json!({"channel": "/service/forbidden"}), "403:denied_by_security_policy:publish_denied"),
        (json!({"channel": "/uncreatable"}), "403:denied_by_security_policy:create_denied"),
        (json!({"channel": "/meta/x"}), "403:denied_by_security_policy:channel_create_denied"),
        (json!({"channel": "/a/*"}), "405::channel_invalid"),
        (json!({"channel": "a"}), "405::channel_invalid"),
        (json!({"channel": "/a", "id": "a-b"}), "405::message_id_invalid"),
        (json!({"data": 1}), "400::channel_missing"),
    ] {
        let reply = client.send(json!([message])).await.remove(0);
        assert_eq!(
            (&reply["error"], &reply["successful"]),
            (&json!(error), &json!(false)),
            "{message}"
        );
        assert_eq!(reply.get("channel"), message.get("channel"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_answers_its_sender() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let mut other = bench.connected(Some("ben")).await;
    other.subscribe(json!("/**")).await;
    let response =
        client.send(json!([{"channel": "/service/echo", "id": "1", "data": [1, 2]}])).await;
    assert_eq!(
        Value::from(response),
        json!([{"channel": "/service/echo", "id": "1", "successful": true}])
    );
    let answer = client.connect().await.remove(0);
    assert_eq!(answer, json!({"channel": "/service/echo", "data": [1, 2]}));
    assert_eq!(data(&other.connect().await).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_mixes_channels_and_a_single_object_is_accepted() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(None).await;
    let replies = client
        .send(json!([
            {"channel": "/meta/subscribe", "subscription": "/a"}, {"channel": "/a", "data": 1},
            {"channel": "/meta/unsubscribe", "subscription": "/a"}, {"channel": "/a", "data": 2},
            {"channel": "/meta/connect"}, {"channel": "/meta/connect"},
        ]))
        .await;
    let ids: Vec<&Value> = replies.iter().filter_map(|reply| reply.get("id")).collect();
    assert_eq!(ids, ["3", "4", "5", "6", "7", "8"]);
    assert_eq!(data(&replies), [1]);
    let single = json!({"channel": "/a", "clientId": client.id, "data": 1}).to_string();
    let (_, _, body) = client.raw(single).await;
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!([{"channel": "/a", "successful": true}])
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_speaks_for_one_session() {
    let bench = Bench::new(Limits::default());
    let first = bench.connected(Some("kate")).await;
    let mut second = bench.connected(Some("kate")).await;
    let replies = second
        .send(json!([
            {"channel": "/meta/subscribe", "subscription": "/a"},
            {"channel": "/meta/subscribe", "subscription": "/b", "clientId": first.id},
        ]))
        .await;
    assert_eq!(replies[1]["error"], "402::session_unknown");
    assert!(bench.server.subscriptions_of(&first.session()).is_empty());
}

/// Messages that came with the reply to a subscription and others that came with a connect's, on
/// another connection, were once read in the wrong order.
#[tokio::test(start_paused = true)]
async fn only_replies_of_connects_bring_messages() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    let message =
        json!([{"channel": "/meta/subscribe", "subscription": "/replayed", "ext": {"replay": 3}}]);
    let response = client.send(message).await;
    assert_eq!((response.len(), &response[0]["successful"]), (1, &json!(true)));
    let first = held.await.unwrap();
    assert_eq!(data(&first), ["old 1", "live", "old 2"], "the held connect has waited");
    bench.server.publish("/replayed", text("later"));
    assert_eq!(data(&client.connect().await), ["later"]);
    assert_eq!(bench.notebook.lines()[1], r#"subscribed kate /replayed {"replay":3}"#);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_whose_reply_is_lost_lets_go_what_it_held_back() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    let held = client.hold().await;
    let mut twin: Client = client.clone();
    let subscribing = tokio::spawn(async move { twin.subscribe(json!("/replayed")).await });
    settle().await;
    subscribing.abort();
    assert_eq!(data(&held.await.unwrap()), ["old 1", "live"]);
}
