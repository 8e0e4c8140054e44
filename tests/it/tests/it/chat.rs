//! One conversation from its beginning to its end: a customer who knows nothing but the address of
//! a service, and an agent (docs/compat/operations.md and 6, docs/api/customers.md).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{Answer, BOUND, Call, Client, Door, Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{interaction, text};

const SERVICE: &str = "/genesys/2/chat/customer-support";
/// The client's own name of its request for a chat: nobody else knows it.
const REQUEST: &str = "5f0c0a6e9be94f0d8a52b7c1d3e4f506";
const PDF: &[u8] = b"%PDF-1.7 an offer";
const NOTE: &[u8] = b"What is written on the parcel";

/// Somebody who has no account.
pub(crate) struct Customer {
    pub(crate) rest: Client,
    pub(crate) id: String,
    key: String,
}

impl Customer {
    pub(crate) async fn begin(server: &impl Door) -> Result<Self> {
        let rest = server.anonymous();
        let fields = [("nickname", "Ada"), ("subject", "My parcel"), ("messageId", REQUEST)];
        let begun = rest.send(Call::form(SERVICE, &fields)).await?.ok()?.body;
        Ok(Self { rest, id: text(&begun, "chatId")?, key: text(&begun, "secureKey")? })
    }

    /// Asks for something; returns the answer, success or not.
    pub(crate) async fn asks(&self, operation: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let fields = [fields, &[("secureKey", self.key.as_str())]].concat();
        let target = format!("{SERVICE}/{}/{operation}", self.id);
        Ok(self.rest.send(Call::form(&target, &fields)).await?)
    }

    pub(crate) async fn uploads(&self, name: &str, bytes: &[u8]) -> Result<Answer> {
        let target = format!("{SERVICE}/{}/file", self.id);
        let key = [("secureKey", self.key.as_str())];
        Ok(self.rest.send(Call::upload(&target, &key, ("file", name), bytes)).await?)
    }

    /// Reads everything that they may see, as `who what`, after seeing that nothing is missing.
    pub(crate) async fn reads(&self) -> Result<Vec<String>> {
        let answer = self.asks("refresh", &[("transcriptPosition", "1")]).await?.ok()?.body;
        let messages = answer["messages"].as_array().context("no messages")?;
        let entries: Vec<&Value> =
            messages.iter().filter(|message| message["index"].is_u64()).collect();
        let indexes: Vec<u64> =
            entries.iter().filter_map(|entry| entry["index"].as_u64()).collect();
        let wanted: Vec<u64> = (1..=entries.len() as u64).collect();
        ensure!(indexes == wanted, "a gap in {answer}");
        let line = |entry: &&Value| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let line = format!(
                "{} {} {}",
                word(&entry["from"]["nickname"]),
                word(&entry["type"]),
                word(&entry["text"])
            );
            line.trim_end().to_owned()
        };
        Ok(entries.iter().map(line).collect())
    }
}

/// Checks that an answer is a refusal with that code, and whether it says that the chat is over.
fn refused(answer: Answer, code: i64, is_over: bool) -> Result<()> {
    let value = &answer.body;
    ensure!(
        value["errors"][0]["code"] == code && value["chatEnded"] == is_over,
        "expected code {code} and chatEnded {is_over}: {answer}"
    );
    Ok(())
}

fn files_of(chat: &str) -> String {
    format!("/me/interactions/{chat}/attachments")
}

async fn sends(agent: &TestAgent, chat: &str, name: &str, bytes: &[u8]) -> Result<Answer> {
    let target = format!("/api/v2{}", files_of(chat));
    Ok(agent.rest.send(Call::upload(&target, &[], ("attachment", name), bytes)).await?)
}

#[tokio::test]
async fn a_customer_and_an_agent_talk_and_exchange_files() -> Result<()> {
    talk_and_exchange_files(&Program::demo(&[]).await?).await
}

