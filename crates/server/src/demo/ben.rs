//! A second agent, so that one person alone can try transfers, invitations and consultations: a
//! program with an account of its own, which says in every word that it is one.
//!
//! They are in no group and have no skills, so no queue offers them anything: what a customer
//! brings is the visitor's. Whatever they are asked to take they accept, and answer some seconds
//! later. All of it goes through the public API.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::PASSWORD;
use super::client::Client;

/// Their account, as the center file has it.
pub(super) const USER: &str = "ben-demo";
/// By what customers and colleagues know that nobody sits there.
const NICKNAME: &str = "Ben (demo)";
/// How long they think. It is well below the 10 s after which an agent who does not listen is gone.
const THINKING: Duration = Duration::from_secs(3);
/// How long they wait after something failed, as while the server starts.
const AGAIN: Duration = Duration::from_secs(1);
const NOTIFICATIONS: &str = "/api/v2/notifications";
const INTERACTIONS: &str = "/api/v2/me/interactions";

const GREETING: &str =
    "This is Ben (demo), a program that plays an agent. Write something, and I answer.";
const ANSWER: &str = "This is Ben (demo), a program. I read what you wrote: ";
const ADVICE: &str = "This is Ben (demo), a program. I would say yes.";
const LETTER: &str =
    "Hello,\n\nthis is the answer of Ben (demo), a program that plays an agent.\n\nBen (demo)";
/// Most characters that are said back.
const SAID_BACK_CHARS: usize = 80;

/// Plays them for as long as it is awaited.
pub(super) async fn play(address: SocketAddr) {
    let ben = Ben { client: Client::user(address, USER, PASSWORD) };
    loop {
        if let Err(error) = ben.work().await {
            tracing::debug!(error = format!("{error:#}"), "the second agent starts again");
        }
        sleep(AGAIN).await;
    }
}

struct Ben {
    client: Client,
}

/// One thing of their work, as far as they look at it.
struct Work {
    id: String,
    channel: String,
    state: String,
    is_draft: bool,
    parent: Option<String>,
    operations: Vec<String>,
}

impl Work {
    fn of(fields: &Value) -> Self {
        let text = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        let operations = fields["operations"].as_array().into_iter().flatten();
        Self {
            id: text("id"),
            channel: text("channel"),
            state: text("state"),
            is_draft: fields["state"] == "Composing",
            parent: fields["parentId"].as_str().map(str::to_owned),
            operations: operations.filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        }
    }

    fn may(&self, operation: &str) -> bool {
        self.operations.iter().any(|it| it == operation)
    }
}

impl Ben {
    /// Comes to work, listens, and does what there is to do, until something fails.
    async fn work(&self) -> anyhow::Result<()> {
        let session = self.listen().await?;
        let channels = json!(["chat", "email", "workitem"]);
        let start = json!({"operationName": "StartContactCenterSession", "channels": channels});
        self.client.post("/api/v2/me", &start).await?;
        self.client.post("/api/v2/me", &json!({"operationName": "Ready"})).await?;
        loop {
            self.tend().await?;
            let connect = [json!({
                "channel": "/meta/connect", "clientId": session, "connectionType": "long-polling"
            })];
            let told = self.client.bayeux(NOTIFICATIONS, &json!(connect)).await?;
            let is_alive =
                told.iter().any(|it| it["channel"] == "/meta/connect" && it["successful"] == true);
            ensure!(is_alive, "the session is gone: {told:?}");
        }
    }

    async fn listen(&self) -> anyhow::Result<String> {
        let handshake = json!([{
            "channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]
        }]);
        let answer = self.client.bayeux(NOTIFICATIONS, &handshake).await?;
        let session = answer.first().and_then(|it| it["clientId"].as_str());
        let session = session.context("the handshake was refused")?.to_owned();
        let subscribe = json!([{
            "channel": "/meta/subscribe", "clientId": session,
            "subscription": "/v2/me/interactions"
        }]);
        self.client.bayeux(NOTIFICATIONS, &subscribe).await?;
        Ok(session)
    }

    /// Accepts what is offered, and answers what waits for them.
    async fn tend(&self) -> anyhow::Result<()> {
        let work = self.read_work().await?;
        for offered in work.iter().filter(|it| it.may("Accept")) {
            self.does(&offered.id, json!({"operationName": "Accept", "nickname": NICKNAME})).await;
        }
        if work.is_empty() {
            return Ok(());
        }
        sleep(THINKING).await;
        for one in self.read_work().await? {
            match one.channel.as_str() {
                "chat" => self.answer_chat(&one).await?,
                "email" if !one.is_draft => self.answer_letter(&one).await?,
                "workitem" if one.may("Complete") => self.complete(&one).await,
                _ => {}
            }
        }
        Ok(())
    }

