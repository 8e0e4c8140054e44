//! Three nodes that are started anew one after the other, under agents who work: nobody is told of
//! an error, and nothing is missed (docs/operations/cluster.md#rolling-restart).

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::comet::{Exchange, INTERACTIONS, subscribe};
use handoff_testkit::{
    BOUND, Call, Client, Cluster, Door as _, Inbox, PASSWORD, PostgresServer, Program, Proxy,
    Spread, Transport,
};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::replay::without_gap_or_duplicate;
use crate::scene::submit;

/// Longer than a poll is held.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two things that somebody does.
const PAUSE: Duration = Duration::from_millis(10);
/// As for a balancer that looks every second.
const SETTINGS: [(&str, &str); 1] = [("HANDOFF__SERVER__DRAIN", "1s")];

/// An agent whose client does what it is advised to, and nothing else.
#[derive(Clone)]
struct Agent {
    rest: Client,
    told: Inbox,
    transport: Transport,
}

impl Agent {
    async fn sign_in(cluster: &Cluster, user: &str, transport: Transport) -> Result<Self> {
        let rest = Client::with_cookies(&cluster.address());
        rest.send(Call::get("/me").by(user, PASSWORD)).await?.ok()?;
        Ok(Self { rest, told: Inbox::default(), transport })
    }

    async fn me(&self, body: Value) -> Result<()> {
        self.rest.post("/me", body).await?.ok().map(drop)
    }

    /// Does something with an interaction, which must not fail.
    async fn does(&self, id: &str, body: Value) -> Result<()> {
        self.rest.post(&format!("/me/interactions/{id}"), body).await?.ok().map(drop)
    }

    fn notifications(&self) -> Vec<Value> {
        self.told.all().into_iter().map(|mut message| message["data"].take()).collect()
    }

    fn sequences(&self) -> Vec<i64> {
        self.notifications().iter().filter_map(|data| data["sequence"].as_i64()).collect()
    }

    /// Listens for as long as the task lives; returns what nobody should be told.
    async fn listens(self) -> Result<()> {
        loop {
            self.one_session().await?;
        }
    }

    /// Listens until another handshake is advised, or the socket was closed.
    async fn one_session(&self) -> Result<()> {
        let told = |channel: &str, data: &Value| {
            self.told.push(json!({"channel": channel, "data": data}));
        };
        let opened = self.unless_closed(Exchange::open(&self.rest, self.transport).await)?;
        let Some(mut exchange) = opened else { return Ok(()) };
        let reply = exchange.send(&self.transport.handshake(), PATIENCE, told).await;
        let Some(reply) = self.unless_closed(reply)? else { return Ok(()) };
        if reply["advice"]["reconnect"] == "handshake" {
            let interval = reply["advice"]["interval"].as_u64().context("no interval")?;
            sleep(Duration::from_millis(interval)).await;
            return Ok(());
        }
        let id = reply["clientId"].as_str().context("no clientId")?.to_owned();
        let mut message = subscribe(&id, INTERACTIONS);
        if let Some(last) = self.sequences().last() {
            message["ext"] = json!({"replay": last});
        }
        let mut next = message;
        loop {
            let reply = exchange.send(&next, PATIENCE, told).await;
            let Some(reply) = self.unless_closed(reply)? else { return Ok(()) };
            match reply["advice"]["reconnect"].as_str() {
                Some("handshake") => return Ok(()),
                _ => ensure!(reply["successful"] == true, "{reply}"),
            }
            next = self.transport.connect(&id);
        }
    }

    /// A node that stops closes sockets, and every client opens another one then.
    fn unless_closed<T>(&self, reply: Result<T>) -> Result<Option<T>> {
        match (reply, self.transport) {
            (Ok(reply), _) => Ok(Some(reply)),
            (Err(_), Transport::WebSocket) => Ok(None),
            (Err(error), Transport::LongPolling) => Err(error),
        }
    }

    async fn sees(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        self.told.expect(what, |message| wanted(&message["data"])).await.map(drop)
    }

    /// Comes to work, and takes a work item.
    async fn takes_work(&self, cluster: &Cluster) -> Result<String> {
        let start = json!({"operationName": "StartContactCenterSession", "channels": ["workitem"]});
        self.me(start).await?;
        self.me(json!({"operationName": "Ready"})).await?;
        let id = submit(cluster, "tasks").await?;
        self.sees("the offer", |data| data["id"] == *id && data["state"] == "Invited").await?;
        self.does(&id, json!({"operationName": "Accept"})).await?;
        self.me(json!({"operationName": "NotReady"})).await?;
        Ok(id)
    }

    /// Notes step after step until told to stop; returns how many.
    async fn works(self, id: String, stop: watch::Receiver<bool>) -> Result<i64> {
        let mut step = 0;
        while !*stop.borrow() {
            let note = json!({"operationName": "UpdateUserData", "userData": {"step": step}});
            self.does(&id, note).await.with_context(|| format!("step {step}"))?;
            step += 1;
            sleep(PAUSE).await;
        }
        Ok(step)
    }
}

