//! System calls of a running program, counted by strace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// How long it may take to attach, or to end.
const BOUND: Duration = Duration::from_secs(20);

/// What is not counted: how often threads wait is how they meet, the disk's room is looked at by
/// the clock, and the last line is the sum.
const LEFT_OUT: [&str; 7] =
    ["futex", "epoll_wait", "restart_syscall", "sched_yield", "statfs", "statx", "total"];

pub(super) struct Strace {
    child: Child,
    told: Lines<BufReader<ChildStderr>>,
    summary: PathBuf,
}

impl Strace {
    /// Begins to count.
    pub(super) async fn attach(process: u32, summary: &Path) -> Result<Self> {
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-U", "calls,name", "-p", &process.to_string(), "-o"]);
        command.arg(summary).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("run strace")?;
        let told = child.stderr.take().context("strace has no standard error")?;
        let mut told = BufReader::new(told).lines();
        let first = timeout(BOUND, told.next_line()).await.context("strace does not attach")??;
        let first = first.unwrap_or_default();
        ensure!(first.ends_with("threads") || first.ends_with("attached"), "strace: {first}");
        Ok(Self { child, told, summary: summary.to_owned() })
    }

    /// Ends counting, and returns how many calls there were.
    pub(super) async fn detach(mut self) -> Result<u64> {
        let id = self.child.id().context("strace has ended by itself")?.to_string();
        let status = Command::new("kill").args(["-INT", &id]).status().await;
        ensure!(status.context("no kill command")?.success(), "cannot signal strace");
        while let Ok(Some(_)) = self.told.next_line().await {}
        timeout(BOUND, self.child.wait()).await.context("strace does not end")??;
        let text = fs::read_to_string(&self.summary).context("read what strace counted")?;
        let lines = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse::<u64>().ok()?, words.next()?))
        });
        Ok(lines.filter(|(_, name)| !LEFT_OUT.contains(name)).map(|(count, _)| count).sum())
    }
}
