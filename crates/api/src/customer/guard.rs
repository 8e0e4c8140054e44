//! What keeps the anonymous side from being used up: counts by address, and which pages may call.
//!
//! Everything here is kept in memory and forgotten with the process; none of it protects data,
//! which the secure key does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_content::space::Space;
use handoff_domain::{InteractionId, Time};

use super::options::Options;
use super::refusal::{CustomerRefusal, RefusalKind};
use crate::limit::Limiter;
use crate::peer::PeerAddress;

/// Chats altogether that are remembered with the addresses that began them: more than one machine
/// can have live.
const CHATS_MAX: usize = 100_000;
/// Addresses before it is worth while to look for those whose chats have all ended.
const SWEPT_MIN: usize = 1_024;

pub(crate) struct Guard {
    /// Requests by address, those inside sockets and batches included.
    pub(crate) requests: Arc<Limiter<IpAddr>>,
    messages: Limiter<InteractionId>,
    chats: Mutex<Chats>,
    chats_per_address: usize,
    bytes_of_address: Limiter<IpAddr>,
    bytes_of_service: Limiter<String>,
    space: Arc<dyn Space>,
}

/// The chats that each address began.
#[derive(Default)]
struct Chats {
    by_address: HashMap<IpAddr, Vec<Begun>>,
    count: usize,
    number: u64,
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    /// It is being opened.
    Opening(u64),
    Chat(InteractionId),
}

impl Begun {
    fn lasts(self, is_live: &impl Fn(InteractionId) -> bool) -> bool {
        match self {
            Self::Opening(_) => true,
            Self::Chat(chat) => is_live(chat),
        }
    }
}

impl Chats {
    /// Forgets chats that have ended, of one address or of all.
    fn sweep(&mut self, address: IpAddr, is_live: &impl Fn(InteractionId) -> bool) {
        if self.by_address.len() >= self.sweep_at.max(SWEPT_MIN) || self.count >= CHATS_MAX {
            self.by_address.retain(|_, begun| {
                begun.retain(|one| one.lasts(is_live));
                !begun.is_empty()
            });
            self.sweep_at = 2 * self.by_address.len();
            self.count = self.by_address.values().map(Vec::len).sum();
        } else if let Some(begun) = self.by_address.get_mut(&address) {
            let before = begun.len();
            begun.retain(|one| one.lasts(is_live));
            self.count -= before - begun.len();
            if begun.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }

    fn replace(&mut self, address: IpAddr, from: Begun, to: Option<Begun>) {
        let Some(begun) = self.by_address.get_mut(&address) else { return };
        let Some(place) = begun.iter().position(|one| *one == from) else { return };
        match to {
            Some(to) => begun[place] = to,
            None => {
                begun.swap_remove(place);
                self.count -= 1;
            }
        }
        if begun.is_empty() {
            self.by_address.remove(&address);
        }
    }
}

/// The place of a chat that is being opened among those of its address. Dropped, it is free again.
pub(crate) struct Place<'a> {
    guard: &'a Guard,
    address: IpAddr,
    begun: Begun,
}

impl Place<'_> {
    /// Says which chat it became.
    pub(crate) fn keep(self, chat: InteractionId) {
        self.guard.chats().replace(self.address, self.begun, Some(Begun::Chat(chat)));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // After `keep` there is none of that number.
        self.guard.chats().replace(self.address, self.begun, None);
    }
}

impl Guard {
    pub(super) fn new(options: &Options, space: Arc<dyn Space>) -> Self {
        Self {
            requests: Arc::new(Limiter::new(options.requests_per_s)),
            messages: Limiter::new(options.messages_per_s),
            chats: Mutex::default(),
            chats_per_address: options.chats_per_address,
            bytes_of_address: Limiter::per_hour(options.bytes_per_address),
            bytes_of_service: Limiter::per_hour(options.bytes_per_service),
            space,
        }
    }

    fn chats(&self) -> MutexGuard<'_, Chats> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message of a customer.
    pub(crate) fn count_message(
        &self,
        chat: InteractionId,
        now: Time,
    ) -> Result<(), CustomerRefusal> {
        match self.messages.wait_ms(chat, now) {
            None => Ok(()),
            Some(_) => Err(CustomerRefusal::new(
                RefusalKind::TooMany,
                "Too many messages; wait a second and send it again.",
            )),
        }
    }

