//! How many requests one user or one address may make: a leaky bucket (GCRA), one number each, on the injected clock.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use handoff_domain::Time;

/// How much of a burst is allowed before the rate counts, in s. A client that reads everything at its start must not be slowed.
const BURST_S: i64 = 2;
const US_PER_S: i64 = 1_000_000;
const US_PER_MS: i64 = 1_000;

/// Who is counted altogether. Anybody can come from a new address; those whose requests are used up are forgotten when there are so many.
const COUNTED_MAX: usize = 100_000;

/// Counts requests by whoever makes them.
pub(crate) struct Limiter<K> {
    /// Time that one request uses up, in µs.
    cost_us: i64,
    /// When the requests so far will be used up, in µs since 1970.
    full_until_us: Mutex<HashMap<K, i64>>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub(crate) fn new(requests_per_s: u32) -> Self {
        Self { cost_us: US_PER_S / i64::from(requests_per_s.max(1)), full_until_us: Mutex::default() }
    }

    /// Counts a request. Gives how long to wait in ms when it is one too many; that one is then not counted.
    pub(crate) fn wait_ms(&self, who: K, now: Time) -> Option<u64> {
        let now_us = now.0.saturating_mul(US_PER_MS);
        let mut full_until = self.full_until_us.lock().unwrap_or_else(PoisonError::into_inner);
        if full_until.len() >= COUNTED_MAX {
            full_until.retain(|_, until| *until > now_us);
        }
        let until = full_until.entry(who).or_insert(now_us);
        let next = (*until).max(now_us).saturating_add(self.cost_us);
        let over_us = next - now_us - BURST_S * US_PER_S;
        if over_us <= 0 {
            *until = next;
            return None;
        }
        Some(u64::try_from(over_us / US_PER_MS).unwrap_or(0).max(1))
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
        let passed =
            |user, now_ms| (0..10_000).filter(|_| limiter.wait_ms(user, Time(now_ms)).is_none()).count();
        assert_eq!(passed(kate, 0), 4_000, "the burst");
        assert_eq!(passed(kate, 1_000), 2_000, "a second later a second's worth");
        assert_eq!(passed(ben, 1_000), 4_000, "another user has his own");
        assert!(limiter.wait_ms(kate, Time(1_000)).is_some());
    }
}
