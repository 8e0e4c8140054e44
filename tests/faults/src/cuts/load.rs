//! The work that causes the notifications: submitters put it in, agents take it, change it, pass it
//! on and finish it. They speak to the program directly, and repeat a command with the same key
//! until it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use handoff_testkit::center::{self, QUEUE};
use handoff_testkit::{Address, Call, Client};

/// Work items that wait or are worked on, for each agent: some are always waiting.
const OPEN_PER_AGENT: usize = 4;
/// The longest pause between two rounds of an agent, in ms; half of it on average.
const PAUSE_MS_MAX: u64 = 1_000;
/// How often a submitter looks whether there is too little work.
const LOOK: Duration = Duration::from_millis(100);
/// How many submit at a time.
const SUBMITTING: usize = 2;

pub(super) struct Load {
    address: Address,
    agents: usize,
    over: AtomicBool,
    commands: AtomicU64,
    done: AtomicU64,
    created: AtomicU64,
    ended: AtomicU64,
}

impl Load {
    /// Opens the agents' contact-center sessions.
    pub(super) async fn prepare(address: Address, agents: usize) -> Result<Arc<Self>> {
        for number in 0..agents {
            Client::new(&address, &center::agent(number)).start_work(&["workitem"]).await?;
        }
        let [commands, done, created, ended] = [const { AtomicU64::new(0) }; 4];
        Ok(Arc::new(Self {
            address,
            agents,
            over: AtomicBool::new(false),
            commands,
            done,
            created,
            ended,
        }))
    }

    pub(super) fn start(self: &Arc<Self>, seed: u64) -> JoinSet<Result<()>> {
        let mut people = JoinSet::new();
        for number in 0..SUBMITTING {
            let client = Client::new(&self.address, &center::submitter(number));
            people.spawn(Arc::clone(self).submit(client));
        }
        for number in 0..self.agents {
            let client = Client::new(&self.address, &center::agent(number));
            let random = StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(number as u64));
            people.spawn(Worker { load: Arc::clone(self), client, random }.run());
        }
        people
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Counts the commands that were acknowledged.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    async fn submit(self: Arc<Self>, client: Client) -> Result<()> {
        let wanted = (self.agents * OPEN_PER_AGENT) as u64;
        while !self.is_over() {
            let open = self
                .created
                .load(Ordering::Relaxed)
                .saturating_sub(self.ended.load(Ordering::Relaxed));
            if open >= wanted {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let body =
                json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE});
            let answer = self.command(&client, "/interactions", &body).await?;
            ensure!(answer == 0, "a submission was refused with code {answer}");
            self.created.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Sends a command until it is answered, and gives the answer's code.
    async fn command(&self, client: &Client, path: &str, body: &Value) -> Result<i64> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let call = Call::post(path, body).keyed(&format!("cuts-{number}"));
        let answer = client.answer_to(&call).await?;
        if answer.code() == 0 {
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer.code())
    }
}

struct Worker {
    load: Arc<Load>,
    client: Client,
    random: StdRng,
}

impl Worker {
    async fn run(mut self) -> Result<()> {
        while !self.load.is_over() {
            let call = Call::get("/me/interactions?fields=*");
            let list = self.client.answer_to(&call).await?;
            for interaction in list.body["interactions"].as_array().into_iter().flatten() {
                self.work_on(interaction).await?;
            }
            if self.random.random_bool(0.1) {
                for operation in ["NotReady", "Ready"] {
                    self.command("/me", &json!({"operationName": operation})).await?;
                }
            }
            let pause = Duration::from_millis(self.random.random_range(0..PAUSE_MS_MAX));
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    async fn work_on(&mut self, interaction: &Value) -> Result<()> {
        let id = interaction["id"].as_str().context("an interaction without an id")?;
        let body = if interaction["state"] == "Invited" {
            let operation = if self.random.random_bool(0.9) { "Accept" } else { "Reject" };
            json!({"operationName": operation})
        } else {
            match self.random.random_range(0..100) {
                0..65 => {
                    let value = self.random.random_range(0..1_000_000);
                    json!({"operationName": "UpdateUserData", "userData": {"value": value}})
                }
                65..75 => json!({"operationName": "PlaceInQueue", "queueName": QUEUE}),
                _ => json!({"operationName": "Complete"}),
            }
        };
        // A refusal is no matter here: the offer may have ended meanwhile.
        let code = self.command(&format!("/me/interactions/{id}"), &body).await?;
        if code == 0 && body["operationName"] == "Complete" {
            self.load.ended.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn command(&mut self, path: &str, body: &Value) -> Result<i64> {
        self.load.command(&self.client, path, body).await
    }
}
