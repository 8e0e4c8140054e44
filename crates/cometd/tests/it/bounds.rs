//! Every field of [`Limits`]: what happens at the bound, on a virtual clock.
//!
//! Those that another dialogue shows already are named in the table below, those of sockets are in
//! `websocket/bounds.rs`.

use axum::http::header;
use handoff_cometd::{Delivery, Limits};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Bench, data, text, wait_ms};

/// Names the test of every field. A new field does not compile before it is named here.
#[test]
fn every_bound_has_a_test() {
    let Limits {
        timeout_ms: _, // polls: a_clients_advice_holds_for_one_connect_and_is_answered_with_ours
        interval_ms: _, // an_interval_is_advised_and_waited_for
        max_interval_ms: _, // lifetime: a_silent_session_expires
        first_connect_ms: _, // lifetime: a_handshake_without_a_connect_dies_soon
        // polls: a_second_held_poll_of_a_browser_is_told_of_multiple_clients
        multi_session_interval_ms: _,
        tells_max_interval: _, // reference: advice_tells_the_longest_silence_where_that_is_wished
        max_lazy_ms: _,        // polls: a_lazy_message_waits_for_company_or_for_its_time
        timer_step_ms: _,      // deadlines_that_lie_close_together_share_a_wake_up
        // lifetime: a_shutdown_answers_held_connects_and_sends_the_rest_elsewhere
        shutdown_interval_ms: _,
        // websocket/bounds: a_shutdown_waits_for_the_sockets_so_long_and_no_longer
        shutdown_wait_ms: _,
        http_body_bytes: _,         // http: bad_input_is_refused_cheaply
        http_body_ms: _, // http: a_body_in_pieces_is_put_together_and_a_slow_one_is_given_up
        websocket_message_bytes: _, // websocket: bad_frames_close_the_socket_with_a_reason
        // websocket/bounds: a_message_larger_than_the_read_buffer_is_read_in_pieces
        websocket_read_buffer_bytes: _,
        // websocket/bounds: a_reader_that_takes_nothing_is_cut_and_its_session_kept
        websocket_write_ms: _,
        websocket_session_ms: _, // websocket/bounds: a_socket_without_a_session_is_closed_soon
        // websocket/bounds: a_socket_that_sends_too_much_is_not_read_for_a_moment
        websocket_refused_ms: _,
        websocket_idle_ms: _, // websocket: a_silent_socket_is_closed_and_a_living_one_kept
        batch_messages: _,    // http: bad_input_is_refused_cheaply
        json_depth: _,        // http: bad_input_is_refused_cheaply
        channel_bytes: _,     // a_channel_name_that_is_too_long_is_invalid
        // messages: subscriptions_are_echoed_in_their_form_with_the_error
        subscriptions_per_session: _,
        queued_messages: _,        // lifetime: a_full_queue_cuts_the_session_off
        queued_bytes: _,           // lifetime: a_full_queue_cuts_the_session_off
        offered_messages: _,       // what_is_offered_waits_for_room_and_cuts_nobody_off
        reply_messages: _,         // polls: a_reply_is_bounded_and_the_rest_follows
        reply_bytes: _, // a_reply_is_bounded_by_its_bytes_and_one_message_may_exceed_them
        gzip_from_bytes: _, // compressed: a_large_reply_is_packed_for_who_accepts_it
        sessions_per_identity: _, // lifetime: a_refused_handshake_tells_whether_to_try_again
        sessions_per_source: _, // a_source_has_so_many_sessions
        held_polls_per_browser: _, // as_many_polls_of_a_browser_are_held_as_it_may_have
        cookie_attributes: _, // the_browsers_cookie_has_the_attributes_that_were_wished
        sessions: _,    // a_full_server_refuses_handshakes_for_the_time_being
        session_prefix: _, // a_session_id_begins_as_its_server_is_told_and_is_as_unpredictable
    } = Limits::default();
}

