//! The WebSocket transport over real connections on loopback.

mod bounds;
mod sessions;

use std::net::SocketAddr;

use axum::extract::Request;
use axum::middleware::{self, Next};
use futures_util::{SinkExt, StreamExt};
use handoff_cometd::{EndAdvice, Identity, Limits, Login, SessionId, Source};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Bench, data, text};

/// Serves the bench on a port; the header `x-user` stands for an authenticated user, `x-login` for
/// the login that let them in, `x-source` for where somebody comes from.
async fn listen(bench: &Bench) -> SocketAddr {
    let authenticate = |mut request: Request, next: Next| async move {
        if let Some(user) = request.headers().get("x-user").cloned() {
            request.extensions_mut().insert(Identity::new(user.to_str().unwrap()));
        }
        if let Some(login) = request.headers().get("x-login").cloned() {
            request.extensions_mut().insert(Login::new(login.to_str().unwrap()));
        }
        if let Some(source) = request.headers().get("x-source").cloned() {
            request.extensions_mut().insert(Source::new(source.to_str().unwrap()));
        }
        next.run(request).await
    };
    let router = bench.server.router_at("/cometd").layer(middleware::from_fn(authenticate));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
}

impl Socket {
    async fn open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        let mut request = format!("ws://{address}/cometd").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Self { stream: connect_async(request).await.unwrap().0, id: String::new() }
    }

    /// A socket with an open session, first connect answered.
    async fn connected(address: SocketAddr, ext: Value) -> Self {
        let mut socket = Self::open(address, &[("x-user", "kate")]).await;
        socket.send(json!([{"channel": "/meta/handshake", "ext": ext}])).await;
        socket.id = socket.receive().await[0]["clientId"].as_str().unwrap().to_owned();
        socket.connect(&Value::Null).await;
        assert_eq!(socket.receive().await[0]["advice"]["reconnect"], "retry");
        socket
    }

    async fn send(&mut self, mut messages: Value) {
        for message in messages.as_array_mut().unwrap() {
            message
                .as_object_mut()
                .unwrap()
                .entry("clientId")
                .or_insert_with(|| self.id.clone().into());
        }
        self.stream.send(Message::text(messages.to_string())).await.unwrap();
    }

    async fn connect(&mut self, ext: &Value) {
        self.send(json!([{"channel": "/meta/connect", "ext": ext}])).await;
    }

    async fn receive(&mut self) -> Vec<Value> {
        loop {
            match self.stream.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    async fn closed(&mut self) -> CloseCode {
        loop {
            if let Message::Close(Some(CloseFrame { code, .. })) =
                self.stream.next().await.unwrap().unwrap()
            {
                return code;
            }
        }
    }

    fn session(&self) -> SessionId {
        SessionId::new(self.id.as_str())
    }
}

#[tokio::test]
async fn messages_are_pushed_past_the_held_connect() {
    let bench = Bench::new(Limits { timeout_ms: 200, ..Limits::default() });
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.send(json!([{"channel": "/meta/subscribe", "subscription": "/a"}])).await;
    assert_eq!(socket.receive().await[0]["successful"], true);
    socket.connect(&Value::Null).await;
    bench.server.publish("/a", text("x"));
    assert_eq!(Value::from(socket.receive().await), json!([{"channel": "/a", "data": "x"}]));
    let due = socket.receive().await;
    assert_eq!(Value::from(due), json!([{"channel": "/meta/connect", "successful": true}]));
    bench.server.publish("/a", text("y"));
    assert_eq!(data(&socket.receive().await), ["y"], "no connect is needed to push");
}

#[tokio::test]
async fn a_subscription_is_replied_to_before_its_messages() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.send(json!([{"channel": "/meta/subscribe", "subscription": "/replayed"}])).await;
    let mut received = Vec::new();
    while received.len() < 4 {
        received.extend(socket.receive().await);
    }
    assert_eq!(received[0]["channel"], "/meta/subscribe");
    assert_eq!(data(&received), ["old 1", "live", "old 2"]);
}

#[tokio::test]
async fn what_a_request_brings_its_own_session_comes_in_the_frame_of_its_reply() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    for number in [7, 8] {
        socket.send(json!([{"channel": "/service/echo", "data": number}])).await;
        let reply = json!({"channel": "/service/echo", "successful": true});
        let echo = json!({"channel": "/service/echo", "data": number});
        assert_eq!(Value::from(socket.receive().await), json!([reply, echo]));
    }
    let mut socket = Socket::connected(address, json!({"ack": true})).await;
    socket.send(json!([{"channel": "/service/echo", "data": 9}])).await;
    assert_eq!(socket.receive().await.len(), 1, "the echo comes with a connect's reply");
}

#[tokio::test]
async fn with_acknowledgements_messages_come_with_connect_replies_and_again_on_a_new_socket() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, json!({"ack": true})).await;
    socket.connect(&json!({"ack": 1})).await;
    bench.server.deliver(&socket.session(), "/a", text("1"));
    let reply = socket.receive().await;
    assert_eq!((data(&reply), &reply[1]["ext"]["ack"]), (vec![&json!("1")], &json!(2)));
    let mut second = Socket::open(address, &[("x-user", "kate")]).await;
    second.id = socket.id.clone();
    drop(socket);
    second.connect(&json!({"ack": 1})).await;
    assert_eq!(data(&second.receive().await), ["1"], "it was not acknowledged");
}

