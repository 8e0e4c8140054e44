//! A load balancer before several nodes: nginx, with the example that operators are given.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::program::Address;

/// What operators are given.
const EXAMPLE: &str = include_str!("../../../config/nginx.example.conf");
/// The nodes that the example names.
const NODES: [&str; 3] = ["10.0.0.1:8090", "10.0.0.2:8090", "10.0.0.3:8090"];
/// The lines of the example that are replaced.
const LISTEN: &str = "listen 80;";
const STAY: &str = "hash $handoff_browser consistent;";
/// The file in which it says who answered.
const LOG: &str = "served";
/// Where Debian puts it.
const NGINX: &str = "/usr/sbin/nginx";
/// How often a start is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 200;
const LOOK_PAUSE: Duration = Duration::from_millis(25);

/// Where a balancer sends the requests of one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// To one node, while it lives.
    Sticky,
    /// To one node after the other.
    Everywhere,
}

/// A balancer that runs; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Balancer {
    address: watch::Sender<Option<SocketAddr>>,
    child: Child,
    home: TempDir,
}

impl Balancer {
    /// Starts one before three nodes.
    pub(crate) async fn start(nodes: &[SocketAddr], spread: Spread) -> Result<Self> {
        ensure!(nodes.len() == NODES.len(), "the example has {} nodes", NODES.len());
        let home = tempfile::Builder::new().prefix("handoff-nginx-").tempdir()?;
        let address = free()?;
        fs::write(home.path().join("handoff.conf"), example(nodes, address, spread)?)?;
        fs::write(home.path().join("nginx.conf"), around(home.path()))?;
        let mut command = Command::new(NGINX);
        command.arg("-p").arg(home.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().with_context(|| {
            format!("{NGINX} does not run: `apt-get install nginx`, or `cargo xtask ci` does")
        })?;
        let mut balancer = Self { address: watch::Sender::new(Some(address)), child, home };
        balancer.wait(address).await?;
        Ok(balancer)
    }

    /// Returns where clients find it.
    #[must_use]
    pub(crate) fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Returns which node answered, and what was asked for, request by request as they ended.
    pub(crate) fn served(&self) -> Result<Vec<(String, String)>> {
        let log = fs::read_to_string(self.home.path().join(LOG)).context("read nginx's log")?;
        let words = |line: &str| {
            let (nodes, target) = line.split_once('|')?;
            // Of those that were tried the last one answered.
            let node = nodes.rsplit(", ").next()?;
            Some((node.to_owned(), target.to_owned()))
        };
        Ok(log.lines().filter_map(words).collect())
    }

    async fn wait(&mut self, address: SocketAddr) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("nginx ended at once: {status}");
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        bail!("nginx does not listen at {address}")
    }
}

/// Returns an address that nobody listens at.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn example(nodes: &[SocketAddr], address: SocketAddr, spread: Spread) -> Result<String> {
    let mut text = EXAMPLE.to_owned();
    let mut replace = |from: &str, to: &str| {
        ensure!(text.matches(from).count() == 1, "the example has not one {from:?}");
        text = text.replace(from, to);
        anyhow::Ok(())
    };
    for (from, node) in NODES.iter().zip(nodes) {
        replace(from, &node.to_string())?;
    }
    replace(LISTEN, &format!("listen {address};"))?;
    if spread == Spread::Everywhere {
        replace(STAY, "")?;
    }
    Ok(text)
}

/// Returns the configuration around the example: what it may write is in its own directory.
fn around(home: &Path) -> String {
    let home = home.display();
    let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {home}/{what};"))
        .join(" ");
    format!(
        "daemon off; master_process off; pid {home}/pid; error_log stderr error;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ log_format served '$upstream_addr|$request_uri'; access_log {home}/{LOG} served;\n\
         {kept} include {home}/handoff.conf; }}\n"
    )
}
