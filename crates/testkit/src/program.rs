//! The `handoff` program as a child process: found or built, started, killed, started again.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use handoff_store::conformance::server::PostgresServer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::balancer::Spread;
use crate::cluster::Cluster;
use crate::contract;
use crate::http::{Call, Client};
use crate::tally::Tally;

/// How long a start may take: the first one hashes every password of the center.
const START_BOUND: Duration = Duration::from_secs(60);
/// How long a clean stop may take (docs/compat/center.md#demo: within 10 s) and some time for a
/// busy machine.
const STOP_BOUND: Duration = Duration::from_secs(20);
/// The variable with the address of a database.
const STORE_URL: &str = "HANDOFF__STORE__URL";
/// Any port of this machine.
const ANYWHERE: &str = "127.0.0.1:0";

/// Where clients find the program; `None` while it is down.
pub type Address = watch::Receiver<Option<SocketAddr>>;

/// Returns the address of a server that does not move.
#[must_use]
pub fn fixed(server: SocketAddr) -> Address {
    watch::Sender::new(Some(server)).subscribe()
}

/// How the program is started.
#[derive(Clone, Debug)]
pub enum Start {
    /// As the demo center on a data directory.
    Demo(PathBuf),
    /// With a configuration file.
    Serve(PathBuf),
    /// As what stands in for it with a fault, in a campaign's control: the campaigns' program
    /// itself.
    StandIn { fault: &'static str, data: PathBuf },
}

/// What a program is started in.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// A command that starts it where it belongs, such as `ip netns exec NAME`, and becomes it.
    pub before: Vec<String>,
    /// Settings as environment variables.
    pub settings: Vec<(String, String)>,
}

/// A running, or just killed, program. The child is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    binary: PathBuf,
    start: Start,
    /// The command that starts it, before its own words.
    before: Vec<String>,
    settings: Vec<(String, String)>,
    listen: String,
    log: PathBuf,
    /// The address of the database, where it does not keep its data in a directory alone.
    database: Option<String>,
    child: Option<Child>,
    address: watch::Sender<Option<SocketAddr>>,
    /// The nodes beside this one, and their balancer, which clients find in place of it. All are
    /// killed, stopped and started together.
    beside: Option<Box<Cluster>>,
    _home: Option<TempDir>,
}

impl Program {
    /// Starts it. Its log is appended to a file.
    pub async fn start(binary: &Path, start: Start, log: PathBuf) -> Result<Self> {
        Self::start_in(binary, start, log, Surroundings::default()).await
    }

    /// Starts it in surroundings of its own, which it has after each restart as well.
    pub async fn start_in(
        binary: &Path,
        start: Start,
        log: PathBuf,
        Surroundings { before, settings }: Surroundings,
    ) -> Result<Self> {
        let mut program = Self {
            binary: binary.to_owned(),
            start,
            before,
            settings,
            listen: ANYWHERE.to_owned(),
            log,
            database: None,
            child: None,
            address: watch::Sender::new(None),
            beside: None,
            _home: None,
        };
        program.restart().await?;
        Ok(program)
    }

    /// Starts the demo center that stands beside the test in a directory of its own, with settings
    /// as environment variables. Started again it listens on the same port. `HANDOFF_TEST_LOG=1`
    /// lets its log through to the terminal; with `HANDOFF_TEST_STORE=postgres` it is over a schema
    /// of its own of a PostgreSQL server that ends with the test, and with `HANDOFF_TEST_NODES=3`
    /// beside it three nodes behind a balancer that sends each request to another one.
    pub async fn demo(settings: &[(&str, &str)]) -> Result<Self> {
        match (database().await?, std::env::var("HANDOFF_TEST_NODES").as_deref()) {
            (database, Err(_)) => Self::demo_in(database, settings).await,
            (Some(url), Ok("3")) => {
                Self::before(Cluster::start(&url, settings, Spread::Everywhere).await?)
            }
            (_, Ok(other)) => bail!(
                "HANDOFF_TEST_NODES is {other}, expected 3, and HANDOFF_TEST_STORE=postgres beside it"
            ),
        }
    }

    /// Makes one program of a cluster: what is done to it is done to each node, and commands are
    /// run where the first one is.
    fn before(mut cluster: Cluster) -> Result<Self> {
        ensure!(!cluster.nodes.is_empty(), "a cluster without nodes");
        let mut first = cluster.nodes.remove(0);
        first.address.send_replace(cluster.front());
        first.beside = Some(Box::new(cluster));
        Ok(first)
    }

    fn others(&mut self) -> &mut [Self] {
        self.beside.as_mut().map_or(&mut [], |cluster| &mut cluster.nodes)
    }

    /// Starts the demo center over a database, which other programs may use as well.
    pub async fn over(url: &str, settings: &[(&str, &str)]) -> Result<Self> {
        Self::demo_in(Some(url.to_owned()), settings).await
    }

