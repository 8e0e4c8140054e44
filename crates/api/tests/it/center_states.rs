//! How all agents and queues stand, and being told what changes, on whichever node.

use std::collections::BTreeMap;

use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};

use crate::api::has;
use crate::comet::Client;
use crate::nodes::{BOUND, Ground, Hints, Node};

const AGENTS: &str = "/v2/center/agents";
const QUEUES: &str = "/v2/center/queues";
/// The shortest time between two messages about a queue, in ms.
const QUEUE_PAUSE_MS: u32 = 1_000;

/// What a desk shows: the states of one topic, by name, as the rules of the page have it.
struct Shown {
    states: BTreeMap<String, Value>,
    sequence: u64,
    client: Client,
}

fn id_of(state: &Value) -> String {
    let id = state.get("queueId").unwrap_or(&state["user"]["id"]);
    id.as_str().unwrap().to_owned()
}

impl Shown {
    /// Reads all on one node, and goes on from there on another.
    async fn on(read: &Node, listen: &Node, topic: &str) -> Self {
        let client = client(listen, "sam").await;
        let answer = read.get("sam", topic.trim_start_matches("/v2")).await;
        let plural = topic.rsplit('/').next().unwrap();
        let all = answer[plural].as_array().unwrap();
        let states = all.iter().map(|state| (id_of(state), state.clone())).collect();
        let sequence = answer["sequence"].as_u64().unwrap();
        let mut shown = Self { states, sequence, client };
        shown.subscribe(topic).await;
        shown
    }

    async fn subscribe(&mut self, topic: &str) {
        let reply = self.client.subscribe(topic, json!({"replay": self.sequence})).await;
        assert_eq!(reply["successful"], true, "{reply}");
    }

    fn take(&mut self, message: &Value) {
        let mut data = message["data"].clone();
        assert_ne!(data["messageType"], "Resync", "{data}");
        let sequence = data["sequence"].as_u64().unwrap();
        assert!(sequence >= self.sequence, "{sequence} after {}", self.sequence);
        self.sequence = sequence;
        let id = id_of(&data);
        if data.get("removed").is_some() {
            self.states.remove(&id);
            return;
        }
        for head in ["messageType", "sequence"] {
            data.as_object_mut().unwrap().remove(head);
        }
        self.states.insert(id, data);
    }

    /// Takes in what comes until something is so.
    async fn until(&mut self, what: &str, holds: impl Fn(&BTreeMap<String, Value>) -> bool) {
        let wait = async {
            while !holds(&self.states) {
                let message = self.client.next(1).await.remove(0);
                self.take(&message);
            }
        };
        tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("never came: {what}"));
    }

    /// Expects what is shown to be what a node answers, once nothing more is on its way.
    async fn expect_of(&mut self, node: &Node, topic: &str) {
        let fresh = Self::on(node, node, topic).await;
        let wanted = fresh.states;
        self.until("all that the answer has", |states| *states == wanted).await;
    }
}

async fn client(node: &Node, name: &str) -> Client {
    let mut client = node.client(name);
    client.handshake().await;
    client
}

/// Returns the state of an agent's channel, as it is shown.
fn channel_of(states: &BTreeMap<String, Value>, user: &str, name: &str) -> Value {
    let agent = states.values().find(|agent| agent["user"]["userName"] == user).unwrap();
    let channels = agent["channels"].as_array().unwrap();
    channels.iter().find(|channel| channel["channel"] == name).unwrap().clone()
}

