//! How many requests one user or one address may make: a leaky bucket (GCRA), one number each, on
//! the injected clock.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use handoff_domain::Time;

/// How much of a burst is allowed before the rate counts, in s. A client that reads everything at
/// its start must not be slowed.
const BURST_S: i64 = 2;
const US_PER_S: i64 = 1_000_000;
const US_PER_MS: i64 = 1_000;
const MS_PER_S: u64 = 1_000;

/// Who is counted altogether. Anybody can come from a new address; those whose requests are used up
/// are forgotten when there are so many.
const COUNTED_MAX: usize = 100_000;

/// Counts requests by whoever makes them, or what else is used up and comes back.
pub(crate) struct Limiter<K> {
    /// Time that one of them uses up, in µs.
    cost_us: f64,
    /// How far ahead time may be used up, in µs.
    burst_us: i64,
    max: usize,
    counted: Mutex<Counted<K>>,
}

struct Counted<K> {
    /// When what was used so far will be used up, in µs since 1970.
    full_until_us: HashMap<K, i64>,
    swept_us: i64,
}

impl<K: Eq + Hash> Limiter<K> {
    /// Lets so many requests through in a second.
    pub(crate) fn new(requests_per_s: u32) -> Self {
        Self::of(f64::from(requests_per_s.max(1)), BURST_S)
    }

    /// Lets so much through in an hour, all of it at once if need be.
    pub(crate) fn per_hour(amount: u64) -> Self {
        // Precise enough up to 2^53, which is more than any disk has.
        #[expect(clippy::cast_precision_loss, reason = "bounds need not be exact")]
        let amount = amount.max(1) as f64;
        Self::of(amount / 3_600.0, 3_600)
    }

    fn of(per_s: f64, burst_s: i64) -> Self {
        let counted = Counted { full_until_us: HashMap::new(), swept_us: i64::MIN };
        Self {
            cost_us: 1_000_000.0 / per_s,
            burst_us: burst_s * US_PER_S,
            max: COUNTED_MAX,
            counted: Mutex::new(counted),
        }
    }

    /// Counts a request. Returns how long to wait in ms when it is one too many; that one is then
    /// not counted.
    pub(crate) fn wait_ms(&self, who: K, now: Time) -> Option<u64> {
        self.take(who, 1, now)
    }

    /// Takes an amount off what is left, or returns how long to wait in ms until there is so much.
    pub(crate) fn take(&self, who: K, amount: u64, now: Time) -> Option<u64> {
        self.spend(who, amount, now, Overdraft::Never)
    }

    /// Takes an amount off what is left, however little that is; returns how long to wait in ms
    /// when nothing is left before. So one that is let in may bring more than the rest, and the
    /// next has to wait for it.
    pub(crate) fn overdraw(&self, who: K, amount: u64, now: Time) -> Option<u64> {
        self.spend(who, amount, now, Overdraft::Once)
    }

    fn spend(&self, who: K, amount: u64, now: Time, overdraft: Overdraft) -> Option<u64> {
        let now_us = now.0.saturating_mul(US_PER_MS);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if !counted.has_room(&who, self.max, now_us) {
            return Some(MS_PER_S);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "bounds need not be exact"
        )]
        let cost_us = (amount as f64 * self.cost_us) as i64;
        let until = counted.full_until_us.entry(who).or_insert(now_us);
        let used_us = (*until).max(now_us);
        let next = used_us.saturating_add(cost_us);
        let over_us = match overdraft {
            Overdraft::Never => next - now_us - self.burst_us,
            Overdraft::Once => used_us + 1 - now_us - self.burst_us,
        };
        if over_us <= 0 {
            *until = next;
            return None;
        }
        Some(u64::try_from(over_us / US_PER_MS).unwrap_or(0).max(1))
    }
}

/// Whether more may be taken than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overdraft {
    Never,
    /// If anything is left.
    Once,
}

impl<K: Eq + Hash> Counted<K> {
    /// Tells whether somebody can be counted. When the table is full, those whose requests are used
    /// up are forgotten, at most once a second; when nobody can be forgotten, newcomers wait: not
    /// counting them would let in as many as come from new addresses.
    fn has_room(&mut self, who: &K, max: usize, now_us: i64) -> bool {
        if self.full_until_us.len() < max || self.full_until_us.contains_key(who) {
            return true;
        }
        if now_us.saturating_sub(self.swept_us) >= US_PER_S {
            self.swept_us = now_us;
            self.full_until_us.retain(|_, until| *until > now_us);
        }
        self.full_until_us.len() < max
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::UserId;

    use super::*;

    #[test]
    fn the_rate_holds_over_time_and_a_refused_request_does_not_count() {
        let limiter = Limiter::new(2_000);
        let (kate, ben) = (UserId(1), UserId(2));
        let passed = |user, now_ms| {
            (0..10_000).filter(|_| limiter.wait_ms(user, Time(now_ms)).is_none()).count()
        };
        assert_eq!(passed(kate, 0), 4_000, "the burst");
        assert_eq!(passed(kate, 1_000), 2_000, "a second later a second's worth");
        assert_eq!(passed(ben, 1_000), 4_000, "another user has their own");
        assert!(limiter.wait_ms(kate, Time(1_000)).is_some());
    }

    #[test]
    fn so_many_are_counted_and_newcomers_wait_until_somebody_can_be_forgotten() {
        let limiter = Limiter { max: 100, ..Limiter::new(1) };
        let passes = |user, now_ms| limiter.wait_ms(UserId(user), Time(now_ms)).is_none();
        assert_eq!((0..1_000).filter(|user| passes(*user, 0)).count(), 100);
        assert!(passes(7, 0), "who is counted goes on");
        assert!(passes(500, 1_000), "a second later most are forgotten");
        assert!(limiter.counted.lock().unwrap().full_until_us.len() <= 100);
    }

    #[test]
    fn an_amount_an_hour_may_be_overdrawn_once() {
        let quota = Limiter::per_hour(3_600_000);
        let kate = UserId(1);
        assert_eq!(quota.overdraw(kate, 3_000_000, Time(0)), None);
        assert_eq!(quota.overdraw(kate, 3_000_000, Time(0)), None, "something was left");
        let wait_ms = quota.overdraw(kate, 0, Time(0)).expect("nothing is left");
        assert!((2_400_000..2_400_100).contains(&wait_ms), "{wait_ms}");
        assert_eq!(
            quota.overdraw(UserId(2), 1, Time(0)),
            None,
            "another one has another hour's worth"
        );
        assert_eq!(quota.overdraw(kate, 1, Time(2_401_000)), None);
    }
}
