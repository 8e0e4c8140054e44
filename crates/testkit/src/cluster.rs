//! Several programs over one database, behind a load balancer.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::agent::TestAgent;
use crate::balancer::{Balancer, Proxy, Spread};
use crate::comet::{Comet, Transport};
use crate::http::Client;
use crate::inbox::Inbox;
use crate::program::{Address, Program};

/// How many nodes there are: as many as the balancer's example has.
const NODES: usize = 3;
/// How many characters the ids of a node's CometD sessions begin with (docs/adr/0033).
const PREFIX_CHARS: usize = 8;

/// Where clients come in: a program, or a balancer before several.
pub trait Door {
    /// Returns where clients find it.
    fn address(&self) -> Address;

    fn client(&self, user: &str) -> Client {
        Client::new(&self.address(), user)
    }

    /// Makes a client of nobody.
    fn anonymous(&self) -> Client {
        Client::anonymous(&self.address())
    }
}

impl Door for Address {
    fn address(&self) -> Address {
        self.clone()
    }
}

impl Door for Program {
    fn address(&self) -> Address {
        Self::address(self)
    }
}

/// Three programs and their balancer; all end when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Program>,
    balancer: Balancer,
    _home: Option<TempDir>,
}

impl Door for Cluster {
    fn address(&self) -> Address {
        self.balancer.address()
    }
}

impl Cluster {
    /// Starts three demo centers over a database and nginx before them, with settings as
    /// environment variables.
    pub async fn start(url: &str, settings: &[(&str, &str)], spread: Spread) -> Result<Self> {
        Self::behind(Proxy::Nginx, url, settings, spread).await
    }

    /// Does the same with another balancer.
    pub async fn behind(
        proxy: Proxy,
        url: &str,
        settings: &[(&str, &str)],
        spread: Spread,
    ) -> Result<Self> {
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let node = Program::over(url, settings).await;
            nodes.push(node.with_context(|| format!("start node {number}"))?);
        }
        Self::of(nodes, proxy, spread, None).await
    }

    /// Starts three nodes of the version before, see [`Program::older`].
    pub async fn older(url: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("handoff-cluster-").tempdir()?;
        // That version keeps files in the data directory of its node unless told otherwise.
        let files = home.path().join("files").display().to_string();
        let settings = [settings, &[("HANDOFF__CHAT__FILES", files.as_str())]].concat();
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let node = Program::older(url, &settings).await;
            nodes.push(node.with_context(|| format!("start the older node {number}"))?);
        }
        Self::of(nodes, Proxy::Nginx, Spread::Sticky, Some(home)).await
    }

    async fn of(
        nodes: Vec<Program>,
        proxy: Proxy,
        spread: Spread,
        home: Option<TempDir>,
    ) -> Result<Self> {
        let addresses = nodes.iter().map(Program::server).collect::<Result<Vec<_>>>()?;
        let balancer = Balancer::start(proxy, &addresses, spread).await?;
        Ok(Self { nodes, balancer, _home: home })
    }

    /// Returns where its balancer listens.
    pub(crate) fn front(&self) -> Option<SocketAddr> {
        *self.balancer.address().borrow()
    }

    /// Returns how many nodes have answered requests.
    pub fn served(&self) -> Result<usize> {
        let served = self.balancer.served()?;
        Ok(served.into_iter().map(|(node, _)| node).collect::<BTreeSet<_>>().len())
    }

    /// Returns the node on which an agent's session is: its id begins as those of all sessions of
    /// that node do, and of no other.
    pub async fn node_of(&mut self, agent: &TestAgent) -> Result<&mut Program> {
        let session = agent.comet()?.client_id();
        for place in 0..self.nodes.len() {
            let nodes_own = self.nodes[place].client("ada");
            let other = Comet::open(&nodes_own, Transport::LongPolling, Inbox::default()).await?;
            if other.client_id()[..PREFIX_CHARS] == session[..PREFIX_CHARS] {
                return Ok(&mut self.nodes[place]);
            }
        }
        bail!("no node has the session {session}")
    }
}
