//! What campaigns have in common: how they begin, how the program is killed, what is found, and
//! what a control demands.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::Program;
use handoff_testkit::program::build;
use tempfile::TempDir;

/// How many findings of a kind are shown.
const SHOWN_MAX: usize = 5;

/// A campaign that has begun.
pub(crate) struct Campaign {
    pub(crate) binary: PathBuf,
    /// What the random choices start from.
    pub(crate) seed: u64,
    home: TempDir,
}

impl Campaign {
    /// Builds the program, and draws a seed when none is given.
    pub(crate) fn begin(root: &Path, seed: Option<u64>) -> Result<Self> {
        let binary = build(root)?;
        let home = tempfile::tempdir().context("make a temporary directory")?;
        let seed = seed.unwrap_or_else(rand::random);
        println!("seed {seed}");
        Ok(Self { binary, seed, home })
    }

    /// Returns a directory that is removed at the end.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }
}

/// What a kill leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill<'a> {
    /// What the program has written.
    Plain,
    /// The data in this directory without the write-ahead log, as a program loses it that
    /// acknowledges too early.
    LosingTheLog(&'a Path),
}

impl<'a> Kill<'a> {
    pub(crate) const fn losing_the_log_if(loses: bool, data: &'a Path) -> Self {
        if loses { Self::LosingTheLog(data) } else { Self::Plain }
    }

    /// Kills the program (SIGKILL) and starts it again; returns how long the start took.
    pub(crate) async fn strike(self, program: &mut Program) -> Result<Duration> {
        program.kill().await?;
        if let Self::LosingTheLog(data) = self {
            ensure!(remove_logs(data)? > 0, "there is no write-ahead log to remove");
        }
        program.restart().await
    }
}

/// Removes write-ahead logs and their indexes, wherever in the data directory they are.
fn remove_logs(directory: &Path) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(directory).context("read the data directory")? {
        let path = entry?.path();
        let name = path.to_string_lossy();
        if path.is_dir() {
            removed += remove_logs(&path)?;
        } else if name.ends_with("-wal") || name.ends_with("-shm") {
            fs::remove_file(&path).context("remove the write-ahead log")?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// What is wrong, by kind.
#[derive(Debug)]
pub(crate) struct Findings {
    kinds: Vec<(&'static str, Vec<String>)>,
}

impl Findings {
    /// Nothing of these kinds so far.
    pub(crate) fn of(kinds: &[&'static str]) -> Self {
        Self { kinds: kinds.iter().map(|kind| (*kind, Vec::new())).collect() }
    }

    pub(crate) fn find(&mut self, kind: &'static str, what: String) {
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, list)) => list.push(what),
            None => self.kinds.push((kind, vec![what])),
        }
    }

    pub(crate) fn extend(&mut self, others: Self) {
        for (kind, list) in others.kinds {
            list.into_iter().for_each(|what| self.find(kind, what));
        }
    }

    /// Weighs how often something was found against how often it should be.
    pub(crate) fn weigh(&mut self, what: &str, told: usize, found: usize) {
        let kind = if found < told { MISSING } else { DOUBLED };
        if found != told {
            self.find(kind, format!("{what}: told {told}, found {found}"));
        }
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        let of_kind = self.kinds.iter().filter(|(known, _)| *known == kind);
        of_kind.map(|(_, list)| list.len()).sum()
    }

    pub(crate) fn total(&self) -> usize {
        self.kinds.iter().map(|(_, list)| list.len()).sum()
    }

    /// Counts each kind, in the order in which they were named.
    pub(crate) fn summary(&self) -> String {
        let counts = self.kinds.iter().map(|(kind, list)| format!("{} {kind}", list.len()));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// Shows some of each kind, and counts all.
    pub(crate) fn print(&self) {
        for (kind, list) in &self.kinds {
            list.iter().take(SHOWN_MAX).for_each(|finding| println!("{kind}: {finding}"));
        }
        println!("{}", self.summary());
    }
}

pub(crate) const MISSING: &str = "missing";
/// There more often than it was acknowledged.
pub(crate) const DOUBLED: &str = "doubled";

/// What one check of bounds found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) figures: Vec<String>,
    pub(crate) faults: Vec<String>,
}

impl Found {
    pub(crate) fn figure(&mut self, text: String) {
        println!("  {text}");
        self.figures.push(text);
    }

    pub(crate) fn demand(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

/// Demands that something that was done wrong on purpose was noticed.
pub(crate) fn demand_noticed(is_noticed: bool, what: &str) -> Result<()> {
    ensure!(is_noticed, "not noticed: {what}");
    println!("control: noticed, as it must be ({what})");
    Ok(())
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
