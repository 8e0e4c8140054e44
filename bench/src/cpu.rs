//! The processor time of another process.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Reads the processor time that a process has used, of all its threads, in user and system mode.
pub(super) fn used(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .context("read the process's times")?;
    let ticks = parse(&stat).context("the process's times have an unknown form")?;
    Ok(Duration::from_micros(ticks * 1_000_000 / ticks_per_second()?))
}

/// The second field, a name, may contain anything; the fields after it are counted from its closing
/// bracket (proc_pid_stat(5): user and system time are fields 14 and 15).
fn parse(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

fn ticks_per_second() -> Result<u64> {
    let output = Command::new("getconf").arg("CLK_TCK").output().context("run getconf")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().context("getconf said no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 5 6 20 0 9 0 100";
        assert_eq!(parse(stat), Some(100));
        assert_eq!(parse("42 (a) S 1"), None);
    }
}
