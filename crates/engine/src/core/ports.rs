//! What the engine gets from outside: time, identifiers, tasks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use handoff_domain::{InteractionId, Time};

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time now. It never goes back.
    fn now(&self) -> Time;
}

/// The machine's clock: the wall time at start, moved on by the monotonic clock, so that a step of
/// the wall clock neither ends an offer early nor delays one (S24 in ARCHITECTURE.md).
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    started_ms: i64,
}

impl Default for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port that reads the machine's clocks"
    )]
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            started_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time(self.started_ms)
            .plus_ms(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that goes on from where the stored time ended, when the machine's clock was set back
/// while no server ran.
///
/// Whatever is stored has times in it: when an offer ends, since when something waits, when an id
/// was made. With a clock that shows less than those, an offer would stand for longer than it may,
/// what comes in now would go before what came in before, and new ids would be lower than old ones.
/// So the time never goes back over a restart either; it is ahead of the machine's clock until that
/// has caught up.
#[derive(Debug)]
pub(crate) struct AheadClock<C: ?Sized> {
    pub(crate) ahead_ms: u64,
    pub(crate) inner: std::sync::Arc<C>,
}

impl<C: Clock + ?Sized> Clock for AheadClock<C> {
    fn now(&self) -> Time {
        self.inner.now().plus_ms(self.ahead_ms)
    }
}

/// Where identifiers and other unpredictable numbers come from.
pub trait IdSource: Send + Sync + 'static {
    /// Returns 128 random bits.
    fn random(&self) -> u128;

    /// Returns the id of an interaction that enters at `now`; ids made by one source are ordered as
    /// they were made.
    fn interaction(&self, now: Time) -> InteractionId;

    /// Returns a random UUID (version 4 bits set) for users, queues and other configured things.
    fn uuid(&self) -> u128 {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0b11 << 62;
        (self.random() & !VERSION & !VARIANT) | (0x4 << 76) | (0b10 << 62)
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemIds {
    /// The ms of the last interaction id, so that two made in one ms keep their order.
    last_ms: AtomicU64,
}

impl IdSource for SystemIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port that asks the machine for randomness"
    )]
    fn random(&self) -> u128 {
        rand::random()
    }

    fn interaction(&self, now: Time) -> InteractionId {
        let now_ms = u64::try_from(now.0).unwrap_or(0);
        // Within one ms the order of ids is random, which "time-ordered" allows; the clock never
        // goes back, and after a restart neither do ids, because the last used ms is only ever
        // moved forward.
        let before = self.last_ms.fetch_max(now_ms, Ordering::Relaxed);
        let entropy = u64::try_from(self.random() >> u64::BITS).unwrap_or(0);
        InteractionId::compose(now_ms.max(before), entropy)
    }
}
