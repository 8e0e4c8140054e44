//! The operations of the reference document, with exactly its names and envelopes
//! (docs/compat/operations.md). User data, workbins and Transfer have files of their own.

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{
    Envelope, exactly, interaction, own_id, refused, submit, submit_email, submit_with, text,
    until_state,
};

#[tokio::test]
async fn accept_answers_in_the_older_envelope_and_the_truth_comes_by_cometd() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;

    let reference = exactly(
        kate.command(&id, "Accept", json!({})).await?,
        json!({"status": "ok", "statusCode": 0}),
    )?;
    let owned = kate.sees(&id, "Processing").await?;
    assert_eq!(
        owned["referenceId"], reference,
        "the caller's notification repeats the number: {owned}"
    );
    assert_eq!(owned["assignedTo"], own_id(&kate.rest).await?);
    let capabilities = [
        "Transfer",
        "AttachUserData",
        "UpdateUserData",
        "DeleteUserData",
        "SetInFocus",
        "Complete",
    ];
    let shown = owned["capabilities"].as_array().context("no capabilities")?;
    ensure!(capabilities.iter().all(|wanted| shown.iter().any(|one| one == wanted)), "{owned}");

    let again = kate.command(&id, "Accept", json!({})).await?;
    let message = refused(again, 409, 2, Envelope::Older)?;
    assert!(
        message.contains("Processing"),
        "code 2 says which state the interaction is in: {message}"
    );
    Ok(())
}

#[tokio::test]
async fn a_rejected_interaction_is_presented_to_another_agent() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;

    exactly(
        kate.command(&id, "Reject", json!({})).await?,
        json!({"status": "ok", "statusCode": 0}),
    )?;
    let lost = kate.sees(&id, "Completed").await?;
    assert_eq!(lost["capabilities"], json!([]));
    ben.sees(&id, "Invited").await?;
    refused(kate.command(&id, "Reject", json!({})).await?, 403, 3, Envelope::Older)?;
    ben.command(&id, "Accept", json!({})).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn complete_ends_ownership() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    for operation in ["Complete", "StopProcessing"] {
        let id = submit(&server, "tasks").await?;
        kate.accept(&id).await?;
        exactly(kate.command(&id, operation, json!({})).await?, json!({"statusCode": 0}))?;
        kate.sees(&id, "Completed").await?;
        let ended = until_state(&server, &id, "Completed").await?;
        assert_eq!(ended["assignedTo"], Value::Null);
        refused(kate.command(&id, operation, json!({})).await?, 409, 2, Envelope::Plain)?;
    }
    Ok(())
}

#[tokio::test]
async fn complete_with_a_queue_name_places_there() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    refused(
        kate.command(&id, "Complete", json!({"queueName": "nowhere"})).await?,
        404,
        6,
        Envelope::Plain,
    )?;
    exactly(
        kate.command(&id, "Complete", json!({"queueName": "parking"})).await?,
        json!({"statusCode": 0}),
    )?;
    kate.sees(&id, "Completed").await?;
    let waiting = until_state(&server, &id, "Queued").await?;
    assert_eq!(waiting["currentQueue"], "parking");
    Ok(())
}

#[tokio::test]
async fn place_in_queue_hands_the_work_to_the_next_agent() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;

    refused(kate.command(&id, "PlaceInQueue", json!({})).await?, 400, 1, Envelope::Older)?;
    refused(
        kate.command(&id, "PlaceInQueue", json!({"queueName": "nowhere"})).await?,
        404,
        6,
        Envelope::Older,
    )?;
    let foreign = kate.command(&id, "PlaceInQueue", json!({"queueName": "support-email"})).await?;
    refused(foreign, 400, 10, Envelope::Older)?;
    assert_eq!(
        interaction(&kate.rest, &id).await?["state"],
        "Processing",
        "a refusal changes nothing"
    );

    let answer = kate.command(&id, "PlaceInQueue", json!({"queueName": "sales"})).await?;
    exactly(answer, json!({"status": "ok", "statusCode": 0}))?;
    kate.sees(&id, "Completed").await?;
    let offer = mia.sees(&id, "Invited").await?;
    assert_eq!(offer["currentQueue"], "sales");
    Ok(())
}

