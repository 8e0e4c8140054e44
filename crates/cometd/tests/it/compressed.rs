//! Gzip for long-polling: who gets it, that it says the same, and that a lost reply loses nothing.

use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::GzDecoder;
use handoff_cometd::Limits;
use serde_json::{Value, json};

use crate::support::{Bench, Client, data, text};

/// Connects and reads the answer as it was sent.
async fn fetched(client: &Client) -> (HeaderMap, Vec<u8>) {
    let body =
        json!([{"channel": "/meta/connect", "clientId": client.id, "advice": {"timeout": 0}}]);
    let (parts, body) = client.post(body.to_string()).await.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    assert_eq!(
        parts.headers[header::CONTENT_LENGTH],
        body.len().to_string(),
        "what is told is what comes"
    );
    (parts.headers, body)
}

fn unpacked(body: &[u8]) -> Vec<Value> {
    let mut plain = String::new();
    GzDecoder::new(body).read_to_string(&mut plain).unwrap();
    serde_json::from_str(&plain).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_large_reply_is_packed_for_who_accepts_it() {
    let bench = Bench::new(Limits { gzip_from_bytes: 1_000, ..Limits::default() });
    let table = [
        (Some("gzip, deflate"), 900, true),
        (Some("gzip"), 500, false),
        (Some("br, gzip;q=0"), 900, false),
        (Some("*"), 900, false),
        (None, 900, false),
    ];
    for (accept_encoding, size, is_packed) in table {
        let mut client = bench.connected(Some("kate")).await;
        client.accept_encoding = accept_encoding;
        let long = "x".repeat(size);
        bench.server.deliver(&client.session(), "/a", text(&long));
        let (headers, body) = fetched(&client).await;
        let coding = headers.get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap());
        assert_eq!(coding, is_packed.then_some("gzip"), "{accept_encoding:?} {size}");
        assert_eq!(headers.contains_key(header::VARY), is_packed);
        assert_eq!(headers[header::CONTENT_TYPE], "application/json;charset=UTF-8");
        let messages =
            if is_packed { unpacked(&body) } else { serde_json::from_slice(&body).unwrap() };
        assert_eq!(messages[0], json!({"channel": "/a", "data": long}));
        assert_eq!((&messages[1]["channel"], messages.len()), (&json!("/meta/connect"), 2));
        assert_eq!(bench.server.stats().queued_messages, 0, "the reply was handed over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_packed_reply_that_is_never_taken_puts_its_messages_back() {
    let bench = Bench::new(Limits { gzip_from_bytes: 0, ..Limits::default() });
    let mut client = bench.connected(Some("kate")).await;
    client.accept_encoding = Some("gzip");
    let long = "x".repeat(5_000);
    bench.server.deliver(&client.session(), "/a", text(&long));
    let body = json!([{"channel": "/meta/connect", "clientId": client.id}]).to_string();
    let response = client.post(body).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    bench.server.deliver(&client.session(), "/a", text("2"));
    drop(response);
    assert_eq!(bench.server.stats().queued_messages, 2);
    let (_, body) = fetched(&client).await;
    assert_eq!(data(&unpacked(&body)), [&json!(long), &json!("2")]);
}

#[tokio::test(start_paused = true)]
async fn a_held_reply_is_packed_too() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connected(Some("kate")).await;
    client.accept_encoding = Some("gzip");
    let body = json!([{"channel": "/meta/connect", "clientId": client.id}]).to_string();
    let twin = client.clone();
    let held = tokio::spawn(async move { twin.post(body).await });
    crate::support::settle().await;
    bench.server.deliver(&client.session(), "/a", text(&"x".repeat(2_000)));
    let response = held.await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(data(&unpacked(&body))[0].as_str().unwrap().len(), 2_000);
}
