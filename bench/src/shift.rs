//! `bench shift`: the start and the end of a shift (docs/testing.md#figures).
//!
//! Agents sign in one after the other within so many seconds, each with a password that the program
//! hashed, while others are at work: what is measured is how long each takes from their first
//! request to being Ready, and what those at work notice. Everybody then asks on a new connection,
//! and is disabled by one change: measured is when each is told that their session is over.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_domain::Media;
use handoff_testkit::comet::{Exchange, INTERACTIONS, be_reachable, subscribe};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::http::source;
use handoff_testkit::process::processor_time;
use handoff_testkit::program::build;
use handoff_testkit::{Call, Center, Client, Program, Settings, Site, Transport, center};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::desks::{self, ACCEPT};

/// How long one step may take: longer than a held poll, and than a thousand hashes.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long agents at work are measured without anybody else.
const ALONE: Duration = Duration::from_secs(10);
/// How often each of them does something.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many agents sign in.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    agents: u16,
    /// Within how many seconds; 0 is all at once.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=3_600))]
    seconds: u16,
    /// How many agents are at work meanwhile.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    at_work: u16,
}

/// Somebody who has signed in.
struct SignedIn {
    name: String,
    client: Client,
    took_ms: f64,
    /// Returns when they were told that their session is over.
    session: JoinHandle<Result<Instant>>,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let (agents, at_work) = (usize::from(options.agents), usize::from(options.at_work));
    let made =
        Center::made().agents((0..at_work + agents).map(center::agent), Media::Workitem, at_work);
    let settings = Settings { own_hashes: true, ..Settings::default() };
    let (_, program) = Site::open(&binary, home.path(), &made, settings).await?;
    let work = Work::begin(&program, at_work).await?;
    let mut alone = work.during(tokio::time::sleep(ALONE)).await?.1;
    let cpu = processor_time(program.id()?)?;
    let (signed_in, mut meanwhile) = work.during(sign_in(&program, options)).await?;
    let signed_in = signed_in?;
    let cpu = processor_time(program.id()?)?.saturating_sub(cpu);
    let mut took: Vec<f64> = signed_in.iter().map(|one| one.took_ms).collect();
    println!(
        "{agents} agents signed in within {} s: p50 {:.0} ms, p99 {:.0} ms, the last {:.0} ms; \
         processor time {:.1} s",
        options.seconds,
        percentile(&mut took, 50.0),
        percentile(&mut took, 99.0),
        percentile(&mut took, 100.0),
        cpu.as_secs_f64()
    );
    print_work("alone", &mut alone);
    print_work("meanwhile", &mut meanwhile);
    drop(work);
    proven(&program, &signed_in).await?;
    let told = disable(&program, &made, at_work, signed_in).await?;
    print_ends(told);
    Ok(())
}

fn print_work(when: &str, latencies: &mut [f64]) {
    println!(
        "agents at work, {when}: {} commands, p50 {:.2} ms, p99 {:.2} ms",
        latencies.len(),
        percentile(latencies, 50.0),
        percentile(latencies, 99.0)
    );
}

/// Agents at work: each changes what is known of an item of theirs, again and again.
struct Work {
    ids: Vec<(Client, String)>,
    _polls: Vec<tokio_util::task::AbortOnDropHandle<()>>,
}

impl Work {
    async fn begin(program: &Program, count: usize) -> Result<Self> {
        let (mut ids, mut polls) = (Vec::new(), Vec::new());
        for name in (0..count).map(center::agent) {
            let client = program.client(&name);
            polls.push(be_reachable(client.clone(), Transport::LongPolling));
            client.start_work(&["workitem"]).await?;
            // One after the other: whoever is Ready and has room is offered the next.
            desks::submit(&program.address(), 1).await?;
            let id = desks::offers(&client, 1).await?.remove(0);
            let accept = serde_json::from_str(ACCEPT)?;
            client.command(&format!("/me/interactions/{id}"), &accept).await?;
            client.command("/me", &json!({"operationName": "NotReady"})).await?;
            ids.push((client, id));
        }
        Ok(Self { ids, _polls: polls })
    }

    /// Lets them work until something is over, and returns how long each command took, in ms.
    async fn during<T>(&self, what: impl Future<Output = T>) -> Result<(T, Vec<f64>)> {
        let over = watch::Sender::new(false);
        let mut people = JoinSet::new();
        for (client, id) in self.ids.clone() {
            people.spawn(work_on(client, id, over.subscribe()));
        }
        let result = what.await;
        over.send_replace(true);
        let mut latencies = Vec::new();
        while let Some(ended) = people.join_next().await {
            latencies.extend(ended??);
        }
        Ok((result, latencies))
    }
}