#[tokio::test]
async fn a_reply_is_a_draft_of_its_own_and_cancel_ends_it() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit_email(&server, "Where is it?").await?;
    let offer = kate.sees(&id, "Invited").await?;
    assert_eq!(offer["email_object"]["subject"], "Where is it?");
    assert_eq!(offer["email_object"]["interactionId"], id);
    assert_eq!(offer["interactionType"], "Email");
    kate.command(&id, "Accept", json!({})).await?.ok()?;
    refused(kate.command(&id, "Cancel", json!({})).await?, 409, 2, Envelope::Plain)?;

    kate.command(&id, "Reply", json!({})).await?.ok()?;
    let draft = kate
        .notified("a draft", |data| data["state"] == "Composing" && data["parentId"] == id)
        .await?;
    let draft_id = text(&draft, "id")?;
    refused(kate.command(&id, "Complete", json!({})).await?, 409, 2, Envelope::Plain)
        .context("an open draft holds the e-mail open")?;
    exactly(
        kate.command(&draft_id, "Cancel", json!({})).await?,
        json!({"status": 0, "statusCode": 0}),
    )?;
    let canceled = kate.sees(&draft_id, "Canceled").await?;
    assert_eq!(canceled["capabilities"], json!([]));
    exactly(kate.command(&id, "Complete", json!({})).await?, json!({"statusCode": 0}))?;
    Ok(())
}

#[tokio::test]
async fn the_lists_of_interactions_have_the_documented_shapes() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let owned = submit(&server, "tasks").await?;
    kate.accept(&owned).await?;
    let hidden = submit(&server, "parking").await?;

    let uris = kate.rest.get("/me/interactions").await?.ok()?.value;
    assert_eq!(
        uris,
        json!({"statusCode": 0, "uris": [format!("{}/api/v2/interactions/{owned}", server.origin())]})
    );
    let own = kate.rest.get("/me/interactions?fields=*").await?.ok()?.value;
    let entry = &own["interactions"][0];
    assert_eq!(entry["id"], owned);
    assert_eq!(entry["state"], "Processing");
    assert_eq!(entry["path"], format!("/interactions/{owned}"));
    assert_eq!(
        entry["messageType"].as_str().unwrap_or("InteractionStateMessage"),
        "InteractionStateMessage"
    );
    let some = kate.rest.get("/me/interactions?fields=id,state").await?.ok()?.value;
    assert_eq!(some["interactions"][0]["state"], "Processing");
    assert_eq!(some["interactions"][0].get("currentQueue"), None, "{some}");

    let everything =
        server.rest("ada")?.get("/interactions?fields=*&limit=1000").await?.ok()?.value;
    let ids = |list: &Value| -> Vec<Value> {
        list["interactions"]
            .as_array()
            .map(|all| all.iter().map(|one| one["id"].clone()).collect())
            .unwrap_or_default()
    };
    assert!(ids(&everything).contains(&json!(owned)) && ids(&everything).contains(&json!(hidden)));
    let visible = kate.rest.get("/interactions?fields=*").await?.ok()?.value;
    assert!(
        ids(&visible).contains(&json!(owned)) && !ids(&visible).contains(&json!(hidden)),
        "{visible}"
    );
    kate.rest.get(&format!("/interactions/{hidden}")).await?.refused(404, 6)?;
    server.rest("ada")?.get("/interactions?colour=red").await?.refused(400, 10)?;
    Ok(())
}

#[tokio::test]
async fn put_changes_what_may_be_changed_and_nothing_else() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let fields = json!({"userData": {"keep": 1, "drop": 2, "nested": {"a": 1, "b": 2}}});
    let id = submit_with(&server, "workitem", "tasks", fields).await?;
    kate.accept(&id).await?;
    let path = format!("/interactions/{id}");

    let patch = json!({"userData": {"drop": null, "nested": {"b": 3}}, "subject": "Changed"});
    kate.rest.put(&path, patch).await?.ok()?;
    let seen = interaction(&kate.rest, &id).await?;
    assert_eq!(seen["userData"], json!({"keep": 1, "nested": {"a": 1, "b": 3}}), "RFC 7396");
    assert_eq!(seen["subject"], "Changed");
    kate.rest.put(&path, json!({"state": "Completed"})).await?.refused(400, 11)?;
    let by_agent = kate.rest.put(&path, json!({"priority": 7})).await?;
    assert!(matches!(by_agent.code(), 5 | 11), "priority is for supervisors: {by_agent}");
    server.rest("sam")?.put(&path, json!({"priority": 7})).await?.ok()?;
    assert_eq!(interaction(&kate.rest, &id).await?["priority"], 7);
    server.rest("mia")?.put(&path, json!({"subject": "x"})).await?.refused(404, 6)?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    server.rest("sam")?.put(&path, json!({"priority": 8})).await?.refused(409, 2)?;
    Ok(())
}
