//! Until when an answer of the server is waited for.
//!
//! A server that is cut off says nothing, and does not say that it says nothing: every wait for it
//! has an end, and what several waits are for has one end for all of them.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The moment after which a server that has not answered counts as away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until(Instant);

/// A server has not answered in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the database does not answer")]
pub(super) struct Silent;

impl Until {
    /// Returns the moment after so long.
    pub(super) fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// Returns a moment that was settled before.
    pub(super) const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// Waits for an answer, or whatever else takes its time. One that comes too late may still
    /// come: a connection over which it was asked must not be used again.
    pub(super) async fn wait<T>(self, answer: impl Future<Output = T>) -> Result<T, Silent> {
        timeout_at(self.0, answer).await.map_err(|_| Silent)
    }

    /// Waits until it is over.
    pub(super) async fn over(self) {
        tokio::time::sleep_until(self.0).await;
    }
}
