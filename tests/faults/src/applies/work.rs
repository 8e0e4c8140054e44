//! The load: somebody submits, and agents take what they are offered and finish it. Whoever was
//! disabled comes back as soon as they are let in.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::center::{agent, submitter};
use handoff_testkit::comet::{Comet, INTERACTIONS, Transport};
use handoff_testkit::{Address, Client, Inbox, Replay};
use serde_json::{Value, json};

use super::rules::QUEUES;
use crate::campaign::lock;

/// How often an agent looks into their inbox, and tries to get in again.
const LOOK: Duration = Duration::from_millis(50);
/// After how many looks an agent makes sure that they are still let in.
const LOOKS_BETWEEN: u64 = 20;
/// The submitter waits while more than this is unfinished.
const UNFINISHED_MAX: usize = 100;

pub(super) struct Work {
    address: Address,
    /// Everything that was acknowledged.
    pub(super) submitted: Mutex<Vec<String>>,
    pub(super) completed: AtomicUsize,
    /// Set when nothing more is to be submitted.
    pub(super) enough: AtomicBool,
    /// Set when the agents should end.
    pub(super) over: AtomicBool,
    /// Each agent's session, while they have one.
    sessions: Vec<Mutex<Option<Arc<Comet>>>>,
}

impl Work {
    pub(super) fn new(address: Address, agents: usize) -> Arc<Self> {
        Arc::new(Self {
            address,
            submitted: Mutex::default(),
            completed: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            over: AtomicBool::new(false),
            sessions: (0..agents).map(|_| Mutex::default()).collect(),
        })
    }

    pub(super) fn client(&self, user: &str) -> Client {
        Client::new(&self.address, user)
    }

    pub(super) fn session(&self, agent: usize) -> Option<Arc<Comet>> {
        lock(&self.sessions[agent]).clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.sessions.iter().filter(|session| lock(session).is_some()).count()
    }

    /// Submits until it is enough.
    pub(super) async fn submit(self: Arc<Self>) -> Result<()> {
        let client = self.client(&submitter(0));
        let mut number = 0_usize;
        while !self.enough.load(Ordering::Relaxed) {
            let submitted = lock(&self.submitted).len();
            if submitted.saturating_sub(self.completed.load(Ordering::Relaxed)) > UNFINISHED_MAX {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let body = json!({"operationName": "Create", "channel": "workitem",
                "queueName": QUEUES[number % QUEUES.len()], "externalId": format!("work-{number}")});
            let made = client.command("/interactions", &body).await?;
            lock(&self.submitted).push(made["id"].as_str().context("no id")?.to_owned());
            number += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Works as an agent, whenever they are let in.
    pub(super) async fn serve(self: Arc<Self>, number: usize) -> Result<()> {
        let client = self.client(&agent(number));
        // A socket is authenticated once, so what ends it is not the next request.
        let transport = if number % 2 == 1 { Transport::WebSocket } else { Transport::LongPolling };
        while !self.over.load(Ordering::Relaxed) {
            let inbox = Inbox::default();
            if let Ok(session) = begin(&client, transport, &inbox).await {
                *lock(&self.sessions[number]) = Some(Arc::new(session));
                self.work_off(&client, &inbox).await;
                *lock(&self.sessions[number]) = None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Works off what comes, until the session is over.
    async fn work_off(&self, client: &Client, inbox: &Inbox) {
        let is_over = |message: &Value| {
            message["channel"] == "/meta/connect" && message["successful"] == false
        };
        let is_offer = |message: &Value| message["data"]["state"] == "Invited";
        for look in 1_u64.. {
            if self.over.load(Ordering::Relaxed) || inbox.take(is_over).is_some() {
                return;
            }
            while let Some(offer) = inbox.take(is_offer) {
                let id = offer["data"]["id"].as_str().unwrap_or_default();
                self.finish(client, id).await;
            }
            // A socket that was closed says nothing; whoever is locked out finds out so.
            if look.is_multiple_of(LOOKS_BETWEEN)
                && client.get("/me").await.is_ok_and(|answer| answer.status == 401)
            {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes and completes it. What is refused is not theirs any more.
    async fn finish(&self, client: &Client, id: &str) {
        let path = format!("/me/interactions/{id}");
        for operation in ["Accept", "Complete"] {
            let answer = client.post(&path, json!({"operationName": operation})).await;
            if !answer.is_ok_and(|answer| answer.code() == 0) {
                return;
            }
        }
        self.completed.fetch_add(1, Ordering::Relaxed);
    }
}

async fn begin(client: &Client, transport: Transport, inbox: &Inbox) -> Result<Comet> {
    let session = Comet::open(client, transport, inbox.clone()).await?;
    let reply = session.subscribe(INTERACTIONS, Replay::Plain).await?;
    ensure!(reply["successful"] == true, "the subscription was refused: {reply}");
    for body in [
        json!({"operationName": "StartContactCenterSession", "channels": ["workitem"]}),
        json!({"operationName": "Ready"}),
    ] {
        client.post("/me", body).await?.ok()?;
    }
    Ok(session)
}
