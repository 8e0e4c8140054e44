//! What is done to the guards of commits: others who come in between, and checks that are left out.

use std::sync::PoisonError;

use handoff_store::{ChangeSet, Key, Put, Timer, Versioned};

use super::FaultyStore;

/// What somebody else does just before a commit.
pub(super) enum Meanwhile {
    /// They write a record again as it is.
    Written(Key),
    /// They put a timer off.
    PutOff(Timer),
}

/// What is not checked.
pub(super) enum Overlooked {
    Record(Key),
    Timers,
}

impl FaultyStore {
    /// Lets somebody else write a record again, as it is, just before the next commit.
    pub fn write_before_next_commit(&self, key: Key) {
        self.meanwhile(Meanwhile::Written(key));
    }

    /// Lets somebody else put a timer off, by a millisecond, just before the next commit.
    pub fn put_off_before_next_commit(&self, timer: Timer) {
        let due = timer.due.plus_ms(1);
        self.meanwhile(Meanwhile::PutOff(Timer { due, ..timer }));
    }

    fn meanwhile(&self, meanwhile: Meanwhile) {
        *self.before_next.lock().unwrap_or_else(PoisonError::into_inner) = Some(meanwhile);
    }

    /// Takes the checks of a record off every commit.
    pub fn overlook(&self, key: Key) {
        self.leave_out(Overlooked::Record(key));
    }

    /// Takes the checks of timers off every commit.
    pub fn overlook_timers(&self) {
        self.leave_out(Overlooked::Timers);
    }

    fn leave_out(&self, overlooked: Overlooked) {
        *self.overlooked.lock().unwrap_or_else(PoisonError::into_inner) = Some(overlooked);
    }

    pub(super) async fn meddle(&self, mut change: ChangeSet) -> ChangeSet {
        let meanwhile = self.before_next.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(meanwhile) = meanwhile {
            let others = self.change_of(meanwhile).await;
            self.inner.commit(others).await.expect("nobody else writes it");
        }
        match &*self.overlooked.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Overlooked::Record(key)) => change.checks.retain(|check| check.key != *key),
            Some(Overlooked::Timers) => change.timers_checked.clear(),
            None => {}
        }
        change
    }

    async fn change_of(&self, meanwhile: Meanwhile) -> ChangeSet {
        match meanwhile {
            Meanwhile::Written(key) => {
                let found = self.inner.load_one(&key).await;
                let found = found.expect("what is written again is readable");
                let Versioned { value: record, version } =
                    found.expect("what is written again is there");
                ChangeSet { puts: vec![Put { record, expected: version }], ..ChangeSet::default() }
            }
            Meanwhile::PutOff(timer) => {
                ChangeSet { timers_put_off: vec![timer], ..ChangeSet::default() }
            }
        }
    }
}
