//! How fast the queues of this node move.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use handoff_domain::{QueueId, Time};

/// How many of a queue's latest acceptances tell how fast it moves: enough to even out chance, few
/// enough to follow a busy hour.
const REMEMBERED: usize = 20;

/// How old an acceptance may be to tell anything, in ms.
const TELLING_MS: u64 = 60 * 60 * 1_000;

/// How fast the queues of this node move.
#[derive(Default)]
pub(crate) struct Pace {
    taken: Mutex<HashMap<QueueId, VecDeque<Time>>>,
}

impl Pace {
    /// Notes that something of a queue was accepted.
    pub(crate) fn note(&self, queue: QueueId, at: Time) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = taken.entry(queue).or_default();
        latest.push_back(at);
        if latest.len() > REMEMBERED {
            latest.pop_front();
        }
    }

    /// Returns the wait of whoever has that place: so many times the mean interval between
    /// acceptances. An interval that is still open counts once it is longer than the mean, so that
    /// a queue whose agents have left does not promise a quick answer.
    pub(crate) fn wait_ms(&self, queue: QueueId, position: usize, now: Time) -> Option<u64> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let latest: Vec<Time> = taken
            .get(&queue)?
            .iter()
            .copied()
            .filter(|at| now.ms_since(*at) <= TELLING_MS)
            .collect();
        let (first, last) = (latest.first()?, latest.last()?);
        let intervals = u64::try_from(latest.len() - 1).ok().filter(|count| *count > 0)?;
        let mean_ms = last.ms_since(*first) / intervals;
        let interval_ms = mean_ms.max(now.ms_since(*last) / 2);
        Some(interval_ms.saturating_mul(u64::try_from(position).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_pace_of_the_queue() {
        let (pace, queue) = (Pace::default(), QueueId(1));
        assert_eq!(pace.wait_ms(queue, 1, Time(0)), None);
        pace.note(queue, Time(0));
        assert_eq!(pace.wait_ms(queue, 1, Time(0)), None, "one acceptance tells no interval");
        pace.note(queue, Time(10_000));
        pace.note(queue, Time(20_000));
        assert_eq!(pace.wait_ms(queue, 3, Time(20_000)), Some(30_000));
        assert_eq!(
            pace.wait_ms(queue, 1, Time(80_000)),
            Some(30_000),
            "nobody has accepted for a minute"
        );
        assert_eq!(pace.wait_ms(queue, 1, Time(4 * 60 * 60 * 1_000)), None, "that was long ago");
        assert_eq!(pace.wait_ms(QueueId(2), 1, Time(20_000)), None);
    }
}