    /// Does the same with the program of the version before, which `HANDOFF_OLDER_BIN` names.
    pub async fn older(url: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let named = std::env::var_os("HANDOFF_OLDER_BIN");
        let binary = named.context("HANDOFF_OLDER_BIN names no program of the version before")?;
        Self::demo_of(binary.into(), Some(url.to_owned()), settings).await
    }

    /// Has it be this version's program from its next start on.
    pub fn upgrade(&mut self) -> Result<()> {
        self.binary = find()?;
        Ok(())
    }

    async fn demo_in(database: Option<String>, settings: &[(&str, &str)]) -> Result<Self> {
        let binary = find()?;
        contract::hold_to(&binary).await?;
        Self::demo_of(binary, database, settings).await
    }

    async fn demo_of(
        binary: PathBuf,
        database: Option<String>,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("handoff-test-").tempdir()?;
        let mut program = Self {
            binary,
            start: Start::Demo(home.path().join("data")),
            before: Vec::new(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            listen: ANYWHERE.to_owned(),
            log: home.path().join("log"),
            database,
            child: None,
            address: watch::Sender::new(None),
            beside: None,
            _home: Some(home),
        };
        program.restart().await?;
        program.listen = program.server()?.to_string();
        Ok(program)
    }

    /// Returns where clients find it, now and after each restart.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Returns where it listens now.
    pub fn server(&self) -> Result<SocketAddr> {
        (*self.address.borrow()).context("the program is away")
    }

    /// Returns its origin, such as `http://127.0.0.1:8090`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.server()
            .map_or_else(|_| "http://nowhere".to_owned(), |server| format!("http://{server}"))
    }

    #[must_use]
    pub fn client(&self, user: &str) -> Client {
        Client::new(&self.address(), user)
    }

