//! An agent: accepts what is offered, brings another one in when the queue asked them, says
//! something in each chat, and listens.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::book::Party;
use super::site::{helper, owner};
use super::view::Line;
use super::{Phase, Scene};
use handoff_testkit::comet::{AGENTS, INTERACTIONS, Listening, published};
use handoff_testkit::http::source;
use handoff_testkit::{Call, Client};

/// Of what a helper says, each so many-th message is for agents alone, also where the customer sees
/// them.
const ASIDE: u64 = 4;
/// How often bringing somebody in is tried, and the pause between: they must be within reach.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Agent {
    scene: Arc<Scene>,
    party: Party,
    number: usize,
    /// The number of the last notification.
    last: Option<u64>,
    /// The chats that they were offered.
    offered: HashSet<String>,
}

impl Agent {
    /// Makes one who has heard nothing.
    pub(super) fn new(scene: Arc<Scene>, party: Party, number: usize) -> Self {
        Self { scene, party, number, last: None, offered: HashSet::new() }
    }

    pub(super) fn name(&self) -> String {
        if self.party == Party::Owner { owner(self.number) } else { helper(self.number) }
    }

    /// Listens until all is over; for each chat that they are offered a conversation of its own
    /// begins.
    pub(super) async fn run(mut self) {
        while self.scene.phase() != Phase::Over {
            // Whatever ends a session, the answer to it is another one.
            let _ = self.listen().await;
            self.scene.wait_for_program().await;
        }
    }

    async fn listen(&mut self) -> Result<()> {
        let client = self.scene.client(&self.name()).from_source(source(self.number));
        // Everything that is kept, the first time (docs/compat/notifications.md#replay).
        let replay = self.last.map_or(json!(-2), |last| json!(last));
        let ext = Some(json!({"replay": replay}));
        let (session, mut reader) = Listening::open(&client, AGENTS, INTERACTIONS, ext).await?;
        while self.scene.phase() != Phase::Over {
            let frame = reader.frame().await?;
            session.follow(&frame).await?;
            published(&frame)?.iter().for_each(|data| self.take(data));
        }
        Ok(())
    }

    fn take(&mut self, data: &Value) {
        let sequence = data["sequence"].as_u64();
        if let Some(number) = sequence {
            if number != self.last.unwrap_or(0) + 1 {
                self.scene.book.fault(format!(
                    "{}: number {number} after {:?}",
                    self.name(),
                    self.last
                ));
            }
            self.last = Some(number);
        } else if data["messageType"] == "Resync" {
            self.scene.book.fault(format!("{}: {data}", self.name()));
        }
        let Some(id) = data["id"].as_str() else { return };
        let lines = data["messages"].as_array().into_iter().flatten().filter_map(Line::read);
        let lines: Vec<(u64, Line)> = lines.collect();
        if !lines.is_empty() {
            self.scene.book.with(id, |chat| {
                // What was asked for has no number.
                let is_live = sequence.is_some();
                let view = if is_live { chat.view(self.party) } else { &mut chat.for_agents };
                lines.into_iter().for_each(|(index, line)| view.take(index, line));
            });
        }
        if data["state"] == "Invited" && self.offered.insert(id.to_owned()) {
            if self.party == Party::Owner {
                self.scene.book.with(id, |chat| chat.owner = self.number);
            }
            let talk = Talk {
                scene: Arc::clone(&self.scene),
                party: self.party,
                helper: helper(self.number),
                user: self.name(),
                chat: id.to_owned(),
            };
            self.scene.spawn(talk.run());
        }
    }
}

/// An agent's part in one chat.
struct Talk {
    scene: Arc<Scene>,
    party: Party,
    user: String,
    helper: String,
    chat: String,
}

impl Talk {
    async fn run(self) -> Result<()> {
        let client = self.scene.client(&self.user);
        let answer = self.command(&client, &json!({"operationName": "Accept"}), "accept").await?;
        ensure!(answer["statusCode"] == 0, "{} cannot accept {}: {answer}", self.user, self.chat);
        if self.party == Party::Owner {
            self.bring_in(&client).await?;
        }
        self.scene.talking.fetch_add(1, Ordering::Relaxed);
        self.talk(&client).await
    }

    /// Half of the helpers are consulted: the customer does not see them.
    async fn bring_in(&self, client: &Client) -> Result<()> {
        let operation = if self.chat.bytes().map(u32::from).sum::<u32>() % 2 == 0 {
            "InviteUser"
        } else {
            "Consult"
        };
        let body = json!({"operationName": operation, "userName": self.helper});
        let mut answer = Value::Null;
        for number in 0..TRIES {
            answer = self.command(client, &body, &format!("bring-{number}")).await?;
            if answer["statusCode"] == 0 {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::bail!("{} cannot bring in {}: {answer}", self.user, self.helper)
    }

    async fn talk(&self, client: &Client) -> Result<()> {
        self.scene.wait_for(Phase::Talk).await;
        let mut tick = interval(self.scene.pace);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 1.. {
            tick.tick().await;
            if self.scene.phase() != Phase::Talk {
                break;
            }
            let mut body =
                json!({"operationName": "Send", "text": self.party.text(&self.chat, number)});
            if self.party == Party::Helper && number % ASIDE == 0 {
                body["visibility"] = json!("Agents");
            }
            let answer = self.command(client, &body, &number.to_string()).await?;
            ensure!(
                answer["statusCode"] == 0,
                "{} cannot talk in {}: {answer}",
                self.user,
                self.chat
            );
            self.scene.book.acknowledge(&self.chat, self.party, number);
        }
        Ok(())
    }

    /// Sends a command until it is answered.
    async fn command(&self, client: &Client, body: &Value, key: &str) -> Result<Value> {
        let call = Call::post(&format!("/me/interactions/{}", self.chat), body);
        let is_told_apart = self.scene.has_ids || body["operationName"] != "Send";
        let call = if is_told_apart {
            call.keyed(&format!("{}-{}-{key}", self.chat, self.user))
        } else {
            call
        };
        let (answer, times) = client.send_counting(&call).await?;
        if times > 1 {
            self.scene.repeated.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer.body)
    }
}
