//! CometD sessions by long-polling through a load balancer that sends every request to another
//! node (docs/operations/cluster.md#load-balancers).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::comet::{AGENTS, CUSTOMERS};
use handoff_testkit::{
    BOUND, Call, Client, Cluster, Door, PostgresServer, Replay, Spread, TestAgent, Transport,
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::replay::{change, sees_step, sequences, without_gap_or_duplicate};
use crate::scene::{submit, text};

const POLLING: Transport = Transport::LongPolling;
const TOPIC: &str = TestAgent::INTERACTIONS;
/// The channel on which customers of the demo's chat service speak.
const CHAT: &str = "/service/chatV2/customer-support";
/// The header by which nodes pass on.
const STAMP: &str = "x-handoff-passed-on";

async fn cluster(settings: &[(&str, &str)]) -> Result<Cluster> {
    let url = spawn_blocking(|| PostgresServer::shared().fresh_schema()).await?;
    Cluster::start(&url, settings, Spread::Everywhere).await
}

/// Posts messages to a CometD server and returns its answer, which has status 200.
async fn post(client: &Client, server: &str, messages: Value) -> Result<Vec<Value>> {
    send(client, server, messages, None).await
}

async fn send(
    client: &Client,
    server: &str,
    messages: Value,
    stamp: Option<&str>,
) -> Result<Vec<Value>> {
    let mut call = Call::post("", &messages).at(server);
    if let Some(stamp) = stamp {
        call = call.header(STAMP, stamp);
    }
    let answer = client.send(call).await?;
    ensure!(answer.status == 200, "{messages}: {answer}");
    serde_json::from_slice(&answer.bytes).with_context(|| format!("no Bayeux: {answer}"))
}

/// Opens a session and returns its id.
async fn shake_hands(client: &Client, server: &str) -> Result<String> {
    let answer = post(client, server, json!([POLLING.handshake()])).await?;
    text(&answer[0], "clientId")
}

/// Returns the replies to messages of one kind that say that there is no such session.
fn unknown(answer: &[Value]) -> usize {
    answer.iter().filter(|reply| reply["error"] == "402::session_unknown").count()
}

/// Returns which node has a session.
async fn home(cluster: &Cluster, session: &str) -> Result<usize> {
    for (place, node) in cluster.nodes.iter().enumerate() {
        let shown = node.client("ada").get("/system/nodes").await?.ok()?.body;
        let nodes = shown["nodes"].as_array().context("no nodes")?;
        let this = nodes.iter().find(|node| node["isThis"] == true).context("not this one")?;
        if session.starts_with(this["sessionPrefix"].as_str().context("no prefix")?) {
            return Ok(place);
        }
    }
    anyhow::bail!("no node has {session}")
}

/// Opens a session at one node and returns clients of its user at that and at another, who is told
/// that there is news for it.
async fn at_two(cluster: &Cluster) -> Result<(Client, Client, String)> {
    let [here, there] = [0, 1].map(|node| cluster.nodes[node].client("kate"));
    let session = shake_hands(&here, AGENTS).await?;
    // The first connect is answered at once.
    post(&here, AGENTS, json!([POLLING.connect(&session)])).await?;
    Ok((here, there, session))
}

/// How many of a polling client's requests find no session.
async fn lost_requests(cluster: &Cluster) -> Result<usize> {
    let kate = cluster.client("kate");
    let session = shake_hands(&kate, AGENTS).await?;
    let mut lost = 0;
    for _ in 0..6 {
        let mut connect = POLLING.connect(&session);
        connect["advice"] = json!({"timeout": 0});
        lost += unknown(&post(&kate, AGENTS, json!([connect])).await?);
    }
    Ok(lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_of_nodes_a_polling_client_gets_nowhere() -> Result<()> {
    let apart = cluster(&[("HANDOFF__SERVER__ADVERTISE", "none")]).await?;
    let lost = lost_requests(&apart).await?;
    ensure!(lost >= 3, "the control: {lost} of 6 requests found no session");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_agents_miss_nothing_wherever_their_requests_go() -> Result<()> {
    let mut cluster = cluster(&[]).await?;
    assert_eq!(lost_requests(&cluster).await?, 0);
    let mut kate = TestAgent::at_work(&cluster, "kate", POLLING).await?;
    // The same user once more, at another computer.
    let mut also = TestAgent::away(&cluster, "kate", POLLING);
    also.connect().await?;
    also.subscribe(TOPIC, Replay::All).await?;
    let work = submit(&cluster, "tasks").await?;
    kate.accept(&work).await?;
    change(&kate, &work, 0..30).await?;
    for agent in [&kate, &also] {
        sees_step(agent, 29).await?;
        without_gap_or_duplicate(&sequences(agent))?;
    }
    let served = cluster.served()?;
    ensure!(served == cluster.nodes.len(), "{served} nodes had requests");

    let home = home(&cluster, kate.comet()?.client_id()).await?;
    cluster.nodes[home].kill().await?;
    change(&kate, &work, 30..40).await?;
    for agent in [&mut kate, &mut also] {
        let last = agent.last_sequence(TOPIC);
        agent.connect().await?;
        agent.subscribe(TOPIC, Replay::After(last)).await?;
    }
    change(&kate, &work, 40..50).await?;
    for agent in [&kate, &also] {
        sees_step(agent, 49).await?;
        without_gap_or_duplicate(&sequences(agent))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_a_node_that_is_killed_is_told_to_shake_hands() -> Result<()> {
    let mut cluster = cluster(&[]).await?;
    let (_here, there, session) = at_two(&cluster).await?;
    let polling = there.clone();
    let connect = json!([POLLING.connect(&session)]);
    let held = connect.clone();
    let held = tokio::spawn(async move { post(&polling, AGENTS, held).await });
    // It has to be on its way before the kill; without it the next one shows the same.
    sleep(Duration::from_millis(300)).await;
    cluster.nodes[0].kill().await?;
    let answer = timeout(BOUND, held).await.context("it was left waiting")???;
    for answer in [answer, post(&there, AGENTS, connect).await?] {
        assert_eq!(unknown(&answer), 1, "{answer:?}");
        assert_eq!(answer[0]["advice"]["reconnect"], "handshake", "{answer:?}");
    }
    shake_hands(&there, AGENTS).await.map(drop)
}

/// What a poll that its client gave up would have been told comes with the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_is_given_up_takes_nothing_with_it() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let (here, there, session) = at_two(&cluster).await?;
    let subscribe = handoff_testkit::comet::subscribe(&session, TestAgent::CHANNELS);
    // A batch, and its answer is that of both.
    let connect = POLLING.connect(&session);
    let answer = post(&there, AGENTS, json!([subscribe, connect])).await?;
    let done = answer.iter().filter(|reply| reply["successful"] == true).count();
    ensure!(done == 2, "{answer:?}");
    let poll = json!([connect]);
    let (polling, held) = (there.clone(), poll.clone());
    let held = tokio::spawn(async move { post(&polling, AGENTS, held).await });
    sleep(Duration::from_millis(300)).await;
    held.abort();
    // Until the node that has the session has noticed.
    sleep(Duration::from_millis(300)).await;
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    here.post("/me", start).await?.ok()?;
    let told = timeout(BOUND, post(&there, AGENTS, poll)).await.context("nothing came")??;
    ensure!(told.iter().any(|message| message["channel"] == TestAgent::CHANNELS), "{told:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_lets_go_of_what_it_passed_on() -> Result<()> {
    let mut cluster = cluster(&[]).await?;
    let (here, there, session) = at_two(&cluster).await?;
    let connect = json!([POLLING.connect(&session)]);
    let held = connect.clone();
    let held = tokio::spawn(async move { post(&there, AGENTS, held).await });
    sleep(Duration::from_millis(300)).await;
    cluster.nodes[1].terminate().await?;
    let answer = timeout(BOUND, held).await.context("it was left waiting")???;
    // What the other node answered with in this moment would be missed by whoever went on.
    assert_eq!(unknown(&answer), 1, "{answer:?}");
    assert_eq!(answer[0]["advice"], json!({"reconnect": "handshake", "interval": 0}));
    ensure!(cluster.nodes[1].ended().await?.success());
    let elsewhere = cluster.nodes[2].client("kate");
    let mut again = POLLING.connect(&session);
    again["advice"] = json!({"timeout": 0});
    for client in [here, elsewhere] {
        assert_eq!(unknown(&post(&client, AGENTS, json!([again])).await?), 0);
    }
    Ok(())
}

/// Nobody but a node can say where a request comes from, or keep it from being passed on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stamp_by_nobody_is_as_none() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let (_here, there, session) = at_two(&cluster).await?;
    let mut connect = POLLING.connect(&session);
    connect["advice"] = json!({"timeout": 0});
    let prefix = &session[..8];
    for stamp in ["", "x", &format!("{prefix} 1796000000000 127.0.0.9 AAAA")] {
        let answer = send(&there, AGENTS, json!([connect]), Some(stamp)).await?;
        assert_eq!(unknown(&answer), 0, "{stamp}");
    }
    Ok(())
}

/// A customer's session, through a balancer.
struct Customer {
    rest: Client,
    session: String,
    told: Vec<Value>,
}

impl Customer {
    async fn open(server: &impl Door) -> Result<Self> {
        let rest = Client::with_cookies(&server.address());
        let session = shake_hands(&rest, CUSTOMERS).await?;
        let mut customer = Self { rest, session, told: Vec::new() };
        let subscribe = handoff_testkit::comet::subscribe(&customer.session, CHAT);
        customer.post(subscribe).await?;
        Ok(customer)
    }

    async fn post(&mut self, message: Value) -> Result<()> {
        let answer = post(&self.rest, CUSTOMERS, json!([message])).await?;
        ensure!(unknown(&answer) == 0, "{message}: {answer:?}");
        self.told.extend(answer.into_iter().filter(|message| message["channel"] == CHAT));
        Ok(())
    }

    async fn publish(&mut self, data: Value) -> Result<()> {
        self.post(json!({"channel": CHAT, "clientId": self.session, "data": data})).await
    }

    /// Polls until something was told that has a word in it; returns that.
    async fn until(&mut self, word: &str) -> Result<Value> {
        let polling = async {
            loop {
                let told = self.told.iter().map(|message| &message["data"]);
                if let Some(found) = told.clone().find(|data| data.to_string().contains(word)) {
                    return anyhow::Ok(found.clone());
                }
                self.post(POLLING.connect(&self.session)).await?;
            }
        };
        timeout(BOUND, polling).await.with_context(|| format!("{word} never came"))?
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_polls_by_cometd_talks_by_way_of_all_nodes() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let mut customer = Customer::open(&cluster).await?;
    let request = json!({"operation": "requestChat", "nickname": "Ada", "subject": "My parcel"});
    customer.publish(request).await?;
    let begun = customer.until("secureKey").await?;
    let (chat, key) = (text(&begun, "chatId")?, text(&begun, "secureKey")?);
    let kate = TestAgent::at_work(&cluster, "kate", POLLING).await?;
    kate.accept(&chat).await?;
    for number in 0..5 {
        kate.command(&chat, "Send", json!({"text": format!("Answer {number}")})).await?.ok()?;
        customer.until(&format!("Answer {number}")).await?;
        let said = json!({"operation": "sendMessage", "secureKey": key,
            "message": format!("Question {number}")});
        customer.publish(said).await?;
        kate.notified("what the customer said", |data| {
            data["messages"].to_string().contains(&format!("Question {number}"))
        })
        .await?;
    }
    Ok(())
}
