//! What nodes tell each other beside their leases: what each says of itself, and which duties it
//! has.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{Incarnation, Time};
use serde::{Deserialize, Serialize};

/// What a node says of itself. Older and newer programs read it, so a field is never changed, and
/// what is not there has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AboutNode {
    /// What people call it.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// When it started, by its clock, in ms since 1970.
    pub started_ms: i64,
    /// What the ids of CometD sessions on it begin with; empty where nobody needs to know.
    pub session_prefix: String,
    /// Where other nodes reach it, as `host:port`, by TLS as `https://host:port`; empty where they
    /// do not.
    pub address: String,
    /// Agents' sessions that are open on it.
    pub sessions: u64,
    /// By how many entries each of its readers is behind the log.
    pub behind: BTreeMap<String, u64>,
    /// The duties that failed on it again and again, and that it leaves to others for a while.
    pub resting: BTreeSet<String>,
}

impl AboutNode {
    /// Returns when it started, by its clock.
    #[must_use]
    pub const fn started(&self) -> Time {
        Time(self.started_ms)
    }
}

/// A node whose lease is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivingNode {
    pub node: Incarnation,
    /// What it said last.
    pub about: AboutNode,
    /// Its duties, by their names.
    pub duties: BTreeSet<String>,
}
