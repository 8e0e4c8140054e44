//! Which login sessions were alive a moment ago: whoever asks again at once costs the store
//! nothing, as a poll does that follows each notification.
//!
//! What is ended on this node is forgotten before whoever ended it is answered. What is ended on
//! another is taken for alive for as long as it is remembered; one by which something is open here
//! is forgotten before that ends.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::Time;

use super::on_record::OnRecord;

/// How long a login session that was found alive is taken for alive, in ms: so long may a cookie
/// that was logged out on one node be good on another.
const ALIVE_MS: u64 = 1_000;
/// Login sessions remembered. At the bound what is over is forgotten, and when that is not enough,
/// all of it: forgetting costs a read.
const ENTRIES_MAX: usize = 16_384;

/// What this node remembers of login sessions.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    inner: Mutex<Inner>,
    on_record: OnRecord,
}

#[derive(Debug, Default)]
struct Inner {
    /// Until when, by the id under which each is stored.
    alive: HashMap<String, Time>,
    /// How many are known to have been ended.
    ended: u64,
}

/// When somebody began to look whether a login session is alive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    ended: u64,
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how much of them was put on record.
    pub(crate) const fn on_record(&self) -> &OnRecord {
        &self.on_record
    }

    /// Tells whether one was alive a moment ago.
    pub(super) fn is_alive(&self, id: &str, now: Time) -> bool {
        self.lock().alive.get(id).is_some_and(|until| now < *until)
    }

    /// Begins to look. To be called before the store is asked.
    pub(super) fn look(&self) -> Look {
        Look { ended: self.lock().ended }
    }

    /// Tells whether any is known to have been ended since somebody began to look.
    pub(super) fn has_one_ended_since(&self, look: Look) -> bool {
        self.lock().ended != look.ended
    }

    /// Remembers one that was found alive, unless any was ended meanwhile: it may be that one, and
    /// what was read be from before.
    pub(super) fn found_alive(&self, look: Look, id: &str, now: Time) {
        let mut inner = self.lock();
        if inner.ended != look.ended {
            return;
        }
        if inner.alive.len() >= ENTRIES_MAX {
            inner.alive.retain(|_, until| now < *until);
        }
        if inner.alive.len() >= ENTRIES_MAX {
            inner.alive.clear();
        }
        inner.alive.insert(id.to_owned(), now.plus_ms(ALIVE_MS));
    }

    /// Forgets one that was ended, here or elsewhere.
    pub(crate) fn ended(&self, id: &str) {
        let mut inner = self.lock();
        inner.ended += 1;
        inner.alive.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_alive_for_a_moment_and_not_once_it_was_ended() {
        let logins = Logins::default();
        logins.found_alive(logins.look(), "a", Time(0));
        logins.found_alive(logins.look(), "b", Time(0));
        assert!(logins.is_alive("a", Time(999)) && !logins.is_alive("a", Time(1_000)));
        let before = logins.look();
        logins.ended("a");
        assert!(!logins.is_alive("a", Time(1)) && logins.is_alive("b", Time(1)));
        logins.found_alive(before, "a", Time(1));
        assert!(!logins.is_alive("a", Time(1)), "it was read before it ended");
        assert!(logins.has_one_ended_since(before) && !logins.has_one_ended_since(logins.look()));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let logins = Logins::default();
        for number in 0..=ENTRIES_MAX {
            logins.found_alive(logins.look(), &number.to_string(), Time(0));
        }
        assert!(logins.lock().alive.len() <= ENTRIES_MAX);
        assert!(logins.is_alive(&ENTRIES_MAX.to_string(), Time(0)), "the newest is there");
    }
}
