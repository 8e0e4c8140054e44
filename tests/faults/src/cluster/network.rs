//! A network for each node: a namespace of its own with one line to this machine, on which a packet
//! filter drops what shall not pass. That takes root and `nft`; elsewhere nodes are processes like
//! any other, and faults that need a filter are left out.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// The port at which a node listens in its namespace.
const PORT: u16 = 8_090;
/// The table of what is dropped.
const TABLE: &str = "cut";

/// What is dropped between a node and servers' ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drop {
    All,
    /// What the node sends.
    Sent,
    /// What it would receive.
    Received,
    /// So many of a hundred packets, each way.
    Some(u8),
}

/// Where nodes are.
pub(super) struct Network {
    /// The namespaces' names; none where there are none.
    names: Vec<String>,
    is_apart: bool,
    nodes: Vec<SocketAddr>,
    /// The second byte of all addresses.
    part: u8,
}

impl Network {
    /// Makes a place for each node.
    pub(super) async fn make(nodes: usize) -> Result<Self> {
        let part = 100 + u8::try_from(std::process::id() % 100)?;
        let is_apart = may_have_namespaces().await;
        let mut network = Self { names: Vec::new(), is_apart, nodes: Vec::new(), part };
        if !is_apart {
            println!("no network namespaces here (root, ip and nft are needed): cuts by doors");
            for _ in 0..nodes {
                network.nodes.push(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?);
            }
            return Ok(network);
        }
        for number in 0..nodes {
            network.add(number).await?;
        }
        Ok(network)
    }

    async fn add(&mut self, number: usize) -> Result<()> {
        let part = self.part;
        let (name, ours, theirs) =
            (format!("handoff{part}n{number}"), format!("hf{part}n{number}"), "line");
        let (host, node) = (self.host(number), format!("10.{part}.{number}.2"));
        run(&format!("ip netns add {name}")).await?;
        self.names.push(name.clone());
        run(&format!("ip link add {ours} type veth peer name {theirs} netns {name}")).await?;
        run(&format!("ip addr add {host}/30 dev {ours}")).await?;
        run(&format!("ip link set {ours} up")).await?;
        let inside = format!("ip -n {name}");
        run(&format!("{inside} addr add {node}/30 dev {theirs}")).await?;
        run(&format!("{inside} link set {theirs} up")).await?;
        run(&format!("{inside} link set lo up")).await?;
        self.nodes.push(format!("{node}:{PORT}").parse()?);
        Ok(())
    }

    pub(super) const fn has_namespaces(&self) -> bool {
        self.is_apart
    }

    pub(super) fn nodes(&self) -> &[SocketAddr] {
        &self.nodes
    }

    /// Returns this machine's address as a node sees it.
    pub(super) fn host(&self, node: usize) -> String {
        if self.is_apart { format!("10.{}.{node}.1", self.part) } else { "127.0.0.1".to_owned() }
    }

    /// Returns the command that starts a node where it belongs.
    pub(super) fn before(&self, node: usize) -> Vec<String> {
        let words = |name: &String| ["ip", "netns", "exec", name].map(str::to_owned).to_vec();
        self.names.get(node).map(words).unwrap_or_default()
    }

    /// Drops packets between a node and ports, until [`Network::heal`].
    pub(super) async fn cut(&self, node: usize, ports: &[u16], drop: Drop) -> Result<()> {
        let name = self.names.get(node).context("there is no namespace")?;
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let ports = format!("{{ {} }}", ports.join(", "));
        let often = match drop {
            Drop::Some(percent) => format!("numgen random mod 100 < {percent} "),
            Drop::All | Drop::Sent | Drop::Received => String::new(),
        };
        let mut rules = format!("add table inet {TABLE}\n");
        if drop != Drop::Received {
            rules.push_str(&format!(
                "add chain inet {TABLE} out {{ type filter hook output priority 0; }}\n\
                 add rule inet {TABLE} out tcp dport {ports} {often}counter drop\n"
            ));
        }
        if drop != Drop::Sent {
            rules.push_str(&format!(
                "add chain inet {TABLE} in {{ type filter hook input priority 0; }}\n\
                 add rule inet {TABLE} in tcp sport {ports} {often}counter drop\n"
            ));
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name, "nft", &rules]);
        let done = command.output().await.context("run nft")?;
        ensure!(done.status.success(), "nft: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// Lets everything pass again; returns how many packets were dropped.
    pub(super) async fn heal(&self, node: usize) -> Result<u64> {
        let name = self.names.get(node).context("there is no namespace")?;
        let told = said(&format!("ip netns exec {name} nft list table inet {TABLE}")).await?;
        run(&format!("ip netns exec {name} nft delete table inet {TABLE}")).await?;
        let counts = told.split("packets ").skip(1);
        let counts = counts.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }
}

impl std::ops::Drop for Network {
    fn drop(&mut self) {
        for name in &self.names {
            // The line goes with it.
            let mut command = std::process::Command::new("ip");
            let _ = command.args(["netns", "delete", name]).stderr(Stdio::null()).status();
        }
    }
}

async fn may_have_namespaces() -> bool {
    let name = format!("handoff{}", std::process::id());
    let tried = async {
        run(&format!("ip netns add {name}")).await?;
        let filtered = run(&format!("ip netns exec {name} nft add table inet {TABLE}")).await;
        run(&format!("ip netns delete {name}")).await?;
        filtered
    };
    tried.await.is_ok()
}

async fn run(words: &str) -> Result<()> {
    said(words).await.map(drop)
}

async fn said(words: &str) -> Result<String> {
    let mut words = words.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).stdin(Stdio::null());
    let done = command.output().await.context("run a command of the network")?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
