//! How many passwords are tried for a name, and from where.
//!
//! Whoever comes from an address from which the name's password was once right is known there. What
//! strangers try for a name is bounded: so many in a minute, and fewer from each address, so that
//! one who guesses does not use up what another person needs. A right pair from a known address is
//! never among what is bounded. Names that nobody has are counted like those of users, in a table
//! of a fixed size: they look the same from outside and take no memory by their number.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{Time, UserId};

/// Passwords that strangers may have tried for one name within [`WINDOW_MS`].
const TRIES_MAX: usize = 10;
/// How many of them from one address. A person who mistypes makes fewer; half of them are always
/// left for everybody else.
const TRIES_PER_ADDRESS: usize = 5;
/// Wrong passwords that are compared from one known address within [`WINDOW_MS`], for somebody
/// whose password has changed: nobody types faster.
const KNOWN_TRIES_MAX: usize = 60;
/// The window in which tries are counted, in ms.
const WINDOW_MS: u64 = 60_000;
/// Addresses from which one user is known; the one that was used longest ago goes first.
const KNOWN_MAX: usize = 16;
/// How long an address is known after the password was last right there, in ms: longer than a
/// holiday.
const KNOWN_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
/// How many tables of tries there are for all names that nobody has.
pub(super) const NOBODYS: u16 = 4_096;
/// Users whose tries are remembered before it is worth while to look for those who need not be.
const SWEPT_MIN: usize = 1_024;

/// Names a pair of name and password; see `Basic::tag`.
pub(super) type Tag = [u8; 32];

/// Whose password is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    User(UserId),
    /// Nobody's; names share these numbers.
    Nobody(u16),
}

/// What becomes of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The pair that was right here before: it is compared before everything else.
    Proven,
    /// It is compared. So many were tried from there before.
    May { before: usize },
    /// It is not compared, for so many ms.
    TooMany { wait_ms: u64 },
}

#[derive(Debug)]
struct Known {
    address: Option<IpAddr>,
    pair: Tag,
    last: Time,
    wrong: VecDeque<Time>,
}

#[derive(Debug, Default)]
struct Tries {
    /// What strangers tried within the window, oldest first.
    strangers: VecDeque<(Time, Option<IpAddr>)>,
    /// Where the user is known, longest unused first.
    known: Vec<Known>,
}

impl Tries {
    fn forget_old(&mut self, now: Time) {
        let is_old = |at: Time| now.ms_since(at) >= WINDOW_MS;
        while self.strangers.front().is_some_and(|(at, _)| is_old(*at)) {
            self.strangers.pop_front();
        }
        self.known.retain(|known| now.ms_since(known.last) < KNOWN_MS);
        for known in &mut self.known {
            while known.wrong.front().is_some_and(|at| is_old(*at)) {
                known.wrong.pop_front();
            }
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    names: HashMap<Name, Tries>,
    sweep_at: usize,
}

/// Who tried what.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    inner: Mutex<Inner>,
}

impl Guesses {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a try, in one step with the decision whether it is compared.
    pub(super) fn begin(
        &self,
        name: Name,
        address: Option<IpAddr>,
        pair: &Tag,
        now: Time,
    ) -> Admission {
        let mut inner = self.lock();
        inner.make_room(now);
        let tries = inner.names.entry(name).or_default();
        tries.forget_old(now);
        if let Some(known) = tries.known.iter_mut().find(|known| known.address == address) {
            if known.pair == *pair {
                return Admission::Proven;
            }
            let before = known.wrong.len();
            if before >= KNOWN_TRIES_MAX {
                return too_many(known.wrong.front(), now);
            }
            known.wrong.push_back(now);
            return Admission::May { before };
        }
        let of_address = || tries.strangers.iter().filter(|(_, from)| *from == address);
        let before = of_address().count();
        if before >= TRIES_PER_ADDRESS {
            return too_many(of_address().map(|(at, _)| at).next(), now);
        }
        if tries.strangers.len() >= TRIES_MAX {
            return too_many(tries.strangers.front().map(|(at, _)| at), now);
        }
        tries.strangers.push_back((now, address));
        Admission::May { before }
    }