pub(crate) async fn talk_and_exchange_files(server: &impl Door) -> Result<()> {
    let customer = Customer::begin(server).await?;
    let again = Customer::begin(server).await?;
    assert_eq!((&again.id, &again.key), (&customer.id, &customer.key), "a repeated request is one");
    let said = customer
        .asks("send", &[("message", "Is anybody there?"), ("messageId", "m1")])
        .await?
        .ok()?;
    assert_eq!((&said.body["chatEnded"], &said.body["queuePosition"]), (&json!(false), &json!(1)));

    let kate = TestAgent::at_work(server, "kate", Transport::WebSocket).await?;
    let chat = customer.id.as_str();
    kate.accept(chat).await?;
    kate.notified("what the customer said while they waited", |data| {
        data["notificationType"] == "NewMessages"
            && data["messages"].to_string().contains("Is anybody there?")
    })
    .await?;
    kate.command(chat, "Send", json!({"text": "Good day"})).await?.ok()?;

    let answer = customer.uploads("parcel.txt", NOTE).await?.ok()?.body;
    let note = text(&answer["messages"][0]["userData"], "file-id")?;
    kate.notified("the customer's file", |data| {
        data["messages"].to_string().contains("FileUploaded")
            && data["messages"].to_string().contains(&note)
    })
    .await?;
    let fetched = kate.rest.get(&format!("{}/{note}", files_of(chat))).await?;
    assert_eq!((fetched.status, &*fetched.bytes), (200, NOTE));

    let offer = text(&sends(&kate, chat, "offer.pdf", PDF).await?.ok()?.body, "id")?;
    let fetched = customer.asks(&format!("file/{offer}/download"), &[]).await?;
    assert_eq!((fetched.status, &*fetched.bytes), (200, PDF));
    assert_eq!(fetched.header("content-type"), Some("application/pdf"), "by what is in it");
    assert_eq!(fetched.header("x-content-type-options"), Some("nosniff"));
    assert!(
        fetched.header("content-disposition").is_some_and(|value| value.starts_with("attachment;"))
    );
    kate.rest.delete(&format!("{}/{offer}", files_of(chat))).await?.ok()?;
    refused(customer.asks(&format!("file/{offer}/download"), &[]).await?, 5007, false)?;

    customer.asks("disconnect", &[]).await?.ok()?;
    kate.sees(chat, "LeftChat").await?;
    let read = customer.reads().await?;
    let kate_is = read.get(2).and_then(|line| line.strip_suffix(" ParticipantJoined"));
    let kate_is = kate_is.context("no agent came in")?.to_owned();
    let expected = [
        "Ada ParticipantJoined".to_owned(),
        "Ada Message Is anybody there?".to_owned(),
        format!("{kate_is} ParticipantJoined"),
        format!("{kate_is} Message Good day"),
        "Ada FileUploaded parcel.txt".to_owned(),
        format!("{kate_is} FileUploaded offer.pdf"),
        format!("{kate_is} FileDeleted offer.pdf"),
        "Ada ParticipantLeft".to_owned(),
    ];
    assert_eq!(read, expected);
    refused(customer.asks("send", &[("message", "One more thing")]).await?, 3002, true)?;
    sends(&kate, chat, "late.pdf", PDF).await?.refused(409, 2)?;
    kate.command(chat, "Complete", json!({})).await?.ok()?;
    Ok(())
}

/// What a supervisor is offered follows from what is stored: a kill right after the agent's Accept
/// was answered loses it as little as anything else.
#[tokio::test]
async fn a_supervisor_is_offered_what_an_agent_took_right_before_a_kill() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let mut sam = TestAgent::away(&server, "sam", Transport::LongPolling);
    sam.connect().await?;
    sam.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    sam.start_session().await?;
    let me = kate.rest.get("/me").await?.ok()?.body;
    let follow = format!("/users/{}/channels/chat", text(&me["user"], "id")?);
    sam.rest.post(&follow, json!({"operationName": "Coach", "nickname": "Chief"})).await?.ok()?;

    let customer = Customer::begin(&server).await?;
    kate.accept(&customer.id).await?;
    server.kill().await?;
    server.restart().await?;
    drop(kate);
    sam.connect().await?;
    sam.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    let waiting = async {
        while interaction(&sam.rest, &customer.id).await?["state"] != "Invited" {
            // What was told before the kill is not told again.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(BOUND, waiting).await.context("Sam is not offered the chat")??;
    sam.rest
        .post(&format!("/me/chats/{}", customer.id), json!({"operationName": "Accept"}))
        .await?;
    let seen = interaction(&sam.rest, &customer.id).await?;
    ensure!(seen.to_string().contains("Chief"), "by another name: {seen}");
    Ok(())
}
