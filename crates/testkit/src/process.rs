//! What a process uses of memory and processor time.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio_util::task::AbortOnDropHandle;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The most memory that a process was seen to use.
pub struct Memory {
    before: u64,
    most: Arc<AtomicU64>,
    _watching: AbortOnDropHandle<()>,
}

impl Memory {
    /// Starts to watch a process.
    pub fn watch(process: u32) -> Result<Self> {
        let before = resident(process)?;
        let most = Arc::new(AtomicU64::new(before));
        let seen = Arc::clone(&most);
        let watching = AbortOnDropHandle::new(tokio::spawn(async move {
            while let Ok(now) = resident(process) {
                seen.fetch_max(now, Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
        }));
        Ok(Self { before, most, _watching: watching })
    }

    /// Returns by how much it had grown at most, in bytes.
    #[must_use]
    pub fn grown(self) -> u64 {
        self.most.load(Ordering::Relaxed) - self.before
    }
}

/// Returns the memory that a process uses now, in bytes.
pub fn resident(process: u32) -> Result<u64> {
    status(process, "VmRSS:")
}

/// Returns the most memory that a process ever used, in bytes.
pub fn peak(process: u32) -> Result<u64> {
    status(process, "VmHWM:")
}

fn status(process: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.context("read the process's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().context("it is no number")?;
    Ok(kib * 1_024)
}

/// Returns the processor time that a process has used, of all its threads, in user and system mode.
pub fn processor_time(process: u32) -> Result<Duration> {
    time_of(process, Whose::Own)
}

/// Returns the processor time that the processes used which a process started and saw end.
pub fn processor_time_of_ended(process: u32) -> Result<Duration> {
    time_of(process, Whose::OfEnded)
}

#[derive(Clone, Copy)]
enum Whose {
    Own,
    OfEnded,
}

fn time_of(process: u32, whose: Whose) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    let stat = stat.context("read the process's times")?;
    let ticks = ticks(&stat, whose).context("the process's times have an unknown form")?;
    let output = Command::new("getconf").arg("CLK_TCK").output().context("run getconf")?;
    let per_second: u64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(Duration::from_micros(ticks * 1_000_000 / per_second))
}

/// The second field, a name, may contain anything; the fields after it are counted from its closing
/// bracket (proc_pid_stat(5): user and system time are fields 14 and 15, those of ended children 16
/// and 17).
fn ticks(stat: &str, whose: Whose) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let skipped = match whose {
        Whose::Own => 11,
        Whose::OfEnded => 13,
    };
    let mut times = fields.split_whitespace().skip(skipped).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 5 6 20 0 9 0 100";
        assert_eq!(ticks(stat, Whose::Own), Some(100));
        assert_eq!(ticks(stat, Whose::OfEnded), Some(11));
        assert_eq!(ticks("42 (a) S 1", Whose::Own), None);
    }
}