    async fn read_work(&self) -> anyhow::Result<Vec<Work>> {
        let answer = self.client.get(&format!("{INTERACTIONS}?fields=*")).await?;
        Ok(answer["interactions"].as_array().into_iter().flatten().map(Work::of).collect())
    }

    /// A colleague may be quicker: what is refused is no trouble.
    async fn does(&self, id: &str, operation: Value) {
        if let Err(error) = self.client.post(&format!("{INTERACTIONS}/{id}"), &operation).await {
            tracing::debug!(error = format!("{error:#}"), "the second agent was refused");
        }
    }

    async fn complete(&self, one: &Work) {
        self.does(&one.id, json!({"operationName": "Complete"})).await;
    }

    async fn answer_chat(&self, chat: &Work) -> anyhow::Result<()> {
        if chat.state != "Chatting" {
            if chat.may("Complete") {
                self.complete(chat).await;
            }
            return Ok(());
        }
        let path = format!("/api/v2/me/chats/{}/messages", chat.id);
        let answer = self.client.get(&path).await?;
        let lines = answer["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_seen = chat.may("SendMessage");
        if let Some(text) = answer_to(lines, is_seen) {
            let operation = if is_seen { "Send" } else { "SendToAgents" };
            self.does(&chat.id, json!({"operationName": operation, "text": text})).await;
        }
        Ok(())
    }

    /// Writes the answer, sends it, and completes the letter.
    async fn answer_letter(&self, letter: &Work) -> anyhow::Result<()> {
        if !letter.may("Complete") && !letter.may("Reply") {
            return Ok(());
        }
        let is_answer = |it: &Work| it.is_draft && it.parent.as_ref() == Some(&letter.id);
        if !self.read_work().await?.iter().any(is_answer) {
            let reply = json!({"operationName": "Reply", "bodyAsPlainText": LETTER});
            self.does(&letter.id, reply).await;
        }
        for draft in self.read_work().await?.iter().filter(|it| is_answer(it)) {
            self.does(&draft.id, json!({"operationName": "Send"})).await;
        }
        self.complete(letter).await;
        Ok(())
    }
}

/// Returns what they say next in a chat, if anything: to the customer, or to the colleague who
/// consults them.
fn answer_to(lines: &[Value], is_seen: bool) -> Option<String> {
    let said = || lines.iter().filter(|line| line["type"] == "Text");
    let is_own = |line: &&Value| line["from"]["nickname"] == NICKNAME;
    let last = said().next_back();
    if !said().any(|line| is_own(&line)) {
        return Some(if is_seen { GREETING } else { ADVICE }.to_owned());
    }
    let last = last.filter(|line| !is_own(line))?;
    let is_of_customer = last["from"]["type"] == "Customer";
    match (is_seen, is_of_customer) {
        (true, true) => {
            let text = last["text"].as_str().unwrap_or_default();
            let back: String = text.chars().take(SAID_BACK_CHARS).collect();
            Some(format!("{ANSWER}“{back}”"))
        }
        (false, false) => Some(ADVICE.to_owned()),
        (true, false) | (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn line(who: &str, nickname: &str, text: &str) -> Value {
        let from = json!({"type": who, "nickname": nickname});
        json!({"type": "Text", "text": text, "from": from})
    }

    #[test]
    fn customers_are_answered_once_and_colleagues_are_left_to_talk() {
        let ann = line("Customer", "Ann", "Where is it?");
        let kate = line("Agent", "Kate", "One moment");
        let own = line("Agent", NICKNAME, GREETING);
        assert_eq!(answer_to(slice::from_ref(&ann), true).as_deref(), Some(GREETING));
        assert_eq!(answer_to(slice::from_ref(&own), true), None);
        let answer = answer_to(&[own.clone(), ann.clone()], true).unwrap();
        assert!(answer.starts_with("This is Ben (demo)") && answer.contains("“Where is it?”"));
        assert_eq!(answer_to(&[own.clone(), ann.clone(), kate.clone()], true), None);
        assert_eq!(answer_to(slice::from_ref(&ann), false).as_deref(), Some(ADVICE));
        assert_eq!(answer_to(&[own.clone(), ann], false), None);
        assert_eq!(answer_to(&[own, kate], false).as_deref(), Some(ADVICE));
    }

    #[test]
    fn what_is_said_back_is_short() {
        let long = line("Customer", "Ann", &"é".repeat(10_000));
        let own = line("Agent", NICKNAME, GREETING);
        let answer = answer_to(&[own, long], true).unwrap();
        assert!(answer.chars().count() < 200, "{answer}");
    }
}