    /// Takes a place for one more chat of an address, in one step with the decision whether it may
    /// have one; `is_live` tells which of those that it began still are.
    pub(crate) fn may_begin(
        &self,
        address: IpAddr,
        is_live: impl Fn(InteractionId) -> bool,
    ) -> Result<Place<'_>, CustomerRefusal> {
        let mut chats = self.chats();
        chats.sweep(address, &is_live);
        let of_address = chats.by_address.get(&address).map_or(0, Vec::len);
        if of_address >= self.chats_per_address || chats.count >= CHATS_MAX {
            let advice =
                "There are too many chats from your address; end one of them or try again later.";
            return Err(CustomerRefusal::new(RefusalKind::TooManyChats, advice));
        }
        chats.number += 1;
        chats.count += 1;
        let begun = Begun::Opening(chats.number);
        chats.by_address.entry(address).or_default().push(begun);
        Ok(Place { guard: self, address, begun })
    }

    /// Tells whether an address may bring a service something that is kept: there is room on the
    /// disk, and neither has brought its hour's share. One that is let in may bring more than what
    /// is left, up to the bound of its request.
    pub(crate) fn may_bring(
        &self,
        address: IpAddr,
        service: &str,
        now: Time,
    ) -> Result<(), CustomerRefusal> {
        if self.space.is_short() {
            let advice = "The server is short of space and takes nothing in for the moment; nothing was kept, \
                          try again in a few minutes.";
            return Err(CustomerRefusal::new(RefusalKind::NoSpace, advice).after_s(60));
        }
        let of_address = self.bytes_of_address.overdraw(address, 0, now);
        if let Some(wait_ms) = of_address {
            let advice = "So much was sent from your address within an hour that no more is taken; try again later.";
            return Err(CustomerRefusal::new(RefusalKind::Quota, advice).after_ms(wait_ms));
        }
        let of_service = self.bytes_of_service.overdraw(service.to_owned(), 0, now);
        of_service.map_or(Ok(()), |wait_ms| {
            let advice =
                "So much was sent to this service within an hour that no more is taken; try again later.";
            Err(CustomerRefusal::new(RefusalKind::Quota, advice).after_ms(wait_ms))
        })
    }

    /// Counts what an address has brought a service, in bytes.
    pub(crate) fn brought(&self, address: IpAddr, service: &str, bytes: u64, now: Time) {
        // Whoever brings too much is told the next time.
        _ = self.bytes_of_address.overdraw(address, bytes, now);
        _ = self.bytes_of_service.overdraw(service.to_owned(), bytes, now);
    }
}

/// Returns what a request counts for: its IPv4 address or its /64 network. Requests whose address
/// is not known count together.
pub(crate) fn address_of(request: &axum::http::Extensions) -> IpAddr {
    request.get::<PeerAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.subscriber())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use handoff_content::space::Endless;

    use super::*;

    #[test]
    fn an_address_has_so_many_live_chats() {
        let guard =
            Guard::new(&Options { chats_per_address: 2, ..Options::default() }, Arc::new(Endless));
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for number in 1..=2 {
            guard.may_begin(one, |_| true).unwrap().keep(InteractionId(number));
        }
        assert_eq!(guard.may_begin(one, |_| true).err().unwrap().kind, RefusalKind::TooManyChats);
        guard.may_begin(other, |_| true).unwrap();
        guard.may_begin(one, |chat| chat != InteractionId(1)).unwrap();
    }

    #[test]
    fn chats_that_are_being_opened_count_and_one_that_came_to_nothing_does_not() {
        let guard =
            Guard::new(&Options { chats_per_address: 2, ..Options::default() }, Arc::new(Endless));
        let address = IpAddr::from([127, 0, 0, 1]);
        let first = guard.may_begin(address, |_| true).unwrap();
        let second = guard.may_begin(address, |_| true).unwrap();
        assert!(guard.may_begin(address, |_| true).is_err(), "all at the same moment");
        drop(first);
        second.keep(InteractionId(1));
        let third = guard.may_begin(address, |_| true).unwrap();
        drop(third);
        assert_eq!(guard.chats().count, 1);
        drop(guard.may_begin(address, |_| false));
        assert!(guard.chats().by_address.is_empty(), "whoever has none is forgotten");
        assert_eq!(guard.chats().count, 0);
    }

    #[test]
    fn addresses_whose_chats_have_ended_are_forgotten_although_they_never_come_again() {
        let guard = Guard::new(&Options::default(), Arc::new(Endless));
        for number in 0..20_000_u32 {
            let is_live = |chat: InteractionId| chat.0 > u128::from(number).saturating_sub(10);
            let place = guard.may_begin(IpAddr::from(number.to_be_bytes()), is_live).unwrap();
            place.keep(InteractionId(u128::from(number)));
        }
        assert!(guard.chats().by_address.len() <= SWEPT_MIN);
    }

    #[test]
    fn a_disk_that_is_short_of_space_takes_nothing_and_an_address_and_a_service_have_their_shares()
    {
        struct Short(AtomicBool);
        #[async_trait::async_trait]
        impl Space for Short {
            fn is_short(&self) -> bool {
                self.0.load(Ordering::Relaxed)
            }
            async fn probe(&self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let space = Arc::new(Short(AtomicBool::new(true)));
        let options =
            Options { bytes_per_address: 1_000, bytes_per_service: 2_500, ..Options::default() };
        let guard = Guard::new(&options, space.clone());
        let kind = |last: u8, service: &str| {
            let brought = guard.may_bring(IpAddr::from([192, 0, 2, last]), service, Time(0));
            brought.err().map(|refusal| refusal.kind)
        };
        let bring = |last: u8, bytes| {
            guard.brought(IpAddr::from([192, 0, 2, last]), "help", bytes, Time(0))
        };
        assert_eq!(kind(1, "help"), Some(RefusalKind::NoSpace));
        space.0.store(false, Ordering::Relaxed);
        assert_eq!(kind(1, "help"), None);
        bring(1, 1_000);
        assert_eq!(kind(1, "help"), Some(RefusalKind::Quota), "its share is used");
        assert_eq!(kind(2, "help"), None, "another address has its own");
        bring(2, 1_000);
        bring(3, 900);
        assert_eq!(kind(3, "help"), Some(RefusalKind::Quota), "the service's share is used");
        assert_eq!(kind(3, "sales"), None, "another service has its own");
    }
}
