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
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio::task::JoinSet;

use handoff_testkit::load::figures::{ms, percentile};
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::{Program, Start, build};
use ledger::{Findings, Line, Shown, compare};
use load::{ADMIN, Load};

/// How many clients read everything back at the end.
const READERS: usize = 4;
/// How many findings of a kind are shown.
const SHOWN_MAX: usize = 5;

/// What can be chosen.
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

/// Runs the test.
///
/// # Errors
///
/// When something acknowledged is missing, doubled or not in exactly one place, or too little
/// happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let data = home.path().join("data");
    let start = Start::Demo { data: data.clone() };
    let mut program = Program::start(binary, start, home.path().join("log")).await?;
    let seed = options.seed.unwrap_or_else(rand::random);
    println!("seed {seed}; {} rounds…", options.rounds);
    let load = Load::new(program.address());
    let mut clients = load.start(usize::from(options.submitters), seed).await?;
    let killed = kill_repeatedly(&mut program, &data, &load, options, seed).await;
    load.over.store(true, Ordering::Relaxed);
    if options.control {
        // The program forgot things that the clients know of; what they say of that is of no
        // interest.
        clients.abort_all();
    }
    let mut returned = match killed {
        Ok(returned) => returned,
        Err(error) if options.control => {
            println!("control: noticed, as it must be: {error:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    while let Some(ended) = clients.join_next().await {
        if !options.control {
            ended?.with_context(|| {
                format!("a client gave up; the program's log:\n{}", program.log_tail())
            })?;
        }
    }
    let lines = std::mem::take(&mut *load.ledger.lock().unwrap_or_else(PoisonError::into_inner));
    println!("reading everything back…");
    let shown = read_back(&load, &lines).await?;
    let events: usize = shown.values().flatten().map(|shown| shown.facts.len()).sum();
    let findings = compare(&lines, &shown);
    report(&findings);
    println!(
        "{} kills, {} interactions, {} commands acknowledged, {} refused, {} answered only when repeated, {events} facts in the histories",
        options.rounds,
        shown.len(),
        lines.len(),
        load.refused.load(Ordering::Relaxed),
        load.repeated.load(Ordering::Relaxed),
    );
    println!(
        "restart to first 200: p50 {:.0} ms, p99 {:.0} ms",
        percentile(&mut returned, 50.0),
        percentile(&mut returned, 99.0)
    );
    println!(
        "{} missing, {} doubled, {} not in exactly one place",
        findings.missing.len(),
        findings.doubled.len(),
        findings.misplaced.len()
    );
    conclude(&findings, lines.len(), &load, options)
}

fn conclude(
    findings: &Findings,
    acknowledged: usize,
    load: &Load,
    options: &Options,
) -> Result<()> {
    if options.control {
        ensure!(
            !findings.missing.is_empty(),
            "the log was removed and the comparison did not notice"
        );
        println!("control: noticed, as it must be");
        return Ok(());
    }
    ensure!(findings.count() == 0, "a promise is broken");
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

/// Kills and restarts the program; gives how long it took each time until it answered, in ms.
async fn kill_repeatedly(
    program: &mut Program,
    data: &Path,
    load: &Arc<Load>,
    options: &Options,
    seed: u64,
) -> Result<Vec<f64>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut returned = Vec::new();
    let mut client = load.client(ADMIN)?;
    for round in 1..=options.rounds {
        let wait = random.random_range(options.round_ms_max / 10..=options.round_ms_max);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        program.kill().await?;
        if options.control {
            remove_log(data)?;
        }
        let started = Instant::now();
        program.restart().await?;
        let answer = client
            .send_until_answered(&Call::get("/me"))
            .await
            .context("the program stays away")?;
        ensure!(answer.status == 200, "the first answer was {}: {}", answer.status, answer.body);
        returned.push(ms(started.elapsed()));
        if round % 10 == 0 || round == options.rounds {
            let lines = load.ledger.lock().unwrap_or_else(PoisonError::into_inner).len();
            println!("round {round}: {lines} commands acknowledged");
        }
    }
    Ok(returned)
}

/// Removes the write-ahead log and its index, wherever in the data directory they are.
///
/// # Errors
///
/// When there is none.
pub(crate) fn remove_log(data: &Path) -> Result<()> {
    let mut waiting: Vec<PathBuf> = vec![data.to_owned()];
    let mut removed = 0;
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).context("read the data directory")? {
            let path = entry?.path();
            let name = path.to_string_lossy();
            if path.is_dir() {
                waiting.push(path);
            } else if name.ends_with("-wal") || name.ends_with("-shm") {
                fs::remove_file(&path).context("remove the write-ahead log")?;
                removed += 1;
            }
        }
    }
    ensure!(removed > 0, "there is no write-ahead log to remove");
    Ok(())
}

/// Reads every interaction that clients were told of, and every one that is listed.
async fn read_back(load: &Arc<Load>, lines: &[Line]) -> Result<BTreeMap<String, Option<Shown>>> {
    let listed = list(&mut load.client(ADMIN)?).await?;
    let mut ids: Vec<String> = lines.iter().map(|line| line.interaction.clone()).collect();
    ids.extend(listed.keys().cloned());
    ids.sort();
    ids.dedup();
    let mut readers = JoinSet::new();
    for part in ids.chunks(ids.len().div_ceil(READERS).max(1)) {
        let mut client = load.client(ADMIN)?;
        let part = part.to_vec();
        readers.spawn(async move {
            let mut shown = Vec::new();
            for id in part {
                let one = read_one(&mut client, &id).await?;
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

/// Lists the active interactions: how often each is named.
async fn list(client: &mut Client) -> Result<BTreeMap<String, usize>> {
    let mut listed = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/interactions?fields=id&limit=1000{cursor}");
        let page = client
            .send_until_answered(&Call::get(&path))
            .await
            .context("the program stays away")?;
        ensure!(page.code() == 0, "the list was refused: {}", page.body);
        for interaction in page.body["interactions"].as_array().into_iter().flatten() {
            *listed.entry(text(&interaction["id"])).or_default() += 1;
        }
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(listed),
        }
    }
}

async fn read_one(client: &mut Client, id: &str) -> Result<Option<Shown>> {
    let interaction = client.send_until_answered(&Call::get(&format!("/interactions/{id}"))).await;
    let interaction = interaction.context("the program stays away")?;
    if interaction.code() == 6 {
        return Ok(None);
    }
    ensure!(interaction.code() == 0, "{id} cannot be read: {}", interaction.body);
    let events = client
        .send_until_answered(&Call::get(&format!("/interactions/{id}/events?limit=1000")))
        .await;
    let events = events.context("the program stays away")?;
    ensure!(events.code() == 0, "the history of {id} cannot be read: {}", events.body);
    let interaction = &interaction.body["interaction"];
    Ok(Some(Shown {
        state: text(&interaction["state"]),
        user_data: interaction["userData"].clone(),
        facts: facts(&events.body),
        listed: 0,
    }))
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

fn report(findings: &Findings) {
    for (kind, list) in [
        ("missing", &findings.missing),
        ("doubled", &findings.doubled),
        ("misplaced", &findings.misplaced),
    ] {
        for finding in list.iter().take(SHOWN_MAX) {
            println!("{kind}: {finding}");
        }
    }
}
