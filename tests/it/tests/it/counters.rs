//! Counters, as whoever operates the server sees them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_testkit::{BOUND, Program, TestAgent, Transport};
use serde_json::json;

use crate::scene::submit;

/// Returns the row of a queue or an agent: entered, offered, accepted, ended.
fn row(printed: &str, name: &str) -> Option<Vec<u64>> {
    let (_, table) = printed.split_once("queue or agent")?;
    let words = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = words.into_iter().find(|words| words.get(1) == Some(&name))?;
    found[2..6].iter().map(|word| word.parse().ok()).collect()
}

/// Waits until the counters of a queue and an agent are these.
async fn until_counted(server: &Program, queue: [u64; 4], agent: [u64; 4]) -> Result<()> {
    let mut printed = String::new();
    let waiting = async {
        loop {
            printed = server.run(&["counters"]).await?;
            let rows = ["tasks", "kate"].map(|name| row(&printed, name).unwrap_or_default());
            if rows == [queue.to_vec(), agent.to_vec()] {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(BOUND, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("not counted as expected:\n{printed}"),
    }
}

#[tokio::test]
async fn what_happens_is_counted_and_counted_again_on_demand() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    until_counted(&server, [1, 1, 1, 1], [0, 1, 1, 1]).await?;

    // While it serves, the server does it; and goes on counting.
    let said = server.run(&["rebuild"]).await?;
    assert!(said.contains("rebuilt"), "{said}");
    until_counted(&server, [1, 1, 1, 1], [0, 1, 1, 1]).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    until_counted(&server, [2, 2, 2, 1], [0, 2, 2, 1]).await?;
    let printed = server.run(&["counters", "--by-quarter"]).await?;
    assert!(row(&printed, "kate").is_some(), "{printed}");

    // Where no server runs, the command does it.
    drop(kate);
    server.terminate().await?;
    server.ended().await?;
    let said = server.run(&["rebuild", "counters"]).await?;
    assert!(said.contains("rebuilt"), "{said}");
    until_counted(&server, [2, 2, 2, 1], [0, 2, 2, 1]).await?;
    server.restart().await.context("start again")?;
    until_counted(&server, [2, 2, 2, 1], [0, 2, 2, 1]).await
}
