//! What most tests need before they can begin.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::{BOUND, Client, Door, Program};
use serde_json::{Value, json};

/// The demo center, as the program begins with it.
pub(crate) const DEMO: &str = include_str!("../../../../crates/server/src/demo/demo.toml");

/// Submits a work item as the media server `intake` and gives its id.
pub(crate) async fn submit(server: &impl Door, queue: &str) -> Result<String> {
    submit_with(server, "workitem", queue, json!({})).await
}

/// Submits an interaction with further fields and gives its id.
pub(crate) async fn submit_with(
    server: &impl Door,
    channel: &str,
    queue: &str,
    fields: Value,
) -> Result<String> {
    let answer = server
        .client("intake")
        .post("/interactions", creation(channel, queue, fields))
        .await?
        .ok()?;
    text(&answer.body, "id")
}

/// The body of a Create.
pub(crate) fn creation(channel: &str, queue: &str, fields: Value) -> Value {
    let mut body = json!({"operationName": "Create", "channel": channel, "queueName": queue,
                          "interactionType": "Inbound", "interactionSubType": "InboundNew"});
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    body
}

/// Returns an interaction as `reader` sees it.
pub(crate) async fn interaction(reader: &Client, id: &str) -> Result<Value> {
    Ok(reader.get(&format!("/interactions/{id}")).await?.ok()?.body["interaction"].take())
}

/// Applies a text; returns what was said on standard output.
pub(crate) async fn apply(server: &Program, text: &str, options: &[&str]) -> Result<String> {
    let output = server.apply(text, options).await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{complaint}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Applies what must be refused; returns the complaint.
pub(crate) async fn refused(server: &Program, text: &str, options: &[&str]) -> Result<String> {
    let output = server.apply(text, options).await?;
    ensure!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(String::from_utf8(output.stderr)?)
}

/// Waits until the administrator sees the interaction in this state.
pub(crate) async fn until_state(server: &Program, id: &str, state: &str) -> Result<Value> {
    let ada = server.client("ada");
    let mut seen = Value::Null;
    let waiting = async {
        loop {
            seen = interaction(&ada, id).await?;
            if seen["state"] == state {
                return anyhow::Ok(());
            }
            // The only way to learn of a change that is not published to the one who asks; the end
            // of the wait is a condition.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    match tokio::time::timeout(BOUND, waiting).await {
        Ok(done) => done.map(|()| seen),
        Err(_) => bail!("interaction {id} is not {state}: {seen}"),
    }
}

/// Waits until an agent's `/me/channels` shows this state on every channel.
pub(crate) async fn until_channels(agent: &Client, state: &str) -> Result<()> {
    let mut seen = Value::Null;
    let waiting = async {
        loop {
            seen = agent.get("/me/channels?fields=*").await?.ok()?.body;
            let channels = seen["channels"].as_array().context("no list of channels")?;
            if !channels.is_empty()
                && channels.iter().all(|channel| channel["userState"]["state"] == state)
            {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    match tokio::time::timeout(BOUND, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("the channels are not all {state}: {seen}"),
    }
}

/// Changes some fields of a queue, as the administrator.
pub(crate) async fn change_queue(server: &Program, name: &str, fields: Value) -> Result<()> {
    let ada = server.client("ada");
    let found = ada.get(&format!("/queues?fields=id&name={name}")).await?.ok()?;
    let id = text(&found.body["queues"][0], "id")?;
    ada.put(&format!("/queues/{id}"), fields).await?.ok().map(drop)
}

pub(crate) fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field].as_str().with_context(|| format!("no text in {field} of {value}"))?.to_owned())
}

/// Returns the ids that the caller's `/me/interactions` lists.
pub(crate) async fn own_work(caller: &Client) -> Result<Vec<String>> {
    let answer = caller.get("/me/interactions?fields=*").await?.ok()?;
    let list = answer.body["interactions"]
        .as_array()
        .with_context(|| format!("no interactions: {answer}"))?;
    list.iter().map(|entry| text(entry, "id")).collect()
}