#[tokio::test]
async fn a_new_socket_adopts_the_session_of_its_user_only() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let first = Socket::connected(address, Value::Null).await;
    let id = first.id.clone();
    drop(first);
    for (headers, admitted) in
        [(vec![("x-user", "ben")], false), (vec![], false), (vec![("x-user", "kate")], true)]
    {
        let mut socket = Socket::open(address, &headers).await;
        socket.id = id.clone();
        bench.server.deliver(&SessionId::new(id.as_str()), "/a", text("kept"));
        socket.send(json!([{"channel": "/meta/subscribe", "subscription": "/a"}])).await;
        let mut received = socket.receive().await;
        assert_eq!(received[0]["successful"], admitted, "{headers:?}");
        if admitted {
            while received.len() < 4 {
                received.extend(socket.receive().await);
            }
            assert_eq!(data(&received), ["kept", "kept", "kept"]);
        }
    }
}

#[tokio::test]
async fn an_anonymous_session_is_kept_from_foreign_browsers() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut client = bench.connected(None).await;
    let own = client.cookie.clone().unwrap();
    for (cookie, admitted) in
        [(Some("BAYEUX_BROWSER=foreign"), false), (Some(own.as_str()), true), (None, true)]
    {
        let headers: Vec<(&'static str, &str)> =
            cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
        let mut socket = Socket::open(address, &headers).await;
        socket.id = client.id.clone();
        socket.send(json!([{"channel": "/a", "data": 1}])).await;
        assert_eq!(socket.receive().await[0]["successful"], admitted, "{cookie:?}");
    }
    client.send(json!([{"channel": "/meta/disconnect"}])).await;
}

#[tokio::test]
async fn a_disconnect_releases_the_connect_first() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.connect(&Value::Null).await;
    socket.send(json!([{"channel": "/meta/disconnect"}])).await;
    let replies = socket.receive().await;
    let channels: Vec<&Value> = replies.iter().map(|reply| &reply["channel"]).collect();
    assert_eq!(channels, ["/meta/connect", "/meta/disconnect"]);
    assert_eq!(replies[0]["advice"], json!({"reconnect": "none"}));
}

#[tokio::test]
async fn an_ended_session_is_told_and_its_socket_closed() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.connect(&Value::Null).await;
    socket.send(json!([{"channel": "/a", "data": 1}])).await;
    socket.receive().await;
    assert!(bench.server.end_session(&socket.session(), EndAdvice::None));
    assert_eq!(socket.receive().await[0]["channel"], "/meta/disconnect");
    assert_eq!(socket.closed().await, CloseCode::Normal);
}

#[tokio::test]
async fn bad_frames_close_the_socket_with_a_reason() {
    let bench = Bench::new(Limits { websocket_message_bytes: 1_000, ..Limits::default() });
    let address = listen(&bench).await;
    for (frame, expected) in [
        (Message::text("[{"), CloseCode::Error),
        (Message::text("[]"), CloseCode::Error),
        (Message::text(format!("[{{\"channel\":\"{}\"}}]", "x".repeat(1_000))), CloseCode::Size),
        (Message::binary(vec![1, 2, 3]), CloseCode::Unsupported),
    ] {
        let mut socket = Socket::open(address, &[]).await;
        socket.stream.send(frame).await.unwrap();
        assert_eq!(socket.closed().await, expected);
    }
}

#[tokio::test]
async fn a_silent_socket_is_closed_and_a_living_one_kept() {
    let bench = Bench::new(Limits { websocket_idle_ms: 1_000, ..Limits::default() });
    let address = listen(&bench).await;
    let mut silent = Socket::open(address, &[]).await;
    let mut living = Socket::connected(address, Value::Null).await;
    // A client answers pings only while it reads; the silent one is not read before it must be
    // closed.
    let closed = async {
        while bench.server.stats().sockets > 1 {
            living.send(json!([{"channel": "/a", "data": 1}])).await;
            living.receive().await;
        }
    };
    closed.await;
    assert_eq!(silent.closed().await, CloseCode::Normal);
    living.send(json!([{"channel": "/a", "data": 1}])).await;
    assert_eq!(living.receive().await[0]["successful"], true);
}

#[tokio::test]
async fn a_shutdown_closes_the_sockets() {
    let bench = Bench::new(Limits::default());
    let address = listen(&bench).await;
    let mut socket = Socket::connected(address, Value::Null).await;
    socket.connect(&Value::Null).await;
    socket.send(json!([{"channel": "/a", "data": 1}])).await;
    socket.receive().await;
    let server = bench.server.clone();
    let shutdown = tokio::spawn(async move { server.shutdown().await });
    assert_eq!(socket.receive().await[0]["advice"]["reconnect"], "retry");
    assert_eq!(socket.closed().await, CloseCode::Away);
    drop(socket);
    shutdown.await.unwrap();
    bench.stop().await;
}
