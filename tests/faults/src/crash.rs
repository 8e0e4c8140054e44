//! `crash`: nothing acknowledged is lost and nothing is done twice, whenever the program is killed
//! (docs/testing.md#crash).
//!
//! Submitters and agents work on the demo center while it is killed (SIGKILL) at random moments and
//! started again on the same data. At the end everything that clients were told is compared with
//! what the program knows. A kill leaves what the system has taken into its cache, so this says
//! nothing of power cuts. With `--control` the write-ahead log is removed between a kill and the
//! next start, which is what a program that acknowledges too early would lose: then the comparison
//! has to find something missing, and the command fails if not.

mod ledger;
mod load;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::{Call, Client, Program, Start};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::campaign::{Campaign, Findings, Kill, MISSING, demand_noticed, lock};
use ledger::{Line, Shown, compare};
use load::{ADMIN, Load};

/// How many clients read everything back at the end.
const READERS: usize = 4;

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How often the program is killed.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// How many clients submit work; eight more work as agents.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    submitters: u8,
    /// The longest time between two kills, in ms; the shortest is a tenth of it.
    #[arg(
        long,
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(100..=60_000),
    )]
    round_ms_max: u64,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Remove the write-ahead log after each kill, and demand that this is noticed.
    #[arg(long)]
    control: bool,
}

/// Runs the test. It fails when something acknowledged is missing, doubled or not in exactly one
/// place, or too little happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let data = campaign.home().join("data");
    let (start, log) = (Start::Demo(data.clone()), campaign.home().join("log"));
    let mut program = Program::start(&campaign.binary, start, log).await?;
    let load = Load::new(program.address());
    let mut clients = load.start(usize::from(options.submitters), campaign.seed).await?;
    let killed = kill_repeatedly(&mut program, &data, &load, options, campaign.seed).await;
    load.over.store(true, Ordering::Relaxed);
    if options.control {
        // The program forgot things that the clients know of; what they say of that is of no
        // interest.
        clients.abort_all();
    }
    let mut returned = match killed {
        Err(error) if options.control => return demand_noticed(true, &format!("{error:#}")),
        killed => killed?,
    };
    while let Some(ended) = clients.join_next().await {
        if !options.control {
            ended?.with_context(|| {
                format!("a client gave up; the program's log:\n{}", program.log_tail())
            })?;
        }
    }
    let lines = std::mem::take(&mut *lock(&load.ledger));
    println!("reading everything back…");
    let shown = read_back(&load, &lines).await?;
    let facts: usize = shown.values().flatten().map(|shown| shown.facts.len()).sum();
    println!(
        "{} kills, {} interactions, {} commands acknowledged, {} refused, {} answered only when \
         repeated, {facts} facts in the histories",
        options.rounds,
        shown.len(),
        lines.len(),
        load.refused.load(Ordering::Relaxed),
        load.repeated.load(Ordering::Relaxed),
    );
    let [half, most] = [50.0, 99.0].map(|percent| percentile(&mut returned, percent));
    println!("restart to first 200: p50 {half:.0} ms, p99 {most:.0} ms");
    let findings = compare(&lines, &shown);
    findings.print();
    conclude(&findings, lines.len(), &load, options)
}

fn conclude(
    findings: &Findings,
    acknowledged: usize,
    load: &Load,
    options: &Options,
) -> Result<()> {
    if options.control {
        return demand_noticed(findings.count(MISSING) > 0, "the log was removed");
    }
    ensure!(findings.total() == 0, "a promise is broken");
    let least = 10 * usize::try_from(options.rounds)?;
    ensure!(
        acknowledged >= least,
        "only {acknowledged} commands, {least} are the fewest that count"
    );
    ensure!(
        options.rounds < 20 || load.repeated.load(Ordering::Relaxed) > 0,
        "no kill met a command that was under way"
    );
    Ok(())
}

/// Kills and restarts the program; returns how long it took each time until it answered, in ms.
async fn kill_repeatedly(
    program: &mut Program,
    data: &Path,
    load: &Arc<Load>,
    options: &Options,
    seed: u64,
) -> Result<Vec<f64>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut returned = Vec::new();
    let client = load.client(ADMIN);
    for round in 1..=options.rounds {
        let wait = random.random_range(options.round_ms_max / 10..=options.round_ms_max);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let took = Kill::losing_the_log_if(options.control, data).strike(program).await?;
        let listening = Instant::now();
        client.read("/me").await?;
        returned.push(ms(took + listening.elapsed()));
        if round % 10 == 0 || round == options.rounds {
            println!("round {round}: {} commands acknowledged", lock(&load.ledger).len());
        }
    }
    Ok(returned)
}

/// Reads every interaction that clients were told of, and every one that is listed.
async fn read_back(load: &Arc<Load>, lines: &[Line]) -> Result<BTreeMap<String, Option<Shown>>> {
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    for interaction in load.client(ADMIN).interactions("/interactions?fields=id").await? {
        *listed.entry(text(&interaction["id"])).or_default() += 1;
    }
    let mut ids: Vec<String> = lines.iter().map(|line| line.interaction.clone()).collect();
    ids.extend(listed.keys().cloned());
    ids.sort();
    ids.dedup();
    let mut readers = JoinSet::new();
    for part in ids.chunks(ids.len().div_ceil(READERS).max(1)) {
        let (client, part) = (load.client(ADMIN), part.to_vec());
        readers.spawn(async move {
            let mut shown = Vec::new();
            for id in part {
                let one = read_one(&client, &id).await?;
                shown.push((id, one));
            }
            anyhow::Ok(shown)
        });
    }
    let mut shown = BTreeMap::new();
    while let Some(part) = readers.join_next().await {
        shown.extend(part??);
    }
    for (id, times) in listed {
        if let Some(Some(shown)) = shown.get_mut(&id) {
            shown.listed = times;
        }
    }
    Ok(shown)
}

async fn read_one(client: &Client, id: &str) -> Result<Option<Shown>> {
    let interaction = client.answer_to(&Call::get(&format!("/interactions/{id}"))).await?;
    if interaction.code() == 6 {
        return Ok(None);
    }
    let interaction = interaction.ok()?.body["interaction"].take();
    let history = client.read(&format!("/interactions/{id}/events?limit=1000")).await?;
    let (state, user_data) = (text(&interaction["state"]), interaction["userData"].clone());
    Ok(Some(Shown { state, user_data, facts: facts(&history), listed: 0 }))
}

/// Returns what a history says, one fact after the other.
fn facts(history: &Value) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for event in history["events"].as_array().into_iter().flatten() {
        let cause = &event["cause"];
        let by = text(if cause["id"].is_string() { &cause["id"] } else { &cause["kind"] });
        for fact in event["facts"].as_array().into_iter().flatten() {
            facts.push((text(&fact["fact"]), by.clone()));
        }
    }
    facts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
