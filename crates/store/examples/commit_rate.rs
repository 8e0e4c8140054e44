//! Measures how many small change sets a SQLite store makes durable each second, against the rate
//! of a bare write and sync in the same place and minute. Arguments: directory, committers,
//! seconds. Prints its figures, the ratio last.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use handoff_domain::event::Subject;
use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{OfferKind, State};
use handoff_store::conformance::samples;
use handoff_store::{ChangeSet, Key, Record, SqliteOptions, SqliteStore, Store, Timer, TimerKey};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many bytes a change set weighs, about; written by the bare loop.
const BARE_WRITE_LEN: usize = 1024;
/// The agents who are told.
const AGENTS: u64 = 500;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| "commit-rate".to_owned()));
    let committers: u64 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let time = Duration::from_secs(seconds);
    std::fs::create_dir_all(&directory)?;
    let bare = bare_syncs(&directory, time)?;
    let (commits, loads) = tokio::runtime::Builder::new_multi_thread()
        .build()?
        .block_on(commit_rate(&directory.join("handoff.db"), committers, time))?;
    let mut out = io::stdout().lock();
    writeln!(out, "bare write and sync: {bare:.0}/s")?;
    writeln!(out, "loads by key, one after another: {loads:.0}/s")?;
    writeln!(out, "durable change sets, {committers} committers: {commits:.0}/s")?;
    writeln!(out, "ratio: {:.1}", commits / bare)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "it measures the machine, so it needs the machine's clock"
)]
fn now() -> Instant {
    Instant::now()
}

fn bare_syncs(directory: &Path, time: Duration) -> io::Result<f64> {
    let mut file = File::create(directory.join("bare"))?;
    let (begin, mut count) = (now(), 0);
    while begin.elapsed() < time {
        file.write_all(&[7; BARE_WRITE_LEN])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

async fn commit_rate(path: &Path, committers: u64, time: Duration) -> Result<(f64, f64), Failure> {
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(path))?);
    let begin = now();
    let mut tasks = Vec::new();
    for n in 0..committers {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let mut count = 0_u64;
            while begin.elapsed() < time {
                // Each interaction is opened, offered, accepted and completed, as in a busy hour.
                let id = n + committers * (count / 4);
                store.commit(change(id, count % 4)).await?;
                count += 1;
            }
            Ok::<_, Failure>(count)
        }));
    }
    let mut commits = 0;
    for task in tasks {
        commits += task.await??;
    }
    let commits_per_second = commits as f64 / begin.elapsed().as_secs_f64();
    let begin = now();
    let loads = 20_000_u32;
    for n in 0..loads {
        store.load(&[Key::Interaction(samples::interaction_id((n % 64).into()))]).await?;
    }
    let loads_per_second = f64::from(loads) / begin.elapsed().as_secs_f64();
    store.close().await;
    Ok((commits_per_second, loads_per_second))
}

/// Returns one step of an interaction's life.
fn change(n: u64, step: u64) -> ChangeSet {
    let agent = n % AGENTS;
    let state = match step {
        0 => State::Queued(samples::wait(n % 20)),
        1 => State::Invited(samples::wait(n % 20), samples::offer(agent, OfferKind::Routed)),
        2 => State::Handling(samples::handling(agent)),
        _ => samples::ended(),
    };
    let mut interaction = samples::interaction_in(n, state);
    interaction.queue = Some(samples::queue_id(n % 20));
    let timer = TimerKey::Interaction(interaction.id, TimerKind::Offer { number: 1 });
    let told = if step == 0 { Vec::new() } else { vec![samples::notice(agent)] };
    let event = samples::event(interaction.clone(), samples::BEGIN, told);
    debug_assert!(matches!(event.subject, Subject::Interaction(_)));
    ChangeSet {
        puts: vec![samples::put(Record::Interaction(interaction), step)],
        timers_set: (step == 1)
            .then_some(Timer { key: timer, due: samples::BEGIN.plus_ms(30_000 + n) })
            .into_iter()
            .collect(),
        timers_cleared: (step == 2).then_some(timer).into_iter().collect(),
        events: vec![event],
        ..ChangeSet::default()
    }
}
