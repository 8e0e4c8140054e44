//! What CometD opened by a login session ends with that, whatever it ended by and wherever.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, Method, Request};
use handoff_domain::{User, UserId};
use handoff_store::{ChangeSet, Extent, Key, Put, Record, Removal};
use handoff_testkit::comet::{Reader, Writer, upgrade};
use handoff_testkit::{Call, Fault, FaultyStore, PASSWORD};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::api::{Api, CHANNELS, basic, store};
use crate::nodes::{BOUND, HINTS, Hints, Node};

/// What a client of Kate's is known by: a cookie with its token, or her password.
#[derive(Clone)]
struct Known(Vec<(HeaderName, String)>);

impl Known {
    async fn by_cookie(node: &Node) -> Self {
        let login = node.calls(Call::get("/me").by("kate", PASSWORD)).await;
        let token = login.headers["x-csrf-token"].to_str().unwrap().to_owned();
        let cookie = (COOKIE, login.cookie().unwrap());
        Self(vec![cookie, (HeaderName::from_static("x-csrf-token"), token)])
    }

    fn by_password() -> Self {
        Self(vec![(AUTHORIZATION, basic("kate", PASSWORD))])
    }

    /// A program's token; returns its address as well.
    async fn by_token(node: &Node) -> (Self, String) {
        let new = json!({"name": node.engine.core().ids().random().to_string(), "scopes": ["read"],
            "expiresInDays": 1});
        let made = node.post("kate", "/me/tokens", new).await;
        let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
        let path = format!("/me/tokens/{}", made["id"].as_str().unwrap());
        (Self(vec![(AUTHORIZATION, bearer)]), path)
    }

    /// A program's that keeps cookies, and sends its password nevertheless.
    async fn by_both(node: &Node) -> (Self, Self) {
        let cookie = Self::by_cookie(node).await;
        let both = Self([Self::by_password().0, cookie.0.clone()].concat());
        (cookie, both)
    }

    fn on(&self, call: Call) -> Call {
        self.0.iter().fold(call, |call, (name, value)| call.header(name.as_str(), value))
    }

    async fn sends(&self, node: &Node, message: Value) -> Value {
        let call = self.on(Call::post("/notifications", &json!([message])));
        let replies: Value = serde_json::from_str(&node.calls(call).await.text).unwrap();
        replies[0].clone()
    }

    /// Opens a session; returns its id.
    async fn opens(&self, node: &Node) -> String {
        let reply = self.sends(node, json!({"channel": "/meta/handshake", "version": "1.0"})).await;
        let id = reply["clientId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        // The first is answered at once.
        self.sends(node, connect(&id, 0)).await;
        id
    }

    async fn opens_socket(&self, node: &Node) -> (Writer, Reader) {
        let address = node.served().await;
        let headers: HeaderMap =
            self.0.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let stream = TcpStream::connect(address).await.unwrap();
        Writer::halves(upgrade(stream, address, "/api/v2/notifications", headers).await.unwrap())
    }
}

fn connect(id: &str, timeout_ms: u64) -> Value {
    json!({"channel": "/meta/connect", "clientId": id, "connectionType": "long-polling",
        "advice": {"timeout": timeout_ms}})
}

/// Tells whether a session goes on, as somebody sees it who is known by their password.
async fn goes_on(node: &Node, id: &str) -> bool {
    Known::by_password().sends(node, connect(id, 0)).await["successful"] == true
}

async fn log_out(node: &Node, known: &Known) {
    node.calls(known.on(Call::new(Method::DELETE, "/me/session"))).await.ok();
}

#[tokio::test]
async fn a_logout_ends_what_its_cookie_opened_and_nothing_else() {
    for leaves in ["/me/session", "/me"] {
        let node = Node::alone().await;
        let start = json!({"operationName": "StartContactCenterSession", "channels": CHANNELS});
        node.post("kate", "/me", start).await;
        let cookie = Known::by_cookie(&node).await;
        let (its_cookie, both) = Known::by_both(&node).await;
        let ended = cookie.opens(&node).await;
        let others = [
            Known::by_cookie(&node).await.opens(&node).await,
            Known::by_password().opens(&node).await,
            both.opens(&node).await,
        ];
        let parked = tokio::spawn({
            let call = cookie.on(Call::post("/notifications", &json!([connect(&ended, 30_000)])));
            let router = node.router.clone();
            async move { crate::api::Reply::of_call(&router, call).await.text }
        });
        node.until("the poll", async |node| node.comet.server().stats().held_polls == 1).await;
        match leaves {
            "/me" => {
                let end = json!({"operationName": "EndContactCenterSession"});
                node.calls(cookie.on(Call::post("/me", &end))).await.ok();
            }
            _ => log_out(&node, &cookie).await,
        }
        let told = tokio::time::timeout(BOUND, parked).await.unwrap().unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told[0]["advice"]["reconnect"], "handshake", "{told}");
        assert!(!goes_on(&node, &ended).await, "{leaves}");
        let again = json!({"channel": "/meta/handshake", "version": "1.0"});
        assert_eq!(cookie.sends(&node, again).await["successful"], false);
        for other in &others {
            assert!(goes_on(&node, other).await, "{leaves}");
        }
        // What a program opened by its password is not its cookie's.
        log_out(&node, &its_cookie).await;
        assert!(goes_on(&node, &others[2]).await);
        node.stop().await;
    }
}