    /// Notes that a pair was right: its address is known from now on, and what was tried there is
    /// forgotten.
    pub(super) fn right(&self, name: Name, address: Option<IpAddr>, pair: Tag, now: Time) {
        let mut inner = self.lock();
        let tries = inner.names.entry(name).or_default();
        tries.strangers.retain(|(_, from)| *from != address);
        tries.known.retain(|known| known.address != address);
        if tries.known.len() >= KNOWN_MAX {
            tries.known.remove(0);
        }
        tries.known.push(Known { address, pair, last: now, wrong: VecDeque::new() });
    }
}

impl Inner {
    /// Forgets whoever needs not be remembered, when there are twice as many as the last time.
    fn make_room(&mut self, now: Time) {
        if self.names.len() < self.sweep_at.max(SWEPT_MIN) {
            return;
        }
        self.names.retain(|_, tries| {
            tries.forget_old(now);
            !(tries.strangers.is_empty() && tries.known.is_empty())
        });
        self.sweep_at = 2 * self.names.len();
    }
}

fn too_many(oldest: Option<&Time>, now: Time) -> Admission {
    let since = oldest.map_or(0, |at| now.ms_since(*at));
    Admission::TooMany { wait_ms: WINDOW_MS.saturating_sub(since).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KATE: Name = Name::User(UserId(1));
    const PAIR: Tag = [1; 32];
    const OTHER: Tag = [2; 32];

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn is_compared(admission: Admission) -> bool {
        !matches!(admission, Admission::TooMany { .. })
    }

    #[test]
    fn strangers_have_so_many_tries_for_a_name_and_no_address_has_them_all() {
        let guesses = Guesses::default();
        let compared = |from, now| {
            (0..100)
                .filter(|_| is_compared(guesses.begin(KATE, address(from), &OTHER, Time(now))))
                .count()
        };
        assert_eq!(compared(1, 0), 5, "half of them");
        assert_eq!(compared(2, 1_000), 5, "the other half");
        assert_eq!(compared(3, 2_000), 0);
        let admission = guesses.begin(KATE, address(3), &OTHER, Time(2_000));
        assert_eq!(admission, Admission::TooMany { wait_ms: 58_000 });
        assert_eq!(compared(3, 59_999), 0);
        assert_eq!(compared(3, 60_000), 5, "a minute after the first");
        let ben = Name::User(UserId(2));
        assert!(
            is_compared(guesses.begin(ben, address(1), &OTHER, Time(0))),
            "another name has its own"
        );
    }

    #[test]
    fn a_pair_that_was_right_from_an_address_is_never_counted_there() {
        let guesses = Guesses::default();
        guesses.right(KATE, address(1), PAIR, Time(0));
        for from in 1..=200 {
            guesses.begin(KATE, address(from), &OTHER, Time(1));
        }
        assert_eq!(guesses.begin(KATE, address(1), &PAIR, Time(2)), Admission::Proven);
        assert!(
            !is_compared(guesses.begin(KATE, address(201), &PAIR, Time(2))),
            "it is not known elsewhere"
        );
        let changed =
            (0..100).filter(|_| is_compared(guesses.begin(KATE, address(1), &OTHER, Time(2))));
        assert_eq!(changed.count(), KNOWN_TRIES_MAX - 1, "a new password may be tried there");
    }

    #[test]
    fn a_user_is_known_at_so_many_addresses_and_for_so_long() {
        let guesses = Guesses::default();
        for from in 0..=KNOWN_MAX {
            let from = address(u8::try_from(from).unwrap());
            guesses.right(KATE, from, PAIR, Time(0));
        }
        assert_ne!(
            guesses.begin(KATE, address(0), &PAIR, Time(1)),
            Admission::Proven,
            "the oldest went"
        );
        assert_eq!(guesses.begin(KATE, address(1), &PAIR, Time(1)), Admission::Proven);
        assert_ne!(
            guesses.begin(KATE, address(1), &PAIR, Time(KNOWN_MS.cast_signed())),
            Admission::Proven
        );
    }

    #[test]
    fn whoever_needs_not_be_remembered_is_forgotten() {
        let guesses = Guesses::default();
        guesses.right(KATE, address(1), PAIR, Time(0));
        for user in 2..10 * SWEPT_MIN as u128 {
            let now = Time(i64::try_from(user).unwrap() * 1_000);
            guesses.begin(Name::User(UserId(user)), address(1), &OTHER, now);
        }
        assert!(guesses.lock().names.len() <= 2 * SWEPT_MIN);
        assert!(guesses.lock().names.contains_key(&KATE), "who is known somewhere stays");
    }
}