async fn work_on(client: Client, id: String, over: watch::Receiver<bool>) -> Result<Vec<f64>> {
    let path = format!("/me/interactions/{id}");
    let mut latencies = Vec::new();
    while !*over.borrow() {
        let step = latencies.len().to_string();
        let body = json!({"operationName": "UpdateUserData", "userData": {"step": step}});
        let begun = Instant::now();
        client.send(Call::post(&path, &body)).await?.ok()?;
        latencies.push(ms(begun.elapsed()));
        tokio::time::sleep(PAUSE).await;
    }
    Ok(latencies)
}

async fn sign_in(program: &Program, options: &Options) -> Result<Vec<SignedIn>> {
    let first = usize::from(options.at_work);
    let apart = Duration::from_secs(options.seconds.into()) / options.agents.into();
    let mut coming = JoinSet::new();
    for number in 0..usize::from(options.agents) {
        // Two connections each.
        let name = center::agent(first + number);
        let client = program.client(&name).from_source(source(2 * number));
        coming.spawn(come(name, client, apart * u32::try_from(number)?));
    }
    let mut all = Vec::new();
    while let Some(come) = coming.join_next().await {
        all.push(come??);
    }
    Ok(all)
}

async fn come(name: String, client: Client, after: Duration) -> Result<SignedIn> {
    tokio::time::sleep(after).await;
    let begun = Instant::now();
    let polling = Transport::LongPolling;
    let mut exchange = Exchange::open(&client, polling).await?;
    let reply = exchange.succeed(&polling.handshake(), PATIENCE, |_, _| {}).await?;
    let id = reply["clientId"].as_str().context("no clientId")?.to_owned();
    exchange.succeed(&subscribe(&id, INTERACTIONS), PATIENCE, |_, _| {}).await?;
    client.start_work(&["workitem"]).await?;
    let took_ms = ms(begun.elapsed());
    let session = tokio::spawn(async move {
        let connect = polling.connect(&id);
        while exchange.send(&connect, PATIENCE, |_, _| {}).await?["successful"] == true {}
        Ok(Instant::now())
    });
    Ok(SignedIn { name, client, took_ms, session })
}

/// Everybody asks once on a new connection: their password is not hashed again.
async fn proven(program: &Program, signed_in: &[SignedIn]) -> Result<()> {
    let (cpu, begun) = (processor_time(program.id()?)?, Instant::now());
    for one in signed_in {
        program.client(&one.name).get("/me?fields=id").await?.ok()?;
    }
    let cpu = processor_time(program.id()?)?.saturating_sub(cpu);
    println!(
        "each again on a new connection: {:.2} s, {:.2} ms of processor time each",
        begun.elapsed().as_secs_f64(),
        ms(cpu) / f64::from(u32::try_from(signed_in.len())?)
    );
    Ok(())
}

/// Disables all who signed in by one change; returns after how many ms each was told, and after how
/// many everything was done.
async fn disable(
    program: &Program,
    made: &Center,
    at_work: usize,
    signed_in: Vec<SignedIn>,
) -> Result<(Vec<f64>, f64)> {
    let mut changed = made.clone();
    let stay: Vec<String> = (0..at_work).map(center::agent).collect();
    let agents = changed.users.iter_mut().filter(|user| user.user_name.starts_with("agent"));
    for user in agents.filter(|user| !stay.contains(&user.user_name)) {
        user.enabled = false;
    }
    // Whose password is not named keeps theirs; named, each would be compared first.
    let text = changed.file(true);
    let lines = text.lines().filter(|line| !line.starts_with("password = "));
    let text = lines.collect::<Vec<_>>().join("\n");
    let begun = Instant::now();
    let output = program.apply(&text, &[]).await?;
    let applied = ms(begun.elapsed());
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut told = Vec::new();
    for one in signed_in {
        let at = tokio::time::timeout(PATIENCE, one.session).await;
        let at = at.context("a disabled agent was told nothing")???;
        told.push(ms(at.saturating_duration_since(begun)));
        ensure!(one.client.get("/me").await?.status == 401, "a disabled agent was let in");
    }
    Ok((told, applied))
}

fn print_ends((mut told, applied): (Vec<f64>, f64)) {
    println!(
        "{} disabled at once: told that their session is over after p50 {:.0} ms, the last {:.0} ms; \
         nothing left with any of them after {applied:.0} ms",
        told.len(),
        percentile(&mut told, 50.0),
        percentile(&mut told, 100.0)
    );
}