#[tokio::test(start_paused = true)]
async fn a_source_has_so_many_sessions() {
    let bench = Bench::new(Limits { sessions_per_source: 2, ..Limits::default() });
    let from = |source| {
        let mut client = bench.client(None);
        client.source = source;
        client
    };
    let (mut first, mut second) = (from(Some("here")), from(Some("here")));
    assert_eq!(first.handshake(Value::Null).await["successful"], true);
    assert_eq!(second.handshake(Value::Null).await["successful"], true);
    let refused = from(Some("here")).handshake(Value::Null).await;
    assert_eq!(
        (&refused["error"], &refused["advice"]["reconnect"]),
        (&json!("403::handshake_denied"), &json!("handshake"))
    );
    assert_eq!(from(Some("there")).handshake(Value::Null).await["successful"], true, "another one");
    assert_eq!(
        from(None).handshake(Value::Null).await["successful"],
        true,
        "one that is not counted"
    );
    first.send(json!([{"channel": "/meta/disconnect"}])).await;
    assert_eq!(
        from(Some("here")).handshake(Value::Null).await["successful"],
        true,
        "a place is free again"
    );
    wait_ms(20_000).await;
    assert_eq!(
        from(Some("here")).handshake(Value::Null).await["successful"],
        true,
        "what expired counts no more"
    );
}

#[tokio::test(start_paused = true)]
async fn every_message_of_a_batch_counts_beyond_the_first() {
    let bench = Bench::new(Limits::default());
    // The bench's policy lets three messages of this source through.
    let mut client = bench.client(None);
    client.source = Some("3");
    client.handshake(Value::Null).await;
    client.connect().await;
    let publish = || json!({"channel": "/a", "data": 1});
    let replies = client.send(json!([publish(), publish(), publish(), publish(), publish()])).await;
    let outcomes: Vec<&Value> = replies.iter().map(|reply| &reply["successful"]).collect();
    assert_eq!(
        outcomes,
        [true, true, true, true, false],
        "the request was counted for the first: {replies:?}"
    );
    assert_eq!(replies[4]["error"], "429::too_many_requests");
    assert_eq!(
        client.send(json!([publish()])).await[0]["successful"],
        true,
        "a request alone is as before"
    );
    let with_handshake = client.send(json!([publish(), {"channel": "/meta/disconnect"}])).await;
    assert_eq!(with_handshake[1]["successful"], true, "who goes may go");
}

#[tokio::test(start_paused = true)]
async fn an_interval_is_advised_and_waited_for() {
    let bench = Bench::new(Limits { interval_ms: 20_000, ..Limits::default() });
    let mut client = bench.client(None);
    let advice = json!({"reconnect": "retry", "interval": 20_000, "timeout": 30_000});
    assert_eq!(client.handshake(Value::Null).await["advice"], advice);
    assert_eq!(client.connect().await[0]["advice"], advice);
    wait_ms(29_000).await;
    assert_eq!(client.connect().await[0]["successful"], true);
    wait_ms(30_100).await;
    assert_eq!(client.connect().await[0]["successful"], false);
}

#[tokio::test(start_paused = true)]
async fn what_is_offered_waits_for_room_and_cuts_nobody_off() {
    let bench =
        Bench::new(Limits { offered_messages: 4, queued_bytes: 4_000, ..Limits::default() });
    let mut client = bench.connected(Some("kate")).await;
    let session = client.session();
    let offer = |size: usize| bench.server.offer(&session, "/a", text(&"x".repeat(size)));
    let room = || bench.notebook.lines().iter().filter(|line| *line == "room kate").count();
    for _ in 0..4 {
        assert_eq!(offer(1), Delivery::Delivered);
    }
    assert_eq!(offer(1), Delivery::Full);
    assert_eq!(
        bench.server.deliver(&session, "/a", text("news")),
        Delivery::Delivered,
        "news still fits"
    );
    assert_eq!(room(), 0);
    assert_eq!(client.connect().await.len(), 6, "what is queued and the reply");
    assert_eq!(room(), 1, "the application is told once");

    // Bytes count as well, and an empty queue takes what is larger than the bound.
    assert_eq!(offer(1_500), Delivery::Delivered);
    assert_eq!(offer(1), Delivery::Full);
    client.connect().await;
    assert_eq!(room(), 2);
    assert_eq!(offer(900), Delivery::Delivered);
    assert_eq!(offer(900), Delivery::Full, "both together are too large");
    assert_eq!(room(), 2, "there is room for others, but not for this one");
    client.connect().await;
    assert_eq!(room(), 3);
}

