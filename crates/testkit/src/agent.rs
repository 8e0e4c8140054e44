//! An agent at a desk: REST commands on one hand, CometD notifications on the other.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::center::PASSWORD;
use crate::cluster::Door;
use crate::comet::{self, Comet, Replay, Transport};
use crate::http::{Answer, Call, Client};
use crate::inbox::Inbox;

/// One of the demo center's agents with a client of their own.
#[derive(Debug)]
pub struct TestAgent {
    pub rest: Client,
    /// What was published to this agent, over all their CometD sessions.
    pub inbox: Inbox,
    transport: Transport,
    comet: Option<Comet>,
}

impl TestAgent {
    /// The topic of all interactions.
    pub const INTERACTIONS: &str = comet::INTERACTIONS;
    /// The topic of channel states (docs/compat/agents.md#states).
    pub const CHANNELS: &str = "/v2/me/channels";

    /// Makes an agent who has not done anything yet.
    #[must_use]
    pub fn away(server: &impl Door, user: &str, transport: Transport) -> Self {
        Self { rest: server.client(user), inbox: Inbox::default(), transport, comet: None }
    }

    /// Makes an agent who is connected, subscribed to the interactions topic, has a contact-center
    /// session for every channel of the demo center, and is Ready: one who is offered work.
    pub async fn at_work(server: &impl Door, user: &str, transport: Transport) -> Result<Self> {
        let mut agent = Self::away(server, user, transport);
        agent.begin_work().await?;
        Ok(agent)
    }

    /// Makes one at work who signs in once and goes by cookies then, as a browser does.
    pub async fn by_cookies(server: &impl Door, user: &str, transport: Transport) -> Result<Self> {
        let rest = Client::with_cookies(&server.address());
        rest.send(Call::get("/me").by(user, PASSWORD)).await?.ok()?;
        let mut agent = Self { rest, ..Self::away(server, user, transport) };
        agent.begin_work().await?;
        Ok(agent)
    }

    async fn begin_work(&mut self) -> Result<()> {
        self.connect().await?;
        self.subscribe(Self::INTERACTIONS, Replay::Plain).await?;
        self.start_session().await?;
        self.ready().await
    }

    /// Opens a CometD session; the one before, if any, is dropped without a word.
    pub async fn connect(&mut self) -> Result<()> {
        self.comet = Some(Comet::open(&self.rest, self.transport, self.inbox.clone()).await?);
        Ok(())
    }

    pub async fn subscribe(&self, topic: &str, replay: Replay) -> Result<()> {
        let reply = self.comet()?.subscribe(topic, replay).await?;
        ensure!(reply["successful"] == true, "the subscription was refused: {reply}");
        Ok(())
    }

    /// Returns the open CometD session.
    pub fn comet(&self) -> Result<&Comet> {
        self.comet.as_ref().context("the agent has no CometD session")
    }

    /// Cuts the CometD connection as a crash would: no disconnect message.
    pub fn cut(&mut self) {
        self.comet = None;
    }

    /// Takes leave of the CometD server.
    pub async fn disconnect(&mut self) -> Result<()> {
        let comet = self.comet.take().context("the agent has no CometD session")?;
        comet.disconnect().await.map(drop)
    }

    /// Starts the contact-center session for chat, e-mail and work items.
    pub async fn start_session(&self) -> Result<()> {
        let channels = ["chat", "email", "workitem"];
        let body = json!({"operationName": "StartContactCenterSession", "channels": channels});
        self.rest.post("/me", body).await?.ok().map(drop)
    }

    /// Becomes Ready on all channels.
    pub async fn ready(&self) -> Result<()> {
        self.me("Ready").await?.ok().map(drop)
    }

    /// Posts an operation to `/me`.
    pub async fn me(&self, operation: &str) -> Result<Answer> {
        Ok(self.rest.post("/me", json!({"operationName": operation})).await?)
    }

    /// Posts an operation with its fields to `/me/interactions/{id}` and returns the answer,
    /// success or not.
    pub async fn command(&self, id: &str, operation: &str, fields: Value) -> Result<Answer> {
        let mut body = fields;
        body["operationName"] = json!(operation);
        Ok(self.rest.post(&format!("/me/interactions/{id}"), body).await?)
    }

    /// Waits for the offer of an interaction and accepts it.
    pub async fn accept(&self, id: &str) -> Result<Answer> {
        self.sees(id, "Invited").await?;
        self.command(id, "Accept", json!({})).await?.ok()
    }

    /// Waits for a notification that shows the interaction in this state, and returns its `data`.
    pub async fn sees(&self, id: &str, state: &str) -> Result<Value> {
        let what = format!("interaction {id} in state {state} on {}", Self::INTERACTIONS);
        self.notified(&what, |data| data["id"] == id && data["state"] == state).await
    }

    /// Waits for a notification on the interactions topic that `wanted` accepts, and returns its
    /// `data`.
    pub async fn notified(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let on_topic =
            |message: &Value| message["channel"] == Self::INTERACTIONS && wanted(&message["data"]);
        Ok(self.inbox.expect(what, on_topic).await?["data"].take())
    }

    /// Returns the `data` of everything received on a topic, in order.
    #[must_use]
    pub fn received(&self, topic: &str) -> Vec<Value> {
        let on_topic = self.inbox.all().into_iter().filter(|message| message["channel"] == topic);
        on_topic.map(|mut message| message["data"].take()).collect()
    }

    /// Returns the highest sequence number received on a topic; 0 if there was none.
    #[must_use]
    pub fn last_sequence(&self, topic: &str) -> i64 {
        self.received(topic).iter().filter_map(|data| data["sequence"].as_i64()).max().unwrap_or(0)
    }
}
