//! Nothing is lost across a reconnect (docs/compat/notifications.md#replay, `ext.replay`).

use anyhow::{Result, ensure};
use handoff_testkit::{Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::submit;

/// The sequence numbers received on the interactions topic, in order of arrival.
pub(crate) fn sequences(agent: &TestAgent) -> Vec<i64> {
    agent
        .received(TestAgent::INTERACTIONS)
        .iter()
        .filter(|data| data["messageType"] != "Resync")
        .filter_map(|data| data["sequence"].as_i64())
        .collect()
}

pub(crate) fn without_gap_or_duplicate(sequences: &[i64]) -> Result<()> {
    ensure!(
        sequences.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "a gap or a duplicate in {sequences:?}"
    );
    Ok(())
}

/// Kate owns a work item and notes her progress in it `times` times.
pub(crate) async fn change(
    kate: &TestAgent,
    id: &str,
    numbers: std::ops::Range<i64>,
) -> Result<()> {
    for number in numbers {
        kate.command(id, "UpdateUserData", json!({"userData": {"step": number}})).await?.ok()?;
    }
    Ok(())
}

pub(crate) async fn sees_step(kate: &TestAgent, number: i64) -> Result<Value> {
    kate.notified(&format!("step {number}"), |data| data["userData"]["step"] == number).await
}

async fn cut_and_come_back(transport: Transport) -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mut kate = TestAgent::at_work(&server, "kate", transport).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    change(&kate, &id, 0..3).await?;
    sees_step(&kate, 2).await?;

    let mut next = 3;
    for _ in 0..4 {
        // The cut falls into the middle of the changes: some of them may be on their way when it
        // comes.
        change(&kate, &id, next..next + 2).await?;
        kate.cut();
        change(&kate, &id, next + 2..next + 5).await?;
        let last = kate.last_sequence(TestAgent::INTERACTIONS);
        kate.connect().await?;
        kate.subscribe(TestAgent::INTERACTIONS, Replay::After(last)).await?;
        change(&kate, &id, next + 5..next + 7).await?;
        next += 7;
        sees_step(&kate, next - 1).await?;
    }
    let seen = sequences(&kate);
    without_gap_or_duplicate(&seen)?;
    let steps: Vec<i64> = kate
        .received(TestAgent::INTERACTIONS)
        .iter()
        .filter(|data| data["notificationType"] == "PropertiesUpdated")
        .filter_map(|data| data["userData"]["step"].as_i64())
        .collect();
    assert_eq!(steps, (0..next).collect::<Vec<_>>(), "every change once and in its order");
    Ok(())
}

#[tokio::test]
async fn a_client_that_comes_back_over_long_polling_misses_nothing() -> Result<()> {
    cut_and_come_back(Transport::LongPolling).await
}

#[tokio::test]
async fn a_client_that_comes_back_over_websocket_misses_nothing() -> Result<()> {
    cut_and_come_back(Transport::WebSocket).await
}

#[tokio::test]
async fn what_is_kept_survives_a_kill() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let mut kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    change(&kate, &id, 0..5).await?;
    sees_step(&kate, 4).await?;
    let before = sequences(&kate);
    kate.cut();
    server.kill().await?;
    server.restart().await?;

    let mut again = TestAgent::away(&server, "kate", Transport::WebSocket);
    again.connect().await?;
    again.subscribe(TestAgent::INTERACTIONS, Replay::All).await?;
    change(&again, &id, 5..6).await?;
    sees_step(&again, 5).await?;
    let after = sequences(&again);
    without_gap_or_duplicate(&after)?;
    assert_eq!(after[..before.len()], before, "the same numbers for the same notifications");
    Ok(())
}

#[tokio::test]
async fn a_wildcard_replays_the_topics_that_it_names() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mut kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    change(&kate, &id, 0..2).await?;
    sees_step(&kate, 1).await?;
    let last = kate.last_sequence(TestAgent::INTERACTIONS);
    kate.cut();
    change(&kate, &id, 2..4).await?;

    let mut again = TestAgent::away(&server, "kate", Transport::WebSocket);
    again.connect().await?;
    again.subscribe("/v2/me/**", Replay::Raw(json!({TestAgent::INTERACTIONS: last}))).await?;
    sees_step(&again, 3).await?;
    change(&again, &id, 4..5).await?;
    sees_step(&again, 4).await?;
    assert_eq!(sequences(&again), [last + 1, last + 2, last + 3]);
    let older = again.received("/v2/me/workitems");
    assert_eq!(older.len(), 1, "a topic that is not named starts live: {older:?}");
    Ok(())
}

/// A replay that does not fit into a session's queue once came to nothing, over and over: the
/// session was cut off for it, and the client came back and asked for the same.
#[tokio::test]
async fn a_replay_larger_than_the_queue_comes_whole() -> Result<()> {
    for transport in [Transport::LongPolling, Transport::WebSocket] {
        let settings = [
            ("HANDOFF__COMETD__QUEUED_BYTES", "65536"),
            ("HANDOFF__COMETD__QUEUED_MESSAGES", "100"),
        ];
        let server = Program::demo(&settings).await?;
        let kate = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
        let id = submit(&server, "tasks").await?;
        kate.accept(&id).await?;
        change(&kate, &id, 0..200).await?;
        let mut late = TestAgent::away(&server, "kate", transport);
        late.connect().await?;
        late.subscribe(TestAgent::INTERACTIONS, Replay::After(0)).await?;
        change(&kate, &id, 200..203).await?;
        sees_step(&late, 202).await?;
        let seen = sequences(&late);
        without_gap_or_duplicate(&seen)?;
        ensure!(seen.first() == Some(&1), "it begins with {:?}", seen.first());
    }
    Ok(())
}
