//! How the nodes of a cluster tell each other to look at what changed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What carries hints between nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Carrier {
    /// The database, when nodes share one; nothing with the embedded store, whose node is alone.
    #[default]
    Auto,
    /// The database's notifications.
    Notify,
    /// NATS servers.
    Nats,
    /// Nothing: what other nodes did is found by looking, within a second.
    None,
}

/// How the nodes of a cluster tell each other to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bus {
    /// What carries hints between nodes. Default `auto`.
    pub kind: Carrier,
    /// `nats`: the servers, such as `tls://a:4222,tls://b:4222`.
    pub url: String,
    /// `nats`: the subject that this cluster has for itself. Default `handoff`.
    pub subject: String,
    /// `nats`: the name of this node's login; empty with a token or a certificate.
    pub user: String,
    /// `nats`: a file with the login's password, or with a token when `user` is empty.
    pub password_file: PathBuf,
    /// `nats`: a PEM file of authorities in place of the system's.
    pub authorities: PathBuf,
    /// `nats`: a PEM file with this node's certificate.
    pub certificate: PathBuf,
    /// `nats`: a PEM file with the certificate's key.
    pub certificate_key: PathBuf,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            kind: Carrier::Auto,
            url: String::new(),
            subject: "handoff".to_owned(),
            user: String::new(),
            password_file: PathBuf::new(),
            authorities: PathBuf::new(),
            certificate: PathBuf::new(),
            certificate_key: PathBuf::new(),
        }
    }
}

impl Bus {
    /// Returns the addresses of the servers.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &str> {
        self.url.split(',').map(str::trim)
    }
}
