//! The servers that are measured, each a child process of its own on the first processor.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use handoff_testkit::Transport;
use handoff_testkit::process::resident;
use handoff_testkit::program::{listening, release, target};
use tokio::process::{Child, Command};

use crate::wire::Wire;

/// How long a server may take to listen.
const START_BOUND: Duration = Duration::from_secs(30);
/// Where the other servers' scripts are.
const PEERS: &str = "tests/peers";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// The crate, behind its example's accept loop.
    Handoff,
    /// axum without a protocol.
    Floor,
    /// npm `cometd-nodejs-server`.
    Nodejs,
    /// npm `faye`.
    Faye,
}

impl Kind {
    /// All, in the order in which they are measured.
    pub(super) const ALL: [Self; 4] = [Self::Handoff, Self::Floor, Self::Nodejs, Self::Faye];

    /// Tells whether it is another project's.
    pub(super) const fn is_peer(self) -> bool {
        matches!(self, Self::Nodejs | Self::Faye)
    }

    /// Returns its name in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Handoff => "handoff-cometd",
            Self::Floor => "axum without a protocol",
            Self::Nodejs => "cometd-nodejs-server 1.2.1",
            Self::Faye => "faye 1.4.3",
        }
    }

    /// Lists the transports that it serves.
    pub(super) const fn transports(self) -> &'static [Transport] {
        match self {
            Self::Nodejs => &[Transport::LongPolling],
            Self::Handoff | Self::Floor | Self::Faye => {
                &[Transport::LongPolling, Transport::WebSocket]
            }
        }
    }
}

/// Builds our server and installs the others.
pub(super) fn prepare(root: &Path, kinds: &[Kind]) -> Result<()> {
    if kinds.contains(&Kind::Handoff) {
        println!("building the crate's server (release)…");
        release(root, &["--package", "handoff-cometd", "--example", "bench_server"])?;
    }
    let peers = root.join(PEERS);
    if kinds.iter().any(|kind| kind.is_peer())
        && !peers.join("node_modules/.package-lock.json").exists()
    {
        println!("installing the other servers…");
        let mut npm = std::process::Command::new("npm");
        run(npm.args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(peers))?;
    }
    Ok(())
}

fn run(command: &mut std::process::Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// A running server; it ends with this.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    kind: Kind,
}

impl Server {
    pub(super) async fn start(root: &Path, kind: Kind) -> Result<Self> {
        let mut command = on_first_processor(&program(root, kind)?);
        let mut child = command
            .args(arguments(root, kind))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", kind.name()))?;
        let address = tokio::time::timeout(START_BOUND, listening(&mut child)).await;
        let address = address.context("no address in time")?.with_context(|| kind.name())?;
        Ok(Self { child, address, kind })
    }

    pub(super) fn id(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Returns its resident memory in bytes, garbage collected before where there is any.
    pub(super) async fn resident(&self) -> Result<u64> {
        if self.kind.is_peer() {
            let wire = Wire::open(self.address, 0).await?;
            wire.send(b"GET /gc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await?;
            wire.receive().await?;
        }
        resident(self.id()?)
    }
}

/// Makes a command that runs on the first processor alone, if the machine has two and a way to say
/// so.
pub(super) fn on_first_processor(program: &Path) -> Command {
    if !can_divide() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]).arg(program);
    command
}

/// Keeps this process on the second processor.
pub(super) fn take_second_processor() {
    let own = std::process::id().to_string();
    let mut taskset = std::process::Command::new("taskset");
    let taskset =
        taskset.args(["--all-tasks", "--cpu-list", "--pid", "1", &own]).stdout(Stdio::null());
    match can_divide() && taskset.status().is_ok_and(|status| status.success()) {
        true => println!("server on processor 0, clients on processor 1"),
        false => {
            println!(
                "server and clients share the processors: taskset or a second processor is missing"
            )
        }
    }
}

/// Moves a process that this one has started to the first processor: it was born on the second.
pub(super) fn move_to_first_processor(process: u32) {
    if can_divide() {
        let mut taskset = std::process::Command::new("taskset");
        taskset
            .args(["--all-tasks", "--cpu-list", "--pid", "0", &process.to_string()])
            .stdout(Stdio::null());
        // It only makes the figures worse if this fails.
        _ = taskset.status();
    }
}

fn can_divide() -> bool {
    let found =
        std::process::Command::new("taskset").arg("--version").stdout(Stdio::null()).status();
    let own = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    found.is_ok() && own.matches("processor\t").count() > 1
}

fn program(root: &Path, kind: Kind) -> Result<PathBuf> {
    Ok(match kind {
        Kind::Floor => std::env::current_exe().context("find this program")?,
        Kind::Nodejs | Kind::Faye => PathBuf::from("node"),
        Kind::Handoff => target(root).join("release/examples/bench_server"),
    })
}

fn arguments(root: &Path, kind: Kind) -> Vec<std::ffi::OsString> {
    let script = |name: &str| vec!["--expose-gc".into(), root.join(PEERS).join(name).into()];
    match kind {
        Kind::Handoff => Vec::new(),
        Kind::Floor => vec!["bare-broadcast".into()],
        Kind::Nodejs => script("cometd.js"),
        Kind::Faye => script("faye.js"),
    }
}
