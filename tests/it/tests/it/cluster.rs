//! Three nodes over one database behind a load balancer: nothing that a client does depends on
//! which of them its requests reach.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{
    BOUND, Cluster, PostgresServer, Proxy, Replay, Spread, TestAgent, Transport,
};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::chat::{Customer, talk_and_exchange_files};
use crate::replay::{change, sees_step, sequences, without_gap_or_duplicate};
use crate::scene::{interaction, submit};

async fn cluster(spread: Spread, bus: &str) -> Result<Cluster> {
    behind(Proxy::Nginx, spread, bus).await
}

async fn behind(proxy: Proxy, spread: Spread, bus: &str) -> Result<Cluster> {
    let url = spawn_blocking(|| PostgresServer::shared().fresh_schema()).await?;
    Cluster::behind(proxy, &url, &[("HANDOFF__BUS__KIND", bus)], spread).await
}

/// Checks that every node had requests.
fn all_served(cluster: &Cluster) -> Result<()> {
    let served = cluster.served()?;
    ensure!(served == cluster.nodes.len(), "{served} nodes had requests");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_requests_go_to_all_nodes_and_their_session_misses_nothing() -> Result<()> {
    let cluster = cluster(Spread::Everywhere, "notify").await?;
    let kate = TestAgent::at_work(&cluster, "kate", Transport::WebSocket).await?;
    let ben = TestAgent::at_work(&cluster, "ben", Transport::WebSocket).await?;
    ben.me("NotReady").await?.ok()?;
    let id = submit(&cluster, "tasks").await?;
    kate.accept(&id).await?;
    change(&kate, &id, 0..30).await?;
    sees_step(&kate, 29).await?;
    ben.me("Ready").await?.ok()?;
    kate.command(&id, "Transfer", json!({"userName": "ben"})).await?.ok()?;
    ben.accept(&id).await?;
    ben.command(&id, "Complete", json!({})).await?.ok()?;
    ben.sees(&id, "Completed").await?;
    for agent in [&kate, &ben] {
        without_gap_or_duplicate(&sequences(agent))?;
    }
    all_served(&cluster)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_and_an_agent_talk_by_way_of_all_nodes() -> Result<()> {
    let cluster = cluster(Spread::Everywhere, "notify").await?;
    talk_and_exchange_files(&cluster).await?;
    all_served(&cluster)
}

/// Kills the node on which an agent's session is; they go on elsewhere.
async fn killed_under(proxy: Proxy, transport: Transport, bus: &str) -> Result<()> {
    let mut cluster = behind(proxy, Spread::Sticky, bus).await?;
    let mut kate = TestAgent::by_cookies(&cluster, "kate", transport).await?;
    let customer = Customer::begin(&cluster).await?;
    kate.accept(&customer.id).await?;
    let work = submit(&cluster, "tasks").await?;
    kate.accept(&work).await?;
    change(&kate, &work, 0..5).await?;
    sees_step(&kate, 4).await?;
    cluster.node_of(&kate).await?.kill().await?;
    customer.asks("send", &[("message", "Are you still there?")]).await?.ok()?;
    change(&kate, &work, 5..10).await?;
    let last = kate.last_sequence(TestAgent::INTERACTIONS);
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::After(last)).await?;
    change(&kate, &work, 10..12).await?;
    sees_step(&kate, 11).await?;
    kate.notified("what the customer said meanwhile", |data| {
        data["messages"].to_string().contains("Are you still there?")
    })
    .await?;
    without_gap_or_duplicate(&sequences(&kate))?;
    kate.command(&customer.id, "Send", json!({"text": "I am"})).await?.ok()?;
    let waiting = async {
        while !customer.reads().await?.iter().any(|line| line.ends_with("I am")) {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(BOUND, waiting).await.context("the customer never read it")??;
    assert_eq!(interaction(&kate.rest, &work).await?["state"], "Processing");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_polling_agent_whose_node_is_killed_goes_on_at_another() -> Result<()> {
    killed_under(Proxy::Nginx, Transport::LongPolling, "notify").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_on_a_socket_whose_node_is_killed_goes_on_at_another() -> Result<()> {
    killed_under(Proxy::Nginx, Transport::WebSocket, "none").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_keeps_a_polling_agent_at_a_node_and_finds_them_another() -> Result<()> {
    killed_under(Proxy::HaProxy, Transport::LongPolling, "notify").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_carries_sockets_and_finds_an_agent_another_node() -> Result<()> {
    killed_under(Proxy::HaProxy, Transport::WebSocket, "notify").await
}
