//! The load: submitters put work in, agents take it, change it, pass it on and finish it. Every
//! command is repeated with the same key until it is answered, and what was acknowledged is written
//! down.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::ledger::{Effect, Line};
use crate::campaign::lock;
use handoff_testkit::comet::{Event, stay_reachable};
use handoff_testkit::{Address, Call, Client};

/// The demo center's agents (docs/compat/center.md#demo).
pub(super) const AGENTS: [&str; 4] = ["kate", "ben", "mia", "sam"];
const SUBMITTER: &str = "intake";
/// The account that sees everything.
pub(super) const ADMIN: &str = "ada";
/// The queues that somebody serves.
const QUEUES: [&str; 3] = ["tasks", "billing", "sales"];
/// Each agent works through so many clients.
const CLIENTS_PER_AGENT: usize = 2;
/// Submitters wait while more than this is unfinished: the demo center's agents have 20 slots
/// altogether.
const UNFINISHED_MAX: i64 = 60;

pub(super) struct Load {
    address: Address,
    pub(super) ledger: Mutex<Vec<Line>>,
    /// Set when the clients should end.
    pub(super) over: AtomicBool,
    /// How many commands were answered only after they had been sent again.
    pub(super) repeated: AtomicU64,
    /// How many commands were refused.
    pub(super) refused: AtomicU64,
    unfinished: AtomicI64,
    commands: AtomicU64,
}

impl Load {
    pub(super) fn new(address: Address) -> Arc<Self> {
        Arc::new(Self {
            address,
            ledger: Mutex::default(),
            over: AtomicBool::new(false),
            repeated: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unfinished: AtomicI64::new(0),
            commands: AtomicU64::new(0),
        })
    }

    /// Makes a client of one of the demo center's accounts.
    pub(super) fn client(&self, user: &str) -> Client {
        Client::new(&self.address, user)
    }

    /// Starts all clients; each ends some time after `over` is set.
    pub(super) async fn start(
        self: &Arc<Self>,
        submitters: usize,
        seed: u64,
    ) -> Result<JoinSet<Result<()>>> {
        let mut clients = JoinSet::new();
        for number in 0..submitters {
            let random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
            clients.spawn(Arc::clone(self).submit(self.client(SUBMITTER), random));
        }
        for agent in AGENTS {
            let client = self.client(agent);
            client.start_work(&["workitem"]).await?;
            let id = client.own_id().await?;
            let mut desks = Vec::new();
            for number in 0..CLIENTS_PER_AGENT {
                let (work, offers) = unbounded_channel();
                desks.push(work);
                let random =
                    StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(number as u64));
                let worker = Worker {
                    load: Arc::clone(self),
                    client: self.client(agent),
                    user: id.clone(),
                    random,
                };
                clients.spawn(worker.run(offers));
            }
            clients.spawn(Arc::clone(self).listen(client, desks));
        }
        Ok(clients)
    }

    async fn submit(self: Arc<Self>, client: Client, mut random: StdRng) -> Result<()> {
        let user = client.own_id().await?;
        while !self.over.load(Ordering::Relaxed) {
            if self.unfinished.load(Ordering::Relaxed) > UNFINISHED_MAX {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let number = self.commands.fetch_add(1, Ordering::Relaxed);
            let body = json!({"operationName": "Create", "channel": "workitem",
                "queueName": QUEUES[random.random_range(0..QUEUES.len())],
                "externalId": format!("crash-{number}")});
            let call = Call::post("/interactions", &body);
            // The external id alone must be enough to make it once; with a key both are at work.
            let call = if random.random_bool(0.5) {
                call.keyed(&format!("create-{number}"))
            } else {
                call
            };
            let answer = self.carry_out(&client, &call).await?;
            ensure!(answer["statusCode"] == 0, "a submission was refused: {answer}");
            let interaction = answer["id"].as_str().context("no id")?.to_owned();
            self.unfinished.fetch_add(1, Ordering::Relaxed);
            self.write_down(Line { interaction, by: user.clone(), effect: Effect::Created });
        }
        Ok(())
    }

    /// Passes an agent's offers on to their clients, one interaction always to the same.
    async fn listen(
        self: Arc<Self>,
        client: Client,
        desks: Vec<UnboundedSender<String>>,
    ) -> Result<()> {
        let (events, mut told) = unbounded_channel();
        let _reachable = stay_reachable(client.clone(), events);
        while !self.over.load(Ordering::Relaxed) {
            let event = tokio::time::timeout(Duration::from_millis(100), told.recv()).await;
            let Ok(event) = event else { continue };
            let offers = match event.context("the CometD session's task ended")? {
                Event::Notification(data) => vec![data],
                Event::Opened => client.interactions("/me/interactions?fields=*").await?,
            };
            for offer in offers.iter().filter(|interaction| interaction["state"] == "Invited") {
                let id = offer["id"].as_str().context("an offer without an id")?;
                let desk = id.bytes().map(usize::from).sum::<usize>() % desks.len();
                desks[desk].send(id.to_owned())?;
            }
        }
        Ok(())
    }

    /// Sends a command until it is answered.
    async fn carry_out(&self, client: &Client, call: &Call) -> Result<Value> {
        let (answer, times) = client.send_counting(call).await?;
        if times > 1 {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        if answer.code() != 0 {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer.body)
    }

    fn write_down(&self, line: Line) {
        lock(&self.ledger).push(line);
    }
}

/// One of an agent's clients.
struct Worker {
    load: Arc<Load>,
    client: Client,
    user: String,
    random: StdRng,
}

impl Worker {
    /// Works off what it is offered.
    async fn run(mut self, mut offers: UnboundedReceiver<String>) -> Result<()> {
        while let Some(id) = offers.recv().await {
            // What is passed on when it is over is taken and left: the listener may not have seen
            // yet that it is.
            if !self.load.over.load(Ordering::Relaxed) {
                self.work_on(&id).await?;
            }
        }
        Ok(())
    }

    async fn work_on(&mut self, id: &str) -> Result<()> {
        if !self.command(id, &json!({"operationName": "Accept"}), Effect::Accepted).await? {
            return Ok(());
        }
        for _ in 0..self.random.random_range(0..3) {
            let key = format!("k{}", self.load.commands.fetch_add(1, Ordering::Relaxed));
            let body = json!({"operationName": "UpdateUserData", "userData": {key.as_str(): 1}});
            self.command(id, &body, Effect::Updated { key }).await?;
        }
        if self.random.random_bool(0.25) {
            let body = json!({"operationName": "PlaceInQueue", "queueName": "tasks"});
            self.command(id, &body, Effect::Requeued).await?;
        } else if self.command(id, &json!({"operationName": "Complete"}), Effect::Completed).await?
        {
            self.load.unfinished.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Carries one command out and writes it down; tells whether it was acknowledged.
    async fn command(&mut self, id: &str, body: &Value, effect: Effect) -> Result<bool> {
        let number = self.load.commands.fetch_add(1, Ordering::Relaxed);
        let call =
            Call::post(&format!("/me/interactions/{id}"), body).keyed(&format!("command-{number}"));
        let answer = self.load.carry_out(&self.client, &call).await?;
        let is_done = answer["statusCode"] == 0;
        if is_done {
            self.load.write_down(Line {
                interaction: id.to_owned(),
                by: self.user.clone(),
                effect,
            });
        }
        Ok(is_done)
    }
}
