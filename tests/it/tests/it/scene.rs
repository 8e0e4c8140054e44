//! What most tests need before they can begin.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::{Answer, BOUND, Rest, TestServer};
use serde_json::{Value, json};

/// Submits a work item as the media server `intake` and gives its id.
pub(crate) async fn submit(server: &TestServer, queue: &str) -> Result<String> {
    submit_with(server, "workitem", queue, json!({})).await
}

/// Submits an interaction with further fields and gives its id.
pub(crate) async fn submit_with(
    server: &TestServer,
    channel: &str,
    queue: &str,
    fields: Value,
) -> Result<String> {
    let answer = server
        .rest("intake")?
        .post("/interactions", creation(channel, queue, fields))
        .await?
        .ok()?;
    text(&answer.value, "id")
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

/// Submits an e-mail to `support-email`.
pub(crate) async fn submit_email(server: &TestServer, subject: &str) -> Result<String> {
    let email = json!({"from": "customer@example.org", "to": ["support@demo.example"], "subject": subject,
                       "bodyAsPlainText": "The parcel has not come."});
    submit_with(server, "email", "support-email", json!({"subject": subject, "email": email})).await
}

/// Returns an interaction as `reader` sees it.
pub(crate) async fn interaction(reader: &Rest, id: &str) -> Result<Value> {
    Ok(reader.get(&format!("/interactions/{id}")).await?.ok()?.value["interaction"].take())
}

/// Waits until the administrator sees the interaction in this state.
pub(crate) async fn until_state(server: &TestServer, id: &str, state: &str) -> Result<Value> {
    let ada = server.rest("ada")?;
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
pub(crate) async fn until_channels(agent: &Rest, state: &str) -> Result<()> {
    let mut seen = Value::Null;
    let waiting = async {
        loop {
            seen = agent.get("/me/channels?fields=*").await?.ok()?.value;
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
pub(crate) async fn change_queue(server: &TestServer, name: &str, fields: Value) -> Result<()> {
    let ada = server.rest("ada")?;
    let id = id_of(&ada, "queues", "name", name).await?;
    ada.put(&format!("/queues/{id}"), fields).await?.ok().map(drop)
}

/// Finds the id of the one thing of a collection that has this attribute.
pub(crate) async fn id_of(
    reader: &Rest,
    plural: &str,
    attribute: &str,
    value: &str,
) -> Result<String> {
    let answer = reader.get(&format!("/{plural}?fields=*&{attribute}={value}")).await?.ok()?;
    let found = answer.value[plural]
        .as_array()
        .with_context(|| format!("no list of {plural}: {answer}"))?;
    ensure!(found.len() == 1, "expected one of {plural} with {attribute} {value}: {answer}");
    text(&found[0], "id")
}

/// Returns the caller's own user id.
pub(crate) async fn own_id(caller: &Rest) -> Result<String> {
    text(&caller.get("/me").await?.ok()?.value["user"], "id")
}

/// Returns a text field.
pub(crate) fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field].as_str().with_context(|| format!("no text in {field} of {value}"))?.to_owned())
}

/// Checks that an answer is a success with exactly this envelope, apart from the `referenceId` that
/// every operation adds, and gives that number.
pub(crate) fn exactly(answer: Answer, envelope: Value) -> Result<i64> {
    let mut rest = answer.ok()?.value;
    let reference = rest.as_object_mut().and_then(|fields| fields.remove("referenceId"));
    let reference = reference.as_ref().and_then(Value::as_i64).context("no integer referenceId")?;
    ensure!(
        (1..=i64::from(i32::MAX)).contains(&reference),
        "referenceId {reference} is out of range"
    );
    ensure!(rest == envelope, "expected {envelope}, got {rest}");
    Ok(reference)
}

/// Which generation's envelope a refusal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `statusCode` and `statusMessage` alone.
    Plain,
    /// With `status` and `errorDescription` beside them, as the reference document prints for most
    /// operations.
    Older,
}

/// Checks that an answer is this refusal, in this envelope and with nothing else in it.
pub(crate) fn refused(
    answer: Answer,
    status: u16,
    code: i64,
    envelope: Envelope,
) -> Result<String> {
    let answer = answer.refused(status, code)?;
    let message = text(&answer.value, "statusMessage")?;
    let expected = match envelope {
        Envelope::Plain => json!({"statusCode": code, "statusMessage": message}),
        Envelope::Older => json!({"statusCode": code, "statusMessage": message, "status": "error",
                                  "errorDescription": message}),
    };
    let mut rest = answer.value.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.remove("referenceId");
    }
    ensure!(rest == expected, "expected {expected}, got {answer}");
    Ok(message)
}

/// Returns the ids that the caller's `/me/interactions` lists.
pub(crate) async fn own_work(caller: &Rest) -> Result<Vec<String>> {
    let answer = caller.get("/me/interactions?fields=*").await?.ok()?;
    let list = answer.value["interactions"]
        .as_array()
        .with_context(|| format!("no interactions: {answer}"))?;
    list.iter().map(|entry| text(entry, "id")).collect()
}
