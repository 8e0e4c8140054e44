//! `applies`: a contact center that is changed while it works (docs/testing.md#changes).
//!
//! Agents work off what somebody submits, over sockets and polls, while `handoff apply` changes the
//! center again and again: users are disabled and come back, are moved, learn and forget, come and
//! go, and queues ask for other skills. Afterwards the history of each interaction is compared with
//! the rules that were in force at each offer, and everything must have been finished. With
//! `--control` the changes are withheld from the program, which is what one would do that takes no
//! notice: then offers against the rules and sessions of disabled users have to be found.

mod rules;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_domain::Time;
use handoff_testkit::center::{ADMIN, agent};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::{Comet, Program, Replay, Settings, Site};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinSet;

use crate::campaign::{Campaign, Findings, MISSING, demand_noticed, lock};
use rules::{Change, EFFECT_MS, QUEUES, Rules, Timeline};
use work::Work;

/// An offer by rules that nobody may go by any more.
const AGAINST: &str = "offered against the rules";
const ALIVE: &str = "sessions of disabled users alive";
/// How long everything may take to be finished once everybody may work again.
const DRAIN: Duration = Duration::from_secs(60);
/// How long agents may take to come to work.
const BEGIN: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How often the contact center is changed.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10000))]
    changes: u16,
    /// How many agents work.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(4..=200))]
    agents: u8,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Withhold the changes from the program, and demand that this is noticed.
    #[arg(long)]
    control: bool,
}

/// Runs the test. It fails when work was lost, an offer was made against the rules, or a disabled
/// user had a session for longer than a change may take.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let agents = usize::from(options.agents);
    let rules = Rules::open(agents, 0);
    let (binary, settings) = (&campaign.binary, Settings::default());
    let (_, program) = Site::open(binary, campaign.home(), &rules.center(), settings).await?;
    let work = Work::new(program.address(), agents);
    let mut people = JoinSet::new();
    for number in 0..agents {
        people.spawn(work.clone().serve(number));
    }
    until_all_are_here(&work, agents).await?;
    people.spawn(work.clone().submit());
    let mut campaign = Changes {
        program: &program,
        work: work.clone(),
        timeline: Timeline::new(rules.clone(), now()),
        rules,
        random: StdRng::seed_from_u64(campaign.seed),
        probes: JoinSet::new(),
        took_ms: Vec::new(),
        is_withheld: options.control,
    };
    for _ in 0..options.changes {
        campaign.change().await?;
    }
    let mut findings = Findings::of(&[AGAINST, ALIVE, MISSING]);
    while let Some(alive) = campaign.probes.join_next().await {
        alive?.into_iter().for_each(|what| findings.find(ALIVE, what));
    }
    work.enough.store(true, Ordering::Relaxed);
    if !options.control {
        campaign.open_everything().await?;
        drain(&work, &mut findings).await?;
    }
    work.over.store(true, Ordering::Relaxed);
    while let Some(ended) = people.join_next().await {
        ended??;
    }
    let offers = judge(&work, &campaign.timeline, agents, &mut findings).await?;
    println!(
        "{} changes, each applied within {:.0} ms (median), {:.0} ms (99 %); {} interactions, {offers} offers",
        options.changes,
        percentile(&mut campaign.took_ms, 50.0),
        percentile(&mut campaign.took_ms, 99.0),
        lock(&work.submitted).len()
    );
    findings.print();
    if options.control {
        let is_noticed = findings.count(AGAINST) > 0 && findings.count(ALIVE) > 0;
        return demand_noticed(is_noticed, "the changes were withheld");
    }
    ensure!(findings.total() == 0, "a change of the contact center broke a promise");
    ensure!(offers > usize::from(options.changes), "only {offers} offers: too little to tell");
    Ok(())
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

