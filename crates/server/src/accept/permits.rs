//! Who has how many connections.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_api::PeerAddress;
use handoff_cometd::Identity;

use super::limits::Limits;

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The server's.
    Server,
    /// The address's.
    Address,
}

/// All connections, counted.
#[derive(Debug)]
pub(super) struct Permits {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    by_user: HashMap<Identity, usize>,
}

/// One connection's place. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Permit {
    permits: Arc<Permits>,
    owner: Mutex<Owner>,
}

/// Whose a connection is.
#[derive(Debug)]
struct Owner {
    /// That of the last request; none before the first one of a proxy.
    address: Option<IpAddr>,
    /// The user who was last authenticated on the connection.
    user: Option<Identity>,
}

impl Permits {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: Mutex::default() }
    }

    /// Takes a place for a connection from `address`; from a proxy, of whose clients nothing is
    /// known yet, without one.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Full> {
        let address = address.map(|address| PeerAddress(address).subscriber());
        let mut taken = self.lock();
        if taken.all >= self.limits.connections {
            return Err(Full::Server);
        }
        if address.is_some_and(|address| !taken.count(address, &self.limits)) {
            return Err(Full::Address);
        }
        taken.all += 1;
        let owner = Mutex::new(Owner { address, user: None });
        Ok(Permit { permits: self.clone(), owner })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Counts one more of an address, unless that has as many as it may.
    fn count(&mut self, address: IpAddr, limits: &Limits) -> bool {
        let of_address = self.by_address.entry(address).or_default();
        let has_room = *of_address < limits.connections_per_address;
        *of_address += usize::from(has_room);
        has_room
    }
}

impl Permit {
    /// Counts the connection as an address's, and tells whether that may have it. One that it may
    /// not have stays whose it was.
    pub(super) fn comes_from(&self, address: IpAddr) -> bool {
        let address = PeerAddress(address).subscriber();
        let mut owner = self.owner();
        if owner.address == Some(address) {
            return true;
        }
        let mut taken = self.permits.lock();
        if !taken.count(address, &self.permits.limits) {
            return false;
        }
        if let Some(before) = owner.address.replace(address) {
            leave(&mut taken.by_address, before);
        }
        true
    }

    fn owner(&self) -> MutexGuard<'_, Owner> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the connection as a user's, and tells whether they may have it. One that they may not
    /// have is not counted.
    pub(super) fn belongs_to(&self, user: &Identity) -> bool {
        let mut owner = self.owner();
        if owner.user.as_ref() == Some(user) {
            return true;
        }
        let mut taken = self.permits.lock();
        if let Some(before) = owner.user.take() {
            leave(&mut taken.by_user, before);
        }
        let of_user = taken.by_user.entry(user.clone()).or_default();
        if *of_user >= self.permits.limits.connections_per_user {
            return false;
        }
        *of_user += 1;
        owner.user = Some(user.clone());
        true
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let owner = self.owner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (address, user) = (owner.address.take(), owner.user.take());
        let mut taken = self.permits.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(address) = address {
            leave(&mut taken.by_address, address);
        }
        if let Some(user) = user {
            leave(&mut taken.by_user, user);
        }
    }
}

/// Counts one down, and forgets whoever has none, so that the table is no larger than what is open.
fn leave<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::accept::tests::LIMITS;

    fn permits() -> Arc<Permits> {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            connections_per_user: 1,
            ..LIMITS
        };
        Arc::new(Permits::new(limits))
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    fn parsed(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_has_so_many_and_gets_them_back() {
        let permits = permits();
        let first = permits.take(address(1)).unwrap();
        let _second = permits.take(address(1)).unwrap();
        assert_eq!(permits.take(address(1)).unwrap_err(), Full::Address);
        drop(first);
        let _third = permits.take(address(1)).unwrap();
        let _other = permits.take(address(2)).unwrap();
        assert_eq!(permits.take(address(3)).unwrap_err(), Full::Server);
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let permits = permits();
        let _one = permits.take(parsed("2001:db8:0:1::1")).unwrap();
        let _two = permits.take(parsed("2001:db8:0:1:ffff::2")).unwrap();
        assert_eq!(permits.take(parsed("2001:db8:0:1::3")).unwrap_err(), Full::Address);
        assert!(permits.take(parsed("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn a_mapped_address_is_the_same_as_its_plain_form() {
        let permits = permits();
        let _one = permits.take(address(1)).unwrap();
        let _two = permits.take(parsed("::ffff:192.0.2.1")).unwrap();
        assert_eq!(permits.take(address(1)).unwrap_err(), Full::Address);
    }

    #[test]
    fn a_user_has_so_many_wherever_he_is() {
        let permits = permits();
        let (kate, ben) = (Identity::new("kate"), Identity::new("ben"));
        let first = permits.take(address(1)).unwrap();
        let second = permits.take(address(2)).unwrap();
        assert!(first.belongs_to(&kate));
        assert!(first.belongs_to(&kate), "counted once");
        assert!(!second.belongs_to(&kate));
        assert!(second.belongs_to(&ben));
        drop(first);
        assert!(second.belongs_to(&kate), "changed hands after the first was closed");
        assert_eq!(permits.lock().by_user.len(), 1);
        drop(second);
        assert!(permits.lock().by_user.is_empty() && permits.lock().by_address.is_empty());
    }

    #[test]
    fn a_proxys_connection_counts_for_the_client_of_its_last_request() {
        let permits = permits();
        let [one, other] = [1, 2].map(|last| address(last).unwrap());
        let [first, second] = [permits.take(None).unwrap(), permits.take(None).unwrap()];
        assert!(first.comes_from(one) && first.comes_from(one), "counted once");
        assert!(second.comes_from(one));
        assert_eq!(permits.take(address(1)).unwrap_err(), Full::Address);
        let third = permits.take(None).unwrap();
        assert!(!third.comes_from(one) && third.comes_from(other));
        assert!(!third.comes_from(one), "it stays whose it was");
        assert_eq!(permits.lock().by_address[&other], 1);
        assert!(first.comes_from(other) && third.permits.lock().by_address[&one] == 1);
        drop((first, second, third));
        assert!(permits.lock().by_address.is_empty());
    }
}
