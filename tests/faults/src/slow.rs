//! `slow`: clients that take their time cost nobody else anything (docs/testing.md#slow-clients).
//!
//! Each check starts the program afresh on the same center, puts a steady load of well-behaved
//! agents on it, measures them undisturbed, and then attacks: with heads, bodies and upgrades that
//! do not go on, with silence, and with readers that do not read. Counted is which connections were
//! closed and when, measured is what the agents noticed of it. Everything stays on the loopback
//! interface, from several of its addresses, because one address alone may have 512 connections.
//!
//! With `--control` the same attacks meet a bare `axum::serve`, which bounds nothing: then they
//! have to be found still open, and the command fails if they are not.

mod attack;
mod caps;
mod control;
mod healthy;
mod readers;
mod scene;
mod sockets;
mod stopped;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use handoff_domain::Media;
use handoff_testkit::figures::percentile;
use handoff_testkit::process::Memory;
use handoff_testkit::{Center, Settings, Site, center};

use crate::campaign::{Campaign, Found};
use attack::{Ends, Kind};
use healthy::{AGENTS, Window};
use scene::{ATTACKERS, Scene};

/// Until when a connection that does not go on has to be closed, in ms
/// (docs/testing.md#slow-clients).
const CLOSED_MS: f64 = 10_000.0;
/// How much slower the others may become (docs/testing.md#slow-clients).
const RATIO: f64 = 2.0;
/// What a measured ratio may exceed its bound by, as a part of it: two undisturbed windows differ
/// by as much.
const TOLERANCE: f64 = 0.1;
/// The least ratio that says something. Below it the machine was busy while the agents were to be
/// undisturbed, and any attack looks harmless.
const RATIO_MIN: f64 = 0.67;
/// How long the agents are measured undisturbed.
const BASELINE: Duration = Duration::from_secs(5);
/// How often a ratio that is too high is measured again: the machine may have been busy with
/// something else.
const ATTEMPTS: u32 = 3;
/// How long an attempt waits for the one before to be forgotten: CometD sessions outlive their
/// sockets by 10 s (docs/compat/notifications.md#endpoint), and a user may have only so many.
const FORGOTTEN: Duration = Duration::from_secs(11);
/// No attempt is begun when the whole run has taken so long.
const AGAIN_BEFORE: Duration = Duration::from_secs(200);
/// The fewest answers that a 99th percentile is taken from.
const SAMPLES_MIN: usize = 500;
/// Slots of each agent. Each start takes one for the work item that they keep changing.
const CAPACITY: usize = 100;

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many connections attack at once.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(40..=2_400))]
    connections: u16,
    /// How many clients stop reading in the check `stopped`.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(40..=2_400))]
    readers: u16,
    /// Only this check.
    #[arg(long)]
    kind: Option<Check>,
    /// Attack a bare server, and demand that its connections are found open.
    #[arg(long)]
    control: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Connections that say nothing.
    Silent,
    /// Half a head, then nothing.
    HalfHead,
    /// A head that comes a byte a second.
    SlowHead,
    /// A body that comes a byte a second.
    SlowBody,
    /// Half of an upgrade's head, then nothing.
    HalfUpgrade,
    /// An upgrade to WebSocket, then nothing.
    SilentWebsocket,
    /// An answer that is read a byte a second.
    SlowReader,
    /// Subscribed WebSockets that are not read.
    SlowWebsocket,
    /// The 513th connection of an address and the 129th of a user.
    Caps,
    /// Clients that stop reading while ordinary messages come.
    Stopped,
}

impl Check {
    /// Returns what is attacked with, if it is an attack on connections.
    const fn attack(self) -> Option<Kind> {
        Some(match self {
            Self::Silent => Kind::Silent,
            Self::HalfHead => Kind::HalfHead,
            Self::SlowHead => Kind::SlowHead,
            Self::SlowBody => Kind::SlowBody,
            Self::HalfUpgrade => Kind::HalfUpgrade,
            Self::SilentWebsocket => Kind::SilentWebsocket,
            Self::SlowReader => Kind::SlowReader,
            Self::SlowWebsocket => Kind::SlowWebsocket,
            Self::Caps | Self::Stopped => return None,
        })
    }
}

