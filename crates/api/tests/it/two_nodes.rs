//! An agent whose CometD session is on one node and whose requests go to another: nothing that they
//! are promised depends on which.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use handoff_testkit::{Call, FaultyStore, PASSWORD};
use serde_json::{Value, json};

use crate::api::has;
use crate::customer::SERVICE;
use crate::nodes::{GRACE_MS, Ground, HINTS, Node, Reachable, next_on};

const INTERACTIONS: &str = "/v2/me/interactions";
const CHANNELS: &str = "/v2/me/channels";

#[tokio::test]
async fn what_an_agent_does_on_one_node_is_told_on_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let mut kate = here.listening("kate").await;
        there.ready("kate").await;
        let id = there.submitted("tasks").await;
        let offered = next_on(&mut kate, INTERACTIONS).await;
        has(&offered, json!({"id": id, "state": "Invited", "sequence": 1}));
        let reference = there.does("kate", &id, "Accept").await["referenceId"].clone();
        let accepted = next_on(&mut kate, INTERACTIONS).await;
        has(&accepted, json!({"state": "Processing", "sequence": 2, "referenceId": reference}));
        there.does("kate", &id, "Complete").await;
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": id, "sequence": 3}));
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn one_login_is_good_on_every_node_and_ends_on_every_node() {
    for hints in HINTS {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let login = here.calls(Call::get("/me").by("kate", PASSWORD)).await;
        let cookie = login.cookie().unwrap();
        let token = login.headers["x-csrf-token"].to_str().unwrap().to_owned();
        for node in [&there, &here, &there] {
            node.with_cookie(Method::GET, "/me", &cookie).await.ok();
        }
        let end = Call::new(Method::DELETE, "/me/session").header("cookie", &cookie);
        there.calls(end.header("x-csrf-token", &token)).await.ok();
        there.with_cookie(Method::GET, "/me", &cookie).await.refused(401, 20);
        // So long the other node may take it for what it was.
        ground.clock.advance_ms(1_000);
        for node in [&here, &there] {
            node.with_cookie(Method::GET, "/me", &cookie).await.refused(401, 20);
        }
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn whoever_chose_another_password_on_one_node_goes_on_at_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let login = here.calls(Call::get("/me").by("kate", PASSWORD)).await;
        let cookie = login.cookie().unwrap();
        let token = login.headers["x-csrf-token"].to_str().unwrap();
        let body = json!({"operationName": "ChangePassword", "password": PASSWORD,
                          "newPassword": "battery staple 8"});
        let choose = Call::post("/me", &body).header("cookie", &cookie);
        let renewed = here.calls(choose.header("x-csrf-token", token)).await.cookie().unwrap();
        there.with_cookie(Method::GET, "/me", &renewed).await.ok();
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn what_was_answered_on_one_node_is_read_on_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let _kate = here.listening("kate").await;
        for (node, other) in [(&here, &there), (&there, &here)] {
            node.ready("kate").await;
            assert_eq!(other.state_of("kate").await, "Ready");
            other.post("kate", "/me", json!({"operationName": "NotReady"})).await;
            assert_eq!(node.state_of("kate").await, "NotReady");
            node.post("kate", "/me", json!({"operationName": "Ready"})).await;
        }
        let id = there.submitted("tasks").await;
        here.until("the offer", async |node| node.interaction("kate", &id).await == "Invited")
            .await;
        here.does("kate", &id, "Accept").await;
        assert_eq!(there.interaction("kate", &id).await, "Processing");
        there.does("kate", &id, "Complete").await;
        assert_eq!(here.interaction("kate", &id).await, "Completed");
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn a_command_is_refused_for_what_the_other_node_did_a_moment_ago() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let _kate = here.listening("kate").await;
        here.ready("kate").await;
        for _ in 0..8 {
            let id = here.submitted("tasks").await;
            let is_offered = async |node: &Node| node.interaction("kate", &id).await == "Invited";
            here.until("the offer", is_offered).await;
            here.does("kate", &id, "Accept").await;
            // This one remembers it, and writes nothing.
            there.does("kate", &id, "SetInFocus").await;
            here.does("kate", &id, "Complete").await;
            for operation in ["SetInFocus", "Complete"] {
                let body = json!({"operationName": operation});
                let path = format!("/me/interactions/{id}");
                let call = Call::post(&path, &body).by("kate", PASSWORD);
                there.calls(call).await.refused(409, 2);
            }
        }
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn requests_to_either_node_have_different_numbers() {
    let [here, there] = Node::two(HINTS[0]).await;
    let _kate = here.listening("kate").await;
    here.ready("kate").await;
    let id = here.submitted("tasks").await;
    here.until("the offer", async |node| node.interaction("kate", &id).await == "Invited").await;
    let mut numbers = vec![here.does("kate", &id, "Accept").await["referenceId"].clone()];
    for node in [&there, &here, &there, &here] {
        numbers.push(node.does("kate", &id, "SetInFocus").await["referenceId"].clone());
    }
    let mut numbers: Vec<i64> = numbers.iter().map(|it| it.as_i64().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 5);
}

#[tokio::test]
async fn an_agent_who_leaves_one_node_stays_by_their_session_on_the_other() {
    for hints in HINTS {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let mut first = here.listening("kate").await;
        let mut second = there.listening("kate").await;
        here.ready("kate").await;
        first.disconnect().await;
        let id = here.submitted("tasks").await;
        has(&next_on(&mut second, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        there.does("kate", &id, "Accept").await;
        ground.clock.advance_ms(2 * GRACE_MS);
        second.fetch().await;
        assert_eq!(here.state_of("kate").await, "Ready");
        second.unsubscribe("/v2/me/**").await;
        there.until_reachable("kate", Reachable::No).await;
        ground.clock.advance_ms(GRACE_MS);
        here.until("the end of the grace", async |node| node.state_of("kate").await == "LoggedOut")
            .await;
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn a_session_that_is_ended_on_one_node_is_over_for_the_other() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let mut kate = here.listening("kate").await;
        here.ready("kate").await;
        let id = here.submitted("tasks").await;
        assert_eq!(next_on(&mut kate, INTERACTIONS).await["state"], "Invited");
        here.does("kate", &id, "Accept").await;
        there.post("kate", "/me", json!({"operationName": "EndContactCenterSession"})).await;
        loop {
            let told = next_on(&mut kate, CHANNELS).await;
            if told["channels"][0]["userState"]["state"] == "LoggedOut" {
                break;
            }
        }
        let refused = here
            .calls(Call::post("/me", &json!({"operationName": "Ready"})).by("kate", PASSWORD))
            .await;
        assert_ne!(refused.status, 200, "{refused:?}");
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn work_goes_to_the_agents_of_every_node_and_to_one_at_a_time() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let mut kate = here.listening("kate").await;
        let mut ben = there.listening("ben").await;
        here.ready("kate").await;
        there.ready("ben").await;
        // As many as both have room for: five each.
        let mut submitted = Vec::new();
        for node in [&here, &there].into_iter().cycle().take(10) {
            submitted.push(node.submitted("tasks").await);
        }
        let mut offered = Vec::new();
        for agent in [&mut kate, &mut ben] {
            for _ in 0..5 {
                let told = next_on(agent, INTERACTIONS).await;
                assert_eq!(told["state"], "Invited", "{told}");
                offered.push(told["id"].as_str().unwrap().to_owned());
            }
        }
        submitted.sort();
        offered.sort();
        assert_eq!(offered, submitted, "each once");
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn the_work_of_a_node_that_is_killed_goes_on_after_the_grace() {
    for hints in HINTS {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let mut kate = here.listening("kate").await;
        here.ready("kate").await;
        let id = here.submitted("tasks").await;
        assert_eq!(next_on(&mut kate, INTERACTIONS).await["state"], "Invited");
        here.does("kate", &id, "Accept").await;
        there.until_reachable("kate", Reachable::Yes).await;
        drop(here);
        there.until_reachable("kate", Reachable::No).await;
        ground.clock.advance_ms(GRACE_MS - 1);
        assert_eq!(there.state_of("kate").await, "Ready");
        ground.clock.advance_ms(1);
        there
            .until("the end of the grace", async |node| node.state_of("kate").await == "LoggedOut")
            .await;
        there
            .until("the work", async |node| node.interaction("kate", &id).await != "Processing")
            .await;
        there.stop().await;
    }
}

/// A client goes on where it was, on another node than the one that was killed.
#[tokio::test]
async fn a_client_whose_node_is_killed_misses_nothing_and_keeps_its_work() {
    for hints in HINTS {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let mut kate = here.listening("kate").await;
        here.ready("kate").await;
        let id = here.submitted("tasks").await;
        let last = next_on(&mut kate, INTERACTIONS).await["sequence"].clone();
        drop(here);
        there.does("kate", &id, "Accept").await;
        let mut kate = there.client("kate");
        kate.handshake().await;
        let ext = json!({"replay": {(INTERACTIONS): last}});
        kate.subscribe("/v2/me/**", ext).await;
        let told = next_on(&mut kate, INTERACTIONS).await;
        has(&told, json!({"id": id, "state": "Processing", "sequence": 2}));
        // The entry of the dead node goes, and hers stays.
        let user = there.user_id("kate");
        there
            .until("the end of the dead", async |node| {
                let desk = node.engine.core().current_desk(user).await.unwrap();
                desk.unwrap().reach.0.keys().copied().eq([node.engine.core().incarnation()])
            })
            .await;
        ground.clock.advance_ms(2 * GRACE_MS);
        kate.fetch().await;
        there.does("kate", &id, "Complete").await;
        assert_eq!(there.interaction("kate", &id).await, "Completed");
        there.stop().await;
    }
}

const CUSTOMERS: &str = "/service/chatV2/customer-support";
const POLLING: &str = "/genesys/2/chat/customer-support";

/// The CometD session of a customer on one node.
struct Browser<'a> {
    node: &'a Node,
    id: Value,
}

impl<'a> Browser<'a> {
    async fn open(node: &'a Node) -> Self {
        let handshake = json!([{"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]}]);
        let id = node.customer_sends(handshake).await[0]["clientId"].clone();
        let subscribe =
            json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": CUSTOMERS}]);
        let reply = node.customer_sends(subscribe).await;
        assert_eq!(reply[0]["successful"], true, "{reply:?}");
        Self { node, id }
    }

    /// Publishes a request, and waits until something is delivered in which `wanted` is.
    async fn until(&self, request: Option<Value>, wanted: &str) -> Value {
        let connect = json!({"channel": "/meta/connect", "clientId": self.id,
            "connectionType": "long-polling", "advice": {"timeout": 50}});
        let publish = |data| json!({"channel": CUSTOMERS, "clientId": self.id, "data": data});
        let mut came = match request {
            Some(data) => self.node.customer_sends(json!([publish(data)])).await,
            None => Vec::new(),
        };
        for _ in 0..200 {
            let delivered = came.iter().filter(|message| message.get("successful").is_none());
            let data = delivered.map(|message| &message["data"]);
            if let Some(found) = data.into_iter().find(|data| data.to_string().contains(wanted)) {
                return found.clone();
            }
            came = self.node.customer_sends(json!([connect])).await;
        }
        panic!("{wanted} never came");
    }
}

#[tokio::test]
async fn customer_and_agent_speak_over_different_nodes() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let mut kate = there.listening("kate").await;
        there.ready("kate").await;
        let browser = Browser::open(&here).await;
        let request = json!({"operation": "requestChat", "nickname": "Ada", "subject": "Invoice"});
        let begun = browser.until(Some(request), "secureKey").await;
        let (id, key) = (begun["chatId"].as_str().unwrap(), begun["secureKey"].as_str().unwrap());
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        there.does("kate", id, "Accept").await;
        let path = format!("/me/interactions/{id}");
        there.post("kate", &path, json!({"operationName": "Send", "text": "Good day"})).await;
        browser.until(None, "Good day").await;
        let said = json!({"operation": "sendMessage", "secureKey": key, "message": "My invoice"});
        browser.until(Some(said), "My invoice").await;
        while !next_on(&mut kate, INTERACTIONS).await.to_string().contains("My invoice") {}
        // Whoever polls may ask any node.
        for node in [&here, &there] {
            let fields = [("secureKey", key), ("transcriptPosition", "1")];
            let refresh = Call::form(&format!("{POLLING}/{id}/refresh"), &fields);
            let shown = node.calls(refresh).await.text;
            assert!(shown.contains("Good day") && shown.contains("My invoice"), "{shown}");
        }
        here.stop().await;
        there.stop().await;
    }
}

/// The customer's node reads what was said once it knows of the agent's first words; the end comes
/// between the two.
#[tokio::test]
async fn a_customer_is_told_the_end_that_comes_while_their_node_reads_what_was_said() {
    for hints in HINTS {
        let mut ground = Ground::new(hints).await;
        let there = ground.node().await;
        let faulty = Arc::new(FaultyStore::over(ground.store.clone()));
        ground.store = faulty.clone();
        let here = ground.node().await;
        let mut kate = there.listening("kate").await;
        there.ready("kate").await;
        let browser = Browser::open(&here).await;
        let request = json!({"operation": "requestChat", "nickname": "Ada", "subject": "Invoice"});
        let begun = browser.until(Some(request), "secureKey").await;
        let id = begun["chatId"].as_str().unwrap();
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        there.does("kate", id, "Accept").await;
        browser.until(None, "ParticipantJoined").await;
        let path = format!("/me/interactions/{id}");
        faulty.hold_next_transcript();
        there.post("kate", &path, json!({"operationName": "Send", "text": "Good day"})).await;
        faulty.held().await;
        there.post("kate", &path, json!({"operationName": "Complete", "text": "Bye"})).await;
        faulty.release();
        let told = browser.until(None, "Good day").await;
        if told["chatEnded"] != true {
            let end = browser.until(None, "\"chatEnded\":true").await;
            assert!(!end.to_string().contains("Good day"), "{end}");
        }
        assert_eq!(faulty.fired(), 1);
        here.stop().await;
        there.stop().await;
    }
}

/// Both nodes read of what the agent took, and act on it.
#[tokio::test]
async fn who_follows_an_agent_of_another_node_is_offered_what_they_take_once() {
    for hints in HINTS {
        let [here, there] = Node::two(hints).await;
        let (mut sam, mut kate) = (here.listening("sam").await, there.listening("kate").await);
        let start = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
        here.post("sam", "/me", start).await;
        there.ready("kate").await;
        let follow = format!("/users/{}/channels/chat", here.user_id("kate"));
        here.post("sam", &follow, json!({"operationName": "Coach"})).await;
        let begun = there.calls(Call::form(SERVICE, &[("nickname", "Ada")])).await.json();
        let id = begun["chatId"].as_str().unwrap();
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        there.does("kate", id, "Accept").await;
        has(&next_on(&mut sam, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        here.does("sam", id, "Reject").await;
        has(&next_on(&mut sam, INTERACTIONS).await, json!({"id": id, "state": "Completed"}));
        let said = json!({"operationName": "AddComment", "comment": "so be it"});
        there.post("kate", &format!("/me/interactions/{id}"), said).await;
        // Several looks of both.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let chat = here.engine.core().interaction(id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(chat.offers, 2, "one of the router's and one for Sam");
        here.stop().await;
        there.stop().await;
    }
}
