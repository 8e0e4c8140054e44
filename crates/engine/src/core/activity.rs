//! Signs of life: whom this node has heard of, and what of it is not recorded yet.
//!
//! Nothing is decided by what is remembered here: what ends for somebody's silence is ended by a
//! timer in the store, and a sign of life puts that off. It is recorded at once when the last one
//! that was recorded is long ago, and else when a quarter of the time is over; so each costs at
//! most four writes in the time that its timer takes, and a node that dies takes no more than a
//! quarter of it along.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::Time;
use handoff_store::{Timer, TimerKey};

/// Users and customers who are remembered; beyond it those are forgotten who have been silent for
/// longest. One costs some 150 bytes.
const HEARD_MAX: usize = 200_000;
/// Into how many parts the time is divided in which a sign of life is recorded once.
const PARTS: u64 = 4;

/// Somebody whom this node has heard of.
struct Heard {
    /// When, last.
    at: Time,
    /// How long they may be silent, in ms; zero is for ever.
    silence_ms: u64,
    /// When that is to be recorded; `None` when it is.
    record_at: Option<Time>,
}

#[derive(Default)]
struct Inner {
    heard: HashMap<TimerKey, Heard>,
    unrecorded: BTreeSet<(Time, TimerKey)>,
}

/// Whom this node has heard of.
#[derive(Default)]
pub(crate) struct Activity {
    inner: Mutex<Inner>,
}

impl Activity {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a sign of life of whoever `timer` watches over.
    pub(crate) fn note(&self, timer: TimerKey, silence_ms: u64, at: Time) {
        let mut inner = self.lock();
        if inner.note_again(timer, at) {
            return;
        }
        if inner.heard.len() >= HEARD_MAX {
            inner.forget_longest_silent();
        }
        let record_at = (silence_ms > 0).then_some(at);
        inner.unrecorded.extend(record_at.map(|record_at| (record_at, timer)));
        inner.heard.insert(timer, Heard { at, silence_ms, record_at });
    }

    /// Notes a sign of life of somebody who was heard of before.
    pub(crate) fn note_again(&self, timer: TimerKey, at: Time) {
        self.lock().note_again(timer, at);
    }

    pub(crate) fn has_heard(&self, timer: TimerKey) -> bool {
        self.lock().heard.contains_key(&timer)
    }

    /// Forgets whoever is watched over no more.
    pub(crate) fn forget(&self, timer: TimerKey) {
        self.lock().forget(timer);
    }

    /// Returns what is to be recorded by `now`, at most `limit`, as timers to put off. From here on
    /// it counts as recorded.
    pub(crate) fn take(&self, now: Time, limit: usize) -> Vec<Timer> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(&(record_at, key)) = inner.unrecorded.first() else { break };
            if record_at > now {
                break;
            }
            inner.unrecorded.remove(&(record_at, key));
            if let Some(heard) = inner.heard.get_mut(&key) {
                heard.record_at = None;
                taken.push(Timer { key, due: heard.at.plus_ms(heard.silence_ms) });
            }
        }
        taken
    }

    /// Takes back what could not be recorded.
    pub(crate) fn give_back(&self, timers: &[Timer], now: Time) {
        let mut inner = self.lock();
        for Timer { key, .. } in timers {
            let Some(heard) = inner.heard.get_mut(key) else { continue };
            let before = heard.record_at.replace(now);
            inner.unrecorded.extend([(now, *key)]);
            before.map(|before| (before != now) && inner.unrecorded.remove(&(before, *key)));
        }
    }
}

impl Inner {
    fn note_again(&mut self, timer: TimerKey, at: Time) -> bool {
        let Some(heard) = self.heard.get_mut(&timer) else { return false };
        if heard.record_at.is_none() && heard.silence_ms > 0 && at > heard.at {
            let record_at = heard.at.plus_ms(heard.silence_ms / PARTS).max(at);
            heard.record_at = Some(record_at);
            self.unrecorded.insert((record_at, timer));
        }
        heard.at = heard.at.max(at);
        true
    }

    fn forget(&mut self, timer: TimerKey) {
        if let Some(record_at) = self.heard.remove(&timer).and_then(|heard| heard.record_at) {
            self.unrecorded.remove(&(record_at, timer));
        }
    }

    /// Forgets the quarter of those who have been silent for longest: among them are the customers
    /// of chats whose end was noted while a last request of theirs was under way.
    fn forget_longest_silent(&mut self) {
        let mut times: Vec<Time> = self.heard.values().map(|heard| heard.at).collect();
        let (_, until, _) = times.select_nth_unstable(HEARD_MAX / 4);
        let until = *until;
        self.heard.retain(|_, heard| heard.at > until);
        let Self { heard, unrecorded } = self;
        unrecorded.retain(|(_, timer)| heard.contains_key(timer));
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::UserId;

    use super::*;

    const KATE: TimerKey = TimerKey::Handling(UserId(1));

    fn taken(activity: &Activity, now: i64) -> Vec<i64> {
        activity.take(Time(now), 9).iter().map(|timer| timer.due.0).collect()
    }

    #[test]
    fn a_sign_of_life_is_recorded_at_once_and_then_once_a_quarter() {
        let activity = Activity::default();
        let mut recorded = Vec::new();
        for now in 0..200 {
            activity.note(KATE, 100, Time(now));
            recorded.extend(taken(&activity, now).into_iter().map(|due| (now, due)));
        }
        let expected: Vec<_> = (0..8).map(|n| (n * 25, n * 25 + 100)).collect();
        assert_eq!(recorded, expected);
    }

    #[test]
    fn the_last_sign_of_life_is_recorded_whole() {
        let activity = Activity::default();
        activity.note(KATE, 100, Time(0));
        assert_eq!(taken(&activity, 0), [100]);
        activity.note(KATE, 100, Time(7));
        assert_eq!(taken(&activity, 24), [0; 0]);
        assert_eq!(taken(&activity, 25), [107]);
        activity.note_again(KATE, Time(90));
        assert_eq!(taken(&activity, 90), [190], "the one before is long ago");
    }

    #[test]
    fn what_could_not_be_recorded_is_recorded_later() {
        let activity = Activity::default();
        activity.note(KATE, 100, Time(0));
        let timers = activity.take(Time(0), 9);
        activity.note(KATE, 100, Time(5));
        activity.give_back(&timers, Time(6));
        assert_eq!(taken(&activity, 6), [105]);
        assert!(activity.lock().unrecorded.is_empty());
    }

    #[test]
    fn who_was_silent_for_longest_is_forgotten_when_there_are_too_many() {
        let activity = Activity::default();
        for number in 0..2 * HEARD_MAX {
            let at = Time(i64::try_from(number).unwrap());
            activity.note(TimerKey::Handling(UserId(number as u128)), 100, at);
        }
        let inner = activity.lock();
        assert!(inner.heard.len() <= HEARD_MAX && inner.unrecorded.len() <= inner.heard.len());
        let last = TimerKey::Handling(UserId(2 * HEARD_MAX as u128 - 1));
        assert!(inner.heard.contains_key(&last) && !inner.heard.contains_key(&KATE));
    }
}
