//! Who is offered what, and how an offer ends (docs/compat/agents.md and
//! docs/compat/interactions.md#states).

use anyhow::{Context as _, Result};
use handoff_testkit::{Replay, TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{change_queue, interaction, own_work, submit, submit_with, until_state};

#[tokio::test]
async fn an_unanswered_offer_is_revoked_and_goes_to_another_agent() -> Result<()> {
    let server = TestServer::start().await?;
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
async fn with_nobody_else_the_same_agent_is_asked_again_after_a_while() -> Result<()> {
    let server = TestServer::start().await?;
    change_queue(&server, "tasks", json!({"inviteTimeout": 1, "reofferAfter": 1})).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;
    kate.sees(&id, "Revoked").await?;
    kate.sees(&id, "Invited").await?;
    Ok(())
}

#[tokio::test]
async fn with_nobody_else_who_rejects_is_asked_again_after_a_while() -> Result<()> {
    let server = TestServer::start().await?;
    change_queue(&server, "tasks", json!({"reofferAfter": 1})).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;
    kate.command(&id, "Reject", json!({})).await?.ok()?;
    kate.sees(&id, "Completed").await?;
    kate.accept(&id).await?;
    Ok(())
}

#[tokio::test]
async fn an_agent_who_is_not_ready_is_offered_nothing_until_he_is() -> Result<()> {
    let server = TestServer::start().await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    ben.me("NotReady").await?.ok()?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let waiting = submit(&server, "tasks").await?;
    // What was submitted later has been offered, so the router has been past the first one too.
    let later = submit(&server, "sales").await?;
    mia.sees(&later, "Invited").await?;
    assert_eq!(interaction(&server.rest("ada")?, &waiting).await?["state"], "Queued");
    assert_eq!(ben.received(TestAgent::INTERACTIONS), Vec::<Value>::new());
    ben.me("Ready").await?.ok()?;
    ben.accept(&waiting).await?;
    Ok(())
}

#[tokio::test]
async fn an_agent_who_does_not_listen_is_offered_nothing_until_he_does() -> Result<()> {
    let server = TestServer::start().await?;
    let mut kate = TestAgent::away(&server, "kate", Transport::WebSocket)?;
    kate.connect().await?;
    kate.start_session().await?;
    kate.ready().await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let waiting = submit(&server, "tasks").await?;
    let later = submit(&server, "sales").await?;
    mia.sees(&later, "Invited").await?;
    assert_eq!(interaction(&server.rest("ada")?, &waiting).await?["state"], "Queued");
    assert!(own_work(&kate.rest).await?.is_empty());
    kate.subscribe("/v2/me/*", Replay::Plain).await.context("a wildcard counts as listening")?;
    kate.accept(&waiting).await?;
    Ok(())
}

#[tokio::test]
async fn do_not_disturb_keeps_offers_away() -> Result<()> {
    let server = TestServer::start().await?;
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

#[tokio::test]
async fn a_full_agent_is_offered_the_next_one_when_a_slot_is_free() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    // Only kate has the skill that this queue asks for; five work items are the default capacity.
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(submit(&server, "billing").await?);
    }
    let sixth = submit(&server, "billing").await?;
    for id in &taken {
        kate.sees(id, "Invited").await?;
    }
    let later = submit(&server, "sales").await?;
    mia.sees(&later, "Invited").await?;
    let ada = server.rest("ada")?;
    assert_eq!(interaction(&ada, &sixth).await?["state"], "Queued", "offers take slots");
    kate.command(&taken[0], "Accept", json!({})).await?.ok()?;
    assert_eq!(
        interaction(&ada, &sixth).await?["state"],
        "Queued",
        "an accepted offer keeps its slot"
    );
    kate.command(&taken[0], "Complete", json!({})).await?.ok()?;
    kate.accept(&sixth).await?;
    Ok(())
}

#[tokio::test]
async fn a_skill_that_the_queue_asks_for_decides_who_is_asked() -> Result<()> {
    let server = TestServer::start().await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    let id = submit(&server, "billing").await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    kate.accept(&id).await?;
    assert_eq!(
        ben.received(TestAgent::INTERACTIONS),
        Vec::<Value>::new(),
        "billing 2 is not billing 4"
    );
    Ok(())
}

#[tokio::test]
async fn higher_priority_goes_first_then_who_waits_longest() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    // One slot is left, so that the order of the offers is the order of the queue.
    for _ in 0..4 {
        kate.accept(&submit(&server, "billing").await?).await?;
    }
    kate.me("NotReady").await?.ok()?;
    let first = submit(&server, "billing").await?;
    let second = submit(&server, "billing").await?;
    let urgent = submit_with(&server, "workitem", "billing", json!({"priority": 9})).await?;
    kate.ready().await?;
    for id in [&urgent, &first, &second] {
        kate.accept(id).await?;
        kate.command(id, "Complete", json!({})).await?.ok()?;
    }
    let offers = kate
        .received(TestAgent::INTERACTIONS)
        .into_iter()
        .filter(|data| data["state"] == "Invited");
    let order: Vec<Value> = offers.skip(4).map(|data| data["id"].clone()).collect();
    assert_eq!(order, [json!(urgent), json!(first), json!(second)]);
    Ok(())
}

#[tokio::test]
async fn everybody_else_sees_the_center_s_view_of_an_offer() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    let offer = kate.sees(&id, "Invited").await?;
    let seen = interaction(&kate.rest, &id).await?;
    assert_eq!((&seen["state"], &seen["capabilities"]), (&offer["state"], &offer["capabilities"]));
    let by_admin = until_state(&server, &id, "Invited").await?;
    assert_eq!(by_admin["capabilities"], json!([]), "who cannot Accept is not told that they can");
    let why = server.rest("sam")?.get(&format!("/interactions/{id}/routing")).await?.ok()?;
    assert!(why.value.as_object().is_some_and(|fields| fields.len() > 1), "{why}");
    Ok(())
}

/// What waits when an agent becomes Ready is offered in one round. Which of several offers is made
/// first must not hang on which of them was written first, so this is done often enough for chance
/// to show.
#[tokio::test]
async fn offers_of_one_round_arrive_in_routing_order() -> Result<()> {
    const PRIORITIES: [i64; 5] = [0, 5, 3, 9, 3];
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    for round in 0..8 {
        kate.me("NotReady").await?.ok()?;
        let mut waiting = Vec::new();
        for priority in PRIORITIES {
            let id =
                submit_with(&server, "workitem", "tasks", json!({"priority": priority})).await?;
            waiting.push((-priority, waiting.len(), id));
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
