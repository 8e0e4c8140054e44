//! A node of the installation, as an operator is shown it.

use handoff_domain::Incarnation;
use handoff_store::LivingNode;
use serde::Serialize;

use crate::wire::date;

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeResource {
    /// Its incarnation: another one when it was started again, or counted as dead for a while.
    pub id: String,
    pub name: String,
    pub version: String,
    pub started: String,
    /// What the ids of CometD sessions on it begin with; empty where there is one node.
    pub session_prefix: String,
    /// Where other nodes reach it, as `host:port`, by TLS as `https://host:port`; empty where they
    /// do not.
    pub address: String,
    /// Whether it is the one that answers.
    pub is_this: bool,
    /// Agents' sessions that are open on it.
    pub sessions: u64,
    pub duties: Vec<String>,
    /// The duties that failed on it again and again, and that it leaves to others for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resting: Vec<String>,
    pub readers: Vec<ReaderResource>,
}

/// A reader of the log on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReaderResource {
    pub name: String,
    /// By how many entries it is behind the log.
    pub behind: u64,
}

impl NodeResource {
    /// Shows a node to whoever asked `this` one.
    #[must_use]
    pub fn new(node: &LivingNode, this: Incarnation) -> Self {
        let about = &node.about;
        let reader = |(name, behind): (&String, &u64)| ReaderResource {
            name: name.clone(),
            behind: *behind,
        };
        Self {
            id: node.node.to_string(),
            name: about.name.clone(),
            version: about.version.clone(),
            started: date::print(about.started()),
            session_prefix: about.session_prefix.clone(),
            address: about.address.clone(),
            is_this: node.node == this,
            sessions: about.sessions,
            duties: node.duties.iter().cloned().collect(),
            resting: about.resting.iter().cloned().collect(),
            readers: about.behind.iter().map(reader).collect(),
        }
    }
}
