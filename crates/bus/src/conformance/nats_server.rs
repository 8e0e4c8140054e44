//! A NATS server for tests, on a port of its own, which ends with the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a server that starts is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 400;
const LOOK_PAUSE: Duration = Duration::from_millis(25);
/// What the server's file of ports says before the port.
const HERE: &str = "127.0.0.1:";

/// A server that runs.
#[derive(Debug)]
pub struct NatsServer {
    directory: PathBuf,
    options: Vec<String>,
    port: u16,
    process: Mutex<Option<Process>>,
}

/// It gets a signal when the thread ends that started it, so that thread waits for it.
#[derive(Debug)]
struct Process {
    id: u32,
    waiting: JoinHandle<()>,
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
        // What is left of a test is no fault of what it tests.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl NatsServer {
    /// Returns the one server of this process that everybody may use, started if it does not run
    /// yet.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<NatsServer> = OnceLock::new();
        SERVER.get_or_init(|| Self::start(&[]))
    }

    /// Starts a server with options beside its own, such as `--user` and `--pass`.
    ///
    /// # Panics
    ///
    /// When NATS is not installed, or does not start.
    #[must_use]
    pub fn start(options: &[&str]) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("handoff-nats-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory for NATS");
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { directory, options, port: 0, process: Mutex::default() };
        // A port that is free.
        server.run("-1");
        server.port = server.wait();
        server
    }

    /// Returns where it listens, as `127.0.0.1:4222`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{HERE}{}", self.port)
    }

    /// Kills it, and starts another on its port.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&self) {
        self.kill();
        self.run(&self.port.to_string());
        assert_eq!(self.wait(), self.port);
    }

    /// Kills it, if it runs.
    ///
    /// # Panics
    ///
    /// When there is no program `kill`.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Process { id, waiting }) = process {
            let id = id.to_string();
            Command::new("kill").args(["-KILL", &id]).status().expect("kill must run");
            waiting.join().expect("whoever waits does nothing else");
        }
        self.port_files().iter().for_each(|path| drop(fs::remove_file(path)));
    }

    fn run(&self, port: &str) {
        let mut server = Command::new("setpriv");
        server.args(["--pdeathsig", "KILL", "nats-server", "--addr", "127.0.0.1", "--port", port]);
        server.arg("--ports_file_dir").arg(&self.directory).args(&self.options);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (tell, told) = mpsc::channel();
        let waiting = thread::spawn(move || {
            let mut child = server.spawn().expect("setpriv must run");
            tell.send(child.id()).expect("whoever started it waits for that");
            child.wait().expect("the server ends once");
        });
        let id = told.recv().expect("the server was started");
        let process = Process { id, waiting };
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    }

    /// Waits until it says on which port it listens.
    fn wait(&self) -> u16 {
        for _ in 0..LOOKS_MAX {
            let said = self.port_files().into_iter().find_map(|path| port_in(&path));
            if let Some(port) = said {
                return port;
            }
            pause();
        }
        panic!("nats-server did not start: `apt-get install nats-server`, or `cargo xtask ci` does")
    }

    fn port_files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let paths = files.map(|file| file.path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "ports")).collect()
    }
}

/// Returns the port that a file of ports names; `None` while it is being written.
fn port_in(path: &Path) -> Option<u16> {
    let text = fs::read_to_string(path).ok()?;
    let (_, after) = text.split_once(HERE)?;
    after.split_once('"')?.0.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "nothing else runs while a test's server starts")]
fn pause() {
    std::thread::sleep(LOOK_PAUSE);
}
