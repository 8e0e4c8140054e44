//! Transfer to an agent, a queue and a skill (docs/compat/interactions.md and
//! docs/compat/operations.md#targets).

use anyhow::Result;
use handoff_testkit::{TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{
    Envelope, change_queue, exactly, interaction, own_id, own_work, refused, submit, until_state,
};

/// Kate owns a work item; ben is at work.
async fn kate_owns_one(server: &TestServer) -> Result<(TestAgent, TestAgent, String)> {
    let kate = TestAgent::at_work(server, "kate", Transport::LongPolling).await?;
    let id = submit(server, "tasks").await?;
    kate.accept(&id).await?;
    kate.sees(&id, "Processing").await?;
    let ben = TestAgent::at_work(server, "ben", Transport::WebSocket).await?;
    Ok((kate, ben, id))
}

#[tokio::test]
async fn ownership_changes_when_the_target_accepts() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    let (kate_id, ben_id) = (own_id(&kate.rest).await?, own_id(&ben.rest).await?);

    exactly(
        kate.command(&id, "Transfer", json!({"userId": ben_id})).await?,
        json!({"statusCode": 0}),
    )?;
    let offer = ben.sees(&id, "Invited").await?;
    assert_eq!(offer["capabilities"], json!(["Accept", "Reject"]));
    let owners = interaction(&kate.rest, &id).await?;
    assert_eq!(owners["state"], "Processing", "the owner keeps it until the target accepts");
    assert_eq!(owners["assignedTo"], kate_id);
    assert_eq!(own_work(&ben.rest).await?, std::slice::from_ref(&id));

    ben.command(&id, "Accept", json!({})).await?.ok()?;
    kate.sees(&id, "Completed").await?;
    let owned = ben.sees(&id, "Processing").await?;
    assert_eq!(owned["assignedTo"], ben_id);
    refused(kate.command(&id, "Complete", json!({})).await?, 403, 3, Envelope::Plain)?;
    assert!(own_work(&kate.rest).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_rejected_transfer_leaves_the_work_with_its_owner() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    exactly(
        kate.command(&id, "SingleStepTransfer", json!({"userName": "ben"})).await?,
        json!({"statusCode": 0}),
    )?;
    ben.sees(&id, "Invited").await?;
    ben.command(&id, "Reject", json!({})).await?.ok()?;
    let told = kate
        .notified("the Error about the transfer", |data| data["notificationType"] == "Error")
        .await?;
    assert_eq!(told["id"], id);
    assert!(told["errorMessage"].is_string() && !told["errorCode"].is_null(), "{told}");
    ben.sees(&id, "Completed").await?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn an_unanswered_transfer_ends_by_itself() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    change_queue(&server, "tasks", json!({"inviteTimeout": 1})).await?;
    let ben_id = own_id(&ben.rest).await?;
    let uri = format!("{}/api/v2/users/{ben_id}", server.origin());
    exactly(
        kate.command(&id, "Transfer", json!({"userUri": uri})).await?,
        json!({"statusCode": 0}),
    )?;
    ben.sees(&id, "Invited").await?;
    kate.notified("the Error about the transfer", |data| data["notificationType"] == "Error")
        .await?;
    ben.sees(&id, "Revoked").await?;
    let seen = interaction(&kate.rest, &id).await?;
    assert_eq!(
        (&seen["state"], &seen["assignedTo"]),
        (&json!("Processing"), &json!(own_id(&kate.rest).await?))
    );
    assert!(own_work(&ben.rest).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_owner_withdraws_the_offer_by_going_on_with_the_work() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    kate.command(&id, "Transfer", json!({"userName": "ben"})).await?.ok()?;
    ben.sees(&id, "Invited").await?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    ben.sees(&id, "Revoked").await?;
    ben.command(&id, "Accept", json!({})).await?.refused(409, 2)?;
    until_state(&server, &id, "Completed").await?;
    Ok(())
}

#[tokio::test]
async fn a_target_that_cannot_take_it_is_refused_at_once() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    let (kate_id, ben_id) = (own_id(&kate.rest).await?, own_id(&ben.rest).await?);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let zoe_id = own_id(&server.rest("zoe")?).await?;
    let table: [(Value, u16, i64); 7] = [
        (json!({}), 400, 1),
        (json!({"userId": ben_id, "queueName": "sales"}), 400, 10),
        (json!({"userId": kate_id}), 409, 2),
        (json!({"userId": unknown}), 404, 6),
        (json!({"userId": zoe_id}), 404, 6),
        (json!({"userName": "mia"}), 409, 2),
        (json!({"skill": "swimming"}), 404, 6),
    ];
    for (fields, status, code) in table {
        let answer = kate.command(&id, "Transfer", fields.clone()).await?;
        refused(answer, status, code, Envelope::Plain)
            .map_err(|error| error.context(format!("Transfer with {fields}")))?;
    }
    ben.me("NotReady").await?.ok()?;
    refused(
        kate.command(&id, "Transfer", json!({"userId": ben_id})).await?,
        409,
        2,
        Envelope::Plain,
    )?;
    assert_eq!(interaction(&kate.rest, &id).await?["state"], "Processing");
    assert!(ben.received(TestAgent::INTERACTIONS).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_transfer_to_a_queue_leaves_at_once() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, _, id) = kate_owns_one(&server).await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    exactly(
        kate.command(&id, "Transfer", json!({"queueName": "sales"})).await?,
        json!({"statusCode": 0}),
    )?;
    kate.sees(&id, "Completed").await?;
    mia.accept(&id).await?;
    Ok(())
}

#[tokio::test]
async fn a_transfer_to_a_skill_asks_only_those_who_have_it() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, ben, id) = kate_owns_one(&server).await?;
    let sam = TestAgent::at_work(&server, "sam", Transport::LongPolling).await?;
    kate.me("NotReady").await?.ok()?;
    ben.me("NotReady").await?.ok()?;
    exactly(
        kate.command(&id, "Transfer", json!({"skill": "billing"})).await?,
        json!({"statusCode": 0}),
    )?;
    kate.sees(&id, "Completed").await?;
    // Sam is Ready and serves the queue, but has no billing; what comes after it reaches them.
    let other = submit(&server, "tasks").await?;
    sam.sees(&other, "Invited").await?;
    assert_eq!(until_state(&server, &id, "Queued").await?["currentQueue"], "tasks");
    ben.me("Ready").await?.ok()?;
    ben.accept(&id).await?;
    let asked = |data: &Value| data["id"] == id;
    assert!(!sam.received(TestAgent::INTERACTIONS).iter().any(asked));
    Ok(())
}