async fn until_all_are_here(work: &Work, agents: usize) -> Result<()> {
    let end = Instant::now() + BEGIN;
    while work.sessions() < agents {
        let here = work.sessions();
        ensure!(Instant::now() < end, "only {here} of {agents} agents came to work");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Changes the contact center.
struct Changes<'a> {
    program: &'a Program,
    work: Arc<Work>,
    rules: Rules,
    timeline: Timeline,
    random: StdRng,
    /// Looks for sessions of users who were disabled.
    probes: JoinSet<Option<String>>,
    took_ms: Vec<f64>,
    is_withheld: bool,
}

impl Changes<'_> {
    async fn change(&mut self) -> Result<()> {
        let what = self.rules.change(&mut self.random, now());
        let disabled = match what {
            Change::Disabled(number) => self.work.session(number).map(|session| (number, session)),
            Change::Removed | Change::Other => None,
        };
        self.apply(if what == Change::Removed { &["--prune"] } else { &[] }).await?;
        if let Some((number, session)) = disabled {
            self.probes.spawn(probe(self.work.clone(), number, session));
        }
        Ok(())
    }

    /// Lets everybody work on everything, so that all of it can be finished.
    async fn open_everything(&mut self) -> Result<()> {
        let mut open = Rules::open(self.rules.agents.len(), 0);
        std::mem::swap(&mut self.rules, &mut open);
        self.apply(&["--prune"]).await
    }

    async fn apply(&mut self, options: &[&str]) -> Result<()> {
        let (begun, clock) = (now(), Instant::now());
        if self.is_withheld {
            tokio::time::sleep(Duration::from_millis(50)).await;
        } else {
            let text = self.rules.center().file(false);
            let output = self.program.apply(&text, options).await?;
            let told = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "handoff apply failed: {told}");
        }
        let done = now();
        self.took_ms.push(ms(clock.elapsed()));
        self.timeline.note(self.rules.clone(), begun, done);
        Ok(())
    }
}

/// Looks, once a change may not take any longer, whether somebody who was disabled can still do
/// something: in the session that they had, or with their password.
async fn probe(work: Arc<Work>, number: usize, session: Arc<Comet>) -> Option<String> {
    tokio::time::sleep(Duration::from_millis(EFFECT_MS.unsigned_abs())).await;
    let name = agent(number);
    let reply = session.subscribe("/v2/me/channels", Replay::Plain);
    let reply = tokio::time::timeout(Duration::from_secs(1), reply).await;
    if let Ok(Ok(reply)) = reply
        && reply["successful"] == true
    {
        return Some(format!("{name} could subscribe"));
    }
    let answer = work.client(&name).get("/me").await;
    answer.is_ok_and(|answer| answer.code() == 0).then(|| format!("{name} could log in"))
}

/// Waits until everything is finished; what is not in time is missing.
async fn drain(work: &Work, findings: &mut Findings) -> Result<()> {
    let admin = work.client(ADMIN);
    let end = Instant::now() + DRAIN;
    let mut open = lock(&work.submitted).clone();
    loop {
        let mut left = Vec::new();
        for id in open {
            let shown = admin.read(&format!("/interactions/{id}?fields=state")).await?;
            if shown["interaction"]["state"] != "Completed" {
                left.push((id, shown));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= end {
            left.iter().for_each(|(id, shown)| findings.find(MISSING, format!("{id}: {shown}")));
            return Ok(());
        }
        open = left.into_iter().map(|(id, _)| id).collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Compares each offer with the rules; counts them.
async fn judge(
    work: &Work,
    timeline: &Timeline,
    agents: usize,
    findings: &mut Findings,
) -> Result<usize> {
    let mut ids = Vec::new();
    for number in 0..agents {
        ids.push(id_of(work, number).await?);
    }
    let admin = work.client(ADMIN);
    let submitted = lock(&work.submitted).clone();
    let mut offers = 0;
    for id in submitted {
        let history = admin.read(&format!("/interactions/{id}/events?fields=*")).await?;
        let mut queue = None;
        for entry in history["events"].as_array().context("no events")? {
            let at = entry["at"].as_str().context("no time")?;
            for fact in entry["facts"].as_array().into_iter().flatten() {
                if fact["fact"] == "Queued" {
                    queue = QUEUES.iter().position(|name| fact["queue"] == *name);
                }
                if fact["fact"] != "Offered" {
                    continue;
                }
                offers += 1;
                let to = ids.iter().position(|user| fact["to"] == user.as_str());
                let (to, queue) = to.zip(queue).with_context(|| format!("whom? {entry}"))?;
                if !timeline.permits(at, to, queue) {
                    findings.find(AGAINST, format!("{id} to {} at {at}", agent(to)));
                }
            }
        }
    }
    Ok(offers)
}

async fn id_of(work: &Work, number: usize) -> Result<String> {
    let name = agent(number);
    let listed = work.client(ADMIN).read(&format!("/users?userName={name}&fields=*")).await?;
    let id = listed["users"][0]["id"].as_str().with_context(|| format!("{name}: {listed}"))?;
    Ok(id.to_owned())
}
