//! PlaceInWorkbin, GetWorkbinContent and the pull (docs/compat/interactions.md and
//! docs/compat/operations.md#workbin-content).

use anyhow::{Context as _, Result};
use handoff_testkit::{TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{Envelope, exactly, refused, submit, text, until_state};

fn older_ok() -> Value {
    json!({"status": "ok", "statusCode": 0})
}

async fn workbin_named(agent: &TestAgent, name: &str) -> Result<String> {
    let answer = agent.rest.get("/me/workbins?fields=*").await?.ok()?;
    let list = answer.value["workbins"].as_array().context("no workbins")?;
    let found =
        list.iter().find(|workbin| workbin["name"] == name || workbin["workbinName"] == name);
    text(found.with_context(|| format!("no workbin {name}: {answer}"))?, "id")
}

#[tokio::test]
async fn a_work_item_rests_in_a_workbin_and_is_pulled_again() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    let before =
        crate::scene::interaction(&kate.rest, &id).await?["epoch"].as_i64().context("no epoch")?;

    refused(kate.command(&id, "PlaceInWorkbin", json!({})).await?, 400, 1, Envelope::Older)?;
    refused(
        kate.command(&id, "PlaceInWorkbin", json!({"workbin": "nowhere"})).await?,
        404,
        6,
        Envelope::Older,
    )?;
    exactly(
        kate.command(&id, "PlaceInWorkbin", json!({"workbin": "In Progress"})).await?,
        older_ok(),
    )?;
    let placed = kate.sees(&id, "InWorkbin").await?;
    assert_eq!(placed["capabilities"], json!([]));
    assert_eq!(placed["assignedTo"], Value::Null);
    assert!(
        placed["epoch"].as_i64() > Some(before),
        "the epoch grows with every change of place: {placed}"
    );

    let workbin = workbin_named(&kate, "In Progress").await?;
    let pull = json!({"operationName": "PullWorkitem", "id": id});
    kate.rest.post(&format!("/workbins/{workbin}"), pull.clone()).await?.ok()?;
    kate.sees(&id, "Processing").await?;
    kate.rest.post(&format!("/workbins/{workbin}"), pull).await?.refused(409, 2)?;
    Ok(())
}

#[tokio::test]
async fn the_content_of_a_workbin_comes_by_cometd() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
    let mut placed = Vec::new();
    for _ in 0..3 {
        let id = submit(&server, "tasks").await?;
        kate.accept(&id).await?;
        kate.command(&id, "PlaceInWorkbin", json!({"workbin": "Team"})).await?.ok()?;
        placed.push(id);
    }
    let workbin = workbin_named_in_center(&server, "Team").await?;
    for (target, named) in [(placed[0].as_str(), "Team"), ("-", workbin.as_str())] {
        let answer = kate.command(target, "GetWorkbinContent", json!({"workbin": named})).await?;
        let reference = exactly(answer, older_ok())?;
        let is_ours = |data: &Value| {
            data["messageTypeName"] == "WorkbinContentMessage" && data["referenceId"] == reference
        };
        let content = kate.notified("the content of the workbin", is_ours).await?;
        assert_eq!(content["workbin"], workbin);
        assert_eq!(content.get("sequence"), None, "an answer, not an event");
        let listed = content["interactions"].as_array().context("no interactions")?;
        let mut ids: Vec<String> =
            listed.iter().map(|one| text(one, "id")).collect::<Result<_>>()?;
        ids.sort();
        assert_eq!(ids, placed);
        assert!(
            listed
                .iter()
                .all(|one| one["state"] == "InWorkbin" && one["capabilities"] == json!([]))
        );
    }
    refused(kate.command("-", "GetWorkbinContent", json!({})).await?, 400, 1, Envelope::Older)?;
    refused(
        kate.command("-", "GetWorkbinContent", json!({"workbin": "nowhere"})).await?,
        404,
        6,
        Envelope::Older,
    )?;
    let rest =
        kate.rest.get(&format!("/me/workbins/{workbin}/interactions?fields=*")).await?.ok()?;
    assert_eq!(rest.value["interactions"].as_array().map(Vec::len), Some(3), "{rest}");
    Ok(())
}

async fn workbin_named_in_center(server: &TestServer, name: &str) -> Result<String> {
    let kate = TestAgent::away(server, "kate", Transport::LongPolling)?;
    let answer = kate.rest.get("/workbins?fields=*").await?.ok()?;
    let list = answer.value["workbins"].as_array().context("no workbins")?;
    let found =
        list.iter().find(|workbin| workbin["name"] == name || workbin["workbinName"] == name);
    text(found.with_context(|| format!("no workbin {name}: {answer}"))?, "id")
}

#[tokio::test]
async fn a_group_workbin_is_for_its_group() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.command(&id, "PlaceInWorkbin", json!({"workbin": "Team"})).await?.ok()?;
    let workbin = workbin_named_in_center(&server, "Team").await?;
    let pull = json!({"operationName": "PullInteraction", "id": id});

    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    mia.rest.post(&format!("/workbins/{workbin}"), pull.clone()).await?.refused(404, 6)?;
    let ben = TestAgent::away(&server, "ben", Transport::LongPolling)?;
    ben.rest
        .post(&format!("/workbins/{workbin}"), pull.clone())
        .await?
        .refused(409, 2)
        .context("a pull needs a contact-center session")?;
    ben.start_session().await?;
    ben.rest.post(&format!("/workbins/{workbin}"), pull).await?.ok()?;
    let pulled = until_state(&server, &id, "Processing").await?;
    assert_eq!(pulled["assignedTo"], crate::scene::own_id(&ben.rest).await?);
    Ok(())
}

#[tokio::test]
async fn subscribers_of_a_workbin_are_told_what_comes_and_goes() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let mut ben = TestAgent::away(&server, "ben", Transport::LongPolling)?;
    ben.connect().await?;
    ben.subscribe("/v2/me/workbins", handoff_testkit::Replay::Plain).await?;
    let workbin = workbin_named_in_center(&server, "Team").await?;
    ben.rest
        .post(&format!("/workbins/{workbin}"), json!({"operationName": "Subscribe"}))
        .await?
        .ok()?;
    let told = |what: &'static str, wanted: fn(&Value) -> bool| {
        let on_topic = move |message: &Value| {
            message["channel"] == "/v2/me/workbins" && wanted(&message["data"])
        };
        ben.inbox.expect(what, on_topic)
    };
    told("Subscribed", |data| data["stateResource"] == "Subscribed").await?;

    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.command(&id, "PlaceInWorkbin", json!({"workbin": "Team"})).await?.ok()?;
    let added = told("ItemAdded", |data| data["action"] == "ItemAdded").await?;
    assert_eq!(added["data"]["id"], workbin);
    assert!(added["data"].to_string().contains(&id), "{added}");
    Ok(())
}
