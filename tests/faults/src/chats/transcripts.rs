//! What is stored of each chat, as its customer and its owner are shown it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Scene;
use super::site::{SERVICE, owner};
use super::view::Line;
use handoff_testkit::{Call, Client};

/// How many read at the same time.
const READERS: usize = 4;
/// How long all of it may take. What has not come by then is missing.
const BOUND: Duration = Duration::from_secs(90);
/// How long a history may take to arrive before it is asked for again: its agent may not have been
/// there.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// Reads all transcripts into the book.
pub(super) async fn read(scene: &Arc<Scene>) -> Result<()> {
    let (chats, end) = (scene.book.ids(), Instant::now() + BOUND);
    let mut readers = JoinSet::new();
    for part in chats.chunks(chats.len().div_ceil(READERS).max(1)) {
        let (scene, part) = (Arc::clone(scene), part.to_vec());
        readers.spawn(async move {
            for chat in part {
                read_customers(&scene, &chat).await?;
                read_owners(&scene, &chat, end).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = readers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Reads what the customer is shown by plain requests.
async fn read_customers(scene: &Scene, chat: &str) -> Result<()> {
    let key = scene.book.with(chat, |page| page.key.clone());
    let client = Client::anonymous(&scene.address);
    let mut position = 1_u64;
    loop {
        let fields = [("secureKey", &*key), ("transcriptPosition", &*position.to_string())];
        let target = format!("/genesys/2/chat/{SERVICE}/{chat}/refresh");
        let answer = client.answer_to(&Call::form(&target, &fields)).await?;
        if answer.code() != 0 {
            scene.book.fault(format!("the transcript of {chat} is refused: {}", answer.body));
            return Ok(());
        }
        let messages = answer.body["messages"].as_array().cloned().unwrap_or_default();
        scene.book.with(chat, |page| {
            messages
                .iter()
                .filter_map(Line::read)
                .for_each(|(index, line)| page.for_customer.take(index, line));
        });
        let next = answer.body["nextPosition"].as_u64().context("no position")?;
        if next <= position {
            return Ok(());
        }
        position = next;
    }
}

/// Has the owner ask for the history until all that must be there has come to them by their topic,
/// or it is time.
async fn read_owners(scene: &Scene, chat: &str, end: Instant) -> Result<()> {
    let (wanted, number) = scene.book.with(chat, |page| (page.expected(), page.owner));
    let client = scene.client(&owner(number));
    let body = json!({"operationName": "RequestChatHistory"});
    let is_read = || scene.book.with(chat, |page| page.for_agents.len() as u64 >= wanted);
    while !is_read() && Instant::now() < end {
        let call = Call::post(&format!("/me/interactions/{chat}"), &body);
        let answer = client.answer_to(&call).await?;
        if answer.code() != 0 {
            scene.book.fault(format!("the history of {chat} is refused: {}", answer.body));
            return Ok(());
        }
        let patience = Instant::now() + PATIENCE;
        while !is_read() && Instant::now() < patience {
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}
