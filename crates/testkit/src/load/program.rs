//! The `handoff` program as a child process: built, started, killed, started again.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// How long a start may take: the first one hashes every password of the center.
const START_BOUND: Duration = Duration::from_secs(60);

/// Where clients find the program; `None` while it is down.
pub type Address = watch::Receiver<Option<SocketAddr>>;

/// Builds the program in the release profile and gives its path. `HANDOFF_BIN` names one that is
/// built already.
///
/// # Errors
///
/// When it cannot be built.
pub fn build(root: &Path) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("HANDOFF_BIN") {
        return Ok(path.into());
    }
    println!("building handoff (release)…");
    let status =
        std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([
                "build",
                "--quiet",
                "--release",
                "--package",
                "handoff-server",
                "--bin",
                "handoff",
            ])
            .current_dir(root)
            .status()
            .context("run cargo build")?;
    ensure!(status.success(), "the program does not build");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release").join("handoff"))
}

/// How the program is started.
#[derive(Clone, Debug)]
pub enum Start {
    /// As the demo center on a data directory.
    Demo {
        /// The data directory.
        data: PathBuf,
    },
    /// With a configuration file.
    Serve {
        /// The file.
        config: PathBuf,
    },
    /// As the control of `cuts`, which is this program itself.
    Early {
        /// The data directory.
        data: PathBuf,
    },
}

/// A running, or just killed, program.
pub struct Program {
    binary: PathBuf,
    start: Start,
    log: PathBuf,
    child: Option<Child>,
    address: watch::Sender<Option<SocketAddr>>,
}

impl Program {
    /// Starts it. Its log is appended to a file.
    ///
    /// # Errors
    ///
    /// When it does not listen in time.
    pub async fn start(binary: PathBuf, start: Start, log: PathBuf) -> Result<Self> {
        let address = watch::Sender::new(None);
        let mut program = Self { binary, start, log, child: None, address };
        program.restart().await?;
        Ok(program)
    }

    /// Returns where clients find it, now and after each restart.
    pub fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Returns the process id.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Kills it without warning (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When it had ended by itself before: then something else went wrong.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the program is not running")?;
        if let Some(status) = child.try_wait().context("look after the program")? {
            bail!("the program had ended by itself ({status}); its log: {}", self.log.display());
        }
        self.address.send_replace(None);
        child.kill().await.context("kill the program")
    }

    /// Starts it again on the same data, and gives how long it took until it listened.
    ///
    /// # Errors
    ///
    /// When it does not listen in time.
    pub async fn restart(&mut self) -> Result<Duration> {
        let started = Instant::now();
        let mut child =
            self.command()?.spawn().with_context(|| format!("start {}", self.binary.display()))?;
        let output = child.stdout.take().context("the program has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    return address
                        .trim()
                        .parse::<SocketAddr>()
                        .context("read the address it listens on");
                }
            }
            bail!("it ended before it listened")
        };
        let address = match tokio::time::timeout(START_BOUND, listening).await {
            Ok(Ok(address)) => address,
            Ok(Err(error)) => return Err(error.context(format!("its log:\n{}", self.log_tail()))),
            Err(_) => {
                bail!(
                    "the program did not listen within {START_BOUND:?}; its log:\n{}",
                    self.log_tail()
                )
            }
        };
        // Its further output is read away, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.child = Some(child);
        self.address.send_replace(Some(address));
        Ok(started.elapsed())
    }

    fn command(&self) -> Result<Command> {
        let log =
            OpenOptions::new().create(true).append(true).open(&self.log).context("open the log")?;
        let mut command = clean_command(&self.binary);
        match &self.start {
            Start::Demo { data } => {
                command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data)
            }
            Start::Serve { config } => command.args(["serve", "--config"]).arg(config),
            Start::Early { data } => command.args(["__early-server", "--data"]).arg(data),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        Ok(command)
    }

    /// Returns the end of the log.
    pub fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Makes a command without the settings that this machine may have for the program.
pub fn clean_command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HANDOFF_") {
            command.env_remove(name);
        }
    }
    command
}
