//! Hostile input, by fuzzing: the decoder, and whole requests against a server. `cargo test` runs
//! them for a moment, `cargo bolero test` for as long as one likes.

use std::sync::OnceLock;

use axum::http::StatusCode;
use handoff_cometd::Limits;
use handoff_cometd::protocol::message::decode;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::Bench;

#[test]
fn any_bytes_are_decoded_or_refused() {
    let limits = Limits { batch_messages: 8, json_depth: 8, ..Limits::default() };
    bolero::check!().for_each(|bytes: &[u8]| {
        if let Ok(messages) = decode(bytes, &limits) {
            assert!((1..=8).contains(&messages.len()));
            assert!(
                std::str::from_utf8(bytes).is_ok()
                    || messages.iter().all(|message| message.data.is_none())
            );
        }
    });
}

/// The words from which message sequences are made.
const CHANNELS: [&str; 10] = [
    "/meta/handshake",
    "/meta/connect",
    "/meta/subscribe",
    "/meta/unsubscribe",
    "/meta/disconnect",
    "/meta/x",
    "/service/echo",
    "/a",
    "/a/**",
    "",
];

fn message(word: u8, argument: u8, session: &str) -> Value {
    let subscription = match argument % 5 {
        0 => json!("/a"),
        1 => json!(["/a/*", "/**"]),
        2 => json!([]),
        3 => json!({"x": argument}),
        _ => Value::Null,
    };
    let ext = match argument / 5 % 4 {
        0 => json!({"ack": argument, "timesync": {"tc": argument, "l": -1, "o": "x"}}),
        1 => json!({"ack": true}),
        2 => json!([argument]),
        _ => Value::Null,
    };
    json!({
        "channel": CHANNELS[usize::from(word) % CHANNELS.len()], "id": argument, "subscription": subscription,
        "clientId": if argument.is_multiple_of(7) { "nobody" } else { session },
        "ext": ext, "data": argument, "advice": {"timeout": 0, "interval": -1},
    })
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    })
}

#[test]
fn any_sequence_of_messages_gets_its_replies() {
    bolero::check!().with_type::<Vec<Vec<(u8, u8)>>>().for_each(|requests| {
        runtime().block_on(async {
            let bench = Bench::new(Limits { sessions_per_identity: 4, ..Limits::default() });
            let mut client = bench.connected(Some("kate")).await;
            for request in requests.iter().filter(|request| (1..=64).contains(&request.len())) {
                let session = client.id.clone();
                let messages: Vec<Value> = request
                    .iter()
                    .map(|(word, argument)| message(*word, *argument, &session))
                    .collect();
                let (status, _, body) = client.raw(Value::from(messages.clone()).to_string()).await;
                assert_eq!(status, StatusCode::OK);
                let replies: Vec<Value> = serde_json::from_str(&body).unwrap();
                let answered =
                    replies.iter().filter(|reply| reply.get("successful").is_some()).count();
                let is_handshake =
                    messages.iter().any(|message| message["channel"] == "/meta/handshake");
                assert_eq!(answered, if is_handshake { 1 } else { messages.len() });
                client.cookie = None;
            }
        });
    });
}
