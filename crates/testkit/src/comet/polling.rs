//! The long-polling transport.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{ENDPOINT, is_publication, may_continue};
use crate::inbox::Inbox;
use crate::rest::{Call, Rest};

/// A session over long-polling.
#[derive(Debug)]
pub(super) struct Polling {
    poller: Poller,
    running: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
struct Poller {
    rest: Rest,
    inbox: Inbox,
}

impl Polling {
    pub(super) fn new(rest: Rest, inbox: Inbox) -> Self {
        Self { poller: Poller { rest, inbox }, running: None }
    }

    /// Starts the connect loop; it ends with the first refusal or broken connection.
    pub(super) fn start(&mut self, client_id: String) {
        let poller = self.poller.clone();
        self.running = Some(tokio::spawn(async move { poller.run(&client_id).await }));
    }

    /// Sends one message and gives its reply. Published messages that ride along go to the inbox.
    pub(super) async fn exchange(&self, message: Value) -> Result<Value> {
        self.poller.exchange(message).await
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl Poller {
    async fn run(&self, client_id: &str) {
        let connect = json!({"channel": "/meta/connect", "clientId": client_id, "connectionType": "long-polling"});
        while let Ok(reply) = self.exchange(connect.clone()).await {
            if !may_continue(&reply) {
                self.inbox.push(reply);
                return;
            }
        }
    }

    async fn exchange(&self, message: Value) -> Result<Value> {
        let channel = message["channel"].clone();
        let body = Value::Array(vec![message]).to_string();
        let answer =
            self.rest.send(Call::new(http::Method::POST, "").at(ENDPOINT).json(body)).await?;
        let Value::Array(messages) = answer.value.clone() else {
            anyhow::bail!("no Bayeux answer to {channel}: {answer}");
        };
        let mut reply = None;
        for message in messages {
            if is_publication(&message) {
                self.inbox.push(message);
            } else if message["channel"] == channel {
                reply = Some(message);
            }
        }
        reply.with_context(|| format!("no reply to {channel} in {answer}"))
    }
}
