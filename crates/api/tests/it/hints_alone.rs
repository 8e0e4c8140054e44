//! Nodes whose workers look once an hour: what crosses between them crosses by hints and notes.

use std::time::Duration;

use handoff_engine::Duty;
use handoff_testkit::Call;
use serde_json::json;

use crate::api::has;
use crate::nodes::{Ground, Hints, Node, next_on};

const INTERACTIONS: &str = "/v2/me/interactions";
const SUPPORT: &str = "/genesys/2/chat/customer-support";
/// More than a test may take, in ms.
const NEVER_MS: u64 = 3_600_000;
/// How long what does not come is waited for.
const MOMENT: Duration = Duration::from_millis(500);

/// Starts two nodes that hear each other, if they ever will. The first has the duties.
async fn two(hints: Hints) -> [Node; 2] {
    let mut ground = Ground::new(hints).await;
    ground.period_ms = NEVER_MS;
    let first = ground.node().await;
    first.engine.core().until_duty(Duty::Routing).await;
    [first, ground.node().await]
}

#[tokio::test]
async fn an_offer_and_what_is_typed_come_from_the_other_node_at_once() {
    for hints in [Hints::Joined, Hints::Notify, Hints::Nats] {
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
