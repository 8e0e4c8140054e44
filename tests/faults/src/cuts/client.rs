//! A client: it keeps a CometD session open, comes back whenever its connection breaks, and says
//! then what it was told last.
//!
//! With the `ack` extension it comes back to the same session and acknowledges what it had
//! received; only when the program no longer knows the session does it shake hands again. Without
//! it every break means a new session, because what was on its way is lost with the old one. Each
//! new session subscribes with `ext.replay`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::book::{Book, Place};
use super::{HELD, NETWORK_DELAY, TOPICS};
use crate::campaign::lock;
use handoff_testkit::comet::{Exchange, subscribe};
use handoff_testkit::{Address, Transport, center};

/// The pattern that covers all of [`TOPICS`].
pub(crate) const PATTERN: &str = "/v2/me/*";
/// How many of [`TOPICS`] are subscribed to one by one, by clients that use no pattern.
const NAMED: usize = 2;
/// The longest pause before a client connects again, in ms.
const PAUSE_MS_MAX: u64 = 250;
/// The longest pause that the program may advise, in ms.
const ADVICE_MS_MAX: u64 = 2_000;
/// How long an answer may take.
pub(crate) const PATIENCE: Duration = HELD.saturating_add(NETWORK_DELAY);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) number: usize,
    /// The number of the agent that it works for.
    pub(crate) user: usize,
    pub(crate) transport: Transport,
    /// Whether it uses the `ack` extension.
    pub(crate) acknowledges: bool,
    /// Whether it subscribes to a pattern instead of two topics.
    pub(crate) by_pattern: bool,
}

impl Plan {
    /// Mixes the kinds, so that the clients of one agent differ in everything.
    pub(crate) const fn mixed(number: usize, users: usize) -> Self {
        let user = number % users;
        // Consecutive for the clients of one agent; agents begin at different ones.
        let kind = number / users + user * 3;
        Self {
            number,
            user,
            transport: if kind.is_multiple_of(2) {
                Transport::LongPolling
            } else {
                Transport::WebSocket
            },
            acknowledges: (kind / 2).is_multiple_of(2),
            by_pattern: (kind / 4).is_multiple_of(2),
        }
    }

    /// Returns the topics that it is told.
    pub(crate) fn topics(self) -> &'static [&'static str] {
        if self.by_pattern { &TOPICS } else { &TOPICS[..NAMED] }
    }

    fn describe(self) -> String {
        let ack = if self.acknowledges { ", ack" } else { "" };
        format!(
            "client {} ({}{ack}) of {}",
            self.number,
            self.transport.name(),
            center::agent(self.user)
        )
    }
}

#[derive(Debug, Default)]
pub(crate) struct Doings {
    pub(crate) handshakes: AtomicU64,
    /// Sessions that went on over another connection.
    pub(crate) resumed: AtomicU64,
    /// Sessions that the program no longer knew.
    pub(crate) unknown: AtomicU64,
}

/// A session that the program knows.
struct Session {
    id: String,
    /// The last batch received, with the `ack` extension.
    batch: u64,
}

pub(crate) struct Client {
    plan: Plan,
    address: Address,
    place: Arc<Mutex<Place>>,
    doings: Arc<Doings>,
    session: Option<Session>,
    random: StdRng,
}

impl Client {
    /// Makes a client that has been told nothing.
    pub(crate) fn new(
        plan: Plan,
        address: Address,
        book: &Arc<Book>,
        doings: &Arc<Doings>,
        seed: u64,
    ) -> Self {
        let place = Place::new(Arc::clone(book), plan.describe(), plan.user, plan.topics());
        let random = StdRng::seed_from_u64(seed.wrapping_add(plan.number as u64));
        let place = Arc::new(Mutex::new(place));
        Self { plan, address, place, doings: Arc::clone(doings), session: None, random }
    }

    /// Returns what it has been told, now and later.
    pub(crate) fn place(&self) -> Arc<Mutex<Place>> {
        Arc::clone(&self.place)
    }

