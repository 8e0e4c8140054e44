//! A running program with well-behaved agents on it, and the accounts that the attackers have taken
//! over.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::healthy::{AGENTS, Healthy};
use handoff_testkit::center::{self, PASSWORD, QUEUE};
use handoff_testkit::http::basic;
use handoff_testkit::{Client, Program, Site, Start};

/// How many accounts attack: 2,400 connections are 60 of each, below the 64 CometD sessions that a
/// user may have.
pub(super) const ATTACKERS: usize = 40;

pub(super) struct Attacker {
    /// Its `Authorization` header, a line of a head.
    pub(super) credentials: String,
    /// A work item that it owns.
    pub(super) interaction: String,
    pub(super) client: Client,
    messages: AtomicU64,
}

/// The running program and everybody on it.
pub(super) struct Scene {
    pub(super) program: Program,
    pub(super) server: SocketAddr,
    /// The agents who do nothing wrong.
    pub(super) healthy: Healthy,
    pub(super) attackers: Vec<Arc<Attacker>>,
}

impl Scene {
    /// Starts the program, and everybody on it.
    pub(super) async fn open(binary: &Path, site: &Site) -> Result<Self> {
        let start = Start::Serve(site.config.clone());
        let program = Program::start(binary, start, site.log.clone()).await?;
        let server = program.server()?;
        let mut attackers = Vec::new();
        for number in AGENTS..AGENTS + ATTACKERS {
            let name = center::agent(number);
            let client = program.client(&name);
            let interaction = own_work(&client).await?;
            let value = basic(&name, PASSWORD);
            let credentials = format!("Authorization: {}\r\n", value.to_str()?);
            let messages = AtomicU64::new(0);
            attackers.push(Arc::new(Attacker { credentials, interaction, client, messages }));
        }
        let healthy = Healthy::start(&program).await?;
        Ok(Self { program, server, healthy, attackers })
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
        let path = format!("/me/interactions/{}", self.interaction);
        self.client.command(&path, &body).await.map(drop)
    }
}

/// Starts an agent's work and makes a work item that is theirs.
pub(super) async fn own_work(client: &Client) -> Result<String> {
    client.start_work(&["workitem"]).await?;
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE});
    let created = client.command("/me/interactions", &body).await?;
    Ok(created["id"].as_str().context("no id")?.to_owned())
}
