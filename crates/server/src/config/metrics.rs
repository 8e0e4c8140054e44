//! Where metrics are told.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where metrics are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    /// The address and port at which `/metrics` is told, as `127.0.0.1:9464`. Empty (the default):
    /// nowhere. Whoever reaches it reads the names of queues and the addresses of mailboxes.
    pub listen: String,
}

impl Metrics {
    /// Returns where metrics are told: `None` for nowhere, an error for what is no address.
    pub(crate) fn place(&self) -> Result<Option<SocketAddr>, ()> {
        match self.listen.as_str() {
            "" => Ok(None),
            address => address.parse().map(Some).map_err(|_| ()),
        }
    }
}
