//! Who is believed when they say whom they speak for.

use std::net::IpAddr;
use std::sync::Arc;

use crate::config::Network;

/// The proxies that are trusted. By default there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Arc<[Network]>);

impl Proxies {
    /// Trusts all of these networks.
    pub(crate) fn of(networks: impl IntoIterator<Item = Network>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Tells whether one of them has this address.
    pub(super) fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}
