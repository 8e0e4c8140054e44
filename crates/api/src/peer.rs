//! Where a connection comes from.

use std::net::{IpAddr, Ipv6Addr};

/// The address that a connection comes from; the server puts it into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress(pub IpAddr);

impl PeerAddress {
    /// Returns it as people read it.
    #[must_use]
    pub fn printed(self) -> String {
        self.0.to_canonical().to_string()
    }

    /// Returns what counts as one whoever it is: an IPv4 address, or the /64 network that one IPv6
    /// customer has alone.
    #[must_use]
    pub const fn subscriber(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 @ IpAddr::V4(_) => v4,
        }
    }
}
