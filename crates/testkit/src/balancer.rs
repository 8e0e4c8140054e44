//! A load balancer before several nodes: nginx, HAProxy or Caddy, with the example that operators
//! are given.

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

/// The nodes that the examples name.
const NODES: [&str; 3] = ["10.0.0.1:8090", "10.0.0.2:8090", "10.0.0.3:8090"];
/// What keeps a browser at its node, in nginx's example.
const STAY: &str = "hash $handoff_browser consistent;";
/// The file in which nginx says who answered.
const LOG: &str = "served";
/// The file with the example.
const EXAMPLE: &str = "handoff";
/// The file with the configuration around it.
const AROUND: &str = "around";
/// How often a start is looked for, and the pause before each look.
const LOOKS_MAX: u32 = 200;
const LOOK_PAUSE: Duration = Duration::from_millis(25);

/// Which program balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    Nginx,
    HaProxy,
    Caddy,
}

impl Proxy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nginx, Self::HaProxy, Self::Caddy];

    /// Returns what operators are given.
    const fn example(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../../../config/nginx.example.conf"),
            Self::HaProxy => include_str!("../../../config/haproxy.example.cfg"),
            Self::Caddy => include_str!("../../../config/Caddyfile.example"),
        }
    }

    /// Returns the part of the example that says where it listens, and what stands there for an
    /// address.
    fn listen(self, address: SocketAddr) -> (&'static str, String) {
        match self {
            Self::Nginx => ("listen 80;", format!("listen {address};")),
            Self::HaProxy => ("bind :80", format!("bind {address}")),
            Self::Caddy => (":80 {", format!(":{} {{", address.port())),
        }
    }

    /// Returns the configuration around the example: what it may write is in its own directory.
    fn around(self, home: &Path) -> String {
        let example = home.join(EXAMPLE);
        let (example, home) = (example.display(), home.display());
        match self {
            Self::Nginx => {
                let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|what| format!("{what}_temp_path {home}/{what};"))
                    .join(" ");
                format!(
                    "daemon off; master_process off; pid {home}/pid; error_log stderr crit;\n\
                     events {{ worker_connections 4096; }}\n\
                     http {{ log_format served '$upstream_addr|$request_uri';\n\
                     access_log {home}/{LOG} served; {kept} include {example}; }}\n"
                )
            }
            Self::HaProxy => "global\n    maxconn 4096\n".to_owned(),
            Self::Caddy => format!(
                "{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tlog {{\n\t\tlevel ERROR\n\t}}\n}}\n\
                 import {example}\n"
            ),
        }
    }

    /// Returns where Debian puts it, and what it is called there.
    const fn installed(self) -> (&'static str, &'static str) {
        match self {
            Self::Nginx => ("/usr/sbin/nginx", "nginx"),
            Self::HaProxy => ("/usr/sbin/haproxy", "haproxy"),
            Self::Caddy => ("/usr/bin/caddy", "caddy"),
        }
    }

    fn command(self, home: &Path) -> Command {
        let mut command = Command::new(self.installed().0);
        let (around, example) = (home.join(AROUND), home.join(EXAMPLE));
        match self {
            Self::Nginx => {
                command.arg("-p").arg(home).args(["-c", AROUND, "-e", "stderr"]);
            }
            Self::HaProxy => {
                command.args(["-db", "-q", "-f"]).arg(around).arg("-f").arg(example);
            }
            Self::Caddy => {
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(around);
                command.envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, home)));
            }
        }
        command
    }

    fn run(self, home: &Path) -> Result<Child> {
        let mut command = self.command(home);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.spawn().with_context(|| {
            let (program, package) = self.installed();
            format!("{program} does not run: `apt-get install {package}`, or `cargo xtask ci` does")
        })
    }
}

/// Where a balancer sends the requests of one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// To one node, while it lives.
    Sticky,
    /// To one node after the other; nginx alone does.
    Everywhere,
}

/// A balancer that runs; it ends when it is dropped.
#[derive(Debug)]
pub struct Balancer {
    proxy: Proxy,
    address: watch::Sender<Option<SocketAddr>>,
    child: Child,
    home: TempDir,
}

impl Balancer {
    /// Starts one before three nodes.
    pub async fn start(proxy: Proxy, nodes: &[SocketAddr], spread: Spread) -> Result<Self> {
        ensure!(nodes.len() == NODES.len(), "the example has {} nodes", NODES.len());
        let home = tempfile::Builder::new().prefix("handoff-balancer-").tempdir()?;
        let address = free()?;
        fs::write(home.path().join(EXAMPLE), example(proxy, nodes, address, spread)?)?;
        fs::write(home.path().join(AROUND), proxy.around(home.path()))?;
        let child = proxy.run(home.path())?;
        let mut balancer = Self { proxy, address: watch::Sender::new(Some(address)), child, home };
        balancer.wait(address).await?;
        Ok(balancer)
    }

    /// Kills it and starts it anew: every connection through it ends.
    pub async fn restart(&mut self) -> Result<()> {
        let address = self.address.borrow().context("it has an address from its start on")?;
        self.child.kill().await.context("kill the balancer")?;
        self.child = self.proxy.run(self.home.path())?;
        self.wait(address).await
    }

    /// Returns where clients find it.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Returns which node answered, and what was asked for, request by request as they ended; nginx
    /// alone says so.
    pub fn served(&self) -> Result<Vec<(String, String)>> {
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
                bail!("the balancer ended at once: {status}");
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        bail!("the balancer does not listen at {address}")
    }
}

/// Returns an address that nobody listens at.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn example(
    proxy: Proxy,
    nodes: &[SocketAddr],
    address: SocketAddr,
    spread: Spread,
) -> Result<String> {
    let mut text = proxy.example().to_owned();
    let mut replace = |from: &str, to: &str| {
        ensure!(text.matches(from).count() == 1, "the example has not one {from:?}");
        text = text.replace(from, to);
        anyhow::Ok(())
    };
    for (from, node) in NODES.iter().zip(nodes) {
        replace(from, &node.to_string())?;
    }
    let (from, to) = proxy.listen(address);
    replace(from, &to)?;
    if spread == Spread::Everywhere {
        replace(STAY, "")?;
    }
    Ok(text)
}
