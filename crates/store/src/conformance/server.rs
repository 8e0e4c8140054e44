//! A PostgreSQL server for tests: a cluster of its own in a temporary directory, reached by a
//! socket in it, which ends with the process.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How the directories of servers are called, before the process's number.
const NAME: &str = "handoff-postgres-";
/// Who runs the server where the tests run as root, which it refuses.
const USER: &str = "postgres";
/// How often a server that starts is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 600;
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A server that runs.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
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
        SERVER.get_or_init(Self::start)
    }

    /// Starts a server.
    fn start() -> Self {
        let programs = programs();
        remove_left_over();
        let directory = std::env::temp_dir().join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&directory).expect("a directory for PostgreSQL");
        if is_root() {
            let user = fs::metadata("/var/lib/postgresql").expect("the home of PostgreSQL");
            chown(&directory, Some(user.uid()), Some(user.gid())).expect("a change of its owner");
        }
        let made = as_server(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&directory)
            .stdout(Stdio::null())
            .status()
            .expect("initdb must run");
        assert!(made.success(), "initdb failed: {made}");
        let mut server = as_server(&programs.join("postgres"));
        server.arg("-D").arg(&directory).arg("-k").arg(&directory);
        // Nothing of it outlives the tests, so nothing need reach the disk.
        for setting in
            ["listen_addresses=", "fsync=off", "max_connections=300", "logging_collector=off"]
        {
            server.args(["-c", setting]);
        }
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It gets a signal when the thread ends that started it, so that thread waits for it.
        std::thread::spawn(move || server.spawn().map(|mut child| child.wait()));
        let server = Self { directory, schemas: AtomicU64::new(0) };
        server.wait(&programs);
        server
    }

    fn wait(&self, programs: &Path) {
        for _ in 0..LOOKS_MAX {
            let ready = Command::new(programs.join("pg_isready"))
                .args(["--quiet", "--host"])
                .arg(&self.directory)
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            pause();
        }
        panic!("PostgreSQL did not start in {}", self.directory.display());
    }

    /// Returns the address of a new, empty schema.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    pub fn fresh_schema(&self) -> String {
        let schema = format!("s{}", self.schemas.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE SCHEMA {schema}"));
        let directory = self.directory.display();
        format!(
            "host={directory} user=postgres dbname=postgres application_name={schema} \
             options='-c search_path={schema}'"
        )
    }

    /// Ends every connection to a schema that does something just now, as a server does that stops.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    pub fn cut_connections(&self, address: &str) {
        let schema = address.split("search_path=").nth(1).expect("an address of a schema");
        let schema = schema.trim_end_matches('\'');
        self.run(&format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE application_name = '{schema}' AND state <> 'idle'"
        ));
    }

    /// Has the server carry out a statement.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub fn run(&self, sql: &str) {
        let done = Command::new(programs().join("psql"))
            .args(["--quiet", "--no-psqlrc", "--username=postgres", "--dbname=postgres", "--host"])
            .arg(&self.directory)
            .args(["--command", sql])
            .stdout(Stdio::null())
            .status()
            .expect("psql must run");
        assert!(done.success(), "{sql}: {done}");
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
        if number.is_some_and(|number| !Path::new("/proc").join(number).exists()) {
            // Another process may remove it at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
