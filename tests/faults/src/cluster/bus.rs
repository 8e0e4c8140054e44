//! The NATS server that carries hints between nodes, and what makes a mess of them.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;

const LOOKS_MAX: u32 = 200;
const LOOK_PAUSE: Duration = Duration::from_millis(25);
/// Most time by which a message comes a second time, in ms.
const LATE_MS_MAX: u64 = 400;

/// A server; it ends when this is dropped.
pub(super) struct Nats {
    pub(super) port: u16,
    child: Option<Child>,
}

impl Nats {
    pub(super) async fn start() -> Result<Self> {
        let port = std::net::TcpListener::bind("0.0.0.0:0")?.local_addr()?.port();
        let mut nats = Self { port, child: None };
        nats.launch().await?;
        Ok(nats)
    }

    pub(super) async fn launch(&mut self) -> Result<()> {
        let mut command = Command::new("nats-server");
        command.args(["-a", "0.0.0.0", "-p", &self.port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.kill_on_drop(true).spawn();
        self.child =
            Some(child.context("nats-server does not run: `apt-get install nats-server`")?);
        for _ in 0..LOOKS_MAX {
            if self.connect().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        bail!("nats-server does not listen at {}", self.port)
    }

    pub(super) async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("NATS does not run")?;
        child.kill().await.context("kill NATS")
    }

    /// Has it stand still, or go on, by the option of `kill`.
    pub(super) async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("NATS does not run")?;
        let status = Command::new("kill").args([signal, &id.to_string()]).status().await;
        anyhow::ensure!(status?.success(), "cannot signal NATS");
        Ok(())
    }

    async fn connect(&self) -> Result<TcpStream> {
        Ok(TcpStream::connect(("127.0.0.1", self.port)).await?)
    }

    /// Sends every message that nodes send once more, later and in another order, until the handle
    /// is dropped. NATS tells a client nothing of what it sent itself when asked not to (`echo`).
    pub(super) async fn mess(&self) -> Result<AbortOnDropHandle<()>> {
        let mut stream = self.connect().await?;
        stream
            .write_all(
                b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\nSUB > 1\r\n",
            )
            .await?;
        Ok(AbortOnDropHandle::new(tokio::spawn(async move {
            // It ends with the server.
            let _ = repeat(stream).await;
        })))
    }
}

async fn repeat(stream: TcpStream) -> Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let (later, mut due) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
    let sending = tokio::spawn(async move {
        while let Some(bytes) = due.recv().await {
            if writing.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    let _sending = AbortOnDropHandle::new(sending);
    let mut line = String::new();
    while reading.read_line(&mut line).await? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["PING"] => later.send(b"PONG\r\n".to_vec())?,
            ["MSG", subject, _, .., length] => {
                let mut message = format!("PUB {subject} {length}\r\n").into_bytes();
                let begin = message.len();
                message.resize(begin + length.parse::<usize>()? + 2, 0);
                reading.read_exact(&mut message[begin..]).await?;
                let later = later.clone();
                let late = Duration::from_millis(rand::random_range(0..LATE_MS_MAX));
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    // Nobody takes it any more when it is over.
                    let _ = later.send(message);
                });
            }
            _ => {}
        }
        line.clear();
    }
    Ok(())
}
