//! A server is backed up while it is at work, its disk is lost, and another goes on from the backup
//! (docs/operations/backup.md).

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{Program, TestAgent, Transport};
use serde_json::json;

use crate::chat::Customer;
use crate::scene::{creation, interaction, submit, text, until_state};

const FILE: &[u8] = b"What is written on the parcel";

#[tokio::test]
async fn what_was_acknowledged_before_a_backup_is_there_when_the_disk_is_lost() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let backups = tempfile::tempdir()?;
    let directory = backups.path().join("backups");
    let directory = directory.to_str().context("a path")?;
    let Some(data) = server.data() else {
        let refused = server.run(&["backup", directory]).await.unwrap_err();
        ensure!(
            format!("{refused:#}").contains("backed up and restored by its own"),
            "{refused:#}"
        );
        return Ok(());
    };
    let customer = Customer::begin(&server).await?;
    let sent = customer.uploads("parcel.txt", FILE).await?.ok()?.body;
    let file = text(&sent["messages"][0]["userData"], "file-id")?;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let submitting = tokio::spawn({
        let (intake, acknowledged) = (server.client("intake"), acknowledged.clone());
        async move {
            for number in 0_i64.. {
                let fields = json!({"userData": {"number": number}});
                let sent = intake.post("/interactions", creation("workitem", "parking", fields));
                // Until the kill.
                let Ok(answer) = sent.await else { break };
                let id = text(&answer.ok()?.body, "id")?;
                acknowledged.lock().unwrap_or_else(|error| error.into_inner()).push((id, number));
            }
            anyhow::Ok(())
        }
    });
    let known = || acknowledged.lock().unwrap_or_else(|error| error.into_inner()).clone();
    while known().len() < 30 {
        tokio::task::yield_now().await;
    }
    server.run(&["backup", directory]).await?;
    let before = known();
    let said = server.run(&["backup", directory, "--keep", "1d"]).await?;
    ensure!(said.contains("0 older backups removed"), "{said}");
    ensure!(server.run(&["restore", directory, "--list"]).await?.lines().count() == 2);
    server.kill().await?;
    submitting.await??;
    let lost = known().len() - before.len();
    ensure!(lost > 0, "nothing came after the backup");

    let there = server.run(&["restore", directory]).await.unwrap_err();
    ensure!(format!("{there:#}").contains("is not empty; move away"), "{there:#}");
    std::fs::rename(&data, backups.path().join("lost"))?;
    ensure!(server.run(&["restore", directory, "--check"]).await?.contains("whole"));
    let said = server.run(&["restore", directory]).await?;
    ensure!(said.contains("start the server"), "{said}");
    server.restart().await?;
    let ada = server.client("ada");
    for (id, number) in &before {
        let kept = interaction(&ada, id).await.with_context(|| format!("{id} is in the backup"))?;
        ensure!(kept["userData"]["number"] == *number, "{kept}");
    }
    let fetched = customer.asks(&format!("file/{file}/download"), &[]).await?;
    ensure!((fetched.status, &*fetched.bytes) == (200, FILE), "{fetched}");
    // It is served on like any other.
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    until_state(&server, &id, "Completed").await?;
    Ok(())
}
