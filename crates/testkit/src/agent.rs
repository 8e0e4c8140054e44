//! An agent at a desk: REST commands on one hand, CometD notifications on the other.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::comet::{Comet, Replay, Transport};
use crate::inbox::Inbox;
use crate::rest::{Answer, Rest};
use crate::server::TestServer;

/// One of the demo center's agents with a client of its own.
#[derive(Debug)]
pub struct TestAgent {
    /// The REST side.
    pub rest: Rest,
    /// What was published to this agent, over all its CometD sessions.
    pub inbox: Inbox,
    transport: Transport,
    comet: Option<Comet>,
}

impl TestAgent {
    /// The topic of all interactions (docs/compat/notifications.md#topics).
    pub const INTERACTIONS: &str = "/v2/me/interactions";
    /// The topic of channel states (docs/compat/agents.md#states).
    pub const CHANNELS: &str = "/v2/me/channels";

    /// Makes an agent who has not done anything yet.
    ///
    /// # Errors
    /// When the user name cannot be written as a Basic header.
    pub fn away(server: &TestServer, user: &str, transport: Transport) -> Result<Self> {
        Ok(Self { rest: server.rest(user)?, inbox: Inbox::default(), transport, comet: None })
    }

    /// Makes an agent who is connected, subscribed to the interactions topic, has a contact-center
    /// session for every channel of the demo center, and is Ready: one who is offered work.
    ///
    /// # Errors
    /// When any of these steps is refused.
    pub async fn at_work(server: &TestServer, user: &str, transport: Transport) -> Result<Self> {
        let mut agent = Self::away(server, user, transport)?;
        agent.connect().await?;
        agent.subscribe(Self::INTERACTIONS, Replay::Plain).await?;
        agent.start_session().await?;
        agent.ready().await?;
        Ok(agent)
    }

    /// Opens a CometD session; the one before, if any, is dropped without a word.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn connect(&mut self) -> Result<()> {
        self.comet = Some(Comet::open(&self.rest, self.transport, self.inbox.clone()).await?);
        Ok(())
    }

    /// Subscribes.
    ///
    /// # Errors
    /// When it is refused or there is no CometD session.
    pub async fn subscribe(&self, topic: &str, replay: Replay) -> Result<()> {
        let reply = self.comet()?.subscribe(topic, replay).await?;
        ensure!(reply["successful"] == true, "the subscription was refused: {reply}");
        Ok(())
    }

    /// Returns the open CometD session.
    ///
    /// # Errors
    /// When there is none.
    pub fn comet(&self) -> Result<&Comet> {
        self.comet.as_ref().context("the agent has no CometD session")
    }

    /// Cuts the CometD connection as a crash would: no disconnect message.
    pub fn cut(&mut self) {
        self.comet = None;
    }

    /// Takes leave of the CometD server.
    ///
    /// # Errors
    /// When there is no session or no reply.
    pub async fn disconnect(&mut self) -> Result<()> {
        let comet = self.comet.take().context("the agent has no CometD session")?;
        comet.disconnect().await.map(drop)
    }

    /// Starts the contact-center session for chat, e-mail and work items.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn start_session(&self) -> Result<()> {
        let body = json!({"operationName": "StartContactCenterSession", "channels": ["chat", "email", "workitem"]});
        self.rest.post("/me", body).await?.ok().map(drop)
    }

    /// Becomes Ready on all channels.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn ready(&self) -> Result<()> {
        self.me("Ready").await?.ok().map(drop)
    }

    /// Posts an operation to `/me`.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn me(&self, operation: &str) -> Result<Answer> {
        self.rest.post("/me", json!({"operationName": operation})).await
    }

    /// Posts an operation with its fields to `/me/interactions/{id}` and gives the answer, success
    /// or not.
    ///
    /// # Errors
    /// When no answer comes, or `fields` is no object.
    pub async fn command(&self, id: &str, operation: &str, fields: Value) -> Result<Answer> {
        let mut body = json!({"operationName": operation});
        let fields = fields.as_object().context("the fields of a command are an object")?;
        body.as_object_mut().context("the body is an object")?.extend(fields.clone());
        self.rest.post(&format!("/me/interactions/{id}"), body).await
    }

    /// Waits for the offer of an interaction and accepts it.
    ///
    /// # Errors
    /// When no offer comes or Accept is refused.
    pub async fn accept(&self, id: &str) -> Result<Answer> {
        self.sees(id, "Invited").await?;
        self.command(id, "Accept", json!({})).await?.ok()
    }

    /// Waits for a notification that shows the interaction in this state, and gives its `data`.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn sees(&self, id: &str, state: &str) -> Result<Value> {
        let what = format!("interaction {id} in state {state} on {}", Self::INTERACTIONS);
        self.notified(&what, |data| data["id"] == id && data["state"] == state).await
    }

    /// Waits for a notification on the interactions topic that `wanted` accepts, and gives its
    /// `data`.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn notified(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let on_topic =
            |message: &Value| message["channel"] == Self::INTERACTIONS && wanted(&message["data"]);
        Ok(self.inbox.expect(what, on_topic).await?["data"].take())
    }

    /// Returns the `data` of everything received on a topic, in order.
    #[must_use]
    pub fn received(&self, topic: &str) -> Vec<Value> {
        let all = self.inbox.all().into_iter();
        all.filter(|message| message["channel"] == topic)
            .map(|mut message| message["data"].take())
            .collect()
    }

    /// Returns the highest sequence number received on a topic; 0 if there was none.
    #[must_use]
    pub fn last_sequence(&self, topic: &str) -> i64 {
        self.received(topic).iter().filter_map(|data| data["sequence"].as_i64()).max().unwrap_or(0)
    }
}
