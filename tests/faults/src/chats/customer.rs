//! A customer: asks for a chat, talks over CometD, and comes back to it whenever the connection
//! breaks.
//!
//! Until it sees its own message in the chat it does not know whether it was said, and says it
//! again after each break, before it has caught up: only the message's id keeps that from being a
//! second one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::book::Party;
use super::site::SERVICE;
use super::view::Line;
use super::{Phase, Scene};
use handoff_testkit::Client;
use handoff_testkit::comet::{CUSTOMERS, Listening, published};
use handoff_testkit::http::source;

/// How long an unanswered message waits before it is said again over the same connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Refusals after which the same may be tried again: too much at once, and not at the moment
/// (docs/api/customers.md).
const TRANSIENT: [i64; 2] = [4_001, 6_001];

pub(super) struct Customer {
    scene: Arc<Scene>,
    number: usize,
    /// By what the request for the chat is known when it is repeated.
    request: String,
    /// The chat's id and key.
    chat: Option<(String, String)>,
    said: u64,
    /// Since when the message after `said` is on its way.
    pending: Option<Instant>,
}

impl Customer {
    /// Nobody has heard of them yet.
    pub(super) fn new(scene: Arc<Scene>, number: usize) -> Self {
        let request = format!("{:032x}", rand::random::<u128>());
        Self { scene, number, request, chat: None, said: 0, pending: None }
    }

    /// Chats until all is over.
    pub(super) async fn run(mut self) {
        while self.scene.phase() != Phase::Over {
            // Whatever ends a conversation, the answer to it is another one.
            let _ = self.converse().await;
            self.scene.wait_for_program().await;
        }
    }

    async fn converse(&mut self) -> Result<()> {
        let client = Client::anonymous(&self.scene.address).from_source(source(self.number));
        let channel = format!("/service/chatV2/{SERVICE}");
        let (session, mut reader) = Listening::open(&client, CUSTOMERS, &channel, None).await?;
        self.enter(&session).await?;
        let mut tick = interval(self.scene.pace);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.scene.phase() != Phase::Over {
            tokio::select! {
                frame = reader.frame() => {
                    let frame = frame?;
                    session.follow(&frame).await?;
                    published(&frame)?.iter().for_each(|data| self.take(data));
                }
                _ = tick.tick() => self.speak(&session).await?,
            }
        }
        Ok(())
    }

    /// Asks for the chat, or goes on with it.
    async fn enter(&mut self, session: &Listening) -> Result<()> {
        let Some((id, key)) = &self.chat else {
            let nickname = format!("customer{}", self.number);
            let mut request = json!({"operation": "requestChat", "nickname": nickname});
            if self.scene.has_ids {
                request["messageId"] = json!(self.request);
            }
            return session.publish(&request).await;
        };
        let position = self.scene.book.with(id, |chat| chat.view(Party::Customer).len()) + 1;
        let request = json!({"operation": "requestNotifications", "secureKey": key,
            "transcriptPosition": position});
        session.publish(&request).await?;
        if self.pending.is_some() {
            self.say(session).await?;
        }
        Ok(())
    }

    async fn speak(&mut self, session: &Listening) -> Result<()> {
        let is_due = match self.pending {
            None => self.scene.phase() == Phase::Talk,
            Some(since) => since.elapsed() > PATIENCE,
        };
        if is_due && self.chat.is_some() { self.say(session).await } else { Ok(()) }
    }

    /// Says the message after the last one that was acknowledged.
    async fn say(&mut self, session: &Listening) -> Result<()> {
        let (id, key) = self.chat.as_ref().context("there is no chat")?;
        let number = self.said + 1;
        let counter = match self.pending.replace(Instant::now()) {
            Some(_) => &self.scene.repeated,
            None => &self.scene.unanswered,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"operation": "sendMessage", "secureKey": key,
            "message": Party::Customer.text(id, number)});
        if self.scene.has_ids {
            message["messageId"] = json!(number.to_string());
        }
        session.publish(&message).await
    }

    fn take(&mut self, data: &Value) {
        if data["statusCode"] != 0 {
            let code = data["errors"][0]["code"].as_i64().unwrap_or(0);
            if !TRANSIENT.contains(&code) {
                self.scene.book.fault(format!("customer {} was refused: {data}", self.number));
            }
            return;
        }
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let (id, key) = self.chat.get_or_insert_with(|| (text("chatId"), text("secureKey")));
        self.scene.book.with(id, |chat| chat.key.clone_from(key));
        let awaited = Party::Customer.text(id, self.said + 1);
        for (index, line) in
            data["messages"].as_array().into_iter().flatten().filter_map(Line::read)
        {
            if self.pending.is_some() && line.said() == awaited {
                self.said += 1;
                self.pending = None;
                self.scene.unanswered.fetch_sub(1, Ordering::Relaxed);
                self.scene.book.acknowledge(id, Party::Customer, self.said);
            }
            self.scene.book.with(id, |chat| chat.view(Party::Customer).take(index, line));
        }
    }
}