/// Runs the checks. It fails when a connection is not closed in time, an agent notices too much, or
/// a bound does not hold.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    if options.control {
        return control::run().await;
    }
    let began = Instant::now();
    let campaign = Campaign::begin(root, None)?;
    let made = Center::made().invites_for_s(86_400).agents(
        (0..AGENTS + ATTACKERS).map(center::agent),
        Media::Workitem,
        CAPACITY,
    );
    let settings = Settings::default();
    let site = Site::make(&campaign.binary, campaign.home(), &made, settings).await?;
    let checks = options.kind.map_or_else(|| Check::value_variants().to_vec(), |only| vec![only]);
    let mut figures = Vec::new();
    let mut faults = Vec::new();
    for check in checks {
        println!("{check:?}…");
        let scene = Scene::open(&campaign.binary, &site).await?;
        let connections = usize::from(options.connections);
        let mut found = match check.attack() {
            Some(kind) => attacked(&scene, kind, connections, began).await?,
            None if check == Check::Caps => caps::check(&scene).await?,
            None => stopped::check(&scene, usize::from(options.readers), began).await?,
        };
        found.faults.extend(scene.close().await?);
        faults.extend(found.faults.iter().map(|fault| format!("{check:?}: {fault}")));
        figures.extend(found.figures.iter().map(|figure| format!("{check:?}: {figure}")));
    }
    println!("figures, after {} s:", began.elapsed().as_secs());
    figures.iter().for_each(|figure| println!("  {figure}"));
    faults.iter().for_each(|fault| println!("fault: {fault}"));
    ensure!(faults.is_empty(), "{} of the promises to others do not hold", faults.len());
    Ok(())
}

/// Attacks, up to three times if the agents seem to notice it.
async fn attacked(scene: &Scene, kind: Kind, connections: usize, began: Instant) -> Result<Found> {
    let mut found = Found::default();
    best_of(RATIO, began, &mut found, async |_, found| {
        let undisturbed = scene.healthy.measure(BASELINE).await;
        let memory = Memory::watch(scene.program.id()?)?;
        let from = tokio::time::Instant::now();
        let ends = attack::run(scene, kind, connections).await?;
        let disturbed = scene.healthy.window(from, tokio::time::Instant::now()).await;
        found.figures.push(ends.describe(memory.grown(), connections));
        ends.demand(found);
        Ok(Pair { undisturbed, disturbed })
    })
    .await?;
    Ok(found)
}

/// Measures up to three times and judges the best.
async fn best_of(
    bound: f64,
    began: Instant,
    found: &mut Found,
    measure: impl AsyncFn(u32, &mut Found) -> Result<Pair>,
) -> Result<()> {
    let mut best: Option<Pair> = None;
    for attempt in 1..=ATTEMPTS {
        let pair = measure(attempt, found).await?;
        println!("  attempt {attempt}: {}", pair.describe());
        if best.as_ref().is_none_or(|best| pair.is_better_than(best)) {
            best = Some(pair);
        }
        let is_over = began.elapsed() > AGAIN_BEFORE || !found.faults.is_empty();
        if is_over || best.as_ref().is_some_and(|best| best.holds(bound)) {
            break;
        }
        tokio::time::sleep(FORGOTTEN).await;
    }
    best.iter().for_each(|best| best.judge(bound, found));
    Ok(())
}

/// What the agents' answers took before and during an attack.
#[derive(Debug)]
struct Pair {
    undisturbed: Window,
    disturbed: Window,
}

impl Pair {
    /// Returns the worse of the two ratios.
    fn ratio(&self) -> f64 {
        let commands = self.disturbed.commands_ms / self.undisturbed.commands_ms;
        commands.max(self.disturbed.deliveries_ms / self.undisturbed.deliveries_ms)
    }

    /// Tells whether the agents were undisturbed before the attack, as far as that can be seen.
    fn tells(&self) -> bool {
        self.ratio() >= RATIO_MIN
    }

