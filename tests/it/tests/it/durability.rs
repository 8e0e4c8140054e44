//! What was acknowledged is there after a kill (docs/compat/interactions.md#promises).

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{Call, Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{creation, interaction, own_work, submit, text, until_state};

#[tokio::test]
async fn a_kill_in_the_middle_of_the_work_loses_nothing_that_was_acknowledged() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    // Four clients, so that commits are shared and some are under way when the kill comes.
    let mut clients = Vec::new();
    for client in 0..4 {
        let intake = server.client("intake");
        clients.push(tokio::spawn(async move {
            let mut acknowledged: Vec<(String, i64)> = Vec::new();
            for number in 0_i64.. {
                let fields = json!({"userData": {"client": client, "number": number}});
                match intake.post("/interactions", creation("workitem", "parking", fields)).await {
                    Ok(answer) if !answer.is_failure() => {
                        acknowledged.push((text(&answer.ok()?.body, "id")?, number));
                    }
                    // The kill: no answer, or a balancer's, so nothing was promised.
                    Ok(_) | Err(_) => break,
                }
            }
            anyhow::Ok(acknowledged)
        }));
    }
    let ada = server.client("ada");
    loop {
        let listed = ada.get("/interactions?limit=200").await?.ok()?;
        if listed.body["uris"].as_array().is_some_and(|uris| uris.len() >= 100) {
            break;
        }
    }
    server.kill().await?;
    server.restart().await?;

    let mut checked = 0;
    for client in clients {
        for (id, number) in client.await?? {
            let kept =
                interaction(&ada, &id).await.with_context(|| format!("{id} was acknowledged"))?;
            assert_eq!(kept["userData"]["number"], number);
            checked += 1;
        }
    }
    ensure!(checked >= 90, "the kill came before there was anything to lose: {checked}");
    Ok(())
}

#[tokio::test]
async fn ownership_states_and_waiting_work_survive_a_kill() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let owned = submit(&server, "tasks").await?;
    kate.accept(&owned).await?;
    kate.command(&owned, "UpdateUserData", json!({"userData": {"step": 1}})).await?.ok()?;
    let placed = submit(&server, "tasks").await?;
    kate.accept(&placed).await?;
    kate.command(&placed, "PlaceInWorkbin", json!({"workbin": "Team"})).await?.ok()?;
    let done = submit(&server, "tasks").await?;
    kate.accept(&done).await?;
    kate.command(&done, "Complete", json!({})).await?.ok()?;
    let waiting = submit(&server, "parking").await?;
    drop(kate);
    server.kill().await?;
    server.restart().await?;

    let mut kate = TestAgent::away(&server, "kate", Transport::WebSocket);
    assert_eq!(own_work(&kate.rest).await?, std::slice::from_ref(&owned));
    assert_eq!(interaction(&kate.rest, &owned).await?["userData"], json!({"step": 1}));
    until_state(&server, &placed, "InWorkbin").await?;
    until_state(&server, &done, "Completed").await?;
    until_state(&server, &waiting, "Queued").await?;
    // The contact-center session and Ready are durable: listening again is enough to be offered
    // work.
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    kate.accept(&submit(&server, "tasks").await?).await?;
    kate.command(&owned, "Complete", json!({})).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn an_idempotency_key_answers_byte_for_byte_even_after_a_kill() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let body = creation("workitem", "parking", json!({"subject": "once"}));
    let create =
        |body: &Value| Call::post("/interactions", body).header("idempotency-key", "order-4711");
    let first = server.client("intake").send(create(&body)).await?.ok()?;
    let again = server.client("intake").send(create(&body)).await?;
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    server.kill().await?;
    server.restart().await?;
    let after = server.client("intake").send(create(&body)).await?;
    assert_eq!((after.status, &after.bytes), (first.status, &first.bytes));
    let other = creation("workitem", "parking", json!({"subject": "twice"}));
    server.client("intake").send(create(&other)).await?.refused(409, 2)?;
    let all = server.client("ada").get("/interactions").await?.ok()?;
    assert_eq!(all.body["uris"].as_array().map(Vec::len), Some(1), "{all}");
    Ok(())
}

#[tokio::test]
async fn the_same_external_id_enters_once() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let body = creation("workitem", "parking", json!({"externalId": "ticket-1"}));
    let first = server.client("intake").post("/interactions", body.clone()).await?.ok()?;
    let (one, two) = {
        let intake = server.client("intake");
        tokio::join!(
            intake.post("/interactions", body.clone()),
            intake.post("/interactions", body.clone())
        )
    };
    for answer in [one?.ok()?, two?.ok()?] {
        assert_eq!(answer.body["id"], first.body["id"]);
    }
    server.kill().await?;
    server.restart().await?;
    let after = server.client("intake").post("/interactions", body).await?.ok()?;
    assert_eq!(after.body["id"], first.body["id"]);
    let found = server.client("ada").get("/interactions?externalId=ticket-1").await?.ok()?;
    assert_eq!(found.body["uris"].as_array().map(Vec::len), Some(1), "{found}");
    Ok(())
}
