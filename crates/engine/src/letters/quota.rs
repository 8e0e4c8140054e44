//! How many acknowledgements go out in an hour.
//!
//! Whoever writes in the names of others makes the server write to them. That each sender is told
//! once a day bounds what one of them gets, but not what many do: so there is a bound for each
//! domain, for each reader however they tag or dot their address, and for a contact center in all.
//! Each node counts what it sent itself, in memory: after a restart an hour begins anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::mail::untagged_key;
use handoff_domain::{CenterId, Time};

use crate::core::AcknowledgementLimits;

/// The time for which is counted, in ms: an hour.
const HOUR_MS: u64 = 60 * 60 * 1_000;
/// Acknowledgements in an hour to addresses that differ in tags and dots only: a household, not a
/// mailbox that somebody fills.
const READER_MAX: u32 = 3;

/// What one node sent in this hour. Only what was sent is counted, so that there are at most three
/// entries for each of [`AcknowledgementLimits::in_all`] of each contact center.
#[derive(Debug, Default)]
pub(super) struct Acknowledged(Mutex<Hour>);

#[derive(Debug, Default)]
struct Hour {
    begins: Option<Time>,
    counts: HashMap<Source, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    Reader(CenterId, String),
    Domain(CenterId, String),
    Everybody(CenterId),
}

impl Acknowledged {
    /// Tells whether one more may go to an address, and counts it if so.
    pub(super) fn admits(
        &self,
        (center, address): (CenterId, &str),
        limits: AcknowledgementLimits,
        now: Time,
    ) -> bool {
        let key = untagged_key(address);
        let (local, domain) = key.rsplit_once('@').unwrap_or(("", &key));
        let reader = format!("{}@{domain}", local.replace('.', ""));
        let sources = [
            (Source::Reader(center, reader), READER_MAX),
            (Source::Domain(center, domain.to_owned()), limits.per_domain),
            (Source::Everybody(center), limits.in_all),
        ];
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hour.begins.is_none_or(|begins| begins.plus_ms(HOUR_MS) <= now || now < begins) {
            *hour = Hour { begins: Some(now), counts: HashMap::new() };
        }
        if sources
            .iter()
            .any(|(source, most)| hour.counts.get(source).copied().unwrap_or(0) >= *most)
        {
            return false;
        }
        for (source, _) in sources {
            *hour.counts.entry(source).or_default() += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_domains_and_all_have_bounds_of_their_own_for_an_hour() {
        let (sent, limits) =
            (Acknowledged::default(), AcknowledgementLimits { per_domain: 5, in_all: 8 });
        let at = |center, address: &str, ms| {
            sent.admits((CenterId(center), address), limits, Time(0).plus_ms(ms))
        };
        let tagged = ["eve@x.example", "e.v.e@X.example", "Eve+1@x.example", "eve+2@x.example"];
        assert_eq!(tagged.map(|address| at(1, address, 0)), [true, true, true, false]);
        assert_eq!(
            ["a@x.example", "b@x.example", "c@x.example"].map(|it| at(1, it, 1)),
            [true, true, false]
        );
        assert_eq!(["a@1.example", "a@2.example", "a@3.example"].map(|it| at(1, it, 2)), [true; 3]);
        assert!(!at(1, "a@4.example", 3), "that was all");
        assert!(at(2, "eve@x.example", 3), "another contact center has its own");
        assert!(!at(1, "a@5.example", HOUR_MS - 1));
        assert!(at(1, "eve@x.example", HOUR_MS), "the next hour");
        assert!(at(1, "eve@x.example", 0), "a clock that was set back stops nothing");
    }
}
