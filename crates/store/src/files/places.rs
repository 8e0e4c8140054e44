//! Places for large files that are sent on at one time, so that what is small, and what is read,
//! is not behind them.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

/// So many places, for which whoever comes later waits as long as those before get on.
#[derive(Debug)]
pub(crate) struct Places {
    free: Semaphore,
    got_on: watch::Sender<()>,
}

/// Nobody got on for so long that who waits gives up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("large files before this one do not get on")]
pub(crate) struct Stuck;

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), got_on: watch::Sender::new(()) }
    }

    /// Waits for a place, until nobody who has one has got on for `patience`.
    pub(crate) async fn wait(&self, patience: Duration) -> Result<SemaphorePermit<'_>, Stuck> {
        let mut got_on = self.got_on.subscribe();
        let mut free = pin!(self.free.acquire());
        loop {
            tokio::select! {
                place = &mut free => return place.map_err(|_| Stuck),
                change = timeout(patience, got_on.changed()) => {
                    change.map_err(|_| Stuck)?.map_err(|_| Stuck)?;
                }
            }
        }
    }

    /// Says that a part of a file has been sent.
    pub(crate) fn get_on(&self) {
        self.got_on.send_replace(());
    }
}
