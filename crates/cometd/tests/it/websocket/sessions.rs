//! Sessions that outlive their sockets, change transports, or end while a socket is open (bayeux.md
//! 1.4, 1.5, 1.12).

use futures_util::{SinkExt, StreamExt};
use handoff_cometd::{Identity, Limits, Login, SessionId};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{Socket, listen};
use crate::support::{Bench, data, text};

#[tokio::test]
async fn the_older_of_two_connects_on_a_socket_is_dropped_without_a_word() {
    let bench = Bench::new(Limits { timeout_ms: 100, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.send(json!([{"channel": "/meta/connect", "id": "older"}])).await;
    socket.send(json!([{"channel": "/meta/connect", "id": "newer"}])).await;
    assert_eq!(socket.receive().await[0]["id"], "newer");
    socket.send(json!([{"channel": "/a", "id": "last"}])).await;
    assert_eq!(socket.receive().await[0]["id"], "last", "nothing else came in between");
}

#[tokio::test]
async fn a_session_moves_between_transports_and_is_advised_again() {
    let bench = Bench::new(Limits { timeout_ms: 50, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.send(json!([{"channel": "/meta/subscribe", "subscription": "/a"}])).await;
    socket.receive().await;
    let mut polling = bench.client(Some("kate"));
    polling.id = socket.id.clone();
    assert_eq!(polling.connect().await[0]["advice"]["reconnect"], "retry", "another transport");
    assert_eq!(polling.connect().await[0].get("advice"), None);
    assert_eq!(bench.server.publish("/a", text("polled")), 1);
    assert_eq!(data(&polling.connect().await), ["polled"], "the socket has lost its session");
    socket.connect(&Value::Null).await;
    assert_eq!(socket.receive().await[0]["advice"]["reconnect"], "retry", "and back");
    assert_eq!(bench.server.publish("/a", text("pushed")), 1);
    assert_eq!(data(&socket.receive().await), ["pushed"]);
}

#[tokio::test]
async fn a_held_connect_moves_with_its_session_to_another_socket() {
    let bench = Bench::new(Limits { timeout_ms: 200, max_interval_ms: 100, ..Limits::default() });
    let address = listen(&bench).await;
    let mut first = Socket::connected(address, Value::Null).await;
    first.send(json!([{"channel": "/meta/connect", "id": "held"}])).await;
    first.send(json!([{"channel": "/a", "id": "heard"}])).await;
    assert_eq!(first.receive().await[0]["id"], "heard");
    let mut second = Socket::open(address, &[("x-user", "kate")]).await;
    second.id = first.id.clone();
    second.send(json!([{"channel": "/a", "id": "moved"}])).await;
    assert_eq!(second.receive().await[0]["id"], "moved");
    assert_eq!(second.receive().await[0]["id"], "held", "it is answered when it is due");
    assert_eq!(second.closed().await, CloseCode::Normal, "and the session ends in time");
}

#[tokio::test]
async fn another_handshake_on_a_socket_speaks_for_the_new_session() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    let first = SessionId::new(std::mem::take(&mut socket.id));
    socket.send(json!([{"channel": "/meta/handshake"}])).await;
    socket.id = socket.receive().await[0]["clientId"].as_str().unwrap().to_owned();
    assert_ne!(socket.session(), first);
    bench.server.deliver(&first, "/a", text("for the first"));
    bench.server.deliver(&socket.session(), "/a", text("for the second"));
    assert_eq!(data(&socket.receive().await), ["for the second"]);
    assert_eq!(bench.server.stats().queued_messages, 1, "the first is left to expire");
}

#[tokio::test]
async fn a_session_that_expires_closes_its_socket() {
    let bench = Bench::new(Limits { max_interval_ms: 100, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    assert_eq!(socket.closed().await, CloseCode::Normal);
    assert_eq!(bench.server.stats().sessions, 0);
}

#[tokio::test]
async fn a_client_that_closes_leaves_its_session_to_the_next_socket() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.connect(&Value::Null).await;
    socket.stream.send(Message::Close(None)).await.unwrap();
    while bench.server.stats().sockets > 0 {
        tokio::task::yield_now().await;
    }
    bench.server.deliver(&socket.session(), "/a", text("kept"));
    let mut next = Socket::open(address, &[("x-user", "kate")]).await;
    next.id = socket.id.clone();
    next.connect(&Value::Null).await;
    assert_eq!(data(&next.receive().await), ["kept"]);
}

#[tokio::test]
async fn an_object_alone_and_one_frame_with_many_messages_are_understood() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    let alone = json!({"channel": "/a", "clientId": socket.id, "id": "1", "data": 1});
    socket.stream.send(Message::text(alone.to_string())).await.unwrap();
    assert_eq!(
        Value::from(socket.receive().await),
        json!([{"channel": "/a", "id": "1", "successful": true}])
    );
    socket.send(json!([{"channel": "/a", "id": "2"}, {"channel": "/b", "id": "3"}])).await;
    assert_eq!(socket.receive().await.len(), 2);
}

#[tokio::test]
async fn a_socket_that_was_opened_by_a_login_ends_with_it() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let of_login = |login| [("x-user", "kate"), ("x-login", login)];
    let mut by_it = Socket::open(address, &of_login("first")).await;
    by_it.send(json!([{"channel": "/meta/handshake"}])).await;
    assert_eq!(by_it.receive().await[0]["successful"], true);
    let mut without_session = Socket::open(address, &of_login("first")).await;
    let mut by_another = Socket::open(address, &of_login("second")).await;
    assert_eq!(bench.server.end_login(&Identity::new("kate"), &Login::new("first")), 1);
    for socket in [&mut by_it, &mut without_session] {
        let next = socket.stream.next().await.unwrap().unwrap();
        let Message::Close(Some(CloseFrame { code, .. })) = next else { panic!("{next}") };
        assert_eq!(code, CloseCode::Normal);
    }
    by_another.send(json!([{"channel": "/meta/handshake"}])).await;
    assert_eq!(by_another.receive().await[0]["successful"], true);
}

/// What was authenticated at the upgrade must not outlive the credentials: a client that stays on
/// its socket would shake hands without any.
#[tokio::test]
async fn no_socket_of_an_ended_identity_opens_another_session() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut told = Socket::connected(address, Value::Null).await;
    told.connect(&Value::Null).await;
    told.send(json!([{"channel": "/a", "data": 1}])).await;
    told.receive().await;
    let mut without_session = Socket::open(address, &[("x-user", "kate")]).await;
    let mut bens = Socket::open(address, &[("x-user", "ben")]).await;
    assert_eq!(bench.server.end_identity(&Identity::new("kate")), 1);
    assert_eq!(told.receive().await[0]["advice"]["reconnect"], "handshake");
    for socket in [&mut told, &mut without_session] {
        socket.send(json!([{"channel": "/meta/handshake"}])).await;
        let next = socket.stream.next().await.unwrap().unwrap();
        let Message::Close(Some(CloseFrame { code, .. })) = next else { panic!("{next}") };
        assert_eq!(code, CloseCode::Normal);
    }
    assert_eq!(bench.server.stats().sessions, 0);
    bens.send(json!([{"channel": "/meta/handshake"}])).await;
    assert_eq!(bens.receive().await[0]["successful"], true, "nobody else is concerned");
}
