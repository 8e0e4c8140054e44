//! Who is offered what, and how an offer ends (docs/compat/agents.md and
//! docs/compat/interactions.md#states).

use anyhow::{Context as _, Result};
use handoff_testkit::{Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{change_queue, interaction, own_work, submit, submit_with};

#[tokio::test]
async fn an_unanswered_offer_is_revoked_and_goes_to_another_agent() -> Result<()> {
    let server = Program::demo(&[]).await?;
    change_queue(&server, "tasks", json!({"inviteTimeout": 1})).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;
    // The short time is for the offer that is open; the next one must not run out while this test
    // looks at it.
    change_queue(&server, "tasks", json!({"inviteTimeout": 30})).await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::WebSocket).await?;

    let revoked = kate.sees(&id, "Revoked").await?;
    assert_eq!(revoked["capabilities"], json!([]));
    ben.accept(&id).await?;
    ben.sees(&id, "Processing").await?;
    kate.command(&id, "Accept", json!({})).await?.refused(409, 2)?;
    Ok(())
}

#[tokio::test]
async fn an_unanswered_transfer_ends_by_itself() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::WebSocket).await?;
    change_queue(&server, "tasks", json!({"inviteTimeout": 1})).await?;
    kate.command(&id, "Transfer", json!({"userName": "ben"})).await?.ok()?;
    ben.sees(&id, "Invited").await?;
    kate.notified("the Error about it", |data| data["notificationType"] == "Error").await?;
    ben.sees(&id, "Revoked").await?;
    assert_eq!(own_work(&kate.rest).await?, [id]);
    assert!(own_work(&ben.rest).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_agent_who_is_not_ready_is_offered_nothing_until_he_is() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    ben.me("NotReady").await?.ok()?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let waiting = submit(&server, "tasks").await?;
    // What was submitted later has been offered, so the router has been past the first one too.
    let later = submit(&server, "sales").await?;
    mia.sees(&later, "Invited").await?;
    assert_eq!(interaction(&server.client("ada"), &waiting).await?["state"], "Queued");
    assert_eq!(ben.received(TestAgent::INTERACTIONS), Vec::<Value>::new());
    ben.me("Ready").await?.ok()?;
    ben.accept(&waiting).await?;
    Ok(())
}

#[tokio::test]
async fn an_agent_who_does_not_listen_is_offered_nothing_until_he_does() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mut kate = TestAgent::away(&server, "kate", Transport::WebSocket);
    kate.connect().await?;
    kate.start_session().await?;
    kate.ready().await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let waiting = submit(&server, "tasks").await?;
    let later = submit(&server, "sales").await?;
    mia.sees(&later, "Invited").await?;
    assert_eq!(interaction(&server.client("ada"), &waiting).await?["state"], "Queued");
    assert!(own_work(&kate.rest).await?.is_empty());
    kate.subscribe("/v2/me/*", Replay::Plain).await.context("a wildcard counts as listening")?;
    kate.accept(&waiting).await?;
    Ok(())
}

#[tokio::test]
async fn do_not_disturb_keeps_offers_away() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    kate.me("DoNotDisturbOn").await?.ok()?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    for _ in 0..3 {
        ben.accept(&submit(&server, "tasks").await?).await?;
    }
    assert_eq!(kate.received(TestAgent::INTERACTIONS), Vec::<Value>::new());
    kate.me("DoNotDisturbOff").await?.ok()?;
    ben.me("NotReady").await?.ok()?;
    kate.accept(&submit(&server, "tasks").await?).await?;
    Ok(())
}

/// What waits when an agent becomes Ready is offered in one round. Which of several offers is made
/// first must not hang on which of them was written first, so this is done often enough for chance
/// to show.
#[tokio::test]
async fn offers_of_one_round_arrive_in_routing_order() -> Result<()> {
    const PRIORITIES: [i64; 5] = [0, 5, 3, 9, 3];
    let server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    for round in 0..8 {
        kate.me("NotReady").await?.ok()?;
        let mut waiting = Vec::new();
        for priority in PRIORITIES {
            let id =
                submit_with(&server, "workitem", "tasks", json!({"priority": priority})).await?;
            waiting.push((-priority, waiting.len(), id));
        }
        // Each of several nodes knows of all of them, once it has answered from what is stored.
        for _ in 0..6 {
            let (_, _, last) = waiting.last().context("nothing waits")?;
            server.client("sam").get(&format!("/interactions/{last}/routing")).await?.ok()?;
        }
        waiting.sort();
        let wanted: Vec<String> = waiting.into_iter().map(|(_, _, id)| id).collect();
        kate.me("Ready").await?.ok()?;
        for id in &wanted {
            kate.sees(id, "Invited").await?;
        }
        let received = kate.received(TestAgent::INTERACTIONS);
        let invited = received.iter().filter(|data| data["state"] == "Invited");
        let ids: Vec<&str> = invited.filter_map(|data| data["id"].as_str()).collect();
        let order: Vec<&str> =
            ids.into_iter().filter(|id| wanted.iter().any(|one| one == id)).collect();
        assert_eq!(order, wanted, "round {round}");
        for id in &wanted {
            kate.command(id, "Accept", json!({})).await?.ok()?;
            kate.command(id, "Complete", json!({})).await?.ok()?;
        }
    }
    Ok(())
}