    /// Makes a client of nobody.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::anonymous(&self.address())
    }

    pub fn id(&self) -> Result<u32> {
        self.child.as_ref().and_then(Child::id).context("the program has ended")
    }

    /// Kills it without warning (SIGKILL) and waits until it is gone. It fails when the program had
    /// ended by itself before: then something else went wrong.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the program is not running")?;
        if let Some(status) = child.try_wait().context("look after the program")? {
            bail!("the program had ended by itself ({status}); its log:\n{}", self.log_tail());
        }
        self.address.send_replace(None);
        child.kill().await.context("kill the program")?;
        for node in self.others() {
            Box::pin(node.kill()).await?;
        }
        Ok(())
    }

    /// Asks it to stop (SIGTERM), without waiting.
    pub async fn terminate(&self) -> Result<()> {
        self.signal("-TERM").await
    }

    /// Sends it a signal by the option of `kill`, such as `-STOP`.
    pub async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.id()?.to_string();
        let status = Command::new("kill").args([signal, &id]).status().await;
        ensure!(status.context("no kill command")?.success(), "cannot signal the program");
        for node in self.beside.iter().flat_map(|cluster| &cluster.nodes) {
            Box::pin(node.terminate()).await?;
        }
        Ok(())
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("the program is not running")?;
        let Ok(status) = tokio::time::timeout(STOP_BOUND, child.wait()).await else {
            bail!("the program did not stop within {STOP_BOUND:?}; its log:\n{}", self.log_tail());
        };
        self.address.send_replace(None);
        for node in self.others() {
            Box::pin(node.ended()).await?;
        }
        status.context("wait for the program")
    }

    /// Starts it again on the same data; returns how long it took until it listened.
    pub async fn restart(&mut self) -> Result<Duration> {
        let started = Instant::now();
        let spawned = self.command()?.spawn();
        let mut child = spawned.with_context(|| format!("start {}", self.binary.display()))?;
        let address = tokio::time::timeout(START_BOUND, listening(&mut child)).await;
        let address = address.context("the program did not listen in time").flatten();
        let address = address.with_context(|| format!("its log:\n{}", self.log_tail()))?;
        self.child = Some(child);
        for node in self.others() {
            Box::pin(node.restart()).await?;
        }
        let front = self.beside.as_ref().map_or(Some(address), |cluster| cluster.front());
        self.address.send_replace(front);
        let took = started.elapsed();
        if self.beside.is_some() {
            self.until_let_in().await?;
        }
        Ok(took)
    }

    /// Waits until the balancer asks a node again: it has found all of them gone.
    async fn until_let_in(&self) -> Result<()> {
        let asked = async {
            while self.anonymous().send(Call::get("").at("/readyz")).await?.status == 502 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(START_BOUND, asked).await.context("the balancer asks no node again")?
    }

    fn command(&self) -> Result<Command> {
        let mut command = match self.before.split_first() {
            Some((first, rest)) => {
                let mut command = clean_command(first);
                command.args(rest).arg(&self.binary);
                command
            }
            None => clean_command(&self.binary),
        };
        match &self.start {
            Start::Demo(data) => {
                command.args(["demo", "--listen", &self.listen, "--data"]).arg(data)
            }
            Start::Serve(config) => command.args(["serve", "--config"]).arg(config),
            Start::StandIn { fault, data } => {
                command.args(["__stand-in", "--fault", fault, "--data"]).arg(data)
            }
        };
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.envs(self.database.iter().map(|url| (STORE_URL, url)));
        let log =
            File::options().create(true).append(true).open(&self.log).context("open the log")?;
        let is_shown = std::env::var_os("HANDOFF_TEST_LOG").is_some();
        let log = if is_shown { Stdio::inherit() } else { log.into() };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        Ok(command)
    }

    /// Runs another command of the program on the same data and returns what it printed.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.beside(arguments).stdin(Stdio::null()).output().await?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "handoff {arguments:?} failed: {told}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs `handoff apply` on a text, with options, where this program's data is.
    ///
    /// The text comes by way of standard input, so that nothing has to be tidied up.
    pub async fn apply(&self, text: &str, options: &[&str]) -> Result<Output> {
        let mut command = self.beside(&["apply", "/dev/stdin"]);
        command.args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("run handoff apply")?;
        let mut input = child.stdin.take().context("no standard input")?;
        input.write_all(text.as_bytes()).await.context("hand the file over")?;
        drop(input);
        child.wait_with_output().await.context("wait for handoff apply")
    }

    /// Returns the data directory of what has all it stores there.
    pub fn data(&self) -> Option<PathBuf> {
        match &self.start {
            Start::Demo(data) | Start::StandIn { data, .. } if self.database.is_none() => {
                Some(data.clone())
            }
            _ => None,
        }
    }

    /// Returns another command of the program on the same data.
    fn beside(&self, arguments: &[&str]) -> Command {
        let mut command = clean_command(&self.binary);
        match &self.start {
            Start::Demo(data) | Start::StandIn { data, .. } => {
                command.env("HANDOFF__STORE__PATH", data)
            }
            Start::Serve(config) => command.env("HANDOFF_CONFIG", config),
        };
        command.envs(self.database.iter().map(|url| (STORE_URL, url)));
        command.args(arguments);
        command
    }

    /// Stops it in order and returns how its commits went since it was started last.
    pub async fn stop_and_tally(&mut self) -> Result<Tally> {
        self.terminate().await?;
        let status = self.ended().await?;
        ensure!(status.success(), "the program ended with {status}:\n{}", self.log_tail());
        let log = std::fs::read_to_string(&self.log).context("read the log")?;
        Tally::last_in(&log).context("the program stopped without saying how its commits went")
    }

    /// Returns the end of the log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// Reads a server's output up to the line that tells where it listens. The rest is read away, so
/// that the child never waits for us.
pub async fn listening(child: &mut Child) -> Result<SocketAddr> {
    let output = child.stdout.take().context("the program has no standard output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let address = line.trim().strip_prefix("listening on http");
        let address = address.and_then(|rest| rest.trim_start_matches('s').strip_prefix("://"));
        if let Some(address) = address {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return address.parse().context("read the address it listens on");
        }
    }
    bail!("it ended before it listened")
}

/// Returns the address of a database for one program, when tests are to use one.
async fn database() -> Result<Option<String>> {
    match std::env::var("HANDOFF_TEST_STORE").as_deref() {
        Err(_) => Ok(None),
        Ok("postgres") => {
            let made = tokio::task::spawn_blocking(|| PostgresServer::shared().fresh_schema());
            Ok(Some(made.await.context("PostgreSQL could not be started")?))
        }
        Ok(other) => bail!("HANDOFF_TEST_STORE is {other}, expected postgres"),
    }
}

/// Makes a command without the settings that this machine may have for the program.
#[must_use]
pub fn clean_command(binary: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(binary);
    let own = std::env::vars_os().map(|(name, _)| name);
    own.filter(|name| name.to_string_lossy().starts_with("HANDOFF_")).for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Builds the program in the release profile and returns its path. `HANDOFF_BIN` names one that is
/// built already.
pub fn build(root: &Path) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("HANDOFF_BIN") {
        return Ok(path.into());
    }
    println!("building handoff (release)…");
    release(root, &["--package", "handoff-server", "--bin", "handoff"])?;
    Ok(target(root).join("release").join("handoff"))
}

/// Builds something in the release profile.
pub fn release(root: &Path, what: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    command.args(["build", "--release"]).args(what).current_dir(root);
    ensure!(command.status().context("run cargo build")?.success(), "{what:?} does not build");
    Ok(())
}

/// Returns where cargo puts what it builds.
#[must_use]
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Finds the program: the file that `HANDOFF_BIN` names, else the one that cargo built beside the
/// running test, which lies in `<target>/<profile>/deps`.
pub fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HANDOFF_BIN") {
        return Ok(named.into());
    }
    let test = std::env::current_exe().context("tell where the test is")?;
    let file = format!("handoff{}", std::env::consts::EXE_SUFFIX);
    let mut beside = test.ancestors().skip(1).take(2).map(|directory| directory.join(&file));
    beside.find(|program| program.is_file()).context(
        "the program is not built: run `cargo build -p handoff-server`, or name it with HANDOFF_BIN",
    )
}
