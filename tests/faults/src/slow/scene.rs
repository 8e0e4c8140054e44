//! A running program with well-behaved agents on it, and the accounts that the attackers have taken
//! over.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::healthy::{AGENTS, Healthy};
use handoff_testkit::load::center::{self, PASSWORD, QUEUE};
use handoff_testkit::load::comet;
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::{Program, Start};

/// How many accounts attack: 2,400 connections are 60 of each, below the 64 CometD sessions that a
/// user may have.
pub(super) const ATTACKERS: usize = 40;

/// An account that attacks.
pub(super) struct Attacker {
    /// Its `Authorization` header.
    pub(super) authorization: String,
    /// A work item that it owns.
    pub(super) interaction: String,
    /// Its well-behaved client.
    client: tokio::sync::Mutex<Client>,
    /// Counts what it caused.
    messages: AtomicU64,
}

/// The running program and everybody on it.
pub(super) struct Scene {
    program: Program,
    /// Where it listens.
    pub(super) server: SocketAddr,
    /// The agents who do nothing wrong.
    pub(super) healthy: Healthy,
    /// The others.
    pub(super) attackers: Vec<Arc<Attacker>>,
}

impl Scene {
    /// Starts the program, and everybody on it.
    pub(super) async fn open(binary: &Path, config: &Path, log: &Path) -> Result<Self> {
        let start = Start::Serve { config: config.to_owned() };
        let program = Program::start(binary.to_owned(), start, log.to_owned()).await?;
        let server = (*program.address().borrow()).context("the program listens nowhere")?;
        let mut attackers = Vec::new();
        for number in AGENTS..AGENTS + ATTACKERS {
            let name = center::agent(number);
            let mut client = Client::new(program.address(), &name, PASSWORD)?;
            let interaction = own_work(&mut client).await?;
            let authorization = format!("Basic {}", STANDARD.encode(format!("{name}:{PASSWORD}")));
            let messages = AtomicU64::new(0);
            attackers.push(Arc::new(Attacker {
                authorization,
                interaction,
                client: client.into(),
                messages,
            }));
        }
        let healthy = Healthy::start(&program).await?;
        Ok(Self { program, server, healthy, attackers })
    }

    /// Returns the program's process id.
    pub(super) fn process(&self) -> Result<u32> {
        self.program.id().context("the program has ended")
    }

    /// Returns the account of a connection.
    pub(super) fn attacker(&self, connection: usize) -> &Attacker {
        &self.attackers[connection % self.attackers.len()]
    }

    /// Ends everything, and gives what went wrong for the agents.
    pub(super) async fn close(mut self) -> Result<Vec<String>> {
        let faults = self.healthy.faults().await;
        self.program.kill().await?;
        Ok(faults)
    }
}

impl Attacker {
    /// Makes the program tell everybody who is subscribed as this user something, of so many bytes.
    pub(super) async fn cause_message(&self, bytes: usize) -> Result<()> {
        // Nobody is told of a change that changes nothing.
        let filling = format!("{:0bytes$}", self.messages.fetch_add(1, Ordering::Relaxed));
        let body = json!({"operationName": "UpdateUserData", "userData": {"filling": filling}});
        let call = Call::post(&format!("/me/interactions/{}", self.interaction), &body);
        accepted(&mut *self.client.lock().await, &call).await.map(|_| ())
    }
}

/// Starts an agent's work and makes a work item that is theirs.
pub(super) async fn own_work(client: &mut Client) -> Result<String> {
    comet::start_work(client).await?;
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE});
    let answer = accepted(client, &Call::post("/me/interactions", &body)).await?;
    Ok(answer["id"].as_str().context("no id")?.to_owned())
}

async fn accepted(client: &mut Client, call: &Call) -> Result<Value> {
    let answer = client.send_until_answered(call).await.context("no answer")?;
    anyhow::ensure!(answer.code() == 0, "{} was refused: {}", call.path, answer.body);
    Ok(answer.body)
}
