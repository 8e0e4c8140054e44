//! Who looks at which interaction now. It is kept nowhere: each node hears of it from the others,
//! and what nobody renews is over.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{InteractionId, Time, UserId};

/// Users whose look is remembered; more than work at one center. Others are not seen.
const USERS_MAX: usize = 100_000;

/// Who looks at what. A user looks at one interaction at a time.
#[derive(Default)]
pub(super) struct Viewers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// What each looks at, and until when unless they say so again.
    looks: HashMap<UserId, (InteractionId, Time)>,
    of: HashMap<InteractionId, BTreeSet<UserId>>,
}

impl Inner {
    fn take_away(&mut self, user: UserId) -> Option<InteractionId> {
        let (id, _) = self.looks.remove(&user)?;
        if let Some(viewers) = self.of.get_mut(&id) {
            viewers.remove(&user);
            if viewers.is_empty() {
                self.of.remove(&id);
            }
        }
        Some(id)
    }
}

impl Viewers {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a user looks at until a time; returns the interactions at which others look than
    /// before.
    pub(super) fn look(&self, user: UserId, id: InteractionId, until: Time) -> Vec<InteractionId> {
        let mut inner = self.lock();
        let before = inner.take_away(user);
        if inner.looks.len() >= USERS_MAX {
            return before.into_iter().collect();
        }
        inner.looks.insert(user, (id, until));
        inner.of.entry(id).or_default().insert(user);
        let is_new = before != Some(id);
        before.into_iter().chain([id]).filter(|_| is_new).collect()
    }

    /// Notes that a user no longer looks at an interaction, or at anything; returns at which they
    /// looked till now.
    pub(super) fn leave(&self, user: UserId, only: Option<InteractionId>) -> Option<InteractionId> {
        let mut inner = self.lock();
        let (at, _) = *inner.looks.get(&user)?;
        if only.is_some_and(|only| only != at) { None } else { inner.take_away(user) }
    }

    /// Returns who looks at an interaction.
    pub(super) fn of(&self, id: InteractionId) -> BTreeSet<UserId> {
        self.lock().of.get(&id).cloned().unwrap_or_default()
    }

    /// Forgets who has not said so again; returns the interactions at which they looked.
    pub(super) fn expire(&self, now: Time) -> BTreeSet<InteractionId> {
        let mut inner = self.lock();
        let over = inner.looks.iter().filter(|(_, (_, until))| *until <= now);
        let over: Vec<UserId> = over.map(|(user, _)| *user).collect();
        over.into_iter().filter_map(|user| inner.take_away(user)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: InteractionId = InteractionId(1);
    const SECOND: InteractionId = InteractionId(2);

    #[test]
    fn a_user_looks_at_one_thing_until_they_look_at_another_or_away() {
        let viewers = Viewers::default();
        let look = |user: u128, at, until| viewers.look(UserId(user), at, Time(until));
        assert_eq!(look(1, FIRST, 10), [FIRST]);
        assert_eq!(look(1, FIRST, 20), [], "said again");
        assert_eq!(look(2, FIRST, 30), [FIRST]);
        assert_eq!(viewers.of(FIRST), [UserId(1), UserId(2)].into());
        assert_eq!(look(1, SECOND, 40), [FIRST, SECOND]);
        assert_eq!(viewers.leave(UserId(1), Some(FIRST)), None, "what comes late");
        assert_eq!(viewers.expire(Time(29)), [].into());
        assert_eq!(viewers.expire(Time(30)), [FIRST].into());
        assert_eq!(viewers.leave(UserId(1), Some(SECOND)), Some(SECOND));
        assert_eq!(look(1, SECOND, 50), [SECOND]);
        assert_eq!(viewers.leave(UserId(1), None), Some(SECOND));
        assert_eq!(viewers.leave(UserId(1), None), None);
        assert!(viewers.lock().of.is_empty() && viewers.lock().looks.is_empty());
    }

    #[test]
    fn no_more_users_are_remembered_than_may_be() {
        let viewers = Viewers::default();
        for user in 0..=USERS_MAX as u128 {
            viewers.look(UserId(user), FIRST, Time(1));
        }
        assert_eq!(viewers.of(FIRST).len(), USERS_MAX);
        assert_eq!(viewers.look(UserId(0), SECOND, Time(1)).len(), 2, "who is there moves");
        viewers.expire(Time(1));
        assert_eq!(viewers.of(FIRST).len(), 0);
    }
}
