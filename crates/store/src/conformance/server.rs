//! A PostgreSQL server for tests: a cluster of its own in a temporary directory, reached by a
//! socket in it, which ends with the process.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How the directories of servers are called, before the numbers of process and server.
const NAME: &str = "handoff-postgresql-";
/// Who runs the server where the tests run as root, which it refuses.
const USER: &str = "postgres";
/// How often a server that starts is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 600;
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A server that runs.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    settings: Vec<String>,
    schemas: AtomicU64,
}

impl PostgresServer {
    /// Returns the one server of this process, started if it does not run yet.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<PostgresServer> = OnceLock::new();
        SERVER.get_or_init(|| Self::start(&[]))
    }

    /// Starts a server with settings of its own, for whoever stops it.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn start(settings: &[String]) -> Self {
        remove_left_over();
        let server = Self::new(settings);
        let made = as_server(&programs().join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&server.directory)
            .stdout(Stdio::null())
            .status()
            .expect("initdb must run");
        assert!(made.success(), "initdb failed: {made}");
        server.launch();
        server
    }

    /// Starts a server that can also be reached by TCP, with settings of its own; returns where.
    ///
    /// # Panics
    ///
    /// As [`PostgresServer::start`].
    #[must_use]
    pub fn listening(settings: &[String]) -> (Self, SocketAddr) {
        let any = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = any.local_addr().expect("its address");
        drop(any);
        let listens = [format!("port={}", at.port()), format!("listen_addresses={}", at.ip())];
        (Self::start(&[settings, &listens].concat()), at)
    }

    fn new(settings: &[String]) -> Self {
        static SERVERS: AtomicU64 = AtomicU64::new(0);
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("{NAME}{}.{number}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&directory).expect("a directory for PostgreSQL");
        let server = Self { directory, settings: settings.to_vec(), schemas: AtomicU64::new(0) };
        server.hand_over(&server.directory);
        server
    }

    /// Starts a standby of this server, which can be promoted.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn standby(&self) -> Self {
        self.standby_with(&self.settings)
    }

    /// Starts a standby with settings of its own, as where both listen at a port.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn standby_with(&self, settings: &[String]) -> Self {
        let standby = self.copy(settings, &["--write-recovery-conf"]);
        standby.launch();
        standby
    }

    /// Copies what the server has, as a backup of a server that does not run yet.
    ///
    /// # Panics
    ///
    /// When it cannot be copied.
    #[must_use]
    pub fn backup(&self, settings: &[String]) -> Self {
        self.copy(settings, &[])
    }

    fn copy(&self, settings: &[String], options: &[&str]) -> Self {
        let copy = Self::new(settings);
        let copied = as_server(&programs().join("pg_basebackup"))
            .args(["--no-sync", "--checkpoint=fast"])
            .args(options)
            .args(["--username=postgres", "--port", self.port(), "--host"])
            .arg(&self.directory)
            .arg("--pgdata")
            .arg(&copy.directory)
            .status()
            .expect("pg_basebackup must run");
        assert!(copied.success(), "pg_basebackup failed: {copied}");
        // It lies beside the data, and would say that another server runs here.
        for lock in fs::read_dir(&copy.directory).into_iter().flatten().flatten() {
            if lock.file_name().to_string_lossy().starts_with(".s.PGSQL") {
                fs::remove_file(lock.path()).expect("a lock that can be removed");
            }
        }
        copy
    }

    /// Has a standby take over.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn promote(&self) {
        self.control(&["promote"]);
    }

    /// Stops a server that runs; its connections are ended.
    ///
    /// # Panics
    ///
    /// When it does not stop.
    pub fn stop(&self) {
        self.control(&["stop", "--mode=fast"]);
    }

    /// Stops it without care for what it was about, as a crash does: it recovers at its start.
    ///
    /// # Panics
    ///
    /// When it does not stop.
    pub fn stop_at_once(&self) {
        self.control(&["stop", "--mode=immediate"]);
    }

    /// Kills it and all that it does (SIGKILL).
    ///
    /// # Panics
    ///
    /// When it is gone already.
    pub fn kill(&self) {
        self.signal("-KILL");
        // A process with this number may be another's later.
        let _ = fs::remove_file(self.directory.join("postmaster.pid"));
    }

    /// Starts a server that was stopped.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn launch(&self) {
        let mut server = as_server(&programs().join("postgres"));
        server.arg("-D").arg(&self.directory).arg("-k").arg(&self.directory);
        // Nothing of it outlives the tests, so nothing need reach the disk.
        for setting in
            ["listen_addresses=", "fsync=off", "max_connections=300", "logging_collector=off"]
        {
            server.args(["-c", setting]);
        }
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        let log = fs::File::create(self.log()).expect("a file for what the server says");
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // It gets a signal when the thread ends that started it, so that thread waits for it.
        std::thread::spawn(move || server.spawn().map(|mut child| child.wait()));
        self.wait();
    }

    /// Has a server and all that it does stand still, as a node sees one that it is cut off from.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Has it go on.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        // The first one first: it starts no more then.
        for process in self.processes() {
            // One that it started may have ended just now.
            let process = process.to_string();
            let _ = Command::new("kill").args([signal, &process]).stderr(Stdio::null()).status();
        }
    }

    /// Returns its processes, the one that started the others first.
    ///
    /// # Panics
    ///
    /// When it is gone.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let file = fs::read_to_string(self.directory.join("postmaster.pid")).expect("it runs");
        let main = file.lines().next().expect("its number").trim().to_owned();
        let path = format!("/proc/{main}/task/{main}/children");
        let children = fs::read_to_string(path).expect("what it started");
        let all = std::iter::once(main.as_str()).chain(children.split_whitespace());
        all.map(|process| process.parse().expect("a number")).collect()
    }

    /// Lets clients repeat a script over a schema for some seconds; returns what `pgbench` says of
    /// it. The script may count by the variable `n`, of which each client has its own.
    ///
    /// # Panics
    ///
    /// When the server refuses, or is gone.
    #[must_use]
    pub fn pgbench(&self, address: &str, script: &str, clients: u16, seconds: u16) -> String {
        let (file, schema) = (self.write("script.sql", script), Self::schema_of(address));
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let mut command = as_server(&programs().join("pgbench"));
        command.env("PGOPTIONS", format!("-c search_path={schema}"));
        command.args(["--no-vacuum", "--protocol=prepared", "--define=n=0", "--jobs=2"]);
        command.args(["--client", &clients, "--time", &seconds, "--file"]).arg(file);
        command.args(["--username=postgres", "--port", self.port(), "--host"]).arg(&self.directory);
        let done = command.arg("postgres").output().expect("pgbench must run");
        assert!(done.status.success(), "pgbench: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn control(&self, arguments: &[&str]) {
        let done = as_server(&programs().join("pg_ctl"))
            .args(arguments)
            .args(["--silent", "--wait", "--pgdata"])
            .arg(&self.directory)
            .status()
            .expect("pg_ctl must run");
        assert!(done.success(), "pg_ctl {arguments:?} failed: {done}");
    }

    fn port(&self) -> &str {
        let port = self.settings.iter().find_map(|setting| setting.strip_prefix("port="));
        port.unwrap_or("5432")
    }

    /// Writes a file that only the server may read; returns its path.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.join(name);
        fs::write(&path, content).expect("a file of PostgreSQL");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file of its own");
        self.hand_over(&path);
        path
    }

    fn hand_over(&self, path: &Path) {
        if is_root() {
            let user = fs::metadata("/var/lib/postgresql").expect("the home of PostgreSQL");
            chown(path, Some(user.uid()), Some(user.gid())).expect("a change of its owner");
        }
    }

    fn wait(&self) {
        for _ in 0..LOOKS_MAX {
            let ready = Command::new(programs().join("pg_isready"))
                .args(["--quiet", "--port", self.port(), "--host"])
                .arg(&self.directory)
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            pause();
        }
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        panic!("PostgreSQL did not start in {}:\n{said}", self.directory.display());
    }

    /// Returns where is what the server said since it was started last.
    fn log(&self) -> PathBuf {
        self.directory.join("said.log")
    }

    /// Returns the address of a new, empty schema.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    pub fn fresh_schema(&self) -> String {
        let schema = format!("s{}", self.schemas.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE SCHEMA {schema}"));
        self.address_of(&schema)
    }

    /// Returns the address of a schema.
    #[must_use]
    pub fn address_of(&self, schema: &str) -> String {
        let directory = self.directory.display().to_string().replace('/', "%2F");
        let port = self.port();
        format!(
            "postgres://postgres@{directory}:{port}/postgres?application_name={schema}\
             &options=-c%20search_path%3D{schema}"
        )
    }

    /// Returns the address of a schema of a server that is reached by TCP, there or by a way to it.
    #[must_use]
    pub fn address_at(at: SocketAddr, schema: &str) -> String {
        format!(
            "postgres://postgres@{at}/postgres?application_name={schema}\
             &options=-c%20search_path%3D{schema}"
        )
    }

    /// Returns the schema of an address.
    ///
    /// # Panics
    ///
    /// When it has none.
    #[must_use]
    pub fn schema_of(address: &str) -> &str {
        address.split("search_path%3D").nth(1).expect("an address of a schema")
    }

    /// Ends every connection to a schema that does something just now, as a server does that stops.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    pub fn cut_connections(&self, address: &str) {
        let schema = Self::schema_of(address);
        self.run(&format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE application_name = '{schema}' AND state <> 'idle'"
        ));
    }

    /// Returns what makes a schema anew.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    #[must_use]
    pub fn dump(&self, schema: &str) -> String {
        let mut command = Command::new(programs().join("pg_dump"));
        command.args(["--username=postgres", "--dbname=postgres", "--schema", schema]);
        command.args(["--port", self.port(), "--host"]).arg(&self.directory);
        let done = command.output().expect("pg_dump must run");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("a dump is text")
    }

    /// Asks the server something; returns the rows, a line each, their columns apart by `|`. `None`
    /// when it does not answer.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Option<String> {
        let mut command = self.psql();
        command.args(["--tuples-only", "--no-align", "--command", sql]);
        let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// Has the server carry out statements.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub fn run(&self, sql: &str) {
        let mut command = self.psql();
        command.args(["--file", "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("psql must run");
        let mut input = child.stdin.take().expect("a way in");
        input.write_all(sql.as_bytes()).expect("psql reads");
        drop(input);
        let done = child.wait().expect("psql ends");
        assert!(done.success(), "{sql}: {done}");
    }

    fn psql(&self) -> Command {
        let mut command = Command::new(programs().join("psql"));
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        command.args(["--quiet", "--no-psqlrc", "--username=postgres", "--dbname=postgres"]);
        command.args(["--set=ON_ERROR_STOP=1", "--port", self.port(), "--host"]);
        command.arg(&self.directory);
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = as_server(&programs().join("pg_ctl"))
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(&self.directory)
            .stderr(Stdio::null())
            .status();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing else runs in a test's first moments")]
fn pause() {
    std::thread::sleep(LOOK_PAUSE);
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Returns where PostgreSQL's own programs are: Debian keeps each version apart.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .max();
    let (_, path) = newest.expect(
        "PostgreSQL is not installed: `apt-get install postgresql`, or `cargo xtask ci` installs it",
    );
    path.join("bin")
}

/// Returns a command that does not run as root, and ends with the thread that starts it.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]);
    }
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// Removes the directories of processes that are no more.
fn remove_left_over() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(NAME));
        let process = number.and_then(|number| number.split('.').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another process may remove it at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
