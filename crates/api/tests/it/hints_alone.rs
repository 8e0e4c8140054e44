//! Nodes whose workers look once an hour: what crosses between them crosses by hints and notes.

use std::time::Duration;

use axum::http::Method;
use handoff_engine::Duty;
use handoff_testkit::{Call, PASSWORD};
use serde_json::json;

use crate::api::has;
use crate::nodes::{Ground, Hints, Node, next_on};

const INTERACTIONS: &str = "/v2/me/interactions";
const SUPPORT: &str = "/genesys/2/chat/customer-support";
/// More than a test may take, in ms.
const NEVER_MS: u64 = 3_600_000;
/// How long what does not come is waited for.
const MOMENT: Duration = Duration::from_millis(500);
/// Within what time a node takes notice of what another did, and time for a busy machine.
const SOON: Duration = Duration::from_secs(4);
/// What carries hints.
const CARRIED: [Hints; 3] = [Hints::Joined, Hints::Notify, Hints::Nats];

/// Starts two nodes that hear each other, if they ever will. The first has the duties.
async fn two(hints: Hints) -> [Node; 2] {
    let mut ground = Ground::new(hints).await;
    (ground.period_ms, ground.logins_ms) = (NEVER_MS, NEVER_MS);
    two_on(&ground).await
}

async fn two_on(ground: &Ground) -> [Node; 2] {
    let first = ground.node().await;
    first.engine.core().until_duty(Duty::Routing).await;
    [first, ground.node().await]
}

#[tokio::test]
async fn an_offer_and_what_is_typed_come_from_the_other_node_at_once() {
    for hints in CARRIED {
        let [here, there] = two(hints).await;
        let mut kate = here.listening("kate").await;
        there.ready("kate").await;
        let work = there.submitted("tasks").await;
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": work, "state": "Invited"}));
        there.does("kate", &work, "Accept").await;
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": work, "state": "Processing"}));
        let begun = there.calls(Call::form(SUPPORT, &[("nickname", "Ada")])).await.json();
        let (id, key) = (begun["chatId"].as_str().unwrap(), begun["secureKey"].as_str().unwrap());
        has(&next_on(&mut kate, INTERACTIONS).await, json!({"id": id, "state": "Invited"}));
        here.does("kate", id, "Accept").await;
        let typing = [("secureKey", key), ("message", "My inv")];
        there.calls(Call::form(&format!("{SUPPORT}/{id}/startTyping"), &typing)).await;
        while !next_on(&mut kate, INTERACTIONS).await.to_string().contains("My inv") {}
        here.stop().await;
        there.stop().await;
    }
}

/// Tells whether something comes to be so soon.
async fn comes_to_be(holds: impl AsyncFn() -> bool) -> bool {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.is_ok()
}

/// Tells whether what a queue has on one node is known on the other soon.
async fn change_is_known(hints: Hints) -> bool {
    let [here, there] = two(hints).await;
    // By then they hear each other.
    tokio::time::sleep(MOMENT).await;
    let tasks = {
        let directory = there.engine.core().directory();
        directory.queues.values().find(|queue| queue.name == "tasks").unwrap().id
    };
    let change = Call::put(&format!("/queues/{tasks}"), &json!({"priority": 7}));
    there.calls(change.by("ada", PASSWORD)).await.ok();
    let is_known = async || here.engine.core().directory().queues[&tasks].priority == 7;
    let is_known = comes_to_be(is_known).await;
    drop((here, there));
    is_known
}

/// Tells whether what a login opened on one node ends soon after it is ended on the other.
async fn login_ends(hints: Hints) -> bool {
    let mut ground = Ground::new(hints).await;
    ground.logins_ms = NEVER_MS;
    let [here, there] = two_on(&ground).await;
    tokio::time::sleep(MOMENT).await;
    let login = here.calls(Call::get("/me").by("kate", PASSWORD)).await;
    let (cookie, token) = (login.cookie().unwrap(), login.headers["x-csrf-token"].clone());
    let by_cookie =
        |call: Call| call.header("cookie", &cookie).header("x-csrf-token", token.to_str().unwrap());
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0"}]);
    let opened = here.calls(by_cookie(Call::post("/notifications", &handshake))).await;
    assert_eq!(opened.status.as_u16(), 200, "{}", opened.text);
    let is_open = || here.comet.server().stats().sessions > 0;
    assert!(is_open());
    there.calls(by_cookie(Call::new(Method::DELETE, "/me/session"))).await.ok();
    let ends = comes_to_be(async || !is_open()).await;
    drop((here, there));
    ends
}

/// Tells whether an answer that was promised at one node comes soon to who listens at the other.
async fn answer_comes(hints: Hints) -> bool {
    let [here, there] = two(hints).await;
    tokio::time::sleep(MOMENT).await;
    let mut kate = here.listening("kate").await;
    there.ready("kate").await;
    let body = json!({"operationName": "GetWorkbinContent", "workbin": "In Progress"});
    there.post("kate", "/me/interactions/-", body).await;
    let told = async {
        loop {
            let told = next_on(&mut kate, INTERACTIONS).await;
            if told["messageTypeName"] == "WorkbinContentMessage" {
                return;
            }
        }
    };
    let comes = tokio::time::timeout(SOON, told).await.is_ok();
    drop((here, there));
    comes
}

/// Tells whether the node that carries out what is due looks again soon when another node sets a
/// timer: it has slept until the next one that it knew of.
async fn timer_is_heard_of(hints: Hints) -> bool {
    let [here, there] = two(hints).await;
    let mut kate = there.listening("kate").await;
    there.ready("kate").await;
    tokio::time::sleep(MOMENT).await;
    let rounds = || {
        let statuses = here.engine.workers().statuses();
        statuses.iter().find(|worker| worker.name == "timers").unwrap().rounds
    };
    let before = rounds();
    // Her grace runs from here.
    kate.unsubscribe("/v2/me/**").await;
    let looks = comes_to_be(async || rounds() > before).await;
    drop((here, there));
    looks
}

#[tokio::test]
async fn a_change_of_the_center_is_known_to_the_other_node_at_once() {
    for hints in CARRIED {
        assert!(change_is_known(hints).await, "{hints:?}");
    }
    assert!(!change_is_known(Hints::Lost).await, "the control");
}

#[tokio::test]
async fn what_a_login_opened_ends_at_once_when_the_other_node_ends_it() {
    for hints in CARRIED {
        assert!(login_ends(hints).await, "{hints:?}");
    }
    assert!(!login_ends(Hints::Lost).await, "the control");
}

#[tokio::test]
async fn an_answer_that_the_other_node_promised_comes_at_once() {
    for hints in CARRIED {
        assert!(answer_comes(hints).await, "{hints:?}");
    }
    assert!(!answer_comes(Hints::Lost).await, "the control");
}

#[tokio::test]
async fn a_timer_that_the_other_node_set_is_heard_of_at_once() {
    for hints in CARRIED {
        assert!(timer_is_heard_of(hints).await, "{hints:?}");
    }
    assert!(!timer_is_heard_of(Hints::Lost).await, "the control");
}

#[tokio::test]
async fn control_without_hints_nothing_comes_from_the_other_node() {
    // Who offers is the one where nobody listens.
    let [there, here] = two(Hints::Lost).await;
    let mut kate = here.listening("kate").await;
    there.ready("kate").await;
    let id = there.submitted("tasks").await;
    there.until("the offer", async |node| node.interaction("kate", &id).await == "Invited").await;
    let told = tokio::time::timeout(MOMENT, next_on(&mut kate, INTERACTIONS)).await;
    assert!(told.is_err(), "{told:?}");
    drop((here, there));
}
