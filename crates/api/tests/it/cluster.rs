//! Nodes that know of each other: who is there, who logs in where, and what becomes of whoever is
//! on a node that stops.

use axum::body::Body;
use axum::http::{Method, Request};
use handoff_api::SessionKeys;
use handoff_engine::Duty;
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::{Reply, has};
use crate::nodes::{GRACE_MS, Ground, HINTS, Hints, Node, next_on};

const INTERACTIONS: &str = "/v2/me/interactions";
/// Longer than a key signs, in ms, even if the next one was made as late as can be.
const LONG_MS: u32 = 65 * 60 * 1_000;

async fn readiness(node: &Node) -> (u16, Value) {
    let request = Request::get("/readyz").body(Body::empty()).unwrap();
    let reply = Reply::of(&node.router, request).await;
    (reply.status.as_u16(), reply.json())
}

/// Returns the duties of a node that lives, as it shows them itself.
async fn duties(node: &Node) -> Vec<Value> {
    let shown = node.get("ada", "/system/nodes").await;
    let nodes = shown["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["isThis"] == true).unwrap()["duties"].as_array().unwrap().clone()
}

#[tokio::test]
async fn admins_are_shown_the_nodes_that_live() {
    let [here, there] = Node::two(Hints::Joined).await;
    let _kate = there.listening("kate").await;
    there
        .until("what is told of a session", async |node| {
            let shown = node.get("ada", "/system/nodes").await;
            shown.to_string().contains("\"sessions\":1")
        })
        .await;
    let shown = here.get("ada", "/system/nodes").await["nodes"].clone();
    let nodes = shown.as_array().unwrap();
    assert_eq!(nodes.len(), 2, "{shown}");
    let these: Vec<&Value> = nodes.iter().filter(|node| node["isThis"] == true).collect();
    let id = here.engine.core().incarnation().to_string();
    has(these[0], json!({"id": id, "sessions": 0, "version": env!("CARGO_PKG_VERSION")}));
    let had = nodes.iter().map(|node| node["duties"].as_array().unwrap().len());
    assert_eq!(had.sum::<usize>(), Duty::ALL.len(), "each is one node's: {shown}");
    let board = |node: &Value| node["readers"].to_string().contains("\"name\":\"board\"");
    assert!(nodes.iter().all(board), "{shown}");
    drop(here);
    there
        .until("the end of the other", async |node| {
            let shown = node.get("ada", "/system/nodes").await;
            shown["nodes"].as_array().unwrap().len() == 1
        })
        .await;
    let has_all = async |node: &Node| duties(node).await.len() == Duty::ALL.len();
    there.until("the other's duties", has_all).await;
    there.stop().await;
}

/// Returns what a node says to the cookie of a login at another.
async fn login_elsewhere(keys: SessionKeys) -> u16 {
    let mut ground = Ground::new(Hints::Lost).await;
    ground.keys = keys;
    let [here, there] = [ground.node().await, ground.node().await];
    let cookie = here.calls(Call::get("/me").by("kate", PASSWORD)).await.cookie().unwrap();
    let status = there.with_cookie(Method::GET, "/me", &cookie).await.status.as_u16();
    here.stop().await;
    there.stop().await;
    status
}

#[tokio::test]
async fn whoever_logged_in_at_one_node_is_known_at_the_others() {
    assert_eq!(login_elsewhere(SessionKeys::OfAllNodes).await, 200);
    assert_eq!(login_elsewhere(SessionKeys::OfThisNode).await, 401, "the control");
}

#[tokio::test]
async fn a_key_signs_for_an_hour_and_another_one_is_found_by_the_others() {
    let ground = Ground::new(Hints::Lost).await;
    let here = ground.node().await;
    let before = log_in(&here).await;
    ground.clock.advance_ms(LONG_MS);
    // It makes a key when it starts, of which the other has not heard, and signs with it at once.
    let there = ground.node().await;
    let cookie = log_in(&there).await;
    here.with_cookie(Method::GET, "/me", &cookie).await.ok();
    let of_before = there.with_cookie(Method::GET, "/me", &before).await.status;
    assert_eq!(of_before, 401, "it never came back within the time that a login may be unused");
    here.stop().await;
    there.stop().await;
}

/// Sends a node the cookie of a login with another signature, which no key has made.
async fn forges(node: &Node, cookie: &str) {
    // Its very last character has bits that are none of the signature's.
    let (kept, end) = (&cookie[..cookie.len() - 8], &cookie[cookie.len() - 8..]);
    let other = if end.starts_with('A') { "B" } else { "A" };
    node.with_cookie(Method::GET, "/me", &[kept, other, &end[1..]].concat()).await.refused(401, 20);
}

async fn log_in(node: &Node) -> String {
    node.calls(Call::get("/me").by("kate", PASSWORD)).await.cookie().unwrap()
}

/// Whoever sends forged cookies uses up the looks at the keys of others, and keeps no node from
/// knowing a login.
#[tokio::test]
async fn a_forger_keeps_no_node_from_knowing_whom_another_let_in() {
    let ground = Ground::new(Hints::Lost).await;
    let [here, there] = [ground.node().await, ground.node().await];
    ground.clock.advance_ms(60 * 60 * 1_000 - 100);
    let known = log_in(&here).await;
    forges(&here, &known).await;
    ground.clock.advance_ms(200);
    // Now it is time for another key, which this one makes.
    forges(&there, &known).await;
    for _ in 0..2 * 180 {
        let cookie = log_in(&there).await;
        here.with_cookie(Method::GET, "/me", &cookie).await.ok();
        forges(&here, &cookie).await;
        forges(&there, &cookie).await;
        ground.clock.advance_ms(500);
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_node_that_is_about_to_stop_says_so_and_serves_on() {
    let here = Node::alone().await;
    assert_eq!(readiness(&here).await.0, 200, "the control");
    here.engine.core().leave();
    let (status, body) = readiness(&here).await;
    assert_eq!((status, &body["failing"]), (503, &json!(["the node stops"])), "{body}");
    here.ready("kate").await;
    here.submitted("tasks").await;
    here.stop().await;
}

#[tokio::test]
async fn whoever_is_on_a_node_that_stops_goes_on_at_another_and_misses_nothing() {
    for hints in HINTS {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let mut kate = here.listening("kate").await;
        here.ready("kate").await;
        let id = here.submitted("tasks").await;
        let last = next_on(&mut kate, INTERACTIONS).await["sequence"].clone();
        here.does("kate", &id, "Accept").await;
        next_on(&mut kate, INTERACTIONS).await;
        kate.fetch().await;
        let parked = tokio::spawn(async move { kate.hold().await });
        let polls = async |node: &Node| node.comet.server().stats().held_polls == 1;
        here.until("the poll", polls).await;
        here.engine.hand_over().await;
        there
            .until("the duties", async |node| {
                Duty::ALL.iter().all(|duty| node.engine.core().has_duty(*duty))
            })
            .await;
        here.stop().await;
        let reply = parked.await.unwrap();
        has(&reply, json!({"channel": "/meta/connect", "successful": true}));
        assert_eq!(reply["advice"]["reconnect"], "retry", "{reply}");
        // Her session is unknown there, and she is told what to do.
        let mut kate = there.client("kate");
        let unknown = kate.fetch().await;
        assert_eq!(unknown["advice"]["reconnect"], "handshake", "{unknown}");
        kate.handshake().await;
        kate.subscribe("/v2/me/**", json!({"replay": {(INTERACTIONS): last}})).await;
        let told = next_on(&mut kate, INTERACTIONS).await;
        has(&told, json!({"id": id, "state": "Processing", "sequence": 2}));
        ground.clock.advance_ms(2 * GRACE_MS);
        kate.fetch().await;
        assert_eq!(there.state_of("kate").await, "Ready", "nothing was taken from her");
        there.stop().await;
    }
}