#[tokio::test]
async fn a_websocket_ends_with_the_cookie_that_opened_it() {
    let node = Node::alone().await;
    let (first, second) = (Known::by_cookie(&node).await, Known::by_cookie(&node).await);
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0"}]).to_string();
    let mut sockets = Vec::new();
    for known in [&first, &second, &Known::by_password()] {
        let (writer, mut reader) = known.opens_socket(&node).await;
        writer.send(handshake.clone()).await.unwrap();
        assert!(reader.frame().await.unwrap().contains("clientId"));
        sockets.push((writer, reader));
    }
    let (_, mut without_session) = first.opens_socket(&node).await;
    log_out(&node, &first).await;
    let (_, ended) = &mut sockets[0];
    for reader in [ended, &mut without_session] {
        let closed = tokio::time::timeout(BOUND, reader.frame()).await.unwrap();
        assert!(closed.is_err(), "{closed:?}");
    }
    for (writer, reader) in &mut sockets[1..] {
        writer.send(handshake.clone()).await.unwrap();
        assert!(reader.frame().await.unwrap().contains("clientId"));
    }
    node.stop().await;
}

#[tokio::test]
async fn a_logout_on_one_node_ends_what_its_cookie_opened_on_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let (cookie, other) = (Known::by_cookie(&here).await, Known::by_cookie(&here).await);
        let (ended, stays) = (cookie.opens(&here).await, other.opens(&here).await);
        log_out(&there, &cookie).await;
        here.until("the end", async |node| !goes_on(node, &ended).await).await;
        // The clock stands still: what is remembered would be good for as long as the test lasts.
        let again = json!({"channel": "/meta/handshake", "version": "1.0"});
        assert_eq!(cookie.sends(&here, again).await["successful"], false);
        assert!(goes_on(&here, &stays).await);
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_is_removed_on_one_node_ends_what_it_opened_on_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let ((token, path), (other, _)) =
            (Known::by_token(&here).await, Known::by_token(&here).await);
        let (ended, stays) = (token.opens(&here).await, other.opens(&here).await);
        let (writer, mut reader) = token.opens_socket(&here).await;
        let handshake = json!([{"channel": "/meta/handshake", "version": "1.0"}]).to_string();
        writer.send(handshake).await.unwrap();
        assert!(reader.frame().await.unwrap().contains("clientId"));
        let remove = Call::new(Method::DELETE, &path).by("kate", PASSWORD);
        there.calls(remove).await.ok();
        here.until("the end", async |node| !goes_on(node, &ended).await).await;
        let closed = tokio::time::timeout(BOUND, async { while reader.frame().await.is_ok() {} });
        closed.await.expect("the socket is closed");
        let again = json!({"channel": "/meta/handshake", "version": "1.0"});
        assert_eq!(token.sends(&here, again).await["successful"], false);
        assert!(goes_on(&here, &stays).await);
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_expires_ends_what_it_opened() {
    let ground = crate::nodes::Ground::new(Hints::Joined).await;
    let node = ground.node().await;
    let (token, _) = Known::by_token(&node).await;
    let (_writer, mut reader) = token.opens_socket(&node).await;
    node.engine.workers().logins().look().await.unwrap();
    ground.clock.advance_ms(24 * 60 * 60 * 1_000);
    let closed = async { while reader.frame().await.is_ok() {} };
    node.engine.workers().logins().look().await.unwrap();
    tokio::time::timeout(BOUND, closed).await.expect("the socket is closed");
    node.stop().await;
}

#[tokio::test]
async fn a_websocket_that_lives_keeps_its_login_from_being_idle() {
    let ground = crate::nodes::Ground::new(Hints::Joined).await;
    let node = ground.node().await;
    let (cookie, idle) = (Known::by_cookie(&node).await, Known::by_cookie(&node).await);
    let (_writer, _reader) = cookie.opens_socket(&node).await;
    node.calls(idle.on(Call::get("/me"))).await.ok();
    for _ in 0..4 {
        ground.clock.advance_ms(15 * 60 * 1_000);
        node.engine.workers().logins().look().await.unwrap();
    }
    node.calls(cookie.on(Call::get("/me"))).await.ok();
    node.calls(idle.on(Call::get("/me"))).await.refused(401, 20);
    node.stop().await;
}

