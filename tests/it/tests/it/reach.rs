//! What happens to the work of an agent who goes or is gone (docs/compat/agents.md#gone).

use anyhow::{Context as _, Result};
use handoff_testkit::{Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{interaction, own_work, submit, until_channels, until_state};

/// A CometD session ends 1 s after its connection, and the agent counts as gone 1 s after that.
const SHORT: [(&str, &str); 2] =
    [("HANDOFF__AGENT__DISCONNECT_GRACE", "1s"), ("HANDOFF__COMETD__MAX_INTERVAL", "1s")];

#[tokio::test]
async fn the_end_of_the_session_gives_everything_back() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let owned = submit(&server, "tasks").await?;
    kate.accept(&owned).await?;
    let offered = submit(&server, "tasks").await?;
    kate.sees(&offered, "Invited").await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::WebSocket).await?;

    kate.me("EndContactCenterSession").await?.ok()?;
    ben.sees(&offered, "Invited").await?;
    kate.sees(&offered, "Revoked").await?;
    let parked = until_state(&server, &owned, "InWorkbin").await?;
    assert_eq!(parked["assignedTo"], Value::Null);
    assert!(own_work(&kate.rest).await?.is_empty());
    until_channels(&kate.rest, "LoggedOut").await?;
    kate.start_session().await?;
    until_channels(&kate.rest, "NotReady").await?;
    Ok(())
}

async fn gone_agent(transport: Transport) -> Result<()> {
    let server = Program::demo(&SHORT).await?;
    let mut kate = TestAgent::at_work(&server, "kate", transport).await?;
    let owned = submit(&server, "tasks").await?;
    kate.accept(&owned).await?;
    let offered = submit(&server, "tasks").await?;
    kate.sees(&offered, "Invited").await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;

    kate.cut();
    ben.sees(&offered, "Invited").await?;
    until_state(&server, &owned, "InWorkbin").await?;
    until_channels(&kate.rest, "LoggedOut").await?;
    kate.command(&owned, "Complete", json!({}))
        .await?
        .refused(409, 2)
        .context("nothing stays owned by a ghost")?;
    Ok(())
}

#[tokio::test]
async fn an_agent_whose_poll_is_cut_loses_his_work_after_the_grace() -> Result<()> {
    gone_agent(Transport::LongPolling).await
}

#[tokio::test]
async fn an_agent_whose_socket_is_cut_loses_his_work_after_the_grace() -> Result<()> {
    gone_agent(Transport::WebSocket).await
}

#[tokio::test]
async fn an_agent_who_comes_back_within_the_grace_keeps_his_work() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mut kate = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
    let owned = submit(&server, "tasks").await?;
    kate.accept(&owned).await?;
    kate.cut();
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    assert_eq!(interaction(&kate.rest, &owned).await?["state"], "Processing");
    // No new StartContactCenterSession and no new Ready: the three lifetimes are apart.
    kate.accept(&submit(&server, "tasks").await?).await?;
    kate.command(&owned, "Complete", json!({})).await?.ok()?;
    Ok(())
}
