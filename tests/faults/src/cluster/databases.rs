//! Two PostgreSQL servers, of which one is the primary and the other its synchronous standby.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::PostgresServer;
use tokio::process::Command;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// The schema of the cluster.
const SCHEMA: &str = "handoff";
const NODES_END: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE application_name = 'handoff'";
/// How long a standby may take to follow its primary.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(30);
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Most connections: less than [`PostgresServer`] has otherwise, so that they can be used up.
pub(super) const CONNECTIONS_MAX: usize = 80;

/// What says until when a recovery goes.
const RECOVERY: [&str; 4] = [
    "restore_command",
    "recovery_target_time",
    "recovery_target_action",
    "recovery_target_inclusive",
];

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Fast,
    Immediate,
    Kill,
}

/// The two servers; they end when this is dropped.
pub(super) struct Databases {
    /// One at each port.
    servers: [Option<Arc<PostgresServer>>; 2],
    ports: [u16; 2],
    primary: usize,
    home: PathBuf,
}

impl Databases {
    /// Starts both. What `synchronous_commit` is nodes see as the server's own setting.
    pub(super) async fn start(home: &Path, synchronous_commit: &str) -> Result<Self> {
        let home = home.join("archive");
        std::fs::create_dir_all(&home).context("make a directory for write-ahead logs")?;
        open_to_all(&home)?;
        let ports = [free()?, free()?];
        let mut both = Self { servers: [None, None], ports, primary: 0, home };
        let mut settings = both.settings(0);
        settings.push(format!("synchronous_commit={synchronous_commit}"));
        let server = blocking(move || PostgresServer::start(&settings)).await?;
        server.run(&format!("CREATE SCHEMA {SCHEMA}"));
        both.servers[0] = Some(Arc::new(server));
        both.join().await?;
        Ok(both)
    }