/// Its session is opened after the logout, by a cookie that was good when the request came.
#[tokio::test]
async fn a_request_that_is_under_way_at_the_logout_opens_nothing() {
    let node = Node::alone().await;
    let cookie = Known::by_cookie(&node).await;
    node.calls(cookie.on(Call::get("/me"))).await.ok();
    let (rest, coming) = oneshot::channel::<String>();
    let is_read = Arc::new(Notify::new());
    let waiting = is_read.clone();
    let body = Body::from_stream(futures_util::stream::once(async move {
        is_read.notify_one();
        coming.await
    }));
    let request = Request::from(cookie.on(Call::post("/notifications", &Value::Null)));
    let request = request.map(|_| body);
    let router = node.router.clone();
    let under_way = tokio::spawn(async move { crate::api::Reply::of(&router, request).await });
    // It is past the gate once it waits for its body.
    waiting.notified().await;
    log_out(&node, &cookie).await;
    rest.send(json!([{"channel": "/meta/handshake", "version": "1.0"}]).to_string()).unwrap();
    let opened: Value = serde_json::from_str(&under_way.await.unwrap().text).unwrap();
    let id = opened[0]["clientId"].as_str().unwrap_or_else(|| panic!("{opened}"));
    assert!(!goes_on(&node, id).await);
    node.stop().await;
}

/// Who is disabled and enabled again between two looks of a node has no login of before there.
#[tokio::test]
async fn sessions_end_of_a_user_whose_logins_were_ended_between_two_looks() {
    let node = Node::alone().await;
    let id = Known::by_cookie(&node).await.opens(&node).await;
    let directory = node.engine.core().directory();
    let kate = directory.user_by_name("kate").unwrap();
    let ended = User { logins_ended: 1, ..User::clone(kate) };
    let expected = directory.version(&Key::User(kate.id));
    let puts = vec![Put { record: Record::User(ended), expected }];
    node.engine.core().store().commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    node.until("the end", async |node| !goes_on(node, &id).await).await;
    node.stop().await;
}

/// The pair that was right for who is gone says nothing of who has it now.
#[tokio::test]
async fn who_is_made_anew_under_a_name_is_told_what_is_theirs() {
    let node = Node::alone().await;
    let known = Known::by_password();
    known.opens(&node).await;
    let directory = node.engine.core().directory();
    let kate = directory.user_by_name("kate").unwrap();
    let anew = User { id: UserId(0xc1), ..User::clone(kate) };
    let key = Key::User(kate.id);
    let change = ChangeSet {
        removals: vec![Removal { version: directory.version(&key), key }],
        puts: vec![Put { record: Record::User(anew.clone()), expected: 0 }],
        directory: Some(directory.guard(kate.center, Extent::Whole)),
        ..ChangeSet::default()
    };
    node.engine.core().store().commit(change).await.unwrap();
    node.until("the new one", async |node| node.user_id("kate") == anew.id).await;
    let id = known.opens(&node).await;
    let all = json!({"channel": "/meta/subscribe", "clientId": id, "subscription": "/v2/me/**"});
    assert_eq!(known.sends(&node, all).await["successful"], true);
    node.ready("kate").await;
    let poll = known.on(Call::post("/notifications", &json!([connect(&id, 5_000)])));
    let told = node.calls(poll).await.text;
    assert!(told.contains("/v2/me/channels"), "{told}");
    node.stop().await;
}

#[tokio::test]
async fn whoever_hangs_up_while_they_are_logged_out_is_logged_out_nevertheless() {
    let end = json!({"operationName": "EndContactCenterSession"});
    for leave in [Call::new(Method::DELETE, "/me/session"), Call::post("/me", &end)] {
        let faulty = Arc::new(FaultyStore::over(store().await));
        let api = Api::start_on(faulty.clone(), |_| {}).await;
        api.start_session("kate").await;
        let login = api.calls(Call::get("/me").by("kate", PASSWORD)).await;
        let cookie = login.cookie().unwrap();
        let token = login.headers["x-csrf-token"].to_str().unwrap();
        let known = |call: Call| call.header("cookie", &cookie).header("x-csrf-token", token);
        api.calls(known(Call::get("/me"))).await.ok();
        faulty.fail_next(Fault::Held);
        tokio::select! {
            reply = api.calls(known(leave)) => panic!("answered at once: {}", reply.text),
            () = faulty.held() => {}
        }
        faulty.release();
        let is_logged_out = async {
            while api.calls(known(Call::get("/me"))).await.status != 401 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(BOUND, is_logged_out).await.expect("the cookie opens nothing");
    }
}
