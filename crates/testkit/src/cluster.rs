//! Several programs over one database, behind a load balancer.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::balancer::{Balancer, Spread};
use crate::http::Client;
use crate::program::{Address, Program};

/// How many nodes there are: as many as the balancer's example has.
const NODES: usize = 3;

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
    _home: TempDir,
}

impl Door for Cluster {
    fn address(&self) -> Address {
        self.balancer.address()
    }
}

impl Cluster {
    /// Starts three demo centers over a database, with settings as environment variables.
    pub async fn start(url: &str, settings: &[(&str, &str)], spread: Spread) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("handoff-cluster-").tempdir()?;
        let files = home.path().join("files").display().to_string();
        let settings = [settings, &[("HANDOFF__CHAT__FILES", files.as_str())]].concat();
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let node = Program::over(url, &settings).await;
            nodes.push(node.with_context(|| format!("start node {number}"))?);
        }
        let addresses = nodes.iter().map(Program::server).collect::<Result<Vec<_>>>()?;
        let balancer = Balancer::start(&addresses, spread).await?;
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

    /// Returns the node that answered the last request to a target.
    pub fn node_of(&mut self, target: &str) -> Result<&mut Program> {
        let served = self.balancer.served()?;
        let last = served.into_iter().rfind(|(_, asked)| asked == target);
        let (node, _) = last.with_context(|| format!("nobody asked for {target}"))?;
        let mut nodes = self.nodes.iter_mut();
        let found = nodes.find(|program| program.server().is_ok_and(|it| it.to_string() == node));
        found.with_context(|| format!("{node} is no node"))
    }
}
