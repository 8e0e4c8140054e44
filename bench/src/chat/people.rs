//! Customers and agents, whatever server they talk through: how they write, and what they notice of
//! what they read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use handoff_testkit::comet::{Listening, Writer};
use handoff_testkit::{Call, Client};

/// How many characters a message has.
const TEXT_CHARS: usize = 100;
/// Digits of the time in a message's mark.
const DIGITS: usize = 12;

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a customer to their agent.
    ToAgent,
    /// From an agent to their customer.
    ToCustomer,
}

impl Direction {
    /// Returns what every message of this direction begins with.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::ToAgent => "mark-in-",
            Self::ToCustomer => "mark-out-",
        }
    }
}

/// What is under way, and how long it took.
pub(crate) struct Tally {
    begun: Instant,
    sent: [AtomicU64; 2],
    /// How long each message took since the last look, in ms.
    took: [Mutex<Vec<f64>>; 2],
    /// How many messages were not taken at the moment, and sent again.
    refused: AtomicU64,
    failure: Mutex<Option<String>>,
}

impl Default for Tally {
    fn default() -> Self {
        let [sent, other] = [const { AtomicU64::new(0) }; 2];
        Self {
            begun: Instant::now(),
            sent: [sent, other],
            took: Default::default(),
            refused: AtomicU64::new(0),
            failure: Mutex::default(),
        }
    }
}

impl Tally {
    /// Writes a message that tells when it was sent.
    pub(crate) fn message(&self, direction: Direction) -> String {
        self.sent[direction as usize].fetch_add(1, Ordering::Relaxed);
        let mut text =
            format!("{}{:0DIGITS$} ", direction.mark(), self.begun.elapsed().as_micros());
        text.extend(std::iter::repeat_n('x', TEXT_CHARS.saturating_sub(text.len())));
        text
    }

    /// Notes the messages of a direction that are in a frame; returns how many.
    pub(crate) fn notice(&self, direction: Direction, frame: &str) -> usize {
        let now = self.begun.elapsed().as_micros();
        let mut took = lock(&self.took[direction as usize]);
        let before = took.len();
        for (at, mark) in frame.match_indices(direction.mark()) {
            let digits = frame.get(at + mark.len()..at + mark.len() + DIGITS);
            if let Some(sent) = digits.and_then(|digits| digits.parse::<u128>().ok()) {
                let us = u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX);
                took.push(f64::from(us) / 1_000.0);
            }
        }
        took.len() - before
    }

    /// Notes that a message was not taken: it will not arrive.
    pub(crate) fn refuse(&self, direction: Direction) {
        self.sent[direction as usize].fetch_sub(1, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes how many messages were not taken, and begins anew.
    pub(crate) fn take_refused(&self) -> u64 {
        self.refused.swap(0, Ordering::Relaxed)
    }

    /// Tells how many messages have not arrived.
    pub(crate) fn under_way(&self) -> u64 {
        let arrived = self.took.iter().map(|took| lock(took).len() as u64).sum::<u64>();
        let sent = self.sent.iter().map(|sent| sent.load(Ordering::Relaxed)).sum::<u64>();
        sent.saturating_sub(arrived)
    }

    /// Takes how long the messages took, to the agents and to the customers, in ms, and begins
    /// anew.
    pub(crate) fn take(&self) -> [Vec<f64>; 2] {
        self.sent.iter().for_each(|sent| sent.store(0, Ordering::Relaxed));
        [0, 1].map(|direction: usize| std::mem::take(&mut *lock(&self.took[direction])))
    }

    /// Notes why somebody listens no more.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        lock(&self.failure).get_or_insert_with(|| format!("{error:#}"));
    }

    /// Fails if somebody listens no more.
    pub(crate) fn check(&self) -> Result<()> {
        match &*lock(&self.failure) {
            Some(failure) => bail!("{failure}"),
            None => Ok(()),
        }
    }
}

pub(crate) enum Voice {
    /// To the program, in their chat.
    Chat { session: Arc<Listening>, key: String },
    /// To the bare relay, for an agent of this number.
    Relay { writer: Writer, agent: usize },
}

pub(crate) struct Customer {
    pub(crate) voice: Voice,
    /// Whether they may send: their last message has arrived.
    pub(crate) may_send: Arc<Semaphore>,
}

impl Customer {
    /// Sends a message once the last one has arrived.
    pub(crate) async fn say(&self, tally: &Tally) -> Result<()> {
        self.may_send.acquire().await.context("the customer has left")?.forget();
        let text = tally.message(Direction::ToAgent);
        match &self.voice {
            Voice::Chat { session, key } => {
                // The page names its messages, too; the time does here.
                let id = &text[..Direction::ToAgent.mark().len() + DIGITS];
                let data = serde_json::json!({"operation": "sendMessage", "secureKey": key,
                    "message": text, "messageId": id});
                session.publish(&data).await
            }
            Voice::Relay { writer, agent } => writer.send(format!("{agent} {text}")).await,
        }
    }
}

/// Writes what an agent's message to one of their customers is sent with.
pub(crate) type Write = Box<dyn Fn(&str) -> Call + Send + Sync>;

pub(crate) struct Agent {
    /// One message at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) client: Client,
    /// How they write in each of their chats.
    pub(crate) chats: Vec<Write>,
}

impl Agent {
    /// Sends a message in one of their chats, again where it was not taken, and waits for the
    /// answer.
    pub(crate) async fn say(&self, number: usize, tally: &Tally) -> Result<()> {
        let write = &self.chats[number % self.chats.len()];
        let _turn = self.turn.lock().await;
        loop {
            let call = write(&tally.message(Direction::ToCustomer));
            let answer = self.client.send(&call).await?;
            if answer.is_failure() {
                tally.refuse(Direction::ToCustomer);
                continue;
            }
            let is_done =
                answer.status == 200 && answer.body["statusCode"].as_i64().unwrap_or(0) == 0;
            ensure!(is_done, "an agent's message was refused: {}", answer.body);
            return Ok(());
        }
    }
}

/// Everybody; those who listen stop with this.
pub(crate) struct People {
    pub(crate) customers: Vec<Arc<Customer>>,
    pub(crate) agents: Vec<Arc<Agent>>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) process: u32,
    pub(crate) _listeners: JoinSet<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_noticed_in_their_direction() {
        let tally = Tally::default();
        let (first, second) =
            (tally.message(Direction::ToAgent), tally.message(Direction::ToAgent));
        let back = tally.message(Direction::ToCustomer);
        assert_eq!(first.len(), TEXT_CHARS);
        let frame = format!(r#"[{{"text":"{first}"}},{{"text":"{second}"}},{{"text":"{back}"}}]"#);
        assert_eq!(tally.under_way(), 3);
        assert_eq!(tally.notice(Direction::ToAgent, &frame), 2);
        assert_eq!(tally.under_way(), 1);
        assert_eq!(tally.notice(Direction::ToCustomer, &frame), 1);
        assert_eq!(tally.under_way(), 0);
        let [to_agents, to_customers] = tally.take();
        assert_eq!((to_agents.len(), to_customers.len()), (2, 1));
    }
}