    /// Works until it is aborted, whenever it is `present`.
    pub(crate) async fn run(mut self, mut present: watch::Receiver<bool>) {
        while present.wait_for(|is_present| *is_present).await.is_ok() {
            tokio::select! {
                // Whatever ends a conversation, the answer to it is another one.
                _ = self.converse() => {}
                _ = leaves(present.clone()) => {}
            }
            if !self.plan.acknowledges {
                self.session = None;
            }
            let pause = self.random.random_range(0..PAUSE_MS_MAX);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One connection, or over long-polling some: to the first break.
    async fn converse(&mut self) -> Result<()> {
        let agent = handoff_testkit::Client::new(&self.address, &center::agent(self.plan.user));
        let mut exchange = Exchange::open(&agent, self.plan.transport).await?;
        let mut session = match self.session.take() {
            Some(session) => {
                self.doings.resumed.fetch_add(1, Ordering::Relaxed);
                session
            }
            None => self.subscribed(&mut exchange).await?,
        };
        loop {
            let kept = self.connect(&mut exchange, &mut session).await;
            match kept {
                Ok(advised) => tokio::time::sleep(advised).await,
                Err(Break::Unknown) => {
                    self.doings.unknown.fetch_add(1, Ordering::Relaxed);
                    bail!("the session is no more");
                }
                Err(Break::Connection(error)) => {
                    self.session = Some(session);
                    return Err(error);
                }
            }
        }
    }

    /// Shakes hands and subscribes, after what was told last.
    async fn subscribed(&mut self, exchange: &mut Exchange) -> Result<Session> {
        let mut hello = self.plan.transport.handshake();
        if self.plan.acknowledges {
            hello["ext"] = json!({"ack": true});
        }
        let reply = exchange.succeed(&hello, PATIENCE, |_, _| {}).await?;
        let id = reply["clientId"].as_str().context("no clientId")?.to_owned();
        self.doings.handshakes.fetch_add(1, Ordering::Relaxed);
        for (name, replay) in self.subscriptions() {
            let mut message = subscribe(&id, name);
            message["ext"] = json!({"replay": replay});
            let told = |channel: &str, data: &Value| lock(&self.place).take(channel, data);
            exchange.succeed(&message, PATIENCE, told).await?;
        }
        Ok(Session { id, batch: 0 })
    }

    /// Returns the names to subscribe to, each with its `replay`.
    fn subscriptions(&self) -> Vec<(&'static str, Value)> {
        let last = lock(&self.place).last().clone();
        if self.plan.by_pattern {
            vec![(PATTERN, json!(last))]
        } else {
            last.into_iter().map(|(topic, number)| (topic, json!(number))).collect()
        }
    }

    /// One connect; returns the pause that the program advises.
    async fn connect(
        &self,
        exchange: &mut Exchange,
        session: &mut Session,
    ) -> Result<Duration, Break> {
        let mut connect = self.plan.transport.connect(&session.id);
        if self.plan.acknowledges {
            connect["ext"] = json!({"ack": session.batch});
        }
        let told = |channel: &str, data: &Value| lock(&self.place).take(channel, data);
        let reply = exchange.send(&connect, PATIENCE, told).await.map_err(Break::Connection)?;
        let advice = &reply["advice"];
        if reply["successful"] != true
            || matches!(advice["reconnect"].as_str(), Some("handshake" | "none"))
        {
            return Err(Break::Unknown);
        }
        session.batch = reply["ext"]["ack"].as_u64().unwrap_or(session.batch);
        let pause = advice["interval"].as_u64().unwrap_or(0).min(ADVICE_MS_MAX);
        Ok(Duration::from_millis(pause))
    }
}

/// Why a session's connects end.
enum Break {
    /// The program knows the session no more, or wants a new handshake.
    Unknown,
    /// The connection broke; the session may still be there.
    Connection(anyhow::Error),
}

/// Waits until the client should be away.
async fn leaves(mut present: watch::Receiver<bool>) {
    if present.wait_for(|is_present| !*is_present).await.is_err() {
        std::future::pending::<()>().await;
    }
}
