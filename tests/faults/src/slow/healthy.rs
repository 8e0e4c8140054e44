//! Well-behaved agents: a steady rate of commands whose notifications come back by long-polling,
//! and others whose polls just wait.
//!
//! Times count from the moment at which a command was due, so that a stall is seen in every command
//! that it delayed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use super::scene::own_work;
use crate::campaign::lock;
use handoff_testkit::comet::{Event, stay_reachable};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::{Client, Program, center};

const WORKING: usize = 20;
/// How many agents only wait.
const WAITING: usize = 20;
pub(super) const AGENTS: usize = WORKING + WAITING;
/// How often each working agent changes something.
const EVERY: Duration = Duration::from_millis(100);
/// How long the last notifications may take before they count as missing.
const LAST: Duration = Duration::from_secs(5);
/// How long the agents work before they count: connections, caches and the disk are cold at first.
const WARMING: Duration = Duration::from_secs(1);

/// What was measured of one command or notification: when it was due, and how long it took.
type Sample = (Instant, f64);
/// The changes of one agent that were not heard of yet, and when each was due.
type Beats = Arc<Mutex<HashMap<u64, Instant>>>;

pub(super) struct Healthy {
    seen: Arc<Seen>,
    beats: Vec<Beats>,
    /// Held: dropping it ends them.
    _tasks: JoinSet<()>,
}

/// What all agents have seen.
#[derive(Default)]
struct Seen {
    commands: Mutex<Vec<Sample>>,
    deliveries: Mutex<Vec<Sample>>,
    failed: AtomicU64,
    opened: AtomicU64,
    /// Set when nothing more is to be begun.
    over: AtomicBool,
}

/// The 99th percentiles of a while.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) commands_ms: f64,
    /// Of their notifications, in ms.
    pub(super) deliveries_ms: f64,
    /// How many of the fewer were measured.
    pub(super) samples: usize,
}

impl Healthy {
    /// Starts them all; when it returns, all polls are held and all agents work.
    pub(super) async fn start(program: &Program) -> Result<Self> {
        let seen = Arc::new(Seen::default());
        let mut tasks = JoinSet::new();
        let mut all = Vec::new();
        let mut working = Vec::new();
        for number in 0..AGENTS {
            let commands = program.client(&center::agent(number));
            let id = if number < WORKING { Some(own_work(&commands).await?) } else { None };
            let beats = Beats::default();
            tasks.spawn(listen(commands.clone(), Arc::clone(&seen), Arc::clone(&beats)));
            all.push(Arc::clone(&beats));
            working.extend(id.map(|id| (commands, id, beats)));
        }
        while seen.opened.load(Ordering::Relaxed) < AGENTS as u64 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Not before everybody listens: what is said earlier is heard by nobody.
        let begin = Instant::now();
        for (number, (commands, id, beats)) in (0..).zip(working) {
            let first = begin + EVERY * number / u32::try_from(WORKING)?;
            tasks.spawn(work(commands, id, first, Arc::clone(&seen), beats));
        }
        tokio::time::sleep(WARMING).await;
        Ok(Self { seen, beats: all, _tasks: tasks })
    }

    pub(super) async fn measure(&self, duration: Duration) -> Window {
        let from = Instant::now();
        tokio::time::sleep(duration).await;
        self.window(from, Instant::now()).await
    }

    /// Returns what was measured of everything that was due in a while.
    pub(super) async fn window(&self, from: Instant, until: Instant) -> Window {
        // What was due at the end has to be answered, or the slowest would be missing.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (commands_ms, commands) = p99(&self.seen.commands, from, until);
        let (deliveries_ms, deliveries) = p99(&self.seen.deliveries, from, until);
        Window { commands_ms, deliveries_ms, samples: commands.min(deliveries) }
    }

    /// Ends the work, and gives what must not have happened.
    pub(super) async fn faults(&self) -> Vec<String> {
        self.seen.over.store(true, Ordering::Relaxed);
        let end = Instant::now() + LAST;
        let unheard = || self.beats.iter().map(|beats| lock(beats).len()).sum::<usize>();
        while unheard() > 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let counts = [
            (self.seen.failed.load(Ordering::Relaxed), "commands of the others failed"),
            (
                self.seen.opened.load(Ordering::Relaxed) - AGENTS as u64,
                "polls of the others were dropped",
            ),
            (unheard() as u64, "notifications of the others are missing"),
        ];
        counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect()
    }
}

async fn work(client: Client, id: String, first: Instant, seen: Arc<Seen>, beats: Beats) {
    let mut ticks = interval_at(first, EVERY);
    for beat in 0_u64.. {
        let due = ticks.tick().await;
        if seen.over.load(Ordering::Relaxed) {
            return;
        }
        lock(&beats).insert(beat, due);
        let body = json!({"operationName": "UpdateUserData", "userData": {"beat": beat}});
        match client.post(&format!("/me/interactions/{id}"), body).await {
            Ok(answer) if answer.code() == 0 => lock(&seen.commands).push((due, ms(due.elapsed()))),
            Ok(_) | Err(_) => {
                seen.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn listen(client: Client, seen: Arc<Seen>, beats: Beats) {
    let (events, mut told) = unbounded_channel();
    let _reachable = stay_reachable(client, events);
    while let Some(event) = told.recv().await {
        match event {
            Event::Opened => _ = seen.opened.fetch_add(1, Ordering::Relaxed),
            Event::Notification(data) => {
                let beat = data["userData"]["beat"].as_u64();
                if let Some(due) = beat.and_then(|beat| lock(&beats).remove(&beat)) {
                    lock(&seen.deliveries).push((due, ms(due.elapsed())));
                }
            }
        }
    }
}

fn p99(samples: &Mutex<Vec<Sample>>, from: Instant, until: Instant) -> (f64, usize) {
    let samples = lock(samples);
    let mut values: Vec<f64> =
        samples.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, ms)| *ms).collect();
    (percentile(&mut values, 99.0), values.len())
}
