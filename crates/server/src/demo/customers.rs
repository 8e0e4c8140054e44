//! Made-up customers, so that a desk can be looked at full: chats, e-mails and work items, by the
//! doors that customers have.
//!
//! The stream is bounded: some at a time, some hundreds in all. It takes no chances: the same run
//! brings the same customers in the same order.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::client::Client;

/// How often one more comes: about as many as three busy agents have.
const EVERY: Duration = Duration::from_secs(5);
/// Most that come in one run: an afternoon's worth, after which nothing grows any more.
const CUSTOMERS_MAX: usize = 600;
/// Most chats that are open at once: a few more than two agents have room for, so that some wait.
const CHATS_MAX: usize = 8;
/// A chat's customer leaves after so many looks at it, each [`EVERY`]: five minutes.
const LOOKS_MAX: usize = 60;
/// They write no more than that: what an agent asks is answered, and then they are content.
const WORDS_MAX: usize = 4;
const CHAT: &str = "/genesys/2/chat/customer-support";

/// Who they are, what it is about, and what they write first.
const PEOPLE: [(&str, &str, &str, &str); 12] = [
    ("Ann", "Berg", "Parcel not arrived", "It should have been here on Tuesday. Where is it?"),
    ("Jonas", "Falk", "Invoice 2031", "I was charged twice for the same order."),
    ("Tomás", "Silva", "Return label", "The label does not print. Can I have another one?"),
    ("Mei", "Tanaka", "Peace lily droops", "It hangs its leaves since Sunday. Too much water?"),
    ("Oluwaseun", "Adeyemi", "Change of address", "I have moved. The order is still under way."),
    ("Zoë", "Brandt", "Gift card", "The code is refused, and it is a birthday tomorrow."),
    ("Priya", "Nair", "Broken pot", "The pot came in three pieces. The plant is fine."),
    ("Lars", "Øvergård", "Opening hours", "Is the greenhouse open on Saturday?"),
    ("Chloé", "Martin", "Wrong plant", "I ordered a rubber fig and got a fern."),
    ("Ahmed", "El-Sayed", "Discount", "My code for new customers is not taken."),
    ("Nadia", "Kowalczyk", "Newsletter", "I still get it after I left the list."),
    ("Sam", "O’Neill", "Delivery to work", "Can you deliver to an office with a reception?"),
];
/// What they write when they are answered, in turn.
const REPLIES: [&str; 4] = [
    "Thank you. The number is 4711-2031.",
    "I see. How long will that take?",
    "That would help, yes.",
    "That is all. Have a good day.",
];

/// Lets them come for as long as it is awaited.
pub(super) async fn come(address: SocketAddr) {
    let mut stream = Stream { door: Client::customer(address), came: 0, chats: Vec::new() };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = stream.step().await {
            say_refused(&error);
        }
    }
}

fn say_refused(error: &anyhow::Error) {
    tracing::debug!(error = format!("{error:#}"), "a made-up customer was refused");
}

struct Stream {
    door: Client,
    came: usize,
    chats: Vec<Chat>,
}

/// A customer in a chat.
struct Chat {
    id: String,
    key: String,
    looks: usize,
    words: usize,
    /// The number of agents' messages that they have answered.
    answered: usize,
}

/// How a customer comes in.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Chat,
    Letter,
    WorkItem,
}

/// Every second one chats; letters and work items stay where they are, so they are fewer.
const fn way(number: usize) -> Way {
    match number % 4 {
        0 | 2 => Way::Chat,
        1 => Way::Letter,
        _ => Way::WorkItem,
    }
}

impl Stream {
    async fn step(&mut self) -> anyhow::Result<()> {
        for mut chat in std::mem::take(&mut self.chats) {
            // Whoever is refused is gone, and nobody else with them.
            match chat.goes_on(&self.door).await {
                Ok(true) => self.chats.push(chat),
                Ok(false) => {}
                Err(error) => say_refused(&error),
            }
        }
        if self.came < CUSTOMERS_MAX {
            self.one_more().await?;
        }
        Ok(())
    }

    async fn one_more(&mut self) -> anyhow::Result<()> {
        let number = self.came;
        let (first, last, subject, text) = PEOPLE[number % PEOPLE.len()];
        match way(number) {
            // The next one waits outside until somebody has left.
            Way::Chat if self.chats.len() >= CHATS_MAX => return Ok(()),
            Way::Chat => {
                let chat = Chat::begin(&self.door, first, subject, text).await?;
                self.chats.push(chat);
            }
            Way::Letter => {
                let address = format!("customer-{}@customers.example", number % PEOPLE.len());
                let fields = [
                    ("firstName", first),
                    ("lastName", last),
                    ("fromAddress", address.as_str()),
                    ("subject", subject),
                    ("text", text),
                ];
                self.door.form("/genesys/2/email/contact-us", &fields).await?;
            }
            Way::WorkItem => {
                let subject = format!("{subject}, {first} {last}");
                let fields = [("subject", subject.as_str())];
                self.door.form("/genesys/2/openmedia/workitems", &fields).await?;
            }
        }
        self.came += 1;
        Ok(())
    }
}

impl Chat {
    async fn begin(
        door: &Client,
        nickname: &str,
        subject: &str,
        text: &str,
    ) -> anyhow::Result<Self> {
        let fields = [("nickname", nickname), ("subject", subject)];
        let begun = door.form(CHAT, &fields).await?;
        let word = |name: &str| begun[name].as_str().unwrap_or_default().to_owned();
        let (id, key) = (word("chatId"), word("secureKey"));
        let chat = Self { id, key, looks: 0, words: 1, answered: 0 };
        chat.does(door, "send", &[("message", text)]).await?;
        Ok(chat)
    }

    async fn does(
        &self,
        door: &Client,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Value> {
        let key = [("secureKey", self.key.as_str())];
        let fields: Vec<_> = key.into_iter().chain(fields.iter().copied()).collect();
        door.form(&format!("{CHAT}/{}/{operation}", self.id), &fields).await
    }

    /// Looks at what was said, and answers; returns whether they stay.
    async fn goes_on(&mut self, door: &Client) -> anyhow::Result<bool> {
        let Ok(seen) = self.does(door, "refresh", &[("transcriptPosition", "1")]).await else {
            return Ok(false);
        };
        self.looks += 1;
        if seen["chatEnded"] == true {
            return Ok(false);
        }
        let answers = answers(&seen);
        if answers > self.answered {
            self.answered = answers;
            self.words += 1;
            let reply = REPLIES[(self.words - 2) % REPLIES.len()];
            self.does(door, "send", &[("message", reply)]).await?;
        }
        if self.words > WORDS_MAX || self.looks >= LOOKS_MAX {
            self.does(door, "disconnect", &[]).await?;
            return Ok(false);
        }
        Ok(true)
    }
}

/// Returns how often an agent has written.
fn answers(seen: &Value) -> usize {
    let lines = seen["messages"].as_array().into_iter().flatten();
    lines.filter(|it| it["type"] == "Message" && it["from"]["type"] == "Agent").count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn they_come_by_every_door() {
        let ways: Vec<Way> = (0..4).map(way).collect();
        assert_eq!(ways, [Way::Chat, Way::Letter, Way::Chat, Way::WorkItem]);
    }

    #[test]
    fn only_what_agents_say_is_an_answer() {
        let line =
            |kind: &str, from: &str| json!({"type": kind, "from": {"type": from}, "text": "x"});
        let lines = [
            line("ParticipantJoined", "Agent"),
            line("Message", "Client"),
            line("Message", "Agent"),
        ];
        assert_eq!(answers(&json!({"messages": lines})), 1);
    }
}
