//! `floods`: strangers who send all they can, from one address, cost a bounded amount of memory and
//! disk, and nobody else waits for them.
//!
//! Each check starts the program afresh on a center of its own and floods one of its doors: logins
//! with wrong passwords, letters and chat messages of the largest size, handshakes and messages
//! inside sockets and batches, files until the disk is short. Meanwhile somebody honest, from
//! another address, does what they came for. Everything stays on the loopback interface.
//!
//! With `--control` each flood meets something that has no bound: a login without lanes, a server
//! that keeps what it gets in memory, the program with its limits raised. Then the same check has
//! to fail, and the command fails if it does not.

mod disk;
mod letters;
mod line;
mod logins;
mod site;
mod sockets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

use handoff_testkit::load::program::build;

/// By how much the program's memory may grow, in bytes.
const GROWTH_MAX: u64 = 64 << 20;

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// A tenth of everything, with the program that is built already if `HANDOFF_BIN` names one.
    #[arg(long)]
    small: bool,
    /// Only this check.
    #[arg(long)]
    kind: Option<Check>,
    /// Flood something that has no bound, and demand that it is noticed.
    #[arg(long)]
    control: bool,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Wrong passwords on 480 connections.
    Logins,
    /// 600 letters of 240 kB, and 3,000 chat messages of 16 KiB.
    Letters,
    /// Handshakes, requests for chats and messages inside WebSockets and batches.
    Sockets,
    /// What is kept, until an address has brought its share and until the disk is short.
    Disk,
}

/// How much is sent, and to what.
#[derive(Clone, Copy, Debug)]
struct Extent {
    small: bool,
    control: bool,
}

impl Extent {
    /// Returns a number, or a part of it for a small run.
    fn of(self, full: usize, small: usize) -> usize {
        if self.small { small } else { full }
    }

    /// Returns how long somebody honest may wait. A small run is made in an unoptimized program
    /// beside others.
    fn patience(self) -> Duration {
        if self.small { Duration::from_secs(5) } else { Duration::from_secs(1) }
    }
}

/// What one check found.
#[derive(Debug, Default)]
struct Found {
    figures: Vec<String>,
    faults: Vec<String>,
}

impl Found {
    fn figure(&mut self, text: String) {
        println!("  {text}");
        self.figures.push(text);
    }

    /// Demands something.
    fn demand(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }

    /// Demands that memory has not grown too much.
    fn demand_growth(&mut self, what: &str, bytes: u64) {
        self.figure(format!("{what}: memory grew by {} MiB", bytes >> 20));
        self.demand(bytes <= GROWTH_MAX, || {
            format!("{what}: memory grew by {} MiB, allowed are {}", bytes >> 20, GROWTH_MAX >> 20)
        });
    }

    /// Demands that somebody honest was served in time.
    fn demand_in_time(&mut self, who: &str, waited: Duration, extent: Extent) {
        self.figure(format!("{who} waited {} ms", waited.as_millis()));
        let patience = extent.patience();
        self.demand(waited <= patience, || {
            format!("{who} waited {waited:?}, allowed are {patience:?}")
        });
    }
}

/// Runs the checks.
///
/// # Errors
///
/// When a bound does not hold; with `--control`, when that was not noticed.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let began = Instant::now();
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let extent = Extent { small: options.small, control: options.control };
    let mut checks =
        options.kind.map_or_else(|| Check::value_variants().to_vec(), |only| vec![only]);
    if options.control {
        // Two of the controls are in this process. Memory that it had once is used again, so the
        // one that takes most is the last.
        checks.reverse();
    }
    let (mut faults, mut unnoticed) = (Vec::new(), Vec::new());
    for check in checks {
        println!("{check:?}…");
        let home = home.path().join(format!("{check:?}"));
        let found =
            one(check, &binary, home, extent).await.with_context(|| format!("{check:?}"))?;
        if found.faults.is_empty() {
            unnoticed.push(check);
        }
        faults.extend(found.faults.into_iter().map(|fault| format!("{check:?}: {fault}")));
    }
    println!("after {} s:", began.elapsed().as_secs());
    faults.iter().for_each(|fault| println!("fault: {fault}"));
    if options.control {
        ensure!(
            unnoticed.is_empty(),
            "what has no bound was flooded, and it was not noticed: {unnoticed:?}"
        );
        println!("control: noticed, as it must be");
        return Ok(());
    }
    ensure!(faults.is_empty(), "{} bounds do not hold", faults.len());
    println!("all bounds hold");
    Ok(())
}

async fn one(check: Check, binary: &Path, home: PathBuf, extent: Extent) -> Result<Found> {
    std::fs::create_dir_all(&home).context("make a directory")?;
    match check {
        Check::Logins => logins::check(binary, &home, extent).await,
        Check::Letters => letters::check(binary, &home, extent).await,
        Check::Sockets => sockets::check(binary, &home, extent).await,
        Check::Disk => disk::check(binary, &home, extent).await,
    }
}
