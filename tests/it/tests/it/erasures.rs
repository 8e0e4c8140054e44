//! The erasure of a contact by the whole program: after a kill in the middle no file has a word of
//! theirs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::{BOUND, Program};
use serde_json::{Value, json};

use crate::scene::{creation, text};

const WORDS: &str = "canary-7b1e55ed";
const CONTACT: &str = "crm-4711";
/// How many interactions of theirs there are.
const COUNT: usize = 5;

/// Tells whether the words are in any file below a directory.
fn is_in(directory: &Path) -> Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_there = if path.is_dir() {
            is_in(&path)?
        } else if path.is_file() {
            // One that is removed meanwhile has none.
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes.windows(WORDS.len()).any(|part| part == WORDS.as_bytes())
        } else {
            false
        };
        if is_there {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn erasure(server: &Program) -> Result<Value> {
    let ada = server.client("ada");
    let path = format!("/ucs/contacts/{CONTACT}/erasure");
    let waiting = async {
        loop {
            let mut answer = ada.get(&path).await?.ok()?;
            if answer.body["erasure"]["state"] == "Finished" {
                return anyhow::Ok(answer.body["erasure"].take());
            }
            // Nobody is told of its end; the end of the wait is a condition.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    match tokio::time::timeout(BOUND, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("the erasure does not end"),
    }
}

#[tokio::test]
async fn no_file_has_a_word_of_who_was_erased_though_the_server_was_killed() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let kate = server.client("kate");
    let begin = json!({"operationName": "StartContactCenterSession", "channels": ["workitem"]});
    kate.post("/me", begin).await?.ok()?;
    for _ in 0..COUNT {
        let fields = json!({"contactId": CONTACT, "subject": WORDS, "userData": {"name": WORDS}});
        let made =
            kate.post("/me/interactions", creation("workitem", "tasks", fields)).await?.ok()?;
        let path = format!("/me/interactions/{}", text(&made.body, "id")?);
        kate.post(&path, json!({"operationName": "Complete"})).await?.ok()?;
    }
    let path = format!("/ucs/contacts/{CONTACT}");
    server.client("kate").post(&path, json!({"operationName": "Erase"})).await?.refused(403, 5)?;
    let counted = server.run(&["erase-contact", CONTACT, "--center", "Demo", "--dry-run"]).await?;
    ensure!(counted.contains(&format!("\"interactions\": {COUNT}")), "{counted}");
    server.client("ada").post(&path, json!({"operationName": "Erase"})).await?.ok()?;
    server.kill().await?;
    server.restart().await?;
    let over = erasure(&server).await?;
    ensure!(over["counts"]["interactions"] == COUNT && over["receipt"]["valid"] == true, "{over}");
    if let Some(data) = server.data() {
        // The index of search follows a moment later.
        let gone = async {
            while is_in(&data)? {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(())
        };
        let gone = tokio::time::timeout(BOUND, gone).await;
        gone.context("a file has their words")??;
        // The control: what is stored is found.
        let fields = json!({"contactId": CONTACT, "subject": WORDS});
        let made = creation("workitem", "parking", fields);
        server.client("intake").post("/interactions", made).await?.ok()?;
        ensure!(is_in(&data)?, "the control: nothing is found at all");
    }
    let answer = server.client("ada").get(&format!("{path}/export")).await?;
    ensure!(answer.status == 200, "{answer}");
    let last = answer.bytes.len().checked_sub(1_024).context("an archive has an end")?;
    ensure!(answer.bytes[last..].iter().all(|byte| *byte == 0), "it ends as an archive does");
    Ok(())
}