/// Submits one thing after the other until told to stop; returns how many.
async fn submits(intake: Client, stop: watch::Receiver<bool>) -> Result<usize> {
    let mut count = 0;
    while !*stop.borrow() {
        let body =
            json!({"operationName": "Create", "channel": "workitem", "queueName": "parking"});
        intake.post("/interactions", body).await?.ok().with_context(|| format!("item {count}"))?;
        count += 1;
        sleep(PAUSE).await;
    }
    Ok(count)
}

/// Counts what lies in the queue that nobody serves.
async fn parked(cluster: &Cluster) -> Result<usize> {
    let (ada, mut count, mut cursor) = (cluster.client("ada"), 0, String::new());
    loop {
        let path = format!("/interactions?state=Queued&limit=1000{cursor}");
        let page = ada.get(&path).await?.ok()?.body;
        count += page["uris"].as_array().context("no list")?.len();
        let Some(next) = page["nextCursor"].as_str() else { return Ok(count) };
        cursor = format!("&cursor={next}");
    }
}

async fn until_ready(node: &Program) -> Result<()> {
    let ready = async {
        while node.anonymous().send(Call::get("").at("/readyz")).await?.status != 200 {
            sleep(PAUSE).await;
        }
        anyhow::Ok(())
    };
    timeout(BOUND, ready).await.context("it never was ready")?
}

/// Has people work while something is done with each node, one after the other.
async fn under_load(
    mut cluster: Cluster,
    prepare: impl Fn(&mut Program) -> Result<()>,
) -> Result<()> {
    let kate = Agent::sign_in(&cluster, "kate", Transport::WebSocket).await?;
    let ben = Agent::sign_in(&cluster, "ben", Transport::LongPolling).await?;
    let mut listening = tokio::task::JoinSet::new();
    let (stop, stopped) = watch::channel(false);
    let mut working = Vec::new();
    for agent in [&kate, &ben] {
        listening.spawn(agent.clone().listens());
        let id = agent.takes_work(&cluster).await?;
        working.push(tokio::spawn(agent.clone().works(id, stopped.clone())));
    }
    let before = parked(&cluster).await?;
    let submitting = tokio::spawn(submits(cluster.client("intake"), stopped));
    for node in &mut cluster.nodes {
        sleep(Duration::from_secs(1)).await;
        node.terminate().await?;
        let status = node.ended().await?;
        ensure!(status.code() == Some(0), "{status}: {}", node.log_tail());
        prepare(node)?;
        node.restart().await?;
        until_ready(node).await?;
    }
    sleep(Duration::from_secs(1)).await;
    stop.send_replace(true);
    for (agent, work) in [&kate, &ben].into_iter().zip(working) {
        let steps = work.await??;
        ensure!(steps > 20, "{steps} steps are no load");
        let who = agent.transport;
        let last = agent.sees("the last step", |data| data["userData"]["step"] == steps - 1);
        tokio::select! {
            seen = last => seen.with_context(|| format!("{who:?}"))?,
            Some(ended) = listening.join_next() => bail!("somebody listens no more: {:?}", ended?),
        }
        without_gap_or_duplicate(&agent.sequences()).with_context(|| format!("{who:?}"))?;
    }
    let submitted = submitting.await??;
    let found = parked(&cluster).await? - before;
    ensure!(found == submitted, "{submitted} were submitted, and {found} are there");
    // Nobody who listens has ended.
    if let Some(ended) = listening.try_join_next() {
        bail!("{:?}", ended?);
    }
    Ok(())
}

async fn fresh_schema() -> Result<String> {
    Ok(spawn_blocking(|| PostgresServer::shared().fresh_schema()).await?)
}

async fn restarted(proxy: Proxy) -> Result<()> {
    let cluster = Cluster::behind(proxy, &fresh_schema().await?, &SETTINGS, Spread::Sticky).await?;
    under_load(cluster, |_| Ok(())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_nginx_are_started_anew_and_nobody_notices() -> Result<()> {
    restarted(Proxy::Nginx).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_haproxy_are_started_anew_and_nobody_notices() -> Result<()> {
    restarted(Proxy::HaProxy).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_caddy_are_started_anew_and_nobody_notices() -> Result<()> {
    restarted(Proxy::Caddy).await
}

/// Three nodes of the version before, which `HANDOFF_OLDER_BIN` names, become this one's one after
/// the other: in between both versions serve the same clients over one schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a program of the version before: HANDOFF_OLDER_BIN=PATH"]
async fn nodes_of_the_version_before_are_upgraded_and_nobody_notices() -> Result<()> {
    let cluster = Cluster::older(&fresh_schema().await?, &SETTINGS).await?;
    under_load(cluster, Program::upgrade).await
}
