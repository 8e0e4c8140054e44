//! How much of who signs in is put on record: few enough entries that whoever tries passwords, or
//! signs in and out, without end fills nothing, and with a count of those that were left out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::{Time, UserId};
use handoff_store::AuditAction;

/// Entries of strangers' tries for one user, of one kind, within [`WINDOW_MS`].
const TRIES_MAX: u32 = 5;
/// Those for all users: of every hour for which they are kept some 130,000.
const TRIES_OF_ALL_MAX: u32 = 60;
/// Entries of one kind of what a user does themselves within it: more than anybody signs in.
const ACTS_MAX: u32 = 30;
/// The window in which entries are counted, in ms: an hour.
const WINDOW_MS: u64 = 60 * 60 * 1_000;
/// Users whose tries are counted. At the bound all are forgotten, and with them how many tries were
/// left out.
const USERS_MAX: usize = 10_000;

/// What was left out, and how much room there is.
#[derive(Debug, Default)]
pub(crate) struct OnRecord(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    began: Option<Time>,
    entries: u32,
    users: BTreeMap<(UserId, AuditAction), Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    entries: u32,
    /// Those of which no entry tells.
    left_out: u32,
}

impl OnRecord {
    /// Counts what was done; returns for how many an entry stands that is to be written for it, if
    /// one is.
    pub(crate) fn count(&self, user: UserId, action: AuditAction, now: Time) -> Option<u32> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.began.is_none_or(|began| now.ms_since(began) >= WINDOW_MS) {
            inner.began = Some(now);
            inner.entries = 0;
            inner.users.retain(|_, tries| {
                tries.entries = 0;
                tries.left_out > 0
            });
        }
        let key = (user, action);
        if inner.users.len() >= USERS_MAX && !inner.users.contains_key(&key) {
            inner.users.clear();
        }
        let is_strangers = matches!(action, AuditAction::PasswordWrong | AuditAction::Throttled);
        let most = if is_strangers { TRIES_MAX } else { ACTS_MAX };
        let is_full = is_strangers && inner.entries >= TRIES_OF_ALL_MAX;
        let tries = inner.users.entry(key).or_default();
        if is_full || tries.entries >= most {
            tries.left_out = tries.left_out.saturating_add(1);
            return None;
        }
        let count = std::mem::take(&mut tries.left_out).saturating_add(1);
        tries.entries += 1;
        inner.entries += u32::from(is_strangers);
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: AuditAction = AuditAction::PasswordWrong;

    #[test]
    fn few_of_many_tries_are_put_on_record_and_the_next_one_counts_the_others() {
        let on_record = OnRecord::default();
        let kate = UserId(1);
        let counted: Vec<_> =
            (0..1_000).filter_map(|ms| on_record.count(kate, WRONG, Time(ms))).collect();
        assert_eq!(counted, [1; 5]);
        assert_eq!(on_record.count(kate, WRONG, Time(3_600_000)), Some(996));
        assert_eq!(on_record.count(kate, WRONG, Time(3_600_001)), Some(1));
        let began = |ms| on_record.count(kate, AuditAction::SessionBegan, Time(ms));
        assert_eq!((0..1_000).filter_map(began).count(), 30);
    }

    #[test]
    fn of_all_users_together_there_are_no_more_than_so_many() {
        let on_record = OnRecord::default();
        let all = |now| {
            let users = (0..USERS_MAX as u128 + 1_000).map(UserId);
            users.filter_map(|user| on_record.count(user, WRONG, Time(now))).count()
        };
        assert_eq!(all(0), 60);
        assert!(on_record.0.lock().unwrap().users.len() <= USERS_MAX);
        assert_eq!(all(3_600_000), 60);
    }
}