    fn settings(&self, side: usize) -> Vec<String> {
        vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.ports[side]),
            format!("max_connections={CONNECTIONS_MAX}"),
            "archive_mode=on".to_owned(),
            format!("archive_command=cp %p {}/%f", self.home.display()),
            "wal_keep_size=256MB".to_owned(),
        ]
    }

    pub(super) const fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// Returns the port of the primary.
    pub(super) const fn port(&self) -> u16 {
        self.ports[self.primary]
    }

    pub(super) fn primary(&self) -> Result<Arc<PostgresServer>> {
        self.servers[self.primary].clone().context("there is no primary")
    }

    pub(super) fn standby(&self) -> Result<Arc<PostgresServer>> {
        self.servers[1 - self.primary].clone().context("there is no standby")
    }

    /// Has the primary carry out statements.
    pub(super) async fn run(&self, sql: &str) -> Result<()> {
        let (server, sql) = (self.primary()?, sql.to_owned());
        blocking(move || server.run(&sql)).await
    }

    /// Asks the primary something in the cluster's schema; `None` when it does not answer.
    pub(super) async fn ask(&self, sql: &str) -> Result<Option<String>> {
        let server = self.primary()?;
        let sql = format!("SET search_path = {SCHEMA}; {sql}");
        blocking(move || server.ask(&sql)).await
    }

    /// Stops a primary.
    pub(super) async fn stop(&self, stop: Stop) -> Result<()> {
        let server = self.primary()?;
        blocking(move || match stop {
            Stop::Fast => server.stop(),
            Stop::Immediate => server.stop_at_once(),
            Stop::Kill => server.kill(),
        })
        .await
    }

    /// Starts a primary that was stopped.
    pub(super) async fn launch(&self) -> Result<()> {
        let server = self.primary()?;
        blocking(move || server.launch()).await
    }

    /// Has the standby stand still.
    pub(super) async fn freeze_standby(&self) -> Result<Frozen> {
        let standby = self.standby()?;
        blocking(move || {
            let receiver = standby.ask("SELECT pid FROM pg_stat_wal_receiver");
            standby.freeze();
            Frozen { standby, receiver: receiver.unwrap_or_default() }
        })
        .await
    }

    /// Has the standby take over; the primary before is gone for good. As an operator does, or what
    /// they leave it to, the list of standbys that commits wait for is emptied first.
    pub(super) async fn fail_over(&mut self) -> Result<()> {
        let standby = self.standby()?;
        let old = self.servers[self.primary].take();
        self.primary = 1 - self.primary;
        blocking(move || {
            drop(old);
            standby.promote();
            wait_for_nobody(&standby);
        })
        .await
    }

    /// Lets commits wait for no standby any more.
    pub(super) async fn take_out(&self) -> Result<()> {
        let server = self.primary()?;
        blocking(move || wait_for_nobody(&server)).await
    }

    /// Removes the standby.
    pub(super) async fn drop_standby(&mut self) -> Result<()> {
        let standby = self.servers[1 - self.primary].take();
        blocking(move || drop(standby)).await
    }

    /// Makes a standby of the primary, and lets commits wait for it once it follows.
    pub(super) async fn join(&mut self) -> Result<()> {
        let (primary, settings) = (self.primary()?, self.settings(1 - self.primary));
        let standby = blocking(move || primary.standby_with(&settings)).await?;
        self.servers[1 - self.primary] = Some(Arc::new(standby));
        self.follows().await?;
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*';\nSELECT pg_reload_conf()").await
    }

    /// Waits until the standby follows.
    pub(super) async fn follows(&self) -> Result<()> {
        let end = Instant::now() + FOLLOWS_WITHIN;
        let streams = "SELECT COUNT(*) FROM pg_stat_replication WHERE state = 'streaming'";
        while self.ask(streams).await?.as_deref() != Some("1") {
            ensure!(Instant::now() < end, "the standby does not follow");
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    /// Takes a backup, from which [`Databases::recover`] goes on by the archived logs.
    pub(super) async fn backup(&self) -> Result<PostgresServer> {
        let (primary, settings) = (self.primary()?, self.settings(self.primary));
        blocking(move || primary.backup(&settings)).await
    }

    /// Replaces both servers by a backup and what was archived until a moment, and makes a new
    /// standby.
    pub(super) async fn recover(&mut self, backup: PostgresServer, until: &str) -> Result<()> {
        let restore = format!(
            "restore_command = 'cp {}/%f %p'\nrecovery_target_time = '{until}'\n\
             recovery_target_action = 'promote'\nrecovery_target_inclusive = on\n\
             synchronous_standby_names = ''\n",
            self.home.display()
        );
        let old = std::mem::take(&mut self.servers);
        let backup = blocking(move || {
            drop(old);
            backup.write("postgresql.auto.conf", &restore);
            backup.write("recovery.signal", "");
            backup.launch();
            backup
        })
        .await?;
        self.servers[self.primary] = Some(Arc::new(backup));
        self.is_writable().await?;
        // A standby gets a copy of them, and would look for that moment as well.
        let reset = |name| format!("ALTER SYSTEM RESET {name};\n");
        self.run(&RECOVERY.map(reset).concat()).await
    }

    /// Has all that happened so far archived.
    pub(super) async fn archive(&self) -> Result<()> {
        let end = Instant::now() + FOLLOWS_WITHIN;
        let switched = self.ask("SELECT pg_walfile_name(pg_switch_wal())").await?;
        let last = switched.context("the primary does not answer")?;
        while !self.home.join(&last).exists() {
            ensure!(Instant::now() < end, "{last} is not archived");
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    async fn is_writable(&self) -> Result<()> {
        let end = Instant::now() + FOLLOWS_WITHIN;
        while self.ask("SELECT pg_is_in_recovery()").await?.as_deref() != Some("f") {
            ensure!(Instant::now() < end, "the recovery does not end");
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    /// Puts the schema back to what a dump says, as docs/operations/cluster.md says: connections
    /// of nodes are ended.
    pub(super) async fn put_back(&self, dump: String) -> Result<()> {
        let server = self.primary()?;
        blocking(move || {
            server.run(&format!("ALTER SCHEMA {SCHEMA} RENAME TO before"));
            server.run(NODES_END);
            server.run(&dump);
            server.run(NODES_END);
            server.run("SET client_min_messages = error; DROP SCHEMA before CASCADE");
        })
        .await
    }

    pub(super) async fn dump(&self) -> Result<String> {
        let server = self.primary()?;
        blocking(move || server.dump(SCHEMA)).await
    }

    /// Returns the address by which a node comes to both, by way of doors at these ports.
    pub(super) fn url(host: &str, doors: [u16; 2]) -> String {
        let [one, other] = doors;
        format!(
            "postgres://postgres@{host}:{one},{host}:{other}/postgres?sslmode=disable\
             &options=-c%20search_path%3D{SCHEMA}"
        )
    }
}

/// A standby that stands still.
pub(super) struct Frozen {
    standby: Arc<PostgresServer>,
    /// The number of the process by which it follows.
    receiver: String,
}

impl Frozen {
    pub(super) async fn thaw(self) -> Result<()> {
        blocking(move || self.standby.thaw()).await
    }

    /// Has it go on from what it has: what it was sent and has not read yet is lost, as with a line
    /// that was cut.
    pub(super) async fn thaw_deaf(self) -> Result<()> {
        // It obeys as soon as it goes on.
        let told = Command::new("kill").args(["-TERM", &self.receiver]).status().await;
        ensure!(told?.success(), "the standby followed nobody");
        self.thaw().await
    }
}

fn wait_for_nobody(server: &PostgresServer) {
    server.run("ALTER SYSTEM SET synchronous_standby_names = '';\nSELECT pg_reload_conf()");
}

/// Calls what waits for processes of the server.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.context("PostgreSQL could not be handled")
}

/// Lets the server's own user write into a directory, which is not root.
fn open_to_all(directory: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for one in directory.ancestors().take(2) {
        std::fs::set_permissions(one, std::fs::Permissions::from_mode(0o777))?;
    }
    Ok(())
}

/// Returns a port that nobody listens at.
fn free() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