fn queue_of(states: &BTreeMap<String, Value>, name: &str) -> Value {
    states.values().find(|queue| queue["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn all_agents_are_shown_and_what_they_do_is_told() {
    for hints in [Hints::Joined, Hints::Lost] {
        let [here, there] = Node::two(hints).await;
        let mut shown = Shown::on(&there, &here, AGENTS).await;
        let names = shown.states.values().map(|agent| agent["user"]["userName"].clone());
        assert!(names.clone().any(|name| name == "kate") && names.clone().all(|it| it != "ada"));
        let off = channel_of(&shown.states, "kate", "workitem");
        has(&off, json!({"used": 0, "dndState": "Off"}));
        assert_eq!(off["userState"]["state"], "LoggedOut");
        let mut kate = there.listening("kate").await;
        there.ready("kate").await;
        let is_ready = |states: &BTreeMap<String, Value>| {
            channel_of(states, "kate", "workitem")["userState"]["state"] == "Ready"
        };
        shown.until("Ready", is_ready).await;
        there.submitted("tasks").await;
        let has_work =
            |states: &BTreeMap<String, Value>| channel_of(states, "kate", "workitem")["used"] == 1;
        shown.until("the slot", has_work).await;
        let agent = &shown.states[&there.user_id("kate").to_string()];
        has(agent, json!({"reachable": true, "unreachableSince": null}));
        assert!(agent["session"]["since"].is_string());
        let lunch = json!({"operationName": "NotReady", "reason": "Lunch"});
        let path = format!("/users/{}/channels/workitem", there.user_id("kate"));
        there.post("sam", &path, lunch).await;
        shown
            .until("the reason", |states| {
                channel_of(states, "kate", "workitem")["userState"]["reason"] == "Lunch"
            })
            .await;
        kate.disconnect().await;
        let user = there.user_id("kate").to_string();
        shown.until("the loss", |states| states[&user]["reachable"] == false).await;
        assert!(shown.states[&user]["unreachableSince"].is_string());
        shown.expect_of(&there, AGENTS).await;
        here.stop().await;
        there.stop().await;
    }
}

#[tokio::test]
async fn all_queues_are_shown_and_what_becomes_of_work_is_told() {
    for hints in [Hints::Joined, Hints::Lost] {
        let ground = Ground::new(hints).await;
        let [here, there] = [ground.node().await, ground.node().await];
        let mut shown = Shown::on(&there, &here, QUEUES).await;
        has(
            &queue_of(&shown.states, "tasks"),
            json!({"channel": "workitem", "waiting": 0, "oldest": null, "ableAgents": 0,
                   "offered": 0, "inWork": 0}),
        );
        let (id, _waits) = (there.submitted("tasks").await, there.submitted("parking").await);
        let mut expect = async |what: &str, wanted: Value| {
            ground.clock.advance_ms(QUEUE_PAUSE_MS);
            shown
                .until(what, |states| {
                    let queue = queue_of(states, "tasks");
                    wanted.as_object().unwrap().iter().all(|(key, value)| queue[key] == *value)
                })
                .await;
        };
        expect("the wait", json!({"waiting": 1, "ableAgents": 0})).await;
        let _kate = there.listening("kate").await;
        there.ready("kate").await;
        expect("the offer", json!({"waiting": 0, "offered": 1, "ableAgents": 1})).await;
        there.does("kate", &id, "Accept").await;
        expect("the work", json!({"waiting": 0, "offered": 0, "inWork": 1})).await;
        there.does("kate", &id, "Complete").await;
        expect("the end", json!({"inWork": 0})).await;
        assert_eq!(queue_of(&shown.states, "parking")["waiting"], 1);
        assert!(queue_of(&shown.states, "parking")["oldest"].is_string());
        ground.clock.advance_ms(QUEUE_PAUSE_MS);
        shown.expect_of(&there, QUEUES).await;
        // What a node that has just begun counts is the same.
        let third = ground.node().await;
        shown.expect_of(&third, QUEUES).await;
        for node in [here, there, third] {
            node.stop().await;
        }
    }
}

#[tokio::test]
async fn a_node_that_begins_knows_what_is_in_work() {
    let ground = Ground::new(Hints::Joined).await;
    let here = ground.node().await;
    let _kate = here.listening("kate").await;
    here.ready("kate").await;
    let id = here.submitted("tasks").await;
    here.until("the offer", async |node| node.interaction("kate", &id).await == "Invited").await;
    here.does("kate", &id, "Accept").await;
    let there = ground.node().await;
    let queues = there.get("sam", "/center/queues?fields=name,inWork").await;
    let tasks = queues["queues"].as_array().unwrap().iter().find(|it| it["name"] == "tasks");
    assert_eq!(tasks, Some(&json!({"name": "tasks", "inWork": 1})));
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn who_was_away_is_told_what_changed_or_to_look_again() {
    let ground = Ground::new(Hints::Joined).await;
    let node = ground.node().await;
    let mut shown = Shown::on(&node, &node, AGENTS).await;
    shown.client.disconnect().await;
    node.ready("ben").await;
    shown.client = client(&node, "sam").await;
    shown.subscribe(AGENTS).await;
    let is_in = |states: &BTreeMap<String, Value>| {
        channel_of(states, "ben", "chat")["userState"]["state"] == "Ready"
    };
    shown.until("what changed", is_in).await;
    // The control: nothing is owed to who was not away.
    let mut again = client(&node, "sam").await;
    again.subscribe(AGENTS, json!({"replay": shown.sequence})).await;
    assert_eq!(again.rest().await, Vec::<Value>::new());
    // All of it, and numbers that nobody can go on from.
    for (replay, wanted) in [(json!(-2), shown.states.len()), (json!(0), 1), (json!("x"), 1)] {
        let mut client = client(&node, "sam").await;
        client.subscribe(AGENTS, json!({"replay": replay})).await;
        let messages = client.rest().await;
        assert_eq!(messages.len(), wanted, "{replay}: {messages:?}");
        let kind = if wanted == 1 { "Resync" } else { "AgentStateMessage" };
        assert_eq!(messages[0]["data"]["messageType"], kind);
        client.disconnect().await;
    }
    // A node that has not been asked before cannot know.
    let other = ground.node().await;
    let mut there = client(&other, "sam").await;
    node.post("ben", "/me", json!({"operationName": "NotReady"})).await;
    there.subscribe(AGENTS, json!({"replay": shown.sequence})).await;
    let told = there.rest().await;
    has(&told[0]["data"], json!({"messageType": "Resync", "topic": AGENTS}));
    node.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn an_agent_who_is_no_more_is_taken_away() {
    let node = Node::alone().await;
    let mut shown = Shown::on(&node, &node, AGENTS).await;
    let ben = node.user_id("ben").to_string();
    let call = Call::put(&format!("/users/{ben}"), &json!({"enabled": false}));
    node.calls(call.by("ada", PASSWORD)).await.ok();
    shown.until("the end", |states| !states.contains_key(&ben)).await;
    node.stop().await;
}

#[tokio::test]
async fn nobody_else_watches() {
    let node = Node::alone().await;
    for (name, is_granted) in [("kate", false), ("intake", false), ("ada", true), ("zoe", true)] {
        let mut client = client(&node, name).await;
        let reply = client.subscribe(AGENTS, json!({"replay": -2})).await;
        assert_eq!(reply["successful"], is_granted, "{name}");
        let told = client.rest().await;
        let is_of_demo = told.iter().any(|it| it["data"]["user"]["userName"] == "kate");
        assert_eq!(is_of_demo, name == "ada", "zoe's center is another");
    }
    node.stop().await;
}
