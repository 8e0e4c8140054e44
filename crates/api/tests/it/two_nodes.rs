//! An agent whose CometD session is on one node and whose requests go to another: nothing that they
//! are promised depends on which.

use axum::http::Method;
use handoff_testkit::{Call, PASSWORD};
use serde_json::json;

use crate::api::has;
use crate::nodes::{HINTS, Node, next_on};

const INTERACTIONS: &str = "/v2/me/interactions";

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
        let [here, there] = Node::two(hints).await;
        let login = here.calls(Call::get("/me").by("kate", PASSWORD)).await;
        let cookie = login.cookie().unwrap();
        let token = login.headers["x-csrf-token"].to_str().unwrap().to_owned();
        for node in [&there, &here, &there] {
            node.with_cookie(Method::GET, "/me", &cookie).await.ok();
        }
        let end = Call::new(Method::DELETE, "/me/session").header("cookie", &cookie);
        there.calls(end.header("x-csrf-token", &token)).await.ok();
        for node in [&here, &there] {
            node.with_cookie(Method::GET, "/me", &cookie).await.refused(401, 20);
        }
        here.stop().await;
        there.stop().await;
    }
}