    fn is_better_than(&self, other: &Self) -> bool {
        match (self.tells(), other.tells()) {
            (true, true) => self.ratio() < other.ratio(),
            (tells, _) => tells,
        }
    }

    /// Tells whether it says something and is within a bound, but for the tolerance.
    fn holds(&self, bound: f64) -> bool {
        self.tells() && self.ratio() <= bound * (1.0 + TOLERANCE)
    }

    fn describe(&self) -> String {
        let (before, during) = (&self.undisturbed, &self.disturbed);
        format!(
            "others' p99 before and during: commands {:.1} and {:.1} ms, deliveries {:.1} and \
             {:.1} ms, ratio {:.2}; {} and {} samples",
            before.commands_ms,
            during.commands_ms,
            before.deliveries_ms,
            during.deliveries_ms,
            self.ratio(),
            before.samples,
            during.samples,
        )
    }

    fn judge(&self, bound: f64, found: &mut Found) {
        let least = self.undisturbed.samples.min(self.disturbed.samples);
        found.figures.push(format!(
            "{} (bound {bound} and {:.0} %)",
            self.describe(),
            TOLERANCE * 100.0
        ));
        found.demand(least >= SAMPLES_MIN, || "too few samples".to_owned());
        found.demand(self.tells(), || {
            "the machine was too busy to tell what the others noticed".to_owned()
        });
        found.demand(!self.tells() || self.holds(bound), || {
            format!("the others became {:.2} times slower", self.ratio())
        });
    }
}

impl Ends {
    fn describe(&self, grown_bytes: u64, connections: usize) -> String {
        let mut closed = self.closed_ms.clone();
        format!(
            "{connections} connections: {} closed (p50 {:.2} s, p99 {:.2} s, max {:.2} s), {} not \
             closed; {:.1} KiB RSS each; told: {}",
            closed.len(),
            percentile(&mut closed, 50.0) / 1_000.0,
            percentile(&mut closed, 99.0) / 1_000.0,
            percentile(&mut closed, 100.0) / 1_000.0,
            self.open,
            kib_each(grown_bytes, connections),
            self.told(),
        )
    }

    fn demand(&self, found: &mut Found) {
        let late = self.closed_ms.iter().filter(|ms| **ms > CLOSED_MS).count();
        found.demand(self.open == 0, || format!("{} connections were not closed", self.open));
        found.demand(late == 0, || format!("{late} connections were closed after more than 10 s"));
        found.demand(self.refused() == 0, || format!("{} connections met a cap", self.refused()));
    }
}

/// Returns what each of so many cost, in KiB.
fn kib_each(bytes: u64, count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure with one decimal")]
    let each = bytes as f64 / 1_024.0 / count.max(1) as f64;
    each
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(commands_ms: f64, deliveries_ms: f64) -> Window {
        Window { commands_ms, deliveries_ms, samples: SAMPLES_MIN }
    }

    #[test]
    fn the_worse_ratio_decides() {
        let pair = Pair { undisturbed: window(2.0, 4.0), disturbed: window(3.0, 8.0) };
        assert_eq!(pair.ratio(), 2.0);
        assert!(pair.holds(2.0));
        assert!(!pair.holds(1.5));
    }

    #[test]
    fn a_busy_machine_proves_nothing() {
        let busy = Pair { undisturbed: window(90.0, 90.0), disturbed: window(9.0, 9.0) };
        assert!(!busy.holds(2.0));
        let slow = Pair { undisturbed: window(2.0, 2.0), disturbed: window(6.0, 6.0) };
        assert!(slow.is_better_than(&busy) && !busy.is_better_than(&slow));
        let mut found = Found::default();
        busy.judge(2.0, &mut found);
        assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
    }

    #[test]
    fn late_open_and_refused_connections_are_faults() {
        let mut found = Found::default();
        let mut ends = Ends { closed_ms: vec![8_000.0], ..Ends::default() };
        ends.demand(&mut found);
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        ends.closed_ms.push(10_001.0);
        ends.open = 1;
        ends.told.insert(503, 1);
        ends.demand(&mut found);
        assert_eq!(found.faults.len(), 3, "{:?}", found.faults);
    }
}
