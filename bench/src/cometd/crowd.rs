//! Ten thousand agents in one thread, and the work that they are given.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::dialect::{self, Target, Voice};
use super::servers::{Kind, Server};
use crate::wire::Wire;
use handoff_testkit::Transport;

/// Sessions that are opened at the same time: fewer than any server's backlog of connections.
const OPENING: usize = 64;
/// Publications on their way at the same time in one-to-one work: enough that a server always has
/// something to do.
pub(super) const PUBLISHERS: usize = 64;
/// How long a message may take before it counts as lost.
const LOST: Duration = Duration::from_secs(20);

/// What the agents have seen together.
#[derive(Default)]
struct Tally {
    delivered: Cell<usize>,
    /// When `delivered` gets here, `reached` is told.
    target: Cell<usize>,
    reached: Notify,
    /// Told of each delivery to an agent, by the agent's number modulo their count.
    publishers: Vec<Notify>,
    failure: RefCell<Option<String>>,
}

impl Tally {
    /// Counts what an agent got.
    fn count(&self, number: usize, delivered: usize) {
        if delivered == 0 {
            return;
        }
        self.delivered.set(self.delivered.get() + delivered);
        if self.delivered.get() == self.target.get() {
            self.reached.notify_one();
        }
        self.publishers[number % PUBLISHERS].notify_one();
    }
}

struct Agent {
    number: usize,
    wire: Wire,
    voice: Voice,
}

