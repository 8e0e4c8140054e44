//! A server that speaks S3's protocol for tests: PyPI's `moto`, pinned, which ends with the
//! process. It is installed once, below the directory of what is built.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is installed.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/s3/requirements.txt");
/// How often a server that starts is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 600;
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// A server that runs.
#[derive(Debug)]
pub struct S3Server {
    port: u16,
    python: PathBuf,
    buckets: AtomicU64,
}

impl S3Server {
    /// Returns the one server of this process, started if it does not run yet.
    ///
    /// # Panics
    ///
    /// When it cannot be installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<S3Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let python = installed();
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let mut server = Command::new("setpriv");
        server.args(["--pdeathsig", "TERM"]).arg(&python).args(["-m", "moto.server"]);
        server.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It gets a signal when the thread ends that started it, so that thread waits for it.
        std::thread::spawn(move || server.spawn().map(|mut child| child.wait()));
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                let server = Self { port, python, buckets: AtomicU64::new(0) };
                // Its first answer takes seconds, which are nobody's to wait for.
                let _ = server.fresh_bucket();
                return server;
            }
            pause();
        }
        panic!("moto did not start at port {port}");
    }

    /// Returns its address.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the name of a new bucket.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    #[must_use]
    pub fn fresh_bucket(&self) -> String {
        let bucket = format!("bucket{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        let make = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1], \
                    region_name='us-east-1', aws_access_key_id='k', aws_secret_access_key='s')\
                    .create_bucket(Bucket=sys.argv[2])";
        let made = Command::new(&self.python)
            .args(["-c", make, &self.endpoint(), &bucket])
            .status()
            .expect("python must run");
        assert!(made.success(), "the bucket was not made");
        bucket
    }

    /// Makes it forget every bucket.
    ///
    /// # Panics
    ///
    /// When the server is gone.
    pub fn forget(&self) {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        line.write_all(b"POST /moto-api/reset HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            .expect("a request is sent");
        let mut answer = String::new();
        line.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains(" 200 "), "{answer}");
    }
}

/// Returns the interpreter of an environment that has the server.
fn installed() -> PathBuf {
    let target = std::env::current_exe().expect("this program has a path");
    let target = target.ancestors().find(|path| path.ends_with("target"));
    let target = target.expect("a program below the directory of what is built");
    let (home, wanted) = (target.join("s3-venv"), fs::read(REQUIREMENTS).expect("what it needs"));
    let (python, mark) = (home.join("bin/python"), home.join("installed"));
    if fs::read(&mark).is_ok_and(|found| found == wanted) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home));
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        REQUIREMENTS,
    ];
    run(Command::new(&python).args(pip));
    fs::write(mark, wanted).expect("a mark that it is there");
    python
}

fn run(command: &mut Command) {
    let done = command.status().expect("Python must be installed (Debian package python3-venv)");
    assert!(done.success(), "{command:?}: {done}");
}

#[expect(clippy::disallowed_methods, reason = "nothing else runs in a test's first moments")]
fn pause() {
    std::thread::sleep(LOOK_PAUSE);
}