#[tokio::test(start_paused = true)]
async fn deadlines_that_lie_close_together_share_a_wake_up() {
    let bench = Bench::new(Limits { timer_step_ms: 1_000, ..Limits::default() });
    let mut answers = Vec::new();
    for _ in 0..3 {
        let mut client = bench.connected(None).await;
        answers.push(tokio::spawn(async move {
            client.connect().await;
            Instant::now()
        }));
        wait_ms(300).await;
    }
    let mut at = Vec::new();
    for answer in answers {
        at.push(answer.await.unwrap());
    }
    assert!(at[0] < at[1], "the first deadline is kept");
    assert_eq!(at[1], at[2], "the others wait for each other");
}

#[tokio::test(start_paused = true)]
async fn a_channel_name_that_is_too_long_is_invalid() {
    let bench = Bench::new(Limits { channel_bytes: 20, ..Limits::default() });
    let mut client = bench.connected(None).await;
    for (length, is_valid) in [(20, true), (21, false)] {
        let channel = format!("/{}", "a".repeat(length - 1));
        let subscribed = client.subscribe(json!(channel)).await;
        let published = client.send(json!([{"channel": channel, "data": 1}])).await.remove(0);
        let errors = if is_valid {
            (None, None)
        } else {
            (Some("403::subscription_invalid"), Some("405::channel_invalid"))
        };
        assert_eq!((subscribed["error"].as_str(), published["error"].as_str()), errors, "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_bounded_by_its_bytes_and_one_message_may_exceed_them() {
    let bench = Bench::new(Limits { reply_bytes: 200, ..Limits::default() });
    let mut client = bench.connected(None).await;
    for size in [60, 60, 60, 500, 10] {
        let delivery = bench.server.deliver(&client.session(), "/a", text(&"x".repeat(size)));
        assert_eq!(delivery, Delivery::Delivered);
    }
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let response = client.connect().await;
        let of_response = data(&response).into_iter().map(|data| data.as_str().unwrap().len());
        sizes.push(of_response.collect::<Vec<_>>());
    }
    assert_eq!(sizes, [vec![60, 60], vec![60], vec![500], vec![10]]);
}

#[tokio::test(start_paused = true)]
async fn as_many_polls_of_a_browser_are_held_as_it_may_have() {
    let bench = Bench::new(Limits { held_polls_per_browser: 2, ..Limits::default() });
    let mut clients = vec![bench.connected(None).await];
    for _ in 0..2 {
        let mut client = bench.client(None);
        client.cookie = clients[0].cookie.clone();
        client.handshake(Value::Null).await;
        client.connect().await;
        clients.push(client);
    }
    let _first = clients[0].hold().await;
    let _second = clients[1].hold().await;
    assert_eq!(bench.server.stats().held_polls, 2);
    assert_eq!(clients[2].connect().await[0]["advice"]["multiple-clients"], true);
    let mut elsewhere = bench.connected(None).await;
    let _held = elsewhere.hold().await;
    assert_eq!(bench.server.stats().held_polls, 3, "another browser is not concerned");
}

#[tokio::test(start_paused = true)]
async fn the_browsers_cookie_has_the_attributes_that_were_wished() {
    for attributes in ["Path=/; HttpOnly; SameSite=Lax", "Path=/cometd; HttpOnly; Secure"] {
        let bench =
            Bench::new(Limits { cookie_attributes: attributes.into(), ..Limits::default() });
        let (_, headers, _) = bench.client(None).raw(r#"[{"channel":"/meta/handshake"}]"#).await;
        let cookie = headers[header::SET_COOKIE].to_str().unwrap();
        let (value, rest) = cookie.split_once("; ").unwrap();
        assert_eq!((value.len(), rest), ("BAYEUX_BROWSER=".len() + 26, attributes));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_server_refuses_handshakes_for_the_time_being() {
    let bench = Bench::new(Limits { sessions: 2, ..Limits::default() });
    let mut first = bench.connected(Some("kate")).await;
    bench.connected(None).await;
    let refused = bench.client(Some("ben")).handshake(Value::Null).await;
    assert_eq!(refused["error"], "403::handshake_denied");
    assert_eq!(refused["advice"], json!({"reconnect": "handshake", "interval": 1_000}));
    first.send(json!([{"channel": "/meta/disconnect"}])).await;
    assert_eq!(bench.client(Some("ben")).handshake(Value::Null).await["successful"], true);
}
