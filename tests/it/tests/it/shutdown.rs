//! SIGTERM (docs/compat/center.md#demo).

use anyhow::{Context as _, Result};
use handoff_testkit::comet::Exchange;
use handoff_testkit::{Call, Client, Program, TestAgent, Transport, tally};
use serde_json::Value;

use crate::scene::{interaction, submit};

/// Longer than a poll is held.
const BOUND: std::time::Duration = std::time::Duration::from_secs(60);

async fn bayeux(client: &Client, message: Value) -> Result<Value> {
    let mut exchange = Exchange::open(client, Transport::LongPolling).await?;
    exchange.send(&message, BOUND, |_, _| {}).await
}

#[tokio::test]
async fn parked_polls_are_answered_and_the_program_ends_well() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let mut parked = Vec::new();
    for user in ["kate", "ben", "mia", "sam"] {
        let rest = server.client(user);
        let reply = bayeux(&rest, Transport::LongPolling.handshake()).await?;
        let id = reply["clientId"].as_str().context("no clientId")?;
        let connect = Transport::LongPolling.connect(id);
        bayeux(&rest, connect.clone()).await?;
        parked.push(tokio::spawn(async move { bayeux(&rest, connect).await }));
    }
    let socket = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
    let id = submit(&server, "tasks").await?;
    socket.accept(&id).await?;

    server.terminate().await?;
    let status = server.ended().await?;
    assert_eq!(status.code(), Some(0), "{}", server.log_tail());
    for poll in parked {
        let reply = poll.await?.context("a parked poll was not answered")?;
        assert_eq!(reply["channel"], "/meta/connect");
    }
    drop(socket);
    server.restart().await?;
    assert_eq!(interaction(&server.client("kate"), &id).await?["state"], "Processing");
    Ok(())
}

/// Whoever spreads requests over several nodes must see it before the first is refused.
#[tokio::test]
async fn a_server_that_drains_says_that_it_stops_and_serves_on_until_it_does() -> Result<()> {
    let mut server = Program::demo(&[("HANDOFF__SERVER__DRAIN", "3s")]).await?;
    let ready = Call::get("").at("/readyz");
    let anybody = server.anonymous();
    assert_eq!(anybody.send(&ready).await?.status, 200, "the control");
    server.terminate().await?;
    let stopping = async {
        loop {
            let answer = anybody.send(&ready).await?;
            if answer.status == 503 {
                return anyhow::Ok(answer);
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let answer = tokio::time::timeout(BOUND, stopping).await??;
    assert!(answer.to_string().contains("the node stops"), "{answer}");
    let id = submit(&server, "tasks").await?;
    assert_eq!(interaction(&server.client("ada"), &id).await?["state"], "Queued");
    assert_eq!(server.ended().await?.code(), Some(0), "{}", server.log_tail());
    Ok(())
}

#[tokio::test]
async fn an_idle_server_ends_at_once_and_starts_again_on_its_port() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let before = server.origin();
    server.client("kate").get("/me").await?.ok()?;
    for _ in 0..2 {
        server.terminate().await?;
        assert_eq!(server.ended().await?.code(), Some(0), "{}", server.log_tail());
        server.restart().await?;
        assert_eq!(server.origin(), before);
        server.client("kate").get("/me").await?.ok()?;
    }
    Ok(())
}

/// What the campaigns read of it is what a filter lets through that lets nothing else.
#[tokio::test]
async fn a_server_that_stops_says_how_its_commits_went() -> Result<()> {
    let mut server = Program::demo(&[("HANDOFF__LOG__FILTER", tally::FILTER)]).await?;
    submit(&server, "tasks").await?;
    let tally = server.stop_and_tally().await?;
    assert!(tally.commits > 0, "{tally}");
    Ok(())
}
