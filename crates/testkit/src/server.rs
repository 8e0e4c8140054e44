//! The program as a child process.

mod program;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::rest::Rest;

/// The password of every account of the demo center (docs/compat/center.md#demo).
pub const PASSWORD: &str = "handoff-demo";

/// How long a start may take: the first one creates the center, which hashes seven passwords with a
/// debug build.
const START_BOUND: Duration = Duration::from_secs(30);

/// How long a clean stop may take (docs/compat/center.md#demo: within 10 s) and some time for a
/// busy machine.
const STOP_BOUND: Duration = Duration::from_secs(20);

/// A running `handoff demo` on a port of its own, with a data directory that is removed at the end.
/// The child is killed when this is dropped. `HANDOFF_TEST_LOG=1` lets its log through to the
/// terminal; otherwise it goes to a file in the data directory's parent.
#[derive(Debug)]
pub struct TestServer {
    home: TempDir,
    settings: Vec<(String, String)>,
    address: String,
    child: Child,
}

impl TestServer {
    /// Starts the demo center in a new data directory.
    ///
    /// # Errors
    /// When the program is not built, ends, or does not listen in time; the error shows its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts the demo center with settings given as environment variables, such as
    /// `HANDOFF_AGENT_DISCONNECT_GRACE`.
    ///
    /// # Errors
    /// As [`TestServer::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("handoff-test-")
            .tempdir()
            .context("no temporary directory")?;
        let settings: Vec<(String, String)> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (child, address) = launch(home.path(), "127.0.0.1:0", &settings).await?;
        Ok(Self { home, settings, address, child })
    }

    /// Returns the origin, such as `http://127.0.0.1:8090`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Makes an HTTP client for one of the demo accounts.
    ///
    /// # Errors
    /// When the name cannot be written as a Basic header.
    pub fn rest(&self, user: &str) -> Result<Rest> {
        Rest::basic(&self.origin(), user, PASSWORD)
    }

    /// Kills the program without warning (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill9(&mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the program")
    }

    /// Asks the program to stop (SIGTERM), without waiting.
    ///
    /// # Errors
    /// When it has ended already or the signal cannot be sent.
    pub async fn terminate(&self) -> Result<()> {
        let id = self.child.id().context("the program has ended already")?;
        let status = Command::new("kill")
            .arg("-TERM")
            .arg(id.to_string())
            .status()
            .await
            .context("no kill command")?;
        anyhow::ensure!(status.success(), "cannot signal the program: {status}");
        Ok(())
    }

    /// Waits for the program to end by itself.
    ///
    /// # Errors
    /// When it is still there after 20 s.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        match tokio::time::timeout(STOP_BOUND, self.child.wait()).await {
            Ok(status) => status.context("cannot wait for the program"),
            Err(_) => bail!(
                "the program did not stop within {STOP_BOUND:?}; its log:\n{}",
                log_tail(self.home.path())
            ),
        }
    }

    /// Starts the program again on the same data and the same port, after [`TestServer::kill9`] or
    /// [`TestServer::ended`].
    ///
    /// # Errors
    /// As [`TestServer::start`].
    pub async fn restart(&mut self) -> Result<()> {
        let (child, address) = launch(self.home.path(), &self.address, &self.settings).await?;
        self.child = child;
        self.address = address;
        Ok(())
    }

    /// Returns the end of the program's log.
    #[must_use]
    pub fn log(&self) -> String {
        log_tail(self.home.path())
    }
}

/// Starts the program and gives it with the address that it reports.
async fn launch(
    home: &Path,
    listen: &str,
    settings: &[(String, String)],
) -> Result<(Child, String)> {
    let program = program::find()?;
    let mut command = Command::new(&program);
    command.arg("demo").arg("--listen").arg(listen).arg("--data").arg(home.join("data"));
    // Settings of the machine that runs the tests must not reach the program.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HANDOFF_") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log_target(home)?)
        .kill_on_drop(true);
    let mut child =
        command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let output = child.stdout.take().context("the program has no standard output")?;
    match tokio::time::timeout(START_BOUND, address_from(output)).await {
        Ok(Ok(address)) => Ok((child, address)),
        Ok(Err(error)) => Err(error.context(format!("the program's log:\n{}", log_tail(home)))),
        Err(_) => {
            bail!("the program did not listen within {START_BOUND:?}; its log:\n{}", log_tail(home))
        }
    }
}

/// Reads up to the `listening on` line; the rest is read and dropped in the background, so that the
/// pipe never fills.
async fn address_from(output: ChildStdout) -> Result<String> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.context("cannot read the program's output")? {
        if let Some(address) = line.trim().strip_prefix("listening on http://") {
            let address = address.trim_end_matches('/').to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(address);
        }
    }
    bail!("the program ended before it listened")
}

fn log_target(home: &Path) -> Result<Stdio> {
    if std::env::var_os("HANDOFF_TEST_LOG").is_some() {
        return Ok(Stdio::inherit());
    }
    let log = std::fs::File::options().create(true).append(true).open(home.join("log"));
    Ok(Stdio::from(log.context("cannot write the program's log")?))
}

/// The last lines of the log, enough to see why a start failed.
fn log_tail(home: &Path) -> String {
    const LINES_MAX: usize = 40;
    let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}
