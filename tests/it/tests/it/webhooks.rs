//! Webhooks of the whole program, whose receiver and whose process break down.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{Client, Posted, Program, Receiver};
use serde_json::{Value, json};

use crate::scene::{submit, text};

/// Lets events go to this machine.
const INWARD: (&str, &str) = ("HANDOFF__WEBHOOKS__ALLOW_PRIVATE", "127.0.0.0/8");
/// How many events make a receiver count as away: once it takes one again it gets all at once.
const AWAY: usize = 5;

async fn make(admin: &Client, url: &str) -> Result<Value> {
    let body = json!({"name": url, "url": url});
    Ok(admin.post("/webhooks", body).await?.ok()?.body)
}

/// Returns what was taken of each interaction, each event once, in the order in which it came
/// first.
fn by_interaction(posted: &[Posted]) -> BTreeMap<String, Vec<(u64, String)>> {
    let mut seen: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for posted in posted.iter().filter(|posted| posted.status < 300) {
        let data = &posted.body["data"];
        let Some(id) = data["interactionId"].as_str() else { continue };
        let event = (data["position"].as_u64().unwrap_or(0), posted.id.clone());
        let known = seen.entry(id.to_owned()).or_default();
        if !known.contains(&event) {
            known.push(event);
        }
    }
    seen
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_everything_in_order_though_the_server_was_killed()
-> Result<()> {
    let receiver = Receiver::start(|_| 503).await?;
    let mut server = Program::demo(&[INWARD]).await?;
    let ada = server.client("ada");
    let made = make(&ada, &receiver.url()).await?;
    ensure!(text(&made, "secret")?.starts_with("whsec_"), "{made}");
    let mut submitted = Vec::new();
    for _ in 0..AWAY + 3 {
        submitted.push(submit(&server, "parking").await?);
    }
    receiver.until(|all| all.len() >= AWAY).await?;
    server.kill().await?;
    server.restart().await?;
    receiver.answer(|_| 204);
    submitted.push(submit(&server, "parking").await?);

    let has_all = |all: &[Posted]| {
        let seen = by_interaction(all);
        submitted.iter().all(|id| seen.get(id).is_some_and(|events| events.len() >= 2))
    };
    let all = receiver.until(has_all).await?;
    for (id, events) in by_interaction(&all) {
        ensure!(events.is_sorted(), "{id}: {events:?}");
    }
    let types: Vec<_> = all.iter().filter_map(|posted| posted.body["type"].as_str()).collect();
    ensure!(
        types.contains(&"interaction.opened") && types.contains(&"interaction.queued"),
        "{types:?}"
    );

    // What came before it was made is sent when somebody asks.
    let path = text(&made, "path")?;
    let before = receiver.posted().len();
    ada.post(&path, json!({"operationName": "Replay", "since": "2020-01-01T00:00:00Z"}))
        .await?
        .ok()?;
    let all = receiver.until(|all| has_all(&all[before..])).await?;
    let (first, again) = (by_interaction(&all[..before]), by_interaction(&all[before..]));
    for id in &submitted {
        ensure!(again[id] == first[id], "{id}: {again:?}");
    }
    let ready = server.anonymous().send(handoff_testkit::Call::get("").at("/readyz")).await?;
    ensure!(ready.status == 200, "{ready:?}");
    Ok(())
}

#[tokio::test]
async fn nothing_goes_to_this_machine_that_the_operator_did_not_allow() -> Result<()> {
    let receiver = Receiver::start(|_| 204).await?;
    let server = Program::demo(&[]).await?;
    let ada = server.client("ada");
    let made = make(&ada, &receiver.url()).await?;
    let path = text(&made, "path")?;
    let tested = ada.post(&path, json!({"operationName": "Test"})).await?.ok()?;
    let message = text(&tested.body, "messageId")?;
    let log = format!("{path}/deliveries");
    let refused = loop {
        let deliveries = ada.get(&log).await?.ok()?.body;
        let all = deliveries["deliveries"].as_array().context("no deliveries")?;
        if let Some(found) = all.iter().find(|it| it["messageId"] == message.as_str()) {
            break found.clone();
        }
        ada.wait_a_little().await;
    };
    let error = refused["error"].as_str().unwrap_or_default();
    ensure!(error.contains("private address"), "{refused}");
    ensure!(receiver.posted().is_empty());
    Ok(())
}
