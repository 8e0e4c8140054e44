//! What goes on all the time: clients fight over work items, agents with little room take what they
//! are given, sessions listen, and parties talk in chats; all by way of the balancer, which gives
//! each request to another node.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_testkit::center::{self, WORKBIN};
use handoff_testkit::comet::be_reachable;
use handoff_testkit::{Address, Call, Client, Transport};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::scene::{NARROW_AGENTS, NARROW_QUEUE, Scene, narrow};
use super::{Options, streams};
use crate::campaign::lock;
use crate::contention::clients::{Caller, Fencing, Manner, Shared};
use crate::contention::rules::Agent;
use crate::cuts::book::{Book, Place};
use crate::cuts::client::{Doings, Plan};

/// Two clients work as one agent, so that owners race against themselves too.
const CLIENTS_PER_AGENT: usize = 2;
/// How long half of all commands are sent again while nobody answers. Longer than anything rests.
const REPEATED_FOR: Duration = Duration::from_secs(45);
/// How many work items wait for agents with little room, beside those that they have.
const NARROW_WAITING: usize = 6;
const NARROW_PAUSE_MS_MAX: u64 = 400;

/// Clients at work.
pub(super) struct Load {
    pub(super) shared: Arc<Shared>,
    pub(super) narrow: Arc<Narrow>,
    working: JoinSet<Result<()>>,
    _reachable: Vec<AbortOnDropHandle<()>>,
}

/// Work of agents with little room.
pub(super) struct Narrow {
    address: Address,
    over: AtomicBool,
    /// The ids of all that was made for them.
    pub(super) ids: Mutex<Vec<String>>,
}

impl Load {
    /// Begins; `seed` decides what clients try.
    pub(super) async fn begin(scene: &Scene, options: &Options, seed: u64) -> Result<Self> {
        let address = scene.address();
        let (mut users, mut workbin, mut reachable) = (Vec::new(), String::new(), Vec::new());
        for number in 0..usize::from(options.agents) {
            let client = scene.client(&center::agent(number));
            reachable.push(be_reachable(client.clone(), Transport::WebSocket));
            client.start_work(&["workitem"]).await?;
            users.push(client.own_id().await?);
            let list = client.read("/me/workbins?fields=*").await?;
            let mut workbins = list["workbins"].as_array().into_iter().flatten();
            let shelf =
                workbins.find(|one| one["name"] == WORKBIN).context("no group's workbin")?;
            workbin = shelf["id"].as_str().context("no workbin id")?.to_owned();
        }
        let manner = Manner {
            fencing: Fencing::Sent,
            pause: Duration::from_millis(options.pause_ms),
            repeated_for: REPEATED_FOR,
        };
        let shared = Shared::new(address.clone(), users, workbin, manner);
        let shared = shared.called(format!("load-{seed}"));
        for _ in 0..options.interactions {
            let contested = shared.make().await?;
            lock(&shared.slots).push(contested);
        }
        let shared = Arc::new(shared);
        let mut working = JoinSet::new();
        for number in 0..usize::from(options.agents) * CLIENTS_PER_AGENT {
            let agent = Agent::try_from(number % usize::from(options.agents))?;
            working.spawn(Caller::new(&shared, agent, seed.wrapping_add(number as u64)).run());
        }
        let narrow =
            Arc::new(Narrow { address, over: AtomicBool::new(false), ids: Mutex::default() });
        for number in 0..NARROW_AGENTS {
            let client = scene.client(&self::narrow(number));
            reachable.push(be_reachable(client.clone(), Transport::WebSocket));
            client.start_work(&["workitem"]).await?;
            let random = StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(number as u64));
            working.spawn(Arc::clone(&narrow).work(client, random));
        }
        working.spawn(Arc::clone(&narrow).submit());
        Ok(Self { shared, narrow, working, _reachable: reachable })
    }

    /// Fails if a client gave up.
    pub(super) fn look_after(&mut self) -> Result<()> {
        while let Some(ended) = self.working.try_join_next() {
            ended?.context("a client gave up")?;
        }
        Ok(())
    }

    /// Ends it, whatever its clients are about.
    pub(super) async fn abandon(&mut self) {
        self.working.shutdown().await;
    }

    /// Waits until nobody does anything.
    pub(super) async fn end(&mut self) -> Result<()> {
        self.shared.over.store(true, Ordering::Relaxed);
        self.narrow.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.working.join_next().await {
            ended?.context("a client gave up")?;
        }
        Ok(())
    }
}

impl Narrow {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Keeps some waiting.
    async fn submit(self: Arc<Self>) -> Result<()> {
        let client = Client::new(&self.address, &center::submitter(1));
        let watcher = Client::new(&self.address, center::ADMIN);
        while !self.is_over() {
            let listed =
                format!("/interactions?fields=id&currentQueue={NARROW_QUEUE}&state=Queued");
            let waiting = watcher.interactions(&listed).await?.len();
            for _ in waiting..NARROW_WAITING {
                let body = json!({"operationName": "Create", "channel": "workitem",
                    "queueName": NARROW_QUEUE});
                let key = format!("{:032x}", rand::random::<u128>());
                let call = Call::post("/interactions", &body).keyed(&key);
                let made = client.answer_to(&call).await?.ok()?.body;
                lock(&self.ids).push(made["id"].as_str().context("no id")?.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    /// Takes what is offered and finishes it, as one agent.
    async fn work(self: Arc<Self>, client: Client, mut random: StdRng) -> Result<()> {
        while !self.is_over() {
            for interaction in client.interactions("/me/interactions?fields=*").await? {
                let id = interaction["id"].as_str().context("an interaction without an id")?;
                let operation = match interaction["state"].as_str() {
                    Some("Invited") => ["Accept", "Accept", "Reject"][random.random_range(0..3)],
                    _ => "Complete",
                };
                let call = Call::post(
                    &format!("/me/interactions/{id}"),
                    &json!({"operationName": operation}),
                );
                let key = format!("{:032x}", rand::random::<u128>());
                // A refusal is no matter here: the offer may have ended meanwhile.
                let _: Value = client.answer_to(&call.keyed(&key)).await?.body;
            }
            let pause = random.random_range(0..NARROW_PAUSE_MS_MAX);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(())
    }
}

/// Sessions of agents, each of whom is told everything.
pub(super) struct Listeners {
    pub(super) book: Arc<Book>,
    pub(super) places: Vec<(Plan, Arc<Mutex<Place>>)>,
    pub(super) doings: Arc<Doings>,
    _clients: JoinSet<()>,
    _present: watch::Sender<bool>,
}

impl Listeners {
    /// Two sessions for each agent, by websocket: a balancer that gives each request to another
    /// node cannot carry long-polling.
    pub(super) fn begin(scene: &Scene, options: &Options, seed: u64) -> Self {
        let (book, doings) = (Arc::new(Book::default()), Arc::new(Doings::default()));
        let present = watch::Sender::new(true);
        let (mut clients, mut places) = (JoinSet::new(), Vec::new());
        for plan in streams::plans(usize::from(options.agents)) {
            let address = scene.address();
            let client = crate::cuts::client::Client::new(plan, address, &book, &doings, seed);
            places.push((plan, client.place()));
            clients.spawn(client.run(present.subscribe()));
        }
        Self { book, places, doings, _clients: clients, _present: present }
    }
}
