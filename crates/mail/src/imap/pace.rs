//! How long to wait after a failure.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{ImapError, ImapMailbox};

/// The pace of one mailbox's attempts.
#[derive(Debug)]
pub(super) struct Pace {
    failures: u32,
    retry_ms_min: u64,
    retry_ms_max: u64,
    login_retry_ms_min: u64,
    seed: Vec<u8>,
}

impl Pace {
    pub(super) fn new(mailbox: &ImapMailbox, spread: u64) -> Self {
        let limits = &mailbox.limits;
        let mut seed = spread.to_be_bytes().to_vec();
        seed.extend_from_slice(mailbox.name.as_bytes());
        Self {
            failures: 0,
            retry_ms_min: limits.retry_ms_min,
            retry_ms_max: limits.retry_ms_max,
            login_retry_ms_min: limits.login_retry_ms_min,
            seed,
        }
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) const fn went_well(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and gives the wait: doubled each time, and between half and all of it, so
    /// that mailboxes that failed together do not come back together. The part is a hash of
    /// mailbox, server and failure: nothing here has to be unpredictable.
    pub(super) fn after(&mut self, error: &ImapError) -> Duration {
        let doubled = self.retry_ms_min.saturating_mul(1_u64 << self.failures.min(32));
        self.failures = self.failures.saturating_add(1);
        let least = if matches!(error, ImapError::Login) { self.login_retry_ms_min } else { 0 };
        let whole = doubled.min(self.retry_ms_max).max(least);
        let hash = Sha256::new()
            .chain_update(&self.seed)
            .chain_update(self.failures.to_be_bytes())
            .finalize();
        let half = whole / 2;
        Duration::from_millis(whole - half + u64::from(hash[0]) * half / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(spread: u64) -> Pace {
        Pace {
            failures: 0,
            retry_ms_min: 1_000,
            retry_ms_max: 300_000,
            login_retry_ms_min: 60_000,
            seed: spread.to_be_bytes().to_vec(),
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut pace = pace(1);
        for whole in
            [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]
        {
            let wait = pace.after(&ImapError::NoStartTls).as_millis();
            assert!((whole / 2..=whole).contains(&wait), "{wait} of {whole}");
        }
        pace.went_well();
        assert!(pace.after(&ImapError::NoStartTls).as_millis() <= 1_000);
    }

    #[test]
    fn a_refused_login_waits_longer() {
        assert!(pace(1).after(&ImapError::Login).as_millis() >= 30_000);
    }

    #[test]
    fn servers_spread() {
        let waits: std::collections::BTreeSet<_> =
            (0..20).map(|spread| pace(spread).after(&ImapError::NoStartTls)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
