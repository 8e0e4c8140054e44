//! The bounds of sockets.

use std::time::Duration;

use handoff_cometd::{Delivery, Limits};
use serde_json::{Value, json};

use super::{Socket, listen};
use crate::support::{Bench, text};

/// Longest wait for something that must come; a test that is right never waits for it.
const BOUND: Duration = Duration::from_secs(30);

async fn until(bench: &Bench, holds: impl Fn(&Bench) -> bool) {
    let wait = async {
        while !holds(bench) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, wait).await.unwrap();
}

#[tokio::test]
async fn a_message_larger_than_the_read_buffer_is_read_in_pieces() {
    let bench = Bench::new(Limits { websocket_read_buffer_bytes: 128, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.send(json!([{"channel": "/a", "data": "x".repeat(20_000)}])).await;
    assert_eq!(socket.receive().await[0]["successful"], true);
}

#[tokio::test]
async fn a_socket_without_a_session_is_closed_soon() {
    let bench = Bench::new(Limits { websocket_session_ms: 100, ..Limits::default() });
    let address = listen(&bench).await;
    let mut idle = Socket::open(address, &[]).await;
    let mut connected = Socket::connected(address, Value::Null).await;
    idle.closed().await;
    until(&bench, |bench| bench.server.stats().sockets == 1).await;
    connected.send(json!([{"channel": "/a", "data": "x"}])).await;
    assert_eq!(connected.receive().await[0]["successful"], true, "a socket with a session stays");
}

#[tokio::test]
async fn a_socket_that_sends_too_much_is_not_read_for_a_moment() {
    // The bench's policy lets three messages of this source through: handshake, connect and one
    // more.
    let bench = Bench::new(Limits { websocket_refused_ms: 300, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::open(address, &[("x-source", "3")]).await;
    socket.send(json!([{"channel": "/meta/handshake"}])).await;
    socket.id = socket.receive().await[0]["clientId"].as_str().unwrap().to_owned();
    socket.connect(&Value::Null).await;
    socket.receive().await;
    let began = tokio::time::Instant::now();
    let mut refused = 0;
    for _ in 0..4 {
        socket.send(json!([{"channel": "/a", "data": "x"}])).await;
    }
    for _ in 0..4 {
        refused += usize::from(socket.receive().await[0]["error"] == "429::too_many_requests");
    }
    assert_eq!(refused, 3, "each is answered");
    assert!(
        began.elapsed() >= Duration::from_millis(2 * 300),
        "and waited for: {:?}",
        began.elapsed()
    );
    let mut handshake = Socket::open(address, &[("x-source", "3")]).await;
    handshake.send(json!([{"channel": "/meta/handshake"}])).await;
    let reply = handshake.receive().await;
    assert_eq!(reply[0]["error"], "429::too_many_requests", "a handshake counts as well");
    assert_eq!(reply[0]["advice"]["reconnect"], "handshake");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_and_its_session_kept() {
    let limits = Limits { websocket_write_ms: 50, queued_bytes: 64 << 20, ..Limits::default() };
    let bench = Bench::new(limits);
    let address = listen(&bench).await;
    let socket = Socket::connected(address, Value::Null).await;
    // More than the system's buffers between the two ends take.
    let large = "x".repeat(512 << 10);
    for _ in 0..48 {
        assert_eq!(
            bench.server.deliver(&socket.session(), "/a", text(&large)),
            Delivery::Delivered
        );
    }
    until(&bench, |bench| bench.server.stats().sockets == 0).await;
    let stats = bench.server.stats();
    assert_eq!(stats.sessions, 1, "a session outlives its socket");
    assert!(stats.queued_messages > 0, "what was not written waits for the next connection");
    drop(socket);
}

#[tokio::test]
async fn a_shutdown_waits_for_the_sockets_so_long_and_no_longer() {
    for (shutdown_wait_ms, sockets) in [(0, 1), (10_000, 0)] {
        let bench = Bench::new(Limits { shutdown_wait_ms, ..Limits::default() });
        let address = listen(&bench).await;
        let mut socket = Socket::connected(address, Value::Null).await;
        let reading = tokio::spawn(async move { socket.closed().await });
        bench.server.shutdown().await;
        assert_eq!(bench.server.stats().sockets, sockets);
        reading.await.unwrap();
    }
}
