//! The Bayeux protocol without input or output.
//!
//! The [`hub::Hub`] holds all sessions and decides everything; the driver feeds it messages and the
//! time, and carries its answers. What must stay true: no function here waits, sleeps, locks or
//! reads a clock, so every dialogue can be replayed on a virtual clock; and a message leaves a
//! session's queue only when it is known to be on its way.

pub mod ack;
pub mod advice;
pub mod channel;
pub mod error;
pub mod glance;
pub mod hub;
pub mod message;
pub mod reply;
pub mod session;
pub mod subscriptions;
pub mod timesync;

/// A point in time, as the driver's clock gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since the server started; it never goes back. All deadlines are on this scale.
    pub at_ms: u64,
    /// Milliseconds since 1970 on the wall clock; only the `timesync` extension tells it to
    /// clients.
    pub unix_ms: u64,
}
