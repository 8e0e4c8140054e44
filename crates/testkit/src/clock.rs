//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use handoff_domain::Time;
use handoff_engine::Clock;

/// A clock that moves only when a test says so.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicI64,
}

impl ManualClock {
    /// Makes a clock that shows `now_ms`, in ms since the Unix epoch.
    #[must_use]
    pub fn at_ms(now_ms: i64) -> Self {
        Self { now_ms: AtomicI64::new(now_ms) }
    }

    /// Moves the clock on by `ms`. There is no way back: the [`Clock`] contract says that time
    /// never goes back.
    pub fn advance_ms(&self, ms: u32) {
        self.now_ms.fetch_add(i64::from(ms), Ordering::SeqCst);
    }

    /// Moves the clock on by seconds.
    pub fn advance_s(&self, seconds: u32) {
        self.now_ms.fetch_add(i64::from(seconds) * 1_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.now_ms.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_until_it_is_moved() {
        let clock = ManualClock::at_ms(1_000);
        assert_eq!(clock.now(), Time(1_000));
        assert_eq!(clock.now(), Time(1_000));
        clock.advance_ms(250);
        assert_eq!(clock.now(), Time(1_250));
    }
}