/// Agents with their sessions, all on one server and transport.
pub(super) struct Crowd {
    kind: Kind,
    transport: Transport,
    agents: Vec<Rc<Agent>>,
    tally: Rc<Tally>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Crowd {
    pub(super) fn new(kind: Kind, transport: Transport) -> Self {
        let publishers = std::iter::repeat_with(Notify::default).take(PUBLISHERS).collect();
        let tally = Rc::new(Tally { publishers, ..Tally::default() });
        Self { kind, transport, agents: Vec::new(), tally, tasks: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.agents.len()
    }

    /// Opens sessions until there are so many.
    pub(super) async fn grow(&mut self, server: &Server, count: usize) -> Result<()> {
        let (kind, transport, address) = (self.kind, self.transport, server.address);
        let places = Rc::new(Semaphore::new(OPENING));
        let mut opening = JoinSet::new();
        for number in self.agents.len()..count {
            let places = Rc::clone(&places);
            opening.spawn_local(async move {
                let _place = places.acquire().await?;
                let opened = timeout(LOST, dialect::open(kind, transport, address, number)).await;
                let (wire, voice) = opened
                    .context("no answer")?
                    .with_context(|| format!("open session {number}"))?;
                anyhow::Ok((number, Rc::new(Agent { number, wire, voice })))
            });
        }
        let mut opened = Vec::with_capacity(opening.len());
        while let Some(ended) = opening.join_next().await {
            let (number, agent) = ended??;
            // Its poll must go out now: some servers do not keep a session for long without.
            self.tasks
                .push(tokio::task::spawn_local(listen(Rc::clone(&agent), Rc::clone(&self.tally))));
            opened.push((number, agent));
        }
        opened.sort_by_key(|(number, _)| *number);
        self.agents.extend(opened.into_iter().map(|(_, agent)| agent));
        self.check()
    }

    /// Fails if an agent has.
    fn check(&self) -> Result<()> {
        match self.tally.failure.borrow().as_ref() {
            Some(failure) => bail!("{failure}"),
            None => Ok(()),
        }
    }

    /// Publishes to everybody, again when everybody has it, for some time; returns the count of
    /// deliveries and how long each publication took, in ms.
    pub(super) async fn fan_out(
        &self,
        server: &Server,
        time: Duration,
    ) -> Result<(usize, Vec<f64>)> {
        let publisher = self.agents.first().context("nobody is there")?;
        let wire = Some(Wire::open(server.address, 0).await?)
            .filter(|_| self.transport == Transport::LongPolling);
        let begun = Instant::now();
        let before = self.tally.delivered.get();
        let mut times = Vec::new();
        while begun.elapsed() < time {
            self.tally.target.set(self.tally.delivered.get() + self.agents.len());
            let sent = Instant::now();
            publish(publisher, &self.tally, wire.as_ref(), Target::All).await?;
            if timeout(LOST, self.tally.reached.notified()).await.is_err() {
                self.check()?;
                bail!(
                    "{} messages did not arrive",
                    self.tally.target.get() - self.tally.delivered.get()
                );
            }
            times.push(sent.elapsed().as_secs_f64() * 1_000.0);
        }
        self.check()?;
        Ok((self.tally.delivered.get() - before, times))
    }

    /// Publishes from agent to agent, each publication as soon as the one before has arrived, for
    /// some time; returns the count of deliveries and how long each took, in ms.
    pub(super) async fn one_to_one(
        &self,
        server: &Server,
        time: Duration,
    ) -> Result<(usize, Vec<f64>)> {
        ensure!(
            self.agents.len() >= 2 * PUBLISHERS,
            "there are too few agents for one-to-one work"
        );
        let before = self.tally.delivered.get();
        let end = Instant::now() + time;
        let mut publishers = JoinSet::new();
        for number in 0..PUBLISHERS {
            let targets: Vec<usize> = (number..self.agents.len()).step_by(PUBLISHERS).collect();
            let (agents, tally) = (self.agents.clone(), Rc::clone(&self.tally));
            let (address, is_polling) = (server.address, self.transport == Transport::LongPolling);
            publishers.spawn_local(async move {
                let wire = Some(Wire::open(address, number).await?).filter(|_| is_polling);
                let mut times = Vec::new();
                // What was fanned out before has told the publishers, too.
                _ = timeout(Duration::ZERO, tally.publishers[number].notified()).await;
                for target in targets.into_iter().cycle().take_while(|_| Instant::now() < end) {
                    let sent = Instant::now();
                    let from = &agents[(target + 1) % agents.len()];
                    publish(from, &tally, wire.as_ref(), Target::One(target)).await?;
                    let arrived = tally.publishers[number].notified();
                    timeout(LOST, arrived)
                        .await
                        .with_context(|| format!("agent {target} got no message"))?;
                    times.push(sent.elapsed().as_secs_f64() * 1_000.0);
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(ended) = publishers.join_next().await {
            let ended = ended?;
            self.check()?;
            times.extend(ended?);
        }
        Ok((self.tally.delivered.get() - before, times))
    }
}

/// Publishes in an agent's name: over a connection of its own where polls take up the agent's, as
/// browsers do.
async fn publish(agent: &Agent, tally: &Tally, wire: Option<&Wire>, target: Target) -> Result<()> {
    let publication = agent.voice.publication(target);
    let Some(wire) = wire else { return agent.wire.send(&publication).await };
    wire.send(&publication).await?;
    let reply = timeout(LOST, wire.receive()).await.context("a publication was not answered")??;
    // One server puts what waits for the publisher into the publication's reply.
    tally.count(agent.number, agent.voice.understand(&reply)?.delivered);
    Ok(())
}

/// Polls and counts until the task is aborted.
async fn listen(agent: Rc<Agent>, tally: Rc<Tally>) {
    let Err(error) = poll(&agent, &tally).await;
    tally.failure.borrow_mut().get_or_insert_with(|| format!("agent {}: {error:#}", agent.number));
    tally.reached.notify_one();
}

async fn poll(agent: &Agent, tally: &Tally) -> Result<std::convert::Infallible> {
    if !agent.voice.poll.is_empty() {
        agent.wire.send(&agent.voice.poll).await?;
    }
    loop {
        let received = agent.wire.receive().await?;
        let meaning = agent.voice.understand(&received)?;
        if meaning.is_poll_over {
            agent.wire.send(&agent.voice.poll).await?;
        }
        tally.count(agent.number, meaning.delivered);
    }
}
