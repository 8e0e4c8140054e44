//! Networks of addresses, as operators write them.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A network: an address and how many of its bits count, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Tells whether an address is one of the network's.
    pub(crate) fn has(self, address: IpAddr) -> bool {
        let differ = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                u128::from(own.to_bits() ^ other.to_bits()) << 96
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => own.to_bits() ^ other.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differ.leading_zeros() >= self.bits
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let none =
            || format!("{text:?} is no network, expected such as \"10.0.0.0/8\" or \"192.0.2.1\"");
        let (address, bits) = text.split_once('/').unwrap_or((&text, ""));
        let address: IpAddr = address.parse().map_err(|_| none())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = if text.contains('/') { bits.parse().map_err(|_| none())? } else { all };
        match bits {
            0 => Err(format!("{text:?} is everybody, expected networks of your own alone")),
            1.. if bits <= all && address == address.to_canonical() => Ok(Self { address, bits }),
            _ => Err(none()),
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        let table = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("10.0.0.0/8", "a00::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::1", "::1", true),
        ];
        for (network, address, has) in table {
            let read = Network::try_from(network.to_owned()).unwrap();
            assert_eq!(read.has(address.parse().unwrap()), has, "{network} {address}");
            assert_eq!(Network::try_from(read.to_string()), Ok(read));
        }
    }

    #[test]
    fn what_is_none_is_told() {
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "proxy", "::ffff:10.0.0.1/8"] {
            let told = Network::try_from(text.to_owned()).unwrap_err();
            assert!(told.contains("is no network"), "{told}");
        }
        for text in ["0.0.0.0/0", "::/0"] {
            assert!(Network::try_from(text.to_owned()).unwrap_err().contains("everybody"));
        }
    }
}
